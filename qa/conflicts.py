"""Finds two note sentences that say the opposite about what was asked, by rules: a small model cannot tell.

Two sentences disagree where they are about the same (share most of what they name, neither has a name of its own) and
one denies what the other affirms, they take opposite sides on something that has two, or they give different numbers.
Rules find plain disagreements only; they rather miss one than see one that is none. See bench/results.md.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa.glossary import Glossary
from qa.grounds import Grounds, covered, share
from qa.language import has_han, normalize, search_terms
from qa.lexical import Unit
from qa.numerals import counted_numbers, numbers_of, stated_numbers
from qa.queries import named_units, understand
from qa.support import contradicts

_SIMILAR = 0.84  # least cosine of two sentences on the same thing; of most sentences of one section it is more
_SHARED = 0.33  # of what the sentence that names less names
_SHARED_ACROSS = 0.3  # the same across languages, where only names are seen to be shared
_FILLERS = 3  # words by which clauses with different numbers may differ else
_LEAST_SHARED = 2  # names: what "indexes speed up reads, indexes slow down writes" have in common is one

# Things with two sides, in both languages: one side, the other.
_SIDES = {
    "amount": (
        r"增加|提高|提升|增大|上升|加大|变大|增强|更多|更高|更大"
        r"|\b(?:increas\w+|rais(?:es?|ed|ing)|more|higher|larger|grows?)\b",
        r"减少|降低|减小|下降|缩小|变小|减弱|更少|更低|更小|\b(?:decreas\w+|reduc\w+|lower\w*|less|fewer|smaller|shrinks?)\b",
    ),
    "quality": (
        r"(?:很|更|较|效果|表现|泛化)好|优于|胜过|适合|适用|有利|有益"
        r"|\b(?:good|better|best|well|beneficial|helps?|suits?|suitable|outperforms?)\b",
        r"(?:很|更|较|变|效果|表现)差|不如|劣于|有害|伤害|\b(?:bad|badly|poor|poorly|worse|worst|harm|harms|harmful|hurts?|unsuitable)\b",
    ),
    "speed": (r"快|\b(?:fast|faster|fastest|quick\w*)\b", r"慢|\b(?:slow|slower|slowest|slowly)\b"),
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
    "scope": (r"全局|\bglobal\w*\b", r"局部|\blocal\w*\b"),
    "order": (r"之前|以前|\bbefore\b", r"之后|以后|\bafter\b"),
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
_AXES = [(name, re.compile(one), re.compile(other)) for name, (one, other) in _SIDES.items()]
_NOT_ZH = re.compile(r"(?:不是|并非|而非|不会|不能|不该|不应|不用|没有|无法|[不没未别勿])[“”‘’\"']?.{0,2}$")
_NOT_EN = re.compile(r"(?:\b(?:not|never|no|cannot|without|hardly|rather than)|n['’]t)(?:\s+\w+){0,2}\s*$")
_DENIALS = re.compile(r"[不没无未非]|\b(?:not|never|no|cannot|without|unless)\b|n['’]t\b")
_CLAUSE = re.compile(r"[，,；;：:。.!?！？]\s|[，；：。！？]|\b(?:so|because|which)\b")
_COMPARES = re.compile(r"比|优于|不如|胜过|劣于|\bthan\b|\boutperforms?\b")
# "训练时", "at inference": what holds then need not hold at another time.
_WHEN = re.compile(r"训练|推理|测试|预测|\b(?:training|inference|test(?:ing)?|prediction)\b")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two rows of the grounds."""

    first: int
    second: int


def disagreements(grounds: Grounds, rows: Sequence[int], others: Sequence[int]) -> Iterator[Disagreement]:
    """Pairs of a sentence in `rows` and one in `others` that disagree, in the order of both."""
    cosines = grounds.vectors(rows) @ grounds.vectors(others).T
    for i, j in itertools.product(range(len(rows)), range(len(others))):
        one, other = grounds.statements[rows[i]], grounds.statements[others[j]]
        headings = grounds.headings[one.number - 1], grounds.headings[other.number - 1]
        if cosines[i, j] >= _SIMILAR and disagree(one.text, other.text, grounds.glossary, headings):
            yield Disagreement(rows[i], others[j])


