"""The chat page in a real browser over scripted notes: what a reader sees, and what never leaves this machine."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes_ui import EN, FakeNotes
from gradio_client import Client  # type: ignore[import-untyped]
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from pages_ui import DESKTOP, LIBRARY_WARNINGS, PHONE, chromium, served
from playwright.sync_api import Browser, Page, Request, expect

from qa.errors import IndexLocked
from qa.types import IndexChanges, Progress, Topic

pytestmark = [pytest.mark.browser, *LIBRARY_WARNINGS]
QUESTION = "池化有什么作用？"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def notes() -> FakeNotes:
    return FakeNotes(pause=0.06)


@pytest.fixture(scope="module")
def address(notes: FakeNotes) -> Iterator[str]:
    with served(notes) as url:
        yield url


class Visit:
    """One browser session on the page, with every request and error that it made."""

    def __init__(self, browser: Browser, address: str, locale: str = "zh-CN", size: Any = DESKTOP, **more: Any) -> None:
        self.context = browser.new_context(locale=locale, viewport=size, **more)
        self.page: Page = self.context.new_page()
        self.requested: list[str] = []
        self.broken: list[str] = []
        self.page.on("request", self._requested)
        self.page.on("pageerror", lambda error: self.broken.append(str(error)))
        self.page.on("dialog", lambda dialog: self.broken.append(dialog.message))
        self.page.goto(address)
        expect(self.page.locator("#nq-status .nq-small")).to_have_count(2, timeout=15_000)  # the model, the index

    def _requested(self, request: Request) -> None:
        self.requested.append(request.url)

    def ask(self, question: str) -> None:
        self.page.locator("#nq-question textarea").fill(question)
        self.page.locator("#nq-question textarea").press("Enter")

    @property
    def foreign(self) -> list[str]:
        return [url for url in self.requested if not re.match(r"http://127\.0\.0\.1:\d+/|data:|blob:http://127", url)]

    def answered(self) -> None:
        expect(self.page.locator("#nq-sources .nq-cited, #nq-chat .nq-abstained").first).to_be_visible(timeout=15_000)


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Any]:
    opened: list[Visit] = []

    def open_page(**how: Any) -> Visit:
        opened.append(Visit(browser, address, **how))
        return opened[-1]

    yield open_page
    for visited in opened:
        visited.context.close()
        assert visited.foreign == []
        assert visited.broken == []


def answer_of(page: Page) -> str:
    return page.locator("#nq-chat .nq-answer").last.inner_text()


def test_a_chinese_question_streams_and_its_source_opens_at_the_quote(visit: Any) -> None:
    v = visit()
    v.ask(QUESTION)
    expect(v.page.locator("#nq-chat .nq-question")).to_have_text(QUESTION)
    expect(v.page.locator("#nq-chat .nq-answer")).to_be_visible()
    lengths = {len(answer_of(v.page))}
    expect(v.page.locator("#nq-sources .nq-found")).to_have_count(2)  # before the answer is done
    while v.page.locator("#nq-sources .nq-cited").count() == 0:
        lengths.add(len(answer_of(v.page)))
    assert len(lengths) >= 4
    expect(v.page.locator("#nq-question textarea")).to_have_value("")
    card = v.page.locator("#nq-sources .nq-cited").first
    expect(card.locator("mark").first).to_be_hidden()
    expect(card).to_contain_text("第 7-9 行")
    card.locator("> summary").click()
    expect(card.locator("mark").first).to_be_visible()
    assert card.locator("mark").all_inner_texts() == [
        "往往相似",
        "，所以把它们合并可以减少计算量。",
        "降维：特征图变小",
    ]
    expect(card.locator(".katex").first).to_be_visible()
    expect(card.locator("pre")).to_contain_text("def max_pool")


def test_formulas_render_in_the_answer(visit: Any) -> None:
    v = visit()
    v.ask(QUESTION)
    v.answered()
    expect(v.page.locator("#nq-chat .nq-answer .katex")).to_be_visible()
    assert "$" not in v.page.locator("#nq-chat .nq-answer").inner_html()


def test_stop_closes_the_stream_and_keeps_the_text(visit: Any, notes: FakeNotes) -> None:
    notes.closed.clear()
    v = visit(locale="en-US")
    v.ask("endless")
    expect(v.page.locator("#nq-chat .nq-answer")).to_contain_text("again and again")
    v.page.locator("#nq-stop").click()
    assert notes.closed.wait(30)
    expect(v.page.locator("#nq-chat")).to_contain_text("Stopped.", timeout=20_000)
    expect(v.page.locator("#nq-send")).to_be_visible()
    written = answer_of(v.page)
    time.sleep(0.5)
    assert written.startswith("again and again")
    assert answer_of(v.page) == written
    v.ask("What does pooling do?")
    v.answered()
    assert [turn.question for turn in notes.asked[-1][3]] == ["endless"]


def test_closing_the_tab_closes_the_stream(browser: Browser, address: str, notes: FakeNotes) -> None:
    notes.closed.clear()
    v = Visit(browser, address)
    v.ask("endless")
    expect(v.page.locator("#nq-chat .nq-answer")).to_be_visible()
    v.context.close()
    assert notes.closed.wait(15)


@pytest.mark.parametrize(
    ("locale", "texts"),
    [
        (
            "zh-CN",
            ["问笔记", "发送", "新对话", "更新索引", "来源", "自动", "双语", "全部笔记", "本地模型：scripted-fake"],
        ),
        ("zh-TW", ["问笔记", "发送", "全部笔记"]),
        ("en-US", ["Ask your notes", "Send", "New chat", "Refresh index", "Sources", "Auto", "Both", "Local model"]),
        ("de-DE", ["Ask your notes", "Send", "Local model"]),
    ],
)
def test_labels_follow_the_browser(visit: Any, locale: str, texts: list[str]) -> None:
    v = visit(locale=locale)
    shown = v.page.locator("body").inner_text() + v.page.locator("#nq-topic input").input_value()
    assert [text for text in texts if text not in shown] == []
    assert v.page.title() == "notes-qa"
    assert "__i18n__" not in shown


def test_both_languages_stand_under_their_headings(visit: Any, notes: FakeNotes) -> None:
    v = visit()
    v.page.locator("#nq-language label", has_text="双语").click()
    v.ask(QUESTION)
    v.answered()
    assert notes.asked[-1][1] == "both"
    expect(v.page.locator("#nq-chat .nq-version")).to_have_count(2)
    expect(v.page.locator("#nq-chat .nq-version").last).to_contain_text(re.sub(r"\s*\[1\].*", "", EN))


def test_an_abstained_answer_looks_like_a_note(visit: Any) -> None:
    v = visit()
    v.ask("明天天气怎么样？")
    expect(v.page.locator("#nq-chat .nq-abstained")).to_contain_text("最接近的主题")
    expect(v.page.locator("#nq-sources .nq-cited")).to_have_count(0)


def test_a_disagreement_is_said(visit: Any) -> None:
    v = visit(locale="en-US")
    v.ask("pooling 矛盾")
    expect(v.page.locator("#nq-chat .nq-conflict")).to_contain_text("The notes disagree: [1] and [2]", timeout=15_000)


def test_a_failure_is_a_sentence_under_what_was_written(visit: Any) -> None:
    v = visit()
    v.ask("池化 break")
    expect(v.page.locator("#nq-chat .nq-error")).to_contain_text("对话模型在回答途中停止了", timeout=15_000)
    assert answer_of(v.page).startswith("池化有两个作用")
    expect(v.page.locator("#nq-send")).to_be_visible()


def test_an_unexpected_failure_shows_nothing_of_the_inside(visit: Any) -> None:
    v = visit(locale="en-US")
    v.ask("pooling crash")
    expect(v.page.locator("#nq-chat .nq-error")).to_contain_text("Something unexpected", timeout=15_000)
    shown = v.page.locator("body").inner_text()
    assert "secret" not in shown
    assert "Traceback" not in shown
    assert "RuntimeError" not in shown


def test_a_topic_restricts_the_question_and_markup_in_its_name_is_text(visit: Any, notes: FakeNotes) -> None:
    v = visit()
    v.page.locator("#nq-topic input").click()
    options = v.page.locator("#nq-topic [role=option]")
    texts = [text.strip("✓ \n") for text in options.all_inner_texts()]
    assert texts[0] == "全部笔记"
    assert "<b>Training</b> tricks (3)" in texts
    assert any(text.strip("\u2003") == "CNN (4)" for text in texts)
    v.page.locator("#nq-topic input").fill("池化")
    options.filter(has_text="池化 Pooling (2)").click()
    v.ask(QUESTION)
    v.answered()
    assert notes.asked[-1][2] == "ai-interview.md#CNN/池化 Pooling"


def test_rebuild_shows_progress_then_what_changed(browser: Browser) -> None:
    with served(FakeNotes(pause=0.05)) as url:
        v = Visit(browser, url)
        v.page.locator("#nq-rebuild").click()
        expect(v.page.locator("#nq-report progress")).to_be_visible()
        report = v.page.locator("#nq-report .nq-changes")
        expect(report).to_contain_text("新增 1 篇：new.md", timeout=10_000)
        expect(report).to_contain_text("跳过 1 个文件：broken.md (无法读取：not UTF-8 text)")
        expect(v.page.locator("#nq-rebuild")).to_be_enabled()
        v.page.locator("#nq-rebuild").click()
        expect(report).to_contain_text("笔记没有变化", timeout=10_000)
        v.context.close()


def test_a_refresh_in_the_background_is_shown_and_brings_its_topics(browser: Browser) -> None:
    notes = FakeNotes()
    with served(notes) as url:
        v = Visit(browser, url)
        status, topic = v.page.locator("#nq-status"), v.page.locator("#nq-topic input")
        expect(status).to_contain_text("笔记已全部编入索引（刚刚）。")
        notes.news.put(Progress("encode", 3, 12))
        expect(status.locator("progress")).to_be_visible()
        expect(status).to_contain_text("正在编码段落：3 / 12")
        notes.more_topics = (Topic("新笔记", "new.md", 1),)
        notes.news.put(IndexChanges(("new.md",), (), (), 2, 1, 8, 9, (), 0.1))
        expect(status).to_contain_text("1 篇笔记有变动，已更新索引（刚刚）。")
        topic.click()
        v.page.locator("#nq-topic [role=option]").filter(has_text="新笔记 (1)").click()
        notes.news.put(IndexLocked("Process 7 is writing the index. Wait for it."))
        expect(status).to_contain_text("另一个程序正在写索引，请稍后再试。")
        expect(status).to_contain_text("Process 7 is writing the index. Wait for it.")
        assert topic.input_value().strip("\u2003") == "新笔记 (1)"
        v.ask(QUESTION)
        v.answered()
        assert notes.asked[-1][2] == "new.md"
        notes.more_topics = ()
        notes.news.put(IndexChanges((), (), ("new.md",), 2, 0, 8, 8, (), 0.1))
        expect(topic).to_have_value("全部笔记")
        assert v.broken == []
        v.context.close()


def test_a_refresh_leaves_what_is_being_typed_and_an_open_source(browser: Browser) -> None:
    notes = FakeNotes()
    with served(notes) as url:
        v = Visit(browser, url, locale="en-US")
        v.ask("What does pooling do?")
        v.answered()
        v.page.locator("#nq-sources summary").first.click()
        v.page.locator("#nq-question textarea").fill("half a quest")
        notes.news.put(IndexChanges(("new.md",), (), (), 2, 1, 8, 9, (), 0.1))
        expect(v.page.locator("#nq-status")).to_contain_text("Notes changed: 1.")
        v.page.keyboard.type("ion")
        expect(v.page.locator("#nq-question textarea")).to_have_value("half a question")
        expect(v.page.locator("#nq-sources mark").first).to_be_visible()
        v.context.close()


def test_why_the_whole_index_is_made_again_is_said_while_the_page_answers(browser: Browser) -> None:
    notes = FakeNotes()
    notes.stale = ("encoder",)
    notes.news.queue.clear()
    notes.news.put(Progress("encode", 0, 400))
    with served(notes) as url:
        context = browser.new_context(locale="en-US", viewport=DESKTOP)
        page = context.new_page()
        page.goto(url)
        status = page.locator("#nq-status")
        expect(status).to_contain_text("The index was built with another encoder", timeout=15_000)
        page.locator("#nq-question textarea").fill("What does pooling do?")
        page.locator("#nq-send").click()
        expect(page.locator("#nq-sources .nq-cited").first).to_be_visible(timeout=10_000)
        notes.news.put(IndexChanges((), (), (), 2, 8, 0, 8, (), 0.1))
        expect(status).to_contain_text("All notes are indexed")
        expect(status).not_to_contain_text("another encoder")
        context.close()


def test_the_page_is_usable_while_the_model_loads(browser: Browser) -> None:
    with served(FakeNotes(warm_up_seconds=4)) as url:
        context = browser.new_context(locale="en-US", viewport=DESKTOP)
        page = context.new_page()
        page.goto(url)
        expect(page.locator("#nq-status")).to_contain_text("is loading", timeout=3_000)
        page.locator("#nq-question textarea").fill("What does pooling do?")
        page.locator("#nq-send").click()
        expect(page.locator("#nq-sources .nq-cited").first).to_be_visible(timeout=10_000)
        expect(page.locator("#nq-status")).to_contain_text("Local model: scripted-fake", timeout=10_000)
        context.close()


def test_payloads_run_nothing_and_load_nothing(visit: Any) -> None:
    v = visit()
    v.ask("payload <img src=http://tracker.example/q.png onerror=window.pwned=9>")
    v.answered()
    for card in v.page.locator("#nq-sources .nq-source > summary").all():
        card.click()
    v.page.locator("#nq-rebuild").click()
    expect(v.page.locator("#nq-report .nq-changes")).to_be_visible(timeout=10_000)
    for panel in ("#nq-chat .message-content", "#nq-sources"):
        assert (
            v.page.locator(panel)
            .locator("img, script, iframe, form, input, a:not(.nq-cite), style, object, svg[onload]")
            .count()
            == 0
        )
    expect(v.page.locator("#nq-sources .nq-cited mark")).to_have_text("<script>window.pwned = 1</script>")
    assert v.page.evaluate("() => window.pwned") is None
    assert v.foreign == []


def test_a_second_question_carries_the_first_and_sessions_do_not_mix(visit: Any, notes: FakeNotes) -> None:
    one, two = visit(), visit(locale="en-US")
    one.ask(QUESTION)
    two.ask("What does pooling do?")
    one.answered()
    two.answered()
    assert "池化" in answer_of(one.page)
    assert "Pooling" in answer_of(two.page)
    expect(one.page.locator("#nq-send")).to_be_visible()
    one.ask("还有矛盾吗？")
    expect(one.page.locator("#nq-chat .nq-conflict")).to_be_visible(timeout=15_000)
    history = notes.asked[-1][3]
    assert [turn.question for turn in history] == [QUESTION]
    assert "[1]" in history[0].answer
    one.page.locator("#nq-new").click()
    expect(one.page.locator("#nq-chat .nq-question")).to_have_count(0)
    one.ask(QUESTION)
    one.answered()
    assert notes.asked[-1][3] == ()


def test_several_answers_are_written_at_once(visit: Any, notes: FakeNotes) -> None:
    visits = [visit() for _ in range(3)]
    for v in visits:
        v.ask("endless")
    for v in visits:
        expect(v.page.locator("#nq-chat .nq-answer")).to_contain_text("again", timeout=5_000)
    for v in visits:
        v.page.locator("#nq-stop").click()
        expect(v.page.locator("#nq-send")).to_be_visible()


def test_a_phone_scrolls_down_only_and_has_the_sources_below(visit: Any) -> None:
    v = visit(size=PHONE, has_touch=True, is_mobile=True)
    v.ask(QUESTION)
    v.answered()
    v.page.locator("#nq-sources summary").first.click()
    wide, seen = v.page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert seen == PHONE["width"]
    assert wide <= PHONE["width"]
    chat, sources = v.page.locator("#nq-chat").bounding_box(), v.page.locator("#nq-sources").bounding_box()
    assert chat
    assert sources
    assert sources["y"] >= chat["y"] + chat["height"]


def test_a_page_for_other_programs_opens_without_the_network(visit: Any) -> None:
    v = visit(locale="en-US")
    v.page.locator("footer button").first.click()
    expect(v.page.locator("body")).to_contain_text("/ask", timeout=10_000)
    time.sleep(0.5)
    assert v.foreign == []


def test_ask_and_search_over_http_return_plain_values(address: str) -> None:
    client = Client(address, verbose=False)
    answer = client.predict("What does pooling do?", "both", "", api_name="/ask")
    assert answer["texts"]["en"] == EN
    assert not answer["abstained"]
    assert answer["citations"][0]["start_line"] == 7
    assert answer["citations"][0]["note_path"] == "ai-interview.md"
    hits = client.predict("pooling", 1, "", api_name="/search")["hits"]
    assert [hit["rank"] for hit in hits] == [1]
    assert hits[0]["headings"][-1] == "池化 Pooling"
    with pytest.raises(Exception, match=r"No folder, note, heading or tag is called 'gone.md'"):
        client.predict("pooling", 1, "gone.md", api_name="/search")
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/ask", "/search"}


def test_ask_and_search_are_mcp_tools(address: str) -> None:
    async def session() -> tuple[dict[str, Any], Any]:
        async with (
            streamable_http_client(f"{address}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            called = await client.call_tool("search", {"query": "pooling", "top_k": 1})
            return tools, called

    with ThreadPoolExecutor(1) as thread:  # Playwright's own loop runs in this one
        tools, called = thread.submit(asyncio.run, session()).result(30)
    assert set(tools) == {"ask", "search"}
    assert "Answer a question from the user's own Markdown notes" in tools["ask"].description
    parameters = tools["ask"].inputSchema["properties"]
    assert set(parameters) == {"question", "language", "topic"}
    assert "Look only below" in parameters["topic"]["description"]
    assert json.loads(called.content[0].text)["hits"][0]["note_path"] == "ai-interview.md"


def headers_of(url: str, host: str | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def test_every_response_carries_the_policy_and_health_is_told(address: str) -> None:
    for path in ("", "page.js", "healthz", "config", "gradio_api/info", "no-such-page"):
        status, headers = headers_of(address + path)
        assert status == (404 if path == "no-such-page" else 200), path
        assert "default-src 'self'" in headers["Content-Security-Policy"], path
        assert headers["Referrer-Policy"] == "same-origin"


def test_another_name_for_this_machine_is_refused(address: str) -> None:
    assert headers_of(address, "evil.example:7860")[0] == 421
    assert headers_of(address, "localhost:7860")[0] == 200


def test_nothing_is_recorded_watched_or_shared(address: str) -> None:
    with urllib.request.urlopen(address + "config", timeout=5) as response:
        config = json.load(response)
    assert config["analytics_enabled"] is False
    assert headers_of(address + "monitoring")[0] in (403, 404)
    assert not config.get("run_history")


def test_serve_says_its_address_once_it_answers_there() -> None:
    script = "from fakes_ui import FakeNotes; from qa.ui.site import Site, serve; serve(FakeNotes(), 0, Site())"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
        env={"PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parents[1]}", "PATH": "/usr/bin:/bin"},
    )
    killer = threading.Timer(60, process.kill)
    killer.start()
    try:
        assert process.stdout
        line = process.stdout.readline().strip()
        assert re.fullmatch(r"notes-qa: http://127\.0\.0\.1:\d+", line)
        assert headers_of(line.split(" ")[1] + "/healthz")[0] == 200
    finally:
        killer.cancel()
        process.terminate()
        process.communicate(timeout=10)
