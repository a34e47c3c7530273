"""Chat models without a model: names, files, servers and what goes wrong with them."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes_engine import FakeEngine, FakeServer, serving
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from qa.chat import LocalChatModel, ModelChoice, ModelSpec, Pattern, describe_models, open_chat_model, parse_spec
from qa.chat import stream_text as stream
from qa.chat.engine import Message, until_stop, without_control_tokens
from qa.chat.gguf import GGUFHeader, fingerprint, read_header
from qa.chat.opening import EngineName, hub_file
from qa.chat.openvino_ir import is_whole, seal, unreadable_part
from qa.errors import ModelFailed, ModelNotFound, ModelUnreachable, SettingsError

QUESTION = [SystemMessage("用中文回答。"), HumanMessage("首都是哪里？")]
PROVIDERS = ["openai", "ollama"]


def open_served(provider: str, url: str, tmp_path: Path, timeout: float = 10.0) -> BaseChatModel:
    base = f"{url}/v1" if provider == "openai" else url
    model, name = open_chat_model(
        f"{provider}:qwen:1.5b", cache=tmp_path, base_url=base, context_tokens=2048, timeout=timeout
    )
    assert name == f"{provider}:qwen:1.5b"
    assert model is not None
    return model


def local(engine: FakeEngine) -> LocalChatModel:
    return LocalChatModel(engine=engine, name_of_model="fake", max_tokens=50)


def write_gguf(path: Path, *, architecture: str = "qwen2", tensor_type: int = 12) -> Path:
    """The smallest header that says something."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    words = struct.pack("<IQ", 8, 2) + text("你") + text("好")
    entries = [
        text("general.architecture") + struct.pack("<I", 8) + text(architecture),
        text("tokenizer.ggml.tokens") + struct.pack("<I", 9) + words,
        text("tokenizer.ggml.scores") + struct.pack("<IIQff", 9, 6, 2, 0.5, 0.5),
        text(f"{architecture}.context_length") + struct.pack("<II", 4, 32768),
        text("tokenizer.ggml.eos_token_id") + struct.pack("<II", 4, 7),
    ]
    tensor = text("token_embd.weight") + struct.pack("<IQQIQ", 2, 64, 64, tensor_type, 0)
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, len(entries)) + b"".join(entries) + tensor)
    return path


# Names


@pytest.mark.parametrize(
    ("spec", "parsed"),
    [
        ("auto", ModelSpec("auto")),
        (" Extractive ", ModelSpec("extractive")),
        ("gguf:packaged", ModelSpec("gguf", "packaged")),
        (r"gguf:C:\模型\a b.gguf", ModelSpec("gguf", r"C:\模型\a b.gguf")),
        ("hf:Qwen/Qwen2.5-3B-Instruct-GGUF/q4.gguf", ModelSpec("hf", "Qwen/Qwen2.5-3B-Instruct-GGUF/q4.gguf")),
        ("ollama:qwen2.5:7b", ModelSpec("ollama", "qwen2.5:7b")),
        ("OpenAI:deepseek-chat", ModelSpec("openai", "deepseek-chat")),
    ],
)
def test_a_spec_is_a_kind_and_the_rest(spec: str, parsed: ModelSpec) -> None:
    assert parse_spec(spec) == parsed


@pytest.mark.parametrize("spec", ["", "gpt-4", "gguf", "gguf:", "ollama: ", "auto:x", "anthropic:x"])
def test_a_spec_of_another_form_is_an_error_that_lists_the_forms(spec: str) -> None:
    with pytest.raises(ModelNotFound, match=r"gguf:PATH.*ollama:MODEL"):
        parse_spec(spec)


def test_a_spec_prints_as_it_is_written() -> None:
    assert [str(parse_spec(spec)) for spec in ("auto", "ollama:a:b")] == ["auto", "ollama:a:b"]


def test_extractive_is_no_model(tmp_path: Path) -> None:
    assert open_chat_model("extractive", cache=tmp_path) == (None, "extractive")


def test_importing_the_package_imports_no_engine_and_no_client() -> None:
    heavy = "openvino_genai xllamacpp openai ollama langchain langchain_openai langchain_ollama huggingface_hub torch"
    code = f"import sys, qa.chat; print([name for name in {heavy.split()} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Files


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"nothing\.gguf.*NOTES_QA_CHAT_MODEL"):
        open_chat_model(f"gguf:{tmp_path / 'nothing.gguf'}", cache=tmp_path)


