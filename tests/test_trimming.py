"""What of the excerpts the model is shown."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import WordEncoder

from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.trimming import Trimmed, trim
from qa.types import Note

TEXT = (
    "# A\n\n## 一\n\n池化用来降维。池化没有参数。池化层很快。\n\n"
    "## 二\n\n步骤如下：\n\n- 打乱数据顺序。\n- 分成小批训练。\n"
    "\n## 三\n\n卷积核在图像上滑动。\n"
)
GROUNDS = Grounds(split_note(Note("a.md", "A", TEXT, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())


def trimmed(*wanted: str, sentences: int = 9, tokens: int = 400) -> Trimmed:
    """By the order in which sentences are wanted; all others after them."""
    of = {text: len(wanted) - n for n, text in enumerate(wanted)}
    relevance = np.array([of.get(each.text, -1) for each in GROUNDS.statements], np.float32)
    return trim(GROUNDS, relevance, sentences, tokens)


def test_passages_without_a_sentence_that_matters_are_left_out() -> None:
    found = trimmed("卷积核在图像上滑动。", sentences=1)
    assert [passage.headings[-1] for passage in found.whole] == ["三"]
    assert found.whole[0].text in TEXT
    assert [passage.text for passage in found.shown] == ["卷积核在图像上滑动。"]


def test_gaps_are_marked_and_neighbours_stay_as_they_stand() -> None:
    (shown,) = trimmed("池化用来降维。", "池化层很快。", sentences=2).shown
    assert shown.text == "池化用来降维。 … 池化层很快。"
    (shown,) = trimmed("池化用来降维。", "池化没有参数。", sentences=2).shown
    assert shown.text == "池化用来降维。池化没有参数。"


def test_item_comes_with_the_line_that_leads_in_to_it() -> None:
    (shown,) = trimmed("分成小批训练。", sentences=1).shown
    assert shown.text == "步骤如下：\n…\n- 分成小批训练。"


def test_item_comes_with_the_bold_name_that_its_list_stands_under() -> None:
    text = "# 评测\n\n**检索**\n\n- 看命中率。\n- 看排得是否靠前。\n"
    grounds = Grounds(split_note(Note("a.md", "A", text, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())
    relevance = np.array([each.text == "看排得是否靠前。" for each in grounds.statements], np.float32)
    (shown,) = trim(grounds, relevance, 1, 400).shown
    assert shown.text == "**检索**\n…\n- 看排得是否靠前。"


def test_what_says_nothing_on_the_question_beside_the_best_is_not_shown() -> None:
    texts = ("池化用来降维。", "池化没有参数。", "池化层很快。")
    scores = dict(zip(texts, (9.0, 4.6, 4.4), strict=True))
    relevance = np.array([scores.get(each.text, -1.0) for each in GROUNDS.statements], np.float32)
    found = trim(GROUNDS, relevance)
    assert [passage.text for passage in found.shown] == ["池化用来降维。池化没有参数。"]
    assert [passage.headings[-1] for passage in found.whole] == ["一", "二", "三"]  # quotes may be taken from all


@pytest.mark.parametrize(("tokens", "kept"), [(1, 1), (9, 1), (20, 2), (400, 6)])
def test_budget_is_kept_but_for_the_best_sentence(tokens: int, kept: int) -> None:
    found = trimmed("池化用来降维。", "卷积核在图像上滑动。", tokens=tokens)
    assert sum(passage.text.count("。") for passage in found.shown) == kept


def test_numbers_of_whole_and_shown_agree() -> None:
    found = trimmed("卷积核在图像上滑动。", "池化用来降维。", sentences=2)
    assert [p.id for p in found.whole] == [p.id for p in found.shown]


def test_nothing_of_nothing() -> None:
    empty = Grounds([], SentenceVectors(WordEncoder()), Glossary.load())
    assert trim(empty, np.zeros(0, np.float32)) == Trimmed((), ())


def test_formula_comes_with_the_sentence_that_it_belongs_to() -> None:
    text = "# A\n\n## 权重\n\n最优权重是\n\n$$w=-G$$\n\n无关的一句话在这里。\n"
    grounds = Grounds(split_note(Note("a.md", "A", text, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())
    scores = np.array([1.0 if "权重" in each.text else 0.0 for each in grounds.statements], np.float32)
    (shown,) = trim(grounds, scores, sentences=1).shown
    assert shown.text == "最优权重是\n\n$$w=-G$$"


def test_row_comes_with_the_head_of_its_table_and_links_without_their_targets() -> None:
    text = "# A\n\n| 层 | 参数 |\n|---|---|\n| 池化 | 没有，见 [论文](https://a.org/b) |\n| 卷积 | 很多 |\n"
    of = Grounds(split_note(Note("a.md", "A", text, "", "zh")), SentenceVectors(WordEncoder()), Glossary.load())
    relevance = np.array([1.0 if "池化" in each.text else -9.0 for each in of.statements], np.float32)
    (shown,) = trim(of, relevance).shown
    assert shown.text == "| 层 | 参数 |\n…\n| 池化 | 没有，见 论文 |"
