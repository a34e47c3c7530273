"""What a chat model is given of a conversation and of the notes: never more than its context holds with an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import WordEncoder
from fakes_chat import BY_WORDS, ScriptedEngine
from fakes_engine import FakeServer, serving
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from qa.assistant import NotesQA
from qa.calibration import save
from qa.chat import LocalChatModel, open_chat_model
from qa.errors import ModelFailed
from qa.index import Index
from qa.language import estimate_tokens
from qa.prompts import MAX_HISTORY_TURNS, answer_messages, prompt_tokens
from qa.settings import Settings
from qa.types import Passage, Turn
from qa.writing import Limits, Task, WrongLanguage, fitted, write

PASSAGES = tuple(Passage(f"{n}.md", "T", ("T",), f"{n} " + "池化缩小特征图。" * 40, 0, 1, 1, 1, "zh") for n in range(4))
TURNS = tuple(Turn(f"问题{n}" + "？" * 90, f"回答{n}" + "。" * 90) for n in range(3))
TASK = Task("它有什么作用？", PASSAGES, "zh", TURNS)
SERVER: BaseChatModel = FakeListChatModel(responses=["x"])


def tokens(task: Task) -> int:
    """By the estimate."""
    return prompt_tokens(answer_messages(task.question, task.passages, task.language, task.history, retry=True))


def limits(room: int) -> Limits:
    return Limits(answer_tokens=100, context_tokens=room + 100)


def shown(task: Task) -> tuple[Sequence[str], Sequence[str]]:
    return [turn.question[:3] for turn in task.history], [passage.note_path for passage in task.passages]


ALL_NOTES = ["0.md", "1.md", "2.md", "3.md"]
WHOLE = replace(TASK, history=TURNS[-MAX_HISTORY_TURNS:])


@pytest.mark.parametrize(
    ("kept", "less", "expected"),
    [
        (WHOLE, 0, (["问题1", "问题2"], ALL_NOTES)),
        (WHOLE, 1, (["问题2"], ALL_NOTES)),
        (replace(TASK, history=TURNS[-1:]), 1, ([], ALL_NOTES)),
        (replace(TASK, history=()), 1, ([], ALL_NOTES[:3])),
        (replace(TASK, history=(), passages=PASSAGES[:1]), 0, ([], ALL_NOTES[:1])),
    ],
)
def test_old_turns_go_first_then_the_last_passages(
    kept: Task, less: int, expected: tuple[Sequence[str], Sequence[str]]
) -> None:
    fits = fitted(SERVER, TASK, limits(tokens(kept) - less))
    assert shown(fits) == expected
    assert tokens(fits) <= tokens(kept) - less


def test_question_that_alone_fills_the_context_of_a_server_is_told_before_the_call() -> None:
    least = replace(TASK, history=(), passages=PASSAGES[:1])
    count = tokens(least)
    with pytest.raises(ModelFailed) as error:
        fitted(SERVER, TASK, limits(count - 1))
    assert str(error.value) == (
        f"The prompt has {count} tokens and its answer up to 100, but the chat model's context is {count + 99} tokens. "
        "Ask a shorter question or raise NOTES_QA_CONTEXT_TOKENS."
    )


def test_model_of_this_process_counts_its_own_tokens_against_its_own_context() -> None:
    engine = ScriptedEngine("")
    model = LocalChatModel(engine=engine, name_of_model="scripted")
    messages = answer_messages(TASK.question, PASSAGES, TASK.language, WHOLE.history, retry=True)
    whole = sum(len(str(message.content)) for message in messages)
    for room, turns in ((whole, 2), (whole - 1, 1)):
        engine.context_tokens = room + 100
        assert len(fitted(model, TASK, Limits(answer_tokens=100, context_tokens=100_000)).history) == turns


def with_ollama(folder: Path, server: FakeServer, settings: Settings) -> NotesQA:
    (folder / "corpus").mkdir()
    (folder / "corpus" / "cnn.md").write_text("# CNN\n\n## 池化\n\n池化用来降维，减少计算量。\n", encoding="utf-8")
    save(BY_WORDS, folder / "index")

    def load() -> tuple[BaseChatModel | None, str]:
        return open_chat_model(
            "ollama:qwen:1.5b",
            cache=folder,
            base_url=server.url,
            context_tokens=settings.context_tokens,
            timeout=settings.timeout,
        )

    notes = NotesQA(folder / "corpus", Index(folder / "index"), WordEncoder(), settings, load)
    notes.rebuild()
    return notes


def sizes(body: dict[str, Any]) -> tuple[int, int]:
    """Estimated tokens of the prompt with those of the answer, and those of the context asked for."""
    prompt = sum(estimate_tokens(message["content"]) + 8 for message in body["messages"])
    return prompt + body["options"]["num_predict"], body["options"]["num_ctx"]


@pytest.mark.parametrize("context_tokens", [1152, 4096])
def test_ollama_is_given_the_context_of_the_settings_and_a_prompt_that_fits_it(
    tmp_path: Path, context_tokens: int
) -> None:
    settings = Settings(cache=tmp_path, context_tokens=context_tokens)
    history = [Turn("池化是什么？" + "嗯" * 60, f"池化用来降维{n}。" + "啊" * 100) for n in range(4)]
    with (
        serving(FakeServer(pieces=("池化用来降维，减少计算量，", "这就是它的作用 [1]。"))) as server,
        with_ollama(tmp_path, server, settings) as notes,
    ):
        answer = notes.ask("它有什么作用？", history=history)
    assert server.bodies
    for body in server.bodies:
        needed, given = sizes(body)
        assert given == context_tokens
        assert needed <= given
    (asked,) = (body for body in server.bodies if "池化用来降维，减少" in body["messages"][-1]["content"])
    turns = sum("啊" in message["content"] for message in asked["messages"])
    assert (turns, answer.forgotten_turns) == ((2, 2) if context_tokens == 4096 else (1, 3))


def test_question_too_long_for_ollama_fails_in_a_sentence_without_a_call_that_loses_the_notes(tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path, context_tokens=1024)
    with (
        serving(FakeServer()) as server,
        with_ollama(tmp_path, server, settings) as notes,
        pytest.raises(ModelFailed, match="Ask a shorter question or raise NOTES_QA_CONTEXT_TOKENS"),
    ):
        notes.ask("池化有什么作用？" + "请说清楚。" * 150)
    assert [body for body in server.bodies if sizes(body)[0] > 1024] == []


BEGINS_WITH_A_NAME = "Batch Normalization (BN) 是一种在小批量上归一化激活的方法，常用在卷积之后。"


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([BEGINS_WITH_A_NAME], BEGINS_WITH_A_NAME),
        (["Batch normalization is a layer. It scales.", BEGINS_WITH_A_NAME], BEGINS_WITH_A_NAME),
        (["word " * 60, BEGINS_WITH_A_NAME], BEGINS_WITH_A_NAME),
    ],
)
def test_answer_of_a_server_may_begin_with_a_name_in_the_other_language(answers: list[str], told: str) -> None:
    assert "".join(write(FakeListChatModel(responses=answers), TASK, Limits())) == told


def test_answer_of_a_server_that_stays_in_the_other_language_is_none() -> None:
    with pytest.raises(WrongLanguage):
        list(write(FakeListChatModel(responses=["It scales the activations. Always."] * 2), TASK, Limits()))
