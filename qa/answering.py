"""Answers one question: retrieves, decides whether the notes cover it, streams the checked answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_core.language_models import BaseChatModel

from qa.abstaining import not_mentioned, refusal
from qa.answer_cache import AnswerCache
from qa.answerable import chance
from qa.calibration import Calibration
from qa.chat import LocalChatModel
from qa.citations import without_numbers
from qa.composing import Composer, Composition
from qa.encoder import Encoder
from qa.errors import AnswerStopped, BadQuestion, NotesQAError
from qa.followups import Resolved, resolve
from qa.found import Found
from qa.glossary import Glossary
from qa.language import detect_language
from qa.material import Material, gather
from qa.retrieval import Retriever, Translate
from qa.rewriting import rewritten
from qa.sentence_vectors import SentenceVectors
from qa.telling import Teller
from qa.types import (
    LANGUAGES,
    Answer,
    AnswerLanguage,
    Done,
    Event,
    Extract,
    Failed,
    Language,
    Passage,
    SentenceChecked,
    Sources,
    TextDelta,
    Turn,
)
from qa.writing import Limits, Task, fitted, write_general

MAX_QUESTION_CHARS = 4000
_SIMILAR = 6  # passages by meaning, and by words, that are looked at for the opposite of a sentence
_COVERED = 0.5  # chance from which on an answer is tried
_COVERED_ASKED = 0.1  # the same where the model was asked too: what it writes then is checked sentence by sentence

# The chat model and its name; None where the notes' own sentences answer. Loads it at the first call.
GetModel = Callable[[], tuple[BaseChatModel | None, str]]
GetCalibration = Callable[[], Calibration]


@dataclass(frozen=True, slots=True)
class Request:
    """One question and how it is to be answered."""

    question: str
    language: AnswerLanguage = "auto"
    top_k: int = 6
    topic: str | None = None
    history: tuple[Turn, ...] = ()
    strict: bool = True  # sentences that nothing supports are left out, not marked
    allow_general: bool = False  # where the notes do not answer


_Key = tuple[Request, str, Glossary, str]  # with the state of the index, the glossary and the calibration


class Answerer:
    """Holds the parts that an answer takes; the model is asked for only when the sources are known."""

    def __init__(
        self,
        retriever: Retriever,
        encoder: Encoder,
        get_model: GetModel,
        translate: Translate,
        get_calibration: GetCalibration,
        limits: Limits,
    ) -> None:
        self._retriever = retriever
        self._vectors = SentenceVectors(encoder)
        self._get_model = get_model
        self._translate = translate
        self._get_calibration = get_calibration
        self._limits = limits
        self._cache = AnswerCache()

    def stream(self, request: Request, halt: threading.Event | None = None) -> Generator[Event, None, None]:
        """Sources and an extract, once more the sources where the model helps to better ones, text, the checked answer.

        Raises BadQuestion, UnknownTopic, IndexNotBuilt; what goes wrong after the sources comes as Failed. Closing the
        generator ends the model's work; where it is busy in another thread, setting `halt` does.
        """
        request = replace(request, question=_checked(request.question))
        watch = _Watch()
        resolved = resolve(request.question, request.history, self._retriever.glossary())
        found = self._retriever.find(resolved.text, request.top_k, request.topic)
        watch.passed("sources")
        yield Sources(tuple(found.hits))
        texts: dict[Language, str] = {}
        calibration = self._get_calibration()
        # There is one chat model and one version of its prompts as long as this object lives.
        said = request.history if resolved.leans else ()  # else it makes no difference
        key = (replace(request, history=said), found.state, self._retriever.glossary(), str(calibration))
        if remembered := self._cache.get(key):
            yield from _replayed(remembered, found, watch)
            return
        try:
            for event in self._answer(request, resolved, found, key, calibration, watch, halt):
                if halt is not None and halt.is_set():
                    raise AnswerStopped("The answer was stopped.")
                if isinstance(event, TextDelta):
                    texts[event.language] = texts.get(event.language, "") + event.text
                yield event
        except NotesQAError as error:
            yield Failed(error, texts)

    def _answer(
        self,
        request: Request,
        resolved: Resolved,
        found: Found,
        key: _Key,
        calibration: Calibration,
        watch: _Watch,
        halt: threading.Event | None,
    ) -> Iterator[Event]:
        languages = answer_languages(request.question, request.language)
        glossary = self._retriever.glossary()
        material = self._material(request, resolved, found)

        def similar(sentence: str) -> list[Passage]:
            hits = self._retriever.find(sentence, _SIMILAR, request.topic, rerank=False).hits
            return [*(hit.passage for hit in hits), *self._retriever.sharing_words(sentence, _SIMILAR, request.topic)]

        own = detect_language(request.question)
        unnamed = self._retriever.unnamed(resolved.text)
        lacks = bool(unnamed) and self._retriever.lacks_subject(resolved.text)
        if material.task.passages and not lacks and calibration.chance(found.evidence, None, own) >= _COVERED:
            quote = Composer(material, languages, request.strict).quote(whole=False)
            watch.passed("extract")
            yield Extract(quote.texts, quote.citations)
        model, model_name = self._get_model()
        if halt is not None and isinstance(model, LocalChatModel):
            model = model.stopped_by(halt)
        watch.passed("model")
        if model is not None and not lacks:
            better = self._with_model(model, found, request, resolved)
            if better.hits != found.hits:
                yield Sources(tuple(better.hits))
                material = self._material(request, resolved, better)
            found = better
            task = task_of_draft(model, material, languages, self._translate)
            material = replace(material, task=fitted(model, task, self._limits))
            if unnamed and task.language != own:
                lacks = self._retriever.lacks_subject(resolved.text, task.question)
        watch.passed("translated")
        hits = tuple(found.hits)
        task = material.task
        local = model if isinstance(model, LocalChatModel) else None
        teller = Teller(local, task.question, material.grounds) if local else None
        # What the notes do not even name they do not answer.
        sure = 0.0 if lacks else chance(local, teller, found.evidence, material, calibration, unnamed)
        watch.passed("evidence")
        composed = Composition({}, (), ())
        if sure >= (_COVERED if teller is None else _COVERED_ASKED):
            composer = Composer(material, languages, request.strict, similar, sure, teller)
            if model is not None:
                for event in composer.write(model, self._limits):
                    if isinstance(event, TextDelta):
                        watch.passed("first_token")
                    yield event
                composed = composer.result()
            else:
                composed = composer.quote()
                yield from _told(composed.texts)
            watch.passed("written")
        unnamed = unnamed if hits else ()
        texts: Mapping[Language, str] = composed.texts
        general: dict[Language, str] = {}
        if len(texts) < len(languages):
            composed = Composition({}, (), composed.sentences)
            texts = {each: refusal(each, hits, glossary, unnamed) for each in languages}
            yield from _told(texts)
            if request.allow_general and model is not None:
                for language in languages:
                    for piece in write_general(model, request.question, language, self._limits):
                        general[language] = general.get(language, "") + piece
                        yield TextDelta(language, piece, general=True)
        elif unnamed:
            texts = {each: f"{text}\n{not_mentioned(each, unnamed)}" for each, text in texts.items()}
            yield from _told({each: "\n" + not_mentioned(each, unnamed) for each in texts})
        watch.passed("done")
        answer = Answer(
            request.question,
            texts,
            composed.citations,
            hits,
            not composed.citations,
            composed.conflicts,
            model_name,
            watch.timings,
            composed.sentences,
            unnamed,
            {language: without_numbers(text) for language, text in general.items()},
            sure,
            len(request.history) - len(task.history) if resolved.leans else 0,
        )
        # Else some of it is drawn from notes as they were, or a second try may find more.
        if self._retriever.state() == found.state == key[1] and found.whole:
            self._cache.put(key, answer)
        yield Done(answer)

    def _material(self, request: Request, resolved: Resolved, found: Found) -> Material:
        """What the answer is drawn from; a question that stands alone comes without the turns before it."""
        history = request.history if resolved.leans else ()
        retriever = self._retriever
        glossary = retriever.glossary()
        return gather(request.question, found, retriever.note, self._vectors, glossary, history, resolved.subject)

    def _with_model(self, model: BaseChatModel, found: Found, request: Request, resolved: Resolved) -> Found:
        """What the model's translation finds too; and its rewriting, where words alone did not tell what is meant."""
        text = resolved.text
        if resolved.leans and not resolved.carried:
            text = rewritten(model, request.question, request.history, self._limits.timeout) or text
        if text == resolved.text and not self._retriever.translation_pays(text):
            return found
        return self._retriever.find(text, request.top_k, request.topic, self._translate)


