"""Answers one question: retrieves, decides whether the notes cover it, streams the model, checks what it said."""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel

from qa.abstaining import covers, refusal
from qa.chat import LocalChatModel, stream_text
from qa.citations import citation, cite, keep_numbers, without_numbers
from qa.encoder import Encoder
from qa.errors import BadQuestion
from qa.extractive import extract
from qa.glossary import Glossary
from qa.language import detect_language, estimate_tokens, has_han, han_share, search_terms
from qa.prompts import answer_messages, check_messages, language_pattern, prompt_tokens, yes_no
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

MAX_QUESTION_CHARS = 4000
_PROMPT_PASSAGES = 4
_PASSAGE_TOKENS = 900  # of all passages in one prompt
_PASSAGE_SHARE = 0.5  # of the best passage's score that another must have: reading costs a second per 100 tokens
_HEAD_CHARS = 24  # of an answer that is looked at before any of it is shown, where no pattern holds the language
_FOLLOW_UP = re.compile(
    r"^(那|那么|还有|另外|其中|and\b|what about\b|how about\b)|它|其(?!他|它|中|实|余)|这个|那个|这种|上面|前者|后者|第[一二三四五]个"
    r"|\b(it|its|they|them|their|this|that|these|those|the (first|second|third|former|latter|other))\b",
    re.IGNORECASE,
)

_log = logging.getLogger(__name__)


# The chat model and its name; None where the notes' own sentences answer. Loads it at the first call.
GetModel = Callable[[], tuple[BaseChatModel | None, str]]


class _WrongLanguage(Exception):
    """The model would not keep to the language."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is known when the model starts."""

    question: str
    passages: list[Passage]  # numbered from 1 in the prompt and in the answer
    history: Sequence[Turn]


class Answerer:
    """Holds the parts that an answer takes; the model is asked for only when the sources are known."""

    def __init__(
        self,
        retriever: Retriever,
        encoder: Encoder,
        glossary: Glossary,
        get_model: GetModel,
        max_answer_tokens: int = 320,
        context_tokens: int = 4096,
        timeout: float = 60.0,
    ) -> None:
        self._retriever = retriever
        self._encoder = encoder
        self._verifier = Verifier(encoder, glossary)
        self._glossary = glossary
        self._get_model = get_model
        self._max_answer_tokens = max_answer_tokens
        self._context_tokens = context_tokens
        self._timeout = timeout

    def stream(
        self,
        question: str,
        language: AnswerLanguage,
        top_k: int,
        topic: str | None = None,
        history: Sequence[Turn] = (),
    ) -> Generator[Event]:
        """Sources, then text as it is written, then Done with the checked answer.

        Raises BadQuestion, UnknownTopic, IndexNotBuilt, ModelUnreachable, ModelFailed. Closing the generator ends the
        model's work.
        """
        started = time.perf_counter()
        timings: dict[str, float] = {}
        question = _checked(question)
        languages = answer_languages(question, language)
        found = self._retriever.find(standalone_question(question, history), top_k, topic)
        timings["sources"] = time.perf_counter() - started
        yield Sources(tuple(found.hits))
        model, model_name = self._get_model()
        timings["model"] = time.perf_counter() - started
        draft = _Draft(question, self._prompt_passages(found.hits), history)
        covered = self._is_covered(model, found, draft)
        timings["evidence"] = time.perf_counter() - started
        if not covered:
            texts = {each: refusal(each, found.hits, self._glossary) for each in languages}
            yield from (TextDelta(each, text) for each, text in texts.items())
            timings["done"] = time.perf_counter() - started
            yield Done(Answer(question, texts, (), tuple(found.hits), True, (), model_name, timings))
            return
        written = dict.fromkeys(languages, "")
        try:
            for each, text in self._write(model, draft, languages):
                timings.setdefault("first_token", time.perf_counter() - started)
                written[each] += text
                yield TextDelta(each, text)
        except _WrongLanguage:
            _log.warning("The chat model did not keep to the language of the answer; the notes' own sentences stand in.")
            written = dict.fromkeys(languages, "")
        timings["written"] = time.perf_counter() - started
        answer = self._finish(question, found, draft, written)
        timings["done"] = time.perf_counter() - started
        yield Done(Answer(**answer, model=model_name, timings=timings))

    def _prompt_passages(self, hits: Sequence[Hit]) -> list[Passage]:
        """The best passages that fit and are not far behind the first, which always comes along."""
        passages: list[Passage] = []
        tokens = 0
        for hit in hits[:_PROMPT_PASSAGES]:
            tokens += estimate_tokens(hit.passage.text)
            if passages and (tokens > _PASSAGE_TOKENS or hit.score < _PASSAGE_SHARE * hits[0].score):
                break
            passages.append(hit.passage)
        return passages

    def _is_covered(self, model: BaseChatModel | None, found: Found, draft: _Draft) -> bool:
        if not draft.passages:
            return False
        margin = None
        if isinstance(model, LocalChatModel):
            language = detect_language(draft.question)
            yes, no = yes_no(language)
            messages = check_messages(draft.question, draft.passages, language, draft.history)
            chances = model.choose(messages, (yes, no))
            margin = chances[yes] - chances[no]
        return covers(found.evidence, margin, detect_language(draft.question))

    def _write(
        self, model: BaseChatModel | None, draft: _Draft, languages: Sequence[Language]
    ) -> Iterator[tuple[Language, str]]:
        if model is None:
            for language in languages:
                yield language, extract(draft.question, draft.passages, language, self._encoder, self._glossary)
            return
        yield from _together({language: self._in_language(model, draft, language) for language in languages})

    def _in_language(self, model: BaseChatModel, draft: _Draft, language: Language) -> Iterator[str]:
        """The model's answer without numbers that stand for nothing."""
        if isinstance(model, LocalChatModel):
            pieces = self._pieces(model, draft, language, retry=False)
        else:
            pieces = self._kept_to_language(model, draft, language)
        yield from keep_numbers(pieces, len(draft.passages))

    def _kept_to_language(self, model: BaseChatModel, draft: _Draft, language: Language) -> Iterator[str]:
        """For models that no pattern can hold: the beginning is looked at, and asked for once more where it is wrong."""
        for retry in (False, True):
            pieces = self._pieces(model, draft, language, retry)
            head = ""
            for piece in pieces:
                head += piece
                if len(head) >= _HEAD_CHARS:
                    break
            if in_language(head, language):
                yield head
                yield from pieces
                return
            pieces.close()
        raise _WrongLanguage

    def _pieces(self, model: BaseChatModel, draft: _Draft, language: Language, retry: bool) -> Generator[str]:
        passages, history = draft.passages, draft.history
        messages = answer_messages(draft.question, passages, language, history, retry)
        if prompt_tokens(messages) + self._max_answer_tokens > self._context_tokens:
            messages = answer_messages(draft.question, passages[:1], language, (), retry)
        return stream_text(
            model,
            messages,
            pattern=language_pattern(language, len(passages)),
            max_tokens=self._max_answer_tokens,
            timeout=self._timeout,
        )

    def _finish(self, question: str, found: Found, draft: _Draft, written: Mapping[Language, str]) -> dict[str, object]:
        """The answer without what the notes do not support; a refusal where nothing is left of it."""
        texts: dict[Language, str] = {}
        citations: dict[int, Citation] = {}
        for language, text in written.items():
            sentences = [s for s in self._verifier.check(text, draft.passages) if s.supports]
            if not sentences or not in_language(text, language):
                text = extract(draft.question, draft.passages, language, self._encoder, self._glossary)
                sentences = [s for s in self._verifier.check(text, draft.passages) if s.supports]
            texts[language] = _cited(sentences)
            for sentence in sentences:
                for support in sentence.supports:
                    if support.number not in citations:
                        passage = draft.passages[support.number - 1]
                        citations[support.number] = citation(support.number, passage, support.start, support.end)
        if not all(texts.values()):
            texts = {language: refusal(language, found.hits, self._glossary) for language in written}
            citations = {}
        return {
            "question": question,
            "texts": texts,
            "citations": tuple(citations[number] for number in sorted(citations)),
            "hits": tuple(found.hits),
            "abstained": not citations,
        }