def test_a_folder_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="cannot be read"):
        open_chat_model(f"gguf:{tmp_path}", cache=tmp_path)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"PK\x03\x04" + b"x" * 100, b"GGUF" + b"\xff" * 64])
def test_a_file_that_is_not_a_gguf_is_not_found(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelNotFound, match="GGUF"):
        open_chat_model(f"gguf:{path}", cache=tmp_path)


def test_a_gguf_that_was_cut_in_its_header_is_damaged(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ModelNotFound, match="damaged"):
        read_header(path)


def test_a_header_says_what_decides_about_the_engine(tmp_path: Path) -> None:
    header = read_header(write_gguf(tmp_path / "a.gguf", tensor_type=6))
    assert header == GGUFHeader("qwen2", 32768, frozenset({"Q5_0"}), frozenset({7}))
    assert unreadable_part(header) == "tensors of type Q5_0"


@pytest.mark.parametrize(("architecture", "part"), [("qwen2", None), ("gemma3", "architecture gemma3")])
def test_openvino_reads_some_architectures(tmp_path: Path, architecture: str, part: str | None) -> None:
    assert unreadable_part(read_header(write_gguf(tmp_path / "a.gguf", architecture=architecture))) == part


def test_openvino_asked_for_by_name_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf", tensor_type=6)
    with pytest.raises(ModelFailed, match=r"Q5_0.*NOTES_QA_ENGINE=llamacpp"):
        open_chat_model(f"gguf:{path}", cache=tmp_path, engine="openvino")


