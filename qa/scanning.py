"""Scans the lines of a note for what the Markdown parser must not see: code, formulas, HTML, front matter.

In a note an unclosed fence or an odd `$$` is a slip that may not swallow the rest of the file. What the scan takes for
such a region is hidden line for line, so that line numbers stay those of the note. Knows no headings but HTML ones.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from qa.listings import asks, find_question, is_wholly_bold

MARK_CHARS = 500  # no heading, comment or label is longer, and looking for marks in a line gets slow
_FORMULA_LINES = 200  # what takes longer to close was never closed
_HIDDEN = "<!---->"  # a block of its own for the parser wherever it stands, and nothing can be joined to it
_MARKER = r"[ \t]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?"
_OPENER = re.compile(
    _MARKER
    + r"(?P<mark>`{3,}(?=[^`]*$)|~{3,}|\$\$|\\\[|\\begin\{[a-z*]+\}"
    + r"|<!--|<(?:pre|script|style|textarea)\b|<\?|<![A-Z\[])"
)
_HTML_ENDS = {
    "<!--": "-->",
    "<?": "?>",
    "<pre": "</pre>",
    "<script": "</script>",
    "<style": "</style>",
    "<textarea": "</textarea>",
}
_FENCE = re.compile(_MARKER + r"(`{3,}(?=[^`]*$)|~{3,})(.*)")
_HASHES = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(\S.*)?)?$")
_HTML_HEADING = re.compile(
    r" {0,3}(?:<(?:center|div|p|a)\b[^>]*>\s*(?:</a>)?\s*)*<h([1-6])(?:\s[^>]*)?>", re.IGNORECASE
)
_CODE = re.compile(
    r"[ \t]*(?:import \w[\w., ]*$|from [\w.]+ import |def \w+\(|class \w+[(:]|@\w+[\w.]*(?:\(|$)|>>> |return\b"
    r"|(?:if|for|while|with|elif|else|try|except|finally)\b[^。，]*:\s*$"
    r"|[A-Za-z_][\w.]*(?:\[[^\]]*\])?(?:, ?[A-Za-z_]\w*)*\s*[-+*/%]?=(?!=)\s*\S"
    r"|[A-Za-z_][\w.]*\([^。，]*[),({\[]?[;:]?\s*(?:#.*)?$"
    r"|[{}\])]+[;,]?\s*$|pip3? install |conda |git |python3? \S+\.py|\$ \w)"
)
_SURE_CODE = re.compile(  # and no formula
    r"[ \t]*(?:import \w|from [\w.]+ import |def \w+\(.*:|class \w+.*:\s*$|return\b|>>> |(?:for|if|while|with)\b.*:\s*$"
    r"|(?:\w+ ?=.*)?\b(?:[a-z]\w+\.\w+|print|len|range|int|str|list|dict)\(|\w+ ?= ?[\"'\[{]|pip3? install |git clone )"
)
_HASH_LINE = re.compile(r"# ?\S")
_CHAPTER = re.compile(r"第|[一二三四五六七八九十\d]+[、．.]")
_PROSE_ZH = re.compile("[\u3400-\u9fff].*[\u3400-\u9fff，、].*[，。；：？！]|[\u3400-\u9fff，、（）]{16}")
_PROSE_EN = re.compile(r"[A-Z][A-Za-z'’,;:()\"-]*(?: [A-Za-z'’,;:()\"-]+){7}")
KEY = re.compile(r"[A-Za-z_][\w-]*[ \t]*:(?:\s|$)")


@dataclass(slots=True)
class Scan:
    """The lines as the parser shall see them, and what it shall not decide."""

    lines: list[str]
    regions: dict[int, int]  # first line to the line behind the last one
    headings: dict[int, tuple[int, str]]  # those in HTML: level and text by line
    front_matter: int  # lines of it


def scan(lines: list[str]) -> Scan:
    scan = Scan(list(lines), {}, {}, _front_matter(lines))
    fences = _Fences(lines)
    unclosed: set[str] = set()
    line = scan.front_matter
    scan.lines[:line] = [""] * line
    while line < len(lines):
        opener = _OPENER.match(lines[line])
        end = _region_end(lines, line, opener, fences, unclosed) if opener else None
        if end is not None and opener is not None:
            _hide(scan.lines, line, end, opener.start("mark"))
            scan.regions[line] = end
            line = end
            continue
        if opener is not None and opener["mark"][0] == "<" and _html_end(opener["mark"]) not in lines[line]:
            scan.lines[line] = lines[line].replace("<", "x", 1)  # opens nothing
        if _is_comment(lines, line):
            scan.lines[line] = lines[line].replace("#", "x")
        if html_heading := _html_heading(lines, line):
            scan.headings[line], end = html_heading
            _hide(scan.lines, line, end, len(lines[line]) - len(lines[line].lstrip()))
            scan.regions[line] = end
            line = end
            continue
        line += 1
    return scan


def _hide(lines: list[str], start: int, end: int, indent: int) -> None:
    """Hides a region from the parser; where it opens in a list item it stays in it."""
    opening = lines[start][:indent]
    lines[start] = opening + _HIDDEN
    lines[start + 1 : end] = [re.sub(r"\S", " ", opening) + _HIDDEN] * (end - start - 1)


def _front_matter(lines: list[str]) -> int:
    """Number of the lines that a YAML header takes, blank lines before it included."""
    first = next((line for line, content in enumerate(lines) if content.strip()), len(lines))
    if first + 1 < len(lines) and lines[first].rstrip() == "---" and re.match(rf"{KEY.pattern}|#", lines[first + 1]):
        for line in range(first + 1, min(len(lines), first + 100)):
            if lines[line].rstrip() in {"---", "..."}:
                return line + 1
    return 0


def _region_end(lines: list[str], line: int, opener: re.Match[str], fences: _Fences, unclosed: set[str]) -> int | None:
    """The line behind a region that opens here, or None where it opens nothing."""
    mark = opener["mark"]
    rest = lines[line][opener.end() :]
    if mark[0] in "`~":
        return fences.end(line)
    if mark[0] == "<":
        ending = _html_end(mark)
        if ending in rest or ending in unclosed:
            return None
        end = next((at + 1 for at in range(line + 1, len(lines)) if ending in lines[at].lower()), None)
        if end is None:
            unclosed.add(ending)
        return end
    ending = {"$": "$$", "\\[": "\\]"}.get(mark[:1] if mark[0] == "$" else mark) or mark.replace("begin", "end")
    if ending in rest:
        return None
    return _formula_end(lines, line, ending)


def _html_end(mark: str) -> str:
    return _HTML_ENDS.get(mark, ">")


def _formula_end(lines: list[str], line: int, ending: str) -> int | None:
    for at in range(line + 1, min(line + _FORMULA_LINES, len(lines))):
        if ending in lines[at]:
            return at + 1 if ending != "$$" or lines[at].count("$$") % 2 else None
        after_blank = not lines[at - 1].strip()
        if _FENCE.match(lines[at]) or _is_prose(lines[at]) or (after_blank and _breaks(lines, at)):
            return None
    return None


class _Fences:
    """Where the fences of a note end.

    Between two fences that name a language, those that name none alternate: they close and open. Where their number
    shows that one is missing, a fence ends at its closing line or before the first line that clearly is none of code,
    whichever comes first: a heading, a question or prose after a blank line. Otherwise it ends where Markdown says.
    """

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._ends: dict[int, int] = {}
        marks = self._without_nested(
            [(line, found) for line, text in enumerate(lines) if (found := _FENCE.match(text))]
        )
        self._next: dict[int, tuple[int | None, int, bool]] = {}  # closing line, limit, whether the fences pair up
        following: dict[str, tuple[int | None, int, int]] = {mark: (None, len(lines), 0) for mark in "`~"}
        for line, found in reversed(marks):
            mark = found[1][0]
            closing, limit, bare = following[mark]
            self._next[line] = (closing, limit, bare % 2 == 1)
            following[mark] = (None, line, 0) if found[2].strip() else (line, limit, bare + 1)

    def _without_nested(self, marks: list[tuple[int, re.Match[str]]]) -> list[tuple[int, re.Match[str]]]:
        """The marks less those of fences longer than usual, which are there to hold others and are closed as a rule."""
        kept = []
        index = 0
        while index < len(marks):
            line, found = marks[index]
            index += 1
            if len(found[1]) > 3:
                for at, (last, other) in enumerate(marks[index : index + 100], index + 1):
                    if other[1].startswith(found[1]) and not other[2].strip():
                        self._ends[line] = last + 1
                        index = at
                        break
            if line not in self._ends:
                kept.append((line, found))
        return kept

    def end(self, line: int) -> int | None:
        """The line behind the fence that opens at a line."""
        if line in self._ends:
            return self._ends[line]
        closing, limit, paired = self._next.get(line, (None, len(self._lines), False))
        if paired and closing is not None:
            return closing + 1
        stop = limit if closing is None else closing
        for at in range(line + 2, stop):
            if not self._lines[at - 1].strip() and _breaks(self._lines, at):
                return at
        return stop if closing is None else closing + 1


def _breaks(lines: list[str], line: int) -> bool:
    """Whether a line after a blank one cannot belong to code: a heading, a question or prose."""
    text = lines[line]
    if hashes := _HASHES.match(text):
        return bool(hashes[2]) and _followed_by_code(lines, line) is None
    return _is_prose(text) or (is_wholly_bold(text) is not None and not text[0].isspace()) or _is_question(text)


def _is_question(text: str) -> bool:
    question = find_question(text)
    return question is not None and asks(question.text)


def _is_prose(text: str) -> bool:
    if not text or text[0] in " \t#/*%\"'$\\|{}()[]=<>&-+" or is_code(text):
        return False
    text = text[:MARK_CHARS]
    return bool(_PROSE_ZH.match(text) or _PROSE_EN.match(text))


def is_code(text: str) -> bool:
    return len(text) <= MARK_CHARS and _CODE.match(text) is not None


def _is_comment(lines: list[str], line: int) -> bool:
    """Whether a `# line` is a comment in code that was pasted without a fence.

    It is where code follows at once and stands before it, too, and some of it cannot be a formula; at the top of the
    code only where it starts small. A second `#`, a number after a blank line or a question mark make it a heading.
    """
    words = _followed_by_code(lines, line)
    if words is None or words.endswith(("?", "？")):
        return False
    below = _run(lines, range(line + 1, min(line + 30, len(lines))))
    above = _run(lines, range(line - 1, max(line - 30, -1), -1))
    if not any(_SURE_CODE.match(text) for text in [*above, *below]):
        return False
    if above:
        return bool(lines[line - 1].strip()) or not _CHAPTER.match(words)
    return words[0].islower() and words.isascii()


def _followed_by_code(lines: list[str], line: int) -> str | None:
    """The words of a `# line` that code or another such line follows at once."""
    hashes = _HASHES.match(lines[line])
    if hashes is None or len(hashes[1]) > 1 or not hashes[2]:
        return None
    below = line + 1
    while below < min(line + 30, len(lines)) and _HASH_LINE.match(lines[below]):
        below += 1
    return hashes[2] if below < len(lines) and is_code(lines[below]) else None


def _run(lines: list[str], order: range) -> list[str]:
    """The lines of code next to a line, in this order, up to the first that is none or a second blank one."""
    code: list[str] = []
    blank = False
    for at in order:
        text = lines[at]
        if not text.strip():
            if blank:
                break
            blank = True
            continue
        if is_code(text) or (text.startswith(("    ", "\t")) and code):
            code.append(text)
        elif not _HASH_LINE.match(text):
            break
        blank = False
    return code


def _html_heading(lines: list[str], line: int) -> tuple[tuple[int, str], int] | None:
    """(level, words) of an HTML heading that has its lines for itself, and the line behind it."""
    found = _HTML_HEADING.match(lines[line])
    if found is None:
        return None
    words = lines[line][found.end() :]
    for end in range(line + 1, min(line + 6, len(lines) + 1)):
        inside, closing, behind = (
            words.partition(f"</h{found[1]}>") if "</h" in words else words.partition(f"</H{found[1]}>")
        )
        if closing:
            name = html.unescape(re.sub(r"<[^>]*>", " ", inside)).replace("\n", " ")
            return ((int(found[1]), name), end) if name.strip() and not re.sub(r"<[^>]*>", "", behind).strip() else None
        if end == len(lines):
            return None
        words += "\n" + lines[end]
    return None
