"""Says when notes in a folder have changed, by the file events of the operating system; reads no note itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import watchfiles

from qa.notes import IGNORE_FILE, SUFFIXES

QUIET_MS = 400  # without an event: a file that is being written, or swapped for another, is left to come to rest
LONGEST_MS = 5_000  # of waiting for that
_RETRY_SECONDS = 2.0  # for a folder that is not there just now, such as an unplugged drive
_POLLING_MS = 2_000  # between two looks at all files, where there are no events


def watch_notes(corpus: Path, stop: threading.Event, quiet_ms: int = QUIET_MS) -> Iterator[None]:
    """Yields once watching has begun and then after each group of changes, until `stop` is set.

    What happens while the caller is busy makes the next group. Yields once where the folder goes away, and again when
    it is back. Where events do not arrive, as on some network drives, the variable WATCHFILES_FORCE_POLLING=true makes
    the library look at the files instead.
    """
    polling: bool | None = None  # as the library finds right
    gone = False
    while not stop.is_set():
        try:
            for _ in _groups(corpus, stop, quiet_ms, polling):
                gone = False
                yield
        except (OSError, RuntimeError):
            polling = True if corpus.is_dir() else None  # the system's watches are used up
        if not gone and not corpus.is_dir() and not stop.is_set():
            gone = True
            yield
        stop.wait(_RETRY_SECONDS)


def _groups(corpus: Path, stop: threading.Event, quiet_ms: int, polling: bool | None) -> Iterator[None]:
    """As `watch_notes`, until the folder is another one or none."""
    root = corpus.resolve()
    watched = _identity(corpus)
    if watched is None:
        return
    begun = False
    for changes in watchfiles.watch(
        root,
        watch_filter=lambda change, path: _matters(root, change, path),
        debounce=LONGEST_MS,
        step=quiet_ms,
        stop_event=stop,
        rust_timeout=quiet_ms,  # a first, empty set says that watching has begun
        yield_on_timeout=True,
        raise_interrupt=True,
        force_polling=polling,
        poll_delay_ms=_POLLING_MS,
        ignore_permission_denied=True,
    ):
        if _identity(corpus) != watched:
            return  # events of the old one end here
        if changes or not begun:
            begun = True
            yield


def _matters(root: Path, change: watchfiles.Change, name: str) -> bool:
    """Whether a change of this path can change the notes: a note, the ignore file, what is or was perhaps a folder."""
    path = Path(name)
    parts = path.relative_to(root).parts if path.is_relative_to(root) else path.parts[-1:]
    if any(part.startswith(".") for part in parts[:-1]):
        return False
    if parts and parts[-1].startswith("."):
        return parts[-1] == IGNORE_FILE
    may_be_folder = not path.suffix or change is watchfiles.Change.deleted or path.is_dir()
    return path.suffix.lower() in SUFFIXES or may_be_folder


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        info = folder.stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino
