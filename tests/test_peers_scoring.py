"""What counts as right in `bench.peers`, on texts that no library made."""

from __future__ import annotations

import json
from pathlib import Path

from bench.peers.cases import Case, note_of, read_cases
from bench.peers.measuring import insert_paragraph
from bench.peers.pipeline import Piece
from bench.peers.scoring import bare, first_right, is_right, shared
from qa.question_sets import Gold

NOTE = """# 池化

池化层 (pooling) 让特征图变小，
　　**参数** 因此更少。

# Dropout

Dropout 随机丢弃神经元。池化不会。
"""
NOTES = {"a.md": NOTE, "b.md": NOTE}
QUOTE = Gold("a.md", "特征图变小，\n　　**参数** 因此更少")


def test_a_piece_that_holds_the_quote_is_right() -> None:
    assert is_right(Piece("a.md", NOTE[:60]), QUOTE, NOTES)


def test_markup_and_spaces_that_a_library_took_away_do_not_count() -> None:
    assert is_right(Piece("a.md", "池化层 pooling 让特征图变小 参数因此更少"), QUOTE, NOTES)


def test_the_same_words_in_another_note_are_not_right() -> None:
    assert not is_right(Piece("b.md", NOTE), QUOTE, NOTES)


def test_another_place_of_the_same_text_is_right() -> None:
    assert is_right(Piece("b.md", NOTE, copies=("a.md",)), QUOTE, NOTES)


def test_half_of_the_quote_is_enough_and_less_is_not() -> None:
    gold = Gold("a.md", "随机丢弃神经元。池")
    assert is_right(Piece("a.md", "Dropout 随机丢弃"), gold, NOTES)
    assert not is_right(Piece("a.md", "Dropout 随机丢"), gold, NOTES)


def test_words_that_the_quote_shares_with_another_place_are_not_half_of_it() -> None:
    gold = Gold("a.md", "池化层")
    assert not is_right(Piece("a.md", "丢弃神经元。池化不会。"), gold, NOTES)


def test_of_a_piece_that_is_not_in_the_note_as_it_is_the_longest_shared_stretch_counts() -> None:
    assert shared("标题一随机丢弃了什么", "随机丢弃神经元", "某处随机丢弃神经元") == 4


def test_a_piece_that_lies_in_gold_lines_is_right_however_many_they_are() -> None:
    gold = Gold("a.md", lines=(6, 8))
    assert is_right(Piece("a.md", "随机丢弃"), gold, NOTES)
    assert not is_right(Piece("a.md", "池化层 (pooling)"), gold, NOTES)


def test_gold_without_quote_and_lines_is_the_whole_note() -> None:
    assert is_right(Piece("a.md", "Dropout 随机"), Gold("a.md"), NOTES)


def test_an_empty_piece_is_not_right() -> None:
    assert not is_right(Piece("a.md", "---"), Gold("a.md"), NOTES)


def test_rank_of_the_first_right_piece_starts_at_one() -> None:
    pieces = [Piece("b.md", NOTE), Piece("a.md", NOTE), Piece("a.md", NOTE)]
    assert first_right(pieces, [QUOTE], NOTES) == 2
    assert first_right(pieces[:1], [QUOTE], NOTES) is None


def test_bare_text_keeps_letters_digits_and_chinese() -> None:
    assert bare("**ReLU**_2：　改善，\n`x`") == "ReLU2改善x"


def test_questions_of_the_public_sets_are_read(tmp_path: Path) -> None:
    sections, passages = tmp_path / "notes.jsonl", tmp_path / "questions.zh.jsonl"
    place = {"file": "x/a.md", "line": 3, "end_line": 5}
    sections.write_text(json.dumps({"id": "1", "text": "Why?", "lang": "en", "gold": [place]}), encoding="utf-8")
    passages.write_text(json.dumps({"id": "2", "text": "ReLU", "gold": ["p_0"]}), encoding="utf-8")
    assert read_cases(sections) == [Case("1", "en", "Why?", (Gold("x/a.md", lines=(3, 5)),))]
    assert read_cases(passages) == [Case("2", "zh", "ReLU", (Gold(note_of("p_0")),))]


def test_own_questions_are_read_once_a_language_and_only_with_gold(tmp_path: Path) -> None:
    lines = [
        {"id": "1", "zh": "为何？", "en": "Why?", "gold": [{"note": "a.md", "quote": "因"}]},
        {"id": "2", "zh": "无？", "gold": []},
    ]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    gold = (Gold("a.md", "因"),)
    assert read_cases(tmp_path / "q.jsonl") == [Case("1", "zh", "为何？", gold), Case("1", "en", "Why?", gold)]


def test_an_edit_stands_between_two_paragraphs() -> None:
    assert insert_paragraph("one\n\ntwo two\n\nthree", "new") == "one\n\ntwo two\n\nnew\n\nthree"
    assert insert_paragraph("one", "new") == "one\n\nnew"
