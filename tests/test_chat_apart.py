"""A module of the package in a process of its own: what it prints, and what its end tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.chat.apart import run_apart


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that print, complain, crash and never end."""
    sources = {
        "tells": "import sys; print('好', *sys.argv[1:])",
        "complains": "raise ValueError('the weights are torn')",
        "crashes": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "hangs": "import time; time.sleep(60)",
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(f"# -*- coding: utf-8 -*-\n{source}\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONUTF8", "1")


def test_what_it_prints_comes_back() -> None:
    assert run_apart("tells", "a b", "c", seconds=60) == "好 a b c\n"


def test_this_package_can_be_imported_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "imports.py").write_text("import qa.chat; print('yes')", encoding="utf-8")
    assert run_apart("imports", seconds=60) == "yes\n"


@pytest.mark.parametrize(
    ("name", "why"), [("complains", "ValueError: the weights are torn"), ("crashes", "exit status -9")]
)
def test_its_failure_is_the_last_line_that_it_said(name: str, why: str) -> None:
    with pytest.raises(RuntimeError, match=why):
        run_apart(name, seconds=60)


def test_one_that_hangs_is_ended() -> None:
    with pytest.raises(RuntimeError, match="not done after 1 seconds"):
        run_apart("hangs", seconds=1)
