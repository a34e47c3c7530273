"""The list of notes: what the index has, what is on the disk, and what is left out and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes_chat import open_notes

from qa.errors import CorpusNotFound
from qa.note_tree import ListedNote
from qa.types import SkippedFile

CNN = "# CNN\n\n## 池化\n\n池化用来降维，也能让网络对平移不那么敏感。\n\n## Padding\n\nPadding keeps the edges of it.\n"
FILES = {"cnn.md": CNN, "deep/rnn.md": "# RNN\n\nA recurrent network remembers its state.\n", "empty.md": ""}


def test_notes_are_listed_with_passages_languages_and_sizes(tmp_path: Path) -> None:
    tree = open_notes(tmp_path, FILES, None).note_tree()
    assert tree.notes == (
        ListedNote("cnn.md", "CNN", ("zh", "en"), 2, len(CNN.encode())),
        ListedNote("deep/rnn.md", "RNN", ("en",), 1, 48),
        ListedNote("empty.md", "empty", ("en",), 0, 0),
    )
    assert (tree.passages, tree.waiting, tree.skipped) == (3, (), ())


def test_file_that_is_not_indexed_yet_is_waiting_and_one_that_is_no_note_is_skipped(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, FILES, None)
    (tmp_path / "corpus" / "new.md").write_text("# New\n", encoding="utf-8")
    (tmp_path / "corpus" / "program.md").write_bytes(b"\0\1\2\3")
    (tmp_path / "corpus" / "link.md").symlink_to("nowhere.md")
    tree = notes.note_tree()
    assert tree.waiting == ("new.md",)
    assert [(file.path, file.key) for file in tree.skipped] == [
        ("link.md", "skip_dangling"),
        ("program.md", "skip_binary"),
    ]
    assert isinstance(tree.skipped[0], SkippedFile)


def test_note_whose_file_is_gone_is_listed_until_the_next_refresh(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, FILES, None)
    (tmp_path / "corpus" / "cnn.md").unlink()
    assert [(note.path, note.size) for note in notes.note_tree().notes][:1] == [("cnn.md", None)]
    notes.rebuild()
    assert [note.path for note in notes.note_tree().notes] == ["deep/rnn.md", "empty.md"]


def test_what_the_ignore_file_names_is_not_listed_and_not_read(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, {"a.md": "# A\n\na\n", ".notesignore": "private/\n", "private/b.md": "b\n"}, None)
    tree = notes.note_tree()
    assert ([note.path for note in tree.notes], tree.waiting, tree.skipped) == (["a.md"], (), ())


def test_list_without_a_corpus_is_an_error(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, {"a.md": "# A\n\na\n"}, None)
    (tmp_path / "corpus" / "a.md").unlink()
    (tmp_path / "corpus").rmdir()
    with pytest.raises(CorpusNotFound):
        notes.note_tree()
