"""What the model reads while nobody asks, and that no question waits for it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from fakes_chat import ScriptedEngine, open_notes

from qa.chat import LocalChatModel
from qa.language import estimate_tokens
from qa.priming import Priming, beginnings
from qa.prompts import answer_messages
from qa.types import LANGUAGES

FILES = {"cnn.md": "# CNN\n\n池化用来降维。\n"}


class ReadingEngine(ScriptedEngine):
    """`reading` is set whenever it is to read something, and it goes on when `on` is."""

    def __init__(self) -> None:
        super().__init__("池化用来降维 [1]。")
        self.reading, self.on = threading.Event(), threading.Event()
        self.before_reading = self._wait

    def _wait(self) -> None:
        self.reading.set()
        assert self.on.wait(20)


def model_of(engine: ScriptedEngine) -> LocalChatModel:
    return LocalChatModel(engine=engine, name_of_model="fake")


def read_all(engine: ReadingEngine) -> None:
    engine.on.set()
    priming = Priming()
    priming.start(model_of(engine))
    priming.start(model_of(engine))
    priming.join()


def test_every_kind_of_prompt_is_read_and_kept_once_in_each_language() -> None:
    engine = ReadingEngine()
    read_all(engine)
    kept = [[message.content for message in messages] for messages, keep in engine.read_ahead if keep]
    assert kept == [[message.content for message in messages] for messages in beginnings()]
    assert len(engine.read_ahead) > len(kept)  # long ones piece by piece


def test_what_an_earlier_run_kept_is_not_read_again() -> None:
    engine = ReadingEngine()
    read_all(engine)
    again = ReadingEngine()
    again.kept = [messages for messages, keep in engine.read_ahead if keep][1:]
    read_all(again)
    assert again.read_ahead == engine.read_ahead[: len(again.read_ahead)]
    assert len(again.read_ahead) < len(engine.read_ahead) / 4


def test_no_piece_takes_much_longer_than_the_one_before_it() -> None:
    engine = ReadingEngine()
    read_all(engine)
    known: set[tuple[str, ...]] = set()
    for messages, _ in engine.read_ahead:
        parts = tuple(message.content for message in messages[:-1])
        new = next(
            count for count in range(len(parts) + 1) if parts[: len(parts) - count] in known or count == len(parts)
        )
        assert sum(estimate_tokens(part) for part in parts[len(parts) - new :]) <= 260
        known |= {parts[:end] for end in range(1, len(parts) + 1)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_beginning_of_an_answers_prompt_is_among_them(language: str) -> None:
    (beginning,) = {tuple(m.content for m in answer_messages("q", (), of)[:-1]) for of in LANGUAGES if of == language}
    assert beginning in {tuple(message.content for message in messages[:-1]) for messages in beginnings()}


def test_a_question_ends_it_and_it_goes_on_when_nobody_asks_any_more(tmp_path: Path) -> None:
    engine = ReadingEngine()
    with open_notes(tmp_path, FILES, engine) as notes:
        notes.warm_up()
        assert engine.reading.wait(20)
        stream = notes.stream("池化有什么用？")
        next(stream)
        engine.reading.clear()
        engine.on.set()
        assert notes.ask("池化有什么用？").texts
        assert not engine.reading.wait(0.2)  # somebody asks still
        assert engine.read_ahead == []
        stream.close()
        notes.warm_up(whole=True)
        assert sum(keep for _, keep in engine.read_ahead) == len(beginnings())
    assert engine.closed


def test_warming_up_as_a_whole_waits_until_all_is_read(tmp_path: Path) -> None:
    engine = ReadingEngine()
    engine.on.set()
    with open_notes(tmp_path, FILES, engine) as notes:
        notes.warm_up(whole=True)
        assert sum(keep for _, keep in engine.read_ahead) == len(beginnings())


def test_closing_waits_for_what_is_being_read() -> None:
    engine = ReadingEngine()
    priming = Priming()
    priming.start(model_of(engine))
    assert engine.reading.wait(20)
    closing = threading.Thread(target=priming.close)
    closing.start()
    assert closing.is_alive()
    engine.on.set()
    closing.join(20)
    assert engine.read_ahead == []
    priming.start(model_of(engine))
    priming.join()
    assert engine.read_ahead == []
