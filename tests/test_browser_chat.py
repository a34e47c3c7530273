"""What the page's own script adds to the chat, and what can be done after an answer, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fakes_ui import CNN, NOTES, SECOND, FakeNotes
from pages_ui import DESKTOP, LIBRARY_WARNINGS, PHONE, chromium, served
from playwright.sync_api import Browser, Page, expect

from qa.types import IndexChanges, Topic

pytestmark = [pytest.mark.browser, *LIBRARY_WARNINGS]
QUESTION = "池化有什么作用？"
SOON = 20_000  # milliseconds: several tests may share the machine


class Notes(FakeNotes):
    """With headings beside the one that is cited."""

    def topics(self) -> tuple[Topic, ...]:
        beside = tuple(Topic(name, f"ai-interview.md#CNN/{name}", 1) for name in ("池化 Pooling", "感受野"))
        return (Topic("AI Interview", "ai-interview.md", 5, (Topic("CNN", "ai-interview.md#CNN", 4, beside),)),)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def notes() -> Notes:
    return Notes(pause=0.01)


@pytest.fixture(scope="module")
def address(notes: Notes) -> Iterator[str]:
    with served(notes) as url:
        yield url


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Any]:
    contexts = []
    broken: list[str] = []

    def open_page(locale: str = "zh-CN", **how: Any) -> Page:
        context = browser.new_context(locale=locale, **{"viewport": DESKTOP, **how})
        context.set_default_timeout(SOON)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(address)
        expect(page.locator("#nq-status .nq-small")).to_have_count(2, timeout=SOON)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert broken == []


def ask(page: Page, question: str = QUESTION) -> None:
    before = page.locator("#nq-chat .nq-question").count()
    page.locator("#nq-question textarea").fill(question)
    page.locator("#nq-question textarea").press("Enter")
    expect(page.locator("#nq-chat .nq-question")).to_have_count(before + 1, timeout=SOON)
    expect(page.locator("#nq-again")).to_be_visible(timeout=SOON)


def test_closing_the_page_ends_the_answer_even_while_the_model_reads(visit: Any, notes: Notes) -> None:
    notes.closed.clear()
    page = visit()
    page.locator("#nq-question textarea").fill("reading")
    page.locator("#nq-question textarea").press("Enter")
    expect(page.locator("#nq-sources .nq-found").first).to_be_visible(timeout=SOON)
    page.close()
    assert notes.closed.wait(SOON / 1000)


def cite(page: Page, number: int) -> Any:
    return page.locator("#nq-chat .nq-cite", has_text=f"[{number}]").last


def test_a_number_opens_its_source_marked_in_view_and_focused(visit: Any) -> None:
    page = visit()
    ask(page)
    cite(page, 2).click()
    source = page.locator("#nq-source-2.nq-active")
    expect(source.locator("mark").first).to_be_in_viewport()
    expect(source.locator("> summary")).to_be_focused()
    cite(page, 1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#nq-source-1.nq-active")).to_have_attribute("open", "")
    expect(page.locator(".nq-active")).to_have_count(1)


def test_the_quote_stands_beside_a_number_under_the_mouse_or_with_the_focus(visit: Any) -> None:
    page = visit()
    ask(page)
    tip = page.locator("#nq-tip")
    cite(page, 2).hover()
    expect(tip.locator(".nq-tip-quote")).to_have_text(SECOND)
    expect(tip.locator(".nq-tip-where")).to_have_text("ai-interview.md, 第 10 行")
    page.locator("#nq-title").hover()
    expect(tip).to_be_hidden()
    cite(page, 1).focus()
    expect(tip).to_contain_text("**往往相似**")  # word for word, never markup
    expect(cite(page, 1)).to_have_attribute("aria-describedby", "nq-tip")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_a_long_press_shows_the_quote_and_opens_nothing(visit: Any) -> None:
    page = visit(viewport=PHONE, has_touch=True, is_mobile=True)
    ask(page)
    point = cite(page, 2).bounding_box()
    at = [{"x": point["x"] + 4, "y": point["y"] + 4}]
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at})
    expect(page.locator("#nq-tip .nq-tip-quote")).to_have_text(SECOND)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator(".nq-active")).to_have_count(0)
    cite(page, 1).tap()
    expect(page.locator("#nq-source-1.nq-active > summary")).to_be_in_viewport()


def test_a_number_in_an_older_answer_brings_that_answers_sources_back(visit: Any) -> None:
    page = visit()
    ask(page)
    ask(page, "新")
    expect(page.locator("#nq-sources-1 .nq-cited")).to_have_count(1)
    page.locator("#nq-answer-0 .nq-cite").last.click()
    expect(page.locator("#nq-sources-0 #nq-source-2.nq-active")).to_be_visible()
    expect(page.locator("#nq-sources")).to_contain_text(f"来源对应的问题：{QUESTION}")


def test_a_note_opens_at_the_place_and_the_sources_come_back(visit: Any) -> None:
    page = visit()
    ask(page)
    cite(page, 2).click()
    page.locator("#nq-source-2 .nq-open").click()
    whole = page.locator("#nq-sources .nq-whole")
    expect(whole.locator("mark").first).to_be_in_viewport()
    expect(whole).to_contain_text("AI Interview")
    expect(whole.locator(".nq-code-name")).to_have_text("max_pool")
    page.locator(".nq-back").click()
    expect(page.locator("#nq-sources .nq-cited")).to_have_count(2)


def test_a_note_that_was_edited_since_the_answer_is_said_to_be(browser: Browser) -> None:
    notes = FakeNotes(pause=0.005)
    with served(notes) as url:
        page = browser.new_context(locale="zh-CN", viewport=DESKTOP).new_page()
        page.goto(url)
        ask(page)
        notes.texts["ai-interview.md"] = replace(NOTES["ai-interview.md"], text=CNN.replace("减少计算量", "省时间"))
        notes.news.put(IndexChanges((), ("ai-interview.md",), (), 1, 1, 7, 8, (), 0.1))
        expect(page.locator("#nq-notice")).to_contain_text("回答之后改过的笔记：ai-interview.md", timeout=SOON)
        cite(page, 2).click()
        page.locator("#nq-source-2 .nq-open").click()
        expect(page.locator(".nq-whole .nq-changed")).to_contain_text("已经不是原样", timeout=SOON)
        page.locator("#nq-again").click()
        expect(page.locator("#nq-notice .nq-changed")).to_have_count(0, timeout=SOON)
        page.context.close()


def test_escape_stops_and_the_arrow_up_brings_the_question_back(visit: Any, notes: Notes) -> None:
    page = visit()
    box = page.locator("#nq-question textarea")
    box.fill("endless")
    box.press("Enter")
    expect(page.locator("#nq-chat .nq-answer")).to_contain_text("again")
    page.keyboard.press("Escape")
    expect(page.locator("#nq-chat")).to_contain_text("已停止。")
    box.press("ArrowUp")
    expect(box).to_have_value("endless")


def test_shift_enter_makes_a_line_and_enter_within_an_input_method_sends_nothing(visit: Any, notes: Notes) -> None:
    page = visit()
    box = page.locator("#nq-question textarea")
    box.fill("一")
    box.press("Shift+Enter")
    page.keyboard.type("二")
    expect(box).to_have_value("一\n二")
    box.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    box.dispatch_event("keypress", {"key": "Enter", "isComposing": True, "bubbles": True})
    box.fill("三")
    box.press("Enter")
    expect(page.locator("#nq-chat .nq-question")).to_have_text(["三"])
    assert not any("二" in question for question, *_ in notes.asked)


def test_an_edited_question_takes_the_place_of_the_last_one_and_an_edit_can_be_given_up(visit: Any) -> None:
    page = visit()
    ask(page)
    page.locator("#nq-edit").click()
    box = page.locator("#nq-question textarea")
    expect(box).to_have_value(QUESTION)
    expect(page.locator("#nq-chat .nq-question")).to_have_count(0)
    page.locator("#nq-keep").click()
    expect(page.locator("#nq-chat .nq-question")).to_have_text(QUESTION)
    expect(box).to_have_value("")
    page.locator("#nq-edit").click()
    expect(box).to_have_value(QUESTION)
    ask(page, "池化 pooling")
    expect(page.locator("#nq-chat .nq-question")).to_have_text(["池化 pooling"])


def test_an_answer_is_asked_for_again_and_in_the_other_language(visit: Any, notes: Notes) -> None:
    page = visit()
    ask(page)
    page.locator("#nq-again").click()
    expect(page.locator("#nq-again")).to_be_hidden()
    expect(page.locator("#nq-in-en")).to_be_visible(timeout=SOON)
    expect(page.locator("#nq-chat .nq-question")).to_have_count(1)
    page.locator("#nq-in-en").click()
    expect(page.locator("#nq-chat .nq-answer").last).to_contain_text("Pooling does two things", timeout=SOON)
    assert notes.asked[-1][:2] == (QUESTION, "en")
    expect(page.locator("#nq-in-en")).to_have_text("用中文回答")


def test_examples_and_followups_are_asked_with_a_click(visit: Any, notes: Notes) -> None:
    page = visit()
    page.locator("#nq-chat .example").first.click()
    expect(page.locator("#nq-again")).to_be_visible(timeout=SOON)
    assert notes.asked[-1][0] == "笔记里怎么讲“CNN”？"
    page.locator("#nq-chat .option", has_text="感受野").click()
    expect(page.locator("#nq-chat .nq-question")).to_have_count(2, timeout=SOON)
    expect(page.locator("#nq-again")).to_be_visible(timeout=SOON)
    assert notes.asked[-1][0] == "笔记里怎么讲“感受野”？"


def test_what_an_answer_may_rest_on_is_chosen(visit: Any, notes: Notes) -> None:
    page = visit()
    seen = []
    for choice in ("只答笔记支持的", "标出没有依据的", "允许一般知识"):
        page.locator("#nq-basis input").click()
        page.locator("#nq-basis [role=option]", has_text=choice).click()
        ask(page)
        seen.append(notes.allowed[-1])
    assert seen == [(True, False), (False, False), (None, True)]


def test_the_answer_is_copied_as_markdown_with_its_sources(visit: Any) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page)
    page.locator("#nq-copy").click()
    expect(page.locator("#nq-copy.nq-done")).to_be_visible()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith(f"## {QUESTION}\n\n池化有两个作用")
    assert f"- [2] ai-interview.md, 第 10 行 (AI Interview › CNN › 池化 Pooling)\n  > {SECOND}\n" in copied


def test_the_language_of_the_interface_is_switched_and_remembered(visit: Any) -> None:
    page = visit(locale="en-US")
    expect(page.locator("#nq-send")).to_have_text("Send")
    page.locator("#nq-interface").click()
    expect(page.locator("#nq-send")).to_have_text("发送", timeout=SOON)
    expect(page.locator("#nq-status")).to_contain_text("本地模型", timeout=SOON)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.reload()
    expect(page.locator("#nq-send")).to_have_text("发送", timeout=SOON)
    page.locator("#nq-interface").click()
    expect(page.locator("#nq-send")).to_have_text("Send", timeout=SOON)


def test_light_and_dark_are_switched_and_remembered(visit: Any) -> None:
    page = visit(color_scheme="light")
    body = page.locator("body")
    page.locator("#nq-appearance").click()
    expect(body).to_have_class("dark")
    page.reload()
    expect(page.locator("#nq-status .nq-small")).to_have_count(2, timeout=SOON)
    expect(body).to_have_class("dark")
    page.locator("#nq-appearance").click()
    expect(body).not_to_have_class("dark")


def test_a_screen_reader_is_told_each_sentence_once(visit: Any) -> None:
    page = visit()
    ask(page)
    expect(page.locator("#nq-chat [role=log]")).to_have_attribute("aria-live", "off")
    expect(page.locator("#nq-live[aria-live=polite]")).to_contain_text("增强平移不变性")
    names = page.locator("#nq-chat [data-testid][aria-label]").evaluate_all("found => found.map(x => x.ariaLabel)")
    assert names == ["你的问题", "回答"]
