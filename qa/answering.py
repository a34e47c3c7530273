"""Answers one question: retrieves, decides whether the notes cover it, streams the model, checks what it said."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from langchain_core.language_models import BaseChatModel

from qa.abstaining import pointer, refusal
from qa.calibration import Calibration
from qa.chat import LocalChatModel
from qa.citations import citation, cite
from qa.encoder import Encoder
from qa.errors import BadQuestion
from qa.extractive import extract
from qa.followups import Resolved, resolve
from qa.glossary import Glossary
from qa.language import detect_language
from qa.neighbourhood import excerpts
from qa.prompts import check_messages, yes_no
from qa.retrieval import Found, Retriever, Translate
from qa.rewriting import rewritten
from qa.support import CheckedSentence, Verifier
from qa.types import (
    LANGUAGES,
    Answer,
    AnswerLanguage,
    Citation,
    Done,
    Event,
    Language,
    Sources,
    TextDelta,
    Turn,
)
from qa.writing import Limits, Task, WrongLanguage, in_language, write

MAX_QUESTION_CHARS = 4000
EXCERPT_TOKENS = 900  # of all excerpts in one prompt: reading costs a second per 100 tokens
_COVERED = 0.5  # chance from which on an answer is tried

# The chat model and its name; None where the notes' own sentences answer. Loads it at the first call.
GetModel = Callable[[], tuple[BaseChatModel | None, str]]
GetCalibration = Callable[[], Calibration]

_log = logging.getLogger(__name__)


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
        self._encoder = encoder
        self._get_model = get_model
        self._translate = translate
        self._get_calibration = get_calibration
        self._limits = limits

    def stream(
        self,
        question: str,
        language: AnswerLanguage,
        top_k: int,
        topic: str | None = None,
        history: Sequence[Turn] = (),
    ) -> Generator[Event, None, None]:
        """Sources, once more where the model helps to better ones, text as it is written, Done with the checked answer.

        Raises BadQuestion, UnknownTopic, IndexNotBuilt, ModelUnreachable, ModelFailed. Closing the generator ends the
        model's work.
        """
        started = time.perf_counter()
        timings: dict[str, float] = {}

        def passed(stage: str) -> None:
            timings.setdefault(stage, time.perf_counter() - started)

        question = _checked(question)
        languages = answer_languages(question, language)
        glossary = self._retriever.glossary()
        resolved = resolve(question, history, glossary)
        found = self._retriever.find(resolved.text, top_k, topic)
        passed("sources")
        yield Sources(tuple(found.hits))
        model, model_name = self._get_model()
        passed("model")
        if model is not None:
            better = self._with_model(model, found, question, resolved, history, top_k, topic)
            if better.hits != found.hits:
                yield Sources(tuple(better.hits))
            found = better
        hits = tuple(found.hits)
        passed("translated")
        task = Task(question, excerpts(hits, self._retriever.note, EXCERPT_TOKENS), history)
        sure = self._chance(model, found, task)
        passed("evidence")
        texts: dict[Language, str] = {}
        citations: tuple[Citation, ...] = ()
        if sure >= _COVERED:
            written = dict.fromkeys(languages, "")
            try:
                for each, text in self._write(model, task, languages, glossary):
                    passed("first_token")
                    written[each] += text
                    yield TextDelta(each, text)
            except WrongLanguage:
                _log.warning("The chat model did not keep to the language; the notes' own sentences stand in.")
            passed("written")
            texts, citations = self._supported(task, written, model is None, glossary)
        if not texts or not all(texts.values()):
            texts, citations = {each: refusal(each, hits, glossary) for each in languages}, ()
            if sure < _COVERED:
                yield from (TextDelta(each, text) for each, text in texts.items())
        passed("done")
        yield Done(Answer(question, texts, citations, hits, not citations, (), model_name, timings))

    def _with_model(
        self,
        model: BaseChatModel,
        found: Found,
        question: str,
        resolved: Resolved,
        history: Sequence[Turn],
        top_k: int,
        topic: str | None,
    ) -> Found:
        """What the model's translation finds too; and its rewriting, where words alone did not tell what is meant."""
        text = resolved.text
        if resolved.leans and not resolved.carried:
            text = rewritten(model, question, history, self._limits.timeout) or text
        if text == resolved.text and not self._retriever.translation_pays(text):
            return found
        return self._retriever.find(text, top_k, topic, self._translate)

    def _chance(self, model: BaseChatModel | None, found: Found, task: Task) -> float:
        """How probable it is that the notes answer, 0 to 1."""
        if not task.passages:
            return 0.0
        margin = None
        language = detect_language(task.question)
        if isinstance(model, LocalChatModel):
            yes, no = yes_no(language)
            chances = model.choose(check_messages(task.question, task.passages, language, task.history), (yes, no))
            margin = chances[yes] - chances[no]
        return self._get_calibration().chance(found.evidence, margin, language)

    def _write(
        self, model: BaseChatModel | None, task: Task, languages: Sequence[Language], glossary: Glossary
    ) -> Iterator[tuple[Language, str]]:
        if model is not None:
            return write(model, task, languages, self._limits)
        return ((language, self._extract(task, language, glossary)) for language in languages)

    def _supported(
        self, task: Task, written: Mapping[Language, str], extracted: bool, glossary: Glossary
    ) -> tuple[dict[Language, str], tuple[Citation, ...]]:
        """The sentences that the notes support, cited, by language.

        Where the model wrote none in that language, the notes' own sentences stand in, or say where they stand.
        """
        verifier = Verifier(self._encoder, glossary)
        texts: dict[Language, str] = {}
        citations: dict[int, Citation] = {}
        for language, text in written.items():
            checked = verifier.check(text, task.passages) if extracted or in_language(text, language) else []
            sentences = [sentence for sentence in checked if sentence.is_supported()]
            if sentences:
                texts[language] = _joined(sentences)
            else:
                own = self._extract(task, language, glossary)
                sentences = [each for each in verifier.check(own, task.passages) if each.is_supported()]
                readable = in_language(own, language)
                texts[language] = _joined(sentences) if readable or not sentences else _pointed(sentences, language)
            for support in (each for sentence in sentences for each in sentence.supports):
                passage = task.passages[support.number - 1]
                citations.setdefault(support.number, citation(support.number, passage, support.start, support.end))
        return texts, tuple(citations[number] for number in sorted(citations))

    def _extract(self, task: Task, language: Language, glossary: Glossary) -> str:
        return extract(task.question, task.passages, language, self._encoder, glossary)


def answer_languages(question: str, language: AnswerLanguage) -> tuple[Language, ...]:
    """The languages to answer in, Chinese first."""
    if language == "both":
        return LANGUAGES
    return (detect_language(question) if language == "auto" else language,)


def _checked(question: str) -> str:
    question = question.strip()
    if not question:
        raise BadQuestion("The question is empty. Type what you want to know.")
    if len(question) > MAX_QUESTION_CHARS:
        raise BadQuestion(
            f"The question has {len(question)} characters; at most {MAX_QUESTION_CHARS} are possible. Ask it in parts."
        )
    return question


def _pointed(sentences: Sequence[CheckedSentence], language: Language) -> str:
    numbers = {support.number for sentence in sentences for support in sentence.supports}
    return pointer(language, sorted(numbers))


def _joined(sentences: Sequence[CheckedSentence]) -> str:
    parts = [
        sentence.separator + cite(sentence.text, (support.number for support in sentence.supports))
        for sentence in sentences
    ]
    return "".join(parts).strip()
