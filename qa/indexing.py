"""Brings the index up to date with a folder of notes, encoding only text whose vector is not stored yet."""

from __future__ import annotations

import functools
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qa.encoder import Encoder
from qa.index import Index
from qa.language import SEGMENTER_VERSION, search_terms
from qa.mining import MINER_VERSION, pairs_in
from qa.notes import Folder, read_folder
from qa.passages import SPLITTER_VERSION, split_note
from qa.question_mean import means_key, question_means
from qa.searchtext import SEARCH_TEXT_VERSION, search_text
from qa.tables import StoredPassage, Transaction
from qa.types import IndexChanges, Note, Passage, Progress

_SAVE_EVERY = 256  # passages: what an interrupted build loses at most
_NUMBERED = re.compile(r"\d+|[a-z]\d{2,}|[a-z]{2}\d+", re.IGNORECASE)  # 2024, p12, ch3; not L1, seq2seq, gpt4
_NO_NAMES_TEXT = """
readme index note notes untitled new document doc file draft todo misc temp test
笔记 未命名 新建 文档 文件 草稿 目录 临时 无标题
"""
_NO_NAMES = frozenset(_NO_NAMES_TEXT.split())

ReportProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Work:
    """What a folder of notes differs from the index in."""

    changed: list[Note]
    deleted: tuple[str, ...]
    unchanged: int
    stale: tuple[str, ...]  # as `staleness` gives it

    def __bool__(self) -> bool:
        return bool(self.changed or self.deleted or self.stale)


def refresh(
    corpus: Path, index: Index, encoder: Encoder, full: bool = False, progress: ReportProgress | None = None
) -> IndexChanges:
    """Make the index equal to one built from nothing; `full` also encodes every passage again.

    A note that is there but cannot be read now stays as it was. Raises CorpusNotFound, IndexLocked, IndexUnusable,
    EncoderError; the old index then still answers, and what was encoded so far is kept.
    """
    started = time.perf_counter()
    manifest = index.manifest()
    if "generation" in manifest and not full:
        with index.read() as snapshot:
            stored, passages = snapshot.note_hashes(), len(snapshot)
        work, folder = _compare(corpus, stored, staleness(manifest, encoder.fingerprint))
        if not work:
            index.heal()
            return _changes(folder, work, stored, 0, passages, started)

    def waiting(holder: str) -> None:
        if progress is not None:
            progress(Progress("wait", 0, 1, holder))

    with index.write(waiting) as transaction:
        stored, manifest = transaction.note_hashes(), transaction.manifest()  # another writer may have been at work
        work, folder = _compare(corpus, stored, staleness(manifest, encoder.fingerprint), full)
        split = dict(_split(work.changed, progress))
        texts = {s.content_hash: s.embedded for passages in split.values() for s in passages}
        if "encoder" in work.stale:
            unchanged = transaction.passages_except({*split, *work.deleted})
            texts |= {content_hash: embedded_text(passage) for content_hash, passage in unchanged}
        known = set() if full else transaction.known_vectors(encoder.fingerprint, texts)
        missing = {content_hash: text for content_hash, text in texts.items() if content_hash not in known}
        _encode(transaction, encoder, missing, progress)
        for path in work.deleted:
            transaction.delete_note(path)
        for done, note in enumerate(work.changed, 1):
            transaction.put_note(note, split[note.path], pairs_in(note.text))
            _report(progress, "store", done, len(work.changed))
        if work or full or "generation" not in manifest:
            kind = means_key(encoder.fingerprint)
            if not transaction.has_question_means(kind):
                transaction.put_question_means(kind, question_means(encoder))
            transaction.finish(encoder.fingerprint, encoder.location, rules())
        count = transaction.passage_count()
    return _changes(folder, work, stored, len(missing), count, started)


def embedded_text(passage: Passage) -> str:
    """What the encoder sees: the heading path, then the text, which often lacks the name of what it is about.

    A passage that does not stand under the note's title gets the name of the file, which then says what it is about.
    No folder: a moved note keeps its vectors.
    """
    return _embedded(passage, search_text(passage.text))


def staleness(manifest: Mapping[str, str], fingerprint: str) -> tuple[str, ...]:
    """What an index was built with that is another now: of "encoder" and the keys of `rules`."""
    wanted = rules() | {"encoder": fingerprint}
    return tuple(key for key, value in wanted.items() if "generation" in manifest and manifest.get(key) != value)


