"""A GGUF model through llama.cpp's own server inside this process; runs every GGUF file on every processor.

Prompts go in by function calls. Its HTTP side, which only counts tokens here and keeps what was read, listens on a
socket file that nobody else may open; where there are no socket files (Windows) on a port of this computer behind a
random key.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.metadata
import json
import logging
import os
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from qa.chat.engine import FinishReason, Message, Pattern, check_fits, until_stop, without_control_tokens
from qa.chat.gguf import read_header
from qa.chat.llamacpp_slots import Slots
from qa.chat.prompt_files import PromptFiles
from qa.errors import AnswerStopped, ModelFailed

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_SLOTS = 4  # sequences decoded at once
_STEP_TOKENS = 64  # of prompts that are read in one step, about a second without AVX-512: only between two can it stop
_LIKELY = 10  # tokens whose probabilities are asked for at once
_LOOK_SECONDS = 0.1  # between two looks at whether what is awaited is still wanted


class LlamaCppEngine:
    """Holds the server, its socket and the threads that wait for it."""

    def __init__(self, server: Any, client: Any, folder: Path, prompts: PromptFiles, *, context_tokens: int) -> None:
        self._server = server
        self._client = client
        self._folder = folder
        self._prompts = prompts
        self._context_tokens = context_tokens
        self._slots = Slots(_SLOTS)
        self._closed = threading.Event()
        self._readers: set[threading.Thread] = set()
        self._lock = threading.Lock()
        atexit.register(self.close)  # native threads must not outlive the interpreter

    @classmethod
    def open(cls, gguf: Path, *, cache: Path, context_tokens: int = 4096) -> LlamaCppEngine:
        """Load a GGUF file. Raises ModelNotFound or ModelFailed."""
        header = read_header(gguf)
        context = min(context_tokens, header.context_length or context_tokens)
        import httpx
        import xllamacpp

        folder = Path(tempfile.mkdtemp(prefix="notes-qa-"))  # its owner's alone
        key = secrets.token_urlsafe()
        prompts = _prompt_files(cache, folder, gguf)
        params = xllamacpp.CommonParams()
        params.model.path = str(gguf)
        params.n_ctx = _SLOTS * context
        params.kv_unified = False  # each has its own
        params.n_parallel = _SLOTS
        params.n_batch = params.n_ubatch = _STEP_TOKENS
        params.fit_params = params.warmup = False  # a second's work for other memories than this computer's own
        params.cache_ram_mib = 0  # what is read already is looked after here
        params.slot_save_path = f"{prompts.folder}{os.sep}"
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
        return cls(server, client, folder, prompts, context_tokens=context)

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
        chunks = self._chunks(messages, request, halt)
        try:
            met = yield from until_stop(_pieces(chunks, reason), stop)
            return "stop" if met or not reason else reason[0]
        finally:
            chunks.close()

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, halt: threading.Event | None = None
    ) -> dict[str, float]:
        check_fits(self.count_prompt_tokens(messages), self._context_tokens)
        likely = self._likely_tokens(messages, {}, halt)
        # What is not among the likely ones is asked for by itself: its prompt is read by now.
        return {
            option: likely[option] if option in likely else self._log_probability(messages, option, halt)
            for option in options
        }

    def _log_probability(self, messages: Sequence[Message], option: str, halt: threading.Event | None) -> float:
        """Logarithms are taken before the grammar excludes the other tokens."""
        grammar = f"root ::= {json.dumps(option, ensure_ascii=False)}"
        (log,) = self._likely_tokens(messages, {"grammar": grammar}, halt, 1).values()
        return log

    def _likely_tokens(
        self, messages: Sequence[Message], more: dict[str, Any], halt: threading.Event | None, top: int = _LIKELY
    ) -> dict[str, float]:
        request = _request(messages, 1) | more | {"logprobs": True, "top_logprobs": top}
        likely: dict[str, float] = {}
        for chunk in self._chunks(messages, request, halt):  # to its end, when the sequence is free again
            for choice in chunk.get("choices", ()):
                for found in (choice.get("logprobs") or {}).get("content") or ():
                    each = [found, *found["top_logprobs"]] if top > 1 else [found]
                    likely |= {token["token"]: float(token["logprob"]) for token in each}
        if not likely:
            raise ModelFailed("llama.cpp returned no probabilities.")
        return likely

    def recall(self, messages: Sequence[Message]) -> bool:
        name = self._prompts.name(messages)
        if whole := self._prompts.is_whole(name):
            self._slots.keep(messages, name)
        return whole

    def read(self, messages: Sequence[Message], *, keep: bool, halt: threading.Event | None = None) -> None:
        name, saved = self._prompts.name(messages), list[bool]()

        def save(slot: int) -> None:
            saved.append(keep and self._slot("save", slot, name) == self._prompts.size(name) > 0)

        for _ in self._chunks(messages, _request(messages, 1), halt, save):
            pass
        if any(saved):
            self._prompts.seal(name)
            self._slots.keep(messages, name)

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

    def _slot(self, action: str, number: int, file: str) -> int:
        """Save or restore what a sequence has read; the bytes of it, 0 where that did not work."""
        import httpx

        try:
            answer = self._client.post(f"/slots/{number}", params={"action": action}, json={"filename": file})
            if answer.status_code == 200:
                return int(answer.json()["n_written" if action == "save" else "n_read"])
            why: object = answer.text
        except httpx.HTTPError as error:
            why = error
        _log.warning("llama.cpp could not %s '%s': %s", action, file, why)
        return 0

    def _chunks(
        self,
        messages: Sequence[Message],
        request: dict[str, Any],
        halt: threading.Event | None,
        after: Callable[[int], object] = lambda _: None,
    ) -> Generator[dict[str, Any], None, None]:
        """What the server sends for one request; a thread waits for it, because its call returns only at the end.

        With every step it says how much of the prompt it has read, and so can be stopped there. `after` is called with
        the number of the sequence once all is read and written.
        """
        found: SimpleQueue[dict[str, Any] | Exception | None] = SimpleQueue()
        left, halted, was_read = threading.Event(), halt or threading.Event(), False

        def is_over() -> bool:
            return left.is_set() or halted.is_set() or self._closed.is_set()

        slot = self._slots.take(messages, is_over)
        if slot is None:
            raise ModelFailed("The chat model is closed.") if self._closed.is_set() else _stopped()
        request = request | {"id_slot": slot.number, "return_progress": True}

        def receive(chunk: dict[str, Any]) -> bool:
            nonlocal was_read
            was_read = was_read or _begins(chunk)
            found.put(chunk)
            return is_over()  # true ends the decoding

        def read() -> None:
            end: Exception | None = None
            try:
                if slot.beginning and not self._slot("restore", slot.number, slot.beginning):
                    self._slots.forget(slot.beginning)
                    self._prompts.drop(slot.beginning)
                self._server.handle_chat_completions(request, receive)
                if not is_over():
                    after(slot.number)
                if self._closed.is_set():
                    end = RuntimeError("it was closed.")
            except Exception as error:  # native; raised again where the text is read
                end = error
            finally:
                self._slots.give_back(slot.number, messages if was_read else ())
                with self._lock:
                    self._readers.discard(reader)
                found.put(end)

        reader = threading.Thread(target=read, name="chat-decode", daemon=True)
        with self._lock:
            if self._closed.is_set():
                raise ModelFailed("The chat model is closed.")
            try:
                reader.start()
            except RuntimeError as error:  # no more threads
                self._slots.give_back(slot.number, ())
                raise ModelFailed(f"The chat model cannot start: {error}") from error
            self._readers.add(reader)
        try:
            while (chunk := _next(found, halted)) is not None:
                if isinstance(chunk, Exception):
                    raise ModelFailed(f"The chat model stopped: {chunk}") from chunk
                if "error" in chunk or "code" in chunk:
                    raise ModelFailed(f"The chat model stopped: {chunk.get('error', chunk)}")
                yield chunk
        finally:
            left.set()


def _prompt_files(cache: Path, instead: Path, model: Path) -> PromptFiles:
    """In the cache folder, or where that cannot be written for as long as this process lives."""
    engine = f"xllamacpp {importlib.metadata.version('xllamacpp')}"
    try:
        return PromptFiles(cache / "prompts", model, engine)
    except OSError:
        return PromptFiles(instead / "prompts", model, engine)


def _next(found: SimpleQueue[_T], halted: threading.Event) -> _T:
    """What comes next. Raises AnswerStopped once that is wanted."""
    while not halted.is_set():
        with contextlib.suppress(Empty):
            return found.get(timeout=_LOOK_SECONDS)
    raise _stopped()


def _stopped() -> AnswerStopped:
    return AnswerStopped("The answer was stopped.")


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": without_control_tokens(turn.content)} for turn in messages]


def _request(messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
    return {"messages": _turns(messages), "max_tokens": max_tokens, "temperature": 0, "stream": True}


def _begins(chunk: dict[str, Any]) -> bool:
    """Whether a token was written: the prompt has been read."""
    return any(choice["delta"].get("content") or choice.get("finish_reason") for choice in chunk.get("choices", ()))


def _pieces(chunks: Iterator[dict[str, Any]], reason: list[FinishReason]) -> Iterator[str]:
    for chunk in chunks:
        for choice in chunk.get("choices", ()):
            if text := choice["delta"].get("content"):
                yield text
            if choice.get("finish_reason"):
                reason.append("length" if choice["finish_reason"] == "length" else "stop")
