"""`notes-qa eval` with a judge, as a user types it; the encoder knows words only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fakes_chat import BY_WORDS
from fakes_cli import OpenedEncoder
from fakes_engine import FakeServer, serving

from qa.calibration import save
from qa.cli import main

NOTE = "# CNN\n\n## 池化\n\n池化用来降维，减少计算量。\n\n## Padding\n\nPadding keeps the size of the map.\n"
QUESTIONS = [
    {"id": "1", "zh": "池化用来做什么？", "gold": [{"note": "cnn.md", "quote": "池化用来降维"}], "facts_zh": ["降维"]},
    {"id": "2", "zh": "量子纠缠怎么测量？", "gold": []},
]
VERDICT = '{"supported": [true], "answers_question": true, "correct": 2}'
JUDGE = ("--judge", "openai:qwen:1.5b")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in ("qa.encoder", "qa.assistant"):
        monkeypatch.setattr(f"{module}.SentenceEncoder", OpenedEncoder)
    for name, value in (("LC_ALL", "C.UTF-8"), ("NOTES_QA_ENCODER", "words/1"), ("NOTES_QA_CHAT_MODEL", "extractive")):
        monkeypatch.setenv(name, value)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "cnn.md").write_text(NOTE, encoding="utf-8")
    lines = (json.dumps(question, ensure_ascii=False) + "\n" for question in QUESTIONS)
    (tmp_path / "questions.jsonl").write_text("".join(lines), encoding="utf-8")
    save(BY_WORDS, tmp_path / "index")
    return tmp_path


def evaluated(folder: Path, *options: str) -> int:
    folders = ["--corpus", str(folder / "corpus"), "--index", str(folder / "index")]
    return main(["eval", str(folder / "questions.jsonl"), *folders, *options])


def report(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert evaluated(folder, "--json", *options) == 0
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    return value


def without_times(report: dict[str, Any]) -> dict[str, Any]:
    for rows in (report["answers"], report["retrieval"], report["questions"]):
        for row in rows:
            for name in ("seconds", "first_token", "p50_ms", "p95_ms", "milliseconds"):
                row.pop(name, None)
    return report


@pytest.mark.parametrize("says", [VERDICT, "Good answer!", ""])
def test_judge_adds_columns_and_changes_no_figure(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    plain = without_times(report(folder, capsys, "--answers"))
    with serving(FakeServer(pieces=(says,))) as server:
        monkeypatch.setenv("NOTES_QA_JUDGE_BASE_URL", f"{server.url}/v1")
        judged = without_times(report(folder, capsys, *JUDGE))
    (row,) = judged["answers"]
    columns = {name: row.pop(name) for name in list(row) if name.startswith("judge")}
    assert judged == plain
    share = float(says == VERDICT)
    assert columns == {
        "judge": "openai:qwen:1.5b",
        "judge_answers": 1,
        "judge_unreadable": int(says != VERDICT),
        "judge_correct": share,
        "judge_partly": 0.0,
        "judge_answers_question": share,
        "judge_supported": share,
    }


def test_what_the_judge_said_stands_in_the_records(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "records.jsonl"
    with serving(FakeServer(pieces=(VERDICT,))) as server:
        monkeypatch.setenv("NOTES_QA_BASE_URL", f"{server.url}/v1")
        assert evaluated(folder, *JUDGE, "--records", str(file)) == 0
    given, declined = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    assert given["judge"] == {
        "sentences": 1,
        "verdict": {"supported": [True], "answers_question": True, "correct": 2},
        "why_none": "",
    }
    assert declined["judge"] is None
    assert "| judge | judge answers | judge unreadable | judge correct |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("judge", "sentence"),
    [
        ("extractive", "'extractive' is no chat model that could judge. Name one such as ollama:MODEL."),
        ("gpt", "'gpt' does not name a chat model."),
        ("openai:big", "openai:big needs the address of a server"),
    ],
)
def test_judge_that_is_none_is_told_before_anything_is_measured(
    folder: Path, capsys: pytest.CaptureFixture[str], judge: str, sentence: str
) -> None:
    assert evaluated(folder, "--judge", judge) == 1
    assert capsys.readouterr().err.startswith(f"error: {sentence}")
    assert sorted(path.name for path in (folder / "index").iterdir()) == ["calibration.json"]


def test_key_of_the_chat_model_does_not_go_to_the_server_of_the_judge(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTES_QA_API_KEY", "sk-mine")
    with serving(FakeServer(pieces=(VERDICT,))) as server:
        monkeypatch.setenv("NOTES_QA_JUDGE_BASE_URL", f"{server.url}/v1")
        assert evaluated(folder, *JUDGE) == 0
        monkeypatch.setenv("NOTES_QA_JUDGE_API_KEY", "sk-judge")
        assert evaluated(folder, *JUDGE) == 0
    assert server.keys == {"Bearer none", "Bearer sk-judge"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--answers", "--records", "{0}/none/r.jsonl"), "in a folder that exists"),
        (("--records", "{0}/r.jsonl"), "Give --answers too"),
    ],
)
def test_records_that_could_not_be_written_are_told_before_anything_is_measured(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    assert evaluated(folder, *(option.format(folder) for option in options)) != 0
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""


def test_a_sample_has_as_many_questions_as_were_wanted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps(QUESTIONS[0] | {"id": str(n)}, ensure_ascii=False) for n in range(5)]
    (folder / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    rows = report(folder, capsys, "--answers", "--sample", "4")["answers"]
    assert [row["questions"] for row in rows] == [4]
