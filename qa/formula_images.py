"""Formulas that a note shows as pictures of a service, such as Zhihu's: their source stands in the address."""

from __future__ import annotations

import html
import re
from urllib.parse import unquote, unquote_plus

# Addresses that say, percent-encoded, what they show: zhihu.com/equation?tex=, GitHub's render/math?math=,
# math.jianshu.com/math?formula=, latex.codecogs.com/gif.latex?, codecogs.com/eqnedit.php?latex= and their like.
_SERVICE = (
    r"(?:https?:)?//[^\s()?\"']{1,80}"
    r"(?:/equation\?tex=|/math\?(?:math|formula)=|/(?:gif|svg|png)\.(?:latex|image)\?|/eqnedit\.php\?latex=)"
)
_PICTURE = re.compile(
    rf"!\[(?:\[[^\[\]\n]{{0,80}}\]|[^\[\]\n]{{0,80}})\]\({_SERVICE}"
    r"((?:[^\s()]|\([^\s()]*\)){1,2000})(?:[ \t]+\"[^\"\n]*\")?\)"
)
# The same as tags: a picture, or a link to the editor of such a service around a picture.
_TAG = re.compile(
    rf"<a\s[^<>]{{0,200}}?\bhref=([\"']){_SERVICE}((?:(?!\1)[^\n]){{1,2000}})\1[^<>]{{0,200}}>\s*<img\b[^<>]{{0,2000}}>\s*</a>"
    rf"|<img\s[^<>]{{0,400}}?\bsrc=([\"']){_SERVICE}((?:(?!\3)[^\n]){{1,2000}})\3[^<>]{{0,2000}}>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|#39|#x27);")
# How Codecogs writes what an address cannot hold, and what it puts before a formula about its looks.
_SPACE, _PLUS = "&space;", "&plus;"
_LOOKS = re.compile(r"(?:\\(?:dpi\{\d+\}|(?:fn|bg)_[a-z]+|inline|tiny|small|large|Large|LARGE|huge)(?![A-Za-z])\s*)+")


def with_formulas(text: str) -> str:
    """The text with such pictures as formulas in dollars; all else as it is."""
    if "](" in text:
        text = _PICTURE.sub(lambda match: _written(match[0], match[1]), text)
    if "<img" in text:
        text = _TAG.sub(lambda match: _written(match[0], match[2] or match[4]), text)
    return text


def _written(picture: str, address: str) -> str:
    spelt = address.replace(_SPACE, " ").replace(_PLUS, "+")
    spelt = unquote_plus(address) if spelt == address else unquote(spelt)
    formula = " ".join(_ENTITY.sub(lambda match: html.unescape(match[0]), spelt).split()).strip("$ ")
    if looks := _LOOKS.match(formula):
        formula = formula[looks.end() :]
    return picture if not formula or "$" in formula else f"${formula}$"
