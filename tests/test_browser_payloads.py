"""Hostile texts in every untrusted place of the page, in a real browser: nothing runs, loads, leads or covers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes_payloads import PayloadNotes
from fakes_ui import FakeNotes
from fastapi import FastAPI
from gradio.routes import App
from pages_ui import DESKTOP, LIBRARY_WARNINGS, PATIENCE, chromium, served
from payloads import Payload, read_payloads
from playwright.sync_api import Browser, Page, expect
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from qa.ui.server import HEADERS, build_app
from qa.ui.site import Site
from qa.ui.warming import Warming

pytestmark = [pytest.mark.browser, *LIBRARY_WARNINGS]

_OWN_SERVER = ("from=note", "passwd", "/upload", "?leak", "call/ask")  # what the payloads ask of the page's own server
_BETWEEN_NEW_CHATS = 8  # pairs; a long conversation is drawn slowly

WATCH = (Path(__file__).parent / "data" / "watch.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


class Tracker:
    """A server on another origin that remembers who came."""

    def __init__(self) -> None:
        hits = self.hits = list[str]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hits.append(self.path)
                self.send_error(404)

            do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def tracker() -> Iterator[Tracker]:
    tracker = Tracker()
    thread = threading.Thread(target=tracker.server.serve_forever)
    thread.start()
    yield tracker
    tracker.server.shutdown()
    thread.join()
    tracker.server.server_close()


@pytest.fixture(scope="module")
def payloads(tracker: Tracker) -> list[Payload]:
    return read_payloads(tracker.host)


@pytest.fixture(scope="module")
def notes(payloads: list[Payload], tmp_path_factory: pytest.TempPathFactory) -> PayloadNotes:
    return PayloadNotes(payloads, tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def address(notes: PayloadNotes) -> Iterator[str]:
    with served(notes) as url:
        yield url


class Visit:
    """The page with everything that it asked for and everything that happened to it."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.address = address
        self.context = browser.new_context(locale="en-US", viewport=DESKTOP)
        self.page: Page = self.context.new_page()
        self.requested: list[str] = []
        self.happened: list[str] = []
        page, note = self.page, self.happened.append
        self.context.on("request", lambda request: self.requested.append(request.url))
        page.add_init_script(WATCH)
        page.on("dialog", lambda dialog: (note(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: note(f"error {error}"))
        page.on("popup", lambda popup: note(f"popup {popup.url}"))
        page.on("download", lambda download: note(f"download {download.url}"))
        page.on("framenavigated", lambda frame: note(f"frame {frame.url}") if frame != page.main_frame else None)
        page.goto(address)
        expect(page.locator("#nq-status")).not_to_be_empty(timeout=PATIENCE)
        expect(page.locator("#nq-question textarea")).to_be_visible(timeout=PATIENCE)

    def ask(self, question: str, answers: int) -> None:
        self.page.locator("#nq-question textarea").fill(question)
        self.page.locator("#nq-question textarea").press("Enter")
        expect(self.page.locator("#nq-chat .nq-question")).to_have_count(answers, timeout=PATIENCE)
        expect(self.page.locator("#nq-send")).to_be_visible(timeout=PATIENCE)

    def new_chat(self) -> None:
        self.page.locator("#nq-new").click()
        expect(self.page.locator("#nq-chat .nq-question")).to_have_count(0, timeout=PATIENCE)

    def open_all(self) -> None:
        """Opens every card and follows everything that can be clicked in the bubbles and cards."""
        self.page.evaluate(
            """() => {
                for (const card of document.querySelectorAll('#nq-sources details')) card.open = true;
                for (const link of document.querySelectorAll('#nq-chat a, #nq-sources a, #nq-sources [onclick]'))
                    link.click();
            }"""
        )

    def assert_unharmed(self, tracker: Tracker, where: str) -> None:
        seen = self.page.evaluate("() => window.seen")
        assert seen == {"ran": [], "policy": [], "strange": []}, where
        assert self.page.evaluate("(host) => window.leaks(host)", tracker.host) == [], where
        assert self.page.evaluate("() => window.twice()") == [], where
        for selector in ("#nq-question textarea", "#nq-send", "#nq-new"):
            assert not self.page.evaluate("(selector) => window.covered(selector)", selector), (where, selector)
        assert self.page.url.partition("#")[0] == self.address, where
        assert len(self.context.pages) == 1, where
        assert self.happened == [], where
        assert self.foreign == [], where
        assert tracker.hits == [], where

    @property
    def foreign(self) -> list[str]:
        return [
            url
            for url in self.requested
            if not url.startswith((self.address, "data:", f"blob:{self.address}")) or any(p in url for p in _OWN_SERVER)
        ]


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    visit = Visit(browser, address)
    yield visit
    visit.context.close()


THROUGH = [  # markup as if it had got through, and what of the watch sees it
    ("<p class=nq-heading>x</p>", set()),
    ("<span class=katex><span style='height:1em'>x</span></span>", set()),
    ("<img src=http://TRACKER/x onerror=window.pwned=1>", {"ran", "policy", "strange"}),
    ("<form action=http://TRACKER/><input></form>", {"strange"}),
    ("<iframe src=http://TRACKER/></iframe>", {"policy", "strange"}),
    ("<a class=nq-cite href='javascript:window.pwned=1'>x</a>", {"strange"}),
    ("<p style='position:fixed'>x</p>", {"strange"}),
    ("<p id=gradio_config>x</p>", {"strange"}),
]


def test_the_watch_sees_what_would_get_through(visit: Visit, tracker: Tracker) -> None:
    for markup, finds in THROUGH:
        seen = visit.page.evaluate(
            """(markup) => new Promise((done) => {
                window.seen.ran.length = window.seen.policy.length = window.seen.strange.length = 0;
                document.querySelector('#nq-sources').innerHTML = `<div class=nq-sources>${markup}</div>`;
                setTimeout(() => done(window.seen), 150);
            })""",
            markup.replace("TRACKER", tracker.host),
        )
        assert {kind for kind, found in seen.items() if found} == finds, markup
        assert (visit.page.evaluate("(host) => window.leaks(host)", tracker.host) != []) == (
            "TRACKER" in markup or "pwned" in markup
        ), markup
    assert tracker.hits == []


def test_payloads_in_notes_names_answers_and_questions_are_only_text(
    visit: Visit, notes: PayloadNotes, payloads: list[Payload], tracker: Tracker
) -> None:
    asked = 0
    for at in range(0, len(payloads), 2):
        if asked == _BETWEEN_NEW_CHATS:
            visit.new_chat()
            asked = 0
        asked += 1
        notes.now = (payloads[at], payloads[at + 1])
        visit.ask("\n".join(payload.text for payload in notes.now), asked)
        expect(visit.page.locator("#nq-sources .nq-cited")).to_have_count(2, timeout=PATIENCE)
        visit.open_all()
        visit.assert_unharmed(tracker, " + ".join(payload.name for payload in notes.now))
    notes.now = ()
    visit.ask("What does pooling do?", asked + 1)
    expect(visit.page.locator("#nq-chat .nq-answer").last).to_contain_text("it adds translation invariance")
    visit.assert_unharmed(tracker, "a question afterwards")


def test_payloads_in_topics_reports_and_errors_are_only_text(
    visit: Visit, notes: PayloadNotes, payloads: list[Payload], tracker: Tracker
) -> None:
    page = visit.page
    page.locator("#nq-topic input").click()
    expect(page.locator("#nq-topic [role=option]", has_text="<script>").first).to_be_attached(timeout=PATIENCE)
    page.keyboard.press("Escape")
    expect(page.locator("#nq-topic [role=option]")).to_have_count(0, timeout=PATIENCE)
    visit.assert_unharmed(tracker, "topics")
    page.locator("#nq-rebuild").click()
    expect(page.locator("#nq-report")).to_contain_text("<script>", timeout=PATIENCE)
    visit.assert_unharmed(tracker, "report")
    notes.fails = True
    for asked, at in enumerate(range(0, len(payloads), 12), 1):
        notes.now = (payloads[at], payloads[at + 1])
        visit.ask("Anything", asked)
        expect(page.locator("#nq-chat .nq-error")).to_have_count(asked, timeout=PATIENCE)
        visit.assert_unharmed(tracker, f"error {notes.now[1].name}")
    notes.fails, notes.now = False, ()


REQUESTS = [
    ("GET", "", 200),
    ("HEAD", "", 200),
    ("GET", "healthz", 200),
    ("GET", "config", 200),
    ("GET", "theme.css", 200),
    ("GET", "manifest.json", 200),
    ("GET", "gradio_api/info", 200),
    ("GET", "gradio_api/mcp/schema", 200),
    ("GET", "gradio_api/heartbeat/nobody", 200),
    ("POST", "gradio_api/call/search", 200),
    ("POST", "gradio_api/call/no_such_function", 422),
    ("GET", "gradio_api/file=/etc/passwd", 403),
    ("GET", "gradio_api/file=../../etc/passwd", 404),
    ("GET", "gradio_api/proxy=http://127.0.0.1:1/x", 400),
    ("POST", "gradio_api/upload", 400),
    ("POST", "gradio_api/queue/join", 422),
    ("OPTIONS", "gradio_api/call/search", 405),
    ("GET", "monitoring", 403),
    ("GET", "static/no-such-file.js", 404),
    ("GET", "no-such-page", 404),
    ("GET", "<script>alert(1)</script>", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), REQUESTS)
def test_every_response_carries_the_policy(address: str, method: str, path: str, status: int) -> None:
    body = json.dumps({"data": ["pooling", 1, ""]}).encode() if path == "gradio_api/call/search" else b""
    headers = {"Content-Type": "application/json"} if body else {}
    with httpx.stream(method, address + path, content=body, headers=headers, timeout=10) as response:
        assert response.status_code == status
        assert {name: response.headers.get_list(name) for name in HEADERS} == {name: [v] for name, v in HEADERS.items()}


def test_a_crash_in_the_server_carries_the_policy_and_says_nothing_of_the_inside() -> None:
    async def crash(request: Request) -> Response:
        raise RuntimeError("secret inner detail")

    async def ask(app: FastAPI) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get("/crash")

    notes = FakeNotes()
    app = build_app(notes, Site(), Warming(notes))
    app.router.routes.insert(0, Route("/crash", crash))
    with ThreadPoolExecutor(1) as thread:  # Playwright's own loop runs in this one
        response = thread.submit(asyncio.run, ask(app)).result(30)
    assert (response.status_code, response.text) == (500, "Internal Server Error")
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS


def test_cancelling_an_answer_that_ends_at_that_moment_is_no_error() -> None:
    notes = FakeNotes()
    app = build_app(notes, Site(), Warming(notes))
    gradio = next(route.app for route in app.routes if isinstance(getattr(route, "app", None), App))

    async def cancel() -> httpx.Response:
        async def pieces() -> AsyncIterator[str]:
            try:
                yield "a piece"
            finally:
                gradio.iterators.pop("event")  # as the end of the answer does

        gradio.iterators["event"] = answer = pieces()
        await anext(answer)
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            body = {"session_hash": "page", "fn_index": 0, "event_id": "event"}
            return await client.post("/gradio_api/cancel", json=body)

    with ThreadPoolExecutor(1) as thread:
        response = thread.submit(asyncio.run, cancel()).result(30)
    assert (response.status_code, response.json()) == (200, {"success": True})


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    policy = dict(part.partition(" ")[::2] for part in HEADERS["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    for name in ("frame-src", "object-src"):
        assert policy[name] == "'none'"
    for name, sources in policy.items():
        assert set(sources.split()) <= {"'self'", "'none'", "'unsafe-inline'", "data:", "blob:"}, name
        assert "'unsafe-inline'" not in sources or name in ("script-src", "style-src"), name
