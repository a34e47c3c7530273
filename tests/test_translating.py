"""The question in the other language."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence

import pytest
from fakes_chat import ScriptedEngine

from qa.chat import LocalChatModel, Message, Pattern
from qa.chat.engine import FinishReason
from qa.errors import ModelFailed
from qa.language import has_han
from qa.question_names import Lost
from qa.translating import Translator, is_sane_translation, translation_messages


def translator(engine: ScriptedEngine, seconds: float = 5.0) -> Translator:
    model = LocalChatModel(engine=engine, name_of_model="scripted")
    return Translator(lambda: model, seconds)


def test_question_is_translated_once() -> None:
    engine = ScriptedEngine("What is pooling for?")
    made = translator(engine)
    assert [made.translate("池化有什么用？", "en") for _ in range(2)] == ["What is pooling for?"] * 2
    assert len(engine.prompts) == 1


def test_each_language_is_asked_for_in_its_own_words() -> None:
    for language in ("zh", "en"):
        system, *examples, asked = translation_messages("X?", language)  # type: ignore[arg-type]
        assert asked.content == "X?"
        assert ("翻译成中文" in str(system.content)) == (language == "zh")
        shown = [str(message.content) for message in examples]
        assert all(has_han(answer) == (language == "zh") for answer in shown[1::2])
        assert all(has_han(asked.splitlines()[-1]) == (language == "en") for asked in shown[::2])
        assert ("Terms: 浅烘焙 = light roast\n" in shown[0]) == (language == "en")
        assert ("术语：light roast = 浅烘焙\n" in shown[0]) == (language == "zh")


def test_names_of_the_glossary_are_given() -> None:
    engine = ScriptedEngine("What is beam search?")
    model = LocalChatModel(engine=engine, name_of_model="scripted")
    made = Translator(lambda: model, 5.0, lambda question, language: [("束搜索", f"beam search ({language})")])
    assert made.translate("束搜索是什么？", "en") == "What is beam search?"
    assert engine.prompts[0][-1].content == "Terms: 束搜索 = beam search (en)\n束搜索是什么？"


def test_nothing_is_loaded_for_a_translation() -> None:
    assert Translator(lambda: None).translate("池化有什么用？", "en") == ""


@pytest.mark.parametrize(
    ("text", "sane"),
    [
        ("What is pooling?", True),
        ("", False),
        ("池化是什么？", False),
        ("one\ntwo", False),
        ("word " * 100, False),
    ],
)
def test_only_one_line_in_the_language_is_a_translation(text: str, sane: bool) -> None:
    assert is_sane_translation(text, "池化有什么用？", "en") == sane


def test_what_is_no_translation_is_left_out() -> None:
    assert translator(ScriptedEngine("池化是什么？")).translate("池化有什么用？", "en") == ""


def test_long_text_is_not_translated() -> None:
    engine = ScriptedEngine("What?")
    assert translator(engine).translate("池化有什么用？" * 40, "en") == ""
    assert engine.prompts == []


class Slow(ScriptedEngine):
    """Says one word, then waits until it may go on."""

    def __init__(self) -> None:
        super().__init__("")
        self.go_on = threading.Event()
        self.ended = threading.Event()

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, pattern: Pattern | None = None, stop: Sequence[str] = ()
    ) -> Generator[str, None, FinishReason]:
        try:
            yield "What"
            self.go_on.wait(10)
            yield " is"
            yield " it?"
        finally:
            self.ended.set()
        return "stop"


def test_late_translation_is_given_up_and_stopped() -> None:
    engine = Slow()
    started = time.monotonic()
    assert translator(engine, seconds=0.1).translate("池化有什么用？", "en") is None
    assert time.monotonic() - started < 5
    assert not engine.ended.is_set()
    engine.go_on.set()
    assert engine.ended.wait(5)


def test_model_that_fails_costs_the_translation_alone() -> None:
    def script(messages: Sequence[Message]) -> str:
        raise ModelFailed("broken")

    assert translator(ScriptedEngine(script)).translate("池化有什么用？", "en") is None


def test_questions_are_translated_side_by_side() -> None:
    engine = ScriptedEngine(lambda messages: f"Translated {messages[-1].content.strip('？')[-1]}?")
    made = translator(engine)
    found: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda q=q: found.update({q: made.translate(q, "en")}))  # type: ignore[misc]
        for q in ("池化A？", "池化B？")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"池化A？": "Translated A?", "池化B？": "Translated B?"}


def looking(lost: Callable[[str], Lost], *texts: str) -> tuple[Translator, ScriptedEngine]:
    """A translator that says these texts in turn and finds this lost in each."""
    said = iter(texts)
    engine = ScriptedEngine(lambda _: next(said))
    model = LocalChatModel(engine=engine, name_of_model="scripted")
    return Translator(lambda: model, 5.0, get_lost=lambda question, text, language, told: lost(text)), engine


def test_question_whose_names_are_lost_is_translated_again_with_them() -> None:
    lack = Lost(("ALiBi",), (("pooling", "池化"),))
    made, engine = looking(lambda text: Lost() if "ALiBi" in text else lack, "阿里的池子？", "ALiBi 的池化？")
    assert made.translate("Does ALiBi need pooling?", "zh") == "ALiBi 的池化？"
    assert engine.prompts[1][-1].content == "术语：ALiBi = ALiBi\nDoes ALiBi need 池化?"


@pytest.mark.parametrize("second", ["阿里的池？", "Sorry, no."])
def test_second_translation_that_is_no_better_is_not_taken(second: str) -> None:
    made, engine = looking(lambda text: Lost(("ALiBi",)), "阿里的池子？", second)
    assert made.translate("Does ALiBi need pooling?", "zh") == "阿里的池子？"
    assert len(engine.prompts) == 2


class SlowAgain(Slow):
    """The same, but only from the second time on."""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, pattern: Pattern | None = None, stop: Sequence[str] = ()
    ) -> Generator[str, None, FinishReason]:
        self.prompts.append(messages)
        if len(self.prompts) > 1:
            return (yield from super().stream(messages, max_tokens=max_tokens, pattern=pattern, stop=stop))
        yield "What is it?"
        return "stop"


def test_first_translation_stays_where_the_second_is_late() -> None:
    engine = SlowAgain()
    model = LocalChatModel(engine=engine, name_of_model="slow")
    made = Translator(lambda: model, 0.3, get_lost=lambda *_: Lost(("ALiBi",)))
    assert made.translate("ALiBi 是什么？", "en") == "What is it?"
    assert len(engine.prompts) == 2
    engine.go_on.set()
    assert engine.ended.wait(5)
