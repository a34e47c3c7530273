"""Finds the passages for a question: dense and lexical, drawn per language, fused by standardised score."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.encoder import Encoder
from qa.glossary import Glossary
from qa.index import Index
from qa.language import detect_language, search_terms
from qa.lexical import Unit
from qa.tables import Place, Snapshot
from qa.topics import passages_of_topic
from qa.types import Hit, Language

CANDIDATES = 60  # per language on the dense side, and on the lexical side
# Picked on the questions about the shipped notes, so their figures are in-sample; see bench/results.md.
LEXICAL_WEIGHT = 4.0  # of full coverage of the question's terms, against standard deviations of the cosine
CONCEPT_WEIGHT = 1.5  # of a concept of the glossary, against 1 of a term outside it
_TIES_KEPT = 4 * CANDIDATES  # lexical candidates at most, so that equal passages at the border are all looked at
_COPIES_NAMED = 20

OpenStored = Callable[[str, str], Encoder | None]  # of (location, fingerprint)


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
    """Searches one index with one encoder.

    An index that another encoder made is searched with that one where `open_stored` finds it, and by words alone where
    it does not, until the index is refreshed.
    """

    def __init__(
        self, index: Index, encoder: Encoder, glossary: Glossary, open_stored: OpenStored | None = None
    ) -> None:
        self._index = index
        self._encoder = encoder
        self._glossary = glossary
        self._open_stored = open_stored
        self._stored: dict[str, Encoder | None] = {}  # by fingerprint

    def find(self, text: str, top_k: int, topic: str | None = None) -> Found:
        """The best passages. Raises UnknownTopic and IndexNotBuilt."""
        query = understand(text, self._glossary)
        with self._index.read() as snapshot:
            # Before the encoder: an unknown topic is told at once.
            allowed = None if topic is None else snapshot.mask(passages_of_topic(snapshot.outline(), topic))
            return search(snapshot, query, self._vectors(query, snapshot), top_k, allowed)

    def _vectors(self, query: Query, snapshot: Snapshot) -> dict[Language, np.ndarray]:
        """A vector for the notes of each language: the question, with names that notes in the other language use."""
        encoder = self._encoder_of(snapshot)
        if encoder is None:
            return {}
        own: Language
        other: Language
        own, other = ("zh", "en") if detect_language(query.text) == "zh" else ("en", "zh")
        vector = encoder.encode_query(query.text)
        if query.expanded[other] == query.text:
            return {own: vector, other: vector}
        return {own: vector, other: encoder.encode_query(query.expanded[other])}

    def _encoder_of(self, snapshot: Snapshot) -> Encoder | None:
        fingerprint = snapshot.encoder
        if fingerprint == self._encoder.fingerprint:
            return self._encoder
        if fingerprint not in self._stored:
            opened = self._open_stored(snapshot.encoder_location, fingerprint) if self._open_stored else None
            self._stored[fingerprint] = opened
        return self._stored[fingerprint]


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
    allowed: NDArray[np.bool_] | None = None,
) -> Found:
    """The best passages of a snapshot, among the rows `allowed`; without vectors by words alone.

    The encoder prefers passages in the question's own language, so candidates are drawn in each language and their
    cosines standardised against that language's own background before the two meet. On the lexical side a passage gets
    the share of the question's weight that it covers. Passages that name much and say nothing (tables of contents) come
    after all others, and a text that stands in several places is shown once.
    """
    coverage = snapshot.coverage(query.units, allowed)
    lexical = _highest(coverage.shares, CANDIDATES)
    shares = dict(zip(snapshot.ids(lexical), coverage.shares[lexical].tolist(), strict=True))
    cosines: dict[int, float] = {}
    standardised: dict[int, float] = {}
    lexical_languages = np.array(snapshot.languages(lexical))
    for language, vector in vectors.items():
        rows = np.union1d(_nearest(snapshot, vector, language, allowed), lexical[lexical_languages == language]).astype(
            np.int64
        )
        ids = snapshot.ids(rows)
        shares |= dict(zip(ids, coverage.shares[rows].tolist(), strict=True))
        here = snapshot.cosines(vector, ids)
        mean, deviation = snapshot.background(vector, language)
        cosines |= here
        standardised |= {i: (cosine - mean) / deviation for i, cosine in here.items()}
    places = snapshot.places(list(shares))
    scores = {i: round(standardised.get(i, 0.0) + LEXICAL_WEIGHT * share, 5) for i, share in shares.items()}
    order = sorted(scores, key=lambda i: (places[i].listing, -scores[i], places[i].note_path, places[i].start))
    best = _first_of_each(order, places)[:top_k]
    copies = _copies(snapshot, best, places)
    passages = snapshot.passages([*best, *(j for others in copies.values() for j in others)])
    dense_ranks = _ranks(standardised, places)
    lexical_ranks = _ranks({i: share for i, share in shares.items() if share > 0}, places)
    hits = [
        Hit(
            passages[i],
            rank,
            scores[i],
            dense_ranks.get(i),
            lexical_ranks.get(i),
            cosines.get(i, 0.0),
            tuple(passages[j] for j in copies[i]),
        )
        for rank, i in enumerate(best, 1)
    ]
    if not hits:
        return Found([], Evidence(0.0, 0.0, coverage.named, True))
    saying = [i for i in shares if not places[i].listing] or list(shares)
    evidence = Evidence(
        # The highest of n independent standard normal values is about sqrt(2 ln n).
        distance=max(standardised[i] for i in saying) - math.sqrt(2 * math.log(len(snapshot))) if vectors else 0.0,
        coverage=max(shares[i] for i in saying),
        named=coverage.named,
        own_language=hits[0].passage.language == detect_language(query.text),
    )
    return Found(hits, evidence)


def _highest(shares: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Rows of the k highest shares above zero, with those that equal the last; ascending."""
    found = np.flatnonzero(shares)
    if len(found) <= k:
        return found
    least = np.partition(shares[found], -k)[-k]
    return np.asarray(found[shares[found] >= least][:_TIES_KEPT])


def _nearest(
    snapshot: Snapshot, vector: np.ndarray, language: Language, allowed: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    """The nearest rows: enough of them that texts which stand in many places leave room for others."""
    k = CANDIDATES
    while True:
        rows = snapshot.nearest(vector, language, k, allowed)
        places = snapshot.places(snapshot.ids(rows))
        different = {place.text_hash or str(i) for i, place in places.items()}
        if len(rows) < k or len(different) >= CANDIDATES // 2:
            return rows
        k *= 4


def _first_of_each(order: Iterable[int], places: Mapping[int, Place]) -> list[int]:
    """The passages in order, of equal texts only the first."""
    first: dict[str, int] = {}
    for i in order:
        first.setdefault(places[i].text_hash or f"passage {i}", i)
    return list(first.values())


def _copies(snapshot: Snapshot, ids: Iterable[int], places: Mapping[int, Place]) -> dict[int, list[int]]:
    """For each passage the others with the same text, in the order of the notes."""
    shown = list(ids)
    found = snapshot.copies(places[i].text_hash for i in shown)
    return {i: [j for j in found.get(places[i].text_hash, []) if j != i][:_COPIES_NAMED] for i in shown}


def _alternatives(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(terms for name in names if (terms := tuple(dict.fromkeys(search_terms(name))))))


def _ranks(scores: Mapping[int, float], places: Mapping[int, Place]) -> dict[int, int]:
    order = sorted(scores, key=lambda i: (-scores[i], places[i].note_path, places[i].start))
    return {i: rank for rank, i in enumerate(order, 1)}
