"""What of a passage is searched and encoded: its words without the marks of Markdown and HTML.

Works on any stretch of Markdown, so what was cut off in the middle does no harm; each step takes time linear in the
text. Knows nothing about passages or the index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from qa.characters import plain_characters
from qa.formula_images import with_formulas

# Changing what `search_text` returns changes what is indexed and encoded: count this up.
SEARCH_TEXT_VERSION = "markdown/3"

_LINE_END = re.compile(r"\r\n?")
_FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?(`{3,}|~{3,})[ \t]*(.*)")
_TICKS = re.compile(r"`+")
_SCRIPT = re.compile(r"<(sub|sup)>([^<>\n]{1,40})</\1>", re.IGNORECASE)
_CODE_SPAN = re.compile(r"(`+[^`\n]+`+)")
_STASHED = re.compile(r"\0(\d+)\0")

_YAML_KEY = re.compile(r"[A-Za-z][\w-]*:(?:[ \t]+|$)")
_YAML_LINE = re.compile(r"(?:[A-Za-z][\w-]*:(?:[ \t]|$)|[ \t]+\S|-[ \t]|#|[\])}]|$)")
_YAML_MARKS = re.compile(r"^[ \t]*-[ \t]+|^[>|][-+]?$|[\[\]{}\"]")

_RULER = " \t|:+-=*_~>"  # a line of nothing else
_DEFINITION = re.compile(r"[ \t>]*\[(?!\^)[^\]\n]++\]:[ \t]*+(?=\S*?[/.#:])\S++(?:[ \t]++[\"'(].*)?[ \t]*$")
_LINE_MARKS = re.compile(
    r"[ \t]*(?:(?:>|[-*+•](?=[ \t]|$)|\d{1,3}[.)](?=[ \t]|$)|\[[ xX]\](?=[ \t]))[ \t]*)*+"
    r"(?:\[![A-Za-z]+\][-+]?[ \t]*|\[\^[^\]\n]+\]:[ \t]*)?"
)
_HEADING = re.compile(r"#{1,6}(?:[ \t]+|$)")
_HEADING_END = re.compile(r"[ \t]#+$")
_ROW_END = re.compile(r"(?<!\\)\|[ \t]*$")
_CELL_BORDER = re.compile(r"(?<!\\)\|")

_DATA = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{200,}+")
_WIKI_LINK = re.compile(r"!?\[\[([^\[\]\n|#]*+)#?([^\[\]\n|]*+)(?:\|([^\[\]\n]*+))?\]\](?!\(\S{0,200}?[/:])")
_BRACKET = re.compile(r"!?\[|\]")
_TARGET = re.compile(
    r"\([ \t]*+(?:<([^<>\n]*)>|([^\s()<>]*+(?:\([^\s()]*\)[^\s()]*+)*+))[ \t]*+"
    r"(?:\n?[ \t]*+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)|=\d*+x\d*+)[ \t]*+)?\)"
)
_IMAGE_TARGET = re.compile(r"\([^()\n]*+(?:\([^()\n]*\)[^()\n]*+)*+\)")  # editors take spaces in a file's name
_ADDRESS_MARK = re.compile(r"[/.#:%\"]")
_REFERENCE = re.compile(r"\[[^\[\]\n]*\]")
_SUBSCRIPTED = re.compile(r"[A-Za-z0-9_\])}]")
_URL = re.compile(r"<?(?<![A-Za-z0-9])(?:https?|ftp)://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+>?", re.IGNORECASE)
_ADDRESS = re.compile(r"<(?:mailto:)?([\w.+-]{1,64}@[\w.-]{1,255})>")

_INLINE = """
a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q rb rp rt ruby s samp small span strike
strong sub sup time tt u var
"""
_BLOCK = """
address article aside audio blockquote body br button canvas caption center col colgroup dd details dialog div dl dt
embed fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html iframe img input legend li link
main map menu meta nav noscript object ol optgroup option p param picture pre script section select source style
summary svg table tbody td template textarea tfoot th thead title tr track ul video wbr
"""
_INLINE_TAGS, _BLOCK_TAGS = frozenset(_INLINE.split()), frozenset(_BLOCK.split())
# An attribute without a value is one of a few, so that "a <b and c> d" stays.
TAG = re.compile(
    r"</?([A-Za-z][A-Za-z0-9]*)((?:\s+(?:[A-Za-z_:@][\w:.-]*\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+)|"
    r"(?:open|checked|disabled|controls|hidden|noshade|allowfullscreen|async|defer)(?![\w=-])))*+)\s*/?>"
)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_FILE_NAME = re.compile(
    r"(?:image|img|图片|截图|screenshot)?[-_. \d]*(?:\.(?:png|jpe?g|gif|svg|webp|bmp))?", re.IGNORECASE
)

# A star between two letters or digits multiplies, one between spaces too; an underscore inside a word is part of it.
_STARS = re.compile(r"(?<!\*)(?!(?<=\s)\*\s)(?:(?<![A-Za-z0-9])\*++|\*++(?![A-Za-z0-9]))")
_SPACE_RUN = re.compile(" {3,}")
_UNDERSCORES = re.compile(r"(?<!_)(?:(?<![^\W_])_++(?=\S)|_++(?![^\W_]))")
_STRUCK = re.compile(r"~~+")
_LATEX_FORM = re.compile(
    r"\\(?:(?:begin|end)\{[A-Za-z]{1,20}\*?\}|(?:mathbf|mathrm|mathcal|mathbb|mathit|boldsymbol|bm|operatorname|text|"
    r"textbf|left|right|big|Big|bigg|Bigg|displaystyle|limits|quad|qquad|label|tag|nonumber)(?![A-Za-z])\*?)"
)
_LATEX_NAME = re.compile(r"(?<=[A-Za-z0-9])(\\)(?=[A-Za-z])|\\(?=[A-Za-z])")
_ESCAPED_MARK = re.compile(r"\\([*_~$<\[\]])")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_FORMULA = re.compile(r"\$(?=[^\s$])([^$\n]++)(?<=\S)\$(?!\d)")  # "$5 and $6" is none
_DOLLARS = re.compile(r"\$++(?!\d)")


def search_text(markdown: str) -> str:
    """The words of a stretch of Markdown, one line for each of its lines that has any, in plain characters.

    Code and formulas stay; the addresses of links do not, of a bare address its host does.
    """
    stash: list[str] = []  # code, which no mark is taken from
    text = _LINE_END.sub("\n", markdown.replace("\0", ""))
    lines = _front_matter_values(text.split("\n"))
    text = "\n".join(_without_line_marks(_stash_fences(lines, stash), stash))
    text = with_formulas(text)
    if "\\" in text:
        text = _ESCAPED_MARK.sub(lambda match: _stashed(match[1], stash), text)
    text = without_tags(_ADDRESS.sub(r"\1", text))
    if "[" in text:
        text = without_targets(_WIKI_LINK.sub(lambda match: match[3] or f"{match[1]} {match[2]}".strip(), text))
    if "://" in text:
        text = _URL.sub(_host, text)
    text = _DATA.sub(" ", text)
    text = _STRUCK.sub("", _UNDERSCORES.sub("", _STARS.sub("", text)))
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", _LATEX_NAME.sub(lambda match: " " * bool(match[1]), _LATEX_FORM.sub("", text)))
    if "$" in text:
        text = _DOLLARS.sub("", _FORMULA.sub(r"\1", text))
    text = _STASHED.sub(lambda match: stash[int(match[1])], text)
    text = _SPACE_RUN.sub("  ", plain_characters(text))
    return "\n".join(filter(None, map(str.strip, text.split("\n"))))


def _front_matter_values(lines: list[str]) -> list[str]:
    """The lines, with those of YAML at the very start without keys and marks."""
    if not lines or lines[0].rstrip() != "---":
        return lines
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() in {"---", "..."}), len(lines))
    if not all(map(_YAML_LINE.match, lines[1:end])):
        return lines
    return [_YAML_MARKS.sub(" ", _YAML_KEY.sub("", line, count=1)) for line in lines[1:end]] + lines[end + 1 :]


def _stash_fences(lines: list[str], stash: list[str]) -> Iterator[str]:
    """The lines, with each fenced block as one stashed line; one that never ends is text like any other."""
    held: list[str] = []
    fence = ""
    for line in lines:
        match = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if match is not None and "`" in match[2] and match[1][0] == "`":
            match = None  # code within a line
        if match is None:
            if fence:
                held.append(line)
            else:
                yield line
        elif not fence:
            fence = match[1]
        elif match[1].startswith(fence):
            if match[2]:  # only an opening fence names a language, so the one before it was the end of a block
                yield from held
            else:
                yield _stashed("\n".join(held), stash)
            held, fence = [], match[1] if match[2] else ""
        else:
            held.append(line)
    yield from held


def _stashed(text: str, stash: list[str]) -> str:
    stash.append(text)
    return f"\0{len(stash) - 1}\0"


def _without_line_marks(lines: Iterator[str], stash: list[str]) -> Iterator[str]:
    """The lines without rulers, link definitions, and marks of quotes, lists, headings, tables and code."""
    texts = list(lines)
    in_table = any("|" in line and "-" in line and not line.strip(_RULER) for line in texts)
    for line in texts:
        if not line.strip(_RULER) or _DEFINITION.match(line):
            continue
        text = line[_LINE_MARKS.match(line).end() :]  # type: ignore[union-attr]  # it matches nothing too
        if heading := _HEADING.match(text):
            text = _HEADING_END.sub("", text[heading.end() :].rstrip())
        if "`" in text:
            text = _stash_code(text, stash)
        if "|" in text and (in_table or text.startswith("|") or _ROW_END.search(text)):
            text = _CELL_BORDER.sub("  ", text)
        yield text


def _stash_code(line: str, stash: list[str]) -> str:
    """A line with its code spans stashed and all backticks gone."""
    runs = list(_TICKS.finditer(line))
    ends: dict[int, list[int]] = {}
    for index in reversed(range(len(runs))):
        ends.setdefault(len(runs[index][0]), []).append(index)
    parts = []
    position = index = 0
    while index < len(runs):
        run, closing = runs[index], ends[len(runs[index][0])]
        while closing and closing[-1] <= index:
            closing.pop()
        parts.append(line[position : run.start()])
        position = run.end()
        if closing:
            index = closing.pop()
            parts.append(_stashed(line[position : runs[index].start()], stash))
            position = runs[index].end()
        index += 1
    return "".join([*parts, line[position:]])


def _without_comments(text: str) -> str:
    parts = []
    position = 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[position:start])
        position = end + 3
    return "".join([*parts, text[position:].replace("<!--", " ")])


def without_tags(text: str) -> str:
    """The text without tags and comments of HTML; pictures become their descriptions."""
    return TAG.sub(_tag_text, _without_comments(text)) if "<" in text else text


def readable(text: str) -> str:
    """A stretch of a note that is no code, as a reader sees it: without addresses and tags but for those in code spans.

    Pictures of formulas become formulas; what is raised or lowered is marked as in formulas: 10^{-3}.
    """
    parts = _CODE_SPAN.split(with_formulas(text))
    return without_targets(
        "".join(part if n % 2 else without_tags(_SCRIPT.sub(_marked, part)) for n, part in enumerate(parts))
    )


def _marked(match: re.Match[str]) -> str:
    mark, text = "_" if match[1].lower() == "sub" else "^", match[2].strip()
    return f"{mark}{text}" if len(text) == 1 else f"{mark}{{{text}}}"


def _tag_text(match: re.Match[str]) -> str:
    name = match[1].lower()
    if name in _INLINE_TAGS:
        return ""
    if name not in _BLOCK_TAGS:
        return match[0]  # List<String>, <module>
    alt = _ALT.search(match[2]) if name in {"img", "input"} else None
    return f" {_alt_text(alt[1] or alt[2] or alt[3] or '')} " if alt else " "


def without_targets(text: str) -> str:
    """The text with links and images reduced to what stands in their brackets, and footnote marks gone.

    Pictures of formulas become formulas.
    """
    text = with_formulas(text)
    pieces: list[str] = []
    opened: list[tuple[int, int]] = []  # of each opening bracket the piece and the offset
    position = 0
    for match in _BRACKET.finditer(text):
        if match.start() < position:
            continue  # inside a target
        pieces += [text[position : match.start()], match[0]]
        position = match.end()
        if match[0] != "]":
            opened.append((len(pieces) - 1, match.start()))
        elif opened:
            first, offset = opened.pop()
            is_image = pieces[first] == "!["
            end = _link_end(
                text, position, is_image, subscripted=bool(_SUBSCRIPTED.match(text[max(0, offset - 1) : offset]))
            )
            if end is not None:
                inner = "".join(pieces[first + 1 : -1])
                pieces[first:] = [_alt_text(inner) if is_image else inner]
                position = end
            elif first == len(pieces) - 3 and pieces[first + 1].startswith("^"):
                pieces[first:] = []  # a footnote
    return "".join([*pieces, text[position:]])


def _link_end(text: str, position: int, is_image: bool, subscripted: bool) -> int | None:
    """Where the target behind a closing bracket ends; None for other brackets: `f[i](x)`, `a[i][j]`."""
    if target := _TARGET.match(text, position):
        address = target[1] or target[2]
        return target.end() if is_image or not address or _ADDRESS_MARK.search(address) else None
    if is_image and (target := _IMAGE_TARGET.match(text, position)):
        return target.end()
    reference = _REFERENCE.match(text, position)
    return reference.end() if reference and not subscripted else None


def _alt_text(alt: str) -> str:
    return "" if _FILE_NAME.fullmatch(alt.strip()) else alt


def _host(match: re.Match[str]) -> str:
    try:
        return (urlsplit(match[0].strip("<>")).hostname or "").removeprefix("www.")
    except ValueError:  # brackets that hold no IPv6 address
        return ""
