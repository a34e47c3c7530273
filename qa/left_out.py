"""Which statements of the notes an answer leaves out though they say what was asked, and which stand in for one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from qa.citations import Statement
from qa.grounds import Grounds, Scores, covered, share
from qa.language import search_terms
from qa.queries import understand
from qa.relevance import BESIDE
from qa.support import Support
from qa.trimming import SENTENCE_CHARS
from qa.types import Language, Sentence

_LIKELY = 6  # statements that say most on the question: what answers it is among them in nine of ten cases
_MOST = 3  # of them that are added
_MOST_UNTOLD = 2  # that stand in where the model cannot tell which of them answer
# Relevance of the best above all in the passages that an answer cites, from which on it is added. In the other language
# it seldom means the same by the same names.
_ELSEWHERE = 1.0
_SAID = 0.6  # share of what a statement names that an answer must name to have said it
# Of the relevance below the best, of the model's log-odds that a statement answers, and of 1; and the least
# probability of what stands in. Fitted on 44 questions, see bench/results.md.
_CHANCE = (1.19, 1.9, -3.58)
_LEAST_CHANCE = 0.2
_FENCES = ("```", "~~~")

Tells = Callable[[int], float | None]  # the model's log-odds that a row answers the question; None where it cannot tell


def left_out(
    grounds: Grounds, relevance: Scores, said: Sequence[tuple[Sentence, tuple[Support, ...]]], language: Language
) -> Iterator[int]:
    """Rows of statements to be added to sentences in a language, with what supports them: of the passages they cite.

    One from elsewhere is seldom about what was asked, unless what was written is far less so.
    """
    likely = _likely(grounds, relevance)
    numbers = [each.number for each in grounds.statements]
    here = {support.number for _, found in said for support in found}
    most_here = max((relevance[i] for i in likely if numbers[i] in here), default=float("-inf"))
    best = relevance[likely[0]]
    chosen = [likely[0]] if most_here < best - _ELSEWHERE and grounds.languages[likely[0]] == language else []
    chosen += [i for i in likely[:_LIKELY] if relevance[i] >= best - BESIDE and numbers[i] in here]
    chosen = [i for i in chosen if _stands_alone(grounds, i)]
    terms = frozenset(search_terms(" ".join(sentence.text for sentence, _ in said)))
    added = 0
    for row in chosen:
        if added < _MOST and _names_more(grounds, row, terms):
            yield row
            added += 1
            terms |= grounds.terms[row]


def standing_in(grounds: Grounds, relevance: Scores, tells: Tells) -> list[int]:
    """Rows of the statements that likeliest answer, in the order of the notes; at least one where there is any."""
    likely = _likely(grounds, relevance)
    rows = [i for i in likely if not (_is_formula(grounds.statements[i]) or _is_code(grounds, i))][:_LIKELY]
    near, word, bias = _CHANCE
    chances: dict[int, float] = {}
    for row in rows:
        if (told := tells(row)) is None:
            return sorted(rows[:_MOST_UNTOLD])
        odds = near * float(relevance[row] - relevance[rows[0]]) + word * told + bias
        chances[row] = 1 / (1 + math.exp(-odds))
    rows.sort(key=lambda row: -chances[row])
    return sorted([row for row in rows[:_MOST] if chances[row] >= _LEAST_CHANCE] or rows[:1])


def _likely(grounds: Grounds, relevance: Scores) -> list[int]:
    return sorted(grounds.singles(), key=lambda row: (-relevance[row], row))


def _stands_alone(grounds: Grounds, row: int) -> bool:
    """Whether a statement can be read by itself: it is no formula, and not of a table, of a list or of code."""
    statement = grounds.statements[row]
    if "|" in statement.text or _is_formula(statement) or len(statement.text) < SENTENCE_CHARS:
        return False
    return not _is_code(grounds, row)


def _is_code(grounds: Grounds, row: int) -> bool:
    statement = grounds.statements[row]
    before = grounds.passages[statement.number - 1].text[: statement.start].splitlines()
    return sum(line.lstrip().startswith(_FENCES) for line in before) % 2 == 1


def _names_more(grounds: Grounds, row: int, said: frozenset[str]) -> bool:
    return share(covered(understand(grounds.statements[row].text, grounds.glossary).units, said)) < _SAID


def _is_formula(statement: Statement) -> bool:
    return statement.text.startswith("$$")
