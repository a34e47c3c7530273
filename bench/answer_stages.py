"""Whole answers of the chat model by their stages, and what each kind of call of the model takes of them."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.figures import Figure
from bench.limits import chat_model_size, decode_limit, prefill_limit
from bench.model_calls import Call, Counted, RecordingEngine, seconds_busy
from bench.stages import Bench, seconds
from bench.timed_parts import TimedEncoder, Watch
from qa.assistant import NotesQA
from qa.chat import LocalChatModel, Message, open_chat_model
from qa.index import Index
from qa.question_sets import Question
from qa.types import AnswerLanguage, Done, Failed, Language, Sources, TextDelta

LOAD = "chat model"
_LEAST_READ, _LEAST_WRITTEN = 64, 8  # tokens of a call that a rate is computed of
_LANGUAGES: tuple[AnswerLanguage, ...] = ("zh", "en", "both")


@dataclass(frozen=True, slots=True)
class _Answered:
    """One answer; all in seconds since the question."""

    sources: float  # the last ones, where a translation found better ones
    first: float | None  # text; None where the question was declined
    text: str
    seconds: float  # to the checked answer
    written: float  # seconds of text coming
    marks: dict[str, float]  # when the stages of the answerer were over
    encoding: float  # of sentences and questions
    calls: Sequence[Call]


def answer_figures(bench: Bench, questions: Sequence[Question]) -> list[Figure]:
    """Each question in Chinese, in English and, asked in Chinese, in both; values are those of the questions."""
    settings = bench.settings
    started = time.perf_counter()
    model, name = open_chat_model(
        settings.chat_model, cache=settings.cache, engine=settings.engine, context_tokens=settings.context_tokens
    )
    loading = time.perf_counter() - started
    if not isinstance(model, LocalChatModel):
        raise SystemExit("The chat model of the settings does not run in this process; set NOTES_QA_CHAT_MODEL.")
    engine = RecordingEngine(model.engine)
    figures = [
        Figure(LOAD, f"{name} loaded from its saved form", "s", (loading,)),
        Figure(
            LOAD, "its first token of all, weights packed", "s", (seconds(functools.partial(_first_token, engine)),)
        ),
    ]
    watch = Watch()
    recorded = LocalChatModel(engine=engine, name_of_model=name)
    encoder = TimedEncoder(bench.encoder, watch)
    with NotesQA(bench.corpus, Index(bench.index), encoder, settings, lambda: (recorded, name)) as notes:
        notes.warm_up(whole=True)
        for language in _LANGUAGES:
            of: Language = "en" if language == "en" else "zh"
            answers = [_answered(notes, engine, watch, each.texts[of], language) for each in questions]
            counted = [engine.counted(answer.calls) for answer in answers]
            figures += _answer_figures(engine, language, answers)
            figures += _call_figures(bench, language, answers, counted)
    return figures


def _answered(
    notes: NotesQA, engine: RecordingEngine, watch: Watch, question: str, language: AnswerLanguage
) -> _Answered:
    before = len(engine.calls())
    watch.take()
    sources = last = 0.0
    first: float | None = None
    text, marks = "", {}
    started = time.perf_counter()
    for event in notes.stream(question, language):
        now = time.perf_counter() - started
        if isinstance(event, Sources):
            sources = now
        elif isinstance(event, TextDelta):
            first, last = first or now, now
            text += event.text
        elif isinstance(event, Failed):
            raise event.error
        elif isinstance(event, Done):
            marks = dict(event.answer.timings)
            first = None if event.answer.abstained else first
    whole = time.perf_counter() - started
    encoding = sum(watch.take().values())
    return _Answered(sources, first, text, whole, last - (first or last), marks, encoding, engine.calls()[before:])


def _answer_figures(engine: RecordingEngine, language: str, answers: Sequence[_Answered]) -> list[Figure]:
    section = f"answer in {language}"
    given = [answer for answer in answers if answer.first is not None]

    def figure(name: str, unit: str, of: Sequence[_Answered], value: Callable[[_Answered], float]) -> Figure:
        return Figure(section, name, unit, tuple(value(answer) for answer in of))

    def stage(name: str, begin: str, end: str) -> Figure:
        timed = [answer for answer in answers if end in answer.marks and (not begin or begin in answer.marks)]
        return figure(name, "s", timed, lambda answer: answer.marks[end] - (answer.marks[begin] if begin else 0.0))

    return [
        stage("search", "", "sources"),
        stage("evidence gathered, extract where sure", "sources", "model"),
        stage("translation, second search, prompt fitted", "model", "translated"),
        stage("whether the notes answer", "translated", "evidence"),
        stage("first token of the draft", "evidence", "first_token"),
        stage("rest of the draft with verification", "first_token", "written"),
        stage("end", "written", "done"),
        figure("sources after the question", "s", answers, lambda answer: answer.sources),
        figure("first token of a new question", "s", given, lambda answer: answer.first or 0.0),
        figure(
            "tokens per second while writing", "/s", given, lambda a: engine.count_tokens(a.text) / (a.written or 1e-3)
        ),
        figure("whole checked answer", "s", answers, lambda answer: answer.seconds),
        figure("of it with a model call going on", "s", answers, lambda answer: seconds_busy(answer.calls)),
        figure("of it the encoder", "s", answers, lambda answer: answer.encoding),
    ]


def _call_figures(
    bench: Bench, language: str, answers: Sequence[_Answered], counted: Sequence[Sequence[Counted]]
) -> list[Figure]:
    section = f"model calls of an answer in {language}"
    size = chat_model_size(bench.settings)
    prefill = prefill_limit(bench.machine.most_gflops, size) if size else None
    decode = decode_limit(bench.machine.gigabytes_per_second, size) if size else None
    figures = []
    for kind in dict.fromkeys(call.kind for calls in counted for call in calls):
        of = [[call for call in calls if call.kind == kind] for calls in counted]
        every = [call for calls in of for call in calls]
        read = tuple(call.new_tokens / call.prefill_seconds for call in every if call.new_tokens >= _LEAST_READ)
        # The first piece is there when its clock starts.
        written = tuple(
            (call.written_tokens - 1) / call.decode_seconds for call in every if call.written_tokens >= _LEAST_WRITTEN
        )
        share = tuple(
            100 * sum(call.seconds for call in calls) / answer.seconds
            for calls, answer in zip(of, answers, strict=True)
        )
        for name, unit, values, limit in (
            ("a question", "calls", tuple(float(len(calls)) for calls in of), None),
            ("prompt", "tokens", tuple(float(call.prompt_tokens) for call in every), None),
            ("of it cached", "tokens", tuple(float(call.cached_tokens) for call in every), None),
            ("new", "tokens", tuple(float(call.new_tokens) for call in every), None),
            ("prefill", "/s", read, prefill),
            ("first token", "s", tuple(call.prefill_seconds for call in every), None),
            ("written", "tokens", tuple(float(c.written_tokens) for c in every if c.written_tokens), None),
            ("decode", "/s", written, decode),
            ("seconds", "s", tuple(sum(call.seconds for call in calls) for calls in of), None),
            ("of the answer", "%", share, None),
        ):
            figures.append(Figure(section, f"{kind}: {name}", unit, values, limit))
    return figures


def _first_token(engine: RecordingEngine) -> None:
    for _ in engine.stream([Message("user", "1 + 1")], max_tokens=1):
        pass
