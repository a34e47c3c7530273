"""An answer's text as it grows: what the reader sees of it when, and what the check makes of each sentence."""

from __future__ import annotations

import itertools

import pytest
from fakes import WordEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.citations import numbers_in
from qa.drafting import Draft, Numbering
from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.support import Support, supports
from qa.types import Event, Note, Sentence, SentenceChecked, TextDelta

TEXT = "# A\n\n## 一\n\n池化用来降维。\n\n池化增强平移不变性。\n\n## 二\n\n填充保住边缘像素。\n"
GROUNDS = Grounds(split_note(Note("a.md", "A", TEXT, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())
ANSWER = "池化用来降维 [1]。池化增强平移不变性。[2] 填充保住边缘像素 [1]。\n巴黎举办了足球比赛 [1]。"


def check(raw: str) -> tuple[Support, ...]:
    return supports(raw, GROUNDS)


def draft(strict: bool = True) -> Draft:
    return Draft("zh", Numbering(GROUNDS), check, strict)


def written(of: Draft, *pieces: str) -> list[Event]:
    return [*(event for piece in pieces for event in of.add(piece)), *of.finish()]


def seen(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_each_quote_has_its_own_number_in_order() -> None:
    made = draft()
    written(made, ANSWER)
    assert made.text() == "池化用来降维 [1]。池化增强平移不变性 [2]。 填充保住边缘像素 [3]。"


def test_what_became_of_each_sentence_is_told() -> None:
    made = draft()
    events = written(made, ANSWER)
    changes = [event.sentence.change for event in events if isinstance(event, SentenceChecked)]
    assert changes == ["kept", "corrected", "corrected", "dropped"]
    assert [sentence.support >= 0 for sentence in made.sentences] == [True, True, True, False]


def test_words_that_are_shown_are_known_in_other_marks_too() -> None:
    made = draft()
    written(made, ANSWER)
    assert made.says("**池化用来降维**！")
    assert not made.says("巴黎举办了足球比赛。")  # left out
    assert not made.says("池化用来降维 x=-1")


def test_words_are_seen_before_their_sentence_is_whole_and_numbers_only_then() -> None:
    made = draft()
    assert seen(list(made.add("池化用来"))) == "池化用来"
    assert seen(list(made.add("降维 ["))) == "降维"
    assert seen(list(made.add("1]。"))) == ""
    assert seen(list(made.add("填充"))) == " [1]。填充"


def test_mark_before_a_number_waits_for_it() -> None:
    made = draft()
    events = written(made, "池化用来降维。", "[", "1", "] 填充保住边缘像素。")
    assert seen(events) == "池化用来降维 [1]。 填充保住边缘像素 [2]。"


@given(st.lists(st.integers(0, 1000), max_size=8))
@settings(max_examples=50, deadline=None)
def test_the_same_is_seen_in_any_chunking(cuts: list[int]) -> None:
    places = [0, *sorted(cut % (len(ANSWER) + 1) for cut in cuts), len(ANSWER)]
    pieces = [ANSWER[a:b] for a, b in itertools.pairwise(places)]
    made, whole = draft(), draft()
    assert seen(written(made, *pieces)) == seen(written(whole, ANSWER))
    assert made.text() == whole.text()


def test_unsupported_sentence_is_marked_where_that_is_allowed() -> None:
    made = draft(strict=False)
    written(made, "巴黎举办了足球比赛 [1]。")
    assert made.text() == "巴黎举办了足球比赛。（不在你的笔记中）"
    assert made.supported() == []


def test_only_the_last_words_of_a_broken_off_answer_are_lost() -> None:
    made = draft()
    written(made, "池化用来降维 [1]。\n2. ")
    assert made.text() == "池化用来降维 [1]。"


def test_numbers_and_citations_are_the_same_set() -> None:
    numbering = Numbering(GROUNDS)
    made = Draft("zh", numbering, check)
    written(made, ANSWER)
    cited = set(numbers_in(made.text()))
    assert [citation.number for citation in numbering.citations(cited)] == sorted(cited)
    assert [citation.quote for citation in numbering.citations({3})] == ["填充保住边缘像素。"]


def test_sentence_that_says_a_part_of_a_statement_gives_way_to_it() -> None:
    made = draft()
    written(made, "池化用来降维 [1]。填充保住边缘像素 [3]。")
    made.drop(made.repeated_by(GROUNDS.statements[0]))
    assert made.text() == "填充保住边缘像素 [2]。"
    assert [sentence.change for sentence in made.sentences] == ["dropped", "corrected"]


def test_translation_gives_way_with_its_sentence_and_another_on_the_same_words_does_not() -> None:
    made, other = draft(), draft()
    written(made, "池化用来降维 [1]。")
    _, found = made.latest()
    other.put(Sentence("en", "Pooling lowers dimensions.", (1,), 0.3, "translated"), found)
    other.put(Sentence("en", "It says more.", (1,), 0.3, "translated"), tuple(each for each in found))
    other.drop(made.repeated_by(GROUNDS.statements[0]))
    assert [sentence.change for sentence in other.sentences] == ["dropped", "translated"]


def test_label_that_comes_again_does_not_end_the_answer() -> None:
    made = draft()
    written(made, "优点：\n池化用来降维。\n优点：\n填充保住边缘像素。")
    assert made.text().endswith("填充保住边缘像素 [2]。")
    assert not made.repeats


def test_what_was_said_before_is_not_said_again() -> None:
    made = draft()
    written(made, "池化用来降维 [1]。池化用来降维 [1]。池化用来降维")
    assert made.text() == "池化用来降维 [1]。"
    assert made.repeats


@pytest.mark.parametrize("end", ["", "。"])
def test_sentence_that_goes_round_ends_the_draft_without_it(end: str) -> None:
    made = draft()
    written(made, "池化用来降维 [1]。池化用来降维" + "，从而导致维度降低" * 3 + end)
    assert made.text() == "池化用来降维 [1]。"
    assert made.repeats


def test_row_of_a_table_does_not_go_round() -> None:
    made = draft()
    written(made, "| --- | --- | --- | --- | --- |")
    assert not made.repeats


def test_sentence_that_says_more_than_the_statement_stays() -> None:
    quoted = supports("填充保住边缘像素。", GROUNDS)
    made = Draft("zh", Numbering(GROUNDS), lambda _: quoted)
    written(made, "填充保住边缘像素，卷积核的大小常取奇数。")
    (whole,) = (each for each in GROUNDS.statements if each.text == "填充保住边缘像素。")
    made.drop(made.repeated_by(whole))
    assert made.text() == "填充保住边缘像素，卷积核的大小常取奇数 [1]。"


def test_yes_or_no_stays_before_the_whole_statement() -> None:
    made = draft()
    written(made, "是，池化用来降维 [1]。")
    made.drop(made.repeated_by(GROUNDS.statements[0]))
    assert made.text() == "是，池化用来降维 [1]。"


@pytest.mark.parametrize("text", ["", " \n", "[1]", "- "])
def test_nothing_is_no_sentence(text: str) -> None:
    made = draft()
    assert written(made, text) == []
    assert made.text() == ""
