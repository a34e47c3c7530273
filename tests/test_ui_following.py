"""The index beside the page: what is known about it, and what of that an open page is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fakes_ui import NOTHING_NEW, FakeNotes

from qa.errors import IndexLocked, IndexNotBuilt
from qa.types import IndexChanges, Progress, Topic
from qa.ui.conversation import Conversation
from qa.ui.events import Events, Seen
from qa.ui.following import Following
from qa.ui.warming import Warming

NEW = IndexChanges(("new.md",), (), (), 2, 1, 8, 9, (), 0.1)
ZH: Any = SimpleNamespace(headers={"accept-language": "zh-CN"})
EN: Any = SimpleNamespace(headers={"accept-language": "en"})
SWITCHED: Any = SimpleNamespace(headers={"accept-language": "en", "cookie": "a=b; nq-language=zh"})


@pytest.fixture
def notes() -> FakeNotes:
    return FakeNotes()


@pytest.fixture
def following(notes: FakeNotes) -> Iterator[Following]:
    following = Following(notes, retry_seconds=0.01)
    yield following
    following.stop()


@pytest.fixture
def events(notes: FakeNotes, following: Following) -> Events:
    return Events(notes, Warming(notes), following)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_first_refresh_is_known_even_where_it_changed_nothing(following: Following) -> None:
    following.start()
    until(lambda: following.now.refreshes == 1)
    assert (following.now.changes, following.now.progress, following.now.error) == (NOTHING_NEW, None, None)


def test_progress_is_known_while_a_refresh_runs(notes: FakeNotes, following: Following) -> None:
    notes.stale = ("encoder",)
    notes.news.queue.clear()
    notes.news.put(Progress("encode", 3, 12))
    following.start()
    until(lambda: following.now.progress is not None)
    assert (following.now.progress, following.now.stale) == (Progress("encode", 3, 12), ("encoder",))
    notes.news.put(NEW)
    until(lambda: following.now.refreshes == 1)
    assert (following.now.progress, following.now.stale, following.now.changes) == (None, (), NEW)


def test_refresh_that_changes_nothing_leaves_the_last_news(following: Following) -> None:
    following.report(NEW)
    at = following.now.at
    following.report(NOTHING_NEW)
    assert (following.now.changes, following.now.at, following.now.refreshes) == (NEW, at, 1)


def test_failed_refresh_is_known_until_one_succeeds(following: Following) -> None:
    following.report(NEW)
    error = IndexLocked("Another process is writing. Wait.")
    following.report(error)
    assert (following.now.error, following.now.changes, following.now.refreshes) == (error, NEW, 1)
    following.report(NOTHING_NEW)
    assert following.now.error is None


def test_error_that_nobody_expected_is_shown_and_following_goes_on(notes: FakeNotes, following: Following) -> None:
    notes.news.put(RuntimeError("out of memory"))
    notes.news.put(NEW)
    following.start()
    until(lambda: following.now.refreshes == 2)
    assert (following.now.changes, following.now.error) == (NEW, None)


def test_stop_ends_it(following: Following) -> None:
    following.start()
    following.stop()
    until(lambda: not following.running)


def test_page_is_sent_only_what_it_does_not_show_yet(following: Following, events: Events) -> None:
    following.report(NOTHING_NEW)
    status, topics, *_, seen = events.status("", Seen(), Conversation(), EN)
    assert "All notes are indexed (just now)." in status
    assert topics.choices[0] == ("All notes", "")
    again = events.status("", seen, Conversation(), EN)
    assert [update.get("__type__") for update in again] == ["update"] * 5
    assert seen == Seen(status, 1)


def test_status_follows_the_browsers_language(following: Following, events: Events) -> None:
    following.report(NEW)
    status, *_ = events.status("", Seen(), Conversation(), ZH)
    assert "1 篇笔记有变动，已更新索引（刚刚）。" in status
    assert "本地模型：scripted-fake" in status


def test_what_the_reader_chose_comes_before_the_browsers_language(following: Following, events: Events) -> None:
    assert "本地模型：scripted-fake" in events.status("", Seen(), Conversation(), SWITCHED)[0]


def test_topics_follow_a_refresh_and_the_chosen_one_stays(
    notes: FakeNotes, following: Following, events: Events
) -> None:
    following.report(NOTHING_NEW)
    *_, seen = events.status("", Seen(), Conversation(), EN)
    notes.more_topics = (Topic("New", "new.md", 1),)
    following.report(NEW)
    _, topics, _, _, seen = events.status("training-tricks.md", seen, Conversation(), EN)
    assert topics.choices[-1] == ("New (1)", "new.md")
    assert topics.value == "training-tricks.md"
    assert seen.refreshes == 2


def test_chosen_topic_that_is_gone_becomes_all_notes(following: Following, events: Events) -> None:
    following.report(NEW)
    _, topics, *_ = events.status("gone.md", Seen(), Conversation(), EN)
    assert topics.value == ""


def test_topics_stay_as_they_are_while_only_the_status_changes(following: Following, events: Events) -> None:
    following.report(NEW)
    *_, seen = events.status("", Seen(), Conversation(), EN)
    following.report(IndexLocked("Another process is writing. Wait."))
    status, topics, *_ = events.status("", seen, Conversation(), EN)
    assert "Another process is writing. Wait." in status
    assert topics == {"__type__": "update"}


def test_page_without_an_index_has_no_topics_but_all_notes() -> None:
    class Unbuilt(FakeNotes):
        def topics(self) -> tuple[Topic, ...]:
            raise IndexNotBuilt("There is no index yet.")

    notes = Unbuilt()
    _, topics, *_ = Events(notes, Warming(notes), Following(notes)).status("", Seen(), Conversation(), EN)
    assert topics.choices == [("All notes", "")]


def test_refresh_by_the_button_is_news_for_every_page(following: Following, events: Events) -> None:
    reports = [report for report, _ in events.rebuild(EN)]
    assert "1 added" in reports[-1]
    assert following.now.changes is not None
    assert following.now.changes.added == ("new.md",)
