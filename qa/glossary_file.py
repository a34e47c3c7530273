"""The user's own file of terms: which it is, and whether it has changed."""

from __future__ import annotations

import threading
from pathlib import Path

from qa.glossary import Glossary, unreadable

FILE_NAME = "glossary.tsv"  # of the user's lines, in the folder of notes


class GlossaryFile:
    """The packaged glossary with the user's own lines, which are read again whenever their file has changed."""

    def __init__(self, path: Path, required: bool = True) -> None:
        self._path = path
        self._required = required  # a file that is only looked for may be absent
        self._stamp: tuple[int, int] | None = None
        self._glossary = Glossary.load()
        self._reading = threading.Lock()

    @classmethod
    def of(cls, corpus: Path, chosen: Path | None = None) -> GlossaryFile:
        """The chosen file, or else `glossary.tsv` in the folder of notes where there is one."""
        return cls(corpus / FILE_NAME, required=False) if chosen is None else cls(chosen)

    def read(self) -> Glossary:
        """The glossary as the file says it now, the same object while it says the same. Raises GlossaryError."""
        with self._reading:
            stamp = self._look()
            if stamp != self._stamp:
                self._glossary = Glossary.load(None if stamp is None else self._path)
                self._stamp = stamp
            return self._glossary

    def _look(self) -> tuple[int, int] | None:
        """(time in nanoseconds, size) of the file."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            if not self._required:
                return None
            raise unreadable(self._path, "there is no such file") from None
        except OSError as error:
            raise unreadable(self._path, error.strerror or str(error)) from error
        return found.st_mtime_ns, found.st_size
