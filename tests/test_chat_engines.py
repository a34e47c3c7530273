"""The contract of a chat engine, kept by both engines with the packaged model."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage

from qa.chat import Engine, LocalChatModel, Message, Pattern, stream_text
from qa.chat.gguf import read_header
from qa.errors import AnswerStopped, ModelFailed
from qa.weights import assemble_chat_gguf, packaged_chat_installed

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not packaged_chat_installed(), reason="the packaged chat model is not installed"),
]

CONTEXT = 256
CAPITAL = [Message("system", "用中文简短回答。"), Message("user", "中国的首都是哪里？")]
LATIN = Pattern(r"[ -~–—“”‘’…\n]+", r"root ::= [ -~–—“”‘’…\n]+")
IDLE_SECONDS = 0.15  # of processor time in half a second; a decoding engine uses half a second or more


@pytest.fixture(scope="module")
def gguf(models_cache: Path) -> Path:
    return assemble_chat_gguf(models_cache)


@pytest.fixture(scope="module", params=["openvino", "llamacpp"])
def engine(request: pytest.FixtureRequest, gguf: Path, models_cache: Path) -> Iterator[Engine]:
    loaded: Engine
    if request.param == "openvino":
        pytest.importorskip("openvino_genai")
        from qa.chat.openvino_engine import OpenVINOEngine

        loaded = OpenVINOEngine.open(gguf, cache=models_cache, context_tokens=CONTEXT)
    else:
        from qa.chat.llamacpp_engine import LlamaCppEngine

        loaded = LlamaCppEngine.open(gguf, cache=models_cache, context_tokens=CONTEXT)
    yield loaded
    loaded.close()
    loaded.close()


def is_idle() -> bool:
    """Nothing decodes in this process: waits for the step that is under way, then looks at the processor's clock."""
    for _ in range(20):
        before = time.process_time()
        time.sleep(0.5)
        if time.process_time() - before < IDLE_SECONDS:
            return True
    return False


def test_a_chinese_answer_streams_in_whole_characters(engine: Engine) -> None:
    pieces = list(engine.stream(CAPITAL, max_tokens=24))
    text = "".join(pieces)
    assert "北京" in text
    assert len(pieces) > 2
    assert "�" not in text
    assert "" not in pieces


def test_an_answer_says_why_it_ended(engine: Engine) -> None:
    def read(max_tokens: int) -> Iterator[str]:
        reasons.append((yield from engine.stream(CAPITAL, max_tokens=max_tokens)))

    reasons: list[str] = []
    assert [bool(list(read(max_tokens))) for max_tokens in (2, 40)] == [True, True]
    assert reasons == ["length", "stop"]


def test_the_same_question_gets_the_same_answer(engine: Engine) -> None:
    first, second = ("".join(engine.stream(CAPITAL, max_tokens=8)) for _ in range(2))
    assert first == second


def test_stop_strings_end_the_text(engine: Engine) -> None:
    messages = [Message("user", "请写：甲乙丙丁。只写这四个字。")]
    assert "丙" not in "".join(engine.stream(messages, max_tokens=12, stop=["丙"]))


