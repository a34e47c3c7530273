"""Finds the passages for a question: dense and lexical, drawn per language, fused by standardised score."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qa.encoder import Encoder
from qa.errors import IndexNotBuilt
from qa.glossary import Glossary
from qa.index import Index
from qa.language import detect_language, search_terms
from qa.tables import Snapshot
from qa.topics import passages_of_topic
from qa.types import Hit, Language

CANDIDATES = 60  # per language on the dense side, and on the lexical side
# Picked on the questions about the shipped notes, so their figures are in-sample; see bench/results.md.
LEXICAL_WEIGHT = 4.0  # of full coverage of the question's terms, against standard deviations of the cosine
_LEAST_PASSAGES = 100  # for rarity: in a handful of passages a missing word says little
CONCEPT_WEIGHT = 1.5  # of a concept of the glossary, against 1 of a term outside it


@dataclass(frozen=True, slots=True)
class Unit:
    """Something the question asks for: any one of the alternatives will do, each needs all of its terms."""

    alternatives: tuple[tuple[str, ...], ...]
    weight: float = 1.0  # beside its rarity in the notes


@dataclass(frozen=True, slots=True)
class Query:
    """A question as the search takes it."""

    text: str
    units: tuple[Unit, ...]
    expanded: Mapping[Language, str]  # the question with the glossary's names of its concepts in that language


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the search itself says on whether the notes answer: of the best passages, not of one alone."""

    distance: float  # highest standardised cosine, beyond what the best of as many chance passages would have
    coverage: float  # highest share of the question's weight that one passage covers, 0 to 1
    named: float  # share of the question's weight whose terms occur anywhere in the notes, 0 to 1
    own_language: bool  # the best passage is in the question's language, so its words can be expected to match


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search, best first."""

    hits: list[Hit]
    evidence: Evidence


class Retriever:
    """Searches one index with one encoder."""

    def __init__(self, index: Index, encoder: Encoder, glossary: Glossary) -> None:
        self._index = index
        self._encoder = encoder
        self._glossary = glossary

    def find(self, text: str, top_k: int, topic: str | None = None) -> Found:
        """The best passages. Raises UnknownTopic, and IndexNotBuilt also where another encoder made the index."""
        query = understand(text, self._glossary)
        with self._index.read() as snapshot:
            if snapshot.encoder != self._encoder.fingerprint:
                raise IndexNotBuilt(
                    f"The index in {str(self._index.folder)!r} was built with another encoder. "
                    "Build it with this one: notes-qa index"
                )
            # Before the encoder: an unknown topic is told at once.
            within = None if topic is None else passages_of_topic(snapshot.outline(), topic)
            return search(snapshot, query, self._vectors(query), top_k, within)

    def _vectors(self, query: Query) -> dict[Language, np.ndarray]:
        """A vector for the notes of each language: the question, with names that notes in the other language use."""
        own: Language
        other: Language
        own, other = ("zh", "en") if detect_language(query.text) == "zh" else ("en", "zh")
        vector = self._encoder.encode_query(query.text)
        if query.expanded[other] == query.text:
            return {own: vector, other: vector}
        return {own: vector, other: self._encoder.encode_query(query.expanded[other])}


def understand(text: str, glossary: Glossary) -> Query:
    """The concepts that a question names in either language, and its terms outside of them, each a unit."""
    concepts = glossary.concepts_in(text)
    named = [Unit(_alternatives((*concept.zh, *concept.en)), CONCEPT_WEIGHT) for concept in concepts]
    absorbed = {term for unit in named for alternative in unit.alternatives for term in alternative}
    terms = [Unit(((term,),)) for term in dict.fromkeys(search_terms(text)) if term not in absorbed]
    usual: dict[Language, list[str]] = {"zh": [c.zh[0] for c in concepts], "en": [c.en[0] for c in concepts]}
    expanded = {language: " ".join((text, *names)) for language, names in usual.items()}
    return Query(text, (*terms, *named), expanded)


def search(
    snapshot: Snapshot,
    query: Query,
    vectors: Mapping[Language, np.ndarray],
    top_k: int,
    within: Sequence[int] | None = None,
) -> Found:
    """The best passages of a snapshot; among the ids `within` where given.

    The encoder prefers passages in the question's own language, so candidates are drawn in each language and their
    cosines standardised against that language's own background before the two meet. On the lexical side a passage gets
    the share of the question's weight (inverse document frequency) that it covers; terms that no note holds count as
    not covered, which keeps a chance match from deciding a question in the other language.
    """
    allowed = None if within is None else set(within)
    cosines: dict[int, float] = {}
    standardised: dict[int, float] = {}
    coverage, named = _coverage(snapshot, query.units, allowed)
    lexical = sorted(coverage, key=lambda i: (-coverage[i], i))[:CANDIDATES]
    for language, vector in vectors.items():
        ids = snapshot.ids(language)
        if allowed is not None:
            ids = ids[np.isin(ids, list(allowed))]
        here = dict(snapshot.dense(vector, CANDIDATES, ids))
        here |= snapshot.cosines(vector, sorted(set(lexical) & set(ids.tolist()) - here.keys()))
        mean, deviation = snapshot.background(vector, language)
        cosines |= here
        standardised |= {i: (cosine - mean) / deviation for i, cosine in here.items()}
    scores = {i: z + LEXICAL_WEIGHT * coverage.get(i, 0.0) for i, z in standardised.items()}
    best = sorted(scores, key=lambda i: (-scores[i], i))[:top_k]
    dense_ranks = _ranks(standardised)
    lexical_ranks = {i: rank for rank, i in enumerate(lexical, 1)}
    passages = snapshot.passages(best)
    hits = [
        Hit(passages[i], rank, scores[i], dense_ranks.get(i), lexical_ranks.get(i), cosines[i])
        for rank, i in enumerate(best, 1)
    ]
    if not hits:
        return Found([], Evidence(0.0, 0.0, named, True))
    evidence = Evidence(
        # The highest of n independent standard normal values is about sqrt(2 ln n).
        distance=max(standardised.values()) - math.sqrt(2 * math.log(max(len(snapshot), 1))),
        coverage=max(coverage.values(), default=0.0),
        named=named,
        own_language=hits[0].passage.language == detect_language(query.text),
    )
    return Found(hits, evidence)


def _coverage(snapshot: Snapshot, units: Iterable[Unit], allowed: set[int] | None) -> tuple[dict[int, float], float]:
    """The share of the units' weight that each passage covers, and the share that any passage holds, 0 to 1."""
    covered: dict[int, float] = {}
    total = known = 0.0
    for unit in units:
        matches = snapshot.lexical(unit.alternatives)
        passages = max(len(snapshot), _LEAST_PASSAGES)
        weight = unit.weight * math.log(1 + (passages - len(matches) + 0.5) / (len(matches) + 0.5))
        total += weight
        known += weight * bool(matches)
        highest = max(matches.values(), default=0.0)
        for i, score in matches.items():
            if allowed is None or i in allowed:
                covered[i] = covered.get(i, 0.0) + weight * (score / highest if highest > 0 else 1.0)
    return {i: share / total for i, share in covered.items()}, known / total if total else 0.0


def _alternatives(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(terms for name in names if (terms := tuple(dict.fromkeys(search_terms(name))))))


def _ranks(scores: dict[int, float]) -> dict[int, int]:
    return {i: rank for rank, i in enumerate(sorted(scores, key=lambda i: (-scores[i], i)), 1)}
