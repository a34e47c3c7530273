"""From the signs of a search to a probability that the notes answer: a logistic regression, fitted and stored.

The shipped weights come from public questions; a user's own questions can move them (maximum a posteriori with a normal
prior around the shipped ones, Bishop, "Pattern Recognition and Machine Learning", 4.3 and 4.4), as far as there are
enough questions to say so.
"""

from __future__ import annotations

import datetime
import functools
import importlib.resources
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qa.errors import IndexUnusable, QuestionFileError
from qa.evidence import Evidence
from qa.types import Language

FILE_NAME = "calibration.json"  # of a user's own, in the folder of the index
LEAST_QUESTIONS = 5  # of each sort: answered by the notes and not

SIGNS = ("distance", "lead", "closeness", "coverage", "named")
Kind = Literal["own", "across", "translated"]  # the best passage's language against the question's
KINDS: tuple[Kind, ...] = ("own", "across", "translated")
_PRIOR_QUESTIONS = 2.0  # how many questions, surely answered, it takes to move a weight by one scale
_STEPS = 50
_UNNAMED_COST = 2.0  # of log-odds
_LEAST_CHANCE = 0.01  # of what words alone say

Weights = tuple[float, ...]  # of SIGNS, each divided by its scale, and of 1


@dataclass(frozen=True, slots=True)
class Calibration:
    """Turns evidence, and the chat model's word where it was asked, into a probability."""

    scales: Weights  # standard deviations of SIGNS where the shipped weights were fitted
    weights: Mapping[Kind, Weights]
    margin_zero: Mapping[Language, float]  # a model says yes too easily: its log-odds count from here
    margin_weights: Weights  # of the search's log-odds, of the model's on all excerpts, and of 1
    telling_weights: Weights  # of the search's log-odds, of the model's on the sentence that answers best, and of 1
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def log_odds(self, evidence: Evidence) -> float:
        """Of the notes answering, as the search alone sees it; without an encoder, by what the best passage covers."""
        if evidence.by_words:
            covered = min(max(evidence.coverage, _LEAST_CHANCE), 1 - _LEAST_CHANCE)
            return math.log(covered / (1 - covered))
        return float(_features([evidence], self.scales)[0] @ np.array(self.weights[kind_of(evidence)]))

    def chance(
        self,
        evidence: Evidence,
        margin: float | None,
        language: Language,
        telling: float | None = None,
        unnamed: bool = False,
    ) -> float:
        """How probable it is that the notes answer a question in `language`, 0 to 1.

        `margin` is the model's log-odds of yes over no where it was asked about all excerpts, `telling` the highest
        where it was asked about single sentences. `unnamed` says that the question names something that no note does.
        """
        odds = self.log_odds(evidence)
        if telling is not None:
            of_search, of_model, bias = self.telling_weights
            odds = of_search * odds + of_model * telling + bias
        elif margin is not None:
            of_search, of_model, bias = self.margin_weights
            odds = of_search * odds + of_model * (margin - self.margin_zero[language]) + bias
        odds -= _UNNAMED_COST * unnamed
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))


def kind_of(evidence: Evidence) -> Kind:
    """Which weights count: words are not expected to match in notes in the other language."""
    if evidence.own_language:
        return "own"
    return "translated" if evidence.translated else "across"


def shipped() -> Calibration:
    """The calibration of the package."""
    return _shipped()


