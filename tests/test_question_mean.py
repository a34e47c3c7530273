"""What all questions share."""

from __future__ import annotations

import importlib.resources

import numpy as np
import pytest
from fakes import WordEncoder

from qa.language import detect_language
from qa.question_mean import QUESTIONS_VERSION, means_key, question_means
from qa.types import LANGUAGES


def pairs() -> list[list[str]]:
    text = (importlib.resources.files("qa") / "data" / "questions.tsv").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def test_each_question_stands_in_both_languages_once() -> None:
    assert [[detect_language(text) for text in pair] for pair in pairs()] == [["zh", "en"]] * len(pairs())
    assert len({text for pair in pairs() for text in pair}) == 2 * len(pairs())
    assert QUESTIONS_VERSION.split("/")[0] == str(len(pairs()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_mean_is_that_of_the_questions_vectors(language: str) -> None:
    encoder = WordEncoder()
    texts = [pair[LANGUAGES.index(language)] for pair in pairs()]  # type: ignore[arg-type]
    expected = np.mean([encoder.encode_query(text) for text in texts], axis=0)
    assert np.allclose(question_means(encoder)[language], expected)  # type: ignore[index]


def test_means_of_different_encoders_are_kept_apart() -> None:
    assert means_key("a") != means_key("b")