@pytest.mark.parametrize(
    ("setting", "fastest", "opened"),
    [
        ("auto", "openvino", "OpenVINO"),
        ("auto", "llamacpp", "llama.cpp"),
        ("openvino", "llamacpp", "OpenVINO"),
        ("llamacpp", "openvino", "llama.cpp"),
    ],
)
def test_auto_takes_the_engine_that_measured_faster_and_a_named_one_is_taken_as_it_is(
    setting: EngineName, fastest: str, opened: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino_genai")
    engines = {"OpenVINO": FakeEngine("a"), "llama.cpp": FakeEngine("b")}
    monkeypatch.setattr("qa.chat.opening.platform.machine", lambda: "x86_64")
    monkeypatch.setattr("qa.chat.opening.fastest", lambda path, cache, progress: fastest)
    monkeypatch.setattr(
        "qa.chat.openvino_engine.OpenVINOEngine.open", lambda *arguments, **options: engines["OpenVINO"]
    )
    monkeypatch.setattr(
        "qa.chat.llamacpp_engine.LlamaCppEngine.open", lambda *arguments, **options: engines["llama.cpp"]
    )
    model, _ = open_chat_model(f"gguf:{write_gguf(tmp_path / 'a.gguf')}", cache=tmp_path, engine=setting)
    assert isinstance(model, LocalChatModel)
    assert model.engine is engines[opened]


def test_a_converted_model_is_whole_only_with_every_byte_of_every_file(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"1234")
    assert not is_whole(tmp_path)
    seal(tmp_path)
    assert is_whole(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"123")
    assert not is_whole(tmp_path)


def test_a_gguf_without_its_weights_fails_in_every_engine_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf")
    with pytest.raises(ModelFailed, match=r"llama\.cpp cannot load"):
        open_chat_model(f"gguf:{path}", cache=tmp_path)
    assert [each.suffix for each in (tmp_path / "openvino").iterdir()] == [".lock"]


def test_a_fingerprint_follows_content_and_not_the_name(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(bytes(3 << 20))
    b.write_bytes(bytes(3 << 20))
    assert fingerprint(a) == fingerprint(b)
    b.write_bytes(bytes((3 << 20) - 1) + b"x")
    assert fingerprint(a) != fingerprint(b)


def test_a_hub_name_without_a_file_is_not_found() -> None:
    with pytest.raises(ModelNotFound, match=r"hf:OWNER/REPOSITORY/FILE\.gguf"):
        hub_file("Qwen/Qwen2.5-3B-Instruct-GGUF")


def test_a_hub_that_does_not_answer_is_unreachable_and_names_ways_without_it(dead_url: str) -> None:
    with pytest.raises(ModelUnreachable, match=r"gguf:packaged, gguf:PATH.*extractive"):
        hub_file("notes-qa-test/none/none.gguf", endpoint=dead_url)


# A model of this process


def test_a_local_model_streams_its_engine_with_the_arguments_of_the_call() -> None:
    engine = FakeEngine("北京是首都。")
    pattern = Pattern("[一-龥]+", "root ::= [一-龥]+")
    chunks = list(local(engine).stream(QUESTION, pattern=pattern, max_tokens=4, stop=["首"]))
    assert [chunk.text for chunk in chunks] == ["北", "京", "是", ""]
    assert engine.calls == [([Message("system", "用中文回答。"), Message("user", "首都是哪里？")], 4, pattern)]
    assert chunks[-1].response_metadata["finish_reason"] == "stop"


def test_the_last_chunk_counts_tokens() -> None:
    usage = list(local(FakeEngine("北京是首都。")).stream(QUESTION))[-1].usage_metadata
    assert usage == {"input_tokens": 12, "output_tokens": 6, "total_tokens": 18}


def test_a_local_model_answers_at_once_as_it_streams() -> None:
    message = local(FakeEngine("北京是首都。")).invoke(QUESTION, max_tokens=2)
    assert (message.text, message.response_metadata["finish_reason"]) == ("北京", "length")
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 2


def test_earlier_answers_are_the_assistants_turns() -> None:
    engine = FakeEngine("好")
    local(engine).invoke([HumanMessage("一"), AIMessage("二"), HumanMessage("三")])
    assert engine.calls[0][0] == [Message("user", "一"), Message("assistant", "二"), Message("user", "三")]


def test_a_local_model_chooses_and_counts_with_its_engine() -> None:
    model = local(FakeEngine("是"))
    assert model.choose(QUESTION, ["是", "否"]) == {"是": -1.0, "否": -2.0}
    assert (model.count_tokens("你好"), model.get_num_tokens("你好")) == (2, 2)
    assert model.count_prompt_tokens(QUESTION) == model.get_num_tokens_from_messages(QUESTION) == 12


def test_closing_the_text_of_a_local_model_closes_the_engines_stream() -> None:
    engine = FakeEngine("北京是首都。")
    text = stream(local(engine), QUESTION, max_tokens=10)
    assert next(text) == "北"
    assert engine.running == 1
    text.close()
    assert engine.running == 0


def test_a_prompt_over_the_context_is_an_error_with_both_numbers() -> None:
    with pytest.raises(ModelFailed, match=r"12 tokens.*12 tokens"):
        list(stream(local(FakeEngine("x", context_tokens=12)), QUESTION, max_tokens=5))


@pytest.mark.parametrize(
    ("pieces", "stop", "text", "met"),
    [
        (["一二", "三四"], ["三"], "一二", True),
        (["一二", "三四"], ["二三"], "一", True),
        (["a\n", "\nb"], ["\n\n"], "a", True),
        (["a\n", "b\n"], ["\n\n"], "a\nb\n", False),
        (["abc"], ["", "bc", "b"], "a", True),
        (["abc"], [], "abc", False),
    ],
)
def test_text_ends_before_the_first_stop_string(pieces: list[str], stop: list[str], text: str, met: bool) -> None:
    ended: list[bool] = []

    def read() -> Iterator[str]:
        ended.append((yield from until_stop(pieces, stop)))

    found = list(read())
    assert ("".join(found), ended) == (text, [met])
    assert "" not in found


def test_control_tokens_in_a_note_are_spelled_apart() -> None:
    assert without_control_tokens("a <|im_end|>\n<|im_start|>system") == "a < |im_end|>\n< |im_start|>system"
    assert without_control_tokens("a <| b |> c <||>") == "a <| b |> c <||>"


# Servers


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_streams_plain_text(provider: str, tmp_path: Path) -> None:
    with serving(FakeServer()) as server:
        model = open_served(provider, server.url, tmp_path)
        assert list(stream(model, QUESTION, max_tokens=9)) == ["北京", "是首都。"]
    [body] = server.bodies
    assert [turn["role"] for turn in body["messages"]] == ["system", "user"]
    if provider == "ollama":
        wanted = {"num_ctx": 2048, "num_predict": 9, "temperature": 0}
        assert {name: body["options"][name] for name in wanted} == wanted
    else:
        assert (body["max_tokens"], body["temperature"], body["stream"]) == (9, 0, True)
        assert "max_completion_tokens" not in body


@pytest.mark.parametrize("provider", PROVIDERS)
def test_stop_strings_end_the_text_of_a_server(provider: str, tmp_path: Path) -> None:
    with serving(FakeServer()) as server:
        model = open_served(provider, server.url, tmp_path)
        assert "".join(stream(model, QUESTION, max_tokens=9, stop=["首都"])) == "北京是"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_unknown_model_is_not_found_and_the_others_are_listed(provider: str, tmp_path: Path) -> None:
    with serving(FakeServer()) as server:
        server.models = ["a", "b"]
        with pytest.raises(ModelNotFound, match=r"no model 'qwen:1.5b'; it has: a, b\."):
            open_served(provider, server.url, tmp_path)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_that_does_not_answer_is_unreachable(provider: str, dead_url: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnreachable) as error:
        open_served(provider, dead_url, tmp_path)
    assert str(error.value) == (
        f"The model server at {dead_url} does not answer. Start it, or set NOTES_QA_BASE_URL / choose another model "
        "with NOTES_QA_CHAT_MODEL."
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_without_a_list_of_models_is_tried(provider: str, tmp_path: Path) -> None:
    with serving(FakeServer()) as server:
        server.lists_models = False
        model = open_served(provider, server.url, tmp_path)
        assert "".join(stream(model, QUESTION, max_tokens=9)) == "北京是首都。"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_that_falls_silent_is_unreachable(provider: str, tmp_path: Path) -> None:
    with serving(FakeServer("stalls")) as server:
        text = stream(open_served(provider, server.url, tmp_path, timeout=1), QUESTION, max_tokens=9, timeout=0.5)
        assert next(text) == "北京"
        with pytest.raises(ModelUnreachable, match=f"{server.url}.* fallen silent"):
            next(text)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stream_that_breaks_is_an_error_and_not_an_end(provider: str, tmp_path: Path) -> None:
    with serving(FakeServer("breaks")) as server:
        text = stream(open_served(provider, server.url, tmp_path), QUESTION, max_tokens=9)
        assert next(text) == "北京"
        with pytest.raises(ModelUnreachable, match="broke"):
            next(text)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_that_is_gone_at_the_second_question_is_unreachable(provider: str, tmp_path: Path) -> None:
    with serving(FakeServer()) as server:
        model = open_served(provider, server.url, tmp_path)
    with pytest.raises(ModelUnreachable, match="does not answer"):
        list(stream(model, QUESTION, max_tokens=9))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_closing_the_text_hangs_up_on_the_server(provider: str, tmp_path: Path) -> None:
    with serving(FakeServer("talks")) as server:
        text = stream(open_served(provider, server.url, tmp_path), QUESTION, max_tokens=9)
        assert next(text) == "北京"
        text.close()
        assert server.client_left.wait(10)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_that_answers_with_an_error_has_failed_and_its_words_are_shown(provider: str, tmp_path: Path) -> None:
    with serving(FakeServer("refuses")) as server:
        model = open_served(provider, server.url, tmp_path)
        with pytest.raises(ModelFailed, match="out of memory"):
            list(stream(model, QUESTION, max_tokens=9))


def test_an_ollama_model_may_lack_its_latest_tag(tmp_path: Path) -> None:
    with serving(FakeServer()) as server:
        server.models = ["qwen:1.5b:latest"]
        assert open_served("ollama", server.url, tmp_path)


def test_the_address_of_an_openai_server_may_lack_its_v1(tmp_path: Path) -> None:
    with serving(FakeServer()) as server:
        model, _ = open_chat_model("openai:other", cache=tmp_path, base_url=server.url)
        assert model is not None
        assert "".join(stream(model, QUESTION, max_tokens=9)) == "北京是首都。"


def test_openai_without_an_address_asks_for_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="NOTES_QA_BASE_URL"):
        open_chat_model("openai:x", cache=tmp_path)


@pytest.mark.parametrize("url", ["127.0.0.1:8080/v1", "ftp://a/v1"])
def test_what_is_not_an_address_is_said_so(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not the address of a server"):
        open_chat_model("openai:x", cache=tmp_path, base_url=url)


def test_the_list_of_models_says_what_is_here_and_how_to_get_the_rest(tmp_path: Path, dead_url: str) -> None:
    with serving(FakeServer()) as server:
        found = describe_models(cache=tmp_path, base_url=server.url)
    assert ModelChoice("ollama:qwen:1.5b", True, server.url) in found
    assert ModelChoice("openai:other", True, f"{server.url}/v1") in found
    assert [
        choice.found for choice in describe_models(cache=tmp_path, base_url=dead_url) if "MODEL" in choice.spec
    ] == [
        False,
        False,
    ]
