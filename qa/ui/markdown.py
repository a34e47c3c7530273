"""Untrusted Markdown to HTML of a fixed set of tags, with stretches of the source marked.

Nothing of the text becomes markup: raw HTML, links, images and autolinks stay the characters that they are. The result
is one line, because the page's own Markdown parser then takes it for a single block of HTML and leaves it alone.
Formulas come out between `\\(` and `\\)` or `\\[` and `\\]` for KaTeX. Knows nothing about notes, answers or languages.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from qa.ui.colouring import code_pieces

MATH_DELIMITERS: list[dict[str, str | bool]] = [
    {"left": "\\(", "right": "\\)", "display": False},
    {"left": "\\[", "right": "\\]", "display": True},
]

Stretches = Sequence[tuple[int, int]]  # of the source, in order, without overlaps
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")  # what markdown-it takes for a line
_BRACKET_MATH = re.compile(r"\\\((?P<inline>.+?)\\\)|\\\[(?P<display>.+?)\\\]", re.DOTALL)
# NUL, and the marks that show characters in another order than the file has them: "safe\u202egpj.exe" hides its end.
_UNSHOWABLE = dict.fromkeys([0, *range(0x202A, 0x202F)], "\ufffd")
_INLINE_TAG = re.compile(r"</?(?:em|strong|s|code|mark)>")
_TAG = re.compile(r"<[^>]+>")
_CITE = re.compile(r"\[(\d{1,3})\]")
_BLOCK_TAGS = {
    "paragraph": "p",
    "blockquote": "blockquote",
    "bullet_list": "ul",
    "ordered_list": "ol",
    "list_item": "li",
    "table": "table",
    "thead": "thead",
    "tbody": "tbody",
    "tr": "tr",
    "th": "th",
    "td": "td",
}
_INLINE_TAGS = {"em": "em", "strong": "strong", "s": "s"}


def render_markdown(text: str, marked: Stretches = (), cite: bool = False, mark_class: str = "") -> str:
    """HTML on one line; the characters `text[start:end]` of each stretch stand in <mark>, whatever runs through them.

    A formula that is marked in part is marked whole. With `cite`, `[n]` becomes a link to source n.
    """
    return _Writer(text, marked, cite, mark_class).html()


def cite_link(number: int | str) -> str:
    """The number of a citation as a link to its source in the panel."""
    return f'<a class="nq-cite" href="#nq-source-{number}">[{number}]</a>'


def plain(text: str) -> str:
    """Text without any syntax as HTML on one line."""
    return "<br>".join(_escape(line) for line in re.split(r"\r\n|\r|\n", text))


def render_line(text: str) -> str:
    """The words of a text as HTML without tags, all on one line, formulas too: for an excerpt."""
    html = _INLINE_TAG.sub("", render_markdown(text)).replace("\\[", "\\(").replace("\\]", "\\)")
    return " ".join(_TAG.sub(" ", html).replace("&#10;", " ").split())


def _escape(text: str) -> str:
    # While it parses, the page puts %%%LATEX_BLOCK_n%%% in the place of formulas: a note must not write such words.
    return escape(text.translate(_UNSHOWABLE)).replace("%", "&#37;").replace("\n", "&#10;")


def _bracket_math(state: StateInline, silent: bool) -> bool:
    match = _BRACKET_MATH.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    if not silent:
        display = match["display"] is not None
        token = state.push("math_inline_double" if display else "math_inline", "math", 0)
        token.content, token.markup = (match["display"], "\\[") if display else (match["inline"], "\\(")
    state.pos = match.end()
    return True


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # Entities and escapes stay tokens of their own, with their source, so that they can be located.
    parser.disable(["link", "image", "autolink", "html_inline", "html_block", "reference", "text_join"])
    parser.use(
        dollarmath_plugin,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,
        allow_blank_lines=False,
        double_inline=True,
    )
    parser.inline.ruler.before("escape", "bracket_math", _bracket_math)
    return parser


_PARSER = _parser()


class _Writer:
    """Walks the tokens of one text and writes their HTML."""

    def __init__(self, text: str, marked: Stretches, cite: bool, mark_class: str) -> None:
        self._text = text
        self._marked = marked
        self._mark_open = f'<mark class="{mark_class}">' if mark_class else "<mark>"
        self._cite = cite
        self._lines = [(match.start(), match[0].rstrip("\r\n")) for match in _LINE.finditer(text)]
        self._out: list[str] = []
        self._row = (0, 0)  # the table row that is open: its line, and how far its cells were found

    def html(self) -> str:
        for token in _PARSER.parse(self._text):
            self._block(token)
        return "".join(self._out)

    def _block(self, token: Token) -> None:
        kind, _, side = token.type.rpartition("_")
        if token.type == "inline":
            self._inline(token)
        elif token.type in ("fence", "code_block"):
            first = (token.map or [0, 0])[0] + (token.type == "fence")
            code = token.content.removesuffix("\n")
            html = self._code(code, token.info, self._positions(code, self._lines[first:]))
            self._out.append(f"<pre><code>{html}</code></pre>")
        elif token.type == "math_block":
            first, last = token.map or (0, 0)
            inside = self._lines[first:last]
            marked = bool(inside) and self._touches(inside[0][0], inside[-1][0] + len(inside[-1][1]))
            self._out.append(self._math(token.content, display=True, marked=marked))
        elif token.type == "hr":
            self._out.append("<hr>")
        elif side not in ("open", "close") or token.hidden:
            self._out.append("" if token.hidden else _escape(token.content))
        elif kind == "heading":
            self._out.append(f'<p class="nq-heading nq-{token.tag}">' if side == "open" else "</p>")
        elif kind in _BLOCK_TAGS:
            if kind == "tr" and token.map:
                self._row = (token.map[0], 0)
            self._out.append(f"<{_BLOCK_TAGS[kind]}{_start(token)}>" if side == "open" else f"</{_BLOCK_TAGS[kind]}>")

    def _inline(self, token: Token) -> None:
        if token.map and token.level and self._in_cell():
            line, cursor = self._row
            offset, source = self._lines[line]
            at = source.find(token.content, cursor)
            if at >= 0:
                self._row = (line, at + len(token.content))
                positions = list(range(offset + at, offset + at + len(token.content)))
            else:  # a cell with an escaped bar
                positions = self._positions(token.content, [(offset + cursor, source[cursor:])])
                self._row = (line, positions[-1] + 1 - offset if positions else cursor)
        else:
            positions = self._positions(token.content, self._lines[(token.map or [0])[0] :])
        self._children(token.content, token.children or [], positions)

    def _in_cell(self) -> bool:
        return bool(self._out) and self._out[-1].startswith(("<td", "<th>", "<th "))

    def _children(self, content: str, children: Sequence[Token], positions: list[int]) -> None:
        cursor = 0
        for child in children:
            kind, _, side = child.type.rpartition("_")
            if child.type in ("softbreak", "hardbreak"):
                self._out.append("<br>")
                cursor = _find(content, "\n", cursor) + 1
            elif kind in _INLINE_TAGS:
                self._out.append(f"<{'/' if side == 'close' else ''}{_INLINE_TAGS[kind]}>")
                cursor = _find(content, child.markup, cursor) + len(child.markup)
            elif child.type == "text_special":
                at = _find(content, child.markup, cursor)
                cursor = at + len(child.markup)
                html = _escape(child.content)
                touched = self._touches_span(positions, at, cursor)
                self._out.append(f"{self._mark_open}{html}</mark>" if touched else html)
            elif child.type.startswith("math_inline"):
                at = _find(content, child.markup, cursor)
                cursor = _find(content, child.content, at) + len(child.content) + len(child.markup)
                marked = self._touches_span(positions, at, cursor)
                self._out.append(self._math(child.content, child.type == "math_inline_double", marked))
            elif child.type == "code_inline":
                opened = _find(content, child.markup, cursor) + len(child.markup)
                at = _find(content.replace("\n", " "), child.content, opened)
                html = self._mark(child.content, positions[at : at + len(child.content)])
                self._out.append(f"<code>{html}</code>")
                cursor = _find(content, child.markup, at + len(child.content)) + len(child.markup)
            else:
                at = _find(content, child.content, cursor)
                cursor = at + len(child.content)
                self._out.append(self._words(child.content, positions[at:cursor]))

    def _words(self, text: str, positions: Sequence[int]) -> str:
        html = self._mark(text, positions)
        return _CITE.sub(lambda match: cite_link(match[1]), html) if self._cite else html

    def _code(self, code: str, info: str, positions: Sequence[int]) -> str:
        """A block of code, coloured by its language's grammar where that is known."""
        at, out = 0, []
        for kind, piece in code_pieces(code, info):
            html = self._mark(piece, positions[at : at + len(piece)])
            out.append(f'<span class="nq-code-{kind}">{html}</span>' if kind else html)
            at += len(piece)
        return "".join(out)

    def _mark(self, text: str, positions: Sequence[int]) -> str:
        if len(positions) < len(text):  # not located: shown, never highlighted at a wrong place
            return _escape(text)
        at, out = 0, []
        for start, end in self._marked:
            first = bisect.bisect_left(positions, start, lo=at, hi=len(text))
            last = bisect.bisect_left(positions, end, lo=first, hi=len(text))
            if first < last:
                out += [_escape(text[at:first]), self._mark_open, _escape(text[first:last]), "</mark>"]
                at = last
        return "".join(out) + _escape(text[at:])

    def _math(self, formula: str, display: bool, marked: bool) -> str:
        left, right = ("\\[", "\\]") if display else ("\\(", "\\)")
        html = f"{left}{_escape(formula.strip())}{right}"
        return f"{self._mark_open}{html}</mark>" if marked else html

    def _touches(self, start: int, end: int) -> bool:
        return any(start < last and end > first for first, last in self._marked)

    def _touches_span(self, positions: Sequence[int], start: int, end: int) -> bool:
        inside = positions[start:end]
        return bool(inside) and self._touches(inside[0], inside[-1] + 1)

    @staticmethod
    def _positions(content: str, lines: Sequence[tuple[int, str]]) -> list[int]:
        """For each character of a block's content its offset in the source, which has indents and marks before it."""
        positions: list[int] = []
        for number, (piece, (offset, line)) in enumerate(zip(content.split("\n"), lines, strict=False)):
            if number:
                positions.append(max(offset - 1, positions[-1] if positions else 0))
            at = line.rfind(piece)
            positions += range(offset + at, offset + at + len(piece)) if at >= 0 else _subsequence(piece, offset, line)
        return positions


def _subsequence(piece: str, offset: int, line: str) -> list[int]:
    """Offsets of the piece's characters in a line from which the parser took some away (tabs, escaped bars)."""
    positions, at = [], 0
    for character in piece:
        found = line.find(character, at)
        positions.append(offset + (found if found >= 0 else at))
        at = found + 1 if found >= 0 else at
    return positions


def _find(content: str, part: str, cursor: int) -> int:
    at = content.find(part, cursor)
    return at if at >= 0 else cursor


def _start(token: Token) -> str:
    start = token.attrGet("start")
    return f' start="{int(start)}"' if start is not None and token.type == "ordered_list_open" else ""
