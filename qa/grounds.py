"""The sentences of the excerpts that an answer is drawn from, and what it takes to compare others with them.

The extract, the trimmed prompt, the check of every sentence and the search for conflicts all read them here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qa.agreement import names_in
from qa.formula_images import with_formulas
from qa.glossary import Glossary
from qa.instructions import gives_order, is_instruction
from qa.language import count_han, detect_language, has_han, search_terms
from qa.lexical import Unit
from qa.listings import without_number
from qa.numerals import numbers_of
from qa.searchtext import readable
from qa.sentence_vectors import SentenceVectors
from qa.statements import Statement, statements
from qa.types import Language, Passage

_MAX_QUOTE_CHARS = 400
_LONGEST_SUBJECT = 30  # characters

_NEAREST = 12  # single sentences that another is compared with exactly
_NEAREST_WHOLE = 3  # of them whose passages are compared as a whole too
_REPEATED = 2
_WORD = re.compile(r"\w")
_LATIN = re.compile(r"(?<![\w\\.(=])[A-Za-z]{3,}(?![\w(\[=]|\.\w)")  # words, none of code
_SIGNS = re.compile(r"\$\$[^$]+\$\$|\$[^$]+\$|`[^`]+`|https?://\S+")  # formulas, code and addresses
_FEW_WORDS = 4
# What a sentence begins with that speaks of something in the sentence before it.
_LEANS = re.compile(r"它|这|此|该|其|他们|两者|前者|后者|(?:Its?|This|These|They|That|Their|Both)\b")

Scores = NDArray[np.float32]


class Grounds:
    """Statements of passages numbered from 1, row by row: `statements[i]` has `terms[i]` and `languages[i]`.

    Besides each sentence of a passage there is, where the passage is short, all of them in one: an answer may sum up a
    list.
    """

    def __init__(self, passages: Sequence[Passage], vectors: SentenceVectors, glossary: Glossary) -> None:
        self.passages = tuple(passages)
        self.glossary = glossary
        self.statements = [each for n, passage in enumerate(self.passages, 1) for each in _candidates(passage, n)]
        self.headings = [_heading(passage) for passage in self.passages]
        # Their texts as a reader sees them: addresses and tags mean nothing.
        self.readable = [each.text if each.is_code else readable(each.text) for each in self.statements]
        self.terms = [frozenset(search_terms(text)) for text in self.readable]
        pairs = zip(self.statements, self.readable, strict=True)
        self.languages = [_language(each, text, self.passages[each.number - 1]) for each, text in pairs]
        self._sentences = vectors

    def __bool__(self) -> bool:
        return bool(self.statements)

    def with_passages(self, passages: Sequence[Passage]) -> Grounds:
        """With more passages after these; rows and numbers of these stay."""
        return Grounds([*self.passages, *passages], self._sentences, self.glossary)

    @cached_property
    def numbers(self) -> list[set[str]]:
        """Of each passage, all that it can be said to hold."""
        return [numbers_of(passage.text) for passage in self.passages]

    @cached_property
    def texts(self) -> list[str]:
        """Of each passage, with the pictures of formulas as formulas."""
        return [with_formulas(passage.text) for passage in self.passages]

    def names(self, sentence: str) -> list[set[int]]:
        """For each name in a sentence that both languages write alike, such as LSTM: the passages that name it too.

        Numbers from 1; names that none has are left out.
        """
        bare = [name.rstrip("s") for name in names_in(sentence)]
        concepts = [self._concepts(name) for name in bare]
        found = [
            {n for n, (text, of) in enumerate(self._places, 1) if name in text or meant & of}
            for name, meant in zip(bare, concepts, strict=True)
        ]
        return [passages for passages in found if passages]

    @cached_property
    def _places(self) -> list[tuple[str, set[int]]]:
        """Of each passage, its text under its headings and the concepts in it."""
        texts = [" ".join((p.title, *p.headings, p.text)) for p in self.passages]
        return [(text, self._concepts(text)) for text in texts]

    def _concepts(self, text: str) -> set[int]:
        return {id(concept) for concept in self.glossary.concepts_in(text)}

    def subject(self, statement: Statement) -> str:
        """The line or the heading that a statement stands under, without its number; empty where it is a long one."""
        above = statement.lead or "".join(self.passages[statement.number - 1].headings[-1:])
        name = without_number(above)
        return name if len(name) <= _LONGEST_SUBJECT and not is_instruction(above) else ""

    def alike(self, one: str, other: str) -> float:
        """The cosine of any two sentences."""
        first, second = self._sentences.of([one, other])
        return float(first @ second)

    def singles(self) -> list[int]:
        """The rows of single sentences that say something, be it one word of a list."""
        return [i for i, each in enumerate(self.statements) if not each.whole and _WORD.search(each.text)]

    def vectors(self, rows: Sequence[int] | None = None) -> Scores:
        """(rows, dim) of the statements in these rows, or of all."""
        chosen = range(len(self.statements)) if rows is None else rows
        return self._sentences.of([self.readable[i] for i in chosen])

    def vectors_in_place(self, rows: Sequence[int]) -> Scores:
        """(rows, dim) of statements under their headings and leads, since a sentence often leaves out its subject."""
        return self._sentences.of([self._in_place(row) for row in rows])

    def terms_in_place(self, row: int) -> frozenset[str]:
        """Of a statement, of the headings above it, of what its list stands under and of what it leans on."""
        statement = self.statements[row]
        before = self._before.get(row)
        lent = self.terms[before] if before is not None else frozenset()
        return self.terms[row] | lent | self._terms_of(statement.lead) | self._heading_terms[statement.number - 1]

    def _in_place(self, row: int) -> str:
        statement = self.statements[row]
        before = self._before.get(row)
        lent = self.readable[before] + " " if before is not None else ""
        lead = f"{statement.lead}: " if statement.lead else ""
        return f"{self.headings[statement.number - 1]}: {lead}{lent}{self.readable[row]}"

    def _terms_of(self, lead: str) -> frozenset[str]:
        return frozenset(search_terms(lead)) if lead else frozenset()

    def leans_on(self, row: int) -> int | None:
        """The row of the sentence that a statement needs to be understood: it begins with a pronoun."""
        return self._before.get(row)

    @cached_property
    def _before(self) -> dict[int, int]:
        """The row of the sentence before, for those that begin with a pronoun."""
        singles = self.singles()
        return {
            row: before
            for before, row in pairwise(singles)
            if _LEANS.match(self.statements[row].text) and self.statements[before].number == self.statements[row].number
        }

    @cached_property
    def _heading_terms(self) -> list[frozenset[str]]:
        return [frozenset(search_terms(heading)) for heading in self.headings]

    def cosines(self, sentence: str, numbers: Container[int] | None = None, whole: bool = True) -> Scores:
        """(statements,) cosines of any sentence and the statements; -1 for those that are not near it at all.

        Or whose passage is none of `numbers`.
        Which are, is seen by their vectors under their headings, which the relevance needs too: others are not encoded.
        Passages as a whole are long, so `whole=False` leaves them out.
        """
        (vector,) = self._sentences.of([sentence])
        possible = [numbers is None or each.number in numbers for each in self.statements]
        rows = [i for i, each in enumerate(self.statements) if not each.whole and possible[i]]
        near = self.vectors_in_place(rows) @ vector
        order = [rows[i] for i in np.argsort(-near, kind="stable")]
        first = {self.statements[i].number for i in order[:_NEAREST_WHOLE]} if whole else set()
        chosen = order[:_NEAREST]
        chosen += [i for i, each in enumerate(self.statements) if each.whole and each.number in first]
        cosines = np.full(len(self.statements), -1.0, np.float32)
        cosines[chosen] = self.vectors(chosen) @ vector
        return cosines


def covered(units: Iterable[Unit], terms: frozenset[str]) -> list[bool]:
    """Which units the terms hold by one of their names."""
    return [any(terms.issuperset(alternative) for alternative in unit.alternatives) for unit in units]


def share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0


def _language(statement: Statement, text: str, passage: Passage) -> Language:
    """Of a statement, by its words without addresses; formulas, code and a name or two are in that of the note around
    them."""
    words = _SIGNS.sub(" ", text)
    latin = 0 if statement.is_code else len(_LATIN.findall(words))
    if passage.language == "zh":
        return "en" if latin >= _FEW_WORDS and latin > count_han(words) else "zh"
    return detect_language(words) if latin >= _FEW_WORDS or has_han(words) else "en"


def _heading(passage: Passage) -> str:
    return " > ".join(name for name in passage.headings or (passage.title,) if not is_instruction(name))


def _orders(passage: Passage, found: Sequence[Statement]) -> list[Statement]:
    """The instructions among statements, with the orders that follow one on its line."""
    orders: list[Statement] = []
    end = 0
    for each in found:
        follows = bool(orders) and orders[-1].end == end and "\n" not in passage.text[end : each.start]
        if is_instruction(each.text) or (follows and gives_order(each.text)):
            orders.append(each)
        end = each.end
    return [*orders, *_broken_orders(passage, found, orders)]


def _broken_orders(passage: Passage, found: Sequence[Statement], orders: Sequence[Statement]) -> Iterator[Statement]:
    """The two lines of an instruction that is broken between them, as editors break long lines."""
    for one, other in pairwise(found):
        gap = passage.text[one.end : other.start]
        if gap.count("\n") != 1 or gap.strip(" \t\r\n>") or one in orders or other in orders:
            continue
        if is_instruction(f"{one.text}{'' if has_han(one.text) else ' '}{other.text}"):
            yield from (one, other)


def _candidates(passage: Passage, number: int) -> list[Statement]:
    found = statements(passage, number)
    times = Counter(each.text for each in found)  # what is said over and over wants to be heard, not read
    orders = _orders(passage, found)
    single = [each for each in found if times[each.text] <= _REPEATED and each not in orders]
    if len(single) < max(2, len(found)) or single[-1].end - single[0].start > _MAX_QUOTE_CHARS:
        return single
    start, end = single[0].start, single[-1].end
    return [*single, Statement(number, start, end, passage.text[start:end], whole=True)]
