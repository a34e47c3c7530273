"""Refreshing: equal to a build from nothing, and nothing encoded twice."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest
from fakes import cosines
from fakes_cli import SlowEncoder

from qa.errors import CorpusNotFound
from qa.glossary import Glossary
from qa.index import DATABASE, Index
from qa.indexing import embedded_text, is_current, refresh, rules, staleness
from qa.lexical import Unit
from qa.notes import read_notes
from qa.passages import split_note
from qa.retrieval import Retriever
from qa.snapshot import Snapshot
from qa.types import Note, Passage, Progress

PARAGRAPHS = [
    "池化（pooling）缩小特征图，没有可学习的参数。",
    "卷积核在图像上滑动，共享权重。",
    "Dropout turns units off while training.",
    "Batch normalization 在批量维度上归一化。",
    "门控循环单元有更新门和重置门。",
    "| 层 | size |\n|---|---|\n| conv | 3x3 |",
    "- first item\n- 第二项",
    "- [[池化]]\n- [[卷积]]\n- [[归一化]]\n- [[dropout]]",
    "```python\nx = pool(x)\n```",
]
FRONT = "---\ntitle: {}\naliases: [归一化, BN]\ntags: [cnn]\n---\n\n"
UNITS = [Unit(((term,),)) for term in ("池化", "dropout", "归一化", "pad", "cnn")]
FAILING = 260  # passages: in the second batch of 256


class BreakingEncoder(SlowEncoder):
    """Breaks instead of encoding more passages than it can."""

    def __init__(self, fingerprint: str = "words/1", after: int = 0) -> None:
        super().__init__(fingerprint)
        self._fails_after = after


class Notes:
    """A corpus folder with its index."""

    def __init__(self, folder: Path) -> None:
        self.corpus = folder / "corpus"
        self.corpus.mkdir(parents=True)
        self.index = Index(folder / "index")
        self.encoder = SlowEncoder()

    def write(self, name: str, text: str, encoding: str = "utf-8") -> None:
        path = self.corpus / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode(encoding))

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
    """All that a search sees of each passage, its number in the database apart: cosine and lexical share."""
    ids = [i for *_, of_heading in snapshot.outline() for i in of_heading]
    assert len(ids) == len(snapshot)
    query = SlowEncoder().encode_query("池化 dropout 归一化 padding")
    found_cosines = cosines(snapshot, query, ids) if snapshot.encoder == "words/1" else {}
    shares = snapshot.coverage(UNITS).shares
    found = np.flatnonzero(shares)
    scores = dict(zip(snapshot.ids(found), shares[found].tolist(), strict=True))
    passages = snapshot.passages(ids)
    return {p: (found_cosines.get(i, 0.0), scores.get(i, 0.0)) for i, p in passages.items()}


def assert_same(found: dict[Passage, tuple[float, float]], expected: dict[Passage, tuple[float, float]]) -> None:
    """Sums of other orders differ in their last digits."""
    assert found.keys() == expected.keys()
    for passage, values in expected.items():
        assert found[passage] == pytest.approx(values, abs=1e-4), passage


def hits(index: Index, encoder: SlowEncoder, question: str) -> list[tuple[list[str], float]]:
    """Where each text that is found stands, all of its places in their order, and its score."""
    found = Retriever(index, encoder, Glossary.load).find(question, 6).hits
    return [(sorted(p.id for p in (hit.passage, *hit.copies)), round(hit.score, 2)) for hit in found]


def places(notes: Notes, question: str) -> list[str]:
    """Of the best text that is found."""
    return hits(notes.index, notes.encoder, question)[0][0]


def edit(corpus: Path, luck: random.Random) -> None:
    """Add, change, move, copy, recode, damage or delete a note or a folder, or make it unreadable for a while."""
    paths = sorted(path for path in corpus.rglob("*.md") if path.is_file() and not path.is_symlink())
    folder = corpus / luck.choice(["", "", "sub", "子"])
    folder.mkdir(exist_ok=True)
    name = folder / f"{luck.randrange(6)}.md"
    if name.is_symlink():
        name.unlink()
    body = "\n\n".join(
        f"{'#' * luck.randint(1, 3)} 题{luck.randrange(3)}\n\n{luck.choice(PARAGRAPHS)}" for _ in range(3)
    )
    kinds = ["write", "front", "recode", "append", "move", "copy", "delete", "damage", "cut", "hide", "rename", "CRLF"]
    match luck.choice(kinds), luck.sample(paths, len(paths)):
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
            path.write_bytes(path.read_bytes()[:40].decode(errors="ignore").encode())
        case "hide", [path, *_]:  # and then something else stands there
            path.unlink()
            path.symlink_to("nowhere")
        case "rename", _ if (corpus / "sub").is_dir() and not (corpus / "renamed").exists():
            (corpus / "sub").rename(corpus / "renamed")
        case "front", _:
            name.write_text(FRONT.format(luck.choice(["批归一化", "Norm"])) + body, encoding="utf-8")
        case "recode", _:
            name.write_text(body, encoding=luck.choice(["gb18030", "utf-16", "utf-8-sig"]))
        case "CRLF", _:
            name.write_text(body, encoding="utf-8", newline="\r\n")
        case _:
            name.write_bytes(body.encode())


@pytest.mark.parametrize("seed", range(10))
def test_refreshing_after_edits_equals_building_from_nothing(tmp_path: Path, seed: int) -> None:
    luck = random.Random(seed)
    notes = Notes(tmp_path)
    for step in range(8):
        for _ in range(luck.randint(1, 4)):
            edit(notes.corpus, luck)
        refresh(notes.corpus, notes.index, notes.encoder)
        for link in [path for path in notes.corpus.rglob("*") if path.is_symlink()]:
            link.unlink()  # what cannot be read stays; only when it is gone, both must be equal
        changes = refresh(notes.corpus, notes.index, notes.encoder)
        fresh = Index(tmp_path / f"fresh-{step}")
        refresh(notes.corpus, fresh, SlowEncoder())
        with notes.index.read() as snapshot, fresh.read() as expected, Index(notes.index.folder).read() as reopened:
            assert_same(content(snapshot), content(expected))
            assert_same(content(reopened), content(expected))
            assert snapshot.notes() == expected.notes()
            assert snapshot.counts() == expected.counts()
            assert snapshot.mined() == expected.mined()
            assert changes.passages == len(expected)
        for question in ("池化的作用", "what does dropout do?"):
            assert hits(notes.index, notes.encoder, question) == hits(fresh, SlowEncoder(), question)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_encoded_twice_while_it_stays_in_the_notes(tmp_path: Path, seed: int) -> None:
    luck = random.Random(seed)
    notes = Notes(tmp_path)
    for _ in range(12):
        edit(notes.corpus, luck)
        before = {embedded_text(p) for note in notes_in(notes.index) for p in split_note(note)}
        assert before.isdisjoint(notes.encoded_by_refresh())


def notes_in(index: Index) -> list[Note]:
    if not index.manifest():
        return []
    with index.read() as snapshot:
        return list(snapshot.notes().values())


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


def test_refresh_that_another_one_has_made_meanwhile_changes_nothing(notes: Notes) -> None:
    """The second one waits for the lock, and compares again once it has it."""
    notes.write("new.md", "# New\n\nnew\n")
    stages, second = list[str](), SlowEncoder()
    waiting = threading.Event()

    def progress(now: Progress) -> None:
        stages.append(now.stage)
        waiting.set()

    later = threading.Thread(
        target=refresh, args=(notes.corpus, Index(notes.index.folder, 30), second), kwargs={"progress": progress}
    )
    before = int(notes.index.manifest()["generation"])

    def wait_for_the_second(now: Progress) -> None:
        if now.stage == "split":
            later.start()
            assert waiting.wait(30)

    assert refresh(notes.corpus, notes.index, notes.encoder, progress=wait_for_the_second).added == ("new.md",)
    later.join()
    assert (stages, second.encoded) == (["wait"], [])
    assert int(notes.index.manifest()["generation"]) == before + 1


def test_moved_and_copied_notes_encode_nothing(notes: Notes) -> None:
    (notes.corpus / "cnn.md").rename(notes.corpus / "卷积.md")
    notes.write("copy.md", (notes.corpus / "sub/rnn.md").read_text(encoding="utf-8"))
    assert notes.encoded_by_refresh() == []
    with notes.index.read() as snapshot:
        assert sorted(snapshot.notes()) == ["copy.md", "sub/rnn.md", "卷积.md"]


def test_renamed_folder_encodes_nothing(notes: Notes) -> None:
    (notes.corpus / "sub").rename(notes.corpus / "循环网络")
    assert notes.encoded_by_refresh() == []
    with notes.index.read() as snapshot:
        assert sorted(snapshot.notes()) == ["cnn.md", "循环网络/rnn.md"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_note_saved_in_another_encoding_encodes_nothing(notes: Notes, encoding: str) -> None:
    text = (notes.corpus / "sub/rnn.md").read_text(encoding="utf-8")
    notes.write("sub/rnn.md", text, encoding)
    changes = refresh(notes.corpus, notes.index, notes.encoder)
    assert (changes.updated, changes.embedded) == (("sub/rnn.md",), 0)


def test_edited_paragraph_is_all_that_is_encoded(notes: Notes) -> None:
    notes.write("cnn.md", "# CNN\n\n池化层缩小特征图。\n\n## Padding\n\nPadding keeps the shape.\n")
    (text,) = notes.encoded_by_refresh()
    assert text.startswith("CNN > Padding\n")
    assert "Padding keeps the shape." in text


def test_lines_above_a_paragraph_do_not_make_it_encoded_again(notes: Notes) -> None:
    text = (notes.corpus / "cnn.md").read_text(encoding="utf-8")
    notes.write("cnn.md", "\n\n\n" + text)
    assert notes.encoded_by_refresh() == []
    with notes.index.read() as snapshot:
        lines = [passage.start_line for passage in content(snapshot) if passage.note_path == "cnn.md"]
    assert lines == [4, 8]


def test_new_name_in_the_front_matter_is_found_and_encodes_only_the_passage_that_holds_it(notes: Notes) -> None:
    text = (notes.corpus / "cnn.md").read_text(encoding="utf-8")
    notes.write("cnn.md", "---\naliases: [灵机一动]\n---\n" + text)
    (encoded,) = notes.encoded_by_refresh()
    assert "Padding" not in encoded
    assert places(notes, "灵机一动")[0].startswith("cnn.md#")


def mined(notes: Notes) -> list[tuple[str, str, int]]:
    with notes.index.read() as snapshot:
        return snapshot.mined()


def test_names_that_notes_pair_are_mined_and_an_edited_note_changes_only_its_own(notes: Notes) -> None:
    notes.write("cnn.md", "# CNN\n\n池化（pooling）缩小特征图，步幅（stride）也是。\n")
    notes.write("sub/rnn.md", "# RNN\n\n池化（pooling）在这里不用。\n")
    refresh(notes.corpus, notes.index, notes.encoder)
    assert mined(notes) == [("步幅", "stride", 1), ("池化", "pooling", 2)]
    notes.write("cnn.md", "# CNN\n\n没有术语了。\n")
    refresh(notes.corpus, notes.index, notes.encoder)
    assert mined(notes) == [("池化", "pooling", 1)]


def test_pairs_of_an_index_without_them_come_with_the_next_refresh_and_nothing_is_encoded(notes: Notes) -> None:
    notes.write("cnn.md", "# CNN\n\n池化（pooling）缩小特征图。\n")
    refresh(notes.corpus, notes.index, notes.encoder)
    connection = sqlite3.connect(notes.index.folder / DATABASE)
    connection.executescript(
        "DROP TABLE pairs; DROP TABLE question_means; DELETE FROM manifest WHERE key = 'miner'; PRAGMA user_version = 2"
    )
    connection.close()
    assert mined(notes) == []
    assert staleness(notes.index.manifest(), "words/1") == ("miner",)
    assert notes.encoded_by_refresh() == []
    assert mined(notes) == [("池化", "pooling", 1)]


def test_restored_note_is_seen_whatever_its_time(notes: Notes) -> None:
    path = notes.corpus / "cnn.md"
    old = path.stat()
    notes.write("cnn.md", "# CNN\n\nnew text\n")
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert refresh(notes.corpus, notes.index, notes.encoder).updated == ("cnn.md",)


def test_unreadable_note_stays_is_reported_and_comes_back(notes: Notes) -> None:
    path = notes.corpus / "sub/rnn.md"
    path.rename(notes.corpus.parent / "away.md")
    path.symlink_to(notes.corpus.parent / "not-there-now.md")
    with notes.index.read() as snapshot:
        before = content(snapshot)
    changes = refresh(notes.corpus, notes.index, notes.encoder)
    assert not changes
    assert [(file.path, file.key) for file in changes.skipped] == [("sub/rnn.md", "skip_dangling")]
    with notes.index.read() as snapshot:
        assert_same(content(snapshot), before)
    (notes.corpus.parent / "away.md").rename(notes.corpus.parent / "not-there-now.md")
    again = refresh(notes.corpus, notes.index, notes.encoder)
    assert (bool(again), again.unchanged, again.skipped) == (False, 2, ())


def test_note_that_cannot_be_read_stays_while_others_change(notes: Notes) -> None:
    path = notes.corpus / "sub/rnn.md"
    path.unlink()
    path.symlink_to("/proc/self/mem")  # a regular file whose first byte is an input/output error, for root too
    notes.write("cnn.md", "# CNN\n\n卷积。\n")
    changes = refresh(notes.corpus, notes.index, notes.encoder)
    assert (changes.updated, changes.deleted) == (("cnn.md",), ())
    assert [file.key for file in changes.skipped] == ["skip_unreadable"]
    path.unlink()
    assert refresh(notes.corpus, notes.index, notes.encoder).deleted == ("sub/rnn.md",)


def test_notes_below_a_folder_that_leads_nowhere_stay(notes: Notes) -> None:
    (notes.corpus / "sub").rename(notes.corpus.parent / "drive")
    (notes.corpus / "sub").symlink_to(notes.corpus.parent / "unplugged")
    changes = refresh(notes.corpus, notes.index, notes.encoder)
    assert (bool(changes), [file.path for file in changes.skipped]) == (False, ["sub/"])
    (notes.corpus / "sub").unlink()
    (notes.corpus / "sub").symlink_to(notes.corpus.parent / "drive")
    assert refresh(notes.corpus, notes.index, notes.encoder).unchanged == 2


def test_note_that_became_no_text_is_no_longer_found(notes: Notes) -> None:
    (notes.corpus / "sub/rnn.md").write_bytes(b"\0\1\2")
    assert refresh(notes.corpus, notes.index, notes.encoder).deleted == ("sub/rnn.md",)


def test_repeated_text_is_encoded_once(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    for name in "abc":
        notes.write(f"{name}.md", "# Same\n\nsame text\n")
    changes = refresh(notes.corpus, notes.index, notes.encoder)
    assert (changes.embedded, changes.reused, changes.passages) == (1, 2, 3)


def test_text_that_stands_in_two_notes_keeps_its_vector_when_one_is_deleted(notes: Notes) -> None:
    notes.write("copy.md", (notes.corpus / "cnn.md").read_text(encoding="utf-8"))
    assert notes.encoded_by_refresh() == []
    (notes.corpus / "cnn.md").unlink()
    assert notes.encoded_by_refresh() == []
    assert places(notes, "padding")[0] == "copy.md#L5-L7@18"


def test_full_refresh_encodes_everything_again(notes: Notes) -> None:
    changes = refresh(notes.corpus, notes.index, notes.encoder, full=True)
    assert (changes.updated, changes.embedded, changes.reused) == (("cnn.md", "sub/rnn.md"), 3, 0)


def test_another_encoder_encodes_everything_and_says_so(notes: Notes) -> None:
    other = SlowEncoder("words/2")
    changes = refresh(notes.corpus, notes.index, other)
    assert changes
    assert (changes.updated, changes.embedded, len(other.encoded)) == ((), 3, 3)
    with notes.index.read() as snapshot:
        assert (snapshot.encoder, len(content(snapshot))) == ("words/2", 3)
    assert hits(notes.index, other, "padding")[0][0] == ["cnn.md#L5-L7@18"]


def test_another_encoder_and_an_edited_note_at_once(notes: Notes) -> None:
    notes.write("cnn.md", "# CNN\n\n卷积。\n")
    changes = refresh(notes.corpus, notes.index, SlowEncoder("words/2"))
    assert (changes.updated, changes.embedded, changes.passages) == (("cnn.md",), 2, 2)


def test_old_answers_go_on_until_all_vectors_of_another_encoder_are_there(notes: Notes) -> None:
    expected = hits(notes.index, notes.encoder, "更新门")
    seen = []

    def progress(now: Progress) -> None:
        if now.stage == "encode":
            seen.append(hits(Index(notes.index.folder), notes.encoder, "更新门"))

    refresh(notes.corpus, notes.index, SlowEncoder("words/2"), progress=progress)
    assert seen == [expected]


def long_note(notes: Notes) -> None:
    notes.write("long.md", "\n\n".join(f"## {n}\n\nparagraph {n}" for n in range(300)))


def test_interrupted_refresh_keeps_the_old_answers_and_its_vectors(notes: Notes) -> None:
    """The encoder breaks in the second batch of 256; the next refresh encodes only what was left."""
    with notes.index.read() as snapshot:
        before = content(snapshot)
    long_note(notes)
    with pytest.raises(RuntimeError, match="broke"):
        refresh(notes.corpus, notes.index, BreakingEncoder(after=FAILING))
    with notes.index.read() as snapshot:
        assert_same(content(snapshot), before)
    assert len(notes.encoded_by_refresh()) == 300 - 256


def test_interrupted_change_of_encoder_keeps_the_old_answers(notes: Notes) -> None:
    long_note(notes)
    with pytest.raises(RuntimeError, match="broke"):
        refresh(notes.corpus, notes.index, BreakingEncoder("words/2", after=FAILING))
    with notes.index.read() as snapshot:
        assert (snapshot.encoder, len(content(snapshot))) == ("words/1", 3)
    assert refresh(notes.corpus, notes.index, SlowEncoder("words/2")).embedded == 303 - 256


def test_first_build_that_breaks_at_once_can_be_begun_again(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    notes.write("a.md", "# A\n\na\n")
    with pytest.raises(RuntimeError, match="broke"):
        refresh(notes.corpus, notes.index, BreakingEncoder())
    assert refresh(notes.corpus, notes.index, notes.encoder).added == ("a.md",)


def test_missing_corpus_is_told_and_makes_no_index(tmp_path: Path) -> None:
    index = Index(tmp_path / "index")
    with pytest.raises(CorpusNotFound):
        refresh(tmp_path / "nowhere", index, SlowEncoder())
    assert index.manifest() == {}


def test_corpus_that_went_away_deletes_nothing(notes: Notes) -> None:
    notes.corpus.rename(notes.corpus.with_name("away"))
    with pytest.raises(CorpusNotFound):
        refresh(notes.corpus, notes.index, notes.encoder)
    with notes.index.read() as snapshot:
        assert len(snapshot) == 3


@pytest.mark.parametrize("text", [None, "", " \r\n\u3000"])
def test_empty_corpus_and_blank_notes_make_an_empty_index(tmp_path: Path, text: str | None) -> None:
    notes = Notes(tmp_path)
    if text is not None:
        notes.write("a.md", text)
    assert refresh(notes.corpus, notes.index, notes.encoder).passages == 0
    assert not refresh(notes.corpus, notes.index, notes.encoder)


def test_index_is_current_until_a_note_or_the_encoder_changes(notes: Notes) -> None:
    assert is_current(notes.corpus, notes.index, notes.encoder)
    assert not is_current(notes.corpus, notes.index, SlowEncoder("words/2"))
    notes.write("cnn.md", "changed")
    assert not is_current(notes.corpus, notes.index, notes.encoder)


def test_index_that_was_never_built_is_not_current_and_not_stale(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    assert not is_current(notes.corpus, notes.index, notes.encoder)
    assert staleness(notes.index.manifest(), "words/1") == ()


@pytest.mark.parametrize("key", rules())
def test_index_of_other_rules_is_made_again_without_encoding(notes: Notes, key: str) -> None:
    with notes.index.write() as transaction:
        transaction.finish(notes.encoder.fingerprint, "", rules() | {key: "older"})
    assert staleness(notes.index.manifest(), "words/1") == (key,)
    with notes.index.read() as snapshot:
        before = content(snapshot)
    changes = refresh(notes.corpus, notes.index, notes.encoder)
    assert (changes.updated, changes.embedded) == (("cnn.md", "sub/rnn.md"), 0)
    with notes.index.read() as snapshot:
        assert_same(content(snapshot), before)
    assert staleness(notes.index.manifest(), "words/1") == ()


def test_unreadable_note_keeps_its_passages_when_the_rules_change(notes: Notes) -> None:
    path = notes.corpus / "sub/rnn.md"
    path.unlink()
    path.symlink_to("nowhere")
    with notes.index.write() as transaction:
        transaction.finish(notes.encoder.fingerprint, "", {})
    changes = refresh(notes.corpus, notes.index, notes.encoder)
    assert (changes.updated, changes.deleted, changes.passages) == (("cnn.md",), (), 3)
    assert not refresh(notes.corpus, notes.index, notes.encoder)


def test_progress_goes_through_splitting_encoding_and_storing(tmp_path: Path) -> None:
    notes, seen = Notes(tmp_path), list[Progress]()
    long_note(notes)
    refresh(notes.corpus, notes.index, notes.encoder, progress=seen.append)
    assert (seen[0], seen[-1]) == (Progress("split", 1, 1), Progress("store", 1, 1))
    done = [now.done for now in seen if now == Progress("encode", now.done, 300)]
    assert (len(done), done[-1]) == (len(seen) - 2, 300)
    assert done == sorted(done)


def test_encoded_text_names_the_headings_and_not_the_file(notes: Notes) -> None:
    note = next(note for note in read_notes(notes.corpus)[0] if note.path == "cnn.md")
    assert [embedded_text(p).split("\n")[0] for p in split_note(note)] == ["CNN", "CNN > Padding"]


def test_stored_vectors_are_those_of_the_encoder(notes: Notes) -> None:
    note = next(note for note in read_notes(notes.corpus)[0] if note.path == "sub/rnn.md")
    vector = SlowEncoder().encode_passages([embedded_text(split_note(note)[0])])[0]
    with notes.index.read() as snapshot:
        rows = snapshot.nearest(vector, "zh", 1)
        found_cosines = cosines(snapshot, vector, snapshot.ids(rows))
    assert max(found_cosines.values()) == pytest.approx(1.0, abs=1e-6)
