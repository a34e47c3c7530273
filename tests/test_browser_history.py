"""Kept conversations, ratings and logins in a real browser over scripted notes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes_ui import FakeNotes
from gradio_client import Client  # type: ignore[import-untyped]
from pages_ui import DESKTOP, LIBRARY_WARNINGS, PHONE, chromium, served
from playwright.sync_api import Browser, Locator, Page, expect

from qa.conversations import Conversations
from qa.question_sets import read_questions
from qa.types import Answer, AnswerLanguage
from qa.users import Users

pytestmark = [pytest.mark.browser, *LIBRARY_WARNINGS]
QUESTION = "池化有什么作用？"
PASSWORD = "correct horse"
PATIENCE = 60_000  # milliseconds: two cores, and other tests on them


class EchoNotes(FakeNotes):
    """Says the question again in its answer, so that it is seen who got which."""

    def _answer(self, question: str, language: AnswerLanguage) -> Answer:
        answer = super()._answer(question, language)
        return Answer(question, {"en": f"You asked {question} [1]"}, answer.citations[:1], answer.hits, False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        expect.set_options(timeout=PATIENCE)
        yield running
        expect.set_options(timeout=5_000)


@pytest.fixture
def store(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path / "conversations.db", tmp_path)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_page(address: str, locale: str = "zh-CN", size: Any = DESKTOP) -> Page:
        contexts.append(browser.new_context(locale=locale, viewport=size))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        return ready(page, address)

    yield open_page
    for context in contexts:
        context.close()


def ready(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator("#nq-status .nq-small")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?c=[\w-]{24}$"))  # the panel is there too
    return page


def ask(page: Page, question: str = QUESTION) -> None:
    before = questions(page).count()
    page.locator("#nq-question textarea").fill(question)
    page.locator("#nq-question textarea").press("Enter")
    expect(questions(page)).to_have_count(before + 1)
    expect(page.locator("#nq-good")).to_be_visible()  # the answer's end


def questions(page: Page) -> Locator:
    return page.locator("#nq-chat .nq-question")


def panel(page: Page) -> None:
    page.locator("#nq-history .toggle-button").click()
    expect(page.locator("#nq-find")).to_be_in_viewport()


def titles(page: Page) -> Locator:
    return page.locator("#nq-conversations label")


def test_a_reload_continues_the_conversation_and_a_second_tab_has_its_own(
    visit: Callable[..., Page], store: Conversations
) -> None:
    notes = FakeNotes()
    with served(notes, store) as address:
        page = visit(address)
        ask(page)
        answer = page.locator("#nq-chat .nq-answer").inner_html()
        page.reload()
        expect(questions(page)).to_have_text([QUESTION])
        expect(page.locator("#nq-sources .nq-cited")).to_have_count(2)
        assert page.locator("#nq-chat .nq-answer").inner_html() == answer
        second = ready(page.context.new_page(), address)
        expect(questions(second)).to_have_count(0)
        assert second.url != page.url
        ask(page, "还有呢？")
        assert [turn.question for turn in notes.asked[-1][3]] == [QUESTION]
        expect(questions(page)).to_have_count(2)


def test_conversations_survive_a_restart_in_the_language_of_whoever_reads(
    visit: Callable[..., Page], store: Conversations
) -> None:
    with served(FakeNotes(), store) as address:
        ask(visit(address), "今天天气如何？")
    with served(FakeNotes(), store) as address:
        page = visit(address, locale="en-US", size=PHONE)
        panel(page)
        titles(page).first.click()
        page.locator("#nq-history .toggle-button").click()
        expect(questions(page)).to_have_text(["今天天气如何？"])
        expect(page.locator("#nq-chat .nq-abstained")).to_contain_text("Not in the notes")


def test_finding_renaming_opening_and_deleting(visit: Callable[..., Page], store: Conversations) -> None:
    with served(FakeNotes(), store) as address:
        page = visit(address, locale="en-US")
        ask(page, "What does pooling do?")
        page.locator("#nq-new").click()
        expect(questions(page)).to_have_count(0)
        ask(page, "weather")
        panel(page)
        expect(titles(page)).to_have_text([re.compile(r"^\s*weather"), re.compile(r"^\s*What does pooling do")])
        page.locator("#nq-find input, #nq-find textarea").first.fill("INVARIANCE")
        expect(titles(page)).to_have_text([re.compile(r"^\s*What does pooling do")])
        titles(page).first.click()
        expect(questions(page)).to_have_text(["What does pooling do?"])
        title = page.locator("#nq-rename-title input, #nq-rename-title textarea").first
        expect(title).to_have_value("What does pooling do?")
        title.fill("Exam <b>notes</b>")
        page.locator("#nq-rename").click()
        expect(titles(page)).to_have_text([re.compile(r"^\s*Exam <b>notes</b>")])
        page.locator("#nq-delete").click()
        page.locator("#nq-delete-no").click()
        expect(page.locator("#nq-delete-yes")).to_be_hidden()
        assert len(store.find("")) == 2
        page.locator("#nq-delete").click()
        page.locator("#nq-delete-yes").click()
        expect(questions(page)).to_have_count(0)
        expect(page.locator("#nq-history-hint")).to_have_text("No conversation has these words.")
        assert [summary.title for summary in store.find("")] == ["weather"]


def test_exports_and_ratings_are_downloads(visit: Callable[..., Page], store: Conversations, tmp_path: Path) -> None:
    with served(FakeNotes(), store) as address:
        page = visit(address)
        ask(page)
        page.locator("#nq-good").click()
        expect(page.locator("#nq-good")).to_have_class(re.compile("primary"))
        panel(page)
        expect(page.locator("#nq-rated")).to_contain_text("可导出 1 道题目")
        saved = {}
        for button in ("#nq-save-md", "#nq-save-json", "#nq-save-ratings"):
            with page.expect_download() as download:
                page.locator(button).click()
            saved[button] = tmp_path / download.value.suggested_filename
            download.value.save_as(saved[button])
        assert [path.name for path in saved.values()] == [
            "池化有什么作用.md",
            "池化有什么作用.json",
            "notes-qa-ratings.jsonl",
        ]
        assert "\\[1\\] ai-interview.md · 第 7-9 行" in saved["#nq-save-md"].read_text(encoding="utf-8")
        value = json.loads(saved["#nq-save-json"].read_text(encoding="utf-8"))
        assert value["exchanges"][0]["rating"] == {"good": True, "reason": "", "comment": ""}
        assert [question.texts for question in read_questions(saved["#nq-save-ratings"])] == [{"zh": QUESTION}]


def test_what_is_wrong_with_an_answer_is_kept(visit: Callable[..., Page], store: Conversations) -> None:
    with served(FakeNotes(), store) as address:
        page = visit(address, size=PHONE)
        ask(page)
        page.locator("#nq-bad").click()
        page.locator("#nq-reason label", has_text="来源不对").click()
        page.locator("#nq-comment textarea, #nq-comment input").first.fill("应为第 3 行")
        page.locator("#nq-rate-save").click()
        expect(page.locator("#nq-why")).to_be_hidden()
        page.reload()
        expect(page.locator("#nq-bad")).to_have_class(re.compile("primary"))
        rating = store.read("", store.find("")[0].id).exchanges[0].rating
        assert rating
        assert (rating.good, rating.reason, rating.comment) == (False, "sources", "应为第 3 行")


def test_stopping_keeps_what_was_said(visit: Callable[..., Page], store: Conversations) -> None:
    with served(FakeNotes(), store) as address:
        page = visit(address, locale="en-US")
        page.locator("#nq-question textarea").fill("endless")
        page.locator("#nq-question textarea").press("Enter")
        expect(page.locator("#nq-chat .nq-answer")).to_contain_text("again and again")
        page.locator("#nq-stop").click()
        expect(page.locator("#nq-chat")).to_contain_text("Stopped.")
        page.reload()
        expect(page.locator("#nq-chat")).to_contain_text("This answer was not finished.")
        expect(page.locator("#nq-chat .nq-answer")).to_contain_text("again and again")


def test_a_waiting_question_shows_its_place_and_can_be_taken_back(
    visit: Callable[..., Page], store: Conversations
) -> None:
    notes = FakeNotes()
    with served(notes, store) as address:
        busy = [visit(address) for _ in range(4)]
        for page in busy:
            page.locator("#nq-question textarea").fill("endless")
            page.locator("#nq-question textarea").press("Enter")
            expect(page.locator("#nq-chat .nq-answer")).to_be_visible()
        fifth = visit(address)
        fifth.locator("#nq-question textarea").fill("池化？")
        fifth.locator("#nq-question textarea").press("Enter")
        expect(fifth.locator("#nq-chat")).to_contain_text("正在排队，前面还有 4 个问题…")
        fifth.locator("#nq-stop").click()
        expect(fifth.locator("#nq-chat")).to_contain_text("已停止。")
        assert [asked[0] for asked in notes.asked] == ["endless"] * 4
        for page in busy:
            page.locator("#nq-stop").click()


def test_eight_questions_at_once_neither_mix_nor_fail(visit: Callable[..., Page], store: Conversations) -> None:
    with served(EchoNotes(pause=0.05), store) as address:
        pages = [visit(address, locale="en-US" if number % 2 else "zh-CN") for number in range(6)]
        clients = [Client(address, verbose=False) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            for number, page in enumerate(pages):
                page.locator("#nq-question textarea").fill(f"question {number}")
                page.locator("#nq-question textarea").press("Enter")
            programs = list(
                pool.map(
                    lambda pair: pair[1].predict(f"program {pair[0]}", api_name="/ask")["texts"]["en"],
                    enumerate(clients),
                )
            )
        assert programs == ["You asked program 0 [1]", "You asked program 1 [1]"]
        for number, page in enumerate(pages):
            expect(page.locator("#nq-good")).to_have_text("Helpful" if number % 2 else "有帮助")
            expect(questions(page)).to_have_text([f"question {number}"])
            expect(page.locator("#nq-chat .nq-answer")).to_contain_text(f"You asked question {number} [1]")
    stored = [store.read("", summary.id).exchanges for summary in store.find("")]
    assert sorted((of[0].question, of[0].answer.texts["en"], of[0].ended) for of in stored) == [
        (f"question {number}", f"You asked question {number} [1]", "done") for number in range(6)
    ]


def test_a_login_opens_the_page_and_each_has_his_own_conversations(
    visit: Callable[..., Page], browser: Browser, store: Conversations, tmp_path: Path
) -> None:
    users = Users(tmp_path / "users.json")
    users.put("ann", PASSWORD)
    users.put("bob", PASSWORD)
    with served(FakeNotes(), store, users) as address:
        context = browser.new_context(locale="zh-CN", viewport=PHONE)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        expect(page).to_have_url(f"{address}login")
        log_in(page, "ann", "wrong password")
        expect(page.locator("[role=alert]")).to_have_text("用户名或密码不对。")
        log_in(page, "ann", PASSWORD)
        expect(page.locator("#nq-status .nq-small")).to_have_count(2)
        expect(page).to_have_url(re.compile(r"\?c="))
        ask(page)
        of_ann = page.url
        panel(page)
        expect(titles(page)).to_have_count(1)
        page.locator("#nq-logout").click()
        expect(page).to_have_url(f"{address}login")
        page.goto(of_ann)
        log_in(page, "bob", PASSWORD)
        expect(page.locator("#nq-status .nq-small")).to_have_count(2)
        expect(page).not_to_have_url(of_ann)  # it is not his, so he begins a new one
        expect(questions(page)).to_have_count(0)
        context.close()
        program = Client(address, auth=("bob", PASSWORD), verbose=False)
        assert program.predict(QUESTION, api_name="/ask")["abstained"] is False
        assert httpx.get(f"{address}gradio_api/info").status_code == 401
    assert [len(store.find(owner)) for owner in ("ann", "bob", "")] == [1, 0, 0]


def log_in(page: Page, name: str, password: str) -> None:
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("button").click()
