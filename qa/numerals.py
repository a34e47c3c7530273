"""The numbers that a text states, in digits or in words of either language, in one form for comparing."""

from __future__ import annotations

import re
from decimal import Decimal

from qa.language import normalize

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)*"  # 1,000 is one, (0,1) are two
_DIGITS = re.compile(rf"(?<![a-z_\d.]){_NUMBER}")
# 1200 万, 12 million and, in names such as GPT-3 175B, the letter alone.
SCALES = {
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "千": 10**3, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8, "十亿": 10**9, "百亿": 10**10, "千亿": 10**11,
    "万亿": 10**12,
}  # fmt: skip
_SCALE = "|".join(sorted(SCALES, key=len, reverse=True))
SCALED = re.compile(rf"(?<![a-z_\d.])({_NUMBER})\s*({_SCALE})(?![a-z\d]|分之)")
_LETTERS = {"k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
_LETTERED = re.compile(rf"(?<![a-z_\d.])({_NUMBER})\s?([kmbt])\b")
_LABEL = re.compile(r"[a-z]-?\d+(?:\.\d+)*|\d+(?:\.\d+)*[a-z]\b|\b\d+x\d+\b")  # L2, GPT-4, 3D, 1x1: names, not numbers
COUNTED = "zero one two three four five six seven eight nine ten eleven twelve"
_WORDS_EN = {word: str(number) for number, word in enumerate(COUNTED.split())} | {
    "once": "1", "twice": "2", "both": "2", "half": "2", "halve": "2", "halves": "2", "double": "2", "third": "3",
    "thirds": "3", "thrice": "3", "triple": "3", "quarter": "4", "quarters": "4", "hundred": "100",
    "thousand": "1000", "million": "1000000", "billion": "1000000000",
}  # fmt: skip
_PARTS = {"fourth": "4", "fifth": "5", "sixth": "6", "seventh": "7", "eighth": "8", "ninth": "9", "tenth": "10"}
_WORDS_EN |= _PARTS | {f"{word}s": number for word, number in _PARTS.items()}
_WORD_EN = re.compile(r"[a-z]+")
_UNIT_EN = re.compile(r"\b(?:one|each|per) unit\b|\bunit (?:increase|change|step|length|norm|variance)\b")
_FRACTION_EN = re.compile(
    rf"\b(?:an?|one)[- ](quarter)\b|\b(?:a|one)[- ](third|{'|'.join(_PARTS)})(?= (?:of|less|more|fewer)\b)"
    rf"|\b(?:{'|'.join(COUNTED.split()[2:11])})[- ](thirds|quarters|(?:{'|'.join(_PARTS)})s)\b"
)
_FRACTION_ZH = re.compile(r"(?<![一二三四五六七八九十百千万])(?![百千万]分之)([一二三四五六七八九十百千万]+)分之")
_PERCENT = re.compile(r"(?<![\d.])(\d\d)\s?%")
_MOST_PERCENT = 1000  # beyond it a number is no share
_PERCENT_OF = {
    "20": "5",
    "25": "4",
    "33": "3",
    "40": "5",
    "50": "2",
    "60": "5",
    "66": "3",
    "67": "3",
    "75": "4",
    "80": "5",
}
_DIGITS_ZH = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "双": 2, "半": 2}
_POWERS_ZH = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
TENTHS_ZH = re.compile(r"([一二三四五六七八九两\d])成(?:([一二三四五六七八九半])|(?![分为本功果型长熟员立就对套]))")
RUN_ZH = re.compile(f"[{''.join(_DIGITS_ZH)}{''.join(_POWERS_ZH)}]+")


def stated_numbers(text: str) -> set[str]:
    """The numbers that a text writes in digits, apart from those in names such as L2 or GPT-4; 1,000 is 1000.

    And what a fraction in words is of: 5 in "four fifths".
    """
    plain = _scaled(_LABEL.sub(" ", normalize(text)))
    fractions = {_WORDS_EN[word] for words in _FRACTION_EN.findall(plain) for word in words if word}
    fractions |= {str(value_zh(run)) for run in _FRACTION_ZH.findall(plain)}
    return fractions | {_canonical(match.group()) for match in _DIGITS.finditer(plain)}


def counted_numbers(text: str) -> set[str]:
    """The numbers that a text writes in digits or in words, apart from those in names."""
    plain = _scaled(normalize(text))
    words = {_WORDS_EN[word] for word in _WORD_EN.findall(plain) if word in _WORDS_EN}
    return stated_numbers(text) | words | {str(value_zh(run)) for run in RUN_ZH.findall(plain)}


def numbers_of(text: str) -> set[str]:
    """All numbers that a text can be said to hold: in digits, names included, and in words, each digit of these too."""
    plain = _scaled(normalize(text))
    found = {_canonical(match.group()) for match in re.finditer(_NUMBER, plain)} | counted_numbers(text)
    found |= {_canonical(times(number, _LETTERS[letter])) for number, letter in _LETTERED.findall(plain)}
    found |= {part for number in found for part in number.split(".")}
    found |= {"1"} if _UNIT_EN.search(plain) else set()
    found |= {str(_DIGITS_ZH[c]) for run in RUN_ZH.findall(plain) for c in run if c in _DIGITS_ZH}
    found |= {f"{tenths(match)}" for match in TENTHS_ZH.finditer(plain)}
    found |= {_PERCENT_OF[number] for number in _PERCENT.findall(plain) if number in _PERCENT_OF}  # a quarter is 25 %
    return found | _percentages(found)


def _scaled(plain: str) -> str:
    """1200 万 and 12 million in digits alone."""
    return SCALED.sub(lambda match: f" {times(match[1], SCALES[match[2]])} ", plain)


def times(number: str, scale: int) -> str:
    """A number in digits so many times over; a version such as 1.2.3 is none."""
    return f"{Decimal(number.replace(',', '')) * scale:f}" if number.count(".") < 2 else number


def tenths(match: re.Match[str]) -> int:
    """六成 is 60 %, 六成五 65 %."""
    tens, ones = match.group(1), match.group(2)
    rest = 5 if ones == "半" else _DIGITS_ZH[ones] if ones else 0
    return 10 * (int(tens) if tens.isdecimal() else _DIGITS_ZH[tens]) + rest


def _percentages(numbers: set[str]) -> set[str]:
    """0.9 is 90 %, and the reverse."""
    found = set()
    for number in numbers:
        try:
            value = float(number)
        except ValueError:
            continue
        found |= {f"{value * 100:g}"} if value <= _MOST_PERCENT / 100 else set()
        found |= {f"{value / 100:g}"} if value <= _MOST_PERCENT else set()
    return found


def _canonical(number: str) -> str:
    number = number.replace(",", "")
    if number.count(".") > 1:
        return number
    whole, dot, rest = number.partition(".")
    rest = rest.rstrip("0")
    return (whole.lstrip("0") or "0") + (dot + rest if rest else "")


def value_zh(run: str) -> int:
    """一百二十 is 120, 一百万 is 1000000, 三亿五千万 is 350000000."""
    whole, section, digit = 0, 0, 0
    for character in run:
        if character in _DIGITS_ZH:
            digit = _DIGITS_ZH[character]
        elif (power := _POWERS_ZH[character]) < 10_000:
            section += max(digit, 1) * power
            digit = 0
        else:
            whole, section = (whole + max(section + digit, 1) * power, 0)
            digit = 0
    return whole + section + digit
