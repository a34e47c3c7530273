"""Finds two note sentences that say the opposite about what was asked, by rules: a small model cannot tell.

Two sentences disagree where they are about the same (share most of what they name, neither has a name of its own) and
one denies what the other affirms, they take opposite sides on something that has two, or they give different numbers.
Rules find plain disagreements only; they rather miss one than see one that is none. See bench/results.md.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from qa.glossary import Glossary
from qa.grounds import Grounds, covered, share
from qa.language import has_han, normalize, search_terms
from qa.lexical import Unit
from qa.numerals import counted_numbers, numbers_of, stated_numbers
from qa.queries import named_units, understand
from qa.sides import sides_of
from qa.support import affirms_denied

_SIMILAR = 0.84  # least cosine of two sentences on the same thing; of most sentences of one section it is more
_SHARED = 0.33  # of what the sentence that names less names
_SHARED_ACROSS = 0.3  # the same across languages, where only names are seen to be shared
_FILLERS = 3  # words by which clauses with different numbers may differ else
_LEAST_SHARED = 2  # names: what "indexes speed up reads, indexes slow down writes" have in common is one

_DENIALS = re.compile(r"[不没无未非]|\b(?:not|never|no|cannot|without|unless)\b|n['’]t\b", re.ASCII)
_CLAUSE = re.compile(r"[，,；;：:。.!?！？]\s|[，；：。！？]|\b(?:so|because|which)\b")
_ASSUMES = re.compile(r"\$[^$=]*[A-Za-z}]\s*=\s*-?[\d.]+\s*[,，][^$]*\$")  # $P=1, R=0.1$
# Who says that something may be so denies no other case.
_HEDGES = re.compile(r"可能|也许|或许|有时|\b(?:might|sometimes|possibly|perhaps)\b")
_COMPARES = re.compile(r"比|优于|不如|胜过|劣于|\bthan\b|\boutperforms?\b", re.ASCII)
# "训练时", "at inference": what holds then need not hold at another time.
_WHEN = re.compile(r"训练|推理|测试|预测|\b(?:training|inference|test(?:ing)?|prediction)\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two rows of the grounds."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class _Clause:
    """A part of a sentence that gives numbers."""

    stated: frozenset[str]  # in digits, or else in words
    held: frozenset[str]  # all that it can be said to hold
    words: frozenset[str]

    @classmethod
    def of(cls, text: str) -> _Clause:
        stated = stated_numbers(text) or counted_numbers(text)
        if len(stated) != 1:
            return cls(frozenset(stated), frozenset(), frozenset())
        words = frozenset(term for term in search_terms(text) if not numbers_of(term))
        return cls(frozenset(stated), frozenset(numbers_of(text)), words)


class _Reading:
    """What a sentence under its heading says, as far as the rules look at it, each part once it is asked for."""

    def __init__(self, text: str, heading: str, glossary: Glossary) -> None:
        self.text = text
        self.plain = normalize(text)
        self._heading = heading
        self._glossary = glossary

    @cached_property
    def compares(self) -> bool:
        return bool(_COMPARES.search(self.plain))

    @cached_property
    def denials(self) -> int:
        return len(_DENIALS.findall(self.plain))

    @cached_property
    def sides(self) -> dict[str, set[bool]]:
        """Which side it takes on each thing that it speaks of; a denied side is the other one."""
        return sides_of(self.plain)

    @cached_property
    def sided(self) -> list[tuple[dict[str, set[bool]], frozenset[str]]]:
        """Of each of its clauses that takes a side, the sides and the terms."""
        clauses = [(sides_of(normalize(text)), frozenset(search_terms(text))) for text in _CLAUSE.split(self.text)]
        return [(sides, terms) for sides, terms in clauses if sides]

    @cached_property
    def counting(self) -> list[_Clause]:
        """Its clauses that give one number; what follows from values that it assumes tells only what holds for them."""
        if _ASSUMES.search(self.text):
            return []
        clauses = (_Clause.of(text) for text in _CLAUSE.split(self.text))
        return [clause for clause in clauses if len(clause.stated) == 1]

    @cached_property
    def chinese(self) -> bool:
        return has_han(self.text)

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(search_terms(f"{self._heading} {self.text}"))

    @cached_property
    def own_terms(self) -> frozenset[str]:
        """Without those of the heading, which all that stands under it has."""
        return frozenset(search_terms(self.text))

    @cached_property
    def subject(self) -> list[Unit]:
        """What the nearest heading names: a sentence often leaves it out."""
        return [unit for _, unit in named_units(self._heading.rpartition(" > ")[2], self._glossary)]

    @cached_property
    def named(self) -> list[tuple[str, Unit]]:
        return named_units(self.text, self._glossary)

    @cached_property
    def names(self) -> list[Unit]:
        """What it names that takes no side."""
        return [unit for name, unit in self.named if not sides_of(normalize(name))]

    @cached_property
    def times(self) -> set[str]:
        return set(_WHEN.findall(self.plain))

    @cached_property
    def units(self) -> list[Unit]:
        """What it names, concepts and terms, as it comes."""
        order = {term: n for n, term in reversed(list(enumerate(search_terms(self.text))))}
        units = understand(self.text, self._glossary).units
        return sorted(units, key=lambda unit: min(order.get(t, len(order)) for of in unit.alternatives for t in of))


def disagreements(grounds: Grounds, rows: Sequence[int], others: Sequence[int]) -> Iterator[Disagreement]:
    """Pairs of a sentence in `rows` and one in `others` that disagree, in the order of both.

    Of two sections: what one section says side by side is two cases or a comparison. Of 14 pairs that were told on real
    notes, 11 stood in one section, and none of these disagreed.
    """
    readings: dict[int, _Reading] = {}
    for row in (*rows, *others):
        statement = grounds.statements[row]
        readings[row] = _Reading(statement.text, grounds.headings[statement.number - 1], grounds.glossary)
    for row, other in itertools.product(rows, others):
        if _is_one_section(grounds, row, other):
            continue
        # The rules are cheap; only what they find is encoded.
        if _disagree(readings[row], readings[other], grounds.glossary):
            one, vector = grounds.vectors([row, other])
            if one @ vector >= _SIMILAR:
                yield Disagreement(row, other)


def _is_one_section(grounds: Grounds, row: int, other: int) -> bool:
    """Whether two statements stand in one section of a note, be it in one of its own sections; the note is none."""
    one, two = (grounds.passages[grounds.statements[each].number - 1] for each in (row, other))
    depth = min(len(one.path), len(two.path))
    nested = depth > 1 and one.path[:depth] == two.path[:depth]
    return one.note_path == two.note_path and (nested or one.path == two.path)


def disagree(one: str, other: str, glossary: Glossary, headings: tuple[str, str] = ("", "")) -> bool:
    """Whether two sentences, which stand under these headings, cannot both be true."""
    first, second = (_Reading(text, of, glossary) for text, of in zip((one, other), headings, strict=True))
    return _disagree(first, second, glossary)


def _disagree(one: _Reading, other: _Reading, glossary: Glossary) -> bool:
    return one.plain != other.plain and _are_opposite(one, other, glossary) and _about_the_same(one, other)


def _are_opposite(one: _Reading, other: _Reading, glossary: Glossary) -> bool:
    """Whether two sentences cannot both be true if they are about the same."""
    if one.compares and other.compares:
        swapped = _is_swapped(one, other)
        return swapped is not None and swapped != _take_sides(one, other)
    if any(_clauses_differ(a, b) for a, b in itertools.product(one.counting, other.counting)):
        return True
    if max(one.denials, other.denials) > 1:  # "not without" affirms
        return False
    is_hedged = bool(_HEDGES.search(one.plain) or _HEDGES.search(other.plain))
    return (not is_hedged and _take_sides(one, other)) or _denies(one, other, glossary) or _denies(other, one, glossary)


def _denies(one: _Reading, other: _Reading, glossary: Glossary) -> bool:
    """Whether a sentence denies what the other affirms, and of something that the other speaks of too."""
    return affirms_denied(other.text, one.text, glossary) and any(covered(one.units[:1], other.terms))


def _about_the_same(one: _Reading, other: _Reading) -> bool:
    """Whether the sentences name the same things: much in common, and not each a name or a subject of its own."""
    pairs = ((one, other), (other, one))
    same_language = one.chinese == other.chinese
    if all(not all(covered(a.names, b.terms)) for a, b in pairs):
        return False
    if all(a.subject and not any(covered(a.subject, b.terms)) for a, b in pairs):
        return False
    if one.times and other.times and not one.times & other.times and same_language:
        return False
    if not (one.units and other.units) or all(not any(covered(a.units[:1], b.terms)) for a, b in pairs):
        return False
    held = [covered(a.units, b.terms) for a, b in pairs]
    if max(map(sum, held)) < _LEAST_SHARED:
        return False
    if same_language and not any(any(covered(a.units, b.own_terms)) for a, b in pairs):
        return False
    return max(map(share, held)) >= (_SHARED if same_language else _SHARED_ACROSS)


def _is_swapped(one: _Reading, other: _Reading) -> bool | None:
    """Whether two comparisons name the things that they compare in opposite order; None where that is not plain."""
    shared = [name for name, _ in one.named if name in one.text and name in other.text]
    if len(shared) < 2:
        return None
    first, second = sorted(shared, key=one.text.index)[:2]
    return other.text.index(first) > other.text.index(second)


def _take_sides(one: _Reading, other: _Reading) -> bool:
    """Whether they take opposite sides on something that has two."""
    axes = one.sides.keys() & other.sides.keys()
    return any(
        len(one.sides[axis]) == len(other.sides[axis]) == 1 != len(one.sides[axis] | other.sides[axis])
        and _of_the_same(axis, one, other)
        for axis in axes
    )


def _of_the_same(axis: str, one: _Reading, other: _Reading) -> bool:
    """Whether more and less are of the same thing: in one language some clauses with them share a word."""
    if axis != "amount" or one.chinese != other.chinese:
        return True
    pairs = itertools.product(one.sided, other.sided)
    return any(axis in first and axis in second and terms & words for (first, terms), (second, words) in pairs)


def _clauses_differ(one: _Clause, other: _Clause) -> bool:
    """Whether two clauses with a number each say the same but for that and for words of no weight."""
    if one.stated & other.held or other.stated & one.held:
        return False
    lacking = [one.words - other.words, other.words - one.words]
    if min(map(len, lacking)) > 1 or (all(lacking) and not all(has_han(word) for of in lacking for word in of)):
        return False
    return max(map(len, lacking)) <= min(_FILLERS, max(len(one.words), len(other.words)) // 2)