def is_current(corpus: Path, index: Index, encoder: Encoder) -> bool:
    """Whether a refresh would change nothing."""
    manifest = index.manifest()
    if "generation" not in manifest:
        return False
    with index.read() as snapshot:
        work, _ = _compare(corpus, snapshot.note_hashes(), staleness(manifest, encoder.fingerprint))
    return not work


def rules() -> dict[str, str]:
    """What else the stored index depends on; a difference means splitting and segmenting again."""
    return {
        "splitter": SPLITTER_VERSION,
        "segmenter": SEGMENTER_VERSION,
        "search_text": SEARCH_TEXT_VERSION,
        "miner": MINER_VERSION,
    }


def _compare(
    corpus: Path, stored: Mapping[str, str], stale: tuple[str, ...], full: bool = False
) -> tuple[Work, Folder]:
    same_rules = set(stale) <= {"encoder"}
    folder = read_folder(corpus, stored if same_rules and not full else {})
    deleted = sorted(path for path in stored.keys() - folder.paths() if not folder.hides(path))
    return Work(folder.notes, tuple(deleted), len(folder.unchanged), stale), folder


def _split(notes: Sequence[Note], progress: ReportProgress | None) -> Iterator[tuple[str, list[StoredPassage]]]:
    for done, note in enumerate(notes, 1):
        yield note.path, [_stored(note, passage) for passage in split_note(note)]
        _report(progress, "split", done, len(notes))


def _stored(note: Note, passage: Passage) -> StoredPassage:
    names = (PurePosixPath(note.path).stem, *note.names, *(passage.headings or (note.title,)))
    text = search_text(passage.text)
    embedded = _embedded(passage, text)
    return StoredPassage(
        passage,
        embedded,
        hashlib.sha256(embedded.encode("utf-8", "replace")).hexdigest(),
        _terms_of_names(" ".join(names)),
        " ".join(search_terms(text)),
    )


def _embedded(passage: Passage, text: str) -> str:
    path = _plain_path(PurePosixPath(passage.note_path).stem, passage.title, passage.headings)
    return "\n".join(filter(None, (path, text or passage.title)))


@functools.lru_cache(maxsize=1024)  # the passages of a section share it
def _plain_path(stem: str, title: str, headings: tuple[str, ...]) -> str:
    path = search_text(" > ".join(headings))
    name = "" if headings[:1] == (title,) else _words_of_name(stem) or (title if title != stem else "")
    return path if name.casefold() in path.casefold() else " > ".join(filter(None, (name, path)))


def _words_of_name(stem: str) -> str:
    """The words of a file's name; empty where it has none: numbers, dates, `readme`."""
    words = [word for word in re.split(r"[\W_]+", stem) if word and not _NUMBERED.fullmatch(word)]
    return "" if {word.casefold() for word in words} <= _NO_NAMES else " ".join(words)


@functools.lru_cache(maxsize=1024)
def _terms_of_names(names: str) -> str:
    return " ".join(search_terms(search_text(names)))


def _encode(
    transaction: Transaction, encoder: Encoder, texts: Mapping[str, str], progress: ReportProgress | None
) -> None:
    # Long and short texts apart, so that little is padded; saved in between, so that little is lost.
    hashes = sorted(texts, key=lambda content_hash: (len(texts[content_hash]), content_hash))
    for start in range(0, len(hashes), _SAVE_EVERY):
        part = hashes[start : start + _SAVE_EVERY]

        def report(done: int, _: int, start: int = start) -> None:
            _report(progress, "encode", start + done, len(hashes))

        vectors = encoder.encode_passages([texts[content_hash] for content_hash in part], report)
        transaction.put_vectors(encoder.fingerprint, dict(zip(part, vectors, strict=True)))


def _report(progress: ReportProgress | None, stage: str, done: int, total: int) -> None:
    if progress is not None:
        progress(Progress(stage, done, total))


def _changes(
    folder: Folder, work: Work, stored: Mapping[str, str], embedded: int, passages: int, started: float
) -> IndexChanges:
    return IndexChanges(
        added=tuple(note.path for note in work.changed if note.path not in stored),
        updated=tuple(note.path for note in work.changed if note.path in stored),
        deleted=work.deleted,
        unchanged=work.unchanged,
        embedded=embedded,
        reused=passages - embedded,
        passages=passages,
        skipped=tuple(folder.skipped),
        seconds=time.perf_counter() - started,
    )
