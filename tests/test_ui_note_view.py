"""A whole note at the place of a passage, as it is now, and what is said where it is not what it was."""

from __future__ import annotations

from dataclasses import replace

from fakes_ui import NOTES, POOLING, SECOND, WARM_UP, citation

from qa.types import Note
from qa.ui.note_view import changed, place_of, render_whole_note

NOTE = NOTES["ai-interview.md"]
EDITED = "was edited after the answer"


def shown(note: Note | None) -> str:
    return render_whole_note(note, place_of(citation(2, POOLING, SECOND)), 4, "en")


def marked(html: str) -> str:
    return "".join(part.split("</mark>")[0] for part in html.split("<mark>")[1:])


def test_the_whole_note_stands_there_with_the_quote_marked_and_a_way_back() -> None:
    html = shown(NOTE)
    assert 'id="nq-back-4"' in html
    assert "AI Interview</p>" in html
    assert marked(html) == "增强平移不变性，stride=2 时输出"
    assert EDITED not in html


def test_a_passage_that_only_moved_is_found_and_nothing_is_said() -> None:
    moved = replace(NOTE, text="# 新的开头\n\n" + NOTE.text)
    assert marked(shown(moved)) == "增强平移不变性，stride=2 时输出"
    assert EDITED not in shown(moved)


def test_an_edited_passage_is_said_to_be_and_a_quote_that_is_still_there_is_marked() -> None:
    assert EDITED in shown(replace(NOTE, text=NOTE.text.replace("降维", "降低维度")))
    assert marked(shown(replace(NOTE, text=NOTE.text.replace("降维", "降低维度")))) == "增强平移不变性，stride=2 时输出"
    assert marked(shown(replace(NOTE, text=NOTE.text.replace("增强平移", "提高")))) == ""


def test_of_a_note_that_is_gone_the_passage_is_shown_as_it_was_read() -> None:
    html = shown(None)
    assert "deleted or moved" in html
    assert marked(html) == "增强平移不变性，stride=2 时输出"


def test_a_passage_that_nobody_cites_is_marked_at_its_first_line() -> None:
    assert marked(render_whole_note(NOTES["training-tricks.md"], place_of(WARM_UP), 0, "en")) == "Warm-up"


def test_of_a_very_long_note_only_what_is_around_the_place_is_laid_out() -> None:
    long = replace(NOTE, text="头\n" + "字\n" * 40_000 + NOTE.text + "尾\n" * 40_000)
    html = shown(long)
    assert marked(html) == "增强平移不变性，stride=2 时输出"
    assert 59_000 < html.count("字") + html.count("尾") + html.count("<br>") < 62_000


def test_only_what_was_read_counts_as_changed() -> None:
    assert not changed(replace(NOTE, text=NOTE.text + "\n更多"), POOLING)
    assert changed(replace(NOTE, text=NOTE.text.replace("降维", "")), POOLING)
    assert changed(None, POOLING)
