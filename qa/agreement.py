"""Whether two sentences in two languages say the same, as far as numbers, formulas, negations and names tell."""

from __future__ import annotations

import re
from typing import Literal

from qa.glossary import Glossary
from qa.language import has_han
from qa.numerals import numbers_of, stated_numbers
from qa.opposites import ONLY_EN, opposed

Difference = Literal["number", "negation", "term", "opposite", "formula"]

_NEGATED_EN = re.compile(
    r"\b(?:no|not|never|cannot|without|nor|neither|none|unable|fails? to|lacks?|avoid\w*|prevent\w*|rather than"
    r"|instead of|nothing|nobody|nowhere|unlike|un\w+ed|in(?:dependent|sensitive|variant)\w*|non-?\w+|irrelevant"
    r"|impossible|ignor\w+|less|few|hardly|only)\b|n['’]t\b",
    re.IGNORECASE,
)
_NEGATED_ZH = re.compile(r"[不没非无未免勿莫缺]|避免|防止|而是|忽略|只|仅|难以|很少|失|丢|除了|别")
# What surely denies, so that its lack in the other sentence is a difference and no choice of words.
_DENIES_EN = re.compile(rf"(?:\b(?:not|never|cannot)|n['’]t)\b(?!{ONLY_EN})", re.IGNORECASE)
_DENIES_ZH = re.compile(r"不是|并非|而非|不能|不会|无法|(?<!有)没有|不需要|不必|不再|从不")
# "Does not remove" where the other sentence removes denies too, though both hold a word that denies.
_KEEPS_EN = re.compile(
    r"(?:\b(?:not|never|cannot)|n['’]t) "
    r"(?:remove|skip|omit|drop(?! in\b| by\b| to\b)|discard|leave out|eliminate|ignore)\b",
    re.IGNORECASE,
)
_REMOVES_ZH = re.compile(
    r"(?<![不没未别非])(?<!不能|不会|没有|无法|不要|不用|不必|不再)(?:去掉|跳过|省去|省掉|丢掉|删去|消除|忽略)"
)
# "Non-negative" says 大于等于 0 too.
_SIGNED = re.compile(r"\b(?:non-?)?(?:negative|positive)\b|非负|非正|为正|为负|正数|负数|正值|负值", re.IGNORECASE)
_FORMULA = re.compile(r"\$\$([^$]+)\$\$|\$(?=\S)([^$]+)(?<=\S)\$(?!\d)")  # "$5 and $6" is none
_EQUATION = re.compile(r"(?<![\w`])[A-Za-z][\w.()]*\s*=\s*(?=[^=\n]*?[*/^])[\w(][\w\s.*/+^(),-]*[\w)]", re.ASCII)
_SYMBOLS = re.compile(r"\\?[A-Za-z]+(?:_\w+)?(?:,\\?[A-Za-z]+(?:_\w+)?)+")  # of bare formulas: $G_j,H_j$
_ALMOST = re.compile(r"\\approx(?![a-z])|≈")
_BETWEEN = r"[^\d\\=]{0,6}"  # words and marks that say the same: $\gamma$ 取 2
_NO_MATTER = re.compile(
    r"\s|\\[,;! ]|[${}]|\\(?:mathrm|text|left|right)(?![a-z])|\\(?=(?:log|ln|exp|max|min|arg|tanh)(?![a-z]))"
)
_YEAR = re.compile(r"(?<![\d.])(?:19|20)?(\d\d)年(?!前|后|来|内|间)")  # 17年 is 2017
_GLUED_YEAR = re.compile(r"(?<=[A-Za-z])(?=(?:19|20)\d\d年)")  # Google2018年
# Names that both languages write alike: with a capital inside, a digit or an acronym.
_NAME = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z][A-Za-z0-9]*[A-Z0-9][A-Za-z0-9]*|[A-Z]{2,})(?![A-Za-z0-9])")


