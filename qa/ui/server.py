"""The web server of the page: its security headers, and what is off for privacy."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import socket
from typing import Any, Self
from urllib.parse import urlsplit

import gradio as gr
import uvicorn
from fastapi import FastAPI
from gradio.routes import App
from starlette.datastructures import MutableHeaders
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.ui.access import Access
from qa.ui.api import answer_tools_in_json
from qa.ui.backend import Backend
from qa.ui.downloads import add_downloads
from qa.ui.following import Following
from qa.ui.history import HISTORY_CSS
from qa.ui.login import Door
from qa.ui.note_drop import MAX_UPLOAD_BYTES
from qa.ui.notes_tab import NOTES_CSS
from qa.ui.page import build_page
from qa.ui.script import ScriptFirst
from qa.ui.site import LOOPBACK, Site, is_loopback
from qa.ui.strings import i18n
from qa.ui.theme import CSS, THEME
from qa.ui.warming import Warming

# Gradio starts from an inline script and styles its components inline; everything else comes from this server only.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "frame-src 'none'",
        "object-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "base-uri 'self'",
    )
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with none at all, browsers call the origin of our own forms "null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


_READING = frozenset({"GET", "HEAD"})


class _Body:
    """What a client sends: one that is still sending when the answer comes sees a broken connection in its place."""

    _PATIENCE = 10.0  # seconds

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        sends = bool(_header(scope, b"content-length") or _header(scope, b"transfer-encoding"))
        self._ended = not sends or _header(scope, b"expect").lower() == "100-continue"  # that one waits for our word

    async def __call__(self) -> Message:
        message = await self._receive()
        self._ended = not message.get("more_body")
        return message

    async def finish(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._PATIENCE):
                while not self._ended:
                    await self()


class _Guard:
    """Puts the headers on every response, and answers only to this machine's own names while it listens there.

    The second half keeps a web page elsewhere, whose name was pointed at 127.0.0.1, from reading the notes. What any
    other page sends from the reader's browser, such as files, is refused, too, be it one on another port of this
    machine; nor may it read what is answered.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        started, foreign = False, _is_foreign(scope)
        body = _Body(scope, receive)

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if message["status"] >= 400:
                    await body.finish()
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if foreign:  # Gradio allows every page on this machine
                    for name in [name for name in headers if name.startswith("access-control-")]:
                        del headers[name]
            await send(message)

        if self._hosts and _host(scope) not in self._hosts:
            await with_headers({"type": "http.response.start", "status": 421, "headers": []})
            await send({"type": "http.response.body", "body": b"This server answers only to its own address."})
            return
        if foreign and scope["method"] not in _READING:
            await with_headers({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b"This server takes nothing from other pages."})
            return
        try:
            await self._app(scope, body, with_headers)
        except Exception:  # Starlette's own answer to a crash is written outside of this, without the headers
            if not started:
                plain = [(b"content-type", b"text/plain; charset=utf-8")]
                await with_headers({"type": "http.response.start", "status": 500, "headers": plain})
                await send({"type": "http.response.body", "body": b"Internal Server Error"})
            raise


def _header(scope: Scope, wanted: bytes) -> str:
    return str(next((value for name, value in scope["headers"] if name == wanted), b"").decode("latin-1"))


def _is_foreign(scope: Scope) -> bool:
    """Whether a request comes from a page of somewhere else; a program sends neither header."""
    if site := _header(scope, b"sec-fetch-site"):  # browsers leave it out where they trust no address: plain HTTP
        return site not in ("same-origin", "none")
    origin = _header(scope, b"origin")
    return bool(origin) and urlsplit(origin).netloc != _header(scope, b"host")


def _host(scope: Scope) -> str:
    value = _header(scope, b"host")
    return value.partition("]")[0].removeprefix("[") if value.startswith("[") else value.partition(":")[0]


class _Iterators(dict[str, Any]):
    """Answers that are being sent: to cancel one that has just ended is no error, as Gradio would have it."""

    def __delitem__(self, key: str) -> None:
        self.pop(key, None)


def build_app(notes: Backend, site: Site, warming: Warming) -> FastAPI:
    """The whole web application; watching of the notes begins here, in the background."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by Gradio's server at start
    following = Following(notes)
    following.start()
    app = FastAPI(title="notes-qa", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> dict[str, object]:
        refreshing = following.now.progress is not None
        return {"status": "ok", "model_loading": warming.running, "index_refreshing": refreshing}

    access = Access(site.users)
    app.add_middleware(ScriptFirst)
    app.add_middleware(Door, access=access)
    app.add_middleware(_Guard, hosts=(*LOOPBACK, site.host) if is_loopback(site.host) else ())  # stands before the door
    if site.conversations is not None:
        add_downloads(app, site.conversations)
    page = build_page(notes, warming, following, site.language, site.general, site.strict, site.conversations, access)
    whole: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=site.host,
        footer_links=["api"],
        run_history=False,
        show_error=True,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        max_file_size=MAX_UPLOAD_BYTES,
        i18n=i18n,
        mcp_server=True,
        theme=THEME,
        css_paths=[CSS, NOTES_CSS, HISTORY_CSS],
        auth_dependency=lambda request: str(request.state.owner),  # the door knows who it is
    )
    answer_tools_in_json(page)
    mounted = next(route.app for route in whole.routes if isinstance(route, Mount) and isinstance(route.app, App))
    mounted.iterators = _Iterators()
    page.has_launched = True  # else Gradio takes any path of this machine for an upload, as a mounted page's
    return whole


class Server(uvicorn.Server):
    """Says its address when it listens, and ends quietly: open pages hold a connection that must be cut."""

    _warming: Warming

    @classmethod
    def of(cls, notes: Backend, site: Site, warming: Warming) -> Self:
        """A server of the page that builds it in its own event loop: Gradio would open others and leave them."""
        build = functools.partial(build_app, notes, site, warming)
        server = cls(uvicorn.Config(build, factory=True, log_level="warning", timeout_graceful_shutdown=1))
        server._warming = warming
        return server

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            print(f"notes-qa: http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
            self._warming.page_is_served()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)
