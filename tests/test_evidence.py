"""The signs of a search."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qa.evidence import NOTHING, centred_cosines, evidence, ways
from qa.glossary import Concept, Glossary
from qa.queries import understand

GLOSSARY = Glossary([Concept(("池化",), ("pooling",))])
QUERY = understand("池化层", GLOSSARY)


def test_distance_is_what_the_best_has_beyond_the_best_of_chance() -> None:
    found = evidence([1.0, 4.0, 2.0], 0.3, 0.5, 0.7, 100, QUERY, "zh")
    assert found.distance == pytest.approx(4.0 - math.sqrt(2 * math.log(100)))
    assert found.lead == pytest.approx(4.0 - 1.5)
    assert (found.closeness, found.coverage, found.named) == (0.3, 0.5, 0.7)


def test_lead_is_over_the_next_five() -> None:
    assert evidence([9, 5, 4, 3, 2, 1, -50], 0, 0, 0, 7, QUERY, "zh").lead == pytest.approx(6.0)


def test_one_passage_or_none_has_no_lead() -> None:
    assert evidence([2.0], 0, 0, 0, 1, QUERY, "zh").lead == 0.0
    assert evidence([], 0, 0, 0, 0, QUERY, "zh").distance == 0.0


def test_language_of_the_best_passage_and_a_translation_are_told() -> None:
    assert evidence([1.0], 0, 0, 0, 1, QUERY, "zh").own_language
    across = evidence([1.0], 0, 0, 0, 1, understand("池化层", GLOSSARY, "pooling layer"), "en")
    assert (across.own_language, across.translated) == (False, True)
    assert not NOTHING.translated


def test_centred_cosine_is_that_of_the_differences() -> None:
    passages = np.array([[3.0, 1.0], [1.0, 1.0]], np.float32)
    common = np.array([[1.0, 1.0], [1.0, 1.0]], np.float32)
    assert centred_cosines(np.array([1.0, 1.0], np.float32), passages, common) == pytest.approx([math.sqrt(0.5), 0.0])


@pytest.mark.parametrize(
    ("terms", "meaning", "translation", "expected"),
    [
        ({"池化"}, 0.0, 0.0, ("words",)),
        ({"pool"}, 0.0, 0.0, ("glossary",)),
        ({"pool", "池化"}, 3.0, 0.0, ("meaning", "words", "glossary")),
        ({"gate"}, 2.5, 9.0, ("meaning",)),
        ({"gate"}, 0.0, 0.0, ()),
    ],
)
def test_way_is_told_by_terms_and_by_cosines_that_stand_out(
    terms: set[str], meaning: float, translation: float, expected: tuple[str, ...]
) -> None:
    assert ways(QUERY, frozenset(terms), meaning, translation) == expected


def test_translation_is_a_way_by_its_words_or_its_meaning() -> None:
    query = understand("剪裁", GLOSSARY, "clip")
    assert ways(query, frozenset({"clip"}), 0.0, 0.0) == ("translation",)
    assert ways(query, frozenset({"gate"}), 0.0, 2.0) == ("translation",)
    assert ways(query, frozenset({"gate"}), 0.0, 1.9) == ()
