"""The chat page for browser tests: served in a thread on a free port, opened in Debian's Chromium."""

from __future__ import annotations

import gc
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from qa.conversations import Conversations
from qa.ui.backend import Backend
from qa.ui.server import Server
from qa.ui.site import Site, listen
from qa.ui.warming import Warming
from qa.users import Users

# What the libraries around the page do, not the page: Gradio's queue calls pandas the old way, and sockets and event
# loops of Gradio, its client, the MCP client and Playwright are left to the garbage collector.
LIBRARY_WARNINGS = [
    pytest.mark.filterwarnings(text)
    for text in (
        "ignore::DeprecationWarning:gradio",
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
    )
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
PATIENCE = 30_000  # milliseconds: a busy machine


@contextmanager
def served(notes: Backend, conversations: Conversations | None = None, users: Users | None = None) -> Iterator[str]:
    """The address of the page over these notes, while the block runs."""
    listener = listen("127.0.0.1", 0)
    warming = Warming(notes)
    warming.start()
    server = Server.of(notes, Site(conversations=conversations, users=users), warming)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
        gc.collect()  # here, where the warnings above are ignored, and not in somebody else's test


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; where it is missing, a visible skip, or a failure on CI."""
    path = shutil.which("chromium")
    if path is None and os.environ.get("CI"):
        pytest.fail("Chromium is missing: apt-get install chromium")
    if path is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
    gc.collect()
