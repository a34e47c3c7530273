"""Conversations kept across restarts, in one SQLite file for any number of processes, threads, corpora and users.

They lie outside the index folder, which is always safe to delete. An owner reaches his own conversations about one
corpus and nothing else. Knows nothing of pages: how a conversation looks is for `qa.ui` and `qa.conversation_files`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from qa.answer_json import read_answer, write_answer
from qa.conversation_tables import prepare
from qa.errors import ConversationNotFound, ConversationsUnusable
from qa.language import normalize
from qa.types import Answer, AnswerLanguage

LONGEST_TITLE = 120  # characters
LONGEST_COMMENT = 2_000
_BUSY_SECONDS = 10.0
_READ = "BEGIN"

Ended = Literal["done", "stopped", "failed"]  # stopped also stands for an answer that nobody saw the end of
Reason = Literal["", "wrong", "incomplete", "sources", "not_in_notes", "other"]


@dataclass(frozen=True, slots=True)
class Options:
    """What was chosen beside a question."""

    language: AnswerLanguage = "auto"
    topic: str = ""  # empty: all notes
    allow_general: bool = False


@dataclass(frozen=True, slots=True)
class Rating:
    """What the reader thinks of an answer; the reason and his own words may be empty."""

    good: bool
    reason: Reason = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what was answered; an answer that was broken off has the text until then, without numbers."""

    question: str
    options: Options
    answer: Answer
    ended: Ended = "done"
    answered: float = 0.0  # seconds since 1970, UTC; set when it is stored
    rating: Rating | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation as a list shows it; times in seconds since 1970, UTC."""

    id: str
    title: str
    created: float
    updated: float
    exchanges: int


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A whole conversation; its exchanges in their order."""

    id: str
    title: str
    created: float
    updated: float
    exchanges: tuple[Exchange, ...]


