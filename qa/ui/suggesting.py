"""Questions to click on, made from the notes' own headings: to begin with, and to go on after an answer."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from qa.types import Answer, Language, Topic
from qa.ui.strings import phrase

EXAMPLES = 4
FOLLOWUPS = 3
_LONGEST = 40  # characters of a heading that makes a question
# "2. ", "3)", and the same with Chinese numerals and marks, of which the escapes are: one to ten, comma, bracket, colon
_NUMBERING = re.compile(
    r"^\s*(?:\d+(?:\.\d+)*(?:[.)\u3001\uff09:\uff1a]\s*|\s+)"
    r"|[\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341]+[\u3001.]\s*)"
)
_IS_QUESTION = re.compile(r"[?\uff1f]\s*$")
_WORD = re.compile(r"\w")


def examples(topics: Sequence[Topic], ui: Language) -> tuple[str, ...]:
    """At most four questions, from as many notes as there are, those with most passages first."""
    notes = sorted(_notes(topics), key=lambda note: -note.passages)
    rows = itertools.zip_longest(*(_questions(_biggest_first(note), ui) for note in notes))
    found = (question for row in rows for question in row if question)
    return tuple(itertools.islice(dict.fromkeys(found), EXAMPLES))


def followups(answer: Answer, topics: Sequence[Topic], ui: Language, asked: Iterable[str] = ()) -> tuple[str, ...]:
    """At most three questions about what stands inside and beside the headings that an answer cites."""
    cited = dict.fromkeys((each.note_path, each.headings) for each in answer.citations)
    near = (topic for path, headings in cited for topic in _beside(_note(topics, path), headings))
    known = {*asked, answer.question}
    here = {heading for _, headings in cited for heading in headings[-1:]}
    names = [topic for topic in near if topic.name not in here and topic.name not in answer.question]
    return tuple(itertools.islice((q for q in dict.fromkeys(_questions(names, ui)) if q not in known), FOLLOWUPS))


def _questions(topics: Iterable[Topic], ui: Language) -> Iterator[str]:
    for topic in topics:
        name = _NUMBERING.sub("", topic.name).strip()
        if not _WORD.search(name) or len(name) > _LONGEST:
            continue
        yield name if _IS_QUESTION.search(name) else phrase("about_heading", ui, name=name)


def _notes(topics: Iterable[Topic]) -> Iterator[Topic]:
    for topic in topics:
        if topic.path.endswith("/"):
            yield from _notes(topic.children)
        elif not topic.path.startswith("#"):
            yield topic


def _note(topics: Iterable[Topic], path: str) -> Topic | None:
    return next((note for note in _notes(topics) if note.path == path), None)


def _biggest_first(note: Topic) -> list[Topic]:
    """The headings of a note, the outermost of most passages first; without headings the note itself."""
    return sorted(note.children, key=lambda topic: -topic.passages) or [note]


def _beside(note: Topic | None, headings: tuple[str, ...]) -> Iterator[Topic]:
    """What is inside the innermost of these headings, then what comes after and before it, then around it."""
    if note is None:
        return
    inner = headings[1:] if headings[:1] == (note.name,) else headings
    trail = [note]
    for heading in inner:
        found = next((child for child in trail[-1].children if child.name == heading), None)
        if found is None:
            break
        trail.append(found)
    yield from trail[-1].children
    for outer, here in zip(reversed(trail[:-1]), reversed(trail[1:]), strict=True):
        at = outer.children.index(here)
        yield from (*outer.children[at + 1 :], *reversed(outer.children[:at]))
