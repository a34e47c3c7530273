"""The zh-en glossary of the field: which terms of a question have a name in the other language."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Iterable
from dataclasses import dataclass

from qa.language import has_han, normalize, search_terms


@dataclass(frozen=True, slots=True)
class Concept:
    """The names of one thing; the first of each language is the usual one."""

    zh: tuple[str, ...]
    en: tuple[str, ...]


class Glossary:
    """Looks concepts up in running text of either language; longest names first, none inside another."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self._zh: dict[str, list[Concept]] = {}
        self._en: dict[tuple[str, ...], list[Concept]] = {}
        for concept in concepts:
            for name in concept.zh:
                self._zh.setdefault(normalize(name), []).append(concept)
            for name in concept.en:
                if key := _english_key(name):
                    self._en.setdefault(key, []).append(concept)
        self._longest_zh = max(map(len, self._zh), default=0)  # characters
        self._longest_en = max(map(len, self._en), default=0)  # terms

    @classmethod
    def load(cls) -> Glossary:
        """The one that the package ships."""
        return _packaged()

    def __len__(self) -> int:
        return len({id(concept) for concepts in self._zh.values() for concept in concepts})

    def concepts_in(self, text: str) -> list[Concept]:
        """The concepts that a text names, in order, each once."""
        found: dict[int, Concept] = {}
        for concept in [*self._in_chinese(normalize(text)), *self._in_english(text)]:
            found.setdefault(id(concept), concept)
        return list(found.values())

    def _in_chinese(self, text: str) -> Iterable[Concept]:
        start = 0
        while start < len(text):
            for length in range(min(self._longest_zh, len(text) - start), 1, -1):
                name = text[start : start + length]
                if has_han(name) and name in self._zh:
                    yield from self._zh[name]
                    start += length - 1
                    break
            start += 1

    def _in_english(self, text: str) -> Iterable[Concept]:
        words = _english_key(text)
        start = 0
        while start < len(words):
            for length in range(min(self._longest_en, len(words) - start), 0, -1):
                if (key := words[start : start + length]) in self._en:
                    yield from self._en[key]
                    start += length - 1
                    break
            start += 1


def parse_glossary(lines: Iterable[str]) -> list[Concept]:
    """`Chinese|variants<TAB>English|variants` a line; `#` starts a comment. Raises ValueError that names the line."""
    concepts = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        sides = [tuple(name.strip() for name in side.split("|") if name.strip()) for side in line.split("\t")]
        if len(sides) != 2 or not all(sides):
            raise ValueError(f"Line {number} of the glossary is not 'Chinese<TAB>English': {line.strip()!r}")
        concepts.append(Concept(*sides))
    return concepts


def _english_key(text: str) -> tuple[str, ...]:
    # Compound tokens come as the whole and its parts; the parts alone meet the hyphenless spelling too.
    terms = (term for term in search_terms(text) if not has_han(term))
    return tuple(term for term in terms if not any(mark in term for mark in "-'’_+."))


@functools.cache
def _packaged() -> Glossary:
    source = importlib.resources.files("qa") / "data" / "glossary.tsv"
    with source.open(encoding="utf-8") as lines:
        return Glossary(parse_glossary(lines))
