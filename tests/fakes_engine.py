"""A chat engine without a model, and a model server on this computer that talks like OpenAI's and Ollama's."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from qa.chat.engine import FinishReason, Message, Pattern, check_fits, until_stop


class FakeEngine:
    """Says what it was told to say, a character at a time; a character is a token."""

    def __init__(self, says: str, context_tokens: int = 1000) -> None:
        self.says = says
        self._context_tokens = context_tokens
        self.calls: list[tuple[list[Message], int, Pattern | None]] = []
        self.running = 0
        self.closed = False

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, pattern: Pattern | None = None, stop: Sequence[str] = ()
    ) -> Generator[str, None, FinishReason]:
        check_fits(self.count_prompt_tokens(messages), self._context_tokens)
        self.calls.append((list(messages), max_tokens, pattern))
        self.running += 1
        try:
            met = yield from until_stop(self.says[:max_tokens], stop)
            return "length" if not met and len(self.says) > max_tokens else "stop"
        finally:
            self.running -= 1

    def choose(self, messages: Sequence[Message], options: Sequence[str]) -> dict[str, float]:
        return {option: -1.0 if option == self.says else -2.0 for option in options}

    def count_tokens(self, text: str) -> int:
        return len(text)

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(turn.content) for turn in messages)

    def close(self) -> None:
        self.closed = True


class FakeServer:
    """`mode`: "answers" says its pieces and ends, "stalls" and "breaks" stop after the first, "talks" never ends."""

    def __init__(self, mode: str = "answers", pieces: Sequence[str] = ("北京", "是首都。")) -> None:
        self.mode = mode
        self.pieces = pieces
        self.models = ["qwen:1.5b", "other"]
        self.lists_models = True
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.url = ""
        self.released = threading.Event()
        self.client_left = threading.Event()


@contextmanager
def serving(server: FakeServer) -> Iterator[FakeServer]:
    """The server on a free port of 127.0.0.1 until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            listed = {
                "/v1/models": {"data": [{"id": name} for name in server.models]},
                "/api/tags": {"models": [{"name": name} for name in server.models]},
            }.get(self.path)
            body = json.dumps(listed or {}).encode()
            self.send_response(200 if listed and server.lists_models else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            server.keys.add(self.headers.get("Authorization", ""))
            server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            openai = self.path.endswith("/chat/completions")
            self.close_connection = True
            if server.mode == "refuses":
                self.send_response(400)
                words = "the model is out of memory"
                body = json.dumps({"error": {"message": words} if openai else words}).encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream" if openai else "application/x-ndjson")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            line = _openai_line if openai else _ollama_line
            try:
                for count, piece in enumerate(_forever(server.pieces) if server.mode == "talks" else server.pieces):
                    self._write(line(piece))
                    if server.mode == "talks" and count > 100 and server.released.wait(0.01):
                        return
                    if server.mode == "stalls":
                        server.released.wait(30)
                        return
                    if server.mode == "breaks":
                        return
                self._write(line(None))
                self.wfile.write(b"0\r\n\r\n")
            except OSError:
                server.client_left.set()

        def _write(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        http.shutdown()
        thread.join()
        http.server_close()


def _forever(pieces: Sequence[str]) -> Iterator[str]:
    while True:
        yield from pieces


def _openai_line(piece: str | None) -> bytes:
    if piece is None:
        return b"data: [DONE]\n\n"
    choice = {"index": 0, "delta": {"role": "assistant", "content": piece}, "finish_reason": None}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _ollama_line(piece: str | None) -> bytes:
    line: dict[str, Any] = {
        "model": "m",
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": piece or ""},
        "done": piece is None,
    }
    if piece is None:
        line |= {"done_reason": "stop", "prompt_eval_count": 1, "eval_count": 2}
    return json.dumps(line).encode() + b"\n"
