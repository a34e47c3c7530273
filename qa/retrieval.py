"""Finds the passages for a question: dense and lexical, drawn per language, fused by standardised score."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qa.encoder import Encoder
from qa.evidence import NOTHING, Evidence, evidence, ways
from qa.glossary import Glossary
from qa.index import Index
from qa.lexical import Unit
from qa.queries import Query, named_units, other_language, understand
from qa.question_mean import means_key, question_means
from qa.reranking import Reordering
from qa.senses import CENTRING, Cosines, Senses, Vector
from qa.snapshot import Place, Snapshot
from qa.topics import passages_of_topic
from qa.types import LANGUAGES, OTHER, Hit, Language, Note, Passage

CANDIDATES = 60  # per language on the dense side, and on the lexical side
# Fitted on public questions and those about the shipped notes together; see bench/results.md.
LEXICAL_WEIGHT = 4.0  # of full coverage of the question's terms, against standard deviations of the cosine
LEXICAL_WEIGHT_ACROSS = 2.0  # the same for notes in the other language, where words match by chance or by a name
PROJECTED = 0.5  # and how much of what is left along the difference of the two languages
TRANSLATION_WEIGHT = 0.5  # of the translated question's vector, for notes in its language
TRANSLATED_FROM = 0.05  # share of the passages that must be in the other language for a translation to pay
RERANKED = 20  # passages that a reranker, where one is set, brings into a new order
_TIES_KEPT = 4 * CANDIDATES  # lexical candidates at most, so that equal passages at the border are all looked at
_COPIES_NAMED = 20

OpenStored = Callable[[str, str], Encoder | None]  # of (location, fingerprint)
ReadGlossary = Callable[[], Glossary]
Translate = Callable[[str, Language], str | None]  # of (question, language); None where it is late, empty: cannot


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search made of the question, to compare other texts with it in the same way."""

    language: Language
    vector: Vector
    level: float  # mean cosine of the question and the passages in its language
    centred: Vector  # less what all questions share
    common: Mapping[Language, Vector]  # what the passages of each language share
    units: tuple[Unit, ...]
    weights: tuple[float, ...]  # of the units, by how rare they are in the notes


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search, best first."""

    hits: list[Hit]
    evidence: Evidence
    state: str = ""  # identity of the state of the index that was searched
    whole: bool = True  # nothing that would have helped was late or failed
    asked: Asked | None = field(default=None, compare=False)  # None where no encoder is there


class Retriever:
    """Searches one index with one encoder.

    An index that another encoder made is searched with that one where `open_stored` finds it, and by words alone where
    it does not, until the index is refreshed.
    """

    def __init__(
        self,
        index: Index,
        encoder: Encoder,
        read_glossary: ReadGlossary,
        open_stored: OpenStored | None = None,
        reordering: Reordering | None = None,
    ) -> None:
        """`read_glossary` gives the glossary as it is now, the same object while it is the same."""
        self._index = index
        self._encoder = encoder
        self._read_glossary = read_glossary
        self._open_stored = open_stored
        self._reordering = reordering
        self._stored: dict[str, Encoder | None] = {}  # by fingerprint
        self._means: dict[str, Mapping[Language, Vector]] = {}  # by fingerprint
        self._merged: tuple[Glossary, str, Glossary] | None = None  # given, state of the index, with what its notes say

    def find(
        self,
        text: str,
        top_k: int,
        topic: str | None = None,
        translate: Translate | None = None,
        rerank: bool = True,
    ) -> Found:
        """The best passages. Raises UnknownTopic, IndexNotBuilt and GlossaryError.

        `translate` is asked only where enough of the notes are in the other language; a reranker only with `rerank`.
        """
        # Before the snapshot: a translation takes a second or two, and no state of the index is held for so long.
        wanted = translate is not None and self.translation_pays(text)
        translated = translate(text, other_language(text)) if translate and wanted else ""
        whole = translated is not None
        reordering = self._reordering if rerank else None
        with self._index.read() as snapshot:
            glossary = self._glossary_of(snapshot)
            # Before the encoder: an unknown topic is told at once.
            allowed = None if topic is None else snapshot.mask(passages_of_topic(snapshot.outline(), topic, glossary))
            query = understand(text, glossary, translated or "")
            depth = max(top_k, RERANKED) if reordering else top_k
            senses = self._senses(query, snapshot)
            found = search(snapshot, query, senses, depth, allowed)
            hits, state = found.hits, snapshot.identity
            # What is compared with the question later is encoded by the encoder of now.
            is_own = snapshot.encoder == self._encoder.fingerprint
            asked = _asked(snapshot, query, senses) if senses and is_own else None
        if reordering and hits:
            reordered = reordering.reorder(text, hits)
            whole = whole and reordered != hits
            hits = reordered[:top_k]
        return Found(hits, found.evidence, state, whole, asked)

    def sharing_words(self, text: str, top_k: int) -> list[Passage]:
        """The passages that share the most weighty words with a text, most first. Raises IndexNotBuilt."""
        with self._index.read() as snapshot:
            query = understand(text, self._glossary_of(snapshot))
            shares = snapshot.coverage(query.units).shares
            rows = _highest(shares, top_k)
            best = sorted(rows.tolist(), key=lambda row: (-shares[row], row))[:top_k]
            ids = snapshot.ids(np.array(best, np.int64))
            passages = snapshot.passages(ids)
            return [passages[i] for i in ids]

    def state(self) -> str:
        """The identity of the index as it is now. Raises IndexNotBuilt."""
        with self._index.read() as snapshot:
            return snapshot.identity

    def unnamed(self, text: str) -> tuple[str, ...]:
        """The names in a question of which no note has any word, by none of their names. Raises IndexNotBuilt.

        Where a note has a part of a name, it may well speak of the thing: "leaf weight" of a leaf node.
        """
        with self._index.read() as snapshot:
            glossary = self._glossary_of(snapshot)
            named = [(name, _any_word(unit)) for name, unit in named_units(text, glossary)]
            return tuple(name for name, unit in named if not snapshot.coverage([unit]).named)

    def translation_pays(self, text: str) -> bool:
        """Whether `find` would ask for a translation. Raises IndexNotBuilt."""
        with self._index.read() as snapshot:
            return snapshot.share(other_language(text)) >= TRANSLATED_FROM

    def glossary(self) -> Glossary:
        """The glossary with the pairs that the notes say themselves. Raises IndexNotBuilt and GlossaryError."""
        with self._index.read() as snapshot:
            return self._glossary_of(snapshot)

    def note(self, path: str) -> Note | None:
        """A note as it is in the index now. Raises IndexNotBuilt."""
        with self._index.read() as snapshot:
            return snapshot.note(path)

    def _glossary_of(self, snapshot: Snapshot) -> Glossary:
        given, merged = self._read_glossary(), self._merged
        if merged is None or merged[0] is not given or merged[1] != snapshot.identity:
            merged = self._merged = (given, snapshot.identity, given.plus(snapshot.mined()))
        return merged[2]

    def _senses(self, query: Query, snapshot: Snapshot) -> Senses | None:
        """None where no encoder is there."""
        encoder = self._encoder_of(snapshot)
        if encoder is None:
            return None
        own, other = query.language, OTHER[query.language]
        plain = encoder.encode_query(query.text)
        expanded = plain if query.expanded == query.text else encoder.encode_query(query.expanded)
        means = self._means_of(snapshot, encoder)
        common = CENTRING * means[own]
        across = _less_of_its_language(expanded - common, means[own] - means[other])
        translation = encoder.encode_query(query.translated) if query.translated else None
        if translation is not None:
            across = (1 - TRANSLATION_WEIGHT) * across + TRANSLATION_WEIGHT * translation
        return Senses(plain, {own: plain, other: np.asarray(across, np.float32)}, translation, plain - common)

    def _means_of(self, snapshot: Snapshot, encoder: Encoder) -> Mapping[Language, Vector]:
        if encoder.fingerprint not in self._means:
            stored = snapshot.question_means(means_key(encoder.fingerprint))
            self._means[encoder.fingerprint] = stored or question_means(encoder)
        return self._means[encoder.fingerprint]

    def _encoder_of(self, snapshot: Snapshot) -> Encoder | None:
        fingerprint = snapshot.encoder
        if fingerprint == self._encoder.fingerprint:
            return self._encoder
        if fingerprint not in self._stored:
            opened = self._open_stored(snapshot.encoder_location, fingerprint) if self._open_stored else None
            self._stored[fingerprint] = opened
        return self._stored[fingerprint]


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
    lexical = _highest(shares_of_rows, CANDIDATES)
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
    scores = {
        i: round(dense.standardised.get(i, 0.0) + weights[of] * shares[i], 5)
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


def _any_word(unit: Unit) -> Unit:
    return Unit(tuple({(term,): None for alternative in unit.alternatives for term in alternative}))


def _asked(snapshot: Snapshot, query: Query, senses: Senses) -> Asked:
    return Asked(
        query.language,
        senses.plain,
        float(senses.plain @ snapshot.mean(query.language)) if snapshot.share(query.language) else 0.0,
        senses.centred,
        {language: CENTRING * snapshot.mean(language) for language in LANGUAGES},
        query.units,
        snapshot.coverage(query.units).weights,
    )


def _less_of_its_language(vector: Vector, difference: Vector) -> Vector:
    """A vector without some of its part along the difference of the two languages."""
    direction = difference / max(float(np.linalg.norm(difference)), 1e-9)
    return np.asarray(vector - PROJECTED * float(vector @ direction) * direction, np.float32)


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


def _ranks(scores: Mapping[int, float], places: Mapping[int, Place]) -> dict[int, int]:
    order = sorted(scores, key=lambda i: (-scores[i], places[i].note_path, places[i].start))
    return {i: rank for rank, i in enumerate(order, 1)}
