"""Model servers, reached through LangChain: is it there, does it have the model, and the chat model for it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel

from qa.errors import ModelFailed, ModelNotFound, ModelUnreachable, SettingsError

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)

OLLAMA_URL = "http://127.0.0.1:11434"
_CONNECT_SECONDS = 3.0
_SHOWN_MODELS = 20
_SET_URL = "Set NOTES_QA_BASE_URL."


@dataclass(frozen=True, slots=True)
class ServerModels:
    """What a server says that it has; `names` is `None` where it keeps no list."""

    url: str
    names: tuple[str, ...] | None


def open_ollama(model: str, *, base_url: str | None, context_tokens: int, timeout: float) -> BaseChatModel:
    """Raises ModelUnreachable and ModelNotFound."""
    server = ollama_models(base_url or OLLAMA_URL)
    _check_has(server, model, f"Run: ollama pull {model}", aliases=(f"{model}:latest",))
    return _init(
        model,
        "ollama",
        base_url=server.url,
        num_ctx=context_tokens,
        client_kwargs=_client_settings(server.url, timeout),
    )


def open_openai(model: str, *, base_url: str | None, api_key: str | None, timeout: float) -> BaseChatModel:
    """Any server with OpenAI's interface. Raises SettingsError, ModelUnreachable and ModelNotFound."""
    import httpx

    if not base_url:
        raise SettingsError(
            f"openai:{model} needs the address of a server, such as http://127.0.0.1:8080/v1. {_SET_URL}"
        )
    server = openai_models(base_url, api_key)
    _check_has(server, model, "Load it in the server, or choose one of these.")
    return _init(
        model,
        "openai",
        base_url=server.url,
        api_key=api_key or "none",  # the client insists on one
        timeout=_timeouts(timeout),
        max_retries=1,
        stream_usage=True,
        http_client=httpx.Client(**_client_settings(server.url, timeout)),
    )


def ollama_models(url: str) -> ServerModels:
    """Raises ModelUnreachable."""
    url = url.rstrip("/").removesuffix("/v1")
    answer = _get(f"{url}/api/tags")
    return ServerModels(url, _names(answer, "models", "name"))


def openai_models(url: str, api_key: str | None = None) -> ServerModels:
    """The address may lack its /v1. Raises ModelUnreachable."""
    url = url.rstrip("/")
    answer = _get(f"{url}/models", api_key)
    if answer.status_code == 404 and not url.endswith("/v1"):
        second = _get(f"{url}/v1/models", api_key)
        if second.status_code == 200:
            url, answer = f"{url}/v1", second
    return ServerModels(url, _names(answer, "data", "id"))


def server_url(model: BaseChatModel) -> str:
    """The address of the server behind a chat model of this file, empty for any other."""
    return str(getattr(model, "openai_api_base", None) or getattr(model, "base_url", None) or "")


def with_max_tokens(model: BaseChatModel, max_tokens: int) -> tuple[BaseChatModel, dict[str, Any]]:
    """The model and the arguments of its `stream` for an answer of at most so many tokens."""
    if model._llm_type == "chat-ollama":
        return model.model_copy(update={"num_predict": max_tokens}), {}
    if model._llm_type == "openai-chat":  # LangChain renames it to what only newer servers know
        return model, {"extra_body": {"max_tokens": max_tokens}}
    return model, {"max_tokens": max_tokens}


def unreachable(url: str) -> ModelUnreachable:
    return ModelUnreachable(
        f"The model server at {url} does not answer. Start it, or set NOTES_QA_BASE_URL / choose another model with "
        "NOTES_QA_CHAT_MODEL."
    )


def _init(model: str, provider: str, **settings: Any) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    found = init_chat_model(model, model_provider=provider, temperature=0, **settings)
    assert isinstance(found, BaseChatModel)
    return found


def _get(url: str, api_key: str | None = None) -> httpx.Response:
    import httpx

    try:
        return httpx.get(
            url,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(_CONNECT_SECONDS),
            trust_env=_trust_env(url),
        )
    except httpx.UnsupportedProtocol:
        raise SettingsError(f"{url!r} is not the address of a server. {_SET_URL}") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        parts = urlsplit(url)
        raise unreachable(f"{parts.scheme}://{parts.netloc}") from error


def _names(answer: httpx.Response, key: str, field: str) -> tuple[str, ...] | None:
    if answer.status_code in (401, 403):
        raise ModelUnreachable(f"The model server at {answer.url} refuses the key. Set NOTES_QA_API_KEY.")
    try:
        answer.raise_for_status()
        return tuple(str(each[field]) for each in answer.json()[key] or ())
    except Exception as error:  # no list, or one of another shape: the first question will tell
        _log.info("no list of models at %s: %s", answer.url, error)
        return None


def _check_has(server: ServerModels, model: str, advice: str, aliases: tuple[str, ...] = ()) -> None:
    if server.names is None or not {model, *aliases}.isdisjoint(server.names):
        return
    listed = ", ".join(server.names[:_SHOWN_MODELS]) or "no model"
    raise ModelNotFound(f"The server at {server.url} has no model {model!r}; it has: {listed}. {advice}")


def _client_settings(url: str, seconds: float) -> dict[str, Any]:
    import httpx

    return {
        "timeout": _timeouts(seconds),
        "limits": httpx.Limits(max_keepalive_connections=0),  # nothing stays open that somebody would have to close
        "trust_env": _trust_env(url),
    }


def _timeouts(seconds: float) -> httpx.Timeout:
    import httpx

    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))


def _trust_env(url: str) -> bool:
    """A proxy of the environment is never asked for this computer itself."""
    return urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1")


def stopped(model: BaseChatModel, error: Exception) -> ModelUnreachable | ModelFailed:
    """What a failure in the middle of an answer means."""
    import httpx

    url = server_url(model)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, httpx.TimeoutException | TimeoutError):
            return ModelUnreachable(
                f"The model server at {url} has fallen silent. Ask again or raise NOTES_QA_TIMEOUT."
            )
        if isinstance(cause, httpx.ConnectError | ConnectionError):
            return unreachable(url)
        if isinstance(cause, httpx.TransportError):
            return ModelUnreachable(f"The connection to the model server at {url} broke. Ask again.")
        cause = cause.__cause__ or cause.__context__
    return ModelFailed(f"The chat model stopped: {error}")
