"""The bytes of a note and the text that an editor shows of it, both ways; knows no files."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from qa.characters import Decoded, NotText, decode_file

_LINE_END = re.compile(r"\r\n|\r|\n")
_USUAL = Decoded("", "utf-8")


@dataclass(frozen=True, slots=True)
class Editable:
    """What an editor shows of a note's bytes."""

    text: str  # with line feeds
    encoding: str
    exact: bool  # false where bytes were broken: they would be lost by writing the text again


def editable(data: bytes) -> Editable:
    """The text of a file, for an editor. Raises NotText."""
    found = decode_file(data)
    exact = found.mark + found.text.encode(found.encoding, errors="replace") == data
    return Editable(_LINE_END.sub("\n", found.text), found.encoding, exact)


def written_like(old: bytes, text: str) -> tuple[bytes, str]:
    """(the bytes of a text as the old ones write theirs, the encoding): with their byte order mark and line ends.

    Lines before and behind the changed ones keep their own ends, new ones get the most frequent. What cannot be written
    in the old encoding, or would be taken for another one when it is read, is written in UTF-8. Raises NotText.
    """
    before = decode_file(old) if old else _USUAL
    new = _with_line_ends(_LINE_END.sub("\n", text).lstrip("\ufeff"), before.text)
    for encoding, mark in ((before.encoding, before.mark), ("utf-8", b"")):
        try:
            data = mark + new.encode(encoding)
        except UnicodeEncodeError:
            continue
        if _reads_as(data, new):
            return data, encoding
    raise NotText("refuse_characters")


def _reads_as(data: bytes, text: str) -> bool:
    try:
        return decode_file(data).text == text
    except NotText:
        return False


def _with_line_ends(text: str, old: str) -> str:
    ends = _LINE_END.findall(old)
    usual = Counter(ends).most_common(1)[0][0] if ends else "\n"
    lines = text.split("\n")
    if len(set(ends)) <= 1:
        return usual.join(lines)
    old_lines = _LINE_END.split(old)
    chosen = [usual] * (len(lines) - 1)
    shorter = min(len(lines), len(old_lines))
    first = 0
    while first < shorter - 1 and lines[first] == old_lines[first]:
        chosen[first] = ends[first]
        first += 1
    kept = 0  # lines at the end
    while kept < shorter - first and lines[-1 - kept] == old_lines[-1 - kept]:
        if kept:
            chosen[-kept] = ends[-kept]
        kept += 1
    return "".join(line + end for line, end in zip(lines, [*chosen, ""], strict=True))
