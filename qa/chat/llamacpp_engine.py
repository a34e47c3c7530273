"""A GGUF model through llama.cpp's own server inside this process; runs every GGUF file on every processor.

Prompts go in by function calls. Its HTTP side, which only counts tokens here, listens on a socket file that nobody else
may open; where there are no socket files (Windows) on a port of this computer behind a random key.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from qa.chat.engine import FinishReason, Message, Pattern, check_fits, until_stop, without_control_tokens
from qa.chat.gguf import read_header
from qa.errors import AnswerStopped, ModelFailed

_T = TypeVar("_T")

_SLOTS = 4  # sequences decoded at once
_PROMPT_CACHE_MB = 512
_LOOK_SECONDS = 0.1  # between two looks at whether what is awaited is still wanted


class LlamaCppEngine:
    """Holds the server, its socket and the threads that wait for it."""

    def __init__(self, server: Any, client: Any, folder: Path, *, context_tokens: int) -> None:
        self._server = server
        self._client = client
        self._folder = folder
        self._context_tokens = context_tokens
        self._closed = threading.Event()
        self._readers: set[threading.Thread] = set()
        self._lock = threading.Lock()
        atexit.register(self.close)  # native threads must not outlive the interpreter

    @classmethod
    def open(cls, gguf: Path, *, context_tokens: int = 4096) -> LlamaCppEngine:
        """Load a GGUF file. Raises ModelNotFound or ModelFailed."""
        header = read_header(gguf)
        context = min(context_tokens, header.context_length or context_tokens)
        import httpx
        import xllamacpp

        folder = Path(tempfile.mkdtemp(prefix="notes-qa-"))  # its owner's alone
        key = secrets.token_urlsafe()
        params = xllamacpp.CommonParams()
        params.model.path = str(gguf)
        params.n_ctx = 2 * context  # shared by the slots, each may take all of it
        params.n_parallel = _SLOTS
        params.kv_unified = True
        params.cache_ram_mib = _PROMPT_CACHE_MB
        params.verbosity = 0
        params.ui = False
        params.api_keys = [key]
        params.port = 0
        transport = httpx.HTTPTransport()
        address = ""
        if hasattr(socket, "AF_UNIX"):
            params.hostnames = [str(folder / "llama.sock")]
            transport = httpx.HTTPTransport(uds=str(folder / "llama.sock"))
            address = "http://llama"
        try:
            server = xllamacpp.Server(params)
        except Exception as error:  # native
            shutil.rmtree(folder, ignore_errors=True)
            raise ModelFailed(
                f"llama.cpp cannot load '{gguf}': {error} Is the file whole, and is memory free?"
            ) from error
        client = httpx.Client(
            transport=transport,
            base_url=address or server.listening_address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        )
        return cls(server, client, folder, context_tokens=context)

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        pattern: Pattern | None = None,
        stop: Sequence[str] = (),
        halt: threading.Event | None = None,
    ) -> Generator[str, None, FinishReason]:
        check_fits(size := self.count_prompt_tokens(messages), self._context_tokens)
        request = _request(messages, min(max_tokens, self._context_tokens - size))
        if pattern:
            request["grammar"] = pattern.gbnf
        reason: list[FinishReason] = []
        chunks = self._chunks(request, halt)
        try:
            met = yield from until_stop(_pieces(chunks, reason), stop)
            return "stop" if met or not reason else reason[0]
        finally:
            chunks.close()

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, halt: threading.Event | None = None
    ) -> dict[str, float]:
        check_fits(self.count_prompt_tokens(messages), self._context_tokens)
        return {option: self._log_probability(messages, option, halt) for option in options}

    def _log_probability(self, messages: Sequence[Message], option: str, halt: threading.Event | None) -> float:
        """Logarithms are taken before the grammar excludes the other tokens."""
        grammar = f"root ::= {json.dumps(option, ensure_ascii=False)}"
        request = _request(messages, 1) | {"grammar": grammar, "logprobs": True, "top_logprobs": 1}
        for chunk in self._chunks(request, halt):
            for choice in chunk.get("choices", ()):
                if found := (choice.get("logprobs") or {}).get("content"):
                    return float(found[0]["logprob"])
        raise ModelFailed("llama.cpp returned no probabilities.")

    def count_tokens(self, text: str) -> int:
        return len(self._post("/tokenize", {"content": text})["tokens"]) if text else 0

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        return int(self._post("/v1/chat/completions/input_tokens", {"messages": _turns(messages)})["input_tokens"])

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            readers = list(self._readers)
        for reader in readers:
            reader.join()
        atexit.unregister(self.close)
        self._client.close()
        self._server = None  # its destructor waits for the native threads
        shutil.rmtree(self._folder, ignore_errors=True)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        if self._closed.is_set():
            raise ModelFailed("The chat model is closed.")
        answer = self._client.post(path, json=body)
        if answer.status_code != 200:
            raise ModelFailed(f"The chat model stopped: {answer.text}")
        return answer.json()

    def _chunks(self, request: dict[str, Any], halt: threading.Event | None) -> Generator[dict[str, Any], None, None]:
        """What the server sends for one request; a thread waits for it, because its call returns only at the end."""
        found: SimpleQueue[dict[str, Any] | Exception | None] = SimpleQueue()
        left, halted = threading.Event(), halt or threading.Event()

        def receive(chunk: dict[str, Any]) -> bool:
            found.put(chunk)
            return left.is_set() or halted.is_set() or self._closed.is_set()  # true ends the decoding

        def read() -> None:
            try:
                self._server.handle_chat_completions(request, receive)
                found.put(RuntimeError("it was closed.") if self._closed.is_set() else None)
            except Exception as error:  # native; raised again where the text is read
                found.put(error)
            finally:
                with self._lock:
                    self._readers.discard(reader)

        reader = threading.Thread(target=read, name="chat-decode", daemon=True)
        with self._lock:
            if self._closed.is_set():
                raise ModelFailed("The chat model is closed.")
            self._readers.add(reader)
        reader.start()
        try:
            while (chunk := _next(found, halted)) is not None:
                if isinstance(chunk, Exception):
                    raise ModelFailed(f"The chat model stopped: {chunk}") from chunk
                if "error" in chunk or "code" in chunk:
                    raise ModelFailed(f"The chat model stopped: {chunk.get('error', chunk)}")
                yield chunk
        finally:
            left.set()


def _next(found: SimpleQueue[_T], halted: threading.Event) -> _T:
    """What comes next. Raises AnswerStopped once that is wanted."""
    while not halted.is_set():
        with contextlib.suppress(Empty):
            return found.get(timeout=_LOOK_SECONDS)
    raise AnswerStopped("The answer was stopped.")


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": without_control_tokens(turn.content)} for turn in messages]


def _request(messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
    return {"messages": _turns(messages), "max_tokens": max_tokens, "temperature": 0, "stream": True}


def _pieces(chunks: Iterator[dict[str, Any]], reason: list[FinishReason]) -> Iterator[str]:
    for chunk in chunks:
        for choice in chunk.get("choices", ()):
            if text := choice["delta"].get("content"):
                yield text
            if choice.get("finish_reason"):
                reason.append("length" if choice["finish_reason"] == "length" else "stop")
