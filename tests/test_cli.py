"""The command line as a user types it; the commands that encode use the real encoder."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes_cli import OpenedEncoder

from qa.cli import main
from qa.cli_bar import Bar
from qa.index import Index
from qa.indexing import rules
from qa.types import Progress
from qa.users import Users

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
        "CNN · 卷积神经网络 (2 passages)",
        "  池化（Pooling） (1 passages)",
        "  填充（Padding） (1 passages)",
    ]
    (topic,) = json.loads(run(folder, "topics", "--json", capsys=capsys))
    assert (topic["path"], topic["other"], topic["children"][0]["other"]) == ("cnn.md", "卷积神经网络", "")


def test_models_lists_what_can_be_chosen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, dead_url: str
) -> None:
    monkeypatch.setattr("qa.chat.servers.OLLAMA_URL", dead_url)
    assert main(["models"]) == 0
    assert "gguf:packaged" in capsys.readouterr().out
    assert main(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["configured"] == "auto"
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["models"]) == 0
    assert "任何 GGUF 文件" in capsys.readouterr().out


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


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of notes whose encoder knows words only, so that no model is loaded."""
    for module in ("qa.encoder", "qa.assistant"):
        monkeypatch.setattr(f"{module}.SentenceEncoder", OpenedEncoder)
    for name, value in (("LC_ALL", "C.UTF-8"), ("NOTES_QA_ENCODER", "words/1"), ("NOTES_QA_CHAT_MODEL", "extractive")):
        monkeypatch.setenv(name, value)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "cnn.md").write_text(NOTE, encoding="utf-8")
    return tmp_path


def index_of_other_rules(folder: Path) -> None:
    with Index(folder / "index").write() as transaction:
        transaction.finish("words/1", "", rules() | {"splitter": "older"})


def test_index_names_each_file_with_what_was_done(words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words, "index", capsys=capsys).startswith("+ cnn.md\n1 notes added, 0 updated")
    corpus = words / "corpus"
    (corpus / "cnn.md").write_text(NOTE + "\n更多。\n", encoding="utf-8")
    (corpus / "新.md").write_text("新", encoding="utf-8")
    (corpus / "bad.md").write_bytes(b"\0")
    lines = run(words, "index", capsys=capsys).splitlines()
    assert lines[:2] == ["+ 新.md", "~ cnn.md"]
    assert lines[2].startswith("skipped bad.md: has NUL or other control characters")
    assert re.fullmatch(
        r"1 notes added, 1 updated, 0 deleted, 0 unchanged; 3 passages, 2 encoded, 1 reused; [\d.]+ s\.", lines[3]
    )
    (corpus / "新.md").unlink()
    assert run(words, "index", capsys=capsys).startswith("- 新.md\n")
    assert run(words, "index", capsys=capsys).splitlines()[-1] == "Nothing changed: 1 notes, 2 passages."


def test_index_of_very_many_files_names_the_first_fifty(words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(60):
        (words / "corpus" / f"{number:02}.md").write_text(f"{number}", encoding="utf-8")
    lines = run(words, "index", capsys=capsys).splitlines()
    assert (lines[49], lines[50], len(lines)) == ("+ 49.md", "... and 11 more files", 52)


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("zh_CN.UTF-8", "索引是用另一种切分规则建立的，正在重建；在此之前仍用旧索引回答。\n"),
        (
            "C.UTF-8",
            "The index was built with another way of splitting; it is being made again, "
            "and the old one answers until then.\n",
        ),
    ],
)
def test_stale_index_is_explained_before_it_is_made_again(
    words: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, locale: str, sentence: str
) -> None:
    run(words, "index", capsys=capsys)
    index_of_other_rules(words)
    monkeypatch.setenv("LC_ALL", locale)
    folders = ["--corpus", str(words / "corpus"), "--index", str(words / "index")]
    assert main(["index", *folders]) == 0
    printed = capsys.readouterr()
    assert printed.err == sentence
    assert printed.out.startswith("~ cnn.md\n")
    assert main(["index", *folders]) == 0
    assert capsys.readouterr().err == ""


def index_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[bool, str]:
    main(["doctor", "--corpus", str(folder / "corpus"), "--index", str(folder / "index"), "--json"])
    checks = json.loads(capsys.readouterr().out)
    return next((check["ok"], check["detail"]) for check in checks if check["part"] in ("index", "索引"))


