"""Whether the notes say what a sentence says: by nearness and terms, and where that is not sure, by the model's word.

A small model that is asked a question tends to affirm it. Asked in one token whether a note's sentence and its own
agree, it is right far more often; see bench/results.md.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from qa.chat import LocalChatModel
from qa.citations import without_numbers
from qa.grounds import Grounds, Scores, covered, share
from qa.language import detect_language, search_terms
from qa.prompts import agreement_messages, verdict_messages, yes_no
from qa.queries import understand
from qa.relevance import BESIDE
from qa.statements import Statement
from qa.support import SURE, Support, contradicts, nearest, nearness, speaking_of, supports
from qa.types import Language
from qa.verdicts import says_yes, wants_verdict, without_verdict

# Log-odds of yes over no, asked in a language: in Chinese none of eight sentences below .9 was right.
_AGREES: dict[Language, float] = {"zh": 0.9, "en": 0.3}
# What is less near than counts as support is something else, whatever the model says: of 14 sentences that it agreed
# to below, 11 were wrong; see bench/results.md.
_NEAREST_ASKED = 0.0
# Share of what a sentence names beyond the question that its note's sentence must name too: of 12 below that the model
# agreed to, 10 were wrong.
_HELD = 0.7
_NEAR_ASKED, _LIKELY_ASKED = 3, 2  # note sentences that the model is asked about: nearest, and that say most
_BESIDE_YES = 1.5  # relevance below the best from which on a bare "yes" does not rest on a note sentence
_TELLING = 3  # note sentences by which a "yes" is held against the notes
_DENIED = {"zh": -0.4, "en": -0.6}  # log-odds of yes over no below which they answer with no; see bench/results.md


class Checker:
    """Checks the sentences of one answer."""

    def __init__(
        self,
        grounds: Grounds,
        relevance: Scores,
        question: str = "",
        model: LocalChatModel | None = None,
        strict: bool = True,
    ) -> None:
        """`relevance` of the statements to the question tells which others may be meant; without a model none is.

        With `strict`, what the notes say but what says nothing on the question counts as not supported too.
        """
        self._grounds = grounds
        self._relevance = relevance
        self._question = question
        self._model = model
        self._strict = strict
        self._ranked = sorted(grounds.singles(), key=lambda i: (-relevance[i], i))

    def supports(self, raw: str) -> tuple[Support, ...]:
        """What supports a sentence with its `[n]`, best first; below a score of 0, or without any, nothing does."""
        found = self._found(raw)
        if found and found[0].score >= 0:
            is_yes = says_yes(without_numbers(raw)) and wants_verdict(self._question)
            if self._strict and self._is_beside(found[0], _BESIDE_YES if is_yes else BESIDE):
                return _refused(found)
            if is_yes and self._is_denied:
                return _refused(found)
        return found

    def _found(self, raw: str) -> tuple[Support, ...]:
        found = supports(raw, self._grounds, self._question)
        if self._model is None or (found and found[0].score >= SURE):
            return found
        sentence = without_numbers(raw)
        possible = speaking_of(sentence, self._question, self._grounds)
        for support in self._candidates(found, sentence):
            note = self._grounds.passages[support.number - 1].text[support.start : support.end]
            possibly = (
                support.number in possible
                and not contradicts(sentence, note, self._grounds.glossary)
                and nearness(sentence, support, self._grounds) >= _NEAREST_ASKED
                and self._holds(note, support, sentence)
            )
            if possibly and self._agreement(note, sentence) >= _AGREES[detect_language(sentence)]:
                others = [each for each in found[1:] if each.score >= 0] if found and support is found[0] else []
                return (support, *others)
        return _refused(found)

    def _holds(self, note: str, support: Support, sentence: str) -> bool:
        """Whether a note's sentence under its headings has what one in the same language says beyond the question.

        In another language names tell little; but code says no sentence.
        """
        if any(each.is_code and _overlap(support, each) for each in self._grounds.statements):
            return False
        if detect_language(note) != detect_language(sentence):
            return True
        asked, held = (
            frozenset(search_terms(text))
            for text in (self._question, f"{self._grounds.headings[support.number - 1]} {note}")
        )
        units = understand(without_verdict(sentence), self._grounds.glossary).units
        added = [unit for unit, known in zip(units, covered(units, asked), strict=True) if not known]
        return not added or share(covered(added, held)) >= _HELD

    def _is_beside(self, support: Support, most: float) -> bool:
        """Whether what a sentence rests on says far less on the question than what says most."""
        held = [
            float(self._relevance[i])
            for i in self._ranked
            if _overlap(support, self._grounds.statements[i]) and np.isfinite(self._relevance[i])
        ]
        return bool(held) and max(held) < float(self._relevance[self._ranked[0]]) - most

    @functools.cached_property
    def _is_denied(self) -> bool:
        """Whether the sentences that say most on the question answer it with no, by the model's word."""
        if self._model is None or not self._ranked:
            return False
        language = detect_language(self._question)
        texts = [self._grounds.statements[i].text for i in sorted(self._ranked[:_TELLING])]
        note = ("" if language == "zh" else " ").join(texts)
        yes, no = yes_no(language)
        chances = self._model.choose(verdict_messages(note, self._question, language), (yes, no))
        return chances[yes] - chances[no] < _DENIED[language]

    def _candidates(self, found: Sequence[Support], sentence: str) -> Iterator[Support]:
        """What came nearest, what else came near in its language, and what says most on the question."""
        taken: list[Support] = []
        for each in itertools.chain(found[:1], self._near(sentence) if found else (), self._likely()):
            if not any(_within(each, other) for other in taken):
                taken.append(each)
                yield each

    def _near(self, sentence: str) -> Iterator[Support]:
        yield from nearest(sentence, self._question, self._grounds, _NEAR_ASKED)  # only where it comes to that

    def _likely(self) -> Iterator[Support]:
        rows = (self._grounds.statements[i] for i in self._ranked[:_LIKELY_ASKED])
        return (Support(each.number, each.start, each.end, 0.0) for each in rows)

    def _agreement(self, note: str, sentence: str) -> float:
        assert self._model is not None
        language = detect_language(sentence)
        yes, no = yes_no(language)
        chances = self._model.choose(agreement_messages(note, sentence, language), (yes, no))
        return chances[yes] - chances[no]


def _refused(found: Sequence[Support]) -> tuple[Support, ...]:
    return tuple(Support(s.number, s.start, s.end, min(s.score, -0.001)) for s in found)


def _overlap(support: Support, statement: Statement) -> bool:
    return support.number == statement.number and support.start < statement.end and statement.start < support.end


def _within(one: Support, other: Support) -> bool:
    return one.number == other.number and other.start <= one.start and one.end <= other.end
