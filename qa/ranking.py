"""Ranks the passages of one state of the index: dense and lexical, drawn per language, fused by standardised score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from qa.evidence import NOTHING, evidence, ways
from qa.found import Found
from qa.queries import Query
from qa.senses import Cosines, Senses
from qa.snapshot import Place, Snapshot
from qa.types import OTHER, Hit, Language

CANDIDATES = 60  # per language on the dense side, and on the lexical side
# Fitted on public questions and those about the shipped notes together; see bench/results.md.
LEXICAL_WEIGHT = 4.0  # of full coverage of the question's terms, against standard deviations of the cosine
LEXICAL_WEIGHT_ACROSS = 2.0  # the same for notes in the other language, where words match by chance or by a name
NAMED_WEIGHT = 1.0  # of all names in the question: what a note that does not name the thing says is of another one
_TIES_KEPT = 4 * CANDIDATES  # lexical candidates at most, so that equal passages at the border are all looked at
_COPIES_NAMED = 20


def search(
    snapshot: Snapshot, query: Query, senses: Senses | None, top_k: int, allowed: NDArray[np.bool_] | None = None
) -> Found:
    """The best passages of a snapshot, among the rows `allowed`; without vectors by words alone.

    The encoder prefers passages in the question's own language, so candidates are drawn in each language and their
    cosines standardised against that language's own background before the two meet. On the lexical side a passage gets
    the share of the question's weight that it covers. Passages that name much and say nothing (tables of contents) come
    after all others, and a text that stands in several places is shown once.
    """
    shares_of_rows, named = _shares(snapshot, query, allowed)
    lexical = highest(shares_of_rows, CANDIDATES)
    rows = lexical
    for language, vector in (senses.of_language if senses else {}).items():
        rows = np.union1d(rows, _nearest(snapshot, vector, language, allowed)).astype(np.int64)
    ids = snapshot.ids(rows)
    if not ids:
        return Found([], NOTHING)
    languages = snapshot.languages(rows)
    shares = dict(zip(ids, shares_of_rows[rows].tolist(), strict=True))
    dense = Cosines.of(snapshot, senses, ids, languages)
    places = snapshot.places(ids)
    # A translation's words can be expected in notes of its language, as the question's own in those of its own.
    across = LEXICAL_WEIGHT if query.translated else LEXICAL_WEIGHT_ACROSS
    weights = {query.language: LEXICAL_WEIGHT, OTHER[query.language]: across}
    names = dict(zip(ids, snapshot.coverage(query.names, allowed, graded=False).shares[rows].tolist(), strict=True))
    scores = {
        i: round(dense.standardised.get(i, 0.0) + weights[of] * shares[i] + NAMED_WEIGHT * names[i], 5)
        for i, of in zip(ids, languages, strict=True)
    }
    order = sorted(scores, key=lambda i: (places[i].listing, -scores[i], places[i].note_path, places[i].start))
    best = _first_of_each(order, places)[:top_k]
    copies = _copies(snapshot, best, places)
    passages = snapshot.passages([*best, *(j for others in copies.values() for j in others)])
    dense_ranks = _ranks(dense.standardised, places)
    lexical_ranks = _ranks({i: share for i, share in shares.items() if share > 0}, places)
    terms = snapshot.terms(best)
    hits = [
        Hit(
            passages[i],
            rank,
            scores[i],
            dense_ranks.get(i),
            lexical_ranks.get(i),
            dense.plain.get(i, 0.0),
            tuple(passages[j] for j in copies[i]),
            ways(query, terms[i], dense.meanings.get(i, 0.0), dense.translations.get(i, 0.0)),
        )
        for rank, i in enumerate(best, 1)
    ]
    saying = _first_of_each([i for i in order if not places[i].listing], places) or best
    return Found(
        hits,
        evidence(
            [dense.standardised[i] for i in saying if i in dense.standardised],
            max((dense.closeness[i] for i in saying if i in dense.closeness), default=0.0),
            shares[best[0]],
            named,
            len(snapshot),
            query,
            passages[best[0]].language,
        ),
    )


def _shares(snapshot: Snapshot, query: Query, allowed: NDArray[np.bool_] | None) -> tuple[NDArray[np.float32], float]:
    """(rows,) the share of the question's weight that each row covers, and what any row covers.

    In the question's own language words may count as they stand, where that covers more: a concept taken as one unit
    loses the parts of its name that a note uses without the rest.
    """
    coverage = snapshot.coverage(query.units, allowed)
    words = snapshot.coverage(query.words, allowed)
    across = snapshot.in_language(OTHER[query.language])
    there, named = coverage.shares, coverage.named
    if query.translated:
        translated = snapshot.coverage(query.translated_units, allowed)
        there, named = np.maximum(there, translated.shares), max(named, translated.named)
    shares = np.where(across, there, np.maximum(coverage.shares, words.shares))
    return np.asarray(shares, np.float32), named


def highest(shares: NDArray[np.float32], k: int) -> NDArray[np.int64]:
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


def _ranks(scores: Mapping[int, float], places: Mapping[int, Place]) -> dict[int, int]:
    order = sorted(scores, key=lambda i: (-scores[i], places[i].note_path, places[i].start))
    return {i: rank for rank, i in enumerate(order, 1)}