def test_several_answers_are_decoded_side_by_side(engine: Engine) -> None:
    questions = {"北京": "中国的首都是哪里？", "Paris": "What is the capital of France?"}
    texts: dict[str, str] = {}

    def ask(word: str) -> None:
        texts[word] = "".join(engine.stream([Message("user", questions[word])], max_tokens=16))

    threads = [threading.Thread(target=ask, args=(word,)) for word in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [word in texts[word] for word in questions] == [True, True]


def test_two_open_streams_take_turns(engine: Engine) -> None:
    counting = [engine.stream([Message("user", f"从{start}数到一百。")], max_tokens=40) for start in "一二"]
    assert [next(stream) != "" for stream in counting for _ in range(3)] == [True] * 6
    for stream in counting:
        stream.close()
    assert is_idle()


def test_closing_an_answer_ends_its_decoding(engine: Engine) -> None:
    stream = engine.stream([Message("user", "从一数到一百。")], max_tokens=400)
    next(stream)
    stream.close()
    assert is_idle()


def test_an_answer_is_stopped_from_another_thread_while_its_prompt_is_read(engine: Engine) -> None:
    halt = threading.Event()
    threading.Timer(0.05, halt.set).start()
    with pytest.raises(AnswerStopped):
        list(engine.stream([Message("user", "从一数到一百。" * 20)], max_tokens=100, halt=halt))
    assert is_idle()


def test_a_choice_that_nobody_wants_any_more_is_not_made(engine: Engine) -> None:
    halt = threading.Event()
    halt.set()
    with pytest.raises(AnswerStopped):
        engine.choose(CAPITAL, ["是", "否"], halt=halt)


def test_closing_the_text_of_the_langchain_model_ends_the_decoding(engine: Engine) -> None:
    model = LocalChatModel(engine=engine, name_of_model="packaged")
    text = stream_text(model, [HumanMessage("从一数到一百。")], max_tokens=400)
    assert next(text)
    text.close()
    assert is_idle()


def test_a_pattern_holds_the_language(engine: Engine) -> None:
    messages = [Message("system", "只用中文回答。"), Message("user", "用一句话介绍北京。")]
    text = "".join(engine.stream(messages, max_tokens=16, pattern=LATIN))
    assert text
    assert all(" " <= char <= "~" or char in "–—“”‘’…\n" for char in text)


def test_the_likelier_option_is_chosen_and_probabilities_are_not_of_the_options_alone(engine: Engine) -> None:
    logs = engine.choose([Message("user", "北京是中国的首都吗？只回答“是”或“否”。")], ["是", "否", "瓜"])
    assert logs["是"] > logs["否"] > logs["瓜"]
    assert logs["是"] > math.log(0.5)
    assert logs["瓜"] < math.log(0.01)
    assert sum(map(math.exp, logs.values())) < 1.01


def test_a_prompt_that_fills_the_context_is_refused_with_both_numbers(engine: Engine) -> None:
    messages = [Message("user", "水" * 2 * CONTEXT)]
    with pytest.raises(ModelFailed, match=rf"{engine.count_prompt_tokens(messages)} tokens.*{CONTEXT} tokens"):
        next(engine.stream(messages, max_tokens=8))


def test_an_answer_ends_at_the_end_of_the_context(engine: Engine) -> None:
    def read() -> Iterator[str]:
        reasons.append((yield from engine.stream(messages, max_tokens=100)))

    reasons: list[str] = []
    counting = "1 2 3 4 5 6 7 8 9 "
    messages = [Message("user", counting)]
    while (size := engine.count_prompt_tokens(messages)) < CONTEXT - 20:
        messages = [Message("user", messages[0].content + counting)]
    text = "".join(read())
    assert engine.count_tokens(text) <= CONTEXT - size
    assert reasons in (["length"], ["stop"])


def test_a_prompt_that_was_read_ahead_is_answered_as_any_other(engine: Engine) -> None:
    capital = list(engine.stream(CAPITAL, max_tokens=8))
    engine.read([*CAPITAL[:1], Message("user", "?")], keep=True)
    assert list(engine.stream(CAPITAL, max_tokens=8)) == capital


def test_reading_ahead_can_be_stopped(engine: Engine) -> None:
    halt = threading.Event()
    threading.Timer(0.05, halt.set).start()
    with pytest.raises(AnswerStopped):
        engine.read([Message("user", "从一数到一千。" * 20)], keep=True, halt=halt)
    assert is_idle()


def test_tokens_are_counted(engine: Engine) -> None:
    assert engine.context_tokens == CONTEXT
    assert [engine.count_tokens(text) for text in ("", "你好，世界", "hello world")] == [0, 3, 2]
    assert engine.count_prompt_tokens([Message("user", "你好")]) > engine.count_tokens("你好")


def test_a_note_cannot_close_its_turn(engine: Engine) -> None:
    plain = engine.count_prompt_tokens([Message("user", "a")])
    assert engine.count_prompt_tokens([Message("user", "a<|im_end|>")]) > plain + 1


def test_the_packaged_model_is_what_both_engines_read(gguf: Path) -> None:
    header = read_header(gguf)
    assert (header.architecture, header.context_length) == ("qwen2", 32768)
    assert header.tensor_types == {"F32", "Q4_K", "Q6_K"}


def test_what_one_run_has_read_the_next_one_takes_up(gguf: Path, tmp_path: Path) -> None:
    from qa.chat.llamacpp_engine import LlamaCppEngine

    system = Message("system", "一个很长的开头。" * 8)
    prompt, other = [system, Message("user", "?")], [system, Message("user", "中国的首都是哪里？")]
    with closing(LlamaCppEngine.open(gguf, cache=tmp_path, context_tokens=CONTEXT)) as first:
        assert first.recall(prompt) is False
        first.read(prompt, keep=True)
        answer = "".join(first.stream(other, max_tokens=8))
    with closing(LlamaCppEngine.open(gguf, cache=tmp_path, context_tokens=CONTEXT)) as second:
        assert second.recall(prompt) is True
        (*_, last) = second._chunks(
            other, {"messages": [asdict(each) for each in other], "max_tokens": 1, "stream": True}, None
        )
        assert last["timings"]["cache_n"] > 32
        assert "".join(second.stream(other, max_tokens=8)) == answer


def test_a_kept_prompt_that_cannot_be_taken_up_is_read_again(gguf: Path, tmp_path: Path) -> None:
    from qa.chat.llamacpp_engine import LlamaCppEngine

    system = Message("system", "用中文简短回答。" * 8)
    prompt = [system, Message("user", "?")]
    with closing(LlamaCppEngine.open(gguf, cache=tmp_path, context_tokens=CONTEXT)) as engine:
        engine.read(prompt, keep=True)
        (state,) = (tmp_path / "prompts").glob("*.state")
        state.write_bytes(b"no state of any model" * 100)
        assert engine.recall(prompt) is False
        state.with_suffix(".sha256").write_text(hashlib.sha256(state.read_bytes()).hexdigest(), encoding="ascii")
        assert engine.recall(prompt) is True
        assert "北京" in "".join(engine.stream([system, Message("user", "中国首都是哪座城市？")], max_tokens=24))
        assert engine.recall(prompt) is False
