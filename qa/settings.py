"""Settings, read at the edges only: arguments, then `NOTES_QA_*` variables, then `notes-qa.toml`, then defaults."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from qa.errors import SettingsError
from qa.types import AnswerLanguage

ENV_PREFIX = "NOTES_QA_"
CONFIG_FILE = "notes-qa.toml"


class Settings(BaseSettings):
    """Everything that can be configured, with its default."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, toml_file=CONFIG_FILE, extra="forbid", frozen=True, env_ignore_empty=True
    )

    corpus: Path = Field(Path("corpus"), description="folder of Markdown notes")
    index: Path = Field(Path("index"), description="folder of the built index; safe to delete")
    glossary: Path | None = Field(
        None,
        description="file of your own terms, 'Chinese<TAB>English' a line; without it glossary.tsv in the notes folder",
    )
    cache: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("notes-qa"), description="folder of unpacked models"
    )

    conversations: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("notes-qa") / "conversations.db",
        description="file of the chat page's conversations",
    )
    auth_file: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("notes-qa") / "users.json",
        description="file of who may log in to the chat page; without users in it nobody has to",
    )

    encoder: str = Field(
        "packaged", description="'packaged', a sentence-transformers folder, or a model name that is already downloaded"
    )
    encoder_batch: int = Field(16, ge=1, le=1024, description="passages encoded at once")

    reranker: str = Field(
        "",
        description="cross-encoder's folder, name of a downloaded one or gguf:PATH; empty: passages are not reordered",
    )

    chat_model: str = Field(
        "auto",
        description="auto, extractive, gguf:packaged, gguf:PATH, hf:REPO/FILE, ollama:MODEL or openai:MODEL",
    )
    engine: Literal["auto", "openvino", "llamacpp"] = Field("auto", description="what runs a GGUF file")
    base_url: str | None = Field(None, description="address of the server for ollama: and openai:")
    api_key: SecretStr | None = Field(None, description="key for openai:, where the server wants one")
    judge_base_url: str | None = Field(
        None, description="address of the server of notes-qa eval --judge, where it is another than base_url"
    )
    judge_api_key: SecretStr | None = Field(None, description="key for judge_base_url, where that server wants one")
    context_tokens: int = Field(4096, ge=1024, le=131072, description="context of the chat model, in tokens")
    max_answer_tokens: int = Field(320, ge=32, le=4096, description="longest answer in one language, in tokens")
    timeout: float = Field(60.0, gt=0, le=3600, description="seconds without a word from a model server")

    language: AnswerLanguage = Field("auto", description="language of answers: auto, zh, en or both")
    strict: bool = Field(
        True, description="leave out what no note supports; false: mark it as not from your notes, for a strong model"
    )
    allow_general: bool = Field(
        False, description="let the chat model answer from general knowledge, labelled, what the notes do not cover"
    )
    top_k: int = Field(6, ge=1, le=50, description="passages retrieved for a question")

    host: str = Field("127.0.0.1", description="address that the chat page listens on")
    port: int = Field(7860, ge=0, le=65535, description="port of the chat page; 0 takes a free one")

    @field_validator("corpus", "index", "cache", "glossary", "conversations", "auth_file")
    @classmethod
    def _expand_home(cls, path: Path | None) -> Path | None:
        return path and path.expanduser()

    def __init__(self, **values: Any) -> None:
        _check_environment(type(self).model_fields)
        try:
            super().__init__(**values)
        except ValidationError as error:
            fields = type(self).model_fields
            raise SettingsError("; ".join(_sentence(detail, fields) for detail in error.errors())) from None
        except (ValueError, OSError) as error:  # tomllib's error is a ValueError
            raise SettingsError(f"{CONFIG_FILE} cannot be read: {error}. Correct it or delete it.") from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def _check_environment(fields: dict[str, Any]) -> None:
    known = {ENV_PREFIX + name.upper() for name in fields}
    for name in os.environ:
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in known:
            raise SettingsError(f"The environment variable {name} is not a setting. {_near(name.upper(), known)}")


def _sentence(detail: Any, fields: dict[str, Any]) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"There is no setting {name!r}. {_near(name, set(fields))}"
    given = "this" if name.endswith("api_key") else repr(detail["input"])  # a key is never shown
    return f"The setting {name!r} cannot be {given}: {detail['msg']}."


def _near(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(sorted(known))}."
