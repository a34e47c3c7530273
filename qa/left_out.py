"""Which statements of the notes an answer leaves out though they say what was asked, and which stand in for one."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence

from qa.grounds import Grounds, Scores, covered, share
from qa.language import normalize, search_terms
from qa.listings import announces_list
from qa.queries import named_units, understand
from qa.relevance import BESIDE, with_told
from qa.support import Support, Told
from qa.trimming import SENTENCE_CHARS
from qa.types import Language

_LIKELY = 6  # statements that say most on the question: what answers it is among them in nine of ten cases
MOST_ADDED = 3  # of them that are added
_MOST_SIDES = 2  # of what is compared
_MOST_FOLLOWING = 2  # that go on with what is said
_MOST_ITEMS = 5  # of a list that are added to say it whole
# What asks for several things.
_SEVERAL = re.compile(
    r"哪些|哪几|哪[两二三四五六]|[几两三四五六][种类个步点大条]|分别|有什么[^，。？]*(?:优点|缺点|好处|坏处|方法|办法|作用)|优缺点"
    r"|步骤|流程|怎么办|(?:如何|怎[么样])[^，。？]{0,8}(?:解决|避免|防止|缓解|处理|应对|提高|提升|优化|改进|改善|加快|加速|减少)"
    r"|\b(?:which|what) (?:\w+ )?(?:are|kinds|types|ways|methods|steps|reasons|advantages|drawbacks|options|parts)\b"
    r"|\bsteps\b|\bwhat can (?:be|you|we|i|one) \w+|\bhow (?:can|could|should|do|to)\b[^.?]*"
    r"\b(?:solve|fix|avoid|prevent|reduce|mitigate|alleviate|handle|deal|improve|optimi[sz]e|speed)\b"
    r"|\b(?:list|name) (?:the|two|three|four|all)\b|\b(?:two|three|four|five|several|different) \w+|pros and cons"
)
# What asks for two things side by side.
_COMPARES = re.compile(
    r"区别|差别|差异|不同|不一样|差在|异同|相比|比较|对比|各自|各[是有用算怎看更]|分别|哪个|取舍"
    r"|\b(?:differ\w*|compar\w+|versus|vs|each|respectively|unlike|than|both)\b",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"\s*(?:\$\$.*|\$[^$]+\$\s*)", re.DOTALL)  # displayed, or nothing else
_NAME = re.compile(r"[A-Za-z\s*_`'-]+")  # no more than that is said
_MOST_UNTOLD = 2  # that stand in where the model cannot tell which of them answer
# Relevance of the best above all in the passages that an answer cites, from which on it is added. In the other language
# it seldom means the same by the same names.
_ELSEWHERE = 0.5
_YES = 1.0  # log-odds that it must have of the model beside, where that can tell
_GOES_ON = 0.5  # log-odds that what goes on with it must have
_SAID = 0.6  # share of what a statement names that an answer must name to have said it
# Of the relevance below the best, of the model's log-odds, of a place in the passage that says most, and of 1; and the
# least probability of what is added or stands in. Fitted on 88 questions, see bench/results.md.
_CHANCE = (0.3, 0.7, 1.6, -2.6)
_LEAST_CHANCE = 0.2


def left_out(
    grounds: Grounds,
    plain: Scores,
    said: Sequence[Told],
    language: Language,
    told: Mapping[int, float],
) -> Iterator[int]:
    """Rows of statements to be added to sentences in a language, with what supports them: of the passages they cite.

    By the `plain` relevance and by what the model told of them, its log-odds by row. Another passage is seldom about
    what was asked, unless the best statement is there, the model says yes to it, and what was written is less so.
    """
    relevance = with_told(plain, told)
    likely = _likely(grounds, relevance)
    numbers = [each.number for each in grounds.statements]
    here = {support.number for _, found in said for support in found}
    most_here = max((relevance[i] for i in likely if numbers[i] in here), default=float("-inf"))
    first = likely[0]
    best = relevance[first]
    if most_here < best - _ELSEWHERE and grounds.languages[first] == language and told.get(first, _YES) >= _YES:
        here.add(numbers[first])
    chosen = [i for i in likely[:_LIKELY] if relevance[i] >= best - BESIDE and numbers[i] in here]
    chances = _chances(grounds, plain, told, here)
    chosen = [i for i in chosen if stands_alone(grounds, i) and chances.get(i, 1.0) >= _LEAST_CHANCE]
    terms = terms_said(grounds, said)
    added = 0
    for row in chosen:
        if added < MOST_ADDED and names_more(grounds, row, terms):
            yield row
            added += 1
            terms |= grounds.terms[row]


def rest_of_list(grounds: Grounds, question: str, said: Sequence[Told], rows: Sequence[int]) -> list[int]:
    """Rows of the other items of the list that half of an answer is drawn from, where several things were asked for.

    `rows` are what will be said beside the sentences.
    """
    if not _SEVERAL.search(normalize(question)):
        return []
    used = {row for _, found in said for support in found for row in _within(grounds, support)} | set(rows)
    lists = Counter((grounds.statements[row].number, _list_of(grounds, row)) for row in used)
    lists = Counter({of: count for of, count in lists.items() if of[1]})
    if not lists:
        return []
    (of, count), *_ = lists.most_common(1)
    if count * 2 < len(used):
        return []
    items = [i for i in grounds.singles() if (grounds.statements[i].number, grounds.statements[i].items) == of]
    rest = [i for i in items if i not in used and not grounds.statements[i].is_code]
    terms = terms_said(grounds, said)
    rest = [i for i in rest if names_more(grounds, i, terms)]
    return rest if len(rest) <= _MOST_ITEMS else []


def following(
    grounds: Grounds,
    said: Sequence[Told],
    rows: Sequence[int],
    told: Mapping[int, float],
) -> list[int]:
    """Rows of the statements that go on, in one line of a note, with what supports the sentences or with `rows`.

    Those of which the model, by its log-odds `told` by row, rather thinks that they answer too: what a note says of a
    thing is seldom in one sentence.
    """
    used = {row for _, found in said for support in found for row in _within(grounds, support)} | set(rows)
    terms = terms_said(grounds, said, rows)
    after = (row + 1 for row in sorted(used) if told.get(row + 1, -math.inf) >= _GOES_ON and row + 1 not in used)
    next_ones = [row for row in after if _is_one_line(grounds, row - 1) and not grounds.statements[row].is_code]
    return [row for row in next_ones if names_more(grounds, row, terms)][:_MOST_FOLLOWING]


def _is_one_line(grounds: Grounds, row: int) -> bool:
    """Whether a statement and the next stand in one line."""
    one, other = grounds.statements[row : row + 2]
    between = grounds.passages[one.number - 1].text[one.end : other.start]
    return one.number == other.number and not other.whole and one.end <= other.start and "\n" not in between


def other_sides(
    grounds: Grounds,
    relevance: Scores,
    question: str,
    said: Sequence[Told],
    rows: Sequence[int],
) -> list[int]:
    """Rows of the statements that say most on what a comparison names and neither the sentences nor `rows` do."""
    named = named_units(question, grounds.glossary)
    if len(named) < 2 or not (_COMPARES.search(normalize(question)) or _joins([name for name, _ in named], question)):
        return []
    terms = terms_said(grounds, said, rows)
    likely = [row for row in _likely(grounds, relevance) if stands_alone(grounds, row)]
    likely = [row for row in likely if relevance[row] >= relevance[likely[0]] - BESIDE]
    found: list[int] = []
    for _, unit in named:
        if len(found) < _MOST_SIDES and not all(covered([unit], terms)):
            naming = (row for row in likely if all(covered([unit], grounds.terms[row])))
            if (row := next(naming, None)) is not None:
                found.append(row)
                terms |= grounds.terms[row]
    return found


def _joins(names: Sequence[str], question: str) -> bool:
    """Whether two of the names stand in a question with no more than an "and" between them."""
    pairs = itertools.permutations(map(re.escape, names), 2)
    return any(re.search(rf"{one}\s*(?:[和与跟及、]|\band\b)\s*{other}", question) for one, other in pairs)


def _list_of(grounds: Grounds, row: int) -> int:
    """The list that a statement is in an item of, or that it announces: "there are four kinds." Else 0."""
    first, after = row, row + 1
    while not grounds.statements[first].items and first and _is_one_line(grounds, first - 1):
        first -= 1
    items, text = grounds.statements[first].items, grounds.statements[row].text
    if items or after == len(grounds.statements) or not announces_list(text):
        return items
    follows = grounds.statements[after]
    return follows.items if follows.number == grounds.statements[row].number and not follows.whole else 0


def _within(grounds: Grounds, support: Support) -> list[int]:
    return [
        row
        for row in grounds.singles()
        if (each := grounds.statements[row]).number == support.number
        and support.start <= each.start
        and each.end <= support.end
    ]


def standing_in(grounds: Grounds, plain: Scores, question: str, told: Mapping[int, float]) -> list[int]:
    """Rows of the statements that likeliest answer, in the order of the notes, and of what they lean on.

    By the `plain` relevance and by what the model told. At least one where any says more than the question.
    """
    asked = frozenset(search_terms(question))
    rows = [
        row
        for row in _likely(grounds, with_told(plain, told))
        if not (_is_formula(grounds, row) or grounds.statements[row].is_code or grounds.terms[row] <= asked)
        and not (grounds.languages[row] == "zh" and _NAME.fullmatch(grounds.statements[row].text))
    ]
    told = {row: told[row] for row in rows if row in told}
    if not told:
        return _understood(grounds, rows[:_MOST_UNTOLD])
    chances = _chances(grounds, plain, told, {grounds.statements[next(iter(told))].number})
    ranked = sorted(told, key=lambda row: -chances[row])
    return _understood(grounds, [row for row in ranked[:MOST_ADDED] if chances[row] >= _LEAST_CHANCE] or ranked[:1])


def _chances(grounds: Grounds, plain: Scores, told: Mapping[int, float], numbers: Container[int]) -> dict[int, float]:
    """By row, how probable it is that a statement answers, where passages with these `numbers` say most."""
    near, word, home, bias = _CHANCE
    best = max((float(plain[row]) for row in told), default=0.0)
    chances: dict[int, float] = {}
    for row, of_model in told.items():
        is_home = grounds.statements[row].number in numbers
        odds = near * (float(plain[row]) - best) + word * of_model + home * is_home + bias
        chances[row] = 1 / (1 + math.exp(-odds))
    return chances


def _understood(grounds: Grounds, rows: Sequence[int]) -> list[int]:
    """These rows in the order of the notes, each with what it leans on: "it" is nothing by itself."""
    needed = {before for row in rows if (before := grounds.leans_on(row)) is not None}
    return sorted({*rows, *needed})


def _likely(grounds: Grounds, relevance: Scores) -> list[int]:
    return sorted(grounds.singles(), key=lambda row: (-relevance[row], row))


def stands_alone(grounds: Grounds, row: int) -> bool:
    """Whether a statement can be read by itself: it is no formula, and not of a table, of a list or of code."""
    statement = grounds.statements[row]
    if "|" in statement.text or _is_formula(grounds, row) or len(statement.text) < SENTENCE_CHARS:
        return False
    return not statement.is_code


def terms_said(grounds: Grounds, said: Sequence[Told], rows: Sequence[int] = ()) -> frozenset[str]:
    """The terms of sentences and of the statements in these rows."""
    terms = frozenset(search_terms(" ".join(sentence.text for sentence, _ in said)))
    return terms.union(*(grounds.terms[row] for row in rows))


def names_more(grounds: Grounds, row: int, said: frozenset[str]) -> bool:
    """Whether a statement names things that terms do not."""
    return share(covered(understand(grounds.statements[row].text, grounds.glossary).units, said)) < _SAID


def _is_formula(grounds: Grounds, row: int) -> bool:
    return _FORMULA.fullmatch(grounds.readable[row]) is not None
