"""Code in pieces: every character stays, and only known languages have colours."""

from __future__ import annotations

import pytest

from qa.ui.colouring import code_pieces

CODE = "def f(x):  # c\n    return 'a' + 1\n"


def test_pieces_have_kinds_and_join_to_the_code() -> None:
    pieces = code_pieces(CODE, "python title=x")
    assert "".join(text for _, text in pieces) == CODE
    assert [piece for piece in pieces if piece[0]] == [
        ("keyword", "def"),
        ("name", "f"),
        ("comment", "# c"),
        ("keyword", "return"),
        ("string", "'a'"),
        ("number", "1"),
    ]


@pytest.mark.parametrize("language", ["", " ", "no-such-language", "../../etc", '"><script>'])
def test_code_of_an_unknown_language_is_one_piece(language: str) -> None:
    assert code_pieces(CODE, language) == [("", CODE)]


@pytest.mark.parametrize("code", ["x = 1\r\ny = 2\r\n", "\n\nx = 1\n\n", "\tx\n", "x" * 20_001])
def test_no_character_is_lost_or_added(code: str) -> None:
    assert "".join(text for _, text in code_pieces(code, "python")) == code
