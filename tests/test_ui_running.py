"""Answers that can be ended from another thread."""

from __future__ import annotations

from qa.ui.running import Running


def test_stopping_reaches_the_answer_of_that_page_only() -> None:
    running = Running()
    with running.begin("one") as first, running.begin("two") as second:
        running.stop("one")
        assert (first.is_set(), second.is_set()) == (True, False)
    running.stop("two")
    assert second.is_set() is False  # it is over


def test_an_answer_goes_on_until_it_ends_or_is_ended() -> None:
    running = Running()
    with running.begin("page"):
        assert (running.goes_on("page"), running.goes_on("other")) == (True, False)
        running.stop("page")
        assert running.goes_on("page") is False
        with running.begin("page"):
            assert running.goes_on("page") is True
    assert running.goes_on("page") is False


def test_the_next_answer_of_a_page_ends_the_one_before_it() -> None:
    running = Running()
    with running.begin("page") as first:
        with running.begin("page") as second:
            assert (first.is_set(), second.is_set()) == (True, False)
        running.stop("page")
        assert second.is_set() is False
