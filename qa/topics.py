"""The tree of notes and headings, and which passages a topic's name stands for."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from qa.errors import UnknownTopic
from qa.glossary import Concept, Glossary
from qa.language import normalize
from qa.types import Topic

# (note path, title, the note's other names, headings, passage ids), as Snapshot.outline gives them
Outline = Sequence[tuple[str, str, tuple[str, ...], tuple[str, ...], list[int]]]

_BRACKETS = re.compile(r"[（(]([^（）()]+)[）)]")
_NEAR = 5


def topic_tree(outline: Outline) -> tuple[Topic, ...]:
    """One topic per note, headings inside; a note's own title is not repeated as its only heading."""
    by_note: dict[str, tuple[str, list[tuple[tuple[str, ...], int]]]] = {}
    for path, title, _, headings, ids in outline:
        inner = headings[1:] if headings[:1] == (title,) else headings
        by_note.setdefault(path, (title, []))[1].append((inner, len(ids)))
    return tuple(
        Topic(title, path, sum(count for _, count in entries), _children(f"{path}#", entries))
        for path, (title, entries) in by_note.items()
    )


def passages_of_topic(outline: Outline, name: str, glossary: Glossary | None = None) -> list[int]:
    """Ids of the passages under every note or heading of that name, ascending. Raises UnknownTopic.

    With a glossary also under those whose whole name it knows to be another name of the same thing, in either language:
    whoever asks for Pooling means the notes on 池化 too.
    """
    wanted = _key(name)
    same = _same_thing(glossary.concepts_named(name), glossary) if glossary else None
    ids = {
        identity
        for path, title, names, headings, passage_ids in outline
        if wanted in (found := _names(path, title, names, headings)) or (same and any(map(same, found)))
        for identity in passage_ids
    }
    if not ids:
        raise UnknownTopic(name, _near_names(outline, wanted, glossary))
    return sorted(ids)


def heading_names(heading: str) -> tuple[str, ...]:
    """A heading, and both halves of a double one: `池化（Pooling）` is also 池化 and Pooling."""
    outside = _BRACKETS.sub("", heading).strip()
    return tuple(name for name in (heading, outside, *_BRACKETS.findall(heading)) if name)


def _names(path: str, title: str, names: tuple[str, ...], headings: tuple[str, ...]) -> set[str]:
    inner = headings[1:] if headings[:1] == (title,) else headings
    paths = {_key(f"{path}#{'/'.join(inner[: depth + 1])}") for depth in range(len(inner))}
    folders = {_key(parent.as_posix()) for parent in PurePosixPath(path).parents if parent.name}
    words = {_key(name) for heading in (title, *names, *headings) for name in heading_names(heading)}
    return paths | folders | words | {_key(path), _key(PurePosixPath(path).stem)}


def _near_names(outline: Outline, wanted: str, glossary: Glossary | None) -> tuple[str, ...]:
    """Names that hold the wanted one or are held by it, then those of things that it mentions, then similar ones."""
    headings = (heading for _, title, names, headings, _ in outline for heading in (title, *names, *headings))
    shown = {_key(name): name for heading in headings for name in heading_names(heading)}
    containing = [key for key in shown if wanted and (wanted in key or key in wanted)]
    mentioned = filter(_same_thing(glossary.concepts_in(wanted), glossary), shown) if glossary else ()
    close = difflib.get_close_matches(wanted, shown, n=_NEAR, cutoff=0.4)
    return tuple(shown[key] for key in dict.fromkeys([*containing, *mentioned, *close]))[:_NEAR]


def _same_thing(concepts: Sequence[Concept], glossary: Glossary) -> Callable[[str], bool]:
    """Tells whether a whole name is one of these concepts'."""

    @functools.cache  # the headings of a note repeat its title
    def names_one(name: str) -> bool:
        return any(found is concept for found in glossary.concepts_named(name) for concept in concepts)

    return names_one if concepts else lambda _: False


def _key(name: str) -> str:
    return " ".join(normalize(name).split())


def _children(prefix: str, entries: Iterable[tuple[tuple[str, ...], int]]) -> tuple[Topic, ...]:
    groups: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for headings, count in entries:
        if headings:
            groups.setdefault(headings[0], []).append((headings[1:], count))
    return tuple(
        Topic(name, prefix + name, sum(count for _, count in inner), _children(f"{prefix}{name}/", inner))
        for name, inner in groups.items()
    )
