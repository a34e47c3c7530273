"""A GGUF model through OpenVINO GenAI: one thread decodes all open streams as one batch.

The fastest engine on x86 processors. Prefixes that were seen before are kept and not computed again.
"""

from __future__ import annotations

import atexit
import logging
import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from qa.chat.engine import FinishReason, Message, Pattern, check_fits, until_stop, without_control_tokens
from qa.chat.gguf import read_header
from qa.chat.openvino_ir import converted
from qa.errors import AnswerStopped, ModelFailed
from qa.types import Progress

_log = logging.getLogger(__name__)

_BLOCK_TOKENS = 32  # of the KV cache on processors
_CACHED_TOKENS = 16384  # prefixes kept beside the running streams; 14 KB each for a model of 1.5 billion weights
_SEQUENCES = 8
# A step holds the interpreter's lock to its end. Of 256 tokens, the library's default, it takes 3 s on two cores and
# the page stands still meanwhile; of 64 it takes 0.7 s at the same speed. Between two the other threads get their turn.
_STEP_TOKENS = 64
_TURN_SECONDS = 0.02
_HELD_TOKENS = 8  # a character is never longer


class _Request:
    """One sequence on its way through the decoding thread."""

    def __init__(self, tokens: Any, config: Any, halt: threading.Event | None = None) -> None:
        self.tokens = tokens
        self.config = config
        self.halt = halt
        self.out: SimpleQueue[list[tuple[int, float]] | FinishReason | Exception] = SimpleQueue()
        self.handle: Any = None
        self.started = False  # its first token is there, so its prompt is in the cache
        self.aborted = False

    @property
    def unwanted(self) -> bool:
        """Whether nobody waits for its text any more."""
        return self.aborted or (self.halt is not None and self.halt.is_set())


