"""Ask a folder of Markdown notes in Chinese or English; importing this package loads nothing heavy."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qa.assistant import NotesQA as NotesQA
    from qa.errors import NotesQAError as NotesQAError
    from qa.settings import Settings as Settings
    from qa.types import Answer as Answer
    from qa.types import Citation as Citation
    from qa.types import Done as Done
    from qa.types import Extract as Extract
    from qa.types import Failed as Failed
    from qa.types import Hit as Hit
    from qa.types import IndexChanges as IndexChanges
    from qa.types import Passage as Passage
    from qa.types import SentenceChecked as SentenceChecked
    from qa.types import Sources as Sources
    from qa.types import TextDelta as TextDelta
    from qa.types import Turn as Turn

__version__ = "0.1.0"

_HOMES = {
    "NotesQA": "qa.assistant",
    "NotesQAError": "qa.errors",
    "Settings": "qa.settings",
} | dict.fromkeys(
    (
        *("Answer", "Citation", "Done", "Extract", "Failed", "Hit", "IndexChanges", "Passage", "SentenceChecked"),
        *("Sources", "TextDelta", "Turn"),
    ),
    "qa.types",
)
__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
