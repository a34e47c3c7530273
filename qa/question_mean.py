"""The mean vector of ordinary questions in each language: what all of them share, and what hides notes in the other.

That they are questions, and in one language, draws them all to the same few passages and to those in that language. So
the search takes some of the mean away (centring against hubs: Suzuki et al., "Centering Similarity Measures to Reduce
Hubs", 2013). The questions are of all kinds, so that their mean holds nothing of a subject.
"""

from __future__ import annotations

import functools
import importlib.resources

import numpy as np

from qa.encoder import Encoder, Vectors
from qa.types import LANGUAGES, Language

# Changing the questions changes what is stored with the index: count this up.
QUESTIONS_VERSION = "48/1"


def means_key(fingerprint: str) -> str:
    """Under which the means of an encoder with this fingerprint are stored."""
    return f"{fingerprint} {QUESTIONS_VERSION}"


def question_means(encoder: Encoder) -> dict[Language, Vectors]:
    """(dim,) float32 for each language, shorter than one; takes about a second."""
    asked = dict(zip(LANGUAGES, zip(*_questions(), strict=True), strict=True))
    return {
        language: np.asarray(np.mean([encoder.encode_query(text) for text in texts], axis=0), np.float32)
        for language, texts in asked.items()
    }


@functools.cache
def _questions() -> tuple[tuple[str, str], ...]:
    """(Chinese, English) of each question."""
    text = (importlib.resources.files("qa") / "data" / "questions.tsv").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple((chinese, english) for chinese, english in pairs)
