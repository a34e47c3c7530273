"""Reads a folder of notes into values; knows nothing about passages or the index."""

from __future__ import annotations

import hashlib
import heapq
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pathspec

from qa.characters import NotText, decode
from qa.errors import CorpusNotFound
from qa.front_matter import read_front_matter, without_front_matter
from qa.language import detect_language
from qa.types import Note, SkippedFile
from qa.words import word

SUFFIXES = frozenset({".md", ".markdown", ".mdx", ".txt"})
IGNORE_FILE = ".notesignore"
MAX_BYTES = 20_000_000
# Reasons that may pass; under all others the file is known to hold no note.
PASSING = frozenset({"skip_unreadable", "skip_folder", "skip_dangling"})

_LEFT_OUT = frozenset(
    {"node_modules", "__pycache__", "site-packages", "venv", "__MACOSX", "$RECYCLE.BIN", "lost+found"}
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_FENCE = re.compile(r"^ {0,3}(`{3,}(?=[^`\n]*$)|~{3,}).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"^ {0,3}#[ \t]+(.*\S)|^ {0,3}(\S.*)\n {0,3}=+[ \t]*$", re.MULTILINE)
_CLOSING_MARKS = re.compile(r"[ \t]#+$")


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder of notes holds; each list in the order of the paths."""

    notes: list[Note]
    unchanged: list[str]  # paths of notes that were known
    skipped: list[SkippedFile]

    def paths(self) -> set[str]:
        return {note.path for note in self.notes} | set(self.unchanged)

    def hides(self, path: str) -> bool:
        """Whether a note of this path may be there and only cannot be read now."""
        passing = (file.path for file in self.skipped if file.key in PASSING)
        return any(path.startswith(name) if name.endswith("/") else path == name for name in passing)


@dataclass(frozen=True, slots=True)
class FoundFile:
    name: str  # posix, relative to the corpus
    path: Path


Rules = tuple[tuple[int, pathspec.GitIgnoreSpec], ...]  # with the length of the folder's name, outermost first


def read_notes(corpus: Path) -> tuple[list[Note], list[SkippedFile]]:
    """All notes below a folder, by path, and what could not be read, with the reason. Raises CorpusNotFound.

    Hidden files, folders of tools and what a `.notesignore` names (as `.gitignore` does) are not looked at.
    """
    folder = read_folder(corpus)
    return folder.notes, folder.skipped


def read_folder(corpus: Path, known: Mapping[str, str] | None = None) -> Folder:
    """The notes below a folder as `read_notes`, but those whose sha256 is `known` by their path are not decoded."""
    folder = read_found(*find_files(corpus), known or {})
    if not os.path.isdir(corpus):  # a drive that was unplugged in between: its notes are not gone
        raise _no_corpus(corpus)
    return folder


def read_found(found: list[FoundFile], skipped: list[SkippedFile], known: Mapping[str, str] | None = None) -> Folder:
    """The second half of `read_folder`: what has gone since the files were found is left out."""
    notes: list[Note] = []
    unchanged: list[str] = []
    failed: list[SkippedFile] = []
    for file in found:
        try:
            data = _read_bytes(file.path)
            if known and known.get(file.name) == hashlib.sha256(data).hexdigest():
                unchanged.append(file.name)
            else:
                notes.append(_note(data, file.name))
        except FileNotFoundError:
            continue
        except OSError as error:
            failed.append(_skip(file.name, "skip_unreadable", _message(error)))
        except NotText as error:
            failed.append(_skip(file.name, error.key, error.detail))
    return Folder(notes, unchanged, sorted([*skipped, *failed], key=lambda file: file.path))


def read_note(path: Path, name: str) -> Note:
    """One file as a note called `name`. Raises OSError and NotText."""
    return _note(_read_bytes(path), name)


def note_title(text: str, name: str) -> str:
    """The title in the front matter, else the first level-one heading, else the file name without its suffix."""
    if title := read_front_matter(text).title:
        return title
    body = without_front_matter(_LINE_END.sub("\n", text))
    match = _TITLE.search(_FENCE.sub("", body))
    heading = match[1] or match[2] if match else ""
    return _CLOSING_MARKS.sub("", heading).strip() or Path(name).stem


def line_starts(text: str) -> list[int]:
    """Offsets at which the lines of a text start, as an editor counts them: CRLF, CR and LF end a line."""
    return [0, *(match.end() for match in _LINE_END.finditer(text))]


def find_files(corpus: Path) -> tuple[list[FoundFile], list[SkippedFile]]:
    """The files below a folder that should be notes, by name, and what is in the way. Raises CorpusNotFound."""
    if not os.path.isdir(corpus):  # false too where it cannot be asked
        raise _no_corpus(corpus)
    walk = _Walk(corpus)
    walk.run()
    return sorted(walk.found, key=lambda file: file.name), walk.skipped


class _Walk:
    """Goes through the real folders first and then through the linked ones, none of them twice."""

    def __init__(self, corpus: Path) -> None:
        self.found: list[FoundFile] = []
        self.skipped: list[SkippedFile] = []
        self._corpus = corpus
        self._links: list[tuple[str, Path, Rules]] = []  # a heap
        self._seen: set[object] = set()

    def run(self) -> None:
        try:
            self._seen.update(_identity(parent) for parent in self._corpus.resolve().parents)
            self._folders_below(self._corpus, "", ())
        except OSError as error:
            raise _unreadable_corpus(self._corpus, error) from error
        while self._links:
            name, path, rules = heapq.heappop(self._links)
            self._folders_below(path, name, rules)

    def _folders_below(self, top: Path, prefix: str, rules: Rules) -> None:
        """`prefix` is the name of the folder with a slash behind it, or empty for the corpus."""
        waiting = [(top, prefix, rules)]
        while waiting:
            folder, prefix, rules = waiting.pop()
            try:
                identity = _identity(folder)
                if identity in self._seen:
                    continue
                with os.scandir(folder) as listed:
                    entries = sorted(listed, key=lambda entry: entry.name)
                rules = (*rules, *((len(prefix), spec) for spec in _ignore_rules(folder / IGNORE_FILE)))
            except OSError as error:
                if not prefix:
                    raise
                if not isinstance(error, FileNotFoundError):
                    self._skip(prefix, "skip_folder", error)
                continue
            self._seen.add(identity)
            for entry in entries:
                name = prefix + entry.name
                if entry.name.startswith(".") or entry.name in _LEFT_OUT:
                    continue
                if entry.is_symlink():
                    self._link(entry, name, rules)
                elif entry.is_dir(follow_symlinks=False):
                    if self._is_wanted_folder(name, rules):
                        waiting.append((folder / entry.name, name + "/", rules))
                else:
                    self._file(entry, name, rules, entry.is_file(follow_symlinks=False))

    def _link(self, entry: os.DirEntry[str], name: str, rules: Rules) -> None:
        try:
            mode = entry.stat().st_mode
        except OSError as error:
            is_folder = not Path(name).suffix
            if (is_folder or _has_suffix(name)) and not _is_ignored(name, is_folder, rules):
                self._skip(name + "/" * is_folder, "skip_dangling", error)
            return
        if not stat.S_ISDIR(mode):
            self._file(entry, name, rules, stat.S_ISREG(mode))
        elif self._is_wanted_folder(name, rules):
            heapq.heappush(self._links, (name + "/", Path(entry.path), rules))

    def _file(self, entry: os.DirEntry[str], name: str, rules: Rules, is_regular: bool) -> None:
        if not _has_suffix(name) or _is_ignored(name, False, rules):
            return
        if not _is_utf8(name):  # it can neither be stored nor shown
            self._skip(name, "skip_name")
        elif not is_regular:  # reading a pipe would never end
            self._skip(name, "skip_not_file")
        else:
            self.found.append(FoundFile(name, Path(entry.path)))

    def _is_wanted_folder(self, name: str, rules: Rules) -> bool:
        if _is_ignored(name, True, rules):
            return False
        if not _is_utf8(name):
            self._skip(name + "/", "skip_name")
        elif _has_suffix(name):
            self._skip(name + "/", "skip_not_file")
        else:
            return True
        return False

    def _skip(self, name: str, key: str, error: OSError | None = None) -> None:
        self.skipped.append(_skip(name, key, _message(error) if error else ""))


def _ignore_rules(path: Path) -> list[pathspec.GitIgnoreSpec]:
    if not path.is_file():
        return []
    data = path.read_bytes()
    try:
        text = decode(data)
    except NotText:
        text = data.decode("utf-8", errors="surrogateescape")  # as the names of files
    lines = []
    for line in text.splitlines():
        try:
            pathspec.GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error):
            continue  # git passes over what it cannot read, too
        lines.append(line)
    return [pathspec.GitIgnoreSpec.from_lines(lines)] if lines else []


def _is_ignored(name: str, is_folder: bool, rules: Rules) -> bool:
    """The innermost file that says anything decides, in it the last line."""
    for start, spec in reversed(rules):
        include = spec.check_file(name[start:] + "/" * is_folder).include
        if include is not None:
            return include
    return False


def _identity(folder: Path) -> object:
    info = folder.stat()
    return (info.st_dev, info.st_ino) if info.st_ino else os.path.realpath(folder)


def _has_suffix(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_bytes(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise NotText("skip_too_large", f"{MAX_BYTES // 1_000_000} MB")
    return path.read_bytes()


def _note(data: bytes, name: str) -> Note:
    text = decode(data)
    names = read_front_matter(text).names
    language = detect_language(text[:20_000])
    return Note(name, note_title(text, name), text, hashlib.sha256(data).hexdigest(), language, names)


def _skip(name: str, key: str, detail: str = "") -> SkippedFile:
    shown = name.encode(errors="backslashreplace").decode()
    return SkippedFile(shown, word(key, "en") + (f": {detail}" if detail else ""), key)


def _message(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _no_corpus(corpus: Path) -> CorpusNotFound:
    return CorpusNotFound(
        f"There is no notes folder {str(corpus)!r}. Create it and put Markdown files into it, "
        "or name another with --corpus or NOTES_QA_CORPUS."
    )


def _unreadable_corpus(corpus: Path, error: OSError) -> CorpusNotFound:
    return CorpusNotFound(f"The notes folder {str(corpus)!r} cannot be read: {_message(error)}.")
