"""Which side a sentence takes on things that have two, good or bad, needed or not, in both languages."""

from __future__ import annotations

import re

from qa.opposites import ONLY_EN, ONLY_ZH, SIDES

# Things with two sides, in both languages: one side, the other.
_SIDES = {
    **SIDES,
    "quality": (
        r"(?:很|更|较|效果|表现|泛化)好|优于|胜过|适合|适用|有利|有益"
        r"|\b(?:good|better|best|well|beneficial|helps?|suits?|suitable|outperforms?)\b",
        r"(?:很|更|较|变|效果|表现)差|(?:效果|表现|泛化)不[太够]?好|不如|劣于|有害|伤害|\b(?:bad|badly|poor|poorly|worse|worst|harm|harms|harmful|hurts?|unsuitable)\b",
    ),
    "price": (r"便宜|廉价|\b(?:cheap|cheaper)\b", r"昂贵|更贵|很贵|\b(?:expensive|costly|costlier)\b"),
    "need": (
        r"需要|必须|应该|应当|得先|务必|(?<![不只主])要(?![么是])"
        r"|\b(?:needs?|needed|must|should|requires?|required|has to|have to|necessary)\b",
        r"无需|不必|\b(?:unnecessary|needless)\b",
    ),
    "switch": (
        r"打开|开启|启用|开着|\b(?:enabled?|on|active|kept)\b",
        r"关闭|关掉|停用|禁用|关上|\b(?:disabled?|off|inactive)\b",
    ),
    "dependence": (r"依赖|取决于|\b(?:depends?|dependent|relies)\b", r"无关|独立于|\bindependent\w*\b"),
    "problem": (
        r"解决|消除|根除|(?:不存在|没有|不会有).{0,12}问题"
        r"|\b(?:solv\w+|eliminat\w+|gets? rid of|free of|cures?|(?:has|have|is|are) no [\w ]{0,30}problems?)\b",
        r"改善|缓解|减轻|\b(?:mitigat\w+|alleviat\w+|eases?)\b",
    ),
    "safety": (r"(?<!不)安全|\b(?:safe|safely)\b", r"危险|\b(?:unsafe|dangerous)\b"),
    "ease": (
        r"容易|简单|轻松|\b(?:easy|easily|easier|simple)\b",
        r"困难|很难|更难|难以|\b(?:hard|harder|difficult)\b",
    ),
    "meaning": (
        r"(?<!没)(?<!没有)(?<!无)有意义|\bmeaningful\b",
        r"(?:没有|无|没)意义|\bmeaningless\b|\bno meaning\b",
    ),
    "permission": (
        r"可以|允许|准许|\b(?:may|allows?|allowed|permits?|permitted|can)\b",
        r"禁止|严禁|\b(?:forbidden|forbids?|prohibited)\b",
    ),
    "hand": (r"左|\bleft\b", r"右|\bright\b"),
    "likeness": (
        r"相同|一样|等价|\b(?:same|equal|equals|equivalent|identical)\b",
        r"不同|不等|\b(?:differ\w*|unequal)\b",
    ),
    "chance": (
        r"总是|一定|必然|始终|\b(?:always|guaranteed|guarantees?)\b",
        r"从不|不一定|未必|\b(?:never|only sometimes)\b",
    ),
}
# A word of ASCII ends beside a Chinese character.
_AXES = [(name, re.compile(one, re.ASCII), re.compile(other, re.ASCII)) for name, (one, other) in _SIDES.items()]
_NOT_ZH = re.compile(
    rf"(?>不是|并非|而非|不会|不能|不该|不应|不用|没有|无法|[不没未别勿])(?!{ONLY_ZH})[“”‘’\"']?.{{0,2}}$"
)
_NOT_EN = re.compile(
    rf"(?:\b(?:not(?!{ONLY_EN})|never|no|cannot|without|hardly|rather than)|n['’]t(?!{ONLY_EN}))(?:\s+\w+){{0,2}}\s*$",
    re.ASCII,
)


def sides_of(text: str) -> dict[str, set[bool]]:
    """By thing that a normalized sentence speaks of, which sides it takes; a denied side is the other one."""
    found: dict[str, set[bool]] = {}
    for axis, positive, negative in _AXES:
        for pattern, side in ((positive, True), (negative, False)):
            for match in pattern.finditer(text):
                before = text[max(0, match.start() - 30) : match.start()]
                denied = bool(_NOT_ZH.search(before) or _NOT_EN.search(before))
                if axis == "problem" and match.group().startswith(("不", "没")):
                    denied = False
                found.setdefault(axis, set()).add(side != denied)
    return found
