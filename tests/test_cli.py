"""The command line as a user types it; the commands that encode use the real encoder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from qa.cli import main

COMMANDS = ("index", "ask", "search", "topics", "models", "doctor", "chat", "eval")
NOTE = (
    "# CNN\n\n## 池化（Pooling）\n\n池化用来降维，减少计算量。\n\n"
    "## 填充（Padding）\n\n填充让边缘像素参与更多次运算。\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "cnn.md").write_text(NOTE, encoding="utf-8")
    return folder


def run(folder: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    command, *rest = arguments
    folders = ["--corpus", str(folder / "corpus"), "--index", str(folder / "index")]
    assert main([command, *folders, *rest]) == 0
    return capsys.readouterr().out


def shell(arguments: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qa", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("locale", "word"), [("zh_CN.UTF-8", "选项"), ("en_US.UTF-8", "options")])
def test_each_command_explains_itself_in_the_terminals_language(
    command: str, locale: str, word: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert word in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from qa.cli import main\ntry: main(['--help'])\n"
        "except SystemExit: pass\nprint(sorted(sys.modules))"
    )
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    for heavy in ("torch", "gradio", "langchain", "faiss", "pydantic", "numpy", "openvino"):
        assert f"'{heavy}'" not in modules


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, qa; print(sorted(sys.modules))"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    for heavy in ("torch", "gradio", "langchain", "faiss", "pydantic", "numpy"):
        assert f"'{heavy}'" not in modules


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["search", "x", "--corpus", "no-such-folder"], {}, "There is no notes folder 'no-such-folder'."),
        (["search", "x", "--top-k", "0"], {}, "The setting 'top_k' cannot be 0"),
        (["topics"], {"NOTES_QA_TOPK": "3"}, "NOTES_QA_TOPK is not a setting. Did you mean NOTES_QA_TOP_K"),
        (["ask", "x", "--chat-model", "gpt"], {}, "'gpt' does not name a chat model."),
        (["eval", "no-such-file.jsonl"], {}, "The question file 'no-such-file.jsonl' cannot be read"),
    ],
)
@pytest.mark.model
def test_mistake_is_one_sentence_and_no_trace(
    folder: Path, tmp_path: Path, arguments: list[str], environment: dict[str, str], sentence: str
) -> None:
    result = shell(
        arguments,
        LC_ALL="C.UTF-8",
        NOTES_QA_CORPUS=str(folder / "corpus"),
        NOTES_QA_INDEX=str(tmp_path / "index"),
        **environment,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.model
def test_index_says_what_changed_and_then_that_nothing_did(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = json.loads(run(folder, "index", "--json", capsys=capsys))
    assert (first["passages"], first["skipped"]) == (2, [])
    assert "1 notes, 2 passages" in run(folder, "index", capsys=capsys)
    assert json.loads(run(folder, "index", "--full", "--json", capsys=capsys))["embedded"] == 2


@pytest.mark.model
def test_search_finds_the_passage_with_its_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cnn.md · CNN > 池化（Pooling） · lines 1-5" in run(
        folder, "search", "pooling", "--top-k", "1", capsys=capsys
    )
    (hit,) = json.loads(run(folder, "search", "池化", "--top-k", "1", "--json", capsys=capsys))
    assert (hit["note_path"], hit["start_line"], hit["end_line"]) == ("cnn.md", 1, 5)


@pytest.mark.model
def test_ask_prints_the_answer_and_its_sources(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(folder, "ask", "池化有什么作用？", "--chat-model", "extractive", capsys=capsys)
    assert "池化用来降维，减少计算量 [1]。" in text
    assert "[1] cnn.md · CNN > 池化（Pooling） · lines 5-5" in text
    answer = json.loads(
        run(folder, "ask", "池化有什么作用？", "--chat-model", "extractive", "--topic", "池化", "--json", capsys=capsys)
    )
    assert answer["citations"][0]["quote"] == "池化用来降维，减少计算量。"


@pytest.mark.model
def test_topics_prints_the_tree(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "topics", capsys=capsys).splitlines() == [
        "CNN (2 passages)",
        "  池化（Pooling） (1 passages)",
        "  填充（Padding） (1 passages)",
    ]
    assert json.loads(run(folder, "topics", "--json", capsys=capsys))[0]["path"] == "cnn.md"


def test_models_lists_what_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    assert "gguf:packaged" in capsys.readouterr().out
    assert main(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["configured"] == "auto"


@pytest.mark.model
def test_doctor_finds_all_parts_working(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, "index", capsys=capsys)
    checks = json.loads(run(folder, "doctor", "--chat-model", "extractive", "--json", capsys=capsys))
    assert [check for check in checks if not check["ok"]] == []


@pytest.mark.model
def test_doctor_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = ["--corpus", str(tmp_path / "none"), "--index", str(tmp_path / "index")]
    assert main(["doctor", *folders, "--chat-model", "gguf:missing.gguf"]) == 1
    text = capsys.readouterr().out
    assert "There is no notes folder" in text
    assert "not built yet; run: notes-qa index" in text
    assert "missing.gguf" in text


@pytest.mark.model
def test_eval_prints_a_row_per_direction(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = {"id": "1", "zh": "池化？", "en": "pooling?", "gold": [{"note": "cnn.md", "quote": "池化用来降维"}]}
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps(question), encoding="utf-8")
    rows = json.loads(
        run(folder, "eval", str(file), "--answers", "--chat-model", "extractive", "--json", capsys=capsys)
    )
    assert [(row["direction"], row["hit_at_5"]) for row in rows["retrieval"]] == [("zh to zh", 1.0), ("en to zh", 1.0)]
    assert rows["answers"][0]["valid_citations"] == 1.0
