"""Chat models: a GGUF file run in this process, a server, or none; the only home of language-model engines.

No engine and no client library is imported before a model is opened.
"""

from qa.chat.engine import Engine, Message, Pattern
from qa.chat.local_model import LocalChatModel
from qa.chat.opening import ModelChoice, ModelSpec, describe_models, open_chat_model, parse_spec
from qa.chat.stream import stream_text

__all__ = [
    "Engine",
    "LocalChatModel",
    "Message",
    "ModelChoice",
    "ModelSpec",
    "Pattern",
    "describe_models",
    "open_chat_model",
    "parse_spec",
    "stream_text",
]
