"""Which sequence of llama.cpp takes a request."""

from __future__ import annotations

import threading

from qa.chat import Message
from qa.chat.llamacpp_slots import Slot, Slots

SYSTEM = Message("system", "You answer questions from a person's notes, in English and in one to four sentences.")
OTHER = Message(
    "system", "把问题翻译成中文。专有名词译成通用的中文名，公式和代码保持原样。只输出译文，一行。请务必记住以上要求。"
)


def asked(text: str, system: Message = SYSTEM) -> list[Message]:
    return [system, Message("user", text)]


def wanted() -> bool:
    return False


def test_the_sequence_that_read_the_same_excerpts_goes_on_with_them() -> None:
    slots = Slots(3)
    excerpts = "Note excerpts: pooling keeps the largest value of a region, and so the map becomes smaller. "
    checked = slots.take(asked(excerpts + "Do they answer?"), wanted)
    assert checked == Slot(0, None)
    slots.give_back(0, asked(excerpts + "Do they answer?"))
    assert slots.take(asked(excerpts + "What is pooling?"), wanted) == Slot(0, None)


def test_another_answer_takes_the_kept_beginning_and_leaves_the_excerpts_of_the_first_alone() -> None:
    slots = Slots(3)
    slots.keep(asked("?"), "answer.state")
    slots.take(asked("Note excerpts: pooling keeps the largest value of a region."), wanted)
    slots.give_back(0, asked("Note excerpts: pooling keeps the largest value of a region."))
    assert slots.take(asked("Note excerpts: a kernel is shared by all places."), wanted) == Slot(1, "answer.state")
    slots.give_back(1, asked("Note excerpts: a kernel is shared by all places."))


def test_the_sequence_that_was_not_used_for_longest_is_given_up() -> None:
    slots = Slots(2)
    slots.keep([OTHER, Message("user", "?")], "translation.state")
    for number in (1, 0):
        slots.take([], wanted)
        slots.take([], wanted)
        slots.give_back(number, asked(f"answer {number}"))
        slots.give_back(1 - number, asked(f"answer {1 - number}"))
    assert slots.take(asked("What is a gate?", OTHER), wanted) == Slot(0, "translation.state")


def test_a_file_of_no_use_is_not_taken_again() -> None:
    slots = Slots(1)
    slots.keep(asked("?"), "broken.state")
    slots.forget("broken.state")
    assert slots.take(asked("?"), wanted) == Slot(0, None)


def test_a_request_waits_for_a_free_sequence_as_long_as_it_is_wanted() -> None:
    slots = Slots(1)
    slots.take(asked("first"), wanted)
    given_up = threading.Event()
    threading.Timer(0.05, given_up.set).start()
    assert slots.take(asked("second"), given_up.is_set) is None
    threading.Timer(0.05, slots.give_back, (0, asked("first"))).start()
    assert slots.take(asked("third"), wanted) == Slot(0, None)
