"""The numbers of a sentence as the other language writes them, since a small model miscounts 万 and 分之."""

from __future__ import annotations

import re
from decimal import Decimal

from qa.numerals import COUNTED, RUN_ZH, SCALED, SCALES, TENTHS_ZH, numbers_of, tenths, times, value_zh
from qa.types import Language

_COUNTS_EN = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"))
_COUNTS_ZH = ((10**12, "万亿"), (10**8, "亿"), (10**4, "万"))
_LONGEST = 5  # digits before the unit, the point apart: with more, the number is clearer in digits alone
_RUN = RUN_ZH.pattern
_PART_ZH = re.compile(rf"(?<![\d.])({_RUN})分之(\d+(?:\.\d+)?|{_RUN})(?!点)")
_PARTS_EN = {"1/2": "half", "1/3": "a third", "2/3": "two thirds", "1/4": "a quarter", "3/4": "three quarters"}
_MANY_ZH = re.compile(rf"(?<!分之)(?=[一二三四五六七八九两])(?>{_RUN})(?<=[万亿])(?![分多几余])")
_MANY_EN = re.compile(SCALED.pattern, re.IGNORECASE)
# A count from two on with the word that counts things; 第二层 and 二十几个 are none.
_COUNT_ZH = re.compile(
    r"(?<![第十百千万亿几数每一二三四五六七八九两])([两俩二三四五六七八九]|[二三四五六七八九]?十[一二三四五六七八九]?)"
    r"(?:个|种|类|步|层|条|项|次|倍|组|份|部分|方面|阶段|块|行|列)"
)
_WORDS_EN = dict(enumerate(COUNTED.split()))
_DIGITS_ZH = dict(zip(COUNTED.split(), "零一二三四五六七八九十", strict=False)) | {"a": "一", "an": "一"}
_PARTS_ZH = dict(
    zip(
        ("third", "quarter", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
        "三四四五六七八九十",
        strict=True,
    )
)
_PART = "|".join(_PARTS_ZH)
_PART_EN = re.compile(
    rf"\b({'|'.join(list(_DIGITS_ZH)[2:10])})[- ]({_PART})s\b"
    rf"|\b(an?|one)[- ]({_PART})\b(?=\s+(?:of|less|more|fewer|for)\b|[,.;:!?)]|\Z)",
    re.IGNORECASE,
)
_SPACES = re.compile(" {2,}")
_BESIDE_MARK = re.compile(r" +(?=[，。；：！？、）]|[.,;:!?](?:\s|\Z))|(?<=[，。；：！？、（]) +")


def renumbered(text: str, language: Language) -> str:
    """A text in the other language, its numbers as `language` writes them.

    1200 万 becomes 12 million, 四分之一 a quarter, 百分之七 7%; 12 million becomes 1200 万, two thirds 三分之二.
    """
    if language == "zh":
        put = _MANY_EN.sub(lambda match: _count(match, _COUNTS_ZH) or match[0], text)
        return _PART_EN.sub(_part_zh, put)
    put = SCALED.sub(lambda match: f" {_count(match, _COUNTS_EN) or match[0]} ", text)
    put = _MANY_ZH.sub(lambda match: f" {_said(Decimal(value_zh(match[0])), _COUNTS_EN)} ", put)
    put = _PART_ZH.sub(lambda match: f" {_part(match)} ", put)
    put = TENTHS_ZH.sub(lambda match: f" {tenths(match)}% ", put)
    return text if put == text else spaced(put)


def _part_zh(match: re.Match[str]) -> str:
    count, part = (match[1] or match[3]).lower(), (match[2] or match[4]).lower()
    return f"{_PARTS_ZH[part]}分之{_DIGITS_ZH[count]}"


def uncounted(text: str, translated: str) -> list[tuple[str, str]]:
    """(count in a Chinese text, its number in English) of those that an English translation lacks: 两个, two."""
    counts = {match[0]: value_zh(match[1]) for match in _COUNT_ZH.finditer(text)}
    held = numbers_of(translated)
    return [(written, _WORDS_EN.get(count, str(count))) for written, count in counts.items() if str(count) not in held]


def spaced(text: str) -> str:
    """A text into which words of the other language were put, with one space between them and none beside marks."""
    return _BESIDE_MARK.sub("", _SPACES.sub(" ", text)).strip()


def _count(match: re.Match[str], counts: tuple[tuple[int, str], ...]) -> str:
    number = times(match[1], SCALES[match[2].lower()])
    return _said(Decimal(number), counts) if number != match[1] else ""


def _said(number: Decimal, counts: tuple[tuple[int, str], ...]) -> str:
    """A number with its unit, or in digits alone where it would be no shorter so."""
    for unit, name in counts:
        if number >= unit:
            short = f"{(number / unit).normalize():f}"
            if len(short.replace(".", "")) <= _LONGEST:
                return f"{short} {name}"
            break
    return f"{number.normalize():,f}"


def _part(match: re.Match[str]) -> str:
    whole = value_zh(match[1])
    part = match[2] if match[2][0].isdecimal() else value_zh(match[2])
    return f"{part}%" if whole == 100 else _PARTS_EN.get(f"{part}/{whole}", f"{part}/{whole}")