def test_doctor_says_whether_the_index_is_there_current_or_why_not(
    words: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert index_check(words, capsys) == (False, "not built yet; run: notes-qa index")
    run(words, "index", capsys=capsys)
    assert index_check(words, capsys) == (True, "current, 2 passages")
    (words / "corpus" / "new.md").write_text("new", encoding="utf-8")
    assert index_check(words, capsys) == (False, "out of date; run: notes-qa index")
    index_of_other_rules(words)
    monkeypatch.setenv("NOTES_QA_ENCODER", "words/2")
    assert index_check(words, capsys)[1].startswith("The index was built with another way of splitting and encoder; it")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert index_check(words, capsys)[1].startswith("索引是用另一种切分规则和编码器建立的")


def test_search_with_no_refresh_takes_the_index_as_it_is(words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(words, "index", capsys=capsys)
    (words / "corpus" / "cnn.md").unlink()
    assert "cnn.md" in run(words, "search", "池化", "--no-refresh", capsys=capsys)
    assert run(words, "search", "池化", capsys=capsys) == "No passage was found.\n"


def test_search_tells_by_what_it_found_in_words_and_in_json(words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words, "search", "降维", "--top-k", "1", capsys=capsys).splitlines()[0] == (
        "1. cnn.md · CNN > 池化（Pooling） · lines 1-5 · found by words"
    )
    (hit,) = json.loads(run(words, "search", "降维", "--top-k", "1", "--json", capsys=capsys))
    assert hit["ways"] == ["words"]


class Watch:
    """`index --watch` in a process of its own, line by line."""

    def __init__(self, folder: Path, *more: str) -> None:
        folders = ["--corpus", str(folder / "corpus"), "--index", str(folder / "index")]
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("fakes_cli.py")), "index", "--watch", *folders, *more],
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().rstrip("\n")


@contextmanager
def watching(folder: Path, *more: str) -> Iterator[Watch]:
    watch = Watch(folder, *more)
    killer = threading.Timer(90, watch.process.kill)
    killer.start()
    try:
        yield watch
    finally:
        killer.cancel()
        watch.process.kill()
        watch.process.communicate()


@pytest.mark.slow
def test_watching_refreshes_with_every_change_until_ctrl_c(words: Path) -> None:
    with watching(words) as watch:
        assert watch.line() == "+ cnn.md"
        assert watch.line().startswith("1 notes added")
        (words / "corpus" / "new.md").write_text("new", encoding="utf-8")
        assert watch.line() == "+ new.md"
        assert watch.line().startswith("1 notes added, 0 updated, 0 deleted, 1 unchanged; 3 passages, 1 encoded")
        (words / "corpus" / "new.md").rename(words / "corpus" / "2024.md")  # no name that says anything
        assert [watch.line() for _ in range(2)] == ["+ 2024.md", "- new.md"]
        assert "0 encoded" in watch.line()
        watch.process.send_signal(signal.SIGINT)
        rest, said = watch.process.communicate(timeout=60)
    assert (watch.process.returncode, rest) == (130, "")
    assert said.splitlines() == [
        f"Watching {words / 'corpus'} for changes; Ctrl-C ends it.",
        "Interrupted; what was encoded is kept.",
    ]


@pytest.mark.slow
def test_watching_a_folder_that_goes_away_says_so_and_goes_on(words: Path) -> None:
    with watching(words, "--json") as watch:
        assert json.loads("".join(iter(watch.line, "}")) + "}")["added"] == ["cnn.md"]
        (words / "corpus").rename(words / "away")
        assert watch.process.stderr
        assert watch.process.stderr.readline().startswith("Watching ")
        assert watch.process.stderr.readline().startswith("error: There is no notes folder")
        (words / "away").rename(words / "corpus")
        assert json.loads("".join(iter(watch.line, "}")) + "}")["unchanged"] == 1


def test_eval_asks_for_the_notes_own_headings_and_compares_two_runs(folder: Path, tmp_path: Path) -> None:
    program = [sys.executable, str(Path(__file__).parent / "fakes_cli.py"), "eval", "--from-headings"]
    program += ["--corpus", str(folder / "corpus")]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(Path(__file__).parent.parent)}

    def evaluated(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*program, *options], env=environment, capture_output=True, encoding="utf-8", timeout=120, check=True
        )

    first = evaluated("--json")
    assert first.stderr.startswith("2 questions from headings; 1 headings name nothing of their own")
    assert [one["id"] for one in json.loads(first.stdout)["questions"]] == ["cnn.md#L3", "cnn.md#L7"]
    (tmp_path / "run.json").write_text(first.stdout, encoding="utf-8")
    second = evaluated("--compare", str(tmp_path / "run.json"))
    assert "| zh to zh | 2 | hit at 5 | 1.000 | 1.000 | 0.000 (0.000 to 0.000) |" in second.stdout
    assert second.stdout.endswith("zh to zh: among the first five 0 questions won (-), 0 lost (-)\n")


