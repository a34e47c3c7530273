"""A sentence in the other language, by the chat model, compared with the sentence and asked for again if it differs."""

from __future__ import annotations

import contextlib
import logging
import re

from langchain_core.language_models import BaseChatModel

from qa.agreement import differences, left_untold
from qa.citations import ITEM_NUMBER, with_own_numbers
from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.language import estimate_tokens, holds_words
from qa.opposites import named_sides, opposed
from qa.prompts import Terms
from qa.renumbering import renumbered, spaced, uncounted
from qa.translating import is_chatter
from qa.types import Language
from qa.writing import Limits, in_language, in_other_language

_log = logging.getLogger(__name__)

_TERMS = 6  # names that a translation of a sentence is given
_LONGEST = 2.5  # tokens of a translation for each of its sentence: of 163 right and wrong ones none has more than 2.4
_MORE = 12  # tokens that a short one may have more
_SAME = 0.8  # least cosine of a sentence and what the model made of it in the other language
# 一是, 二是: more than one in a sentence are its own list.
_PLACES = re.compile(r"(?<![\u4e00-\u9fff])[一二三四五六七]是")
_PAIR = re.compile(r"(\S+) = \1(?!\w)")  # a term that it was told, said again
# What the example of the prompt speaks of: 冲过头 became a cup that brews too long.
_EXAMPLE = re.compile(r"\b(?:coffee|brew\w*|roast\w*)\b|咖啡|烘焙|萃取|冲泡", re.IGNORECASE)
_COLONS = ":："  # before a displayed formula
_DISPLAYED = re.compile(r"\s*\$\$.*\$\$\s*\Z", re.DOTALL)


def version(
    model: BaseChatModel, sentence: str, place: str, language: Language, grounds: Grounds, limits: Limits
) -> str | None:
    """A sentence in a language; None where it came out as something else, twice.

    The headings that it stands under, its place, tell what its words mean: 门 is a gate there, not a door.
    A formula on lines of its own stays as it is. Raises ModelUnreachable and ModelFailed.
    """
    translated = _version(model, sentence, place, language, grounds, limits)
    return translated and with_own_numbers(translated)


def _version(
    model: BaseChatModel, sentence: str, place: str, language: Language, grounds: Grounds, limits: Limits
) -> str | None:
    if item := ITEM_NUMBER.match(sentence):
        text = _version(model, sentence[item.end() :], place, language, grounds, limits)
        return text and item.group() + text
    displayed = _DISPLAYED.search(sentence)
    text, formula = (sentence[: displayed.start()], displayed.group()) if displayed else (sentence, "")
    if not text.strip():
        return sentence
    glossary = grounds.glossary
    terms = glossary.named_in(f"{text}\n{place}", language)[:_TERMS]
    asked = renumbered(_without_place(text), language)
    first = _translated(model, asked, language, terms, limits)
    is_same = _is_same(text, first, language, grounds)
    untold = left_untold(text, first, glossary)
    zh, en = (first, text) if language == "zh" else (text, first)
    sides = named_sides(text, language) if opposed(zh, en) else []
    unnamed = [
        (name, other) for name, other in terms if holds_words(text, name) and not _names(first, name, other, glossary)
    ]
    counts = uncounted(text, first) if is_same and language == "en" else []
    if not (unnamed or counts or (not is_same and (untold or sides))):
        return first + formula if is_same else None
    for name, other in (*sides, *unnamed):  # a name that it need not translate is one that it keeps
        asked = spaced(asked.replace(name, f" {other} "))
    second = _translated(model, asked, language, [*((each, each) for each in untold), *counts, *terms], limits)
    if _is_same(text, second, language, grounds):
        return second + formula
    return first + formula if is_same else None


def _without_place(text: str) -> str:
    """A sentence without the 二是 that it has from the list before it, which by itself reads as a number of things."""
    return text[2:] if len(_PLACES.findall(text)) == 1 and _PLACES.match(text) else text


def _names(translated: str, name: str, other: str, glossary: Glossary) -> bool:
    """Whether a translation names a thing by any of its names."""
    said = {id(concept) for concept in glossary.concepts_in(translated)}
    return name in translated or any(id(concept) in said for concept in glossary.concepts_named(other))


def _translated(model: BaseChatModel, text: str, language: Language, terms: Terms, limits: Limits) -> str:
    with contextlib.closing(in_other_language(model, text, language, terms, limits)) as pieces:
        return " ".join("".join(pieces).split())


def _is_same(text: str, translated: str, language: Language, grounds: Grounds) -> bool:
    if (
        is_chatter(translated.rstrip(_COLONS) if text.rstrip().endswith(tuple(_COLONS)) else translated)
        or not in_language(translated, language)
        or any(pair[0] not in text for pair in _PAIR.finditer(translated))
        or _runs_on(text, translated)
        or (_EXAMPLE.search(translated) and not _EXAMPLE.search(text))
    ):
        return False
    zh, en = (translated, text) if language == "zh" else (text, translated)
    differing = differences(zh, en, grounds.glossary)
    alike = grounds.alike(text, translated)
    if differing or alike < _SAME:
        _log.info("A translated sentence differs in %s (cosine %.2f)", differing or "meaning", alike)
    return not differing and alike >= _SAME


def _runs_on(text: str, translated: str) -> bool:
    """Whether a translation went on to say what a small model knows of the subject."""
    tokens = estimate_tokens(text)
    return estimate_tokens(translated) > max(_LONGEST * tokens, tokens + _MORE)
