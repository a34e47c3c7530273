"""What a search says beside its order: whether the notes answer at all, and which way each passage was found."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.lexical import Unit
from qa.queries import Query
from qa.types import Language, Way

_STANDS_OUT = 2.0  # standard deviations of the cosine: about one passage in fifty by chance
_RIVALS = 5  # passages that the best one is compared with


@dataclass(frozen=True, slots=True)
class Evidence:
    """Signs that notes answer a question, each without the level of a language, an encoder or a collection."""

    distance: float  # highest standardised cosine, beyond what the best of as many chance passages would have
    lead: float  # of the best standardised cosine before the mean of the next five
    closeness: float  # highest cosine once what all questions and all passages of a language share is taken away
    coverage: float  # share of the question's weight that the best passage covers, 0 to 1
    named: float  # share of the question's weight whose terms occur anywhere in the notes, 0 to 1
    own_language: bool  # the best passage is in the question's language, so its words can be expected to match
    translated: bool = False  # the question was asked in the other language too
    by_words: bool = False  # there was no encoder, so words alone can speak


NOTHING = Evidence(0.0, 0.0, 0.0, 0.0, 0.0, True)


def evidence(
    standardised: Sequence[float], closeness: float, coverage: float, named: float, passages: int, query: Query,
    language: Language,
) -> Evidence:  # fmt: skip
    """From the cosines of the candidates that say something (any order), and what the best passage in `language` has.

    `passages` is the number of all passages. Without cosines, where no encoder is there, words alone speak.
    """
    distance = lead = 0.0
    if standardised:
        best, *rivals = sorted(standardised, reverse=True)[: 1 + _RIVALS]
        # The highest of n independent standard normal values is about sqrt(2 ln n).
        distance = best - math.sqrt(2 * math.log(max(passages, 1)))
        lead = best - sum(rivals) / len(rivals) if rivals else 0.0
    own = language == query.language
    return Evidence(distance, lead, closeness, coverage, named, own, bool(query.translated), not standardised)


def centred_cosines(
    question: NDArray[np.float32], passages: NDArray[np.float32], common: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n,) cosines of a question and passages (n, dim) that are less their language's mean, `common` (n, dim)."""
    rest = passages - common
    lengths = np.linalg.norm(rest, axis=1) * np.linalg.norm(question)
    return np.asarray(np.einsum("ij,j->i", rest, question) / np.maximum(lengths, 1e-9), np.float32)


def ways(query: Query, terms: frozenset[str], meaning: float, translation: float) -> tuple[Way, ...]:
    """How a passage with these terms was found; `meaning` and `translation` are standardised cosines."""
    found: dict[Way, bool] = {
        "meaning": meaning >= _STANDS_OUT,
        "words": _holds(query.said, terms),
        "glossary": _holds(query.other_names, terms),
        "translation": bool(query.translated) and (translation >= _STANDS_OUT or _holds(query.translated_units, terms)),
    }
    return tuple(way for way, is_way in found.items() if is_way)


def _holds(units: Iterable[Unit], terms: frozenset[str]) -> bool:
    return any(terms.issuperset(alternative) for unit in units for alternative in unit.alternatives)
