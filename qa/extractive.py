"""Answers with the notes' own sentences: without a chat model, until it writes, or where it gave no usable text."""

from __future__ import annotations

from qa.grounds import Grounds, Scores
from qa.types import Language

_SENTENCES = 3
_OTHER_LANGUAGE_COST = 1.0  # of relevance, beside what it costs there already: in another language than wanted


def extract(grounds: Grounds, relevance: Scores, language: Language) -> list[int]:
    """The rows of the sentences that say most on the question, in reading order; none where there is none.

    Sentences in the language of the answer come first; a note in the other language is quoted as it stands.
    """
    cost = [_OTHER_LANGUAGE_COST * (of != language) for of in grounds.languages]
    best = sorted(grounds.singles(), key=lambda i: (cost[i] - relevance[i], i))[:_SENTENCES]
    return sorted(best)