def differences(zh: str, en: str, glossary: Glossary) -> list[Difference]:
    """In what a Chinese and an English sentence that should say the same differ; empty where in nothing seen."""
    found: list[Difference] = []
    zh = _dated(zh, en)
    if stated_numbers(zh) - _numbers(en) or stated_numbers(en) - _numbers(zh):
        found.append("number")
    denies = (_DENIES_ZH.search(zh) and not _NEGATED_EN.search(en)) or (
        _DENIES_EN.search(en) and not _NEGATED_ZH.search(zh)
    )
    if denies or (_KEEPS_EN.search(en) and _REMOVES_ZH.search(zh)):
        found.append("negation")
    if not all(names(name, zh, glossary) for name in names_in(en)) or not all(
        names(name, en, glossary) for name in names_in(zh)
    ):
        found.append("term")
    if opposed(zh, en):
        found.append("opposite")
    if foreign_formulas(zh, en) or foreign_formulas(en, zh):
        found.append("formula")
    return found


def _dated(zh: str, en: str) -> str:
    """A Chinese sentence with its years apart from what is before them, and in four digits where the other has them."""
    whole = {year[2:]: year for year in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", en)}
    return _YEAR.sub(lambda year: f"{whole.get(year[1], year[0][:-1])}年", _GLUED_YEAR.sub(" ", zh))


def names_in(text: str) -> list[str]:
    """The names in a text that both languages write alike."""
    return _NAME.findall(text)


def names(name: str, text: str, glossary: Glossary) -> bool:
    """Whether a text has what such a name stands for, be it by another of its names."""
    bare = name.rstrip("s")
    if bare in text or re.search(rf"(?<![a-z0-9]){re.escape(bare)}s?(?![a-z0-9])", text, re.IGNORECASE):
        return True
    concepts = {id(concept) for concept in glossary.concepts_in(bare)}
    return bool(concepts) and any(id(concept) in concepts for concept in glossary.concepts_in(text))


def _numbers(text: str) -> set[str]:
    return numbers_of(text) | ({"0"} if _SIGNED.search(text) else set())


def foreign_formulas(sentence: str, *texts: str) -> list[str]:
    """The formulas of a sentence, be they between dollars or equations that calculate, that none of the texts has."""
    plain = [_bare(match[0]) for match in _EQUATION.finditer(_FORMULA.sub(" ", sentence))]
    found = [*_formulas(sentence), *plain]
    return [formula for formula in found if not any(_holds(text, formula) for text in texts)]


def _formulas(text: str) -> list[str]:
    return [_bare(match[0]) for match in _FORMULA.finditer(text)]


def _holds(text: str, formula: str) -> bool:
    """Whether a text has a formula, be it as words between its sides: $\\gamma=2$ stands in "$\\gamma$ 取 2" too.

    Or each symbol, where it is a list of symbols.
    """
    bare = _bare(text)
    if _SYMBOLS.fullmatch(formula):
        written = " ".join(_formulas(text))
        return all(re.search(rf"(?<![A-Za-z\\]){re.escape(of)}(?![A-Za-z])", written) for of in formula.split(","))
    sides = [re.escape(side) for side in formula.split("=")]
    return formula in bare or (
        len(sides) > 1 and all(sides) and re.search(_BETWEEN.join(sides) + r"(?!\d|\.\d)", bare) is not None
    )


def _bare(text: str) -> str:
    """A text without what may be written otherwise in a formula: spaces, braces, dollars, upright letters, ≈ for =, and
    log for \\log."""
    return _NO_MATTER.sub("", _ALMOST.sub("=", text))


def left_untold(text: str, translated: str, glossary: Glossary) -> list[str]:
    """The formulas, numbers and names of a sentence that its translation lacks, as the sentence writes them."""
    if has_han(text):
        text = _dated(text, translated)
    formulas = [found[0] for found in _FORMULA.finditer(text) if not _holds(translated, _bare(found[0]))]
    numbers = sorted(stated_numbers(_FORMULA.sub(" ", text)) - _numbers(translated))
    return [
        *formulas,
        *numbers,
        *(name for name in dict.fromkeys(names_in(text)) if not names(name, translated, glossary)),
    ]
