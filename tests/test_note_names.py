"""Names from outside: whatever is sent becomes a harmless file name or is refused with its reason."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.characters import NotText
from qa.note_names import MAX_NAME_BYTES, clean_name, note_parts, same_name
from qa.notes import SUFFIXES


@pytest.mark.parametrize(
    ("sent", "cleaned"),
    [
        ("cnn.md", "cnn.md"),
        ("池化（Pooling） 笔记.md", "池化（Pooling） 笔记.md"),
        ("week 1/cnn.md", "cnn.md"),
        ("week 1\\cnn.md", "cnn.md"),
        (".hidden.md", "hidden.md"),
        ("a\0b\x1b[2J\u202egnp.md", "ab[2Jgnp.md"),
        ("a\tb \n c.md", "a b c.md"),
        ('a<b>:"c|d?e*.md', "a_b___c_d_e_.md"),
        ("CON.md", "_CON.md"),
        ("lpt1.tar.md", "_lpt1.tar.md"),
        ("console.md", "console.md"),
        ("cafe\u0301.md", "café.md"),
        ("a. .md", "a.md"),
        ("a.md. ", "a.md"),
        ("A.MARKDOWN", "A.MARKDOWN"),
        ("a" * 300 + ".md", "a" * 197 + ".md"),
        ("池" * 100 + ".txt", "池" * 65 + ".txt"),
    ],
)
def test_name_is_cleaned(sent: str, cleaned: str) -> None:
    assert clean_name(sent) == cleaned


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("../../x.md", "refuse_path"),
        ("a/../x.md", "refuse_path"),
        ("..\\x.md", "refuse_path"),
        ("/etc/x.md", "refuse_path"),
        ("C:\\Users\\x.md", "refuse_path"),
        ("\\\\server\\x.md", "refuse_path"),
        ("x.exe", "refuse_suffix"),
        ("x.md.exe", "refuse_suffix"),
        ("x", "refuse_suffix"),
        (".md", "refuse_suffix"),
        ("x.md/", "refuse_name"),
        ("", "refuse_name"),
        ("\u202e.md", "refuse_suffix"),
        ("x.md\ud800.exe", "refuse_suffix"),
    ],
)
def test_name_that_cannot_be_cleaned_is_refused_with_its_reason(sent: str, key: str) -> None:
    with pytest.raises(NotText) as caught:
        clean_name(sent)
    assert caught.value.key == key


@given(st.text(st.characters() | st.sampled_from('./\\ :*"\0\u202e\u0301'), max_size=300), st.sampled_from([".md", ""]))
@example("con ", ".md")
@example("\u0301" * 200, ".md")
@example("a" * 196 + ". ", ".md")
def test_any_name_is_refused_or_harmless_everywhere(text: str, suffix: str) -> None:
    try:
        name = clean_name(text + suffix)
    except NotText:
        return
    assert clean_name(name) == name
    assert note_parts(name) == (name,)
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert unicodedata.is_normalized("NFC", name)
    assert not name.startswith((".", " "))
    assert not set(name) & set('<>:"/\\|?*\n\r\t\0')
    assert (PurePosixPath(name).name, PureWindowsPath(name).name) == (name, name)
    assert not PureWindowsPath(name).is_reserved()
    assert PurePosixPath(name).suffix.lower() in SUFFIXES


@pytest.mark.parametrize(
    "path", ["../x.md", "/x.md", "a//x.md", "./x.md", "a/.git/x.md", ".x.md", "a\0.md", "", "x.md/"]
)
def test_path_that_leads_elsewhere_is_no_notes(path: str) -> None:
    with pytest.raises(NotText) as caught:
        note_parts(path)
    assert caught.value.key == "refuse_path"


def test_path_of_a_note_is_taken_apart() -> None:
    assert note_parts("深度/cnn.md") == ("深度", "cnn.md")


@pytest.mark.parametrize(("path", "key"), [("a/x.exe", "refuse_suffix"), ("a/\udcff.md", "skip_name")])
def test_path_of_something_else_is_refused(path: str, key: str) -> None:
    with pytest.raises(NotText) as caught:
        note_parts(path)
    assert caught.value.key == key


def test_names_that_some_file_system_mixes_up_are_the_same() -> None:
    assert same_name("CNN.md", "cnn.MD")
    assert same_name("café.md", "CAFE\u0301.md")
    assert not same_name("cnn.md", "rnn.md")
