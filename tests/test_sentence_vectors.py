"""Sentences are encoded once as long as they are kept."""

from __future__ import annotations

import numpy as np
from fakes import WordEncoder

from qa.sentence_vectors import SentenceVectors


def test_vectors_come_in_the_order_of_the_sentences_each_encoded_once() -> None:
    encoder = WordEncoder()
    vectors = SentenceVectors(encoder)
    vectors.of(["池化降维。"])
    rows = vectors.of(["填充保边。", "池化降维。", "填充保边。"])
    assert np.array_equal(rows, WordEncoder().encode_passages(["填充保边。", "池化降维。", "填充保边。"]))
    assert encoder.encoded == ["池化降维。", "填充保边。"]


def test_what_was_not_asked_for_longest_is_forgotten() -> None:
    encoder = WordEncoder()
    vectors = SentenceVectors(encoder, kept=2)
    for text in ("一。", "二。", "一。", "三。", "一。", "二。"):
        vectors.of([text])
    assert encoder.encoded == ["一。", "二。", "三。", "二。"]


def test_more_sentences_than_are_kept_are_all_encoded() -> None:
    assert SentenceVectors(WordEncoder(), kept=1).of(["一。", "二。"]).shape == (2, WordEncoder().dimension)


def test_no_sentences_are_no_rows() -> None:
    assert SentenceVectors(WordEncoder()).of([]).shape == (0, WordEncoder().dimension)
