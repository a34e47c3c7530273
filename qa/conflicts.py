"""Finds two note sentences that say the opposite about what was asked: signs first, then the chat model's word.

Signs alone are not enough ("A is faster than B", "B is slower than A"), and asking a model about every pair takes too
long: signs choose a few pairs of similar sentences, the model decides, with a threshold that was measured.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from qa.chat import LocalChatModel
from qa.grounds import Grounds, Scores
from qa.language import detect_language
from qa.prompts import contradiction_messages, yes_no
from qa.types import Language

_CANDIDATES = 8  # sentences on the question that are compared with each other
_PAIRS = 3  # that the model is asked about
_MIN_SIMILARITY = 0.85  # cosine of two sentences on the same thing
_MARGIN: dict[Language, float] = {"zh": 0.0, "en": 0.0}  # log-odds of yes over no from which on they contradict


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows of the grounds."""

    first: int
    second: int
    similarity: float


def pairs(grounds: Grounds, relevance: Scores) -> list[Pair]:
    """Pairs of similar sentences on the question, the most similar first."""
    rows = sorted(sorted(grounds.singles(), key=lambda i: (-relevance[i], i))[:_CANDIDATES])
    cosines = grounds.vectors(rows) @ grounds.vectors(rows).T
    found = [Pair(rows[i], rows[j], float(cosines[i, j])) for i, j in itertools.combinations(range(len(rows)), 2)]
    apart = [pair for pair in found if _are_apart(pair, grounds)]
    return sorted(apart, key=lambda pair: (-pair.similarity, pair.first, pair.second))


def _are_apart(pair: Pair, grounds: Grounds) -> bool:
    one, other = grounds.statements[pair.first], grounds.statements[pair.second]
    return one.text != other.text and (one.number != other.number or abs(one.start - other.start) > 0)


def contradiction(pair: Pair, grounds: Grounds, model: LocalChatModel) -> float:
    """The model's log-odds of yes over no on whether two sentences cannot both be true."""
    one, other = grounds.statements[pair.first].text, grounds.statements[pair.second].text
    language = detect_language(one + other)
    yes, no = yes_no(language)
    chances = model.choose(contradiction_messages(one, other, language), (yes, no))
    return chances[yes] - chances[no]
