"""Writes one answer from its excerpts: drafts checked sentence by sentence, in one language or in both side by side."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_core.language_models import BaseChatModel

from qa.abstaining import pointer
from qa.agreement import differences
from qa.drafting import Draft, Numbering, quoted, shown
from qa.extractive import extract
from qa.grounds import Grounds, Scores
from qa.support import Support, is_supported, supports
from qa.types import OTHER, Citation, Event, Language, Sentence, SentenceChecked, TextDelta
from qa.writing import Limits, Task, WrongLanguage, in_language, in_other_language, write

_log = logging.getLogger(__name__)

_Checked = list[tuple[Sentence, tuple[Support, ...]]]


@dataclass(frozen=True, slots=True)
class Material:
    """What an answer is drawn from."""

    task: Task  # its passages are those of the grounds, trimmed to what matters
    grounds: Grounds
    relevance: Scores


@dataclass(frozen=True, slots=True)
class Composition:
    """What an answer came to: texts only where something supports them."""

    texts: Mapping[Language, str]
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]


class Composer:
    """Holds one answer while it is written."""

    def __init__(self, material: Material, languages: Sequence[Language], strict: bool) -> None:
        self._task = material.task
        self._grounds = material.grounds
        self._relevance = material.relevance
        self._languages = languages
        self._strict = strict
        self._numbering = Numbering(material.grounds)
        self._drafts: dict[Language, Draft] = {}

    def quote(self) -> Composition:
        """The answer in the notes' own sentences."""
        parts = {language: self._quoted(language) for language in self._languages}
        return self._composition({language: part for language, part in parts.items() if part[0]})

    def write(self, model: BaseChatModel, limits: Limits) -> Iterator[Event]:
        """Text and checks as they come. Closing it stops the model. Raises ModelUnreachable and ModelFailed."""
        languages = self._languages
        if len(languages) == 1:
            yield from self._write(model, languages[0], limits, None)
            return
        # First in the language of the notes, where a small model does best; each sentence then in the other one, while
        # the model goes on with the next.
        first = self._grounds.passages[0].language
        yield from self._write(model, first, limits, OTHER[first])

    def result(self) -> Composition:
        """What was written and is supported; the notes' own sentences stand in where nothing is."""
        parts: dict[Language, tuple[str, list[Sentence]]] = {}
        for language in self._languages:
            draft = self._drafts.get(language)
            text = draft.text() if draft else ""
            if draft and draft.supported() and in_language(text, language):
                parts[language] = (text, draft.sentences)
            elif (part := self._quoted(language))[0]:
                parts[language] = part
        return self._composition(parts)

    def _write(
        self, model: BaseChatModel, language: Language, limits: Limits, other: Language | None
    ) -> Iterator[Event]:
        draft = self._draft(language)
        with contextlib.closing(write(model, self._task, language, limits)) as pieces:
            try:
                for piece in pieces:
                    for event in draft.add(piece):
                        yield event
                        if isinstance(event, SentenceChecked) and other:
                            yield from self._version(model, draft, other, limits)
            except WrongLanguage:
                _log.warning("The chat model did not keep to the language; the notes' own sentences stand in.")
        for event in draft.finish():
            yield event
            if isinstance(event, SentenceChecked) and other:
                yield from self._version(model, draft, other, limits)

    def _draft(self, language: Language) -> Draft:
        draft = Draft(language, self._grounds, self._numbering, self._task.question, self._strict)
        self._drafts[language] = draft
        return draft

    def _version(self, model: BaseChatModel, draft: Draft, language: Language, limits: Limits) -> Iterator[Event]:
        """The draft's last sentence in the other language, with its numbers; only they, where it came out otherwise."""
        sentence = draft.sentences[-1]
        if sentence.change == "dropped":
            return
        if language not in self._drafts:
            self._draft(language)
        version = self._drafts[language]
        gap = " " if language == "en" and version.sentences else ""
        text = ""
        with contextlib.closing(in_other_language(model, sentence.text, language, limits)) as pieces:
            for piece in pieces:
                text += piece
        text = " ".join(text.split())
        zh, en = (text, sentence.text) if language == "zh" else (sentence.text, text)
        differing = differences(zh, en, self._grounds.glossary)
        if not text or not in_language(text, language) or differing:
            _log.info("A sentence in the other language differs in %s", differing)
            text = pointer(language)
        told = replace(sentence, language=language, text=text, change="translated")
        found = next((of for each, of in draft.supported() if each is sentence), ())
        version.put(told, found, gap)
        yield TextDelta(language, gap + shown(told))
        yield SentenceChecked(told)

    def _quoted(self, language: Language) -> tuple[str, list[Sentence]]:
        statements = extract(self._grounds, self._relevance, language)
        of: list[tuple[Support, str]] = []
        for each in statements:
            found = supports(each.text, self._grounds)
            own = Support(each.number, each.start, each.end, found[0].score if is_supported(found) else 0.0)
            of.append((own, each.text))
        sentences = [sentence for sentence, _ in quoted(of, language, self._numbering)]
        text = "\n".join(shown(sentence) for sentence in sentences)
        if not sentences or in_language(text, language):
            return text, sentences
        numbers = sorted({number for sentence in sentences for number in sentence.citations})
        pointing = Sentence(language, pointer(language), tuple(numbers), 0.0, "quoted")
        return shown(pointing), [pointing]

    def _composition(self, parts: Mapping[Language, tuple[str, list[Sentence]]]) -> Composition:
        sentences = tuple(sentence for _, of in parts.values() for sentence in of)
        cited = {number for sentence in sentences for number in sentence.citations}
        return Composition({of: text for of, (text, _) in parts.items()}, self._numbering.citations(cited), sentences)