def test_eval_calibrates_on_headings_of_which_half_have_no_answer(tmp_path: Path) -> None:
    for number, name in enumerate("甲乙丙丁戊己庚辛壬癸子丑"):
        note = f"# 第{name}类网络的结构\n\n{name}类网络由{name * 3}层和{name * 2}门组成，用于{name}任务。\n"
        (tmp_path / "corpus").mkdir(exist_ok=True)
        (tmp_path / "corpus" / f"{number:02}.md").write_text(note, encoding="utf-8")
    program = [sys.executable, str(Path(__file__).parent / "fakes_cli.py"), "eval", "--from-headings", "--calibrate"]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(
        [*program, "--corpus", str(tmp_path / "corpus"), "--index", str(tmp_path / "index"), "--json"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert f"The calibration is in {tmp_path / 'index' / 'calibration.json'};" in done.stderr
    (row,) = json.loads(done.stdout)["calibrated"]
    assert (row["language"], row["answerable"], row["unanswerable"]) == ("zh", 6, 6)
    provenance = json.loads((tmp_path / "index" / "calibration.json").read_text(encoding="utf-8"))["provenance"]
    assert (provenance["questions"], provenance["answered"], provenance["not_answered"]) == ("headings", 6, 6)


def test_eval_translates_with_the_chat_model_where_it_is_told_to(
    words: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"id": 1, "en": "pooling?", "gold": []}', encoding="utf-8")
    output = run(words, "eval", str(file), "--translate", "--chat-model", "extractive", "--json", capsys=capsys)
    assert json.loads(output)["configuration"]["translated_by"] is None


@pytest.fixture
def auth_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NOTES_QA_AUTH_FILE", str(tmp_path / "users.json"))
    monkeypatch.setenv("NOTES_QA_CONVERSATIONS", str(tmp_path / "conversations.db"))
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    return tmp_path / "users.json"


def test_chat_does_not_open_itself_to_others_without_a_login(
    auth_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chat", "--host", "0.0.0.0"]) == 1
    assert "Add somebody who may log in: notes-qa chat --host 0.0.0.0 --auth NAME" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "told"),
    [("ann:short", "The password of 'ann' has 5 characters."), (":correct horse", "'' cannot be a user's name.")],
)
def test_chat_refuses_a_name_or_password_that_cannot_work(
    given: str, told: str, auth_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chat", "--auth", given]) == 1
    assert told in capsys.readouterr().err
    assert not auth_file.exists()


def test_chat_asks_for_a_password_that_is_not_given(
    auth_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("getpass.getpass", {"Password of ann: ": "correct horse"}.__getitem__)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["chat", "--auth", "ann", "--port", port]) == 1  # the port is taken, but ann is there
    assert "cannot listen" in capsys.readouterr().err
    assert Users(auth_file).check("ann", "correct horse")


def test_bar_that_was_closed_begins_anew() -> None:
    bar = Bar("en")
    for _ in range(2):
        bar(Progress("wait", 0, 1, "P"))
        bar.close()


def test_password_without_a_terminal_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_terminal(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", no_terminal)
    monkeypatch.setenv("NOTES_QA_AUTH_FILE", str(tmp_path / "users.json"))
    assert main(["chat", "--auth", "ann"]) != 0
    assert "as --auth NAME:PASSWORD" in capsys.readouterr().err


def test_doctor_looks_at_what_else_the_settings_name(
    words: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def files() -> tuple[bool, str]:
        main(
            [
                "doctor",
                "--json",
                "--corpus",
                str(words / "corpus"),
                "--index",
                str(words / "index"),
                "--chat-model",
                "extractive",
            ]
        )
        check = next(each for each in json.loads(capsys.readouterr().out) if each["part"] == "settings")
        return check["ok"], check["detail"]

    monkeypatch.setenv("NOTES_QA_AUTH_FILE", str(words / "users.json"))
    assert files() == (True, "work: glossary")
    Users(words / "users.json").put("ann", "a long password")
    assert files() == (True, "work: glossary, users' file")
    monkeypatch.setenv("NOTES_QA_RERANKER", str(words / "none"))
    assert files()[0] is False
    monkeypatch.delenv("NOTES_QA_RERANKER")
    monkeypatch.setenv("NOTES_QA_GLOSSARY", str(words / "none.tsv"))
    assert files()[0] is False
