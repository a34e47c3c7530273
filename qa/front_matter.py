"""The YAML at the start of a note: its title and the other names that it gives the note."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml  # type: ignore[import-untyped]

_MAX_CHARS = 16_000
_BLOCK = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.MULTILINE | re.DOTALL)
_LINE_END = re.compile(r"\r\n?")
_COMMAS = re.compile(r"[,，;；\n]")
_COMMAS_AND_SPACES = re.compile(r"[,，;；\s]")
_EMPTY = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class FrontMatter:
    title: str = ""  # empty: it has none
    names: tuple[str, ...] = ()  # aliases, then tags without "#", each once


class _Loader(yaml.BaseLoader):  # type: ignore[misc]
    """Everything is text, so that a tag 2024-01-01 or 1.10 stays as it was written; no node refers to another."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def read_front_matter(text: str) -> FrontMatter:
    """What the front matter of a note says; nothing where there is none or it is not YAML."""
    block = _BLOCK.match(_LINE_END.sub("\n", text[:_MAX_CHARS])) if text.startswith("---") else None
    if block is None:
        return FrontMatter()
    try:
        values = yaml.load(block[1], _Loader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):  # a list as a key is a TypeError
        return FrontMatter()
    if not isinstance(values, dict):
        return FrontMatter()
    values = {key.casefold(): value for key, value in values.items() if isinstance(key, str)}
    title = values.get("title")
    aliases = [name for key in ("aliases", "alias") for name in _names(values.get(key), _COMMAS)]
    tags = [name.lstrip("#").strip() for key in ("tags", "tag") for name in _names(values.get(key), _COMMAS_AND_SPACES)]
    return FrontMatter(
        "" if not isinstance(title, str) or title in _EMPTY else " ".join(title.split()),
        tuple(dict.fromkeys(name for name in (*aliases, *tags) if name)),
    )


def without_front_matter(text: str) -> str:
    """The rest of a text whose line ends are line feeds."""
    block = _BLOCK.match(text[:_MAX_CHARS]) if text.startswith("---") else None
    return text[block.end() :] if block else text


def _names(value: object, separator: re.Pattern[str]) -> Iterator[str]:
    parts = separator.split(value) if isinstance(value, str) else value if isinstance(value, list) else ()
    for part in parts:
        if isinstance(part, str) and (name := " ".join(part.split())) not in _EMPTY:
            yield name
