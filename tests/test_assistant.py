"""`NotesQA` as Python users call it."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fakes import WordEncoder
from fakes_chat import ScriptedEngine, open_notes

from qa.assistant import NotesQA
from qa.encoder import Vectors
from qa.errors import BadQuestion, IndexLocked, IndexNotBuilt, ModelFailed, NoteChanged, NotesQAError, SettingsError
from qa.index import Index
from qa.indexing import rules
from qa.note_files import NewFile
from qa.settings import Settings
from qa.types import IndexChanges, IndexState, Progress, Topic

FILES = {
    "cnn.md": "# CNN\n\n## 池化\n\n池化用来降维。\n\n## 填充\n\n填充保住边缘像素。\n",
    "deep/rnn.md": "# RNN\n\nA recurrent network remembers its state.\n",
}


def test_search_needs_no_chat_model(tmp_path: Path) -> None:
    engine = ScriptedEngine("")
    hits = open_notes(tmp_path, FILES, engine).search("池化", top_k=2)
    assert [hit.rank for hit in hits] == [1, 2]
    assert hits[0].passage.headings == ("CNN", "池化")
    assert engine.prompts == []


def test_search_imports_neither_langchain_nor_torch(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "cnn.md").write_text("# CNN\n\n池化用来降维。\n", encoding="utf-8")
    code = """
import sys
from pathlib import Path
from fakes import WordEncoder
from qa.assistant import NotesQA
from qa.index import Index
from qa.settings import Settings
folder = Path(sys.argv[1])
notes = NotesQA(folder / "corpus", Index(folder / "index"), WordEncoder(), Settings(), lambda: (None, ""))
notes.rebuild()
print(len(notes.search("池化")), [name for name in ("langchain_core", "torch", "gradio") if name in sys.modules])
"""
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout.strip(), done.stderr) == ("1 []", "")


def test_topics_are_a_tree_with_counts(tmp_path: Path) -> None:
    cnn, deep = open_notes(tmp_path, FILES, None).topics()
    assert (cnn.name, cnn.path, cnn.passages) == ("CNN", "cnn.md", 2)
    assert [(child.name, child.passages) for child in cnn.children] == [("池化", 1), ("填充", 1)]
    assert deep == Topic("deep", "deep/", 1, (Topic("RNN", "deep/rnn.md", 1, (), "循环神经网络"),))


def test_topics_have_the_names_that_the_glossary_and_the_notes_give_them(tmp_path: Path) -> None:
    said = {f"{n}.md": f"# {n}\n\n## 幻影池化\n\n幻影池化（Phantom Pooling）用来降维。\n" for n in ("a", "b")}
    first, *_ = open_notes(tmp_path, {**FILES, **said}, None).topics()
    assert first.children[0].label == "幻影池化 · Phantom Pooling"


def test_every_topic_path_is_accepted_as_topic(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, FILES, None)
    paths = [child.path for topic in notes.topics() for child in (topic, *topic.children)]
    assert paths == ["cnn.md", "cnn.md#池化", "cnn.md#填充", "deep/", "deep/rnn.md"]
    assert [len(notes.search("网络", 9, topic=path)) for path in paths] == [2, 1, 1, 1, 1]


def test_rebuild_sees_an_edit_and_the_next_search_finds_it(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, FILES, None)
    (tmp_path / "corpus" / "new.md").write_text("# GRU\n\n重置门决定忘记多少。\n", encoding="utf-8")
    changes = notes.rebuild()
    assert (changes.added, changes.unchanged) == (("new.md",), 2)
    assert notes.search("重置门", 1)[0].passage.note_path == "new.md"
    assert not notes.rebuild()


def test_saved_note_is_known_to_the_next_answer(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, FILES, None)
    opened = notes.read_note("deep/rnn.md")
    assert opened.text == FILES["deep/rnn.md"]
    notes.save_note("deep/rnn.md", "# RNN\n\n重置门决定忘记多少。\n", opened.sha256)
    assert notes.rebuild().updated == ("deep/rnn.md",)
    assert "重置门决定忘记多少" in notes.ask("重置门决定什么？").text
    with pytest.raises(NoteChanged, match="changed by another program"):
        notes.save_note("deep/rnn.md", "x", opened.sha256)


def test_added_note_is_known_to_the_next_answer(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, FILES, None)
    assert notes.add_note(NewFile("GRU.md", "# GRU\n\n重置门决定忘记多少。\n".encode())).outcome == "added"
    assert notes.rebuild().added == ("GRU.md",)
    assert "重置门决定忘记多少" in notes.ask("重置门决定什么？").text


def test_note_that_the_ignore_file_names_cannot_be_read(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, {**FILES, ".notesignore": "private/\n", "private/b.md": "b\n"}, None)
    with pytest.raises(NoteChanged, match=r"There is no note 'private/b\.md'"):
        notes.read_note("private/b.md")


def test_retriever_gives_langchain_documents(tmp_path: Path) -> None:
    (document,) = open_notes(tmp_path, FILES, None).as_retriever(top_k=1).invoke("池化")
    assert document.page_content.endswith("池化用来降维。")
    assert document.metadata["note_path"] == "cnn.md"
    assert (document.metadata["start_line"], document.metadata["end_line"]) == (1, 5)


def test_leaving_the_context_frees_the_model(tmp_path: Path) -> None:
    engine = ScriptedEngine("池化用来降维 [1]。")
    with open_notes(tmp_path, FILES, engine) as notes:
        notes.warm_up()
    assert engine.closed
    with pytest.raises(ModelFailed, match="closed"):
        notes.ask("池化？")


def test_empty_search_and_bad_top_k_are_told(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, FILES, None)
    with pytest.raises(BadQuestion):
        notes.search("  ")
    with pytest.raises(SettingsError, match="top_k cannot be 0"):
        notes.search("池化", top_k=0)


def test_index_of_no_notes_finds_nothing_and_declines(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    notes = open_notes(tmp_path, {}, ScriptedEngine("x"))
    assert notes.search("池化") == []
    assert notes.ask("什么是池化？").text == "你的笔记没有讲到这个问题。"


class WaitingEncoder(WordEncoder):
    """Encodes passages once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may = threading.Event(), threading.Event()

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Vectors:
        self.asked.set()
        assert self.may.wait(30)
        return super().encode_passages(texts, progress)


