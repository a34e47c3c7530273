"""Reading a folder of notes: encodings, titles, what is left out, and what is told."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.errors import CorpusNotFound
from qa.notes import MAX_BYTES, find_files, line_starts, note_title, read_folder, read_found, read_note, read_notes
from qa.types import SkippedFile
from qa.words import skip_reason


def write(folder: Path, name: str, data: str | bytes = "# 标题\n正文\n") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def paths(folder: Path) -> list[str]:
    return [note.path for note in read_notes(folder)[0]]


def skips(folder: Path) -> list[tuple[str, str]]:
    return [(file.path, file.key) for file in read_notes(folder)[1]]


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
    for name in (".a.md", ".obsidian/a.md", "node_modules/a.md", "sub/venv/a.md", "a.png", "a"):
        write(tmp_path, name)
    assert read_notes(tmp_path) == ([], [])


def test_missing_folder_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CorpusNotFound, match=r"There is no notes folder '.*nowhere'. Create it"):
        read_notes(tmp_path / "nowhere")


def test_file_that_is_no_text_is_skipped_and_the_rest_is_read(tmp_path: Path) -> None:
    write(tmp_path, "a.md", b"\x7fELF\0\0\0")
    write(tmp_path, "b.md")
    write(tmp_path, "c.md", "Градиентный спуск".encode("cp1251"))
    with write(tmp_path, "d.md").open("ab") as file:
        file.truncate(MAX_BYTES + 1)
    assert (paths(tmp_path), skips(tmp_path)) == (
        ["b.md"],
        [("a.md", "skip_binary"), ("c.md", "skip_encoding"), ("d.md", "skip_too_large")],
    )


def test_reason_is_said_in_both_languages() -> None:
    file = SkippedFile("a.md", "cannot be read: Permission denied", "skip_unreadable")
    assert skip_reason(file, "en") == "cannot be read: Permission denied"
    assert skip_reason(file, "zh") == "无法读取：Permission denied"
    assert skip_reason(SkippedFile("a.md", "is a link that leads nowhere", "skip_dangling"), "zh") == "是失效的链接"
    assert skip_reason(SkippedFile("a.md", "odd", "no such key"), "zh") == "odd"


def test_too_large_file_is_told_with_the_limit(tmp_path: Path) -> None:
    with write(tmp_path, "a.md").open("ab") as file:
        file.truncate(MAX_BYTES + 1)
    [skipped] = read_notes(tmp_path)[1]
    assert skip_reason(skipped, "en") == "is larger than the limit: 20 MB"
    assert skip_reason(skipped, "zh") == "文件太大，上限：20 MB"


def test_link_that_leads_nowhere_is_told_as_a_note_or_as_a_folder(tmp_path: Path) -> None:
    for name in ("a.md", "vault", "b.png", ".hidden", "node_modules"):
        (tmp_path / name).symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.md").symlink_to("loop.md")
    assert paths(tmp_path) == []
    assert skips(tmp_path) == [("a.md", "skip_dangling"), ("loop.md", "skip_dangling"), ("vault/", "skip_dangling")]


def test_folder_or_pipe_with_the_name_of_a_note_is_told(tmp_path: Path) -> None:
    write(tmp_path, "x.md/inner.md")
    os.mkfifo(tmp_path / "y.md")
    assert (paths(tmp_path), skips(tmp_path)) == ([], [("x.md/", "skip_not_file"), ("y.md", "skip_not_file")])


def test_linked_files_are_notes_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "b.md").symlink_to(write(tmp_path, "elsewhere.md"))
    (tmp_path / "notes" / "a.md").symlink_to("b.md")
    assert paths(tmp_path / "notes") == ["a.md", "b.md"]


def test_linked_folder_is_read_once_and_a_real_one_comes_first(tmp_path: Path) -> None:
    corpus = tmp_path / "notes"
    write(corpus, "real/a.md")
    write(tmp_path, "outside/b.md")
    for name, target in {
        "a-link": corpus / "real",
        "link1": tmp_path / "outside",
        "link2": tmp_path / "outside",
    }.items():
        (corpus / name).symlink_to(target)
    assert paths(corpus) == ["link1/b.md", "real/a.md"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    corpus = tmp_path / "notes"
    write(corpus, "sub/a.md")
    write(tmp_path, "outside/b.md")
    (corpus / "sub" / "up").symlink_to(corpus)
    (corpus / "higher").symlink_to(tmp_path)
    (corpus / "out").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "back").symlink_to(corpus)
    assert paths(corpus) == ["out/b.md", "sub/a.md"]


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder of the ordinary user whom the test then is; root can read everything."""
    folder = Path(tempfile.mkdtemp())
    for name in ("open.md", "locked.md", "sub/a.md", "sub2/b.md"):
        write(folder, name)
    (folder / "locked.md").chmod(0)
    (folder / "sub").chmod(0)
    folder.chmod(0o755)
    if os.geteuid() == 0:
        os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(0)
    else:
        yield folder
    (folder / "sub").chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_unreadable_file_and_folder_are_told(locked: Path) -> None:
    notes, skipped = read_notes(locked)
    assert [note.path for note in notes] == ["open.md", "sub2/b.md"]
    assert skipped == [
        SkippedFile("locked.md", "cannot be read: Permission denied", "skip_unreadable"),
        SkippedFile("sub/", "is a folder that cannot be opened: Permission denied", "skip_folder"),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_what_cannot_be_read_may_hide_notes(locked: Path) -> None:
    folder = read_folder(locked)
    assert [folder.hides(name) for name in ("locked.md", "sub/a.md", "sub2/gone.md", "sub")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_unreadable_corpus_is_an_error_and_not_an_empty_one(locked: Path) -> None:
    with pytest.raises(CorpusNotFound, match="cannot be read: Permission denied"):
        read_notes(locked / "sub")


def test_file_known_to_be_no_note_hides_nothing(tmp_path: Path) -> None:
    write(tmp_path, "a.md", b"\0")
    assert not read_folder(tmp_path).hides("a.md")


def test_known_notes_are_not_read_again(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    write(tmp_path, "b.md")
    known = {note.path: note.sha256 for note in read_notes(tmp_path)[0]}
    write(tmp_path, "b.md", "# 新")
    folder = read_folder(tmp_path, known)
    assert (folder.unchanged, [note.title for note in folder.notes]) == (["a.md"], ["新"])
    assert folder.paths() == {"a.md", "b.md"}


def test_file_that_went_after_listing_is_neither_note_nor_error(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    gone = write(tmp_path, "b.md")
    found, skipped = find_files(tmp_path)
    gone.unlink()
    folder = read_found(found, skipped)
    assert ([note.path for note in folder.notes], folder.skipped) == (["a.md"], [])


@pytest.mark.parametrize("name", ["a b#c 笔记.md", "长" * 70 + ".md", "x" * 240 + ".md", "q?&%20*[a].md"])
def test_names_of_all_kinds_work(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    assert paths(tmp_path) == [name]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take the two names for one")
def test_names_that_differ_in_normalisation_are_two_notes(tmp_path: Path) -> None:
    names = sorted(unicodedata.normalize(form, "café.md") for form in ("NFC", "NFD"))
    for name in names:
        write(tmp_path, name)
    assert paths(tmp_path) == names


def test_order_is_that_of_the_paths_as_text(tmp_path: Path) -> None:
    for name in ("a/b.md", "a.md", "a b.md", "a-b.md", "B.md"):
        write(tmp_path, name)
    assert paths(tmp_path) == ["B.md", "a b.md", "a-b.md", "a.md", "a/b.md"]


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ("private/\n", ["a.md", "sub/a.md", "sub/b.md"]),
        ("# comment\n\n*.md\n!b.md\n", ["sub/b.md"]),
        ("/a.md", ["private/c.md", "sub/a.md", "sub/b.md"]),
        ("private/*\n!private/c.md", ["a.md", "private/c.md", "sub/a.md", "sub/b.md"]),
        ("private\n!private/c.md", ["a.md", "sub/a.md", "sub/b.md"]),
        ("**/b.md\r\nprivate/\r\n", ["a.md", "sub/a.md"]),
        ("!\n[z-a]\n[\n\\\na.md", ["private/c.md", "sub/b.md"]),
        ("", ["a.md", "private/c.md", "sub/a.md", "sub/b.md"]),
    ],
)
def test_ignore_file_works_as_that_of_git(tmp_path: Path, rules: str, left: list[str]) -> None:
    for name in ("a.md", "sub/a.md", "sub/b.md", "private/c.md"):
        write(tmp_path, name)
    write(tmp_path, ".notesignore", rules)
    assert (paths(tmp_path), skips(tmp_path)) == (left, [])


def test_inner_ignore_file_has_the_last_word(tmp_path: Path) -> None:
    for name in ("a.md", "sub/a.md", "sub/b.md", "sub/deep/a.md"):
        write(tmp_path, name)
    write(tmp_path, ".notesignore", "a.md\n")
    write(tmp_path, "sub/.notesignore", "!/a.md\nb.md\n")
    assert paths(tmp_path) == ["sub/a.md"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_ignore_file_is_read_in_all_encodings(tmp_path: Path, encoding: str) -> None:
    write(tmp_path, "私人/a.md")
    write(tmp_path, ".notesignore", "私人/\n".encode(encoding))
    assert paths(tmp_path) == []


def test_ignore_file_that_is_no_text_ignores_what_it_can(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    write(tmp_path, "b.md")
    write(tmp_path, ".notesignore", b"\0\xff\xfe\x81\na.md\n")
    assert paths(tmp_path) == ["b.md"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes as a file's name")
def test_name_in_another_encoding_is_skipped_and_can_be_printed(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + "笔记".encode("gb18030") + b".md")).write_text("text")
    notes, skipped = read_notes(tmp_path)
    assert (notes, skipped[0].path) == ([], "\\udcb1ʼ\\udcc7.md")


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
        ("卷积\n===\n\n# 池化", "卷积"),
        ("# a # b  \n", "a # b"),
        ("---\ntitle: 'BN: 笔记'\n---\n# 卷积\n", "BN: 笔记"),
        ("---\n# comment\ntags: x\n---\n# 卷积\n", "卷积"),
        ("---\r\ntitle: 2024-01-01\r\n---\r\n", "2024-01-01"),
        ("---\ntitle: null\n---\n", "name"),
        ("---\ntitle: [a\n---\n# 卷积", "卷积"),
        ("---\ntitle: {a: b}\n---\n", "name"),
        ("---\ntitle: a\n", "name"),
        ("\n---\ntitle: a\n---\n", "name"),
    ],
)
def test_title_is_that_of_the_front_matter_or_the_first_top_heading_or_the_name(text: str, title: str) -> None:
    assert note_title(text, "folder/name.md") == title


@pytest.mark.parametrize(
    ("text", "starts"), [("", [0]), ("a\nb", [0, 2]), ("a\r\nb\r\n", [0, 3, 6]), ("a\rb\n\nc", [0, 2, 4, 5])]
)
def test_lines_start_after_each_kind_of_line_end(text: str, starts: list[int]) -> None:
    assert line_starts(text) == starts


@pytest.mark.parametrize(
    ("yaml", "names"),
    [
        ("aliases: [BN, Batch Norm]\ntags:\n  - 训练\n  - '#深度学习'", ("BN", "Batch Norm", "训练", "深度学习")),
        ("alias: Batch Norm，批归一化\ntag: a b, #c", ("Batch Norm", "批归一化", "a", "b")),
        ("Tags: 'x, #y #z'\nALIASES: BN", ("BN", "x", "y", "z")),
        ("tags: [2024-01-01, 1.10, true, null, x, X, x]", ("2024-01-01", "1.10", "true", "x", "X")),
        ("tags: {a: b}\naliases: [{c: d}, [e], f]", ("f",)),
        ("tags:\naliases: ''", ()),
        ("just text", ()),
        ("tags: [unclosed", ()),
        ("tags: &a [x]\naliases: *a", ()),
        ("? [a, b]\n: c", ()),
        ("tags: !!python/object/apply:os.system ['true']", ("true",)),
        ("tags: " + "[" * 5000, ()),
        ("tags: [" + "x, " * 9000 + "]", ()),
    ],
)
def test_names_are_aliases_and_tags_of_the_front_matter(tmp_path: Path, yaml: str, names: tuple[str, ...]) -> None:
    assert read_note(write(tmp_path, "a.md", f"---\n{yaml}\n---\n正文\n"), "a.md").names == names


@pytest.mark.parametrize(
    "text", ["# " + " " * 200_000 + "x #", "# #" * 70_000, "```\n~~~\n" * 15_000, "---\n" * 30_000, "`" * 200_000]
)
def test_hostile_text_has_a_title_soon(text: str) -> None:
    started = time.perf_counter()
    note_title(text, "a.md")
    assert time.perf_counter() - started < 1.0
