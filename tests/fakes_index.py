"""Notes, what is stored for them without a model, and what an index says of them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from fakes import WordEncoder

from qa.index import DATABASE, Index
from qa.language import search_terms
from qa.lexical import Unit
from qa.notes import note_title
from qa.passages import split_note
from qa.snapshot import Snapshot
from qa.tables import StoredPassage, Transaction
from qa.types import LANGUAGES, Note, Passage

ENCODER = WordEncoder()
CNN = "# CNN\n\n池化层缩小特征图，没有可学习的参数。\n\n## Padding\n\nPadding keeps the size of the feature map. 😀\n"
RNN = "# 循环神经网络\n\n门控循环单元有更新门和重置门。\n"


def note(path: str, text: str) -> Note:
    return Note(path, note_title(text, path), text, hashlib.sha256(text.encode()).hexdigest(), "zh", ("别名",))


def stored(note: Note) -> list[StoredPassage]:
    return [_stored(passage) for passage in split_note(note)]


def _stored(passage: Passage) -> StoredPassage:
    names = " ".join((Path(passage.note_path).stem, *(passage.headings or (passage.title,))))
    content_hash = hashlib.sha256(passage.text.encode()).hexdigest()
    return StoredPassage(passage, passage.text, content_hash, terms(names), terms(passage.text))


def terms(text: str) -> str:
    return " ".join(search_terms(text))


def put(transaction: Transaction, *notes: Note) -> None:
    for each in notes:
        passages = stored(each)
        vectors = {s.content_hash: ENCODER.encode_query(s.embedded) for s in passages}
        transaction.put_vectors(ENCODER.fingerprint, vectors)
        transaction.put_note(each, passages)


def finish(transaction: Transaction) -> None:
    transaction.finish(ENCODER.fingerprint, ENCODER.location, {"splitter": "s/1"})


def write(index: Index, *notes: Note, delete: Sequence[str] = ()) -> None:
    with index.write() as transaction:
        put(transaction, *notes)
        for path in delete:
            transaction.delete_note(path)
        finish(transaction)


def rows(index: Index, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(index.folder / DATABASE)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def unit(*alternatives: str) -> Unit:
    return Unit(tuple(tuple(search_terms(names)) for names in alternatives))


def texts(snapshot: Snapshot, found: Sequence[int]) -> list[str]:
    passages = snapshot.passages(found)
    return [passages[i].text for i in found]


def found(index: Index, *alternatives: str) -> list[str]:
    """Texts of the passages that hold all terms of one of the alternatives, best first."""
    with index.read() as snapshot:
        shares = snapshot.coverage([unit(*alternatives)]).shares
        best = np.argsort(-shares, kind="stable")[: np.count_nonzero(shares)]
        return texts(snapshot, snapshot.ids(best))


def nearest(snapshot: Snapshot, question: str, k: int = 9) -> list[list[str]]:
    """Texts of the nearest passages in each language, best first."""
    query = ENCODER.encode_query(question)
    return [texts(snapshot, snapshot.ids(snapshot.nearest(query, language, k))) for language in LANGUAGES]


def seen(index: Index) -> tuple[object, ...]:
    """All that a search of the index rests on, without ids."""
    with index.read() as snapshot:
        every = snapshot.ids(np.arange(len(snapshot)))
        question = ENCODER.encode_query("池化 padding")
        return (
            snapshot.notes(),
            sorted(passage.id for passage in snapshot.passages(every).values()),
            nearest(snapshot, "池化 padding"),
            [found(index, term) for term in ("池化", "padding", "更新门")],
            [tuple(np.round(snapshot.background(question, language), 5)) for language in LANGUAGES],
        )


def count(index: Index) -> int:
    with index.read() as snapshot:
        return len(snapshot)


def write_pairs(index: Index, pairs: dict[str, list[tuple[str, str]]]) -> None:
    with index.write() as transaction:
        for path, of_note in pairs.items():
            transaction.put_note(note(path, CNN), stored(note(path, CNN)), of_note)
        finish(transaction)


def mined(index: Index) -> list[tuple[str, str, int]]:
    with index.read() as snapshot:
        return snapshot.mined()
