"""The zh-en glossary of the field: which terms of a question have a name in the other language.

The packaged one, the user's own lines and the pairs that the notes say themselves are merged into one.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa.characters import NotText, decode
from qa.errors import GlossaryError
from qa.language import has_han, normalize, search_terms
from qa.types import Language

_NOISE = 3  # names in one language that as many mined pairs give to one name in the other
_SPECIFIC = 3  # Chinese characters of a name that is surely one
_SHORT_NAME = 3  # letters of an abbreviation that may well mean something else elsewhere
# Names that are ordinary English words where they are written small: "below zero" does not speak of ZeRO.
_WORDS_TOO = frozenset(("CLIP", "GAP", "MAP", "mAP", "ZeRO"))

_TABS = re.compile(r"[ \u3000]*\t\s*")
_GAP = re.compile(r"[ \u3000]{2,}|\u3000")
_BARS = re.compile(r"[|｜]")
_BETWEEN_SCRIPTS = re.compile(r"(?<=[a-z0-9]) (?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff]) (?=[a-z0-9])")
_DOUBLE_NAME = re.compile(r"([!-~]+(?: [!-~]+)*) ([^ -~]+)|([^ -~]+) ([!-~]+(?: [!-~]+)*)")


@dataclass(frozen=True, slots=True)
class Concept:
    """The names of one thing; the first of each language is the usual one."""

    zh: tuple[str, ...]
    en: tuple[str, ...]
    ordinary: bool = False  # a word of any question, which a model knows without being told


class Glossary:
    """Looks concepts up in running text of either language; longest names first, none inside another."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self._concepts = tuple(concepts)
        self._zh: dict[str, list[Concept]] = {}
        self._en: dict[tuple[str, ...], list[Concept]] = {}
        for concept in self._concepts:
            for name in concept.zh:
                self._zh.setdefault(_chinese_key(name), []).append(concept)
            for name in concept.en:
                if key := _english_key(name):
                    self._en.setdefault(key, []).append(concept)
        self._longest_zh = max(map(len, self._zh), default=0)  # characters
        self._longest_en = max(map(len, self._en), default=0)  # terms

    @classmethod
    def load(cls, path: Path | None = None) -> Glossary:
        """The one that the package ships, with the lines of the user's own file. Raises GlossaryError."""
        return _packaged() if path is None else _packaged().with_lines(read_glossary(path))

    def __len__(self) -> int:
        return len(self._concepts)

    def with_lines(self, lines: Sequence[Concept]) -> Glossary:
        """With the user's lines: names of concepts that are here, of which they become the usual ones, or new concepts.

        A line belongs to the concepts with which it shares names of both languages, else to those of its Chinese names,
        else to the only one of an English name that is no short abbreviation.
        """
        merged = _Merged(self._concepts)
        for line in reversed(lines):  # so that of two lines on one concept the first gives the usual names
            merged.add(line, usual=True)
        return Glossary(merged.concepts)

    def plus(self, pairs: Iterable[tuple[str, str, int]]) -> Glossary:
        """With (Chinese, English, number of notes) mined from notes; the names that are here stay the usual ones.

        Dropped as noise is what contradicts: one name for three or more others, or two concepts made one.
        """
        new = [pair for pair in sorted(pairs, key=lambda pair: (-pair[2], *pair[:2])) if self._is_news(*pair[:2])]
        if not new:
            return self
        zh_of: dict[tuple[str, ...], set[str]] = {}
        en_of: dict[str, set[tuple[str, ...]]] = {}
        for zh, en, _ in new:
            zh_of.setdefault(_english_key(en), set()).add(normalize(zh))
            en_of.setdefault(normalize(zh), set()).add(_english_key(en))
        merged = _Merged(self._concepts)
        for zh, en, _ in new:
            if max(len(zh_of[_english_key(en)]), len(en_of[normalize(zh)])) < _NOISE:
                merged.add(Concept((zh,), (en,)), usual=False)
        return Glossary(merged.concepts)

    def _is_news(self, zh: str, en: str) -> bool:
        """Whether a pair is not here yet and joins no two concepts."""
        return bool(_english_key(en)) and not (self.concepts_named(zh) and self.concepts_named(en))

    def concepts_named(self, name: str) -> list[Concept]:
        """The concepts of which this is a whole name; of a double one (`池化 Pooling`) those that both halves name."""
        key = " ".join(normalize(name).split())
        if not has_han(key):
            return self._en.get(_english_key(key), [])
        if found := self._zh.get(_closed(key)):
            return found
        latin, chinese = _sides_of_double(key)
        return [each for each in self._zh.get(chinese, []) if each in self._en.get(_english_key(latin), [])]

    def shares_concept(self, zh: str, en: str) -> bool:
        """Whether both are names of one thing."""
        other = self.concepts_named(en)
        return any(concept is each for concept in self.concepts_named(zh) for each in other)

    def concepts_in(self, text: str) -> list[Concept]:
        """The concepts that a text names, in order, each once."""
        found: dict[int, Concept] = {}
        for concept in [*self._in_chinese(_chinese_key(text)), *self._in_english(text)]:
            found.setdefault(id(concept), concept)
        return list(found.values())

    def named_in(self, text: str, language: Language) -> list[tuple[str, str]]:
        """(name in the text, usual name in a language) of the concepts that a text names in the other language only.

        Only names of three Chinese characters or two English words: shorter ones may be parts of other words, and are
        known to any model. In the order of the text, each name once; of several concepts of one name the first counts.
        """
        plain = normalize(text)
        plain = f"{plain}\n{_closed(plain)}"
        pairs: dict[str, str] = {}
        for concept in self.concepts_in(text):
            here, there = (concept.en, concept.zh) if language == "zh" else (concept.zh, concept.en)
            written = max((name for name in here if normalize(name) in plain), key=len, default="")
            specific = len(written) >= _SPECIFIC if has_han(written) else " " in written
            if specific and not any(normalize(name) in plain for name in there):
                pairs.setdefault(written, there[0])
        return list(pairs.items())

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
                    yield from (concept for concept in self._en[key] if _is_meant(concept, key, text))
                    start += length - 1
                    break
            start += 1


