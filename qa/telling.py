"""Whether a sentence of the notes answers a question, by the chat model's own word, asked in one token.

Asked in Chinese of Chinese sentences only: else its answers are little better than chance, see bench/results.md.
"""

from __future__ import annotations

from qa.chat import LocalChatModel
from qa.grounds import Grounds, Scores
from qa.language import detect_language
from qa.prompts import telling_messages, yes_no

_ASKED = 3  # statements that say most


def tells(model: LocalChatModel, question: str, grounds: Grounds, row: int) -> float | None:
    """The log-odds of yes over no that the statement in a row answers; None where the model cannot tell."""
    if {detect_language(question), grounds.languages[row]} != {"zh"}:
        return None
    yes, no = yes_no("zh")
    statement = grounds.statements[row]
    place = grounds.headings[statement.number - 1]
    chances = model.choose(telling_messages(question, f"{place}：{statement.text}"), (yes, no))
    return chances[yes] - chances[no]


def most_telling(model: LocalChatModel, question: str, grounds: Grounds, relevance: Scores) -> float | None:
    """The highest log-odds of the (statements,) that are most relevant; None where the first is in another language."""
    best = sorted(grounds.singles(), key=lambda row: (-relevance[row], row))[:_ASKED]
    if not best or (first := tells(model, question, grounds, best[0])) is None:
        return None
    told = (tells(model, question, grounds, row) for row in best[1:])
    return max([first, *(each for each in told if each is not None)])
