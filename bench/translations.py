"""Translations of questions for benchmarks: by the packaged chat model, kept in a file so that they are made once."""

from __future__ import annotations

import json
import time
from pathlib import Path

from qa.chat import open_chat_model
from qa.glossary import Glossary
from qa.settings import Settings
from qa.translating import Translator
from qa.types import Language

_SECONDS = 60.0  # nobody waits here
_SAVE_EVERY = 20


class KeptTranslations:
    """Translates by what the file holds, and by the chat model of the settings what it does not.

    Once: whether names are lost that the notes have depends on the notes, and the sets have many.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        self._known: dict[tuple[str, str], str] = {(text, to): translated for (text, to), translated in stored}
        self._translator: Translator | None = None
        self.seconds: list[float] = []  # of those made now

    def __call__(self, question: str, language: Language) -> str:
        """See `Translator.translate`."""
        key = (question, language)
        if key not in self._known:
            if self._translator is None:
                settings = Settings()
                model, _ = open_chat_model(settings.chat_model, cache=settings.cache, engine=settings.engine)
                self._translator = Translator(lambda: model, _SECONDS, Glossary.load().named_in)
            started = time.perf_counter()
            self._known[key] = self._translator.translate(question, language) or ""
            self.seconds.append(time.perf_counter() - started)
            if len(self.seconds) % _SAVE_EVERY == 0:
                self.save()
        return self._known[key]

    def save(self) -> None:
        """Write what is known."""
        self._path.write_text(json.dumps([*self._known.items()], ensure_ascii=False, indent=0), encoding="utf-8")
