"""Writes one answer from its excerpts: drafts checked sentence by sentence, in one language or in both side by side."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_core.language_models import BaseChatModel

from qa.abstaining import disagreement, pointer
from qa.agreement import differences
from qa.chat import LocalChatModel
from qa.checking import Checker
from qa.citations import Statement
from qa.conflicts import disagreements
from qa.drafting import Check, Draft, Numbering, shown
from qa.extractive import extract
from qa.grounds import covered, share
from qa.language import search_terms
from qa.material import Material
from qa.queries import understand
from qa.support import Support
from qa.translating import is_chatter
from qa.trimming import SENTENCE_CHARS
from qa.types import Citation, Conflict, Event, Language, Passage, Sentence, SentenceChecked, TextDelta
from qa.writing import Limits, WrongLanguage, in_language, in_other_language, write

_log = logging.getLogger(__name__)

_ADDED = 2  # statements that say most on the question: added where the model left them out
_NEAR = 0.7  # relevance by which a second one may be below the best
# Relevance of the best above all in the passages that an answer cites, from which on it is added. In the other language
# it seldom means the same by the same names.
_ELSEWHERE = 1.0
_SAID = 0.6  # share of what a statement names that an answer must name to have said it
_ASKED_ABOUT = 3  # statements that say most: others that say the opposite are looked for
_TERMS = 6  # names that a translation of a sentence is given
_SAME = 0.8  # least cosine of a sentence and what the model made of it in the other language
_STANDING_IN = 2  # of them where it wrote nothing that the notes support


@dataclass(frozen=True, slots=True)
class Composition:
    """What an answer came to: texts only where something supports them."""

    texts: Mapping[Language, str]
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]
    conflicts: tuple[Conflict, ...] = ()


class Composer:
    """Holds one answer while it is written."""

    def __init__(
        self,
        material: Material,
        languages: Sequence[Language],
        strict: bool,
        similar: Callable[[str], Iterable[Passage]] = lambda _: (),
    ) -> None:
        """`similar` finds the passages that are nearest to a sentence."""
        self._similar = similar
        self._task = material.task
        self._grounds = material.grounds
        self._relevance = material.relevance
        self._languages = languages
        self._strict = strict
        self._numbering = Numbering(material.grounds)
        self._drafts: dict[Language, Draft] = {}
        self._conflicts: tuple[Conflict, ...] = ()
        self._check: Check = Checker(material.grounds, material.relevance, material.task.question).supports

    def quote(self, whole: bool = True) -> Composition:
        """The answer in the notes' own sentences, as they stand; where it need not be `whole`, at once."""
        for language in self._languages:
            rows = extract(self._grounds, self._relevance, language)
            for number, row in enumerate(rows):
                self._draft(language).put(*self._quoted(row, language), "\n" if number else "")
            if rows and not in_language(self._draft(language).text(), language):
                numbers = sorted({n for sentence in self._draft(language).sentences for n in sentence.citations})
                self._drafts[language] = self._new_draft(language)
                self._drafts[language].put(Sentence(language, pointer(language), tuple(numbers), 0.0, "quoted"), ())
        for _ in self._disagreement(None, self._languages, None) if whole else ():
            pass
        return self.result()

    def write(self, model: BaseChatModel, limits: Limits) -> Iterator[Event]:
        """Text and checks as they come. Closing it stops the model. Raises ModelUnreachable and ModelFailed.

        In two languages, first in that of the notes, where a small model does best; each sentence then in the other
        one, while the model goes on with the next.
        """
        judge = model if isinstance(model, LocalChatModel) else None
        self._check = Checker(self._grounds, self._relevance, self._task.question, judge, self._strict).supports
        first = self._languages[0] if len(self._languages) == 1 else self._grounds.passages[0].language
        others = [language for language in self._languages if language != first]
        with contextlib.closing(write(model, self._task, first, limits)) as pieces:
            try:
                for piece in pieces:
                    yield from self._with_versions(self._draft(first).add(piece), model, first, others, limits)
            except WrongLanguage:
                _log.warning("The chat model did not keep to the language; the notes' own sentences stand in.")
        yield from self._with_versions(self._draft(first).finish(), model, first, others, limits)
        if (text := self._draft(first).text()) and not in_language(text, first):
            self._drafts.clear()
        answered = bool(self._draft(first).supported())
        for row in self._left_out(first):
            if self._grounds.languages[row] == first:
                self._draft(first).drop_repeated(self._grounds.statements[row])
            for language in (first, *others):
                told = self._told(model, row, language, limits)
                if others or not answered or told[0].text != pointer(language):  # which adds nothing to an answer
                    yield from self._added(told)
        yield from self._disagreement(model, (first, *others), limits)

    def result(self) -> Composition:
        """What the notes support of what was written."""
        drafts = {of: self._drafts[of] for of in self._languages if of in self._drafts}
        texts = {of: draft.text() for of, draft in drafts.items() if any(s.citations for s in draft.sentences)}
        sentences = tuple(sentence for draft in drafts.values() for sentence in draft.sentences)
        cited = {number for sentence in sentences for number in sentence.citations}
        return Composition(texts, self._numbering.citations(cited), sentences, self._conflicts)

    def _draft(self, language: Language) -> Draft:
        if language not in self._drafts:
            self._drafts[language] = self._new_draft(language)
        return self._drafts[language]

    def _new_draft(self, language: Language) -> Draft:
        return Draft(language, self._numbering, self._check, self._strict)

    def _with_versions(
        self, events: Iterator[Event], model: BaseChatModel, first: Language, others: Sequence[Language], limits: Limits
    ) -> Iterator[Event]:
        for event in events:
            yield event
            if isinstance(event, SentenceChecked) and event.sentence.change != "dropped":
                _, found = self._draft(first).latest()
                for language in others:
                    place = self._grounds.headings[found[0].number - 1] if found else ""
                    text = self._version(model, event.sentence.text, place, first, language, limits)
                    told = replace(event.sentence, language=language, text=text, change="translated")
                    draft = self._draft(language)
                    gap = " " if language == "en" and draft.sentences else ""
                    draft.put(told, found, gap)
                    yield TextDelta(language, gap + shown(told))
                    yield SentenceChecked(told)

    def _left_out(self, language: Language) -> list[int]:
        """The statements that say most on the question and that the answer leaves out, in part or whole.

        Where it says nothing that the notes support, they stand in for it.
        """
        likely = sorted(self._grounds.singles(), key=lambda i: (-self._relevance[i], i))
        supported = self._draft(language).supported()
        if not supported:
            return sorted([i for i in likely if not _is_formula(self._grounds.statements[i].text)][:_STANDING_IN])
        said = frozenset(search_terms(" ".join(sentence.text for sentence, _ in supported)))
        best = self._relevance[likely[0]]
        # One from elsewhere is seldom about what was asked, unless what was written is far less so.
        numbers = [each.number for each in self._grounds.statements]
        here = {support.number for _, found in supported for support in found}
        most_here = max((self._relevance[i] for i in likely if numbers[i] in here), default=float("-inf"))
        if most_here < best - _ELSEWHERE and self._grounds.languages[likely[0]] == language:
            here.add(numbers[likely[0]])
        chosen = [i for i in likely[:_ADDED] if self._relevance[i] >= best - _NEAR and numbers[i] in here]
        return [i for i in chosen if self._is_new(i, said)]

    def _is_new(self, row: int, said: frozenset[str]) -> bool:
        text = self._grounds.statements[row].text
        if "|" in text or _is_formula(text) or len(text) < SENTENCE_CHARS:  # of a table, of a list
            return False
        return share(covered(understand(text, self._grounds.glossary).units, said)) < _SAID

    def _disagreement(
        self, model: BaseChatModel | None, languages: Sequence[Language], limits: Limits | None
    ) -> Iterator[Event]:
        """Where notes say the opposite about what is asked: both, and that they do."""
        rows = sorted(self._grounds.singles(), key=lambda i: (-self._relevance[i], i))[:_ASKED_ABOUT]
        self._widen([self._grounds.statements[i].text for i in rows])
        pair = next(disagreements(self._grounds, rows, self._grounds.singles()), None)
        if pair is None:
            return
        for language in languages:
            numbers: list[int] = []
            for row in (pair.first, pair.second):
                sentence, found = self._told(model, row, language, limits)
                cited = {number for each in self._draft(language).sentences for number in each.citations}
                if not cited.issuperset(sentence.citations):
                    yield from self._added((sentence, found))
                numbers += sentence.citations
            said = Sentence(language, disagreement(language), tuple(numbers), 0.0, "quoted")
            yield from self._added((said, ()))
            self._conflicts = (Conflict(*numbers),) if len(set(numbers)) > 1 else ()

    def _widen(self, sentences: Sequence[str]) -> None:
        """Take the passages that are nearest to these sentences into the grounds: a note that says the opposite of what
        was found need not be near the question."""
        found = {passage.id: passage for sentence in sentences for passage in self._similar(sentence)}
        known = self._grounds.passages
        if new := [passage for passage in found.values() if not any(passage.overlaps(each) for each in known)]:
            self._grounds = self._grounds.with_passages(new)
            self._numbering.grounds = self._grounds

    def _added(self, told: tuple[Sentence, tuple[Support, ...]]) -> Iterator[Event]:
        """A sentence on a line of its own."""
        sentence, found = told
        draft = self._draft(sentence.language)
        separator = "\n" if draft.sentences else ""
        draft.put(sentence, found, separator)
        yield TextDelta(sentence.language, separator + shown(sentence))
        yield SentenceChecked(sentence)

    def _told(
        self, model: BaseChatModel | None, row: int, language: Language, limits: Limits | None
    ) -> tuple[Sentence, tuple[Support, ...]]:
        """A note's own sentence in a language: as it stands, translated, or where that went wrong only its place."""
        statement = self._grounds.statements[row]
        sentence, found = self._quoted(statement, language)
        of = self._grounds.languages[row]
        if of == language:
            return sentence, found
        if model is None or limits is None:
            return replace(sentence, text=pointer(language)), found
        place = self._grounds.headings[statement.number - 1]
        text = self._version(model, statement.text, place, of, language, limits)
        return replace(sentence, text=text, change="translated"), found

    def _version(
        self, model: BaseChatModel, sentence: str, place: str, language: Language, other: Language, limits: Limits
    ) -> str:
        """A sentence in the other language; where it came out as something else, only that it stands in a note.

        The headings that it stands under tell what its words mean: 门 is a gate there, not a door.
        """
        terms = self._grounds.glossary.named_in(f"{sentence}\n{place}", other)[:_TERMS]
        with contextlib.closing(in_other_language(model, sentence, other, terms, limits)) as pieces:
            text = " ".join("".join(pieces).split())
        zh, en = (sentence, text) if language == "zh" else (text, sentence)
        differing = differences(zh, en, self._grounds.glossary)
        alike = self._grounds.alike(sentence, text) if text else 0.0
        if not is_chatter(text) and in_language(text, other) and not differing and alike >= _SAME:
            return text
        _log.info("A sentence in the other language differs in %s (cosine %.2f)", differing or "language", alike)
        return pointer(other)

    def _quoted(self, statement: Statement, language: Language) -> tuple[Sentence, tuple[Support, ...]]:
        support = Support(statement.number, statement.start, statement.end, 0.0)
        return Sentence(language, statement.text, (self._numbering.of(support),), 0.0, "quoted"), (support,)


def _is_formula(text: str) -> bool:
    return text.startswith("$$")
