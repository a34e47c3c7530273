"""The panel of conversations and the ratings: what they show and keep, and the record of a running answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import gradio as gr
import pytest
from fakes_ui import EN, POOLING, SECOND, ZH, FakeNotes, citation, hits

from qa.conversations import Conversations, Exchange, Options, Rating
from qa.errors import ModelFailed
from qa.types import Answer, Done, Failed, Language, Sources, TextDelta, Turn
from qa.ui.conversation import Conversation
from qa.ui.conversation import Exchange as Shown
from qa.ui.events import Events
from qa.ui.following import Following
from qa.ui.history_events import HistoryEvents, conversation_of
from qa.ui.line import Line
from qa.ui.panel import Panel
from qa.ui.rating import RatingEvents
from qa.ui.records import Record
from qa.ui.running import Running
from qa.ui.warming import Warming

QUESTION = "池化有什么作用？"
ANSWER = Answer(QUESTION, {"zh": ZH}, (citation(1, POOLING, SECOND),), hits(POOLING), abstained=False)
CHOICES, HINT, CURRENT, TITLE, MARKDOWN, JSON, CONFIRM, RATED, RATINGS, ADDRESS = range(10)
QUESTION_BOX, SOURCES, NOTICE, CHAT, CONVERSATION = range(5)
SHOWN = 13  # values before those of the panel


class Request:
    """What the events read of a request."""

    session_hash = "page"

    def __init__(self, language: str = "zh-CN", owner: str = "", c: str = "") -> None:
        self.headers = {"accept-language": language}
        self.username = owner
        self.query_params = {"c": c}


def request(language: str = "zh-CN", owner: str = "", c: str = "") -> gr.Request:
    return cast(gr.Request, Request(language, owner, c))


@pytest.fixture
def store(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path / "conversations.db", tmp_path, iter(range(1, 1000)).__next__)


@pytest.fixture
def broken(tmp_path: Path) -> Conversations:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    return Conversations(tmp_path / "file" / "conversations.db", tmp_path)


def kept(store: Conversations, question: str = QUESTION, owner: str = "", **more: Any) -> str:
    identity = store.begin(owner, question)
    store.append(owner, identity, Exchange(question, Options(), ANSWER, **more))
    return identity


def panel_of(store: Conversations) -> HistoryEvents:
    return HistoryEvents(store, Panel(FakeNotes()), Running())


def props(update: Any) -> dict[str, Any]:
    """What an update of a component sets."""
    return update.constructor_args if hasattr(update, "constructor_args") else update


def test_the_list_shows_titles_and_the_open_one(store: Conversations) -> None:
    first, second = kept(store, "first"), kept(store, "second")
    panel = panel_of(store).show(Conversation(id=first), "", request())
    choices = props(panel[CHOICES])
    assert [(label.split("\n")[0], value) for label, value in choices["choices"]] == [
        ("second", second),
        ("first", first),
    ]
    assert (choices["value"], choices["visible"], panel[TITLE]) == (first, True, "first")
    assert props(panel[CURRENT])["visible"] is True
    assert props(panel[MARKDOWN])["link"] == f"/conversations/{first}.md"
    assert props(panel[JSON])["link"] == f"/conversations/{first}.json"
    assert panel[ADDRESS] == f"`{first}`"


@pytest.mark.parametrize(
    ("words", "hint"), [("nothing", "没有找到这样的对话。"), ("", "还没有对话。")], ids=["not found", "none yet"]
)
def test_an_empty_list_says_why(store: Conversations, words: str, hint: str) -> None:
    if words:
        kept(store)
    panel = panel_of(store).show(Conversation(id="new"), words, request())
    assert props(panel[CHOICES])["visible"] is False
    assert hint in props(panel[HINT])["value"]
    assert props(panel[CURRENT])["visible"] is False


def test_searching_shows_what_has_the_words(store: Conversations) -> None:
    identity = kept(store, "平移的问题")
    kept(store, "another")
    panel = panel_of(store).show(Conversation(), "平移的", request())
    assert [value for _, value in props(panel[CHOICES])["choices"]] == [identity]


def test_opening_draws_the_answers_again_in_the_readers_language(store: Conversations) -> None:
    identity = kept(store, ended="stopped")
    store.append("", identity, Exchange("second", Options(), ANSWER))
    for language, told in (("zh-CN", "这个回答没有写完。"), ("en", "This answer was not finished.")):
        opened = panel_of(store).open(identity, Conversation(), "", request(language))
        conversation = opened[CONVERSATION]
        assert (conversation.id, conversation.number, conversation.writing) == (identity, 2, False)
        assert conversation.turns == (Turn(QUESTION, ZH), Turn("second", ZH))
        assert [each.answer for each in conversation.exchanges] == [None, ANSWER]
        assert told in conversation.exchanges[0].html
        assert told not in conversation.exchanges[1].html
        assert 'id="nq-answer-1"' in conversation.exchanges[1].html
        assert 'id="nq-sources-1"' in opened[SOURCES]
        assert [message["role"] for message in opened[CHAT]] == ["user", "assistant"] * 2


def test_a_page_opens_with_the_conversation_of_its_address_or_a_new_one(store: Conversations) -> None:
    events = panel_of(store)
    identity = kept(store)
    assert events.load(Conversation(), "", request(c=identity))[CONVERSATION].id == identity
    for wrong in ("", "gone", "'; DROP TABLE conversations"):
        fresh = events.load(Conversation(), "", request(c=wrong))[CONVERSATION]
        assert fresh.exchanges == ()
        assert len(fresh.id) == 24
        assert fresh.id != identity


def test_a_question_that_was_faster_than_the_load_is_kept(store: Conversations) -> None:
    asked = Conversation(id="x").asked(Shown("q", "w"))
    assert panel_of(store).load(asked, "", request(c=kept(store)))[CONVERSATION] == gr.skip()


def test_another_owners_conversation_is_not_opened(store: Conversations) -> None:
    identity = kept(store, owner="ann")
    events = panel_of(store)
    assert events.load(Conversation(), "", request(owner="ann", c=identity))[CONVERSATION].id == identity
    stolen = events.load(Conversation(), "", request(owner="bob", c=identity))
    assert stolen[CONVERSATION].exchanges == ()
    assert props(stolen[SHOWN + CHOICES])["choices"] == []


def test_renaming_and_deleting(store: Conversations) -> None:
    identity = kept(store)
    events = panel_of(store)
    assert events.rename(Conversation(id=identity), "", "期末复习", request())[TITLE] == "期末复习"
    deleted = events.delete(Conversation(id=identity), "", request())
    assert deleted[CONVERSATION].id not in ("", identity)
    assert store.find("") == []
    assert events.delete(Conversation(id=identity), "", request())[CONVERSATION].exchanges == ()  # in a second tab


def test_ratings_that_can_be_saved_are_counted_and_others_explained(store: Conversations) -> None:
    kept(store, rating=Rating(True))
    kept(store, rating=Rating(False))
    panel = panel_of(store).show(Conversation(), "", request("en"))
    assert "Questions to save: 1" in panel[RATED]
    assert "Ratings left out: 1 (bad, but what is right is not known: 1)" in panel[RATED]
    assert props(panel[RATINGS])["visible"] is True


def test_a_panel_that_cannot_read_says_so_and_keeps_what_it_shows(broken: Conversations) -> None:
    panel = panel_of(broken).show(Conversation(id="x"), "", request())
    assert len(panel) == 10
    assert "保存对话的文件无法读取或写入。" in props(panel[HINT])["value"]


def test_ratings_are_kept_and_shown(store: Conversations) -> None:
    conversation = conversation_of(store.read("", kept(store)), "zh")
    events = RatingEvents(store)

    def rating() -> Rating | None:
        return store.read("", conversation.id).exchanges[0].rating

    row, good, bad, why, *_ = events.good(conversation, request())
    assert rating() == Rating(True)
    assert [props(part)["variant"] for part in (good, bad)] == ["primary", "secondary"]
    row, good, bad, why, reason, comment, thanks = events.bad(conversation, request())
    assert rating() == Rating(False)
    assert (props(row)["visible"], props(why)["visible"], reason, comment) == (True, True, None, "")
    assert "只保存在这台电脑上" in props(thanks)["value"]
    events.save(conversation, "sources", " 第 3 行 ", request())
    assert rating() == Rating(False, "sources", "第 3 行")
    shown = events.show(conversation, request())
    assert (shown[4], shown[5], props(shown[3])["visible"]) == ("sources", "第 3 行", False)
    events.bad(conversation, request())
    assert rating() is None


def test_nothing_is_rated_before_there_is_an_answer(store: Conversations) -> None:
    events = RatingEvents(store)
    for conversation in (Conversation(), Conversation(id=kept(store), number=1, writing=True)):
        assert props(events.show(conversation, request())[0])["visible"] is False


def record(store: Conversations | None, identity: str = "", ui: Language = "zh") -> Record:
    made = Record(store, "", identity, ui)
    made.ask(QUESTION, Options("zh", "a/", False))
    return made


def last(store: Conversations) -> Exchange:
    return store.read("", store.find("")[0].id).exchanges[-1]


def test_a_question_is_kept_before_its_answer_and_the_answer_in_its_place(store: Conversations) -> None:
    made = record(store)
    assert (last(store).question, last(store).ended, last(store).answer.texts) == (QUESTION, "stopped", {})
    made.hear(Done(ANSWER))
    made.close()
    assert (last(store).answer, last(store).ended, last(store).options) == (ANSWER, "done", Options("zh", "a/"))
    again = record(store, made.identity)
    assert (again.identity, again.number) == (made.identity, 2)


def test_what_was_said_until_the_reader_stopped_is_kept_without_numbers(store: Conversations) -> None:
    made = record(store)
    for event in (
        Sources(hits(POOLING)),
        TextDelta("en", "Pooling [1]"),
        TextDelta("en", " does"),
        TextDelta("zh", "?", True),
    ):
        made.hear(event)
    made.close()
    assert last(store).answer == Answer(QUESTION, {"en": "Pooling does"}, (), hits(POOLING), abstained=False)
    assert last(store).ended == "stopped"


def test_what_was_said_until_something_broke_is_kept(store: Conversations) -> None:
    made = record(store)
    made.hear(Failed(ModelFailed("x"), {"zh": "池化"}))
    made.close()
    assert (last(store).answer.texts, last(store).ended) == ({"zh": "池化"}, "failed")


def test_a_question_asked_again_takes_the_place_of_the_last_one(store: Conversations) -> None:
    made = record(store)
    made.hear(Done(ANSWER))
    again = Record(store, "", made.identity, "zh")
    again.ask("再问", Options(), again=True)
    assert [exchange.question for exchange in store.read("", made.identity).exchanges] == ["再问"]


def test_a_conversation_that_was_deleted_meanwhile_begins_anew(store: Conversations) -> None:
    made = record(store)
    store.delete("", made.identity)
    made.hear(Done(ANSWER))  # lost with its conversation, as its reader wanted
    assert store.find("") == []
    assert record(store, made.identity).number == 1


@pytest.mark.parametrize("nothing", [True, False], ids=["no file wanted", "file unusable"])
def test_asking_goes_on_where_nothing_is_kept(broken: Conversations, nothing: bool) -> None:
    notes = FakeNotes(pause=0)
    events = Events(notes, Warming(notes), Following(notes), Line(lambda: 1), None if nothing else broken)
    if nothing:
        *_, shown = events.answer("pooling", "en", "", "notes", Conversation(), request("en"))
    else:
        with pytest.warns(UserWarning, match="This could not be saved"):  # in a page a corner says it
            *_, shown = events.answer("pooling", "en", "", "notes", Conversation(), request("en"))
    conversation = shown[CONVERSATION]
    assert conversation.number == 0
    assert conversation.turns == (Turn("pooling", EN),)


def test_a_question_waits_for_its_turn_and_says_how_many_are_before_it(store: Conversations) -> None:
    notes = FakeNotes(pause=0)
    line = Line(lambda: 1)
    events = Events(notes, Warming(notes), Following(notes), line, store)
    with line.stand():
        updates = events.answer("pooling", "en", "", "notes", Conversation(), request("en"))
        next(updates)
        waiting = next(updates)[CONVERSATION]
        assert "Waiting; questions before yours: 1" in waiting.exchanges[-1].html
        cast(Any, updates).close()  # stopped while it waits
    assert notes.asked == []
    assert (last(store).question, last(store).ended) == ("pooling", "stopped")
    with line.stand() as turn:
        assert turn.wait(0) == 0


def test_stopping_reaches_a_model_that_says_nothing_yet(store: Conversations) -> None:
    notes = FakeNotes(pause=0)
    events = Events(notes, Warming(notes), Following(notes), Line(lambda: 1), store)
    updates = events.answer("reading", "en", "", "notes", Conversation(), request("en"))
    next(updates)
    shown = next(updates)[CONVERSATION]
    stopped = events.stopped(shown, request("en"))[CONVERSATION]
    assert list(updates) == []  # and no error comes after it
    assert stopped.writing is False
    assert stopped.exchanges[-1].html == '<div class="nq-small">Stopped.</div>'
    assert (last(store).question, last(store).ended) == ("reading", "stopped")


def test_a_stop_that_comes_to_rest_late_leaves_the_next_answer_alone(store: Conversations) -> None:
    notes = FakeNotes(pause=0)
    events = Events(notes, Warming(notes), Following(notes), Line(lambda: 1), store)
    first = events.answer("endless", "en", "", "notes", Conversation(), request("en"))
    next(first)
    piece = next(first)[CONVERSATION]
    stopped = events.stopped(piece, request("en"))[CONVERSATION]
    assert events.settled(piece, request("en"))[CONVERSATION].writing is False  # the piece came after the stop
    assert list(first) == []
    second = events.answer("pooling", "en", "", "notes", stopped, request("en"))
    asked = next(second)[CONVERSATION]
    assert props(events.settled(asked, request("en"))[CONVERSATION]) == props(gr.skip())
    *_, shown = second
    assert shown[CONVERSATION].turns[-1] == Turn("pooling", EN)


@pytest.mark.parametrize("leave", ["new chat", "open", "delete"])
def test_leaving_a_conversation_stops_its_answer(store: Conversations, leave: str) -> None:
    notes = FakeNotes(pause=0)
    events = Events(notes, Warming(notes), Following(notes), Line(lambda: 1), store)
    panel = HistoryEvents(store, events.panel, events.running)
    updates = events.answer("reading", "en", "", "notes", Conversation(), request("en"))
    shown = next(updates)[CONVERSATION]
    next(updates)
    if leave == "new chat":
        events.new_chat(request("en"))
    elif leave == "open":
        panel.open(kept(store), shown, "", request("en"))
    else:
        panel.delete(shown, "", request("en"))
    assert list(updates) == []


def test_asking_again_takes_the_place_of_the_last_answer(store: Conversations) -> None:
    notes = FakeNotes(pause=0)
    events = Events(notes, Warming(notes), Following(notes), Line(lambda: 1), store)
    *_, first = events.answer("pooling", "en", "", "general", Conversation(id="x"), request("en"))
    *_, second = events.again("", "notes", first[CONVERSATION], request("en"))
    edited = events.edit(second[CONVERSATION], request("en"))[CONVERSATION]
    *_, third = events.answer("pooling?", "zh", "", "notes", edited, request("en"))
    assert (third[CONVERSATION].id, third[CONVERSATION].number) == ("x", 1)
    *_, other = events.in_other_language("", "notes", third[CONVERSATION], request("en"))
    stored = store.read("", "x").exchanges
    assert [(each.question, each.options.language, each.ended) for each in stored] == [
        ("pooling?", "zh", "done"),
        ("pooling?", "en", "done"),
    ]
    assert other[CONVERSATION].number == 2


def test_a_question_in_the_box_stays_unless_it_belongs_to_the_conversation_that_is_left(store: Conversations) -> None:
    identity = kept(store)
    there = conversation_of(store.read("", identity), "zh")
    assert panel_of(store).open(identity, there, "", request())[QUESTION_BOX] == gr.skip()
    assert panel_of(store).open(identity, there.replace_last(), "", request())[QUESTION_BOX] == ""
