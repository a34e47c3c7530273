"""The tree of folders, notes, headings and tags, and which passages a topic's name stands for."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from qa.errors import UnknownTopic
from qa.glossary import Concept, Glossary
from qa.language import has_han, normalize
from qa.types import Topic

# (note path, title, the note's other names, headings, passage ids), as Snapshot.outline gives them
Outline = Sequence[tuple[str, str, tuple[str, ...], tuple[str, ...], list[int]]]
_Entries = Iterable[tuple[tuple[str, ...], int]]  # (headings, passages)
_OtherName = Callable[[str], str]

_BRACKETS = re.compile(r"[（(]([^（）()]+)[）)]")
_NEAR = 5
_LEVELS = 100  # of folders that are told apart: what prints a tree, or makes JSON of it, calls itself for each
_ALIKE = 0.7  # "optimizers" and "optimizer" are one name, "without dropout" and "dropout" are not


def topic_tree(outline: Outline, glossary: Glossary | None = None) -> tuple[Topic, ...]:
    """One topic per note with its headings inside, in its folder; then the tags that two notes or more share.

    A note's own title is not repeated as its only heading. With a glossary each has its name in the other language.
    """
    other = functools.cache(functools.partial(_other_name, glossary=glossary)) if glossary else _no_name
    by_note: dict[str, tuple[str, tuple[str, ...], list[tuple[tuple[str, ...], int]]]] = {}
    for path, title, names, headings, ids in outline:
        by_note.setdefault(path, (title, names, []))[2].append((_below_title(title, headings), len(ids)))
    notes = [
        Topic(title, path, _total(entries), _children(f"{path}#", entries, other), other(title))
        for path, (title, _, entries) in by_note.items()
    ]
    shared = _tags(((names, _total(entries)) for _, names, entries in by_note.values()), other)
    return (*_in_folders(notes, other), *shared)


def passages_of_topic(outline: Outline, name: str, glossary: Glossary | None = None) -> list[int]:
    """Ids of the passages under the topic with that path, or of that name, ascending. Raises UnknownTopic.

    A path ("note.md", "note.md#Outer/Inner", "folder/", "outer/inner", "#tag") means this one topic. A name means every
    folder, note, tag and heading that has it; with a glossary also those whose whole name it knows to be another name
    of the same thing, in either language: whoever asks for Pooling means the notes on 池化 too.
    """
    ids = _at_path(outline, name, str) or _at_path(outline, name, _key) or _named(outline, name, glossary)
    if not ids:
        raise UnknownTopic(name, _near_names(outline, _key(name), glossary))
    return sorted(ids)


def heading_names(heading: str) -> tuple[str, ...]:
    """A heading, and both halves of a double one: `池化（Pooling）` is also 池化 and Pooling."""
    outside = _BRACKETS.sub("", heading).strip()
    return tuple(name for name in (heading, outside, *_BRACKETS.findall(heading)) if name)


def _below_title(title: str, headings: tuple[str, ...]) -> tuple[str, ...]:
    return headings[1:] if headings[:1] == (title,) else headings


def _total(entries: _Entries) -> int:
    return sum(count for _, count in entries)


def _at_path(outline: Outline, topic: str, spell: Callable[[str], str]) -> set[int]:
    """Ids of the passages under the topic with this path; `spell` gives what is compared of a path."""
    wanted, tag = spell(topic), _key(topic)
    folder = f"{wanted.rstrip('/')}/" if "/" in wanted else None
    return {
        identity
        for path, title, names, headings, ids in outline
        if wanted == (note := spell(path))
        or (folder and note.startswith(folder))
        or (wanted.startswith(f"{note}#") and wanted in map(spell, _heading_paths(path, title, headings)))
        or (tag.startswith("#") and tag in (f"#{_key(name)}" for name in names))
        for identity in ids
    }


def _heading_paths(path: str, title: str, headings: tuple[str, ...]) -> Iterator[str]:
    inner = _below_title(title, headings)
    return (f"{path}#{'/'.join(inner[: depth + 1])}" for depth in range(len(inner)))


def _named(outline: Outline, name: str, glossary: Glossary | None) -> set[int]:
    """Ids of the passages under everything of this name, or of another name of the same thing."""
    wanted = _key(name)
    same = _same_thing(glossary.concepts_named(name), glossary) if glossary else None
    return {
        identity
        for path, title, names, headings, ids in outline
        if wanted in (found := _names(path, title, names, headings)) or (same and any(map(same, found)))
        for identity in ids
    }


def _names(path: str, title: str, names: tuple[str, ...], headings: tuple[str, ...]) -> set[str]:
    *folders, file = path.split("/")
    words = {_key(name) for heading in (title, *names, *headings) for name in heading_names(heading)}
    return words | {_key(name) for name in (*folders, PurePosixPath(file).stem)}


def _near_names(outline: Outline, wanted: str, glossary: Glossary | None) -> tuple[str, ...]:
    """Names that hold the wanted one or are held by it, then those of things that it mentions, then similar ones."""
    headings = (
        heading
        for path, title, names, headings, _ in outline
        for heading in (title, *names, *headings, *path.split("/")[:-1])
    )
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


def _no_name(_: str) -> str:
    return ""


def _other_name(name: str, glossary: Glossary) -> str:
    """The usual name in the other language; empty where it is unknown or not the only one, and where a name says both.

    Of a double name what stands before its brackets is enough to know it by.
    """
    candidates = dict.fromkeys(heading_names(name)[:2])
    known, concepts = next(((each, found) for each in candidates if (found := glossary.concepts_named(each))), ("", []))
    sides = [(each.zh, each.en) if has_han(known) else (each.en, each.zh) for each in concepts]
    likeness = [max(_likeness(known, own) for own in here) for here, _ in sides]
    nearest = max(likeness, default=0.0)
    others = [there for (_, there), alike in zip(sides, likeness, strict=True) if alike == nearest]
    usual = {_key(there[0]): there[0] for there in others}
    said = any(_key(each) in _key(name) for there in others for each in there)
    if said or nearest < _ALIKE or len(usual) > 1 or any(_key(name) in key for key in usual):
        return ""  # `Transformer` is no other name than `Transformer模型`
    return next(iter(usual.values()))


def _likeness(name: str, known: str) -> float:
    return difflib.SequenceMatcher(None, _key(name), _key(known)).ratio()


def _in_folders(notes: Iterable[Topic], other: _OtherName) -> tuple[Topic, ...]:
    """The notes inside topics of their folders, at the place of a folder's first note."""
    inside: dict[str, list[Topic | str]] = {"": []}  # notes and paths of folders, by the path of their folder
    for note in notes:
        folder = "".join(f"{part}/" for part in note.path.split("/")[:-1][:_LEVELS])
        entry: Topic | str = note
        while folder not in inside:
            inside[folder] = [entry]
            entry, folder = folder, folder[: folder.rfind("/", 0, -1) + 1]
        inside[folder].append(entry)
    made: dict[str, Topic] = {}
    for path in sorted(inside, key=len, reverse=True):  # so that what is inside comes first
        topics = tuple(made[entry] if isinstance(entry, str) else entry for entry in inside[path])
        name = path[path.rfind("/", 0, -1) + 1 : -1]
        made[path] = Topic(name, path, sum(topic.passages for topic in topics), topics, other(name))
    return made[""].children


def _tags(notes: Iterable[tuple[tuple[str, ...], int]], other: _OtherName) -> tuple[Topic, ...]:
    """Of the other names of notes with that many passages those that two share: the others are aliases of one note."""
    found: dict[str, tuple[str, list[int]]] = {}
    for names, passages in notes:
        for key, name in {_key(name): name for name in reversed(names)}.items():
            found.setdefault(key, (name, []))[1].append(passages)
    return tuple(
        Topic(f"#{name}", f"#{name}", sum(counts), (), other(name))
        for key, (name, counts) in sorted(found.items())
        if key and len(counts) > 1
    )


def _children(prefix: str, entries: _Entries, other: _OtherName) -> tuple[Topic, ...]:
    groups: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for headings, count in entries:
        if headings:
            groups.setdefault(headings[0], []).append((headings[1:], count))
    return tuple(
        Topic(name, prefix + name, _total(inner), _children(f"{prefix}{name}/", inner, other), other(name))
        for name, inner in groups.items()
    )