class OpenVINOEngine:
    """Holds the pipeline, its tokenizer and the thread that steps it."""

    def __init__(self, pipeline: Any, *, context_tokens: int, end_tokens: frozenset[int]) -> None:
        self._pipeline = pipeline
        self._tokenizer = pipeline.get_tokenizer()
        self._context_tokens = context_tokens
        self._end_tokens = end_tokens | set(pipeline.get_config().stop_token_ids) | {self._tokenizer.get_eos_token_id()}
        self._templating = threading.Lock()
        self._changed = threading.Condition()
        self._waiting: deque[_Request] = deque()
        self._closed = False
        self._thread = threading.Thread(target=self._decode, name="chat-decode", daemon=True)
        self._thread.start()
        atexit.register(self.close)  # a native thread must not outlive the interpreter
        self._warm_up()

    @classmethod
    def open(
        cls,
        gguf: Path,
        *,
        cache: Path,
        context_tokens: int = 4096,
        progress: Callable[[Progress], None] | None = None,
    ) -> OpenVINOEngine:
        """Load a GGUF file; converts it at its first use. Raises ModelNotFound or ModelFailed."""
        header = read_header(gguf)
        context = min(context_tokens, header.context_length or context_tokens)
        folder = converted(gguf, cache, progress)
        import openvino_genai as ov

        scheduler = ov.SchedulerConfig()
        scheduler.enable_prefix_caching = True
        scheduler.max_num_seqs = _SEQUENCES
        scheduler.max_num_batched_tokens = _STEP_TOKENS
        scheduler.num_kv_blocks = math.ceil(max(4 * context, _CACHED_TOKENS) / _BLOCK_TOKENS)
        try:
            pipeline = ov.ContinuousBatchingPipeline(folder, scheduler, "CPU")
        except RuntimeError as error:
            advice = "Delete that folder to convert again."
            raise ModelFailed(f"OpenVINO cannot load '{folder}': {error}. {advice}") from error
        return cls(pipeline, context_tokens=context, end_tokens=header.end_tokens)

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
        tokens = self._prompt_tokens(messages)
        check_fits(size := tokens.shape[1], self._context_tokens)
        config = self._config(min(max_tokens, self._context_tokens - size), pattern.regex if pattern else None)
        request = self._submit(_Request(tokens, config, halt))
        reason: list[FinishReason] = []
        try:
            met = yield from until_stop(self._pieces(request, reason), stop)
            return "stop" if met else reason[0]
        finally:
            self._abort(request)

    def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, halt: threading.Event | None = None
    ) -> dict[str, float]:
        tokens = self._prompt_tokens(messages)
        check_fits(tokens.shape[1], self._context_tokens)
        # The log-probability of a chosen token is taken before the grammar excludes the others.
        requests = {
            option: self._submit(_Request(tokens, self._config(1, re.escape(option), logprobs=1), halt))
            for option in options
        }
        try:
            return {option: next(self._tokens(request))[0][1] for option, request in requests.items()}
        finally:
            for request in requests.values():
                self._abort(request)

    def recall(self, messages: Sequence[Message]) -> bool:  # noqa: ARG002
        return False  # its cache lives as long as it does

    def read(
        self,
        messages: Sequence[Message],
        *,
        keep: bool,  # noqa: ARG002
        halt: threading.Event | None = None,
    ) -> None:
        self.choose(messages, ("?",), halt=halt)

    def count_tokens(self, text: str) -> int:
        return int(self._tokenizer.encode(text, add_special_tokens=False).input_ids.shape[1]) if text else 0

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        return int(self._prompt_tokens(messages).shape[1])

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        atexit.unregister(self.close)
        self._pipeline = None

    def _prompt_tokens(self, messages: Sequence[Message]) -> Any:
        turns = [{"role": turn.role, "content": without_control_tokens(turn.content)} for turn in messages]
        with self._templating:
            prompt = self._tokenizer.apply_chat_template(turns, add_generation_prompt=True)
        return self._tokenizer.encode(prompt, add_special_tokens=False).input_ids

    def _config(self, max_tokens: int, regex: str | None = None, logprobs: int = 0) -> Any:
        import openvino_genai as ov

        config = ov.GenerationConfig(max_new_tokens=max_tokens, stop_token_ids=set(self._end_tokens), logprobs=logprobs)
        if regex is not None:
            config.structured_output_config = ov.StructuredOutputConfig(regex=regex)
        return config

    def _warm_up(self) -> None:
        """Weights are packed at the first prompt and the first token, which takes seconds: before anybody asks."""
        self._submit(_Request(self._prompt_tokens([Message("user", "1 2 3 " * 20)]), self._config(2)))

    def _pieces(self, request: _Request, reason: list[FinishReason]) -> Iterator[str]:
        """Whole characters of one answer; bytes that are half a character wait for the rest."""
        ids: list[int] = []
        done = shown = 0  # ids[done:shown] stays as context: some tokenizers treat the first token differently
        for tokens in self._tokens(request, reason):
            ids += [token for token, _ in tokens if token not in self._end_tokens]
            before, after = self._tokenizer.decode(ids[done:shown]), self._tokenizer.decode(ids[done:])
            if len(after) > len(before) and (not after.endswith("�") or len(ids) - shown > _HELD_TOKENS):
                yield after[len(before) :]
                done, shown = shown, len(ids)
        if rest := self._tokenizer.decode(ids[done:])[len(self._tokenizer.decode(ids[done:shown])) :].rstrip("�"):
            yield rest

    def _tokens(self, request: _Request, reason: list[FinishReason] | None = None) -> Iterator[list[tuple[int, float]]]:
        """Token numbers with their log-probabilities as they come."""
        while True:
            found = request.out.get()
            if isinstance(found, AnswerStopped):
                raise found
            if isinstance(found, Exception):
                raise ModelFailed(f"The chat model stopped: {found}") from found
            if isinstance(found, str):
                if reason is not None:
                    reason.append(found)
                return
            yield found

    def _submit(self, request: _Request) -> _Request:
        with self._changed:
            if self._closed:
                raise ModelFailed("The chat model is closed.")
            self._waiting.append(request)
            self._changed.notify()
        return request

    def _abort(self, request: _Request) -> None:
        with self._changed:
            request.aborted = True
            self._changed.notify()

    # Everything below runs in the decoding thread, the only one that touches the pipeline.

    def _decode(self) -> None:
        active: list[_Request] = []
        number = 0
        while True:
            with self._changed:
                while not (self._waiting or active or self._closed):
                    self._changed.wait()
                if self._closed:
                    break
                for each in [each for each in self._waiting if each.unwanted]:
                    self._waiting.remove(each)
                    each.out.put(_stopped())
                # One prompt at a time: the next one finds the common prefix in the cache.
                request = self._waiting.popleft() if self._waiting and all(each.started for each in active) else None
            try:
                if request is not None:
                    number += 1
                    request.handle = self._pipeline.add_request(number, request.tokens, request.config)
                    active.append(request)
                for each in active:
                    if each.unwanted:
                        each.handle.cancel()
                if active:
                    if not all(each.started for each in active):
                        time.sleep(_TURN_SECONDS)
                    self._pipeline.step()
                active = [each for each in active if _deliver(each)]
                if not active:
                    self._drain()
            except Exception as error:  # native: any type; it belongs to the streams, and the thread must live
                _log.exception("decoding failed")
                for each in {*active, *filter(None, [request])}:
                    each.out.put(error)
                active = []
        for each in (*active, *self._waiting):
            each.out.put(RuntimeError("it was closed."))
        for each in active:
            each.handle.cancel()
        self._drain()

    def _drain(self) -> None:
        """Give the memory of cancelled sequences back; destroying the pipeline before that prints errors."""
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()


def _stopped() -> AnswerStopped:
    return AnswerStopped("The answer was stopped.")


def _deliver(request: _Request) -> bool:
    """Pass on what the last step decoded; False where the sequence has ended."""
    running = request.handle.get_status().name == "RUNNING"
    last = None
    while request.handle.can_read():
        for output in request.handle.read().values():
            request.started = True
            request.out.put(list(zip(output.generated_ids, output.generated_log_probs, strict=True)))
            last = output.finish_reason.name
    if running:
        return True
    if request.unwanted:
        request.out.put(_stopped())
    elif request.handle.get_status().name == "IGNORED":
        request.out.put(RuntimeError("the prompt does not fit its memory."))
    else:
        request.out.put("length" if last == "LENGTH" else "stop")
    return False
