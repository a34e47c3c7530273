"""Formulas that a note shows as pictures of a service, such as Zhihu's: their source stands in the address."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

# A picture whose address says, percent-encoded, what it shows: zhihu.com/equation?tex=, GitHub's render/math?math=,
# math.jianshu.com/math?formula=, latex.codecogs.com/gif.latex? and its like.
_PICTURE = re.compile(
    r"!\[(?:\[[^\[\]\n]{0,80}\]|[^\[\]\n]{0,80})\]\("
    r"(?:https?:)?//[^\s()?]{1,80}(?:/equation\?tex=|/math\?(?:math|formula)=|/(?:gif|svg|png)\.(?:latex|image)\?)"
    r"((?:[^\s()]|\([^\s()]*\)){1,2000})"
    r"(?:[ \t]+\"[^\"\n]*\")?\)"
)


def with_formulas(text: str) -> str:
    """The text with such pictures as formulas in dollars; all else as it is."""
    return _PICTURE.sub(_written, text) if "](" in text else text


def _written(match: re.Match[str]) -> str:
    formula = " ".join(unquote_plus(match[1]).split()).strip("$ ")
    return match[0] if not formula or "$" in formula else f"${formula}$"
