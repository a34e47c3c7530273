"""The watches at the doors of the program's parts, and users that ask at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import WordEncoder
from fakes_chat import ScriptedEngine
from fakes_search import NOTES, read_glossary

from bench.load import Waited, asked_at_once, fairness
from bench.model_calls import (
    CHECK,
    COVERED,
    DRAFT,
    TRANSLATION,
    Call,
    RecordingEngine,
    prompt_text,
    seconds_busy,
    shared_prefix,
)
from bench.timed_parts import TimedEncoder, TimedIndex, Watch
from qa.chat import LocalChatModel, Message, stream_text
from qa.errors import ModelFailed
from qa.indexing import refresh
from qa.prompts import agreement_messages, answer_messages, check_messages
from qa.retrieval import Retriever
from qa.translating import translation_messages


def call(begun: float, ended: float) -> Call:
    return Call(DRAFT, "", (), "", begun, ended, ended, ended)


def test_timed_parts_find_what_the_parts_find(tmp_path: Path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, text in NOTES.items():
        (corpus / name).write_text(text, encoding="utf-8")
    watch = Watch()
    index, encoder = TimedIndex(tmp_path / "index", watch), TimedEncoder(WordEncoder(), watch)
    changes = refresh(corpus, index, encoder)
    assert watch.take().keys() == {"store", "encode passages", "encode query", "commit"}
    found = Retriever(index, encoder, read_glossary).find("池化层有参数吗？", 3)
    assert found.hits == Retriever(TimedIndex(tmp_path / "index", Watch()), WordEncoder(), read_glossary).find(
        "池化层有参数吗？", 3
    ).hits  # fmt: skip
    assert watch.take().keys() == {"open", "rows", "encode query", "dense", "lexical"}
    assert changes.passages == 6
    assert watch.take() == {}


def test_a_write_that_fails_is_undone_behind_a_watch(tmp_path: Path):
    index = TimedIndex(tmp_path / "index", Watch())
    with pytest.raises(ZeroDivisionError), index.write():
        raise ZeroDivisionError
    assert index.manifest() == {}


def test_a_recorded_call_says_what_it_was_for():
    engine = RecordingEngine(ScriptedEngine("池化层没有参数 [1]。"))
    model = LocalChatModel(engine=engine, name_of_model="scripted")
    model.choose(check_messages("问？", (), "zh"), ("是", "否"))
    assert "".join(stream_text(model, answer_messages("问？", (), "zh"), max_tokens=9)) == "池化层没有参数 [1]。"
    model.choose(agreement_messages("一。", "二。", "en"), ("yes", "no"))
    list(stream_text(model, translation_messages("问？", "en"), max_tokens=9))
    assert [each.kind for each in engine.calls()] == [COVERED, DRAFT, CHECK, TRANSLATION]
    assert [each.text for each in engine.calls()][:2] == ["", "池化层没有参数 [1]。"]


def test_the_beginning_of_an_earlier_prompt_counts_as_cached():
    engine = RecordingEngine(ScriptedEngine("yes"))
    for question in ("one", "two"):
        list(engine.stream([Message("system", "s" * 100), Message("user", question)], max_tokens=9))
    first, second = engine.counted(engine.calls())
    assert first.cached_tokens == 0
    assert second.prompt_tokens == 103
    assert second.cached_tokens == 96  # whole blocks
    assert second.new_tokens == 7


def test_closing_a_recorded_stream_stops_the_engine():
    real = ScriptedEngine("x" * 3000)
    stream = RecordingEngine(real).stream([Message("user", "?")], max_tokens=9)
    next(stream)
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "bench-reader"]


def test_what_breaks_the_engine_reaches_the_reader():
    real = ScriptedEngine("x" * 30)
    real.breaks_after = 1
    with pytest.raises(RuntimeError, match="out of memory"):
        list(RecordingEngine(real).stream([Message("user", "?")], max_tokens=9))


def test_the_longest_shared_beginning_is_found():
    assert shared_prefix("abcdef", ["abx", "abcd", ""]) == "abcd"
    assert shared_prefix("abcdef", []) == ""
    assert prompt_text([Message("user", "?")]) == "<|im_start|>user\n?<|im_end|>\n"


def test_calls_at_the_same_time_are_busy_once():
    assert seconds_busy([call(0.0, 2.0), call(1.0, 3.0), call(1.5, 2.5), call(5.0, 6.0)]) == 4.0
    assert seconds_busy([]) == 0.0


def test_no_more_users_are_answered_at_once_than_there_are_places():
    inside, most, lock = 0, 0, threading.Lock()

    def ask(_: str) -> Iterator[str]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        yield "sources"
        yield "first"
        with lock:
            inside -= 1

    waited = asked_at_once(ask, [["a", "b"]] * 5, places=2)
    assert sorted(each.user for each in waited) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert most <= 2
    assert all(each.turn <= each.sources <= each.first <= each.done for each in waited)


def test_what_a_user_meets_is_raised():
    def ask(_: str) -> Iterator[str]:
        raise ModelFailed("no")
        yield

    with pytest.raises(ModelFailed):
        asked_at_once(ask, [["a"], ["b"]], places=1)


def test_fairness_is_slowest_over_fastest():
    assert fairness([Waited(0, 0, 1, 2, 4), Waited(0, 0, 1, 4, 8), Waited(1, 0, 1, 6, 6)]) == (2.0, 1.0)
