"""Answers with the notes' own sentences: without a chat model, or where a model failed to give a usable text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qa.citations import Statement, cite, statements
from qa.encoder import Encoder
from qa.glossary import Glossary
from qa.language import detect_language, search_terms
from qa.lexical import Unit
from qa.queries import understand
from qa.types import Language, Passage

_SENTENCES = 3
_COVERAGE_WEIGHT = 0.15  # of covered terms beside the cosine
_RANK_COST = 0.01  # a passage further down must have a sentence this much better per place
_OTHER_LANGUAGE_COST = 0.1
_MIN_CHARS = 6


def extract(
    question: str, passages: Sequence[Passage], language: Language, encoder: Encoder, glossary: Glossary
) -> str:
    """The sentences that say most on the question, cited `[n]`, in reading order; '' where there is none.

    Sentences in the language of the answer come first; a note in the other language is quoted as it stands.
    """
    found = [
        statement
        for number, passage in enumerate(passages, 1)
        for statement in statements(passage, number)
        if len(statement.text) >= _MIN_CHARS
    ]
    if not found:
        return ""
    cosines = encoder.encode_passages([s.text for s in found]) @ encoder.encode_query(question)
    units = understand(question, glossary).units
    scores = np.array([_score(s, float(c), units, language) for s, c in zip(found, cosines, strict=True)])
    best = sorted(range(len(found)), key=lambda i: (-scores[i], i))[:_SENTENCES]
    return "\n".join(cite(found[i].text, (found[i].number,)) for i in sorted(best))


def _score(statement: Statement, cosine: float, units: Sequence[Unit], language: Language) -> float:
    terms = set(search_terms(statement.text))
    covered = sum(any(terms.issuperset(a) for a in unit.alternatives) for unit in units)
    score = cosine + _COVERAGE_WEIGHT * covered / max(len(units), 1) - _RANK_COST * statement.number
    return score - _OTHER_LANGUAGE_COST * (detect_language(statement.text) != language)
