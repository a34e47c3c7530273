"""A conversation as the page holds it: what the notes are told of it, and what is replaced."""

from __future__ import annotations

from fakes_ui import EN, hits

from qa.types import Answer, Topic, Turn
from qa.ui.conversation import Conversation, Exchange
from qa.ui.shown import empty_chat, messages

DONE = Exchange(
    "a", "<div>1</div>", texts={"en": EN}, answer=Answer("a", {"en": EN}, (), hits(), False), followups=("c",)
)
BROKEN = Exchange("b", "<div>2</div>")


def test_only_what_was_said_is_a_turn() -> None:
    assert Conversation((DONE, BROKEN)).turns == (Turn("a", EN),)
    assert Conversation((Exchange("a", "", texts={"zh": "甲", "en": "A"}),)).turns == (Turn("a", "甲\n\nA"),)


def test_a_question_takes_the_place_of_the_last_one_only_when_that_was_asked_for() -> None:
    talk = Conversation((DONE,))
    assert talk.asked(BROKEN).exchanges == (DONE, BROKEN)
    assert talk.replace_last().asked(BROKEN) == Conversation((BROKEN,), writing=True)
    assert talk.replace_last().keep_last() == talk
    assert not Conversation().replace_last().replacing


def test_the_other_language_is_that_in_which_nothing_was_said() -> None:
    assert DONE.other_language == "zh"
    assert Exchange("a", "", texts={"zh": "甲", "en": "A"}).other_language is None
    assert BROKEN.other_language is None


def test_questions_to_go_on_with_follow_the_last_answer_when_it_is_finished() -> None:
    assert messages(Conversation((DONE,)))[-1]["options"] == [{"value": "c"}]
    assert "options" not in messages(Conversation((DONE,), writing=True))[-1]
    assert all("options" not in message for message in messages(Conversation((DONE, BROKEN))))


def test_a_question_that_is_edited_is_not_shown_twice() -> None:
    assert len(messages(Conversation((DONE, BROKEN)).replace_last())) == 2


def test_an_empty_folder_is_said_to_be_empty_only_when_it_was_read() -> None:
    assert "No notes yet" in empty_chat((), "en").placeholder
    assert "Ask your notes" in empty_chat((), "en", indexed=False).placeholder
    asked = empty_chat((Topic("A", "a.md", 1),), "en")
    assert asked.examples == [{"text": "What do my notes say about “A”?"}]
