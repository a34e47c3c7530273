"""Checks sentences against the notes: which note sentence supports each, and whether what is nearest says otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa.agreement import foreign_formulas
from qa.citations import ITEM_NUMBER, numbers_in, without_numbers
from qa.glossary import Glossary
from qa.grounds import Grounds, Scores, covered, share
from qa.instructions import is_instruction
from qa.language import detect_language, normalize, search_terms, split_sentences
from qa.numerals import numbers_of, stated_numbers
from qa.opposites import ONLY_EN, swapped
from qa.queries import understand
from qa.statements import Statement
from qa.types import Language, Passage, Sentence

_STATES = re.compile(r"[=<>]|\\(?:leq?|geq?|propto|sim)(?![a-z])")  # a formula without any is the name of a quantity
SURE = 0.2  # support from which on a sentence is a note's own in other words
_COVERAGE_WEIGHT = 0.3  # of covered terms beside the cosine
# Of cosine + weighted coverage; across languages words match only through the glossary. See bench/results.md.
_MIN_SUPPORT = 1.0
_MIN_SUPPORT_ACROSS = 0.855
_WHOLE_PASSAGE_COST = 0.05  # a single sentence is the better quote
_KEPT_NUMBER_MARGIN = 0.03  # how much worse than the best the passage that the model named may be
_PLAIN = 0.15  # support by one sentence from which on a passage as a whole is no better
_MAX_QUOTE_CHARS = 400
_FURTHER_SHARE = 0.25  # of a sentence's units that a second statement must add to be quoted too
# "是改善，而不是解决": what a note denies right here must not be said as if it affirmed it.
_DENIAL_ZH = re.compile(
    r"(?:不是|并非|而非|不能|不会|无法|没有|不用|不需要?|无需|跳过|去掉|省去|省掉)[“”‘’\"']*([\u4e00-\u9fff]{2})"
)
_DENIAL_EN = re.compile(
    rf"\b(?:not(?!{ONLY_EN})|never|cannot|rather than|skips?|leaves out|omits?)\s+(?:the |an? )?([a-z]{{4,}})",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"[不没非无未别]|跳过|去掉|省去|省掉"
    r"|\b(?:no|not|never|cannot|without|nor|neither|skip\w*|lea(?:ves?|ving) out|omit\w*)\b"
    r"|n['’]t\b|rather than",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Support:
    """Where a sentence of an answer stands in the notes."""

    number: int  # of the passage, 1-based
    start: int  # in the passage's text
    end: int
    score: float  # above the least that counts as support


Told = tuple[Sentence, tuple[Support, ...]]  # a sentence of an answer, and what supports it


def supports(sentence: str, grounds: Grounds, question: str = "") -> tuple[Support, ...]:
    """What comes nearest to supporting a sentence with its `[n]`, best first; nothing where the notes say otherwise.

    A score below 0 is no support. `question` may hold numbers that the notes need not have.
    """
    text = _said(sentence)
    if not grounds or not text.strip("-*•.。 "):
        return ()
    scores, held = _scored(text, question, grounds)
    best = int(scores.argmax())
    if not np.isfinite(scores[best]) or contradicts(text, grounds.statements[best].text, grounds.glossary):
        return ()
    return _supports(grounds.passages, grounds.statements, scores, held, numbers_in(sentence))


def nearest(sentence: str, question: str, grounds: Grounds, most: int) -> list[Support]:
    """At most `most` so many single statements that come nearest to supporting a sentence without numbers, best first.

    Those in its language: across languages nearness tells less.
    """
    scores, _ = _scored(sentence, question, grounds)
    language = detect_language(sentence)
    rows = [row for row in grounds.singles() if np.isfinite(scores[row]) and grounds.languages[row] == language]
    rows = sorted(rows, key=lambda row: (-scores[row], row))[:most]
    statements = ((grounds.statements[row], float(scores[row])) for row in rows)
    return [Support(each.number, each.start, each.end, score) for each, score in statements]


def _scored(text: str, question: str, grounds: Grounds) -> tuple[Scores, list[list[bool]]]:
    """(statements,) how much more than the least a text is like each; and which of its units each holds."""
    possible = speaking_of(text, question, grounds)
    units = understand(text, grounds.glossary).units
    held = [covered(units, terms) for terms in grounds.terms]
    own = detect_language(text)
    least = np.array([_least(of, own) for of in grounds.languages])
    costs = np.array([_WHOLE_PASSAGE_COST * statement.whole for statement in grounds.statements])
    out = np.array([0.0 if statement.number in possible else np.inf for statement in grounds.statements])
    shares = np.array([share(of) for of in held])
    rest = _COVERAGE_WEIGHT * shares - costs - least - out
    scores = np.asarray(grounds.cosines(text, possible, whole=False) + rest, np.float32)
    if scores.max() < _PLAIN:
        scores = np.asarray(grounds.cosines(text, possible) + rest, np.float32)
    return scores, held


def only_statement(found: Sequence[Support], grounds: Grounds) -> int | None:
    """The row of the one statement that a sentence with these supports rests on, or None where it is no single one."""
    rows = _rows(found[0], grounds) if len(found) == 1 else []
    return rows[0] if rows and not grounds.statements[rows[0]].whole else None


def nearness(sentence: str, support: Support, grounds: Grounds) -> float:
    """How much more than the least a sentence without numbers is like one of the statements; below 0 less."""
    if not (rows := _rows(support, grounds)):
        return support.score
    units = understand(sentence, grounds.glossary).units
    covers = share(covered(units, grounds.terms[rows[0]]))
    least = _least(grounds.languages[rows[0]], detect_language(sentence))
    return grounds.alike(sentence, grounds.statements[rows[0]].text) + _COVERAGE_WEIGHT * covers - least


def is_supported(found: Sequence[Support]) -> bool:
    """Whether what is nearest is near enough."""
    return bool(found) and found[0].score >= 0


def contradicts(sentence: str, note: str, glossary: Glossary) -> bool:
    """Whether one of two sentences on the same thing affirms what the other plainly denies, by glossary across; or has
    a word in whose place the other has its opposite."""
    return (
        affirms_denied(sentence, note, glossary) or affirms_denied(note, sentence, glossary) or swapped(sentence, note)
    )


def affirms_denied(sentence: str, denying: str, glossary: Glossary) -> bool:
    """Whether a sentence affirms what the other one plainly denies."""
    if _NEGATION.search(sentence):
        return False
    terms = frozenset(search_terms(sentence))
    denied = [*_DENIAL_ZH.findall(normalize(denying)), *_DENIAL_EN.findall(normalize(denying))]
    return any(any(covered(understand(word, glossary).units, terms)) for word in denied)


def speaking_of(sentence: str, question: str, grounds: Grounds) -> set[int]:
    """The numbers of the passages that a sentence may be drawn from: they have each number and equation that it states.

    But for those in the question. And each name in it, such as LSTM, that any passage has; where none has all of them,
    any of them: two notes may be compared.
    """
    stated = stated_numbers(sentence) - numbers_of(question)
    possible = {
        number
        for number, (held, text) in enumerate(zip(grounds.numbers, grounds.texts, strict=True), 1)
        if stated <= held and not any(map(_STATES.search, foreign_formulas(sentence, text, question)))
    }
    named = grounds.names(sentence)
    return possible.intersection(*named) or possible.intersection(set().union(*named))


def _said(sentence: str) -> str:
    """A sentence without its citations and without the number that it has as an item."""
    text = without_numbers(sentence)
    item = ITEM_NUMBER.match(text)
    return text[item.end() :] if item else text


def _least(of: Language, own: Language) -> float:
    return _MIN_SUPPORT if of == own else _MIN_SUPPORT_ACROSS


def _rows(support: Support, grounds: Grounds) -> list[int]:
    place = support.number, support.start, support.end
    return [row for row, each in enumerate(grounds.statements) if (each.number, each.start, each.end) == place]


def _supports(
    passages: Sequence[Passage],
    found: Sequence[Statement],
    scores: Scores,
    held: Sequence[Sequence[bool]],
    claimed: Sequence[int],
) -> tuple[Support, ...]:
    best = int(scores.argmax())
    close = {s.number for s, score in zip(found, scores, strict=True) if score >= scores[best] - _KEPT_NUMBER_MARGIN}
    numbers = [number for number in claimed if number in close] or [found[best].number]
    return tuple(_quote(found, scores, held, number, passages[number - 1]) for number in numbers)


def _instructs(text: str) -> bool:
    return any(is_instruction(text[start:end]) for start, end in split_sentences(text))


def _quote(
    found: Sequence[Statement], scores: Scores, held: Sequence[Sequence[bool]], number: int, passage: Passage
) -> Support:
    """The best statement of a passage, widened to a second one that covers what the first leaves out."""
    own = [i for i, statement in enumerate(found) if statement.number == number]
    best = max(own, key=lambda i: (scores[i], -i))
    left_out = [not c for c in held[best]]
    added = {i: sum(a and b for a, b in zip(left_out, held[i], strict=True)) for i in own}
    second = max(own, key=lambda i: (added[i], scores[i], -i))
    start, end = found[best].start, found[best].end
    if added[second] >= max(1, _FURTHER_SHARE * len(left_out)):
        wide = min(start, found[second].start), max(end, found[second].end)
        if wide[1] - wide[0] <= _MAX_QUOTE_CHARS and not _instructs(passage.text[slice(*wide)]):
            start, end = wide
    return Support(number, start, end, float(scores[best]))
