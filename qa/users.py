"""Who may log in to the chat page: names and salted scrypt hashes in a file that only its user can read.

Knows nothing of requests; `qa.ui.access` does.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import functools
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

import filelock

from qa.errors import SettingsError

SHORTEST_PASSWORD = 8  # characters
_LONGEST = 1_000  # characters of a name or password that is checked at all
_COST, _BLOCK, _PARALLEL = 2**14, 8, 5  # OWASP's figures for scrypt within 16 MB: about a tenth of a second
_MEMORY = 64 * 1024 * 1024
_VERSION = 1
_LOCK_SECONDS = 10.0


class Users:
    """The users of one file; it is read again whenever it has changed. All methods may raise SettingsError."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, ...] = ()
        self._hashes: Mapping[str, str] = {}

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self._read())

    def put(self, name: str, password: str) -> None:
        """Add a user, or give him another password. Others who write the file at the same time lose nothing."""
        if not name or name != name.strip() or ":" in name or not name.isprintable() or len(name) > 64:
            raise SettingsError(
                f"{name!r} cannot be a user's name. Take 1 to 64 characters without a colon and without spaces around."
            )
        if not SHORTEST_PASSWORD <= len(password) <= _LONGEST:
            raise SettingsError(
                f"The password of {name!r} has {len(password)} characters. "
                f"Take one of {SHORTEST_PASSWORD} to {_LONGEST}."
            )
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(f"{self._file}.lock", timeout=_LOCK_SECONDS, mode=0o600):
                self._write({**self._read(), name: _hashed(password)})
        except (OSError, filelock.Timeout, UnicodeError) as error:
            raise SettingsError(
                f"The file of users {str(self._file)!r} cannot be written: {error}. "
                "Choose another one with NOTES_QA_AUTH_FILE."
            ) from error

    def credential(self, name: str) -> str:
        """What changes when the user's password does; empty where there is no such user."""
        return self._read().get(name, "")

    def check(self, name: str, password: str) -> bool:
        """Whether this is the user's password. Takes as long for a name that is unknown."""
        stored = self._read().get(name[:_LONGEST], "")
        right = _matches(password[:_LONGEST], stored or _nobody())
        return right and bool(stored)

    def _read(self) -> Mapping[str, str]:
        try:
            state = self._file.stat()
        except FileNotFoundError:
            self._seen, self._hashes = (), {}
            return self._hashes
        except OSError as error:
            raise self._unreadable(error) from error
        seen = (state.st_mtime_ns, state.st_size, state.st_ino)
        if seen != self._seen:
            try:
                value = json.loads(self._file.read_text(encoding="utf-8"))
                hashes = value["users"]
                if value["version"] != _VERSION or not all(map(_is_hash, hashes.values())):
                    raise ValueError("it is not of this version")
            except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
                raise self._unreadable(error) from error
            self._seen, self._hashes = seen, hashes
        return self._hashes

    def _unreadable(self, error: Exception) -> SettingsError:
        return SettingsError(
            f"The file of users {str(self._file)!r} cannot be used: {error}. "
            "Make it readable, or delete it and add the users again with: notes-qa chat --auth NAME"
        )

    def _write(self, hashes: Mapping[str, str]) -> None:
        """The whole new file in the place of the old one; mkstemp makes files of mode 600."""
        handle, temporary = tempfile.mkstemp(prefix=self._file.name, suffix=".tmp", dir=self._file.parent)
        try:
            with open(handle, "w", encoding="utf-8") as stream:
                json.dump({"version": _VERSION, "users": hashes}, stream, ensure_ascii=False, indent=2)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, self._file)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(16)
    return "$".join(("scrypt", *(base64.b64encode(part).decode("ascii") for part in (salt, _digest(password, salt)))))


def _matches(password: str, stored: str) -> bool:
    _, salt, digest = stored.split("$")
    return hmac.compare_digest(_digest(password, base64.b64decode(salt)), base64.b64decode(digest))


def _digest(password: str, salt: bytes) -> bytes:
    given = password.encode("utf-8", "replace")
    return hashlib.scrypt(given, salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, maxmem=_MEMORY, dklen=32)


def _is_hash(stored: object) -> bool:
    kind, *parts = str(stored).split("$")
    try:
        sizes = [len(base64.b64decode(part, validate=True)) for part in parts]
    except binascii.Error:
        return False
    return kind == "scrypt" and sizes == [16, 32]


@functools.cache
def _nobody() -> str:
    return _hashed(secrets.token_urlsafe())
