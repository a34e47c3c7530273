"""Finds the passages for a question in one index with one encoder: senses, glossary, translation, reranking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from qa.encoder import Encoder
from qa.found import Asked, Found
from qa.glossary import Glossary
from qa.index import Index
from qa.language import detect_language, has_han, search_terms
from qa.lexical import Unit
from qa.queries import Query, is_part_of_words, name_unit, named_units, other_language, subject_name, understand
from qa.question_mean import means_key, question_means
from qa.question_names import Lost, lost
from qa.ranking import highest, search
from qa.reranking import Reordering
from qa.senses import CENTRING, Senses, Vector
from qa.snapshot import Snapshot
from qa.topics import passages_of_topic
from qa.types import LANGUAGES, OTHER, Language, Note, Passage

# Fitted on public questions and those about the shipped notes together; see bench/results.md.
PROJECTED = 0.5  # how much of what is left along the difference of the two languages is taken away too
TRANSLATION_WEIGHT = 0.5  # of the translated question's vector, for notes in its language
TRANSLATED_FROM = 0.05  # share of the passages that must be in the other language for a translation to pay
RERANKED = 20  # passages that a reranker, where one is set, brings into a new order

_FUNCTION = frozenset(search_terms("函数 function"))
_NAMED = 0.6  # share of a name's words that a passage must have to name it

OpenStored = Callable[[str, str], Encoder | None]  # of (location, fingerprint)
ReadGlossary = Callable[[], Glossary]
Translate = Callable[[str, Language], str | None]  # of (question, language); None where it is late, empty: cannot


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
            names = tuple(unit for _, unit in named_units(text, glossary))
            query = replace(understand(text, glossary, translated or ""), names=names)
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

    def sharing_words(self, text: str, top_k: int, topic: str | None = None) -> list[Passage]:
        """The passages that share the most weighty words with a text, most first. Raises as `find`."""
        with self._index.read() as snapshot:
            glossary = self._glossary_of(snapshot)
            query = understand(text, glossary)
            shares = snapshot.coverage(query.units).shares
            if topic is not None:
                allowed = snapshot.mask(passages_of_topic(snapshot.outline(), topic, glossary))
                shares = np.where(allowed, shares, -1.0)
            rows = highest(shares, top_k)
            rows = rows[shares[rows] >= 0]
            best = sorted(rows.tolist(), key=lambda row: (-shares[row], row))[:top_k]
            ids = snapshot.ids(np.array(best, np.int64))
            passages = snapshot.passages(ids)
            return [passages[i] for i in ids]

    def state(self) -> str:
        """The identity of the index as it is now. Raises IndexNotBuilt."""
        with self._index.read() as snapshot:
            return snapshot.identity

    def unnamed(self, text: str) -> tuple[str, ...]:
        """The names in a question that no passage has, by none of their names. Raises IndexNotBuilt and GlossaryError.

        A passage that has most words of a name may well speak of the thing: "the field is random" of a random field.
        Where the question has initials, such as CRF, one that has neither them nor the whole name does not. Words of
        the field, such as 训练集, count only where the notes have nothing else that the question names: a note on
        XGBoost may well speak of the thing without the word. An English one in small letters is none.
        """
        with self._index.read() as snapshot:
            glossary = self._glossary_of(snapshot)
            chinese = detect_language(text) == "zh"
            held = {
                name: _is_named(name, unit, snapshot)
                for name, unit in named_units(text, glossary)
                if (chinese or " " in name or not name.islower()) and not is_part_of_words(name, text)
            }
            of_field = {name for name in held if has_han(name) or (" " in name and name.islower())}
            return tuple(name for name in held if not (held[name] or (name in of_field and any(held.values()))))

    def lacks_subject(self, text: str, translated: str = "") -> bool:
        """Whether no passage has what a question names first. Raises IndexNotBuilt and GlossaryError.

        A plain word with a capital, such as Turing, may stand in notes in the other language by a name that is not in
        the glossary, unless the question `translated` keeps it.
        """
        with self._index.read() as snapshot:
            name = subject_name(text, self._glossary_of(snapshot))
            foreign = detect_language(text) == "en" and snapshot.share("zh") >= TRANSLATED_FROM
        return bool(name) and name in self.unnamed(text) and not (foreign and name.istitle() and name not in translated)

    def translation_pays(self, text: str) -> bool:
        """Whether `find` would ask for a translation. Raises IndexNotBuilt."""
        with self._index.read() as snapshot:
            return snapshot.share(other_language(text)) >= TRANSLATED_FROM

    def glossary(self) -> Glossary:
        """The glossary with the pairs that the notes say themselves. Raises IndexNotBuilt and GlossaryError."""
        with self._index.read() as snapshot:
            return self._glossary_of(snapshot)

    def named_in(self, text: str, language: Language) -> list[tuple[str, str]]:
        """What a text names in the other language, with the usual names in this one. Raises as `glossary`."""
        return self.glossary().named_in(text, language)

    def lost_in(self, question: str, translated: str, language: Language, told: Sequence[tuple[str, str]]) -> Lost:
        """What a question names and its translation into a language lacks. Raises IndexNotBuilt and GlossaryError."""
        with self._index.read() as snapshot:

            def in_notes(name: str) -> bool:
                return snapshot.coverage([name_unit(name)]).named > 0

            return lost(question, translated, language, told, self._glossary_of(snapshot), in_notes)

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


def _is_named(name: str, unit: Unit, snapshot: Snapshot) -> bool:
    if name.isupper():
        return snapshot.coverage([unit]).named > 0
    return any(snapshot.most_of(_without_parts(terms)) >= _NAMED for terms in unit.alternatives)


def _without_parts(terms: Sequence[str]) -> tuple[str, ...]:
    """Without what would count twice, 注意 of 注意力, and what need not be said: a 损失函数 is a 损失."""
    whole = tuple(term for term in terms if not any(term != other and term in other for other in terms))
    return tuple(term for term in whole if term not in _FUNCTION) or whole


def _asked(snapshot: Snapshot, query: Query, senses: Senses) -> Asked:
    return Asked(
        query.language,
        senses.plain,
        float(senses.plain @ snapshot.mean(query.language)) if snapshot.share(query.language) else None,
        senses.centred,
        {language: CENTRING * snapshot.mean(language) for language in LANGUAGES},
        query.units,
        snapshot.coverage(query.units).weights,
    )


def _less_of_its_language(vector: Vector, difference: Vector) -> Vector:
    """A vector without some of its part along the difference of the two languages."""
    direction = difference / max(float(np.linalg.norm(difference)), 1e-9)
    return np.asarray(vector - PROJECTED * float(vector @ direction) * direction, np.float32)
