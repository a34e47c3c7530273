"""Plain text from any chat model: one way to stop it, one time-out, one kind of error."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from queue import Empty, SimpleQueue

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from qa.chat.engine import Pattern, until_stop
from qa.chat.local_model import LocalChatModel
from qa.chat.servers import stopped, with_max_tokens
from qa.errors import NotesQAError


def stream_text(
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    *,
    pattern: Pattern | None = None,
    max_tokens: int,
    stop: Sequence[str] = (),
    timeout: float = 60.0,
) -> Generator[str, None, None]:
    """The answer as it comes. Closing the generator stops the model.

    Servers take no `pattern`: look at what they write. `timeout` is the longest wait for the next piece from a server,
    in seconds; a model in this process takes the time it takes. Raises ModelUnreachable and ModelFailed.
    """
    try:
        if isinstance(model, LocalChatModel):
            yield from _local(model, messages, pattern, max_tokens, stop)
        else:
            yield from _in_time(_remote(model, messages, max_tokens, stop), timeout)
    except NotesQAError:
        raise
    except Exception as error:  # each client library has its own
        raise stopped(model, error) from error


def _local(
    model: LocalChatModel,
    messages: Sequence[BaseMessage],
    pattern: Pattern | None,
    max_tokens: int,
    stop: Sequence[str],
) -> Generator[str, None, None]:
    chunks = model.stream(list(messages), stop=list(stop), pattern=pattern, max_tokens=max_tokens)
    try:
        for chunk in chunks:
            if chunk.text:
                yield chunk.text
    finally:
        _close(chunks)


def _remote(
    model: BaseChatModel, messages: Sequence[BaseMessage], max_tokens: int, stop: Sequence[str]
) -> Generator[str, None, None]:
    model, settings = with_max_tokens(model, max_tokens)
    chunks = model.stream(list(messages), **settings)
    try:
        yield from until_stop((str(chunk.text) for chunk in chunks if chunk.text), stop)
    finally:
        _close(chunks)


def _in_time(pieces: Generator[str, None, None], seconds: float) -> Generator[str, None, None]:
    """The same pieces, read by another thread so that waiting can end; that thread ends with the next piece."""
    found: SimpleQueue[str | Exception | None] = SimpleQueue()
    closed = threading.Event()

    def read() -> None:
        try:
            for piece in pieces:
                found.put(piece)
                if closed.is_set():
                    break
            pieces.close()
            found.put(None)
        except Exception as error:  # raised again where the text is read
            found.put(error)

    threading.Thread(target=read, name="chat-server", daemon=True).start()
    try:
        while (piece := found.get(timeout=seconds)) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece
    except Empty:
        raise TimeoutError from None
    finally:
        closed.set()


def _close(chunks: object) -> None:
    if isinstance(chunks, Generator):
        chunks.close()
