"""Conversations in their file: kept, found, deleted for good, and nobody else's."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from fakes_ui import POOLING, WARM_UP, ZH, citation, hits

from qa.conversations import Conversations, Exchange, Options, Rating
from qa.errors import ConversationNotFound, ConversationsUnusable
from qa.types import Answer, Conflict

OWNER = ""
QUESTION = "池化有什么作用？"
ANSWER = Answer(
    QUESTION,
    {"zh": ZH},
    (citation(1, POOLING, "增强平移不变性"),),
    hits(POOLING, WARM_UP),
    abstained=False,
    conflicts=(Conflict(1, 1),),
    model="m",
    timings={"sources": 0.25},
)
EXCHANGE = Exchange(QUESTION, Options("zh", "a/", True), ANSWER, answered=1000.0)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "conversations.db"


@pytest.fixture
def store(file: Path, clock: Clock) -> Conversations:
    return Conversations(file, Path("corpus"), clock)


def asked(store: Conversations, question: str, text: str = "", owner: str = OWNER) -> str:
    identity = store.begin(owner, question)
    store.append(owner, identity, Exchange(question, Options(), Answer(question, {"zh": text}, (), (), False)))
    return identity


def titles(store: Conversations, words: str = "", owner: str = OWNER) -> list[str]:
    return [summary.title for summary in store.find(owner, words)]


def test_a_conversation_is_as_it_was_after_a_restart(store: Conversations, file: Path) -> None:
    identity = store.begin(OWNER, QUESTION)
    assert store.append(OWNER, identity, EXCHANGE) == 1
    assert store.append(OWNER, identity, replace(EXCHANGE, ended="stopped", rating=Rating(False, "wrong", "no"))) == 2
    again = Conversations(file, Path("corpus")).read(OWNER, identity)
    assert again.title == QUESTION
    assert (again.created, again.updated) == (1000.0, 1000.0)
    assert again.exchanges == (EXCHANGE, replace(EXCHANGE, ended="stopped", rating=Rating(False, "wrong", "no")))


def test_the_list_has_the_latest_first(store: Conversations, clock: Clock) -> None:
    first, second = asked(store, "first"), asked(store, "second")
    clock.now = 2000.0
    assert store.append(OWNER, first, EXCHANGE) == 2
    assert [(s.id, s.title, s.created, s.updated, s.exchanges) for s in store.find(OWNER)] == [
        (first, "first", 1000.0, 2000.0, 2),
        (second, "second", 1000.0, 1000.0, 1),
    ]
    assert len(store.find(OWNER, limit=1)) == 1


def test_ids_are_long_and_never_the_same(store: Conversations) -> None:
    made = {store.begin(OWNER, "x") for _ in range(50)}
    assert len(made) == 50
    assert {len(identity) for identity in made} == {24}


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("  What\n is \t it? ", "What is it?"),
        ("长" * 121, "长" * 119 + "…"),
        ("长" * 120, "长" * 120),
        ("\ud800x", "?x"),
    ],
)
def test_a_title_is_one_short_line(store: Conversations, title: str, kept: str) -> None:
    store.begin(OWNER, title)
    assert titles(store) == [kept]


@pytest.mark.parametrize(
    "words", ["降维", "POOLING two", "  reduces the Dimensions ", "池化", "ＰＯＯＬＩＮＧ", "減少計算", "%_"]
)
def test_words_are_found_in_titles_questions_and_answers(store: Conversations, words: str) -> None:
    asked(store, "What does pooling two do?", "池化：降维，减少计算量。It reduces the dimensions. %_")
    asked(store, "别的问题", "别的回答")
    assert titles(store, words) == ["What does pooling two do?"]


def test_words_that_nothing_has_find_nothing(store: Conversations) -> None:
    asked(store, "池化", "降维")
    assert titles(store, "卷积") == []
    assert titles(store, "   ") == ["池化"]


def test_a_renamed_conversation_is_found_by_its_new_title_and_keeps_its_place(
    store: Conversations, clock: Clock
) -> None:
    first, second = asked(store, "first"), asked(store, "second")
    place = titles(store).index("first")
    clock.now = 3000.0
    store.rename(OWNER, first, " 期末\n复习 ")
    assert titles(store)[place] == "期末 复习"
    assert titles(store, "期末") == ["期末 复习"]
    store.rename(OWNER, second, " \n ")
    assert titles(store, "second") == ["second"]


def test_an_answer_replaces_the_place_that_was_kept_for_it(store: Conversations, clock: Clock) -> None:
    identity = asked(store, "q")
    clock.now = 1500.0
    store.replace(OWNER, identity, 1, EXCHANGE)
    assert store.read(OWNER, identity).exchanges == (replace(EXCHANGE, answered=1500.0),)
    assert titles(store, "平移不变性") == ["q"]
    with pytest.raises(ConversationNotFound, match="no such answer"):
        store.replace(OWNER, identity, 2, EXCHANGE)


def test_the_last_exchange_can_be_taken_away(store: Conversations) -> None:
    identity = asked(store, "one")
    store.append(OWNER, identity, EXCHANGE)
    store.drop_last(OWNER, identity, 2)
    assert [exchange.question for exchange in store.read(OWNER, identity).exchanges] == ["one"]
    assert store.append(OWNER, identity, EXCHANGE) == 2


def test_an_exchange_that_another_page_has_gone_on_from_is_not_taken_away(store: Conversations) -> None:
    identity = asked(store, "one")
    store.append(OWNER, identity, EXCHANGE)
    store.drop_last(OWNER, identity, 1)
    assert len(store.read(OWNER, identity).exchanges) == 2


def test_ratings_are_set_changed_and_taken_back(store: Conversations) -> None:
    identity = asked(store, "q")
    for rating in (Rating(True), Rating(False, "sources", "第 3 行\ud800"), None):
        store.rate(OWNER, identity, 1, rating)
        kept = rating and replace(rating, comment=rating.comment.replace("\ud800", "?"))
        assert store.read(OWNER, identity).exchanges[0].rating == kept
        assert [conversation.id for conversation in store.read_rated(OWNER)] == ([identity] if rating else [])
    with pytest.raises(ConversationNotFound):
        store.rate(OWNER, identity, 2, Rating(True))


def left_in(file: Path, text: str) -> list[str]:
    return [path.name for path in file.parent.iterdir() if text.encode() in path.read_bytes()]


def test_a_deleted_conversation_leaves_nothing_in_any_file(store: Conversations, file: Path) -> None:
    identity, kept = asked(store, "机密问题 alpha", "机密回答 omega " * 2000), asked(store, "kept")
    assert left_in(file, "机密") == ["conversations.db"]
    with sqlite3.connect(file) as other:  # another program that has it open keeps SQLite's log alive
        other.execute("SELECT count(*) FROM conversations").fetchall()
        store.rename(OWNER, identity, "机密标题")
        store.delete(OWNER, identity)
        assert left_in(file, "机密") == []
        assert left_in(file, "omega") == []
    other.close()
    assert [summary.id for summary in store.find(OWNER)] == [kept]
    with pytest.raises(ConversationNotFound, match="it may have been deleted"):
        store.read(OWNER, identity)


def test_what_a_replaced_answer_said_is_gone_too(store: Conversations, file: Path) -> None:
    identity = asked(store, "q", "withdrawn words")
    store.replace(OWNER, identity, 1, EXCHANGE)
    assert left_in(file, "withdrawn") == []


def attempts(store: Conversations, owner: str, identity: str) -> Iterator[object]:
    for attempt in (
        lambda: store.read(owner, identity),
        lambda: store.append(owner, identity, EXCHANGE),
        lambda: store.replace(owner, identity, 1, EXCHANGE),
        lambda: store.drop_last(owner, identity, 1),
        lambda: store.rename(owner, identity, "mine"),
        lambda: store.rate(owner, identity, 1, Rating(True)),
        lambda: store.delete(owner, identity),
    ):
        with pytest.raises(ConversationNotFound):
            yield attempt()


def test_nobody_reaches_anothers_conversations_or_those_about_other_notes(store: Conversations, file: Path) -> None:
    identity = asked(store, "of ann", "secret", owner="ann")
    before = store.read("ann", identity)
    elsewhere = Conversations(file, Path("other"))
    for which, owner in ((store, "bob"), (store, ""), (store, "ANN"), (elsewhere, "ann")):
        assert list(attempts(which, owner, identity)) == []
        assert which.find(owner) == which.find(owner, "secret") == []
        assert which.read_rated(owner) == []
    assert store.read("ann", identity) == before


def test_two_ways_to_write_a_corpus_are_one(store: Conversations, file: Path) -> None:
    asked(store, "q")
    assert titles(Conversations(file, Path("corpus/../corpus"))) == ["q"]


def test_only_the_user_can_read_the_file(store: Conversations, file: Path) -> None:
    asked(store, "q")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("PRAGMA user_version = 2", "a newer version of notes-qa has written it; update this one."),
        ("PRAGMA application_id = 7", "it belongs to another program."),
    ],
)
def test_a_file_of_another_version_or_program_is_refused_and_left_alone(
    store: Conversations, file: Path, script: str, told: str
) -> None:
    asked(store, "q")
    with sqlite3.connect(file) as other:
        other.execute(script)
    other.close()
    before = file.read_bytes()
    with pytest.raises(ConversationsUnusable) as refused:
        store.find(OWNER)
    assert str(refused.value) == (
        f"The conversations in {str(file)!r} cannot be used: {told} Free space or permissions first; if that is not "
        "it, move the file away, or choose another one with NOTES_QA_CONVERSATIONS."
    )
    assert file.read_bytes() == before


def test_the_database_of_another_program_stays_byte_for_byte(store: Conversations, file: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    before = file.read_bytes()
    with pytest.raises(ConversationsUnusable, match="it belongs to another program"):
        store.begin(OWNER, "q")
    assert file.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(store: Conversations, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("notes\n" * 1000, encoding="utf-8")
    with pytest.raises(ConversationsUnusable, match="not a database"):
        store.begin(OWNER, "q")
    assert file.read_text(encoding="utf-8") == "notes\n" * 1000


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    with pytest.raises(ConversationsUnusable, match="NOTES_QA_CONVERSATIONS"):
        Conversations(tmp_path / "data" / "c.db", tmp_path).find(OWNER)


def test_a_change_that_fails_is_undone_whole(store: Conversations) -> None:
    identity = asked(store, "q")
    impossible = replace(EXCHANGE, answer=replace(ANSWER, question=object()))  # type: ignore[arg-type]
    with pytest.raises(ConversationsUnusable):
        store.append(OWNER, identity, impossible)
    assert len(store.read(OWNER, identity).exchanges) == 1


def test_many_threads_lose_nothing(store: Conversations) -> None:
    identity = store.begin(OWNER, "all")
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: store.append(OWNER, identity, EXCHANGE), range(40)))
    assert sorted(numbers) == list(range(1, 41))


def test_processes_that_make_the_file_at_once_lose_nothing(store: Conversations, file: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from qa.conversations import Conversations\n"
        "sys.stdin.read(1)\n"
        "store = Conversations(Path(sys.argv[1]), Path('corpus'))\n"
        "for n in range(5): store.begin('', f'{sys.argv[2]}-{n}')"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(file), str(n)], stdin=subprocess.PIPE, env=os.environ)
        for n in range(4)
    ]
    for process in running:  # all are ready by now or soon, and begin together
        assert process.stdin
        process.stdin.write(b"x")
        process.stdin.close()
    assert [process.wait(60) for process in running] == [0] * 4
    assert sorted(titles(store)) == sorted(f"{p}-{n}" for p in range(4) for n in range(5))
