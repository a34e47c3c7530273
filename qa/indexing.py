"""Brings the index up to date with a folder of notes, encoding only text whose vector is not stored yet."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from qa.encoder import Encoder
from qa.index import Index
from qa.language import SEGMENTER_VERSION
from qa.notes import read_notes
from qa.passages import SPLITTER_VERSION, split_note
from qa.tables import StoredPassage, Transaction
from qa.types import IndexChanges, Note, Passage, Progress, SkippedFile

_SAVE_EVERY = 256  # passages: what an interrupted build loses at most

ReportProgress = Callable[[Progress], None]


def refresh(
    corpus: Path, index: Index, encoder: Encoder, full: bool = False, progress: ReportProgress | None = None
) -> IndexChanges:
    """Make the index equal to one built from nothing; `full` also encodes every passage again.

    Raises CorpusNotFound, IndexLocked, IndexUnusable, EncoderError; the old index then still answers, and what was
    encoded so far is kept.
    """
    started = time.perf_counter()
    notes, skipped = read_notes(corpus)
    if not full and is_current(index, encoder, notes):
        return _changes(index, notes, skipped, started)
    with index.write() as transaction:
        manifest = transaction.manifest()
        stored = transaction.note_hashes()
        same_rules = manifest.items() >= _rules().items()
        changed = [note for note in notes if full or not same_rules or stored.get(note.path) != note.sha256]
        deleted = tuple(sorted(stored.keys() - {note.path for note in notes}))
        split = {note.path: [_with_hash(passage) for passage in split_note(note)] for note in changed}
        texts = {s.content_hash: embedded_text(s.passage) for passages in split.values() for s in passages}
        if manifest.get("encoder", encoder.fingerprint) != encoder.fingerprint and not full:
            texts |= _texts_of_unchanged(notes, split)
        known = set() if full else transaction.known_vectors(encoder.fingerprint, texts)
        missing = {content_hash: text for content_hash, text in texts.items() if content_hash not in known}
        _encode(transaction, encoder, missing, progress)
        for path in deleted:
            transaction.delete_note(path)
        for note in changed:
            transaction.put_note(note, split[note.path])
        transaction.finish(encoder.fingerprint, _rules())
        passages = transaction.passage_count()
    index.save_dense()
    return IndexChanges(
        added=tuple(note.path for note in changed if note.path not in stored),
        updated=tuple(note.path for note in changed if note.path in stored),
        deleted=deleted,
        unchanged=len(notes) - len(changed),
        embedded=len(missing),
        reused=passages - len(missing),
        passages=passages,
        skipped=tuple(skipped),
        seconds=time.perf_counter() - started,
    )


def embedded_text(passage: Passage) -> str:
    """What the encoder sees: the heading path, then the passage. No file name: a moved note keeps its vectors."""
    return "\n".join((" > ".join(passage.headings), passage.text)) if passage.headings else passage.text


def is_current(index: Index, encoder: Encoder, notes: Sequence[Note]) -> bool:
    """Whether a refresh with these notes would change nothing."""
    manifest = index.manifest()
    if not manifest.items() >= (_rules() | {"encoder": encoder.fingerprint}).items():
        return False
    with index.read() as snapshot:
        return snapshot.note_hashes() == {note.path: note.sha256 for note in notes}


def _changes(index: Index, notes: Sequence[Note], skipped: Sequence[SkippedFile], started: float) -> IndexChanges:
    with index.read() as snapshot:
        passages = snapshot.counts()["passages"]
    return IndexChanges((), (), (), len(notes), 0, passages, passages, tuple(skipped), time.perf_counter() - started)


def _rules() -> dict[str, str]:
    """What else the stored index depends on; a difference means splitting and segmenting again."""
    return {"splitter": SPLITTER_VERSION, "segmenter": SEGMENTER_VERSION}


def _with_hash(passage: Passage) -> StoredPassage:
    return StoredPassage(passage, hashlib.sha256(embedded_text(passage).encode()).hexdigest())


def _texts_of_unchanged(notes: Sequence[Note], split: Mapping[str, object]) -> dict[str, str]:
    passages = (_with_hash(passage) for note in notes if note.path not in split for passage in split_note(note))
    return {stored.content_hash: embedded_text(stored.passage) for stored in passages}


def _encode(
    transaction: Transaction, encoder: Encoder, texts: Mapping[str, str], progress: ReportProgress | None
) -> None:
    # Long and short texts apart, so that little is padded; saved in between, so that little is lost.
    hashes = sorted(texts, key=lambda content_hash: (len(texts[content_hash]), content_hash))
    for start in range(0, len(hashes), _SAVE_EVERY):
        part = hashes[start : start + _SAVE_EVERY]

        def report(done: int, _: int, start: int = start) -> None:
            if progress is not None:
                progress(Progress("encode", start + done, len(hashes)))

        vectors = encoder.encode_passages([texts[content_hash] for content_hash in part], report)
        transaction.put_vectors(encoder.fingerprint, dict(zip(part, vectors, strict=True)))
