"""How much each sentence of the excerpts says on the question; the weights are fitted, see bench/results.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from qa.found import Asked, Found
from qa.grounds import Grounds, Scores, covered
from qa.types import Hit, Language, Passage

# Of: nearness of the meaning, share of the question's weight that is covered, score of the passage below the best one.
# A sentence counts with the headings above it, and with the one before it where it begins with a pronoun. Where it and
# the question are in two languages, nearness is the cosine without what all questions and all passages share, else what
# it exceeds the mean cosine by; from each its mean is taken.
_OWN = (37.0, 5.0, 1.5)
_ACROSS = (12.0, 4.4, 1.2)
_MEAN_OWN, _MEAN_ACROSS = 0.046, 0.15
_ACROSS_COST = 2.0  # since the two were fitted apart: what the best in the other language has too much, on average
_CODE_COST = 3.0  # a line of code names much and says little
# With the chat model's log-odds that a statement answers, .3 for those it was not asked about; so weighed that both
# spread as much as the relevance alone.
_PLAIN, _TOLD, _UNTOLD = 0.6, 0.96, 0.3
BESIDE = 4.5  # below the best sentence: what says that little on the question is neither shown nor cited


def relevance(grounds: Grounds, found: Found) -> Scores:
    """(statements,) higher is better, for single sentences; those of several at once are below all others.

    Where no encoder is there, the order of the search is all that is known.
    """
    scores = np.full(len(grounds.statements), -np.inf, np.float32)
    rows = grounds.singles()
    if not rows:
        return scores
    lead = _passage_scores(grounds.passages, found.hits)
    asked = found.asked
    if asked is None:
        for row in rows:
            scores[row] = lead[grounds.statements[row].number - 1]
        return scores
    vectors = grounds.vectors_in_place(rows)
    weights = np.array(asked.weights)
    level = asked.level if asked.level is not None else _level(grounds, rows, vectors, asked)
    for row, vector in zip(rows, vectors, strict=True):
        number = grounds.statements[row].number - 1
        language = grounds.languages[row]
        held = _share(covered(asked.units, grounds.terms_in_place(row)), weights)
        if language == asked.language:
            near = float(vector @ asked.vector) - level - _MEAN_OWN
            scores[row] = np.dot(_OWN, (near, held, lead[number]))
        else:
            near = _centred(vector, asked, language) - _MEAN_ACROSS
            scores[row] = np.dot(_ACROSS, (near, held, lead[number])) - _ACROSS_COST
        scores[row] -= _CODE_COST * grounds.statements[row].is_code
    return scores


def with_told(scores: Scores, told: Mapping[int, float]) -> Scores:
    """(statements,) relevance with the model's log-odds, by row, that a statement answers."""
    if not told:
        return scores
    weighed = _PLAIN * scores + _TOLD * _UNTOLD
    for row, odds in told.items():
        weighed[row] += _TOLD * (odds - _UNTOLD)
    return weighed


def _level(grounds: Grounds, rows: Sequence[int], vectors: Scores, asked: Asked) -> float:
    """The mean cosine of the question and the statements in its language, where no passage is in that language: all
    that notes in the other one have in it, mostly examples, would else be far above their own sentences."""
    cosines = [
        float(vectors[n] @ asked.vector) for n, row in enumerate(rows) if grounds.languages[row] == asked.language
    ]
    return float(np.mean(cosines)) if cosines else 0.0


def _centred(vector: Scores, asked: Asked, language: Language) -> float:
    rest = vector - asked.common[language]
    return float(rest @ asked.centred / max(float(np.linalg.norm(rest) * np.linalg.norm(asked.centred)), 1e-9))


def _share(held: Sequence[bool], weights: np.ndarray) -> float:
    total = float(weights.sum())
    return float(weights[np.array(held, bool)].sum()) / total if total else 0.0


def _passage_scores(passages: Sequence[Passage], hits: Sequence[Hit]) -> list[float]:
    """Of each passage the best score of the hits in it, less the best of all."""
    best = max((hit.score for hit in hits), default=0.0)
    return [
        max((hit.score for hit in hits if hit.passage.overlaps(passage)), default=best) - best for passage in passages
    ]
