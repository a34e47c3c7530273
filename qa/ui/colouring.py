"""Code cut into pieces by its language's grammar, for colours; never changes a character of it."""

from __future__ import annotations

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType
from pygments.util import ClassNotFound

_MOST_CHARS = 20_000  # grammars are regular expressions that may be slow on what was made for that
_KINDS = (
    (Comment, "comment"),
    (String, "string"),
    (Keyword, "keyword"),
    (Number, "number"),
    (Name.Function, "name"),
    (Name.Class, "name"),
    (Name.Decorator, "name"),
    (Name.Builtin, "builtin"),
    (Operator.Word, "keyword"),
)


def code_pieces(code: str, language: str) -> list[tuple[str, str]]:
    """(kind, text) whose texts join to the code; kind is comment, string, keyword, number, name, builtin or empty."""
    lexer = _lexer(language.split()[0]) if language.split() and len(code) <= _MOST_CHARS else None
    if lexer is None:
        return [("", code)]
    pieces: list[tuple[str, str]] = []
    for token, text in lexer.get_tokens(code):
        kind = _kind(token)
        if pieces and pieces[-1][0] == kind:
            pieces[-1] = (kind, pieces[-1][1] + text)
        else:
            pieces.append((kind, text))
    # A lexer that rewrites line ends or control characters would put every later mark at a wrong place.
    return pieces if "".join(text for _, text in pieces) == code else [("", code)]


def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _kind(token: _TokenType) -> str:
    return next((kind for family, kind in _KINDS if token in family), "")
