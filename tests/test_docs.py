"""The commands and code of both READMEs run as printed and stand in step."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from qa.cli import main
from qa.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
READMES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md")}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def without_comments(code: str) -> list[str]:
    lines = (re.sub(r"\s*#(?!\w).*$", "", line).rstrip() for line in code.splitlines())
    return [line for line in lines if line]


def commands() -> list[str]:
    shell = "\n".join(blocks(READMES["README.md"], "sh"))
    return [line for line in without_comments(shell) if line.startswith("notes-qa ")]


def test_both_readmes_show_the_same_code() -> None:
    english, chinese = (
        [without_comments(code) for language in ("sh", "python") for code in blocks(text, language)]
        for text in READMES.values()
    )
    assert english == chinese


def test_both_readmes_have_the_same_sections() -> None:
    english, chinese = (
        [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)] for text in READMES.values()
    )
    assert english == chinese


@pytest.mark.parametrize("name", READMES)
def test_every_link_leads_to_a_file(name: str) -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", READMES[name]) if "://" not in target]
    assert [target for target in targets if not (ROOT / target).is_file()] == []


@pytest.mark.parametrize("name", READMES)
def test_every_setting_is_documented(name: str) -> None:
    table = READMES[name].partition("## Settings" if name == "README.md" else "## 设置")[2]
    assert [field for field in Settings.model_fields if f"`{field}`" not in table] == []


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^make (\w+)", "\n".join(blocks(READMES["README.md"], "sh")), re.MULTILINE))
    assert targets == {"chat", "test"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_command_is_documented() -> None:
    documented = {shlex.split(command)[1] for command in commands()}
    assert documented == {"index", "ask", "search", "topics", "models", "doctor", "eval", "chat"}


@pytest.mark.model
@pytest.mark.parametrize("command", [command for command in commands() if shlex.split(command)[1] != "chat"])
def test_documented_command_runs(
    command: str, shipped_index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("NOTES_QA_INDEX", str(shipped_index))
    if "eval" in command:  # the model answers in test_end_to_end.py; here the command is what is tested
        monkeypatch.setenv("NOTES_QA_CHAT_MODEL", "extractive")
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out.strip()


@pytest.mark.model
def test_python_of_the_readme_runs(
    shipped_index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = (code for code in blocks(READMES["README.md"], "python") if "NotesQA" in code)
    monkeypatch.chdir(ROOT)
    exec(compile(code.replace('index="index"', f"index={str(shipped_index)!r}"), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "ai-interview.md" in printed
    assert "False" in printed


def test_every_event_and_value_of_the_readme_can_be_imported() -> None:
    import qa

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(Sources|Extract|TextDelta|SentenceChecked|Done|Failed|Answer|Hit|Turn)\b", text))
    assert named >= {"Extract", "SentenceChecked", "Failed"}
    assert all(hasattr(qa, name) for name in named)
