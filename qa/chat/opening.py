"""From the one string that names a chat model to the model."""

from __future__ import annotations

import importlib.util
import logging
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from langchain_core.language_models import BaseChatModel

from qa.chat import servers
from qa.chat.engine import Engine
from qa.chat.fastest import fastest
from qa.chat.gguf import read_header
from qa.chat.local_model import LocalChatModel
from qa.chat.openvino_ir import unreadable_part
from qa.errors import ModelFailed, ModelNotFound, ModelUnreachable, NotesQAError
from qa.types import Language, Progress
from qa.weights import CHAT_FILE, assemble_chat_gguf, packaged_chat_installed
from qa.words import error_sentence, word

_log = logging.getLogger(__name__)

Kind = Literal["auto", "extractive", "gguf", "hf", "ollama", "openai"]
EngineName = Literal["auto", "openvino", "llamacpp"]
Report = Callable[[Progress], None]

FORMS = "auto, extractive, gguf:packaged, gguf:PATH, hf:REPO/FILE, ollama:MODEL, openai:MODEL"
_HUB_SECONDS = 5
_OFFLINE = "Choose gguf:packaged, gguf:PATH with a file you have, a server, or extractive."


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """`rest` is what stands behind the colon, empty for auto and extractive."""

    kind: Kind
    rest: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.rest}" if self.rest else self.kind


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A chat model that could be chosen; `note` says what it is, or how to get it."""

    spec: str
    found: bool
    note: str


def parse_spec(spec: str) -> ModelSpec:
    """Raises ModelNotFound with the forms there are."""
    kind, colon, rest = spec.strip().partition(":")
    for known in get_args(Kind):
        if kind.lower() == known and bool(colon and rest.strip()) == (known not in ("auto", "extractive")):
            return ModelSpec(known, rest.strip())
    raise ModelNotFound(f"{spec!r} does not name a chat model. The forms are: {FORMS}.")


def open_chat_model(
    spec: str,
    *,
    cache: Path,
    engine: EngineName = "auto",
    base_url: str | None = None,
    api_key: str | None = None,
    context_tokens: int = 4096,
    timeout: float = 60.0,
    progress: Report | None = None,
) -> tuple[BaseChatModel | None, str]:
    """The model, `None` for extractive answers, and what `auto` came to.

    Raises ModelNotFound, ModelUnreachable, ModelFailed, SettingsError and WeightsError.
    """
    parsed = parse_spec(spec)
    if parsed.kind == "auto":
        parsed = ModelSpec("gguf", "packaged") if _packaged_there(cache) else ModelSpec("extractive")
    model: BaseChatModel | None = None
    match parsed.kind:
        case "ollama":
            model = servers.open_ollama(parsed.rest, base_url=base_url, context_tokens=context_tokens, timeout=timeout)
        case "openai":
            model = servers.open_openai(parsed.rest, base_url=base_url, api_key=api_key, timeout=timeout)
        case "gguf" | "hf":
            if parsed.kind == "hf":
                path = hub_file(parsed.rest)
            elif parsed.rest == "packaged":
                path = assemble_chat_gguf(cache, progress)
            else:
                path = Path(parsed.rest).expanduser()
            model = LocalChatModel(
                engine=_open_engine(path, engine, cache, context_tokens, progress), name_of_model=str(parsed)
            )
    return model, str(parsed)


def hub_file(name: str, endpoint: str | None = None) -> Path:
    """A file of a model hub, downloaded where it is not here yet. Raises ModelNotFound and ModelUnreachable."""
    owner, _, rest = name.partition("/")
    repository, _, file = rest.partition("/")
    if not file:
        raise ModelNotFound(f"'hf:{name}' lacks a file: write hf:OWNER/REPOSITORY/FILE.gguf.")
    import httpx
    from huggingface_hub import constants, errors, hf_hub_download

    repository = f"{owner}/{repository}"
    try:
        return Path(hf_hub_download(repository, file, local_files_only=True))
    except errors.LocalEntryNotFoundError:
        pass
    except errors.HFValidationError as error:
        raise ModelNotFound(f"'hf:{name}' does not name a file of a model hub: {error}") from None
    silent = ModelUnreachable(f"'{name}' is not on this computer and the model hub does not answer. {_OFFLINE}")
    if constants.HF_HUB_OFFLINE:
        raise silent
    try:  # the library itself tries again for half a minute
        httpx.head(endpoint or constants.ENDPOINT, timeout=_HUB_SECONDS)
        return Path(hf_hub_download(repository, file, etag_timeout=_HUB_SECONDS, endpoint=endpoint))
    except (httpx.TransportError, errors.LocalEntryNotFoundError) as error:
        raise silent from error
    except (errors.RepositoryNotFoundError, errors.EntryNotFoundError) as error:
        raise ModelNotFound(f"The model hub has no '{file}' in '{repository}'. {_OFFLINE}") from error
    except Exception as error:  # a full disk, a login that is needed
        raise ModelUnreachable(f"Downloading '{name}' did not work: {error}. {_OFFLINE}") from error


def describe_models(
    *, cache: Path, base_url: str | None = None, api_key: str | None = None, language: Language = "en"
) -> list[ModelChoice]:
    """What can be chosen here; asks the servers, which takes up to three seconds each."""
    packaged = _packaged_there(cache)
    choices = [
        ModelChoice("gguf:packaged", packaged, "Qwen2.5-Coder 1.5B" if packaged else word("model_packaged", language)),
        ModelChoice("extractive", True, word("model_extractive", language)),
    ]
    choices += _served("ollama", lambda: servers.ollama_models(base_url or servers.OLLAMA_URL), language)
    if base_url:
        choices += _served("openai", lambda: servers.openai_models(base_url, api_key), language)
    else:
        choices.append(ModelChoice("openai:MODEL", False, word("model_server", language)))
    choices.append(ModelChoice("gguf:PATH", True, word("model_file", language)))
    choices.append(ModelChoice("hf:OWNER/REPOSITORY/FILE.gguf", True, word("model_hub", language)))
    return choices


def _served(kind: str, ask: Callable[[], servers.ServerModels], language: Language) -> list[ModelChoice]:
    try:
        server = ask()
    except NotesQAError as error:
        return [ModelChoice(f"{kind}:MODEL", False, " ".join(filter(None, error_sentence(error, language))))]
    if server.names is None:  # it answers, but not as this kind of server
        return [ModelChoice(f"{kind}:MODEL", False, word("model_none", language, url=server.url))]
    return [ModelChoice(f"{kind}:{name}", True, server.url) for name in server.names]


def _packaged_there(cache: Path) -> bool:
    return packaged_chat_installed() or (cache / "models" / CHAT_FILE).is_file()


def _open_engine(path: Path, engine: EngineName, cache: Path, context_tokens: int, progress: Report | None) -> Engine:
    def openvino() -> Engine:
        from qa.chat.openvino_engine import OpenVINOEngine

        return OpenVINOEngine.open(path, cache=cache, context_tokens=context_tokens, progress=progress)

    def llamacpp() -> Engine:
        if not _installed("xllamacpp"):
            raise ModelFailed(f"Nothing here can run '{path}'. Run: pip install xllamacpp")
        from qa.chat.llamacpp_engine import LlamaCppEngine

        return LlamaCppEngine.open(path, cache=cache, context_tokens=context_tokens)

    header = read_header(path)
    if engine == "llamacpp":
        return llamacpp()
    why = f"it cannot read {part}" if (part := unreadable_part(header)) else None
    if not _installed("openvino_genai"):
        why = "the package openvino-genai is not installed"
    if engine == "auto" and platform.machine().lower() not in ("x86_64", "amd64"):
        why = "it is slow on this processor"
    is_choice = engine == "auto" and why is None and _installed("xllamacpp")
    if is_choice and fastest(path, cache, progress) == "llamacpp":
        why = "it is slower on this processor"
    if why is None:
        try:
            return openvino()
        except ModelFailed as error:
            if engine == "openvino" or not _installed("xllamacpp"):
                raise
            why = str(error)
    if engine == "openvino":
        raise ModelFailed(f"OpenVINO does not run '{path}': {why}. Set NOTES_QA_ENGINE=llamacpp.")
    _log.info("%s runs on llama.cpp, not on OpenVINO: %s", path, why)
    return llamacpp()


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None
