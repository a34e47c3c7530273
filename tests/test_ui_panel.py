"""What the reader picks in the sources panel: only what this conversation holds is ever shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes_ui import HOSTILE, POOLING, SECOND, WARM_UP, FakeNotes, citation, hits

from qa.types import Answer
from qa.ui.conversation import Conversation, Exchange
from qa.ui.panel import Panel


@dataclass
class Request:
    """As much of a request as decides the language."""

    headers: dict[str, str] = field(default_factory=lambda: {"accept-language": "en"})


ANSWER = Answer("q", {"en": "x [2]"}, (citation(2, POOLING, SECOND),), hits(POOLING, WARM_UP), abstained=False)
TALK = Conversation((Exchange("q <b>", "", answer=ANSWER, hits=ANSWER.hits), Exchange("r", "", hits=hits(HOSTILE))))


def show(pick: Any, notes: FakeNotes | None = None) -> Any:
    return Panel(notes or FakeNotes()).show(pick, TALK, Request())  # type: ignore[arg-type]


def test_the_sources_of_an_older_answer_name_its_question() -> None:
    assert show("sources:0:1").startswith('<div class="nq-older nq-small">Sources of: q &lt;b&gt;</div>')
    assert show("sources:1:2").startswith('<div class="nq-sources" id="nq-sources-1">')


def test_the_note_of_a_citation_and_of_a_passage_found_opens() -> None:
    assert "池化 Pooling" in show("note:c2:0:1")
    assert "training-tricks.md" in show("note:h2:0:1")
    assert "nq-changed" not in show("note:h2:0:1")


def test_a_note_that_is_no_longer_there_is_shown_as_it_was_read() -> None:
    notes = FakeNotes()
    del notes.texts["ai-interview.md"]
    assert "deleted or moved" in show("note:c2:0:1", notes)


@pytest.mark.parametrize(
    "pick",
    [
        "",
        None,
        "sources:2:1",
        "sources:0",
        "note:c1:0:1",
        "note:h9:0:1",
        "note:c2:1:1",
        "note:x2:0:1",
        "note:../../etc/passwd:0:1",
        "sources:-1:1",
        "sources:99999999:1",
    ],
)
def test_what_does_not_fit_the_conversation_changes_nothing(pick: Any) -> None:
    assert isinstance(show(pick), dict)  # Gradio's way to say that nothing is new


def test_only_edited_notes_that_the_last_answer_cites_are_noticed() -> None:
    notes = FakeNotes()
    panel = Panel(notes)
    cited = Conversation(TALK.exchanges[:1])
    assert panel.notice(cited, "zh") == ""
    del notes.texts["training-tricks.md"]
    assert panel.notice(cited, "zh") == ""
    del notes.texts["ai-interview.md"]
    assert "回答之后改过的笔记：ai-interview.md。" in panel.notice(cited, "zh")
    assert panel.notice(Conversation(), "zh") == ""
    assert panel.notice(TALK, "zh") == ""
