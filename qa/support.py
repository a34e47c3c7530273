"""Checks an answer against the passages it was drawn from: which note sentence supports each of its sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from qa.citations import Statement, numbers_in, statements, without_numbers
from qa.encoder import Encoder
from qa.glossary import Glossary
from qa.language import detect_language, normalize, search_terms, split_sentences
from qa.lexical import Unit
from qa.queries import understand
from qa.types import Passage

_COVERAGE_WEIGHT = 0.3  # of covered terms beside the cosine
# Of cosine + weighted coverage; across languages words match only through the glossary. See bench/results.md.
_MIN_SUPPORT = 1.0
_MIN_SUPPORT_ACROSS = 0.855
_WHOLE_PASSAGE_COST = 0.05  # a single sentence is the better quote
_KEPT_NUMBER_MARGIN = 0.03  # how much worse than the best the passage that the model named may be
_MAX_QUOTE_CHARS = 400
# "是改善，而不是解决": what a note denies right here must not be said as if it affirmed it.
_DENIAL_ZH = re.compile(r"(?:不是|并非|而非|不能|不会|无法|没有)[“”‘’\"']*([\u4e00-\u9fff]{2})")
_DENIAL_EN = re.compile(r"\b(?:not|never|cannot|rather than)\s+([a-z]{4,})", re.IGNORECASE)
_NEGATION = re.compile(
    r"[不没非无未别]|\b(?:no|not|never|cannot|without|nor|neither)\b|n['’]t\b|rather than", re.IGNORECASE
)
_FURTHER_SHARE = 0.25  # of a sentence's units that a second statement must add to be quoted too


@dataclass(frozen=True, slots=True)
class Support:
    """Where a sentence of an answer stands in the notes."""

    number: int  # of the passage, 1-based
    start: int  # in the passage's text
    end: int
    score: float  # above the least that counts as support


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence of an answer without numbers, and what comes nearest to supporting it; nothing where notes deny it."""

    text: str
    separator: str  # white space before it in the answer
    supports: tuple[Support, ...]

    def is_supported(self) -> bool:
        """Whether what is nearest is near enough."""
        return bool(self.supports) and self.supports[0].score >= 0


class Verifier:
    """Aligns answers with notes by the encoder and by shared terms, across languages through the glossary."""

    def __init__(self, encoder: Encoder, glossary: Glossary) -> None:
        self._encoder = encoder
        self._glossary = glossary

    def check(self, answer: str, passages: Sequence[Passage]) -> list[CheckedSentence]:
        """Each sentence of an answer whose `[n]` number these passages from 1."""
        found = [statement for n, passage in enumerate(passages, 1) for statement in _candidates(passage, n)]
        spans = [span for span in split_sentences(answer) if without_numbers(answer[slice(*span)]).strip("-*•.。 ")]
        if not spans:
            return []
        bare = [without_numbers(answer[start:end]) for start, end in spans]
        if not found:
            return [CheckedSentence(text, "", ()) for text in bare]
        vectors = self._encoder.encode_passages([*bare, *(statement.text for statement in found)])
        cosines = vectors[: len(bare)] @ vectors[len(bare) :].T
        terms = [frozenset(search_terms(statement.text)) for statement in found]
        languages = [detect_language(statement.text) for statement in found]
        costs = np.array([_WHOLE_PASSAGE_COST * statement.whole for statement in found])
        checked = []
        previous_end = 0
        for row, (text, (start, end)) in enumerate(zip(bare, spans, strict=True)):
            covered = [_covered(understand(text, self._glossary).units, known) for known in terms]
            own = detect_language(text)
            least = np.array([_MIN_SUPPORT if language == own else _MIN_SUPPORT_ACROSS for language in languages])
            scores = cosines[row] + _COVERAGE_WEIGHT * np.array([_share(c) for c in covered]) - costs - least
            supports = _supports(found, scores, covered, numbers_in(answer[start:end]))
            if contradicts(text, found[int(scores.argmax())].text, self._glossary):
                supports = ()
            gap = answer[previous_end:start]
            checked.append(CheckedSentence(text, gap if gap.isspace() else "", supports))
            previous_end = end
        return checked


def contradicts(sentence: str, note: str, glossary: Glossary) -> bool:
    """Whether a sentence affirms what a note sentence denies; sees plain denials only, across languages by glossary."""
    if _NEGATION.search(sentence):
        return False
    terms = frozenset(search_terms(sentence))
    denied = [*_DENIAL_ZH.findall(normalize(note)), *_DENIAL_EN.findall(normalize(note))]
    return any(any(_covered(understand(word, glossary).units, terms)) for word in denied)


def _candidates(passage: Passage, number: int) -> list[Statement]:
    """The sentences of a passage and, where it is short, all of them together: an answer may sum up a list."""
    single = statements(passage, number)
    if len(single) < 2 or single[-1].end - single[0].start > _MAX_QUOTE_CHARS:
        return single
    start, end = single[0].start, single[-1].end
    return [*single, Statement(number, start, end, passage.text[start:end], whole=True)]


def _covered(units: Iterable[Unit], terms: frozenset[str]) -> list[bool]:
    return [any(terms.issuperset(alternative) for alternative in unit.alternatives) for unit in units]


def _share(covered: Sequence[bool]) -> float:
    return sum(covered) / len(covered) if covered else 0.0


def _supports(
    found: Sequence[Statement], scores: np.ndarray, covered: Sequence[Sequence[bool]], claimed: Sequence[int]
) -> tuple[Support, ...]:
    best = int(scores.argmax())
    close = {s.number for s, score in zip(found, scores, strict=True) if score >= scores[best] - _KEPT_NUMBER_MARGIN}
    numbers = [number for number in claimed if number in close] or [found[best].number]
    return tuple(_quote(found, scores, covered, number) for number in numbers)


def _quote(found: Sequence[Statement], scores: np.ndarray, covered: Sequence[Sequence[bool]], number: int) -> Support:
    """The best statement of a passage, widened to a second one that covers what the first leaves out."""
    own = [i for i, statement in enumerate(found) if statement.number == number]
    best = max(own, key=lambda i: (scores[i], -i))
    left_out = [not c for c in covered[best]]
    added = {i: sum(a and b for a, b in zip(left_out, covered[i], strict=True)) for i in own}
    second = max(own, key=lambda i: (added[i], scores[i], -i))
    start, end = found[best].start, found[best].end
    if added[second] >= max(1, _FURTHER_SHARE * len(left_out)):
        wide = min(start, found[second].start), max(end, found[second].end)
        if wide[1] - wide[0] <= _MAX_QUOTE_CHARS:
            start, end = wide
    return Support(number, start, end, float(scores[best]))
