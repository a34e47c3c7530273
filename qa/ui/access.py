"""Who a request comes from: sessions, passwords, and patience with failed logins. Knows no routes and no pages."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import anyio
import anyio.to_thread

from qa.errors import SettingsError
from qa.users import Users

SESSION_SECONDS = 7 * 24 * 3600
_FREE_FAILURES = 5  # in a row, of one name or from one address
_FIRST_WAIT, _LONGEST_WAIT = 30.0, 900.0  # seconds; each failure more doubles it
_FORGOTTEN = 3600.0  # seconds after which failures do not count any more
_MOST = 10_000  # sessions, or names and addresses with failures: more than that many people never log in here
_HASHES_AT_ONCE = 2  # each takes a core
_BASIC_SECONDS = 600.0  # for which a program's name and password, sent with every request, are not hashed again

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TooManyFailures(Exception):
    """Nothing was checked; seconds until something will be."""

    seconds: int


@dataclass(frozen=True, slots=True)
class _Session:
    owner: str
    credential: str  # at the login: another password ends the session
    ends: float


class Attempts:
    """Failed logins by name and by address, and how long the next one has to wait."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures: dict[str, tuple[int, float]] = {}  # how many, and when the last one was

    def begin(self, *keys: str) -> None:
        """Count a login as failed before it is checked: many at once get no further. Raises TooManyFailures."""
        now = self._now()
        wait = max(self._wait(key, now) for key in keys)
        if wait > 0:
            raise TooManyFailures(math.ceil(wait))
        if len(self._failures) > _MOST:
            self._failures = {k: v for k, v in self._failures.items() if now - v[1] < _FORGOTTEN}
        for key in keys:
            self._failures[key] = (self._count(key, now) + 1, now)

    def succeeded(self, *keys: str) -> None:
        for key in keys:
            self._failures.pop(key, None)

    def _count(self, key: str, now: float) -> int:
        count, last = self._failures.get(key, (0, now))
        return count if now - last < _FORGOTTEN else 0

    def _wait(self, key: str, now: float) -> float:
        over = self._count(key, now) - _FREE_FAILURES
        if over < 0:
            return 0.0
        pause: float = min(_FIRST_WAIT * 2.0 ** min(over, 10), _LONGEST_WAIT)
        return self._failures[key][1] + pause - now


class Access:
    """Whether anybody may in, and as whom. Sessions live as long as the server."""

    def __init__(self, users: Users | None, now: Callable[[], float] = time.monotonic) -> None:
        self._users = users
        self._now = now
        self._attempts = Attempts(now)
        self._sessions: dict[bytes, _Session] = {}
        self._programs: dict[bytes, _Session] = {}
        self._secret = secrets.token_bytes(32)
        self._hashing = anyio.CapacityLimiter(_HASHES_AT_ONCE)
        self._closed = bool(users)

    @property
    def required(self) -> bool:
        """Whether a login is needed: from the first user on, even if the file is deleted or damaged later."""
        if not self._closed and self._users is not None:
            try:
                self._closed = bool(self._users)
            except SettingsError as error:
                _LOG.warning("%s", error)
                self._closed = True
        return self._closed

    async def login(self, name: str, password: str, address: str) -> str | None:
        """A new session's token, or None where the password is wrong. Raises TooManyFailures, SettingsError."""
        if self._users is None or not await self._check(name, password, address):
            return None
        token = secrets.token_urlsafe(32)
        self._keep(self._sessions, self._key(token), name, SESSION_SECONDS)
        return token

    def logout(self, token: str) -> None:
        self._sessions.pop(self._key(token), None)

    def owner_of(self, token: str) -> str | None:
        """Whose session this is; None where it is nobody's, or over."""
        return self._alive(self._sessions, self._key(token)) if token else None

    async def owner_of_basic(self, header: str, address: str) -> str | None:
        """The same for the `Authorization: Basic` of a program. Raises as `login` does."""
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic" or self._users is None:
            return None
        key = self._key(encoded)
        if owner := self._alive(self._programs, key):
            return owner
        try:
            name, colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if not colon or not await self._check(name, password, address):
            return None
        self._keep(self._programs, key, name, _BASIC_SECONDS)
        return name

    async def _check(self, name: str, password: str, address: str) -> bool:
        assert self._users is not None
        keys = f"name {name[:64]}", f"address {address}"
        self._attempts.begin(*keys)
        right = await anyio.to_thread.run_sync(self._users.check, name, password, limiter=self._hashing)
        if right:
            self._attempts.succeeded(*keys)
        else:
            _LOG.warning("A login as %r from %s failed", name[:64], address)
        return right

    def _keep(self, sessions: dict[bytes, _Session], key: bytes, owner: str, seconds: float) -> None:
        assert self._users is not None
        now = self._now()
        if len(sessions) >= _MOST:
            for old in [old for old, session in sessions.items() if session.ends <= now] or list(sessions)[:1]:
                del sessions[old]
        sessions[key] = _Session(owner, self._users.credential(owner), now + seconds)

    def _alive(self, sessions: dict[bytes, _Session], key: bytes) -> str | None:
        session = sessions.get(key)
        if session is None or self._users is None:
            return None
        try:
            credential = self._users.credential(session.owner)
        except SettingsError as error:
            _LOG.warning("%s", error)
            return None
        if session.ends <= self._now() or not credential or credential != session.credential:
            sessions.pop(key, None)
            return None
        return session.owner

    def _key(self, secret: str) -> bytes:
        """A stranger learns nothing from how long this is looked for."""
        return hmac.digest(self._secret, secret.encode("utf-8", "replace"), hashlib.sha256)
