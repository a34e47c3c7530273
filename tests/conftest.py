"""Fixtures that more than one test file needs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes_index import CNN, RNN, note, write

from qa.assistant import NotesQA
from qa.index import Index
from qa.settings import Settings

CORPUS = Path(__file__).resolve().parent.parent / "corpus"


@pytest.fixture(scope="session")
def models_cache() -> Path:
    """The real user cache, where packaged models are unpacked once and kept."""
    return Settings().cache


@pytest.fixture(scope="session")
def shipped_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the shipped notes, built once with the real encoder."""
    folder = tmp_path_factory.mktemp("shipped-index")
    with NotesQA.open(CORPUS, folder, Settings()):
        return folder


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """An index of two notes, made without a model."""
    index = Index(tmp_path / "index", lock_seconds=0.05)
    write(index, note("cnn.md", CNN), note("rnn.md", RNN))
    return index


@pytest.fixture
def dead_url() -> Iterator[str]:
    """An address that refuses: bound by us, never listened on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
