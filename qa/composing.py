"""Writes one answer from its excerpts: drafts checked sentence by sentence, in one language or in both side by side."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_core.language_models import BaseChatModel

from qa.abstaining import disagreement, pointer
from qa.chat import LocalChatModel
from qa.checking import Checker
from qa.conflicts import disagreements
from qa.drafting import Draft, Numbering, Telling, shown
from qa.extractive import extract
from qa.left_out import MOST_ADDED, following, left_out, other_sides, rest_of_list, standing_in
from qa.material import Material
from qa.quoting import Quoter
from qa.relevance import with_told
from qa.section_parts import asked_section, section_parts
from qa.support import Support, Told, only_statement
from qa.telling import Teller
from qa.types import Citation, Conflict, Language, Passage, Sentence, SentenceChecked, TextDelta
from qa.versions import version
from qa.writing import Limits, WrongLanguage, in_language, write

_log = logging.getLogger(__name__)

# Chance that the notes answer from which on their sentences stand in where nothing that the model wrote is supported.
# Of 48 answers that they stood in for, all six below .41 were beside the question, of the others three; one that came
# later, at .33, was right. See bench/results.md.
_STANDS_IN = 0.3
_ASKED_ABOUT = 3  # statements that say most: others that say the opposite are looked for


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
        chance: float = 1.0,
        teller: Teller | None = None,
    ) -> None:
        """`similar` finds the passages that are nearest to a sentence; `chance` that the notes answer, 0 to 1.

        The `teller` is asked when the draft is written: what comes first should not wait for it.
        """
        self._similar = similar
        self._stands_in = chance >= _STANDS_IN
        self._task = material.task
        self._grounds = material.grounds
        self._relevance = material.relevance
        self._teller = teller
        self._languages = languages
        self._strict = strict
        self._numbering = Numbering(material.grounds)
        self._quoter = Quoter(self._numbering)
        self._drafts: dict[Language, Draft] = {}
        self._conflicts: tuple[Conflict, ...] = ()
        self._checker = Checker(material.grounds, material.relevance, material.task.question)

    def quote(self, whole: bool = True) -> Composition:
        """The answer in the notes' own sentences, as they stand; where it need not be `whole`, at once."""
        best = {language: extract(self._grounds, self._relevance, language) for language in self._languages}
        for language, rows in best.items():
            for number, row in enumerate(rows):
                self._draft(language).put(*self._quoted(row, language), "\n" if number else "")
            for row, name in self._sections((), rows).items() if whole else ():
                self._draft(language).put(*self._quoted(row, language, name), "\n")
            self._keep_to(language)
        for _ in self._disagreement(None, self._languages, None) if whole else ():
            pass
        return self.result()

    def write(self, model: BaseChatModel, limits: Limits) -> Iterator[Telling]:
        """Text and checks as they come. Closing it stops the model. Raises ModelUnreachable and ModelFailed.

        First in the language of the task, each sentence then in the other one where it is wanted. What is not wanted
        in the first is not told.
        """
        for event in self._written(model, limits):
            language = event.language if isinstance(event, TextDelta) else event.sentence.language
            if language in self._languages:
                yield event

    def _written(self, model: BaseChatModel, limits: Limits) -> Iterator[Telling]:
        judge = model if isinstance(model, LocalChatModel) else None
        self._checker = Checker(self._grounds, self._relevance, self._task.question, judge, self._strict)
        first = self._task.language
        others = [language for language in self._languages if language != first]
        with contextlib.closing(write(model, self._task, limits)) as pieces:
            try:
                for piece in pieces:
                    yield from self._with_versions(self._draft(first).add(piece), model, first, others, limits)
                    if self._draft(first).repeats:
                        break
            except WrongLanguage:
                _log.warning("The chat model did not keep to the language; the notes' own sentences stand in.")
        yield from self._with_versions(self._draft(first).finish(), model, first, others, limits)
        if (text := self._draft(first).text()) and not in_language(text, first):
            yield from self._in_words(model, first, limits)
        if self._stands_in or self._draft(first).supported():
            yield from self._rest(model, first, limits)
            yield from self._disagreement(model, self._languages, limits)
        for language in self._languages:
            self._keep_to(language)

    def _in_words(self, model: BaseChatModel, first: Language, limits: Limits) -> Iterator[Telling]:
        """A draft that is numbers and names alone, "350 GB", gives way to the notes' sentences that say so."""
        supports = [found for _, found in self._draft(first).supported()]
        rows = [row for found in supports if (row := only_statement(found, self._grounds)) is not None]
        self._drafts.clear()
        for row in dict.fromkeys(rows):
            for language in dict.fromkeys((first, *self._languages)):
                yield from self._added(self._told(model, row, language, limits))

    def _keep_to(self, language: Language) -> None:
        """Only the places, where what was quoted is not in the language: "softmax" is no sentence in Chinese."""
        draft = self._draft(language)
        if (text := draft.text()) and not in_language(text, language):
            numbers = sorted({number for sentence in draft.sentences for number in sentence.citations})
            told = pointer(language, all(map(self._is_code, draft.supported())))
            self._drafts[language] = self._new_draft(language)
            self._drafts[language].put(Sentence(language, told, tuple(numbers), 0.0, "quoted"), ())

    def _is_code(self, said: Told) -> bool:
        """Whether a sentence is a line of code, or a formula."""
        sentence, found = said
        row = only_statement(found, self._grounds) if found else None
        return row is not None and (self._grounds.statements[row].is_code or sentence.text.lstrip().startswith("$"))

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
        return Draft(language, self._numbering, self._checker.supports, self._strict)

    def _with_versions(
        self,
        events: Iterator[Telling],
        model: BaseChatModel,
        first: Language,
        others: Sequence[Language],
        limits: Limits,
    ) -> Iterator[Telling]:
        for event in events:
            yield event
            if isinstance(event, SentenceChecked) and event.sentence.change != "dropped":
                _, found = self._draft(first).latest()
                place = self._grounds.headings[found[0].number - 1] if found else ""
                for language in others:
                    draft = self._draft(language)
                    texts = (
                        version(model, text, place, language, self._grounds, limits)
                        for text in self._quoter.to_translate(event.sentence, found, first in self._languages)
                    )
                    text = next(filter(None, texts), pointer(language))
                    if text != pointer(language) and draft.says(text):
                        continue
                    told = replace(event.sentence, language=language, text=text, change="translated")
                    gap = " " if language == "en" and draft.sentences else ""
                    draft.put(told, found, gap)
                    yield TextDelta(language, gap + shown(told))
                    yield SentenceChecked(told)

    def _rest(self, model: BaseChatModel, first: Language, limits: Limits) -> Iterator[Telling]:
        """What says most on the question and was left out, in part or whole; or stands in for what was written."""
        said = self._draft(first).supported()
        stands_in = not said
        odds = self._teller.of_best(self._relevance) if self._teller else {}
        grounds, plain, question = self._grounds, self._relevance, self._task.question
        self._relevance = with_told(plain, odds)

        def left(kept: Sequence[Told]) -> list[int]:
            rows = left_out(grounds, plain, kept, first, odds) if kept else standing_in(grounds, plain, question, odds)
            return list(rows)

        chosen = left(said)
        if whole := {row: repeated for row in chosen if (repeated := self._repeated(row, first))}:
            # What gives way to them has said nothing of the rest.
            gone = [each for repeated in whole.values() for each in repeated]
            said = [(sentence, found) for sentence, found in said if not any(found is each for each in gone)]
            chosen = list(dict.fromkeys([*whole, *left(said)]))[:MOST_ADDED]
        chosen += other_sides(grounds, self._relevance, question, said, chosen)
        chosen += following(grounds, said, chosen, odds)
        chosen += rest_of_list(grounds, question, said, chosen)
        sections = self._sections(said, chosen)
        for row in [*chosen, *sections]:
            repeated = self._repeated(row, first)
            for language in self._languages:
                told = self._told(model, row, language, limits, sections.get(row, ""))
                says = told[0].text != pointer(language)
                if says and self._draft(language).says(told[0].text):
                    continue
                if says:
                    self._draft(language).drop(repeated)
                if says or stands_in or len(self._languages) > 1:
                    yield from self._added(told)

    def _sections(self, said: Sequence[Told], rows: Sequence[int]) -> Mapping[int, str]:
        """Rows that open the sections with what the question asks the names of, with these names; not all of them need
        be found by the question."""
        section = asked_section(self._grounds, self._task.question)
        if section is None:
            return {}
        self._widen([" ".join(section.path)])
        return section_parts(self._grounds, section, said, rows)

    def _repeated(self, row: int, language: Language) -> list[tuple[Support, ...]]:
        """What supports the sentences of a draft that say a part of a statement in its language and nothing else."""
        is_own = self._grounds.languages[row] == language
        return self._draft(language).repeated_by(self._grounds.statements[row]) if is_own else []

    def _disagreement(
        self, model: BaseChatModel | None, languages: Sequence[Language], limits: Limits | None
    ) -> Iterator[Telling]:
        """Where notes say the opposite about what is asked: both, and that they do."""
        ranked = [row for row in self._grounds.singles() if row < len(self._relevance)]
        rows = sorted(ranked, key=lambda i: (-self._relevance[i], i))[:_ASKED_ABOUT]
        self._widen([self._grounds.statements[i].text for i in rows])
        rows, others = (
            [row for row in of if not self._grounds.statements[row].is_code] for of in (rows, self._grounds.singles())
        )
        pair = next(disagreements(self._grounds, rows, others), None)
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

    def _added(self, told: Told) -> Iterator[Telling]:
        """A sentence on a line of its own."""
        sentence, found = told
        draft = self._draft(sentence.language)
        separator = "\n" if draft.sentences else ""
        draft.put(sentence, found, separator)
        yield TextDelta(sentence.language, separator + shown(sentence))
        yield SentenceChecked(sentence)

    def _quoted(self, row: int, language: Language, name: str = "") -> Told:
        return self._quoter.quoted(row, language, self._said(), name)

    def _told(
        self, model: BaseChatModel | None, row: int, language: Language, limits: Limits | None, name: str = ""
    ) -> Told:
        return self._quoter.told(model, row, language, limits, self._said(), name)

    def _said(self) -> list[str]:
        """The question and what is said so far: names in them need not be said again."""
        drafts = self._drafts.values()
        said = [sentence.text for draft in drafts for sentence in draft.sentences if sentence.citations]
        return [self._task.question, *said]
