"""The line of questions: so many at once, the others in the order in which they came."""

from __future__ import annotations

import threading

from qa.ui.line import ANSWERS_AT_ONCE, Line


def test_those_who_have_a_place_do_not_wait_and_others_know_how_many_are_before_them() -> None:
    line = Line(lambda: 2)
    with line.stand() as first, line.stand() as second, line.stand() as third, line.stand() as fourth:
        assert [turn.wait(0) for turn in (first, second, third, fourth)] == [0, 0, 2, 3]


def test_who_leaves_lets_the_next_one_in_also_from_the_middle() -> None:
    line = Line(lambda: 1)
    with line.stand() as last_first, line.stand() as gone:
        with line.stand() as third:
            assert [last_first.wait(0), gone.wait(0), third.wait(0)] == [0, 1, 2]
        assert gone.wait(0) == 1
    with line.stand() as alone:
        assert alone.wait(0) == 0


def test_the_next_one_is_woken_at_once() -> None:
    line = Line(lambda: 1)
    waited: list[int] = []
    with line.stand():
        standing = threading.Event()

        def wait() -> None:
            with line.stand() as turn:
                standing.set()
                waited.append(turn.wait(60))

        thread = threading.Thread(target=wait)
        thread.start()
        assert standing.wait(30)
        assert waited == []
    thread.join(30)
    assert waited == [0]


def test_an_error_gives_the_place_back() -> None:
    line = Line(lambda: 1)
    try:
        with line.stand():
            raise RuntimeError
    except RuntimeError:
        pass
    with line.stand() as turn:
        assert turn.wait(0) == 0


def test_places_may_become_more() -> None:
    places = [1]
    line = Line(lambda: places[0])
    with line.stand(), line.stand() as second:
        assert second.wait(0) == 1
        places[0] = ANSWERS_AT_ONCE
        assert second.wait(0) == 0