def unbuilt(folder: Path, encoder: WordEncoder) -> NotesQA:
    (folder / "corpus").mkdir()
    (folder / "corpus" / "cnn.md").write_text(FILES["cnn.md"], encoding="utf-8")
    index = Index(folder / "index", lock_seconds=0.05)
    return NotesQA(folder / "corpus", index, encoder, Settings(), lambda: (None, "extractive"))


def test_question_waits_for_a_first_build_that_is_running(tmp_path: Path) -> None:
    encoder = WaitingEncoder()
    notes = unbuilt(tmp_path, encoder)
    with ThreadPoolExecutor(2) as pool:
        built = pool.submit(notes.rebuild)
        assert encoder.asked.wait(30)
        found = pool.submit(notes.search, "池化", 1)
        assert not found.done()
        encoder.may.set()
        assert found.result()[0].passage.headings == ("CNN", "池化")
        assert built.result().added == ("cnn.md",)


def test_question_before_any_build_is_told_what_to_do(tmp_path: Path) -> None:
    notes = unbuilt(tmp_path, WordEncoder())
    with pytest.raises(IndexNotBuilt, match="Build it with: notes-qa index"):
        notes.search("池化")


def test_old_index_answers_while_a_refresh_is_running(tmp_path: Path) -> None:
    encoder = WaitingEncoder()
    notes = unbuilt(tmp_path, encoder)
    encoder.may.set()
    notes.rebuild()
    encoder.may.clear()
    encoder.asked.clear()
    (tmp_path / "corpus" / "cnn.md").write_text("# GRU\n\n重置门。\n", encoding="utf-8")
    with ThreadPoolExecutor(1) as pool:
        built = pool.submit(notes.rebuild)
        assert encoder.asked.wait(30)
        assert notes.search("池化", 1)[0].passage.headings == ("CNN", "池化")
        encoder.may.set()
        assert built.result().updated == ("cnn.md",)
    assert notes.search("池化", 1)[0].passage.headings == ("GRU",)


def test_watching_reports_each_refresh_its_progress_and_its_errors(tmp_path: Path) -> None:
    notes, stop = unbuilt(tmp_path, WordEncoder()), threading.Event()
    reports, stages = queue.Queue[IndexChanges | NotesQAError](), list[str]()

    def progress(now: Progress) -> None:
        stages.append(now.stage)

    follower = threading.Thread(target=notes.watch, args=(stop, reports.put, progress))
    follower.start()
    try:
        first = reports.get(timeout=30)
        assert isinstance(first, IndexChanges)
        assert (first.added, stages) == (("cnn.md",), ["split", "encode", "store"])
        with Index(tmp_path / "index").write():
            (tmp_path / "corpus" / "a.md").write_text("# A\n\na\n", encoding="utf-8")
            assert isinstance(reports.get(timeout=30), IndexLocked)
        (tmp_path / "corpus" / "b.md").write_text("# B\n\nb\n", encoding="utf-8")
        last = reports.get(timeout=30)
        assert isinstance(last, IndexChanges)
        assert last.added == ("a.md", "b.md")
    finally:
        stop.set()
        follower.join(30)
    assert not follower.is_alive()


def test_state_of_an_index_says_whether_it_is_there_and_by_what_rules(tmp_path: Path) -> None:
    notes, index = unbuilt(tmp_path, WordEncoder()), Index(tmp_path / "index")
    assert notes.index_state() == IndexState(False, ())
    notes.rebuild()
    assert notes.index_state() == IndexState(True, ())
    with index.write() as transaction:
        transaction.finish("words/1", "", rules() | {"segmenter": "older"})
    other = NotesQA(notes.corpus, index, WordEncoder("words/2"), Settings(), lambda: (None, "extractive"))
    assert set(other.index_state().stale) == {"encoder", "segmenter"}
