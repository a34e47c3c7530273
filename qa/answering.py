"""Answers one question: retrieves, decides whether the notes cover it, streams the model, checks what it said."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from langchain_core.language_models import BaseChatModel

from qa.abstaining import chance, pointer, refusal
from qa.chat import LocalChatModel
from qa.citations import citation, cite
from qa.encoder import Encoder
from qa.errors import BadQuestion
from qa.extractive import extract
from qa.glossary import Glossary
from qa.language import detect_language, estimate_tokens, search_terms
from qa.prompts import check_messages, yes_no
from qa.retrieval import Found, Retriever
from qa.support import CheckedSentence, Verifier
from qa.types import (
    LANGUAGES,
    Answer,
    AnswerLanguage,
    Citation,
    Done,
    Event,
    Hit,
    Language,
    Passage,
    Sources,
    TextDelta,
    Turn,
)
from qa.writing import Limits, Task, WrongLanguage, in_language, write

MAX_QUESTION_CHARS = 4000
_PROMPT_PASSAGES = 4
_PASSAGE_TOKENS = 900  # of all passages in one prompt
_PASSAGE_SHARE = 0.5  # of the best passage's score that another must have: reading costs a second per 100 tokens
_COVERED = 0.5  # chance from which on an answer is tried
_FOLLOW_UP = re.compile(
    r"^(那|那么|还有|另外|其中|and\b|what about\b|how about\b)|它|其(?!他|它|中|实|余)|这个|那个|这种|上面|前者|后者"
    r"|第[一二三四五]个"
    r"|\b(it|its|they|them|their|this|that|these|those|the (first|second|third|former|latter|other))\b",
    re.IGNORECASE,
)

# The chat model and its name; None where the notes' own sentences answer. Loads it at the first call.
GetModel = Callable[[], tuple[BaseChatModel | None, str]]

_log = logging.getLogger(__name__)


class Answerer:
    """Holds the parts that an answer takes; the model is asked for only when the sources are known."""

    def __init__(
        self, retriever: Retriever, encoder: Encoder, glossary: Glossary, get_model: GetModel, limits: Limits
    ) -> None:
        self._retriever = retriever
        self._encoder = encoder
        self._verifier = Verifier(encoder, glossary)
        self._glossary = glossary
        self._get_model = get_model
        self._limits = limits

    def stream(
        self,
        question: str,
        language: AnswerLanguage,
        top_k: int,
        topic: str | None = None,
        history: Sequence[Turn] = (),
    ) -> Generator[Event, None, None]:
        """Sources, then text as it is written, then Done with the checked answer.

        Raises BadQuestion, UnknownTopic, IndexNotBuilt, ModelUnreachable, ModelFailed. Closing the generator ends the
        model's work.
        """
        started = time.perf_counter()
        timings: dict[str, float] = {}

        def passed(stage: str) -> None:
            timings.setdefault(stage, time.perf_counter() - started)

        question = _checked(question)
        languages = answer_languages(question, language)
        found = self._retriever.find(standalone_question(question, history), top_k, topic)
        hits = tuple(found.hits)
        passed("sources")
        yield Sources(hits)
        model, model_name = self._get_model()
        passed("model")
        task = Task(question, prompt_passages(hits), history)
        sure = self._chance(model, found, task)
        passed("evidence")
        texts: dict[Language, str] = {}
        citations: tuple[Citation, ...] = ()
        if sure >= _COVERED:
            written = dict.fromkeys(languages, "")
            try:
                for each, text in self._write(model, task, languages):
                    passed("first_token")
                    written[each] += text
                    yield TextDelta(each, text)
            except WrongLanguage:
                _log.warning("The chat model did not keep to the language; the notes' own sentences stand in.")
            passed("written")
            texts, citations = self._supported(task, written, model is None)
        if not texts or not all(texts.values()):
            texts, citations = {each: refusal(each, hits, self._glossary) for each in languages}, ()
            if sure < _COVERED:
                yield from (TextDelta(each, text) for each, text in texts.items())
        passed("done")
        yield Done(Answer(question, texts, citations, hits, not citations, (), model_name, timings))

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
        return chance(found.evidence, margin, language)

    def _write(
        self, model: BaseChatModel | None, task: Task, languages: Sequence[Language]
    ) -> Iterator[tuple[Language, str]]:
        if model is not None:
            return write(model, task, languages, self._limits)
        return ((language, self._extract(task, language)) for language in languages)

    def _supported(
        self, task: Task, written: Mapping[Language, str], extracted: bool
    ) -> tuple[dict[Language, str], tuple[Citation, ...]]:
        """The sentences that the notes support, cited, by language.

        Where the model wrote none in that language, the notes' own sentences stand in, or say where they stand.
        """
        texts: dict[Language, str] = {}
        citations: dict[int, Citation] = {}
        for language, text in written.items():
            checked = self._verifier.check(text, task.passages) if extracted or in_language(text, language) else []
            sentences = [sentence for sentence in checked if sentence.is_supported()]
            if sentences:
                texts[language] = _joined(sentences)
            else:
                own = self._extract(task, language)
                sentences = [each for each in self._verifier.check(own, task.passages) if each.is_supported()]
                readable = in_language(own, language)
                texts[language] = _joined(sentences) if readable or not sentences else _pointed(sentences, language)
            for support in (each for sentence in sentences for each in sentence.supports):
                passage = task.passages[support.number - 1]
                citations.setdefault(support.number, citation(support.number, passage, support.start, support.end))
        return texts, tuple(citations[number] for number in sorted(citations))

    def _extract(self, task: Task, language: Language) -> str:
        return extract(task.question, task.passages, language, self._encoder, self._glossary)


def answer_languages(question: str, language: AnswerLanguage) -> tuple[Language, ...]:
    """The languages to answer in, Chinese first."""
    if language == "both":
        return LANGUAGES
    return (detect_language(question) if language == "auto" else language,)


def standalone_question(question: str, history: Sequence[Turn]) -> str:
    """The question as the search needs it: one that leans on the last turn takes that turn's question with it."""
    leans = bool(_FOLLOW_UP.search(question)) or len(search_terms(question)) < 2
    return f"{history[-1].question}\n{question}" if history and leans else question


def prompt_passages(hits: Sequence[Hit]) -> list[Passage]:
    """The best passages that fit and are not far behind the first, which always comes along."""
    passages: list[Passage] = []
    tokens = 0
    for hit in hits[:_PROMPT_PASSAGES]:
        tokens += estimate_tokens(hit.passage.text)
        if passages and (tokens > _PASSAGE_TOKENS or hit.score < _PASSAGE_SHARE * hits[0].score):
            break
        passages.append(hit.passage)
    return passages


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
