"""The vectors of a question, and how near passages are to each of them; knows nothing about words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.evidence import centred_cosines
from qa.snapshot import Snapshot
from qa.types import Language

CENTRING = 0.7  # how much of what all questions share is taken away from a question for notes in the other language

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Senses:
    """The vectors of a question."""

    plain: Vector  # (dim,)
    of_language: Mapping[Language, Vector]  # what the notes in each language are searched with
    translation: Vector | None
    centred: Vector  # less what all questions in its language share


@dataclass(frozen=True, slots=True)
class Cosines:
    """What vectors say of the candidates, by passage id; all empty where there are none."""

    standardised: Mapping[int, float]  # what counts
    plain: Mapping[int, float]  # with the question as it is
    meanings: Mapping[int, float]  # the same standardised
    translations: Mapping[int, float]  # with the translated question, standardised
    closeness: Mapping[int, float]  # see `Evidence`

    @classmethod
    def of(cls, snapshot: Snapshot, senses: Senses | None, ids: list[int], languages: list[Language]) -> Cosines:
        """Of passages with ascending ids."""
        if senses is None:
            return cls({}, {}, {}, {}, {})
        vectors = snapshot.vectors(ids)
        counted, meanings, translations = (np.zeros(len(ids)) for _ in range(3))
        common = np.zeros_like(vectors)
        cosines = _products(vectors, senses.plain)
        for language in set(languages):
            here = np.array([of == language for of in languages])
            of_language = senses.of_language[language]
            counted[here] = _standard(snapshot, of_language, language, _products(vectors[here], of_language))
            meanings[here] = _standard(snapshot, senses.plain, language, cosines[here])
            if senses.translation is not None:
                products = _products(vectors[here], senses.translation)
                translations[here] = _standard(snapshot, senses.translation, language, products)
            common[here] = CENTRING * snapshot.mean(language)
        closeness = centred_cosines(senses.centred, vectors, common)
        parts = (counted, cosines, meanings, translations, closeness)
        return cls(*(dict(zip(ids, part.tolist(), strict=True)) for part in parts))


def _products(vectors: Vector, query: Vector) -> NDArray[np.float64]:
    # Not `@`: there the last digits of a product depend on its row, and equal texts must get equal cosines.
    return np.asarray(np.round(np.einsum("ij,j->i", vectors, query).astype(np.float64), 6))


def _standard(
    snapshot: Snapshot, query: Vector, language: Language, products: NDArray[np.float64]
) -> NDArray[np.float64]:
    mean, deviation = snapshot.background(query, language)
    return np.asarray((products - mean) / deviation)
