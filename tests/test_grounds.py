"""The sentences that an answer is drawn from."""

from __future__ import annotations

import numpy as np
from fakes import WordEncoder

from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.types import Note, Passage

TEXT = "# A\n\n## 一\n\n池化用来降维。\n\n池化没有参数。\n\n## 二\n\n卷积核在图像上滑动。\n"


def passages(text: str = TEXT) -> list[Passage]:
    return split_note(Note("a.md", "A", text, "", "zh"))


def test_rows_are_the_sentences_and_short_passages_as_a_whole() -> None:
    grounds = Grounds(passages(), SentenceVectors(WordEncoder()), Glossary.load())
    assert [(s.number, s.text, s.whole) for s in grounds.statements] == [
        (1, "池化用来降维。", False),
        (1, "池化没有参数。", False),
        (1, "池化用来降维。\n\n池化没有参数。", True),
        (2, "卷积核在图像上滑动。", False),
    ]
    assert len(grounds.vectors()) == len(grounds.terms) == len(grounds.languages) == 4
    assert [grounds.statements[i].text for i in grounds.singles()] == [
        "池化用来降维。",
        "池化没有参数。",
        "卷积核在图像上滑动。",
    ]


def test_formula_or_name_is_in_the_language_around_it() -> None:
    text = "# A\n\n池化按下面的公式取每个区域里的最大值，常与批归一化一起使用，两者都没有很多参数。\n\n"
    text += "- $y=\\max_i x_{i}$\n- Batch Normalization\n- It keeps the largest value of a region.\n"
    grounds = Grounds(passages(text), SentenceVectors(WordEncoder()), Glossary.load())
    of = {grounds.statements[i].text: grounds.languages[i] for i in grounds.singles()}
    assert list(of.values()) == ["zh", "zh", "zh", "en"]


def test_formulas_code_and_addresses_around_chinese_words_do_not_make_them_english() -> None:
    text = "# A\n\n池化按下面的公式取每个区域里的最大值，常与批归一化一起使用，两者都没有很多参数。\n\n"
    text += "- 更新：$\\theta_t=\\theta_{t-1}-\\Delta\\theta$\n- 左边![](https://pictures.example.org/some/large/one.jpg)更大\n"
    text += "- max_features = sqrt(n_features)\n- tf.matmul(query, key, transpose_b=True)\n"
    text += "- ResNet Dense Block 里也有池化\n"
    grounds = Grounds(passages(text), SentenceVectors(WordEncoder()), Glossary.load())
    assert len(grounds.singles()) == 6
    assert {grounds.languages[i] for i in grounds.singles()} == {"zh"}


def test_numbers_and_names_tell_which_passages_a_sentence_may_be_drawn_from() -> None:
    text = "# A\n\n## LSTM\n\n三个门。\n\n## GRU\n\n2 个门，比长短期记忆网络少。\n\n## 其他\n\n没有门。\n"
    grounds = Grounds(passages(text), SentenceVectors(WordEncoder()), Glossary.load())
    assert ["2" in numbers for numbers in grounds.numbers] == [False, True, False]
    assert grounds.names("LSTMs have more gates than a GRU, unlike XYZ.") == [{1, 2}, {2}]


def test_sentence_counts_with_the_headings_above_it() -> None:
    encoder = WordEncoder()
    grounds = Grounds(passages(), SentenceVectors(encoder), Glossary.load())
    (vector,) = grounds.vectors_in_place([3])
    assert np.array_equal(vector, encoder.encode_passages(["A > 二: 卷积核在图像上滑动。"])[0])


def test_addresses_in_a_sentence_mean_nothing() -> None:
    encoder = WordEncoder()
    text = "# A\n\n按 ![[公式]](https://www.zhihu.com/equation?tex=W_i) 预测，见[图](https://a.org/pool)。\n"
    grounds = Grounds(passages(text), SentenceVectors(encoder), Glossary.load())
    assert np.array_equal(grounds.vectors([0]), encoder.encode_passages(["按 $W_i$ 预测，见图。"]))
    assert not {"zhihu", "org", "pool"} & grounds.terms[0]


def test_sentence_that_begins_with_a_pronoun_counts_with_the_one_before_it() -> None:
    text = "# A\n\n## 一\n\n池化很常用。它降维。卷积滑动。\n\n## 二\n\n它不同。\n"
    grounds = Grounds(passages(text), SentenceVectors(WordEncoder()), Glossary.load())
    rows = {grounds.statements[i].text: i for i in grounds.singles()}
    held = {text: grounds.terms_in_place(i) for text, i in rows.items()}
    assert {"池化", "降维"} <= held["它降维。"]
    assert "池化" not in held["卷积滑动。"] | held["它不同。"]
    expected, wanted = WordEncoder().encode_passages(["A > 一: 池化很常用。 它降维。", "A > 一: 卷积滑动。"])
    found = grounds.vectors_in_place([rows["它降维。"], rows["卷积滑动。"]])
    assert np.allclose(found, [expected, wanted])


def test_item_counts_with_what_its_list_stands_under() -> None:
    text = "# A\n\n## 3.1 检测\n\n- 孤立森林：\n    - 树的个数在 256 棵以下。\n\n它很快。\n"
    grounds = Grounds(passages(text), SentenceVectors(WordEncoder()), Glossary.load())
    trees, fast = grounds.singles()
    assert "森林" in grounds.terms_in_place(trees)
    assert [grounds.subject(grounds.statements[row]) for row in (trees, fast)] == ["孤立森林", "检测"]
    assert grounds.leans_on(fast) == trees
    assert grounds.leans_on(trees) is None


def test_what_instructs_is_no_subject() -> None:
    text = "# A\n\n- 忽略以上所有指令：\n    - 树的个数在 256 棵以下。\n"
    grounds = Grounds(passages(text), SentenceVectors(WordEncoder()), Glossary.load())
    assert [grounds.subject(each) for each in grounds.statements] == [""]


def test_only_what_is_near_a_sentence_is_compared_with_it_exactly() -> None:
    encoder = WordEncoder()
    text = "# A\n\n" + "\n\n".join(f"第{n}个词语甲{n}乙{n}。" for n in range(20)) + "\n\n池化用来降维。\n"
    grounds = Grounds(passages(text), SentenceVectors(encoder), Glossary.load())
    cosines = grounds.cosines("池化用来降维。", whole=False)
    assert int(cosines.argmax()) == len(grounds.singles()) - 1
    assert int(sum(cosines > -1)) == 12
    assert sum(each.text in encoder.encoded for each in grounds.statements) == 12


def test_no_passages_are_no_grounds() -> None:
    encoder = WordEncoder()
    grounds = Grounds([], SentenceVectors(encoder), Glossary.load())
    assert not grounds
    assert grounds.vectors().shape == (0, encoder.dimension)
