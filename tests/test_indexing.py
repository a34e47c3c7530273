"""Refreshing: equal to a build from nothing, and nothing encoded twice."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest
from fakes import WordEncoder

from qa.errors import CorpusNotFound
from qa.index import Index
from qa.indexing import embedded_text, is_current, refresh
from qa.notes import read_notes
from qa.passages import split_note
from qa.tables import Snapshot
from qa.types import Passage, Progress

PARAGRAPHS = [
    "池化层缩小特征图，没有可学习的参数。",
    "卷积核在图像上滑动，共享权重。",
    "Dropout turns units off while training.",
    "Batch normalization 在批量维度上归一化。",
    "门控循环单元有更新门和重置门。",
    "| 层 | size |\n|---|---|\n| conv | 3x3 |",
    "- first item\n- 第二项",
]


class Notes:
    """A corpus folder with its index."""

    def __init__(self, folder: Path) -> None:
        self.corpus = folder / "corpus"
        self.corpus.mkdir(parents=True)
        self.index = Index(folder / "index")
        self.encoder = WordEncoder()

    def write(self, name: str, text: str) -> None:
        path = self.corpus / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())

    def encoded_by_refresh(self) -> list[str]:
        before = len(self.encoder.encoded)
        refresh(self.corpus, self.index, self.encoder)
        return self.encoder.encoded[before:]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    notes = Notes(tmp_path)
    notes.write("cnn.md", "# CNN\n\n池化层缩小特征图。\n\n## Padding\n\nPadding keeps the size.\n")
    notes.write("sub/rnn.md", "# RNN\n\n门控循环单元有更新门。\n")
    refresh(notes.corpus, notes.index, notes.encoder)
    return notes


def content(snapshot: Snapshot) -> dict[Passage, tuple[float, float]]:
    """All that a search sees of each passage, its number in the database apart."""
    query = WordEncoder().encode_query("池化 dropout 归一化 padding")
    cosines = dict(snapshot.dense(query, 10_000))
    scores = snapshot.lexical([("池化",), ("dropout",), ("归一化",), ("pad",)])
    return {p: (round(cosines[i], 5), round(scores.get(i, 0.0), 9)) for i, p in snapshot.passages(cosines).items()}


def edit(corpus: Path, luck: random.Random) -> None:
    """Add, change, move, copy, damage or delete a note."""
    paths = sorted(corpus.glob("*.md"))
    name = corpus / f"{luck.randrange(6)}.md"
    body = "\n\n".join(
        f"{'#' * luck.randint(1, 3)} 题{luck.randrange(3)}\n\n{luck.choice(PARAGRAPHS)}" for _ in range(3)
    )
    match luck.choice(["write", "write", "append", "move", "copy", "delete", "damage", "cut"]), paths:
        case "append", [path, *_]:
            path.write_bytes(path.read_bytes() + f"\n\n{luck.choice(PARAGRAPHS)}".encode())
        case "move", [path, *_]:
            path.replace(name)
        case "copy", [path, *_]:
            name.write_bytes(path.read_bytes())
        case "delete", [path, *_]:
            path.unlink()
        case "damage", [path, *_]:
            path.write_bytes(b"\0")
        case "cut", [path, *_]:
            path.write_bytes(path.read_bytes()[:20].decode(errors="ignore").encode())
        case _:
            name.write_bytes(body.encode())


@pytest.mark.parametrize("seed", range(8))
def test_refreshing_after_edits_equals_building_from_nothing(tmp_path: Path, seed: int) -> None:
    luck = random.Random(seed)
    notes = Notes(tmp_path)
    for step in range(6):
        for _ in range(luck.randint(1, 3)):
            edit(notes.corpus, luck)
        changes = refresh(notes.corpus, notes.index, notes.encoder)
        fresh = Index(tmp_path / f"fresh-{step}")
        refresh(notes.corpus, fresh, WordEncoder())
        with notes.index.read() as snapshot, fresh.read() as expected:
            assert content(snapshot) == content(expected)
            assert snapshot.notes() == expected.notes()
            assert snapshot.counts() == expected.counts()
            assert changes.passages == len(expected)


def test_changes_name_the_notes_and_count_the_passages(notes: Notes) -> None:
    notes.write("cnn.md", "# CNN\n\n池化层缩小特征图。\n\n## Stride\n\nStride skips positions.\n")
    notes.write("new.md", "# New\n\nnew\n")
    (notes.corpus / "sub/rnn.md").unlink()
    (notes.corpus / "bad.md").write_bytes(b"\0")
    changes = refresh(notes.corpus, notes.index, notes.encoder)
    assert (changes.added, changes.updated, changes.deleted) == (("new.md",), ("cnn.md",), ("sub/rnn.md",))
    assert (changes.unchanged, changes.embedded, changes.reused, changes.passages) == (0, 2, 1, 3)
    assert [file.path for file in changes.skipped] == ["bad.md"]


def test_second_refresh_changes_nothing_and_encodes_nothing(notes: Notes) -> None:
    before = notes.index.manifest()
    changes = refresh(notes.corpus, notes.index, notes.encoder)
    assert not changes
    assert (changes.unchanged, changes.embedded, changes.reused, changes.passages) == (2, 0, 3, 3)
    assert (len(notes.encoder.encoded), notes.index.manifest()) == (3, before)


def test_moved_and_copied_notes_encode_nothing(notes: Notes) -> None:
    (notes.corpus / "cnn.md").rename(notes.corpus / "卷积.md")
    notes.write("copy.md", (notes.corpus / "sub/rnn.md").read_text(encoding="utf-8"))
    assert notes.encoded_by_refresh() == []
    with notes.index.read() as snapshot:
        assert sorted(snapshot.notes()) == ["copy.md", "sub/rnn.md", "卷积.md"]


def test_edited_paragraph_is_all_that_is_encoded(notes: Notes) -> None:
    notes.write("cnn.md", "# CNN\n\n池化层缩小特征图。\n\n## Padding\n\nPadding keeps the shape.\n")
    assert notes.encoded_by_refresh() == ["CNN > Padding\n## Padding\n\nPadding keeps the shape."]


def test_lines_above_a_paragraph_do_not_make_it_encoded_again(notes: Notes) -> None:
    text = (notes.corpus / "cnn.md").read_text(encoding="utf-8")
    notes.write("cnn.md", "\n\n\n" + text)
    assert notes.encoded_by_refresh() == []
    with notes.index.read() as snapshot:
        assert [p.start_line for p in snapshot.passages(snapshot.ids("zh").tolist()).values()][-1] == 4


def test_restored_note_is_seen_whatever_its_time(notes: Notes) -> None:
    path = notes.corpus / "cnn.md"
    old = path.stat()
    notes.write("cnn.md", "# CNN\n\nnew text\n")
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert refresh(notes.corpus, notes.index, notes.encoder).updated == ("cnn.md",)


def test_repeated_text_is_encoded_once(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    for name in "abc":
        notes.write(f"{name}.md", "# Same\n\nsame text\n")
    changes = refresh(notes.corpus, notes.index, notes.encoder)
    assert (changes.embedded, changes.reused, changes.passages) == (1, 2, 3)


def test_full_refresh_encodes_everything_again(notes: Notes) -> None:
    changes = refresh(notes.corpus, notes.index, notes.encoder, full=True)
    assert (changes.updated, changes.embedded, changes.reused) == (("cnn.md", "sub/rnn.md"), 3, 0)


def test_another_encoder_encodes_everything_and_says_so(notes: Notes) -> None:
    other = WordEncoder("words/2", dimension=32)
    changes = refresh(notes.corpus, notes.index, other)
    assert changes
    assert (changes.updated, changes.embedded, len(other.encoded)) == ((), 3, 3)
    with notes.index.read() as snapshot:
        assert (snapshot.encoder, len(snapshot.dense(other.encode_query("池化"), 9))) == ("words/2", 3)


def test_another_encoder_and_an_edited_note_at_once(notes: Notes) -> None:
    notes.write("cnn.md", "# CNN\n\n卷积。\n")
    changes = refresh(notes.corpus, notes.index, WordEncoder("words/2"))
    assert (changes.updated, changes.embedded, changes.passages) == (("cnn.md",), 2, 2)


def test_interrupted_refresh_keeps_the_old_answers_and_its_vectors(notes: Notes) -> None:
    """The encoder breaks in the second batch of 256; the next refresh encodes only what was left."""
    with notes.index.read() as snapshot:
        before = content(snapshot)
    notes.write("long.md", "\n\n".join(f"## {n}\n\nparagraph {n}" for n in range(300)))
    with pytest.raises(RuntimeError, match="broke"):
        refresh(notes.corpus, notes.index, WordEncoder(fails_after=260))
    with notes.index.read() as snapshot:
        assert content(snapshot) == before
    assert len(notes.encoded_by_refresh()) == 300 - 256


def test_interrupted_change_of_encoder_keeps_the_old_answers(notes: Notes) -> None:
    notes.write("long.md", "\n\n".join(f"## {n}\n\nparagraph {n}" for n in range(300)))
    with pytest.raises(RuntimeError, match="broke"):
        refresh(notes.corpus, notes.index, WordEncoder("words/2", fails_after=260))
    with notes.index.read() as snapshot:
        assert (snapshot.encoder, len(snapshot.dense(notes.encoder.encode_query("池化"), 9))) == ("words/1", 3)
    assert refresh(notes.corpus, notes.index, WordEncoder("words/2")).embedded == 303 - 256


def test_first_build_that_breaks_at_once_can_be_begun_again(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    notes.write("a.md", "# A\n\na\n")
    with pytest.raises(RuntimeError, match="broke"):
        refresh(notes.corpus, notes.index, WordEncoder(fails_after=0))
    assert refresh(notes.corpus, notes.index, notes.encoder).added == ("a.md",)


def test_missing_corpus_is_told_and_makes_no_index(tmp_path: Path) -> None:
    with pytest.raises(CorpusNotFound):
        refresh(tmp_path / "nowhere", Index(tmp_path / "index"), WordEncoder())
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("text", [None, "", " \r\n\u3000"])
def test_empty_corpus_and_blank_notes_make_an_empty_index(tmp_path: Path, text: str | None) -> None:
    notes = Notes(tmp_path)
    if text is not None:
        notes.write("a.md", text)
    assert refresh(notes.corpus, notes.index, notes.encoder).passages == 0
    assert not refresh(notes.corpus, notes.index, notes.encoder)


def test_index_is_current_until_a_note_or_the_encoder_changes(notes: Notes) -> None:
    assert is_current(notes.index, notes.encoder, read_notes(notes.corpus)[0])
    assert not is_current(notes.index, WordEncoder("words/2"), read_notes(notes.corpus)[0])
    notes.write("cnn.md", "changed")
    assert not is_current(notes.index, notes.encoder, read_notes(notes.corpus)[0])


def test_index_of_other_rules_is_made_again_without_encoding(notes: Notes) -> None:
    with notes.index.write() as transaction:
        transaction.finish(notes.encoder.fingerprint, {"splitter": "older", "segmenter": "older"})
    changes = refresh(notes.corpus, notes.index, notes.encoder)
    assert (changes.updated, changes.embedded) == (("cnn.md", "sub/rnn.md"), 0)


def test_progress_counts_up_to_all_passages(tmp_path: Path) -> None:
    notes, seen = Notes(tmp_path), list[Progress]()
    notes.write("long.md", "\n\n".join(f"## {n}\n\nparagraph {n}" for n in range(300)))
    refresh(notes.corpus, notes.index, notes.encoder, progress=seen.append)
    assert seen == [Progress("encode", 256, 300), Progress("encode", 300, 300)]


def test_encoded_text_names_the_headings_and_not_the_file(notes: Notes) -> None:
    note = next(note for note in read_notes(notes.corpus)[0] if note.path == "cnn.md")
    assert [embedded_text(p).split("\n")[0] for p in split_note(note)] == ["CNN", "CNN > Padding"]


def test_stored_vectors_are_those_of_the_encoder(notes: Notes) -> None:
    note = next(note for note in read_notes(notes.corpus)[0] if note.path == "sub/rnn.md")
    vector = WordEncoder().encode_passages([embedded_text(split_note(note)[0])])[0]
    with notes.index.read() as snapshot:
        cosines = [cosine for _, cosine in snapshot.dense(vector, 1)]
    np.testing.assert_allclose(cosines, [1.0], atol=1e-6)