class _Merged:
    """Concepts that are being merged by the names they share."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.concepts: list[Concept] = []
        self._zh: dict[str, list[int]] = {}
        self._en: dict[tuple[str, ...], list[int]] = {}
        for concept in concepts:
            self._put(len(self.concepts), concept)

    def add(self, line: Concept, usual: bool) -> None:
        """Join a line to the concepts that it names, or put it beside them."""
        for at in self._same(line) or [len(self.concepts)]:
            old = self.concepts[at] if at < len(self.concepts) else Concept((), (), line.ordinary)
            first, second = (line, old) if usual else (old, line)
            names = _each_once(first.zh, second.zh), _each_once(first.en, second.en)
            self._put(at, Concept(*names, ordinary=old.ordinary))

    def _put(self, at: int, concept: Concept) -> None:
        self.concepts[at : at + 1] = [concept]
        for zh in concept.zh:
            _append_once(self._zh.setdefault(_chinese_key(zh), []), at)
        for en in concept.en:
            _append_once(self._en.setdefault(_english_key(en), []), at)

    def _same(self, line: Concept) -> list[int]:
        by_zh = [at for name in line.zh for at in self._zh.get(_chinese_key(name), ())]
        by_en = [at for name in line.en if _english_key(name) for at in self._en.get(_english_key(name), ())]
        if both := [at for at in by_zh if at in by_en]:
            return sorted(set(both))
        if by_zh:
            return sorted(set(by_zh))
        telling = [
            self._en.get(_english_key(name), [])
            for name in line.en
            if _english_key(name) and not (is_abbreviation(name) and len(name) <= _SHORT_NAME)
        ]
        return next((found for found in telling if len(found) == 1), [])


def read_glossary(path: Path) -> list[Concept]:
    """The user's own lines, in whatever encoding. Raises GlossaryError."""
    try:
        text = decode(path.read_bytes())
    except NotText as error:
        raise unreadable(path, f"it {error}") from error
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    return parse_glossary(text.splitlines(), str(path))