class _Watch:
    """Seconds since the question, by the stage that is over then."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.timings: dict[str, float] = {}

    def passed(self, stage: str) -> None:
        self.timings.setdefault(stage, time.perf_counter() - self._started)


def task_of_draft(
    model: BaseChatModel, material: Material, languages: Sequence[Language], translate: Translate
) -> Task:
    """The task in the language in which its answer is drafted, with the question in it where that can be had.

    The best notes' own where both are wanted. A small model that writes English from Chinese notes at once takes
    much amiss, so there it writes Chinese first. See bench/results.md.
    """
    task, of_notes = material.task, material.language
    both = len(languages) > 1
    if not both and not (isinstance(model, LocalChatModel) and of_notes == "zh" != languages[0]):
        return replace(task, language=languages[0])
    question = task.question if task.language == of_notes else translate(task.question, of_notes)
    if not question and not both:
        return replace(task, language=languages[0])
    return replace(task, question=question or task.question, language=of_notes)


def answer_languages(question: str, language: AnswerLanguage) -> tuple[Language, ...]:
    """The languages to answer in, Chinese first."""
    if language == "both":
        return LANGUAGES
    return (detect_language(question) if language == "auto" else language,)


def _replayed(answer: Answer, found: Found, watch: _Watch) -> Iterator[Event]:
    """A remembered answer as if it were written now."""
    if answer.hits != tuple(found.hits):
        yield Sources(answer.hits)
    yield from _told(answer.texts)
    yield from (SentenceChecked(sentence) for sentence in answer.sentences)
    watch.passed("done")
    yield Done(replace(answer, timings=watch.timings))


def _told(texts: Mapping[Language, str]) -> Iterator[Event]:
    return (TextDelta(language, text) for language, text in texts.items())


def _checked(question: str) -> str:
    question = question.strip()
    if not question:
        raise BadQuestion("The question is empty. Type what you want to know.")
    if len(question) > MAX_QUESTION_CHARS:
        raise BadQuestion(
            f"The question has {len(question)} characters; at most {MAX_QUESTION_CHARS} are possible. Ask it in parts."
        )
    return question
