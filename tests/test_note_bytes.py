"""The bytes of a note and the text an editor shows: an edit changes the lines that were edited and no others."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.characters import NotText, decode
from qa.note_bytes import editable, written_like

ZH = "# 池化\n\n池化层缩小特征图，没有可学习的参数，也是卷积神经网络里常见的一层。\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (ZH.encode(), "utf-8"),
        (codecs.BOM_UTF8 + ZH.encode(), "utf-8"),
        (ZH.encode("gb18030"), "gb18030"),
        ("# 池化\n\n池化層縮小特徵圖，沒有可學習的參數。\n".encode("big5hkscs"), "big5hkscs"),
        (codecs.BOM_UTF16_LE + ZH.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + ZH.encode("utf-16-be"), "utf-16-be"),
        (ZH.encode("utf-16-le"), "utf-16-le"),
        ("# Café\n\nNaïve Bayes is a classifier of some age and still in use today.\n".encode("cp1252"), "cp1252"),
        (b"", "utf-8"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_text_that_was_not_edited_gives_the_same_bytes_in_every_encoding(
    data: bytes, encoding: str, line_end: str
) -> None:
    wide = {"utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be"}.get(encoding, "ascii")
    data = data.replace("\n".encode(wide), line_end.encode(wide))
    found = editable(data)
    assert (found.encoding, found.exact) == (encoding, True)
    assert written_like(data, found.text) == (data, encoding)


def test_edit_keeps_byte_order_mark_encoding_and_line_ends() -> None:
    old = codecs.BOM_UTF16_LE + "一\r\n二\r\n".encode("utf-16-le")
    new, encoding = written_like(old, "一\n二\n三\n")
    assert (new, encoding) == (codecs.BOM_UTF16_LE + "一\r\n二\r\n三\r\n".encode("utf-16-le"), "utf-16-le")


def test_lines_around_an_edit_keep_their_own_ends_and_new_ones_get_the_usual() -> None:
    old = b"a\r\nb\nc\rd\ne\n"
    assert written_like(old, "a\nb\nX\nY\nd\ne\n")[0] == b"a\r\nb\nX\nY\nd\ne\n"
    assert written_like(old, "a\nb\nc\nd\nX\ne\n")[0] == b"a\r\nb\nc\rd\nX\ne\n"
    assert written_like(old, "a")[0] == b"a"
    assert written_like(old, "")[0] == b""


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "池"]), st.sampled_from(["\n", "\r\n", "\r"]))), st.data())
def test_any_edit_is_read_back_as_it_was_written(pieces: list[tuple[str, str]], data: st.DataObject) -> None:
    old = "".join(line + end for line, end in pieces).encode()
    assert written_like(old, editable(old).text)[0] == old
    text = data.draw(st.text(st.sampled_from("ab池\n"), max_size=12))
    assert editable(written_like(old, text)[0]).text == text


def test_what_the_encoding_lacks_is_written_in_utf_8() -> None:
    old = "# Café, naïve, and many more English words around it.\n".encode("cp1252")
    text = "# Café 池化\n"
    assert written_like(old, text) == (text.encode(), "utf-8")


def test_text_that_would_be_taken_for_another_encoding_is_written_in_utf_8() -> None:
    old = ZH.encode("gb18030")
    new, encoding = written_like(old, "é")
    assert (decode(new), encoding) == ("é", "utf-8")


@pytest.mark.parametrize("text", ["a\0b", "lone \ud800 surrogate"])
def test_characters_that_no_text_file_can_hold_are_refused(text: str) -> None:
    with pytest.raises(NotText) as caught:
        written_like(b"a", text)
    assert caught.value.key == "refuse_characters"


def test_byte_order_mark_in_the_text_is_no_part_of_it() -> None:
    assert written_like(b"a", "\ufeff\ufeffb")[0] == b"b"


def test_broken_bytes_are_known_to_be_lost_by_writing() -> None:
    data = ZH.encode() + b"\xff\n"
    assert not editable(data).exact
    assert editable(ZH.encode()).exact
