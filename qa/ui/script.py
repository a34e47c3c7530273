"""Puts the page's own script before Gradio's: it decides the language in which Gradio starts.

Gradio adds what it is given as `head` or `js` only after it has chosen its labels.
"""

from __future__ import annotations

import json
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.types import LANGUAGES
from qa.ui.strings import phrase

SCRIPT = Path(__file__).with_name("page.js")
_NAMES = {
    "#nq-chat [role=log]": "chat",
    "#nq-chat [data-testid=user][aria-label]": "your_question",
    "#nq-chat [data-testid=bot][aria-label]": "an_answer",
    "footer": "footer",
    "#nq-history .toggle-button": "conversations",
}  # what the script names for screen readers, by the key of the name
_PATH = "/page.js"
_TAG = b'<head><script src="page.js"></script>'


def script() -> str:
    """The script with the names in both languages."""
    names = {ui: {selector: phrase(key, ui) for selector, key in _NAMES.items()} for ui in LANGUAGES}
    return SCRIPT.read_text(encoding="utf-8").replace("/* names */ {}", json.dumps(names, ensure_ascii=False))


class ScriptFirst:
    """Serves the script, and names it at the beginning of the page's head."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in ("/", _PATH):
            await self._app(scope, receive, send)
        elif scope["path"] == _PATH:
            headers = {"cache-control": "no-cache"}
            await Response(script(), media_type="text/javascript", headers=headers)(scope, receive, send)
        else:
            await self._app(scope, receive, _Inserting(send))


class _Inserting:
    """Sends a response on with the tag in it, whole."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        headers = MutableHeaders(scope=self._start)
        if headers.get("content-type", "").startswith("text/html"):
            self._body = self._body.replace(b"<head>", _TAG, 1)
            headers["content-length"] = str(len(self._body))
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._body})
