"""Notes made of hostile texts: real files, really read and split, with hostile names, headings, topics and answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from fakes_ui import FakeNotes
from payloads import Payload

from qa.errors import ModelFailed
from qa.notes import read_notes
from qa.passages import split_note
from qa.topics import topic_tree
from qa.types import (
    Answer,
    AnswerLanguage,
    Citation,
    Done,
    Event,
    Extract,
    Hit,
    IndexChanges,
    Passage,
    SkippedFile,
    Sources,
    TextDelta,
    Topic,
    Turn,
)

_NAME_BYTES = 200  # of one part of a path; file systems take 255
_PAUSE = 0.12  # seconds; longer than the page waits between two updates, so that half a payload is drawn too


def write_payload_notes(payloads: Sequence[Payload], folder: Path) -> None:
    """One note per payload, named with it as far as a file system takes that; slashes become folders."""
    for payload in payloads:
        parts = [part.strip("\0").replace("\0", "") for part in payload.text.split("/")]
        parts = [part.encode()[:_NAME_BYTES].decode(errors="ignore") for part in parts if part.strip(" .")]
        file = folder.joinpath(f"{payload.name}-", *parts[:8])
        file = file.with_name(file.name + ".md")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{payload.text}\n\n## {payload.line[:500]}\n\n{payload.text}\n", encoding="utf-8", newline="")


class PayloadNotes(FakeNotes):
    """Answers with `now`, the payloads whose turn it is: one is the Chinese text, the other the English one."""

    def __init__(self, payloads: Sequence[Payload], folder: Path) -> None:
        super().__init__()
        write_payload_notes(payloads, folder)
        self.notes, self.skipped = read_notes(folder)
        self.passages: dict[str, list[Passage]] = {payload.name: [] for payload in payloads}
        for note in self.notes:
            name = note.path.partition("-/")[0]
            line = next(payload.line for payload in payloads if payload.name == name)
            self.passages[name] += [replace(p, headings=(*p.headings, line)) for p in split_note(note)]
        for payload in payloads:
            if not self.passages[payload.name]:  # control bytes: no note, but an index from elsewhere may hold anything
                self.passages[payload.name].append(_passage(payload))
        self.now: tuple[Payload, ...] = ()
        self.fails = False  # with a payload as the error's message
        self.model_name = payloads[3].text  # an image

    def stream(
        self,
        question: str,
        language: AnswerLanguage = "auto",
        topic: str | None = None,
        history: Sequence[Turn] = (),
        *,
        strict: bool | None = None,
        allow_general: bool | None = None,
        halt: threading.Event | None = None,
    ) -> Iterator[Event]:
        if not self.now:
            yield from super().stream(question, language, topic, history)
            return
        self.asked.append((question, language, topic, tuple(history)))
        first, second = self.now[0], self.now[-1]
        found = [passage for payload in self.now for passage in self.passages[payload.name][:4]]
        hits = tuple(Hit(p, rank, 1 / (60 + rank), rank, rank, 0.9) for rank, p in enumerate(found, 1))
        yield Sources(hits)
        yield Extract({"zh": first.text, "en": second.text}, ())
        for of, text in (("zh", first.text), ("en", second.text)):
            for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
                yield TextDelta(of, piece)  # type: ignore[arg-type]
                time.sleep(_PAUSE)
        if self.fails:
            raise ModelFailed(second.text)
        cited = tuple(
            Citation(number, p, p.text[:200], p.start_line, p.end_line)
            for number, p in enumerate((found[0], found[-1]), 1)
        )
        yield Done(
            Answer(
                question,
                {"zh": f"{first.text} [1]", "en": f"{second.text} [2]"},
                cited,
                hits,
                abstained=False,
                unnamed=(first.text, second.text),
                general={"en": first.text},
                model=self.model_name,
            )
        )

    def topics(self) -> tuple[Topic, ...]:
        passages = [passage for found in self.passages.values() for passage in found]
        return topic_tree([(p.note_path, p.title, (p.title,), p.headings, [at]) for at, p in enumerate(passages)])

    def rebuild(self, full: bool = False, progress: object = None) -> IndexChanges:
        names = tuple(note.path for note in self.notes)
        skipped = tuple(SkippedFile(passage[0].note_path, passage[0].text) for passage in self.passages.values())
        return IndexChanges(names[:12], names[12:24], names[24:36], 3, 0, 8, 8, skipped[:12], 0.02)


def _passage(payload: Payload) -> Passage:
    text = payload.text
    return Passage(f"{text}.md", text, (payload.line,), text, 0, len(text), 1, 1 + text.count("\n"), "en")
