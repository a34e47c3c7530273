"""A chat engine of this process as a LangChain chat model."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict

from qa.chat.engine import Engine, Message, Pattern, Role

_ROLES: dict[str, Role] = {"system": "system", "human": "user", "ai": "assistant"}


class LocalChatModel(BaseChatModel):
    """Takes `pattern` (a `Pattern`), `max_tokens` and `stop` at each call."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    engine: Any  # an Engine; pydantic cannot check a protocol
    name_of_model: str
    max_tokens: int = 320
    halt: threading.Event | None = None  # ends every call once it is set

    @property
    def _llm_type(self) -> str:
        return "notes-qa-local"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.name_of_model, "max_tokens": self.max_tokens}

    @property
    def context_tokens(self) -> int:
        """Tokens that a prompt and its answer may have together."""
        return self._engine.context_tokens

    def choose(self, messages: Sequence[BaseMessage], options: Sequence[str]) -> dict[str, float]:
        """See `Engine.choose`."""
        return self._engine.choose(_turns(messages), options, **self._halting())

    def recall(self, messages: Sequence[BaseMessage]) -> bool:
        """See `Engine.recall`."""
        return self._engine.recall(_turns(messages))

    def read(self, messages: Sequence[BaseMessage], keep: bool) -> None:
        """See `Engine.read`."""
        self._engine.read(_turns(messages), keep=keep, **self._halting())

    def stopped_by(self, halt: threading.Event) -> LocalChatModel:
        """The same model, whose calls end with AnswerStopped once the event is set."""
        return self.model_copy(update={"halt": halt})

    def _halting(self) -> dict[str, Any]:
        return {} if self.halt is None else {"halt": self.halt}

    def count_tokens(self, text: str) -> int:
        """Tokens of a bare text, exactly."""
        return self._engine.count_tokens(text)

    def count_prompt_tokens(self, messages: Sequence[BaseMessage]) -> int:
        """Tokens of a whole prompt, exactly."""
        return self._engine.count_prompt_tokens(_turns(messages))

    def get_num_tokens(self, text: str) -> int:
        return self._engine.count_tokens(text)

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Any = None) -> int:  # noqa: ARG002
        return self._engine.count_prompt_tokens(_turns(messages))

    def close(self) -> None:
        """Stop every stream and free the model."""
        self._engine.close()

    @property
    def _engine(self) -> Engine:
        engine: Engine = self.engine
        return engine

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        pattern: Pattern | None = None,
        max_tokens: int | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        turns = _turns(messages)
        text = ""
        most = max_tokens or self.max_tokens
        pieces = self._engine.stream(turns, max_tokens=most, pattern=pattern, stop=stop or (), **self._halting())
        try:
            while True:
                try:
                    piece = next(pieces)
                except StopIteration as end:
                    reason = end.value
                    break
                text += piece
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk
        finally:
            pieces.close()
        used, made = self._engine.count_prompt_tokens(turns), self._engine.count_tokens(text)
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                usage_metadata=UsageMetadata(input_tokens=used, output_tokens=made, total_tokens=used + made),
                response_metadata={"finish_reason": reason, "model_name": self.name_of_model},
                chunk_position="last",
            )
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = [chunk.message for chunk in self._stream(messages, stop, run_manager, **kwargs)]
        last = chunks[-1]
        assert isinstance(last, AIMessageChunk)
        message = AIMessage(
            content="".join(str(chunk.content) for chunk in chunks),
            usage_metadata=last.usage_metadata,
            response_metadata=last.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def _turns(messages: Sequence[BaseMessage]) -> list[Message]:
    return [Message(_ROLES[message.type], str(message.text)) for message in messages]
