"""`NotesQA` as Python users call it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes_chat import ScriptedEngine, open_notes

from qa.errors import BadQuestion, ModelFailed, SettingsError

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


def test_topics_are_a_tree_with_counts(tmp_path: Path) -> None:
    cnn, rnn = open_notes(tmp_path, FILES, None).topics()
    assert (cnn.name, cnn.path, cnn.passages) == ("CNN", "cnn.md", 2)
    assert [(child.name, child.passages) for child in cnn.children] == [("池化", 1), ("填充", 1)]
    assert (rnn.path, rnn.passages, rnn.children) == ("deep/rnn.md", 1, ())


def test_every_topic_path_is_accepted_as_topic(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, FILES, None)
    paths = [child.path for topic in notes.topics() for child in (topic, *topic.children)]
    assert [len(notes.search("网络", 9, topic=path)) for path in paths] == [2, 1, 1, 1]


def test_rebuild_sees_an_edit_and_the_next_search_finds_it(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, FILES, None)
    (tmp_path / "corpus" / "new.md").write_text("# GRU\n\n重置门决定忘记多少。\n", encoding="utf-8")
    changes = notes.rebuild()
    assert (changes.added, changes.unchanged) == (("new.md",), 2)
    assert notes.search("重置门", 1)[0].passage.note_path == "new.md"
    assert not notes.rebuild()


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
