"""The door of the page: a small login page, its cookie, and a guard in front of every other address.

Gradio's own login leaves its start page, its styles and some addresses open and lets passwords be tried without end;
this one stands before Gradio and lets nothing through.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from qa.errors import SettingsError
from qa.ui.access import SESSION_SECONDS, Access, TooManyFailures
from qa.ui.strings import phrase, ui_language

OPEN = ("/login", "/logout", "/healthz")  # tell nothing of the notes
_LARGEST_FORM = 16384  # bytes: a password of 1,000 Chinese characters, percent-encoded
_CONVERSATION = re.compile(r"[\w-]{1,64}", re.ASCII)
_STYLE = """
:root { color-scheme: light dark; --ink: #292524; --soft: #625d58; --paper: #f5f4f1; --card: #fff; --line: #e3e0da;
  --accent: #0f766e; --error: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --ink: #f5f5f4; --soft: #b3ada7; --paper: #171614; --card: #211f1d;
  --line: #3b3835; --accent: #0f766e; --error: #fca5a5; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; padding: 16px; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", "Noto Sans SC", sans-serif; }
form { width: 100%; max-width: 360px; padding: 28px; background: var(--card); border: 1px solid var(--line);
  border-radius: 16px; display: grid; gap: 14px; }
h1 { margin: 0; font-size: 20px; font-weight: 650; }
p { margin: 0; color: var(--soft); font-size: 14px; }
p[role=alert] { color: var(--error); }
label { display: grid; gap: 4px; font-size: 14px; }
input { width: 100%; padding: 10px 12px; font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--line); border-radius: 10px; }
button { padding: 11px; font: inherit; font-weight: 600; color: #fff; background: var(--accent); border: 0;
  border-radius: 12px; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
"""


class Door:
    """Lets a request through with its owner in `request.state.owner`, empty where nobody has to log in."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":  # nothing of the page needs one
            await send({"type": "websocket.close", "code": 1008})
        else:
            response = await self._answer(Request(scope, receive))
            await (response or self._app)(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        """What is said at the door; None where the request goes through."""
        if not self._access.required:
            request.scope.setdefault("state", {})["owner"] = ""
            return _redirect("/") if request.url.path in ("/login", "/logout") else None
        token = request.cookies.get(_cookie(request), "")
        match request.url.path, request.method:
            case "/healthz", _:
                return None
            case "/login", "GET" | "HEAD":
                return _redirect(_page_of(request)) if self._access.owner_of(token) else _login_page(request)
            case "/login", "POST":
                return await self._login(request)
            case "/logout", _:
                self._access.logout(token)
                return _without_cookie(request, _redirect("/login"))
        try:
            owner = self._access.owner_of(token) or await self._owner_of_program(request)
        except (TooManyFailures, SettingsError) as error:
            return _refusal(request, error)
        if owner is None:
            return _stranger(request)
        request.scope.setdefault("state", {})["owner"] = owner
        return None

    async def _owner_of_program(self, request: Request) -> str | None:
        return await self._access.owner_of_basic(request.headers.get("authorization", ""), _address(request))

    async def _login(self, request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _LARGEST_FORM:
                return JSONResponse({"detail": "The form is too long."}, 413)
        fields = parse_qs(body.decode("utf-8", "replace"))
        name, password = (fields.get(field, [""])[0] for field in ("username", "password"))
        try:
            token = await self._access.login(name, password, _address(request))
        except (TooManyFailures, SettingsError) as error:
            return _refusal(request, error)
        if token is None:
            sentence = phrase("login_wrong", ui_language(request))
            if _wants_page(request):
                return _login_page(request, sentence, name, 401)
            return JSONResponse({"detail": sentence}, 401)
        done: Response = (
            _redirect(_page_of(request)) if _wants_page(request) else JSONResponse({"success": True})  # gradio_client
        )
        done.set_cookie(_cookie(request), token, SESSION_SECONDS, **_how(request))
        return done


def _stranger(request: Request) -> Response:
    """To the login page with a reader; a program is told how to come in."""
    if request.method == "GET" and _wants_page(request):
        identity = request.query_params.get("c", "")
        return _redirect(f"/login?c={identity}" if _CONVERSATION.fullmatch(identity) else "/login")
    headers = {"cache-control": "no-store"}
    is_browser = "sec-fetch-mode" in request.headers or "mozilla" in request.headers.get("user-agent", "").lower()
    if not is_browser:  # it would ask with a window of its own
        headers["www-authenticate"] = 'Basic realm="notes-qa", charset="UTF-8"'
    return JSONResponse({"detail": phrase("login_needed", ui_language(request))}, 401, headers)


def _refusal(request: Request, error: TooManyFailures | SettingsError) -> Response:
    ui = ui_language(request)
    if isinstance(error, TooManyFailures):
        sentence, status = phrase("login_wait", ui, seconds=error.seconds), 429
        headers = {"retry-after": str(error.seconds), "cache-control": "no-store"}
    else:  # the file's place is for whoever runs the program, not for strangers
        sentence, status, headers = phrase("login_broken", ui), 503, {"cache-control": "no-store"}
    if _wants_page(request):
        response = _login_page(request, sentence, "", status)
        response.headers.update(headers)
        return response
    return JSONResponse({"detail": sentence}, status, headers)


def _login_page(request: Request, sentence: str = "", name: str = "", status: int = 200) -> Response:
    ui = ui_language(request)
    identity = request.query_params.get("c", "")
    action = f"/login?c={identity}" if _CONVERSATION.fullmatch(identity) else "/login"
    told = f'<p role="alert">{escape(sentence)}</p>' if sentence else f"<p>{phrase('login_needed', ui)}</p>"
    first, second = ("", " autofocus") if name else (" autofocus", "")
    page = f"""<!doctype html><html lang="{"zh-CN" if ui == "zh" else "en"}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>notes-qa</title>
<style>{_STYLE}</style></head><body><main><form method="post" action="{action}"><h1>{phrase("title", ui)}</h1>{told}
<label>{phrase("login_name", ui)}<input name="username" value="{escape(name)}" autocomplete="username"
 autocapitalize="none" spellcheck="false" maxlength="64" required{first}></label>
<label>{phrase("login_password", ui)}<input name="password" type="password" autocomplete="current-password"
 required{second}></label><button>{phrase("login", ui)}</button></form></main></body></html>"""
    return HTMLResponse(page, status, {"cache-control": "no-store"})


def _redirect(to: str) -> Response:
    return RedirectResponse(to, 303, {"cache-control": "no-store"})


def _without_cookie(request: Request, response: Response) -> Response:
    response.delete_cookie(_cookie(request), **_how(request))
    return response


def _page_of(request: Request) -> str:
    identity = request.query_params.get("c", "")
    return f"/?c={identity}" if _CONVERSATION.fullmatch(identity) else "/"


def _cookie(request: Request) -> str:
    """Cookies do not know ports; two servers on one machine shall not log each other's people out."""
    return f"notes-qa-{(request.scope.get('server') or ('', 0))[1]}"


def _how(request: Request) -> dict[str, Any]:
    return {"path": "/", "secure": request.url.scheme == "https", "httponly": True, "samesite": "strict"}


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