class Conversations:
    """Those of one corpus in one file; every method is one transaction on a connection of its own.

    All may raise ConversationsUnusable, and those that take an id ConversationNotFound.
    """

    def __init__(self, file: Path, corpus: Path, now: Callable[[], float] = time.time) -> None:
        self._file = file
        self._corpus = str(corpus.resolve())
        self._now = now

    def begin(self, owner: str, title: str, identity: str = "") -> str:
        """A new conversation without exchanges, by this id of `new_id` where nobody has it: returns its id."""
        title, now = short_title(title), self._now()
        with self._transaction() as connection:
            taken = connection.execute("SELECT 1 FROM conversations WHERE id = ?", (identity,)).fetchone()
            identity = new_id() if taken or not identity else identity
            connection.execute(
                "INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?, ?)",
                (identity, self._corpus, owner, title, normalize(title), now, now),
            )
        return identity

    def find(self, owner: str, words: str = "", limit: int = 200) -> list[Summary]:
        """The newest first; with words, those that have them in the title, a question or an answer as they stand."""
        needle = normalize(_writable(words).strip())
        with self._transaction(_READ) as connection:
            rows = connection.execute(
                "SELECT id, title, created, updated, (SELECT count(*) FROM exchanges WHERE conversation = id) "
                "FROM conversations WHERE corpus = ?1 AND owner = ?2 AND (?3 = '' OR instr(title_words, ?3) OR EXISTS "
                "(SELECT 1 FROM exchanges WHERE conversation = id AND instr(words, ?3))) "
                "ORDER BY updated DESC, id LIMIT ?4",
                (self._corpus, owner, needle, limit),
            )
            return [Summary(*row) for row in rows]

    def read(self, owner: str, identity: str) -> StoredConversation:
        """One conversation with all its exchanges."""
        with self._transaction(_READ) as connection:
            return self._read(connection, owner, identity)

    def read_rated(self, owner: str) -> list[StoredConversation]:
        """Every conversation in which an answer was rated, oldest first."""
        with self._transaction(_READ) as connection:
            rows = connection.execute(
                "SELECT id FROM conversations WHERE corpus = ? AND owner = ? AND EXISTS (SELECT 1 FROM exchanges "
                "WHERE conversation = id AND rating IS NOT NULL) ORDER BY created, id",
                (self._corpus, owner),
            ).fetchall()
            return [self._read(connection, owner, identity) for (identity,) in rows]

    def append(self, owner: str, identity: str, exchange: Exchange) -> int:
        """Its number in the conversation, from 1 on."""
        with self._transaction() as connection:
            self._touch(connection, owner, identity)
            query = "SELECT coalesce(max(number), 0) + 1 FROM exchanges WHERE conversation = ?"
            number: int = connection.execute(query, (identity,)).fetchone()[0]
            self._put(connection, identity, number, exchange)
        return number

    def replace(self, owner: str, identity: str, number: int, exchange: Exchange) -> None:
        """Put another exchange, such as one with its answer, in the place of this one."""
        with self._transaction() as connection:
            self._touch(connection, owner, identity)
            self._exists(connection, identity, number)
            self._put(connection, identity, number, exchange)

    def drop_last(self, owner: str, identity: str, number: int) -> None:
        """Take the exchange of this number away, as for a question that is asked anew, where it is still the last."""
        with self._transaction() as connection:
            self._touch(connection, owner, identity)
            last = "(SELECT max(number) FROM exchanges WHERE conversation = ?1)"
            connection.execute(
                f"DELETE FROM exchanges WHERE conversation = ?1 AND number = ?2 AND number = {last}",
                (identity, number),
            )

    def rename(self, owner: str, identity: str, title: str) -> None:
        """Another title; its place among the others stays. One without a letter changes nothing."""
        with self._transaction() as connection:
            self._belongs(connection, owner, identity)
            if title := short_title(title):
                connection.execute(
                    "UPDATE conversations SET title = ?, title_words = ? WHERE id = ?",
                    (title, normalize(title), identity),
                )

    def rate(self, owner: str, identity: str, number: int, rating: Rating | None) -> None:
        """What the reader thinks of the answer of this number; None takes it back."""
        stored = None
        if rating is not None:
            stored = json.dumps(asdict(rating) | {"comment": _writable(rating.comment)[:LONGEST_COMMENT]})
        with self._transaction() as connection:
            self._belongs(connection, owner, identity)
            self._exists(connection, identity, number)
            where = "WHERE conversation = ? AND number = ?"
            connection.execute(f"UPDATE exchanges SET rating = ? {where}", (stored, identity, number))

    def delete(self, owner: str, identity: str) -> None:
        """Gone from the file too: nothing of it is left in free pages or in SQLite's log."""
        with self._transaction() as connection:
            self._belongs(connection, owner, identity)
            connection.execute("DELETE FROM conversations WHERE id = ?", (identity,))
        with self._connection() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _read(self, connection: sqlite3.Connection, owner: str, identity: str) -> StoredConversation:
        self._belongs(connection, owner, identity)
        head = connection.execute(
            "SELECT id, title, created, updated FROM conversations WHERE id = ?", (identity,)
        ).fetchone()
        rows = connection.execute(
            "SELECT question, options, answer, ended, answered, rating FROM exchanges WHERE conversation = ? "
            "ORDER BY number",
            (identity,),
        )
        name, title, created, updated = head
        return StoredConversation(name, title, created, updated, tuple(map(_exchange, rows)))

    def _belongs(self, connection: sqlite3.Connection, owner: str, identity: str) -> None:
        found = connection.execute(
            "SELECT 1 FROM conversations WHERE id = ? AND corpus = ? AND owner = ?", (identity, self._corpus, owner)
        ).fetchone()
        if found is None:
            raise ConversationNotFound("There is no such conversation; it may have been deleted. Begin a new one.")

    def _touch(self, connection: sqlite3.Connection, owner: str, identity: str) -> None:
        self._belongs(connection, owner, identity)
        connection.execute("UPDATE conversations SET updated = ? WHERE id = ?", (self._now(), identity))

    def _exists(self, connection: sqlite3.Connection, identity: str, number: int) -> None:
        where = "WHERE conversation = ? AND number = ?"
        if connection.execute(f"SELECT 1 FROM exchanges {where}", (identity, number)).fetchone() is None:
            raise ConversationNotFound("There is no such answer in this conversation; it may have been asked anew.")

    def _put(self, connection: sqlite3.Connection, identity: str, number: int, exchange: Exchange) -> None:
        answer = exchange.answer
        question = _writable(exchange.question)
        said = (question, *answer.texts.values(), *answer.general.values())
        rating = None if exchange.rating is None else json.dumps(asdict(exchange.rating))
        connection.execute(
            "INSERT OR REPLACE INTO exchanges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                identity,
                number,
                question,
                json.dumps(asdict(exchange.options)),
                write_answer(answer),
                normalize(_writable("\n".join(said))),
                exchange.ended,
                self._now(),
                rating,
            ),
        )

    @contextlib.contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """Undone where the block raises; `_READ` waits for no writer."""
        with self._connection() as connection:
            connection.execute(begin)
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:  # SQLite undoes some failures, such as a full disk, by itself
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite's own files get the same rights
            connection = sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                prepare(connection, self._file)
                yield connection
            finally:
                connection.close()
        except (sqlite3.Error, OSError, ValueError) as error:
            raise ConversationsUnusable(
                f"The conversations in {str(self._file)!r} cannot be used: {error} Free space or permissions first; if "
                "that is not it, move the file away, or choose another one with NOTES_QA_CONVERSATIONS."
            ) from error


def new_id() -> str:
    """An id that nobody can guess."""
    return secrets.token_urlsafe(18)


def short_title(text: str) -> str:
    """One line of at most LONGEST_TITLE characters."""
    title = " ".join(_writable(text).split())
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"


def _exchange(row: tuple[Any, ...]) -> Exchange:
    question, options, answer, ended, answered, rating = row
    return Exchange(
        question,
        Options(**json.loads(options)),
        read_answer(answer),
        ended,
        answered,
        None if rating is None else Rating(**json.loads(rating)),
    )


def _writable(text: str) -> str:
    """What SQLite can hold: half of a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
