"""Values: what their properties say."""

from __future__ import annotations

from dataclasses import replace

from qa.types import Answer, Citation, IndexChanges, Passage

PASSAGE = Passage("cnn.md", "CNN", ("CNN", "池化"), "池化层缩小特征图。", 40, 49, 7, 8, "zh")
NOTHING = IndexChanges((), (), (), unchanged=3, embedded=0, reused=9, passages=9, skipped=(), seconds=0.1)


def test_passage_id_names_note_lines_and_offset() -> None:
    assert PASSAGE.id == "cnn.md#L7-L8@40"


def test_two_passages_of_one_line_have_two_ids() -> None:
    assert replace(PASSAGE, start=49, end=60).id != PASSAGE.id


def test_citation_names_note_and_headings_of_its_passage() -> None:
    citation = Citation(1, PASSAGE, "池化层缩小特征图。", 7, 7)
    assert (citation.note_path, citation.headings) == ("cnn.md", ("CNN", "池化"))


def test_text_of_an_answer_has_chinese_first() -> None:
    assert Answer("q", {"en": "Pooling.", "zh": "池化。"}, (), (), abstained=True).text == "池化。\n\nPooling."


def test_text_of_an_answer_in_one_language_is_that_text() -> None:
    assert Answer("q", {"en": "Pooling."}, (), (), abstained=True).text == "Pooling."


def test_changes_are_true_where_the_index_differs() -> None:
    assert not NOTHING
    assert replace(NOTHING, added=("a.md",))
    assert replace(NOTHING, updated=("a.md",))
    assert replace(NOTHING, deleted=("a.md",))


def test_changes_are_true_after_encoding_with_another_encoder() -> None:
    assert replace(NOTHING, embedded=9, reused=0)
