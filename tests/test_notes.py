"""Reading a folder of notes: encodings, titles, what is left out, and what is told."""

from __future__ import annotations

import codecs
import hashlib
import os
import sys
from pathlib import Path

import pytest

from qa.errors import CorpusNotFound
from qa.notes import MAX_BYTES, decode, line_starts, note_title, read_note, read_notes

LONG_ZH = "归一化让训练更稳定。批归一化在批量维度上求均值与方差，再用可学习的参数缩放和平移。"


def write(folder: Path, name: str, data: str | bytes = "# 标题\n正文\n") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def paths(folder: Path) -> list[str]:
    return [note.path for note in read_notes(folder)[0]]


def test_note_holds_the_file_as_it_is(tmp_path: Path) -> None:
    data = "# 池化（Pooling）\r\n\r\n　　缩小特征图。\r\n".encode()
    note = read_note(write(tmp_path, "a.md", data), "b/a.md")
    assert (note.path, note.title, note.language) == ("b/a.md", "池化（Pooling）", "zh")
    assert (note.text.encode(), note.sha256) == (data, hashlib.sha256(data).hexdigest())


def test_notes_of_all_suffixes_and_folders_are_read_in_order(tmp_path: Path) -> None:
    for name in ("b.md", "a.markdown", "sub/深/c.MD", "d.txt", "e.mdx"):
        write(tmp_path, name)
    assert paths(tmp_path) == ["a.markdown", "b.md", "d.txt", "e.mdx", "sub/深/c.MD"]


def test_hidden_files_other_files_and_tool_folders_are_left_out(tmp_path: Path) -> None:
    for name in (".a.md", ".obsidian/a.md", "node_modules/a.md", "__pycache__/a.md", "a.png", "a"):
        write(tmp_path, name)
    assert read_notes(tmp_path) == ([], [])


def test_missing_folder_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CorpusNotFound, match=r"There is no notes folder '.*nowhere'. Create it"):
        read_notes(tmp_path / "nowhere")


def test_file_that_is_no_text_is_skipped_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    write(tmp_path, "b.md", b"\x7fELF\0\0\0")
    notes, skipped = read_notes(tmp_path)
    assert [note.path for note in notes] == ["a.md"]
    assert [(file.path, file.reason) for file in skipped] == [("b.md", "has NUL characters, so it is not text")]


def test_file_that_is_too_large_is_skipped(tmp_path: Path) -> None:
    with write(tmp_path, "a.md").open("ab") as file:
        file.truncate(MAX_BYTES + 1)
    assert [file.reason for file in read_notes(tmp_path)[1]] == ["larger than 20 MB"]


def test_dangling_link_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to(tmp_path / "nowhere.md")
    notes, skipped = read_notes(tmp_path)
    assert (notes, [file.path for file in skipped]) == ([], ["a.md"])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes as a file's name")
def test_name_in_another_encoding_is_skipped_and_can_be_printed(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + "笔记".encode("gb18030") + b".md")).write_text("text")
    notes, skipped = read_notes(tmp_path)
    assert (notes, skipped[0].path) == ([], "\\udcb1ʼ\\udcc7.md")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_is_read_in_its_common_encodings(encoding: str) -> None:
    assert decode(LONG_ZH.encode(encoding)) == LONG_ZH


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_byte_order_mark_is_not_part_of_the_text(mark: bytes) -> None:
    kind = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    assert decode(mark + LONG_ZH.encode(kind)) == LONG_ZH


def test_traditional_chinese_in_big5_is_read() -> None:
    text = "機器學習筆記：過擬合是指模型在訓練資料上表現很好，在測試資料上卻很差。"
    assert decode(text.encode("big5")) == text


def test_western_text_in_cp1252_is_read() -> None:
    text = "The naïve Bayes classifier – “simple”, but café-tested."
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize("data", [b"a\0b", codecs.BOM_UTF16_LE + "a\0b".encode("utf-16-le")])
def test_nul_characters_are_not_text(data: bytes) -> None:
    with pytest.raises(ValueError, match="NUL"):
        decode(data)


def test_empty_file_is_an_empty_note(tmp_path: Path) -> None:
    note = read_note(write(tmp_path, "空.md", b""), "空.md")
    assert (note.title, note.text) == ("空", "")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# 卷积\n\n正文", "卷积"),
        ("intro\n\n   # CNN ##\n", "CNN"),
        ("# C#\n", "C#"),
        ("# 卷积\r\n正文", "卷积"),
        ("引言\r# 卷积\r正文", "卷积"),
        ("## 小节\n", "name"),
        ("#标签\n", "name"),
        ("```python\n# comment\n```\n# 卷积\n", "卷积"),
        ("~~~\n# comment\n", "name"),
        ("```一行``` 里\n# 卷积\n", "卷积"),
        ("    # code\n", "name"),
        ("", "name"),
    ],
)
def test_title_is_the_first_top_heading_or_the_name(text: str, title: str) -> None:
    assert note_title(text, "folder/name.md") == title


@pytest.mark.parametrize(
    ("text", "starts"), [("", [0]), ("a\nb", [0, 2]), ("a\r\nb\r\n", [0, 3, 6]), ("a\rb\n\nc", [0, 2, 4, 5])]
)
def test_lines_start_after_each_kind_of_line_end(text: str, starts: list[int]) -> None:
    assert line_starts(text) == starts
