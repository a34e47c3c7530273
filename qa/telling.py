"""Whether a sentence of the notes answers a question, by the chat model's own word, asked in one token.

Asked in Chinese of Chinese sentences only: else its answers are little better than chance, see bench/results.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from qa.chat import LocalChatModel
from qa.grounds import Grounds, Scores
from qa.language import detect_language
from qa.prompts import telling_messages, yes_no

_ASKED = 3  # statements that say most, for whether any answers
_WEIGHED = 10  # of them, for which of them do


class Teller:
    """Asks about the statements of one answer, about each at most once."""

    def __init__(self, model: LocalChatModel, question: str, grounds: Grounds) -> None:
        self._model = model
        self._question = question
        self._grounds = grounds
        self._told: dict[int, float] = {}
        self._is_chinese = detect_language(question) == "zh"

    def tells(self, row: int) -> float | None:
        """The log-odds of yes over no that the statement in a row answers; None where the model cannot tell."""
        if not self._is_chinese or self._grounds.languages[row] != "zh":
            return None
        if row not in self._told:
            yes, no = yes_no("zh")
            statement = self._grounds.statements[row]
            place = self._grounds.headings[statement.number - 1]
            chances = self._model.choose(telling_messages(self._question, f"{place}：{statement.text}"), (yes, no))
            self._told[row] = chances[yes] - chances[no]
        return self._told[row]

    def highest(self, relevance: Scores) -> float | None:
        """Of the (statements,) that are most relevant; None where the first is of a passage in another language."""
        best = self._best(relevance, _ASKED)
        if not best or self._grounds.passages[self._grounds.statements[best[0]].number - 1].language != "zh":
            return None
        return max((each for row in best if (each := self.tells(row)) is not None), default=None)

    def of_best(self, relevance: Scores) -> Mapping[int, float]:
        """By row, of the (statements,) that are most relevant."""
        told = {row: self.tells(row) for row in self._best(relevance, _WEIGHED)}
        return {row: odds for row, odds in told.items() if odds is not None}

    def _best(self, relevance: Scores, number: int) -> list[int]:
        return sorted(self._grounds.singles(), key=lambda row: (-relevance[row], row))[:number]
