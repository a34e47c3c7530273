"""The text of an answer in one language as it grows: each whole sentence is checked and gets the numbers it deserves.

Numbers stand for quotes: two sentences that rest on the same words of a note share one, in both languages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from qa.citations import citation, cite, numbers_in, opening_of_number, without_numbers
from qa.grounds import Grounds, covered, share
from qa.language import search_terms, split_sentences
from qa.queries import understand
from qa.statements import Statement
from qa.support import Support, Told, is_supported
from qa.types import Change, Citation, Language, Sentence, SentenceChecked, TextDelta
from qa.verdicts import begins_with_verdict

Check = Callable[[str], tuple[Support, ...]]  # of a sentence with its numbers
Telling = TextDelta | SentenceChecked

UNSUPPORTED = {"zh": "（不在你的笔记中）", "en": " (not from your notes)"}
_REPEATS = 0.7  # share of what a sentence names that a statement must name for it to say nothing else
_MARKS = "-*•.。 \n\r\t"
_AROUND = _MARKS + "_；;，,：:！!"
_END = re.compile(r"[\s。！？!?.；;，,：:]*\Z")
_SHORTEST_ROUND, _LONGEST_ROUND = 4, 60  # letters, characters that a model that goes round says again and again
_ROUND = re.compile(rf"(.{{{_SHORTEST_ROUND},{_LONGEST_ROUND}}}?)\1\1", re.DOTALL)
_ROUNDS = 2  # sentences in a row that were said before: "Advantages:" may come again
_LIST_MARK = re.compile(r"(?:[-*•]|\d{1,2}[.)、])\s*\Z")


class Numbering:
    """Gives each quote its number, in the order in which they are first cited."""

    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds
        self._quotes: list[tuple[int, int, int]] = []  # passage, start, end

    def of(self, support: Support) -> int:
        """1-based; a quote within one that has a number shares it."""
        quote = (support.number, support.start, support.end)
        for number, (passage, start, end) in enumerate(self._quotes, 1):
            if passage == support.number and start <= support.start and support.end <= end:
                return number
        self._quotes.append(quote)
        return len(self._quotes)

    def citations(self, cited: set[int]) -> tuple[Citation, ...]:
        """Those with these numbers."""
        return tuple(
            citation(number, self.grounds.passages[passage - 1], start, end)
            for number, (passage, start, end) in enumerate(self._quotes, 1)
            if number in cited
        )


class Draft:
    """Takes pieces of text, gives the events for the reader."""

    def __init__(self, language: Language, numbering: Numbering, check: Check, strict: bool = True) -> None:
        self.language = language
        self.sentences: list[Sentence] = []
        self.repeats = False  # what it said before: a small model that does goes on so to the end
        self._supports: list[tuple[Support, ...]] = []
        self._numbering = numbering
        self._check = check
        self._strict = strict
        self._again = 0  # sentences in a row that it has said before
        self._separators: list[str] = []
        self._rest = ""  # what came after the last whole sentence
        self._shown = ""  # of that sentence

    def add(self, piece: str) -> Iterator[Telling]:
        """What the reader is to see of it: words at once, a sentence's end and numbers when it is whole and checked."""
        self._rest += piece
        spans = split_sentences(self._rest)
        if spans and opening_of_number(self._rest) <= spans[-1][0]:  # "[" may become a number of the sentence before
            spans = spans[:-1]
        if len(spans) > 1:
            ends = [span[1] for span in spans[:-1]]
            start = 0
            for end in ends:
                yield from self._whole(self._rest[start:end])
                start = end
            self._rest = self._rest[start:]
        if _goes_round(self._rest):
            self.repeats, self._shown = True, ""
            return
        yield from self._partly(self._rest)

    def finish(self) -> Iterator[Telling]:
        """The events of what is left when the model has ended; a list mark without text is none."""
        rest, self._rest = "" if self.repeats else self._rest, ""
        if without_numbers(rest).strip() and not _LIST_MARK.fullmatch(rest.strip()):
            yield from self._whole(rest)

    def supported(self) -> list[Told]:
        """The sentences that the notes support."""
        return [(s, of) for s, of in zip(self.sentences, self._supports, strict=True) if s.citations]

    def says(self, text: str) -> bool:
        """Whether a sentence that is shown has the same words already."""
        return any(s.change != "dropped" and _words(s.text) == _words(text) for s in self.sentences)

    def latest(self) -> Told:
        """The last whole sentence."""
        return self.sentences[-1], self._supports[-1]

    def repeated_by(self, statement: Statement) -> list[tuple[Support, ...]]:
        """What supports the sentences that say a part of this statement and nothing else.

        Not those that answer yes or no: the statement says why. Nor those that name more than it.
        """
        terms = frozenset(search_terms(statement.text))
        glossary = self._numbering.grounds.glossary
        repeated: list[tuple[Support, ...]] = []
        for sentence, found in self.supported():
            within = all(
                s.number == statement.number and statement.start <= s.start and s.end <= statement.end for s in found
            )
            if within and not begins_with_verdict(sentence.text):
                units = understand(sentence.text, glossary).units
                if not units or share(covered(units, terms)) >= _REPEATS:
                    repeated.append(found)
        return repeated

    def drop(self, supports: Sequence[tuple[Support, ...]]) -> None:
        """Leave out the sentences with these very supports, or their translations, since what follows says more."""
        for n, found in enumerate(self._supports):
            if any(found is each for each in supports):
                self.sentences[n] = replace(self.sentences[n], citations=(), change="dropped")
                self._supports[n] = ()

    def text(self) -> str:
        """The text of the answer: what is left out is left out."""
        return "".join(
            separator + shown(sentence)
            for separator, sentence in zip(self._separators, self.sentences, strict=True)
            if sentence.change != "dropped"
        ).strip()

    def put(self, sentence: Sentence, found: tuple[Support, ...], separator: str = "") -> None:
        """Append a sentence that is checked already."""
        self.sentences.append(sentence)
        self._supports.append(found)
        self._separators.append(separator)

    def _whole(self, raw: str) -> Iterator[Telling]:
        text = without_numbers(raw)
        if not text.strip(_MARKS):
            return
        separator = raw[: len(raw) - len(raw.lstrip())]
        again = _words(text) in {_words(each.text) for each in self.sentences}
        self._again = self._again + 1 if again else 0
        if again or _goes_round(text):
            self.repeats, self._shown = self._again == _ROUNDS or not again, ""
            return
        sentence, found = checked(raw.strip(), self.language, self._check, self._numbering, self._strict)
        whole = separator + shown(sentence)
        if whole.startswith(self._shown) and (rest := whole[len(self._shown) :]):
            yield TextDelta(self.language, rest)
        self._shown = ""
        self.put(sentence, found, separator)
        yield SentenceChecked(sentence)

    def _partly(self, raw: str) -> Iterator[Telling]:
        separator = raw[: len(raw) - len(raw.lstrip())]
        seen = raw[: opening_of_number(raw)].lstrip()
        visible = without_numbers(seen)
        end = _END.search(visible)
        so_far = separator + visible[: end.start() if end else len(visible)]
        if so_far.strip(_MARKS) and so_far.startswith(self._shown) and (rest := so_far[len(self._shown) :]):
            self._shown += rest
            yield TextDelta(self.language, rest)


def _words(text: str) -> str:
    """A sentence without the marks around it."""
    return " ".join(text.strip(_AROUND).casefold().split())


def _goes_round(text: str) -> bool:
    """Whether a text has the same words three times in a row."""
    found = _ROUND.search(text)
    return found is not None and sum(map(str.isalpha, found[1])) >= _SHORTEST_ROUND


def checked(raw: str, language: Language, check: Check, numbering: Numbering, strict: bool = True) -> Told:
    """A sentence as the model wrote it, with what the notes say to it."""
    found = check(raw)
    text = without_numbers(raw)
    if not is_supported(found):
        score = found[0].score if found else -1.0
        return Sentence(language, text, (), min(score, -0.001), "dropped" if strict else "marked"), ()
    claimed = numbers_in(raw)
    change: Change = "cited" if not claimed else "kept" if claimed == [s.number for s in found] else "corrected"
    numbers = tuple(dict.fromkeys(numbering.of(support) for support in found))
    return Sentence(language, text, numbers, found[0].score, change), found


def shown(sentence: Sentence) -> str:
    """A sentence as the reader sees it."""
    if sentence.change == "marked":
        return sentence.text + UNSUPPORTED[sentence.language]
    return cite(sentence.text, sentence.citations)