def load(folder: Path) -> Calibration:
    """The user's own in the index folder, else the shipped one; one that cannot be read counts as none."""
    try:
        return _from_json(json.loads((folder / FILE_NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return shipped()


def save(calibration: Calibration, folder: Path) -> Path:
    """Write it into the index folder. Raises IndexUnusable."""
    path = folder / FILE_NAME
    temporary = path.with_name(f"{FILE_NAME}.{os.getpid()}.tmp")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(_to_json(calibration), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise IndexUnusable(
            f"The calibration cannot be written to {str(path)!r}: {error.strerror or error}. "
            "Give this user the right to write there, or choose another folder with --index."
        ) from error
    return path


def fit(
    evidence: Sequence[Evidence], answered: Sequence[bool], start: Calibration, source: Mapping[str, Any]
) -> Calibration:
    """The weights of `start` as these questions move them. `source` says where they come from.

    Raises QuestionFileError where there are too few of either sort.
    """
    counts = sum(answered), len(answered) - sum(answered)
    if min(counts) < LEAST_QUESTIONS:
        raise QuestionFileError(
            f"Calibrating takes at least {LEAST_QUESTIONS} questions that the notes answer and as many that they do "
            f'not; here are {counts[0]} and {counts[1]}. Add questions with an empty "gold", or use --from-headings.'
        )
    made = {"made": datetime.date.today().isoformat(), "answered": counts[0], "not_answered": counts[1], **source}
    return replace(moved(evidence, answered, start), provenance=made)


def moved(evidence: Sequence[Evidence], answered: Sequence[bool], start: Calibration | None = None) -> Calibration:
    """The weights of `start`, or the shipped ones, as these questions move them, however few there are."""
    start = start or shipped()
    weights = dict(start.weights)
    for kind in KINDS:
        chosen = [i for i, each in enumerate(evidence) if kind_of(each) == kind]
        if chosen:
            signs = _features([evidence[i] for i in chosen], start.scales)
            weights[kind] = fitted(signs, np.array([answered[i] for i in chosen], np.float64), start.weights[kind])
    return replace(start, weights=weights)


def fitted(
    signs: NDArray[np.float64], answered: NDArray[np.float64], prior: Weights, prior_questions: float = _PRIOR_QUESTIONS
) -> Weights:
    """Weights (k,) of signs (n, k) whose likelihood and nearness to the prior's together are highest; Newton's method.

    Both sorts of questions count as if there were as many of one as of the other: how often a user asks what the notes
    do not hold is another matter than how many of his test questions do.
    """
    mean = np.array(prior)
    weights = mean.copy()
    shares = np.array([np.mean(answered == sort) for sort in (0.0, 1.0)])
    each = np.where(answered > 0, 0.5 / max(shares[1], 1e-9), 0.5 / max(shares[0], 1e-9))
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(signs @ weights, -50, 50)))
        slope = signs.T @ (each * (chances - answered)) + prior_questions * (weights - mean)
        curvature = (signs * (each * chances * (1 - chances))[:, None]).T @ signs + prior_questions * np.eye(len(mean))
        step = np.linalg.solve(curvature, slope)
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return tuple(round(float(weight), 6) for weight in weights)


def _features(evidence: Sequence[Evidence], scales: Weights) -> NDArray[np.float64]:
    """(n, signs + 1)."""
    signs = np.array([[getattr(each, sign) for sign in SIGNS] for each in evidence], np.float64).reshape(-1, len(SIGNS))
    return np.column_stack([signs / np.array(scales), np.ones(len(signs))])


@functools.cache
def _shipped() -> Calibration:
    text = (importlib.resources.files("qa") / "data" / FILE_NAME).read_text(encoding="utf-8")
    return _from_json(json.loads(text))


def _to_json(calibration: Calibration) -> dict[str, Any]:
    return {
        "provenance": dict(calibration.provenance),
        "signs": list(SIGNS),
        "scales": list(calibration.scales),
        "weights": {kind: list(weights) for kind, weights in calibration.weights.items()},
        "margin_zero": dict(calibration.margin_zero),
        "margin_weights": list(calibration.margin_weights),
        "telling_weights": list(calibration.telling_weights),
    }


def _from_json(stored: Mapping[str, Any]) -> Calibration:
    if tuple(stored["signs"]) != SIGNS:
        raise ValueError("other signs")
    weights: dict[Kind, Weights] = {kind: _numbers(stored["weights"][kind], len(SIGNS) + 1) for kind in KINDS}
    return Calibration(
        _numbers(stored["scales"], len(SIGNS)),
        weights,
        {"zh": float(stored["margin_zero"]["zh"]), "en": float(stored["margin_zero"]["en"])},
        _numbers(stored["margin_weights"], 3),
        # A user's own of an earlier version has none.
        _numbers(stored["telling_weights"], 3) if "telling_weights" in stored else shipped().telling_weights,
        dict(stored["provenance"]),
    )


def _numbers(values: Sequence[Any], count: int) -> Weights:
    numbers = tuple(map(float, values))
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise ValueError("not the weights that are wanted")
    return numbers
