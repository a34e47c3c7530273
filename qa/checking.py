"""Whether the notes say what a sentence says: by nearness and terms, and where that is not sure, by the model's word.

A small model that is asked a question tends to affirm it. Asked in one token whether a note's sentence and its own
agree, it is right far more often; see bench/results.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from qa.chat import LocalChatModel
from qa.citations import without_numbers
from qa.grounds import Grounds, Scores
from qa.language import detect_language
from qa.prompts import agreement_messages, yes_no
from qa.support import Support, invents_number, supports

_SURE = 0.2  # support from which on a sentence is a note's own in other words: nobody need be asked
_AGREES = 0.3  # log-odds of yes over no
_ASKED = 3  # note sentences that the model is asked about at most


class Checker:
    """Checks the sentences of one answer."""

    def __init__(
        self, grounds: Grounds, relevance: Scores, question: str = "", model: LocalChatModel | None = None
    ) -> None:
        """`relevance` of the statements to the question tells which others may be meant; without a model none is."""
        self._grounds = grounds
        self._question = question
        self._model = model
        self._likely = sorted(grounds.singles(), key=lambda i: (-relevance[i], i))[: _ASKED - 1]

    def supports(self, raw: str) -> tuple[Support, ...]:
        """What supports a sentence with its `[n]`, best first; below a score of 0, or without any, nothing does."""
        found = supports(raw, self._grounds, self._question)
        if self._model is None or (found and found[0].score >= _SURE):
            return found
        sentence = without_numbers(raw)
        for support in self._candidates(found):
            if invents_number(sentence, self._question, support, self._grounds):
                continue
            if self._agreement(support, sentence) >= _AGREES:
                others = [each for each in found[1:] if each.score >= 0] if found and support is found[0] else []
                return (support, *others)
        return tuple(Support(s.number, s.start, s.end, min(s.score, -0.001)) for s in found)

    def _candidates(self, found: Sequence[Support]) -> list[Support]:
        """What came nearest, then what says most on the question, none within another."""
        rows = (self._grounds.statements[i] for i in self._likely)
        likely = [Support(each.number, each.start, each.end, 0.0) for each in rows]
        candidates: list[Support] = []
        for each in (*found[:1], *likely):
            if not any(_within(each, other) for other in candidates):
                candidates.append(each)
        return candidates

    def _agreement(self, support: Support, sentence: str) -> float:
        assert self._model is not None
        note = self._grounds.passages[support.number - 1].text[support.start : support.end]
        language = detect_language(sentence)
        yes, no = yes_no(language)
        chances = self._model.choose(agreement_messages(note, sentence, language), (yes, no))
        return chances[yes] - chances[no]


def _within(one: Support, other: Support) -> bool:
    return one.number == other.number and other.start <= one.start and one.end <= other.end