def disagree(one: str, other: str, glossary: Glossary, headings: tuple[str, str] = ("", "")) -> bool:
    """Whether two sentences, which stand under these headings, cannot both be true."""
    if normalize(one) == normalize(other) or not _about_the_same(one, other, glossary, headings):
        return False
    if _COMPARES.search(normalize(one)) and _COMPARES.search(normalize(other)):
        swapped = _is_swapped(one, other, glossary)
        return swapped is not None and swapped != _opposite(one, other)
    if _other_numbers(one, other):
        return True
    if any(len(_DENIALS.findall(normalize(text))) > 1 for text in (one, other)):  # "not without" affirms
        return False
    return _opposite(one, other) or contradicts(one, other, glossary)


def _about_the_same(one: str, other: str, glossary: Glossary, headings: tuple[str, str]) -> bool:
    """Whether the sentences name the same things: much in common, and not each a name or a subject of its own."""
    texts = one, other
    terms = [frozenset(search_terms(f"{heading} {text}")) for heading, text in zip(headings, texts, strict=True)]
    names = [[unit for name, unit in named_units(text, glossary) if not _has_side(name)] for text in texts]
    if all(not all(covered(names[n], terms[1 - n])) for n in (0, 1)):
        return False
    when = [set(_WHEN.findall(normalize(text))) for text in texts]
    if all(when) and not when[0] & when[1] and has_han(one) == has_han(other):
        return False
    units = [_in_order(text, glossary) for text in texts]
    if not all(units) or all(not any(covered(units[n][:1], terms[1 - n])) for n in (0, 1)):
        return False
    held = [covered(units[n], terms[1 - n]) for n in (0, 1)]
    if max(map(sum, held)) < _LEAST_SHARED:
        return False
    return max(map(share, held)) >= (_SHARED if has_han(one) == has_han(other) else _SHARED_ACROSS)


def _has_side(name: str) -> bool:
    return bool(_sides(normalize(name)))


def _in_order(text: str, glossary: Glossary) -> list[Unit]:
    """What a sentence names, concepts and terms, as it comes."""
    order = {term: n for n, term in reversed(list(enumerate(search_terms(text))))}
    units = understand(text, glossary).units
    return sorted(units, key=lambda unit: min(order.get(t, len(order)) for of in unit.alternatives for t in of))


def _is_swapped(one: str, other: str, glossary: Glossary) -> bool | None:
    """Whether two comparisons name the things that they compare in opposite order; None where that is not plain."""
    names = [[name for name, _ in named_units(text, glossary) if name in text] for text in (one, other)]
    shared = [name for name in names[0] if name in other]
    if len(shared) < 2:
        return None
    first, second = sorted(shared, key=one.index)[:2]
    return other.index(first) > other.index(second)


def _opposite(one: str, other: str) -> bool:
    sides = [_sides(normalize(text)) for text in (one, other)]
    return any(
        (sides[0][axis] == {True} and sides[1][axis] == {False})
        or (sides[0][axis] == {False} and sides[1][axis] == {True})
        for axis in sides[0].keys() & sides[1].keys()
    )


def _sides(text: str) -> dict[str, set[bool]]:
    """Which side a sentence takes on each thing that it speaks of; a denied side is the other one."""
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


def _other_numbers(one: str, other: str) -> bool:
    """Whether two sentences give different numbers in clauses that say the same but for words of no weight."""
    clauses = [[c for c in _CLAUSE.split(text) if stated_numbers(c) or counted_numbers(c)] for text in (one, other)]
    return any(_clauses_differ(a, b) for a, b in itertools.product(*clauses))


def _clauses_differ(one: str, other: str) -> bool:
    numbers = [stated_numbers(text) or counted_numbers(text) for text in (one, other)]
    if not all(len(found) == 1 for found in numbers) or numbers[0] & numbers_of(other) or numbers[1] & numbers_of(one):
        return False
    words = [{term for term in search_terms(text) if not numbers_of(term)} for text in (one, other)]
    lacking = [words[0] - words[1], words[1] - words[0]]
    if min(map(len, lacking)) > 1 or (all(lacking) and not all(has_han(word) for of in lacking for word in of)):
        return False
    return max(map(len, lacking)) <= min(_FILLERS, max(map(len, words)) // 2)