def answer_languages(question: str, language: AnswerLanguage) -> tuple[Language, ...]:
    """The languages to answer in, Chinese first."""
    if language == "both":
        return LANGUAGES
    return (detect_language(question) if language == "auto" else language,)


def in_language(text: str, language: Language) -> bool:
    """Whether a text, its citations apart, is written in a language; mixed terms are allowed to both."""
    bare = without_numbers(text)
    return has_han(bare) and han_share(bare) > 0.2 if language == "zh" else han_share(bare) < 0.2


def standalone_question(question: str, history: Sequence[Turn]) -> str:
    """The question as the search needs it: one that leans on the last turn takes that turn's question with it."""
    leans = bool(_FOLLOW_UP.search(question)) or len(search_terms(question)) < 2
    return f"{history[-1].question}\n{question}" if history and leans else question


def _checked(question: str) -> str:
    question = question.strip()
    if not question:
        raise BadQuestion("The question is empty. Type what you want to know.")
    if len(question) > MAX_QUESTION_CHARS:
        raise BadQuestion(
            f"The question has {len(question)} characters; at most {MAX_QUESTION_CHARS} are possible. Ask it in parts."
        )
    return question


def _cited(sentences: Sequence[CheckedSentence]) -> str:
    parts = [
        sentence.separator + cite(sentence.text, (support.number for support in sentence.supports)) for sentence in sentences
    ]
    return "".join(parts).strip()


def _together(streams: Mapping[Language, Iterator[str]]) -> Iterator[tuple[Language, str]]:
    """What comes from all streams as it comes; one stream stays in the caller's thread."""
    if len(streams) == 1:
        for language, stream in streams.items():
            yield from ((language, piece) for piece in stream)
        return
    pieces: queue.SimpleQueue[tuple[Language, str | BaseException | None]] = queue.SimpleQueue()
    stopped = threading.Event()

    def read(language: Language, stream: Iterator[str]) -> None:
        try:
            for piece in stream:
                pieces.put((language, piece))
                if stopped.is_set():
                    break
            pieces.put((language, None))
        except BaseException as error:  # raised again in the thread that reads
            pieces.put((language, error))
        finally:
            stream.close()  # type: ignore[attr-defined]

    threads = [threading.Thread(target=read, args=item, daemon=True) for item in streams.items()]
    for thread in threads:
        thread.start()
    try:
        running = len(threads)
        while running:
            language, piece = pieces.get()
            if isinstance(piece, BaseException):
                raise piece
            if piece is None:
                running -= 1
            else:
                yield language, piece
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