def parse_glossary(lines: Iterable[str], source: str = "the glossary") -> list[Concept]:
    """`Chinese|variants<TAB>English|variants` a line; `#` starts a comment. Raises GlossaryError that names the line.

    Two spaces do for the tab, and a name is Chinese or English by its characters, whichever side it stands on.
    """
    concepts = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith(("#", "＃")):
            continue
        sides = [_names_of(side) for side in (_TABS if "\t" in text else _GAP).split(text)]
        names = [name for side in sides for name in side]
        zh, en = (tuple(name for name in names if has_han(name) == chinese) for chinese in (True, False))
        if len(sides) != 2 or not all((*sides, zh, en)):
            raise GlossaryError(
                f"Line {number} of {source} is not 'Chinese<TAB>English': {text!r}. "
                "Write it as '池化|汇聚<TAB>pooling', or put a # before it."
            )
        concepts.append(Concept(zh, en))
    return concepts


def _names_of(side: str) -> list[str]:
    return [" ".join(name.split()) for name in _BARS.split(side) if name.strip()]


def is_abbreviation(name: str) -> bool:
    """Whether a name is capital letters and digits, a plural s apart: RNN, GANs, F1."""
    return name.removesuffix("s").isupper() and name.isalnum()


def unreadable(path: Path, reason: str) -> GlossaryError:
    """The error that says why a file of terms cannot be read."""
    return GlossaryError(
        f"The glossary {str(path)!r} cannot be read: {reason}. Correct the file or the setting 'glossary'."
    )


def _each_once(*groups: Iterable[str]) -> tuple[str, ...]:
    names: dict[str, str] = {}
    for name in (name for group in groups for name in group):
        names.setdefault(normalize(name), name)
    return tuple(names.values())


def _append_once(places: list[int], at: int) -> None:
    if at not in places:
        places.append(at)


def _sides_of_double(name: str) -> tuple[str, str]:
    """(Latin, Chinese) of a name that is one half each; empty where it is not."""
    match = _DOUBLE_NAME.fullmatch(name)
    return (match[1] or match[4], match[2] or match[3]) if match else ("", "")


def _is_meant(concept: Concept, key: tuple[str, ...], text: str) -> bool:
    """Whether a name is written as one, where it is a word too; in a Chinese text it always is one."""
    names = [name for name in concept.en if name in _WORDS_TOO and _english_key(name) == key]
    return not names or has_han(text) or any(name in text for name in names)


def _closed(plain: str) -> str:
    """A text without the spaces that some write between Latin and Chinese words: K 均值 is K均值."""
    return _BETWEEN_SCRIPTS.sub("", plain)


def _chinese_key(name: str) -> str:
    return _closed(normalize(name))


def _english_key(text: str) -> tuple[str, ...]:
    # Compound tokens come as the whole and its parts; the parts alone meet the hyphenless spelling too.
    terms = (term for term in search_terms(text) if not has_han(term))
    return tuple(term for term in terms if not any(mark in term for mark in "-'’_+."))


@functools.cache
def _packaged() -> Glossary:
    ordinary = (replace(concept, ordinary=True) for concept in _shipped("ordinary_words.tsv"))
    return Glossary([*_shipped("glossary.tsv"), *ordinary])


def _shipped(name: str) -> list[Concept]:
    with (importlib.resources.files("qa") / "data" / name).open(encoding="utf-8") as lines:
        return parse_glossary(lines)
