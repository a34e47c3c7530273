"""What one answer is drawn from: the excerpts that a search led to, trimmed to the sentences that matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa.agreement import names
from qa.found import Found
from qa.glossary import Glossary
from qa.grounds import Grounds, Scores, covered
from qa.language import detect_language, search_terms
from qa.lexical import Unit
from qa.neighbourhood import excerpts
from qa.queries import named_units, understand
from qa.relevance import relevance
from qa.sentence_vectors import SentenceVectors
from qa.trimming import trim
from qa.types import LANGUAGES, Language, Note, Passage, Turn
from qa.writing import Task

EXCERPT_TOKENS = 1800  # of all excerpts together, before they are trimmed
_TELLING = 5  # sentences whose names are given in the other language too
_TERMS = 8


@dataclass(frozen=True, slots=True)
class Material:
    """The task for the model, and what its answer is checked against."""

    task: Task  # its passages are the first of the grounds, trimmed to what matters
    grounds: Grounds
    relevance: Scores  # (statements of the grounds,)

    @property
    def language(self) -> Language:
        """Of the note that says most on the question; without any, of the question."""
        rows = self.grounds.singles()
        if not rows:
            return self.task.language
        best = self.grounds.statements[max(rows, key=lambda i: self.relevance[i])]
        return self.grounds.passages[best.number - 1].language


def gather(
    question: str,
    found: Found,
    note_of: Callable[[str], Note | None],
    vectors: SentenceVectors,
    glossary: Glossary,
    history: Sequence[Turn] = (),
    subject: str = "",
) -> Material:
    """From what a search found: from the excerpts that name what is asked about, in a follow-up the `subject`."""
    passages = _naming(subject, question, excerpts(found.hits, note_of, EXCERPT_TOKENS), glossary)
    grounds = Grounds(passages, vectors, glossary)
    trimmed = trim(grounds, relevance(grounds, found))
    grounds = Grounds(trimmed.whole, vectors, glossary)
    scores = relevance(grounds, found)
    terms = {language: _terms(grounds, scores, language) for language in LANGUAGES}
    return Material(Task(question, trimmed.shown, detect_language(question), tuple(history), terms), grounds, scores)


def _naming(subject: str, question: str, passages: Sequence[Passage], glossary: Glossary) -> Sequence[Passage]:
    """The passages that name what a question is about, or anything that it names itself; all where none does.

    What a question that stands alone names counts where some of it is surely a name, such as GRU: none of 218 such
    questions is answered by a passage without any of its names, of 200 others 12 are. Where two names are sure, a
    passage must have one of these: so it is with all of 56 such questions.
    """
    wanted: list[tuple[str, tuple[Unit, ...]]] = [(name, (unit,)) for name, unit in named_units(question, glossary)]
    sure = [(name, units) for name, units in wanted if _is_surely_name(name)]
    if subject:
        wanted.append((subject, understand(subject, glossary).units))
    elif not sure:
        return passages
    elif len(sure) > 1:
        wanted = sure

    def named(passage: Passage) -> bool:
        text = " ".join((passage.title, *passage.headings, passage.text))
        terms = frozenset(search_terms(text))
        return any(names(name, text, glossary) or (units and all(covered(units, terms))) for name, units in wanted)

    return [passage for passage in passages if named(passage)] or passages


def _is_surely_name(name: str) -> bool:
    """Whether it has a digit or a capital that begins no word."""
    return any(c.isdigit() for c in name) or any(c.isupper() for c in name[1:])


def _terms(grounds: Grounds, scores: Scores, language: Language) -> list[tuple[str, str]]:
    """The names in a language of what the sentences that matter most name in the other one."""
    best = sorted(grounds.singles(), key=lambda i: (-scores[i], i))[:_TELLING]
    texts = (grounds.statements[i].text for i in best if grounds.languages[i] != language)
    return grounds.glossary.named_in("\n".join(texts), language)[:_TERMS]
