"""A chat engine that says what a test tells it, and notes that it answers from."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from fakes import WordEncoder

from qa.assistant import NotesQA
from qa.calibration import Calibration, save
from qa.chat import LocalChatModel, Message, Pattern
from qa.chat.engine import FinishReason
from qa.errors import AnswerStopped
from qa.index import Index
from qa.settings import Settings

_ABOUT_TWO = re.compile(r"^(?:笔记：|Note: )")
_TRANSLATES = re.compile(r"Translate|翻译成|知识助手")

# The word encoder's cosines are no measure: words alone say whether the notes answer, and the model's word.
_WEIGHTS = (0.0, 0.0, 0.0, 3.0, 3.0, -1.0)
BY_WORDS = Calibration(
    (1.0,) * 5,
    {"own": _WEIGHTS, "across": _WEIGHTS, "translated": _WEIGHTS},
    {"zh": 0.0, "en": 0.0},
    (0.5, 1.5, 0.0),
    (0.5, 1.5, 0.0),
)

Script = Callable[[Sequence[Message]], str]


class ScriptedEngine:
    """Streams the script's answer in pieces of three characters; says yes with the given log-odds."""

    context_tokens = 4096

    def __init__(self, script: Script | str, margin: float = 5.0) -> None:
        self.script: Script = (lambda _: script) if isinstance(script, str) else script
        self.margin = margin  # of what is asked about the whole notes
        self.judge: float | Callable[[str], float] = 5.0  # of what is asked about two sentences
        self.chosen: list[str] = []  # questions about two sentences
        self.prompts: list[Sequence[Message]] = []
        self.patterns: list[Pattern | None] = []
        self.closed_early = 0
        self.closed = False
        self.breaks_after: int | None = None  # pieces
        self.before_choosing: Callable[[], object] = lambda: None
        self.before_reading: Callable[[], object] = lambda: None
        self.read_ahead: list[tuple[Sequence[Message], bool]] = []  # and whether it was to be kept
        self.kept: list[Sequence[Message]] = []  # by an earlier run

    @property
    def answering(self) -> list[int]:
        """The numbers of the calls that were to answer: not those that were to translate."""
        return [n for n, prompt in enumerate(self.prompts) if not _TRANSLATES.search(prompt[0].content)]

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        pattern: Pattern | None = None,
        stop: Sequence[str] = (),
        halt: threading.Event | None = None,
    ) -> Generator[str, None, FinishReason]:
        self.prompts.append(messages)
        self.patterns.append(pattern)
        text = self.script(messages)
        try:
            for start in range(0, len(text), 3):
                if self.breaks_after is not None and start >= 3 * self.breaks_after:
                    raise RuntimeError("out of memory")
                _heed(halt)
                yield text[start : start + 3]
        except GeneratorExit:
            self.closed_early += 1
            raise
        return "stop"

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, halt: threading.Event | None = None
    ) -> dict[str, float]:
        self.before_choosing()
        _heed(halt)
        text, margin = messages[-1].content, self.margin
        if _ABOUT_TWO.search(text):
            self.chosen.append(text)
            margin = self.judge if isinstance(self.judge, float) else self.judge(text)
        yes = -math.log1p(math.exp(-margin))
        return dict(zip(options, (yes, yes - margin), strict=True))

    def recall(self, messages: Sequence[Message]) -> bool:
        return list(messages) in self.kept

    def read(self, messages: Sequence[Message], *, keep: bool, halt: threading.Event | None = None) -> None:
        self.before_reading()
        _heed(halt)
        self.read_ahead.append((list(messages), keep))

    def count_tokens(self, text: str) -> int:
        return len(text)

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content) for message in messages)

    def close(self) -> None:
        self.closed = True


def _heed(halt: threading.Event | None) -> None:
    if halt is not None and halt.is_set():
        raise AnswerStopped("The answer was stopped.")


def open_notes(folder: Path, files: Mapping[str, str], engine: ScriptedEngine | None) -> NotesQA:
    """Real notes, index and retrieval below `folder`, with the word encoder; without an engine: extractive."""
    corpus = folder / "corpus"
    for name, text in files.items():
        path = corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    model = LocalChatModel(engine=engine, name_of_model="scripted") if engine else None
    settings = Settings(cache=folder / "cache")
    save(BY_WORDS, folder / "index")
    notes = NotesQA(
        corpus,
        Index(folder / "index"),
        WordEncoder(),
        settings,
        lambda: (model, "scripted" if engine else "extractive"),
    )
    notes.rebuild()
    return notes
