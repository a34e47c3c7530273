"""Languages, sentences and search terms of Chinese, English and mixed text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.language import (
    STOP_WORDS,
    detect_language,
    estimate_tokens,
    han_share,
    has_han,
    normalize,
    search_terms,
    split_sentences,
)

TEXTS = st.text(st.sampled_from("池化层是a Bc1.。！？!?;；…\"”)）[1]\n\r\u3000\t,，#-+’'_é😀"), max_size=60)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("池化层有什么作用？", "zh"),
        ("What does pooling do?", "en"),
        ("什么是 dead ReLU？", "zh"),
        ("What does 池化 do?", "en"),
        ("Transformer 的 self-attention 怎么算？", "zh"),
        ("Explain 归一化 in two sentences", "en"),
        ("ＢＥＲＴ　是什么", "zh"),
        ("CNN", "en"),
        ("池化", "zh"),
        ("", "en"),
        ("42", "en"),
    ],
)
def test_language_is_the_one_that_carries_the_sentence(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(("text", "share"), [("池化", 1.0), ("pool", 0.0), ("池a", 0.5), ("12 !", 0.0)])
def test_share_of_han_is_counted_among_letters(text: str, share: float) -> None:
    assert (han_share(text), has_han(text)) == (share, share > 0)


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("abc", 1), ("abcd", 2), ("池化", 2), ("池化，ab", 4), ("　", 1)]
)
def test_wide_characters_cost_a_token_and_others_a_third(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(TEXTS, TEXTS)
@settings(max_examples=50)
def test_joining_texts_never_costs_more_tokens(first: str, second: str) -> None:
    assert estimate_tokens(first + second) <= estimate_tokens(first) + estimate_tokens(second)


def test_normalized_copy_has_no_full_width_and_no_capitals() -> None:
    assert normalize("ＢＥＲＴ　Ｌ２（Straße）") == "bert l2(strasse)"


@pytest.mark.parametrize(
    ("question", "note"),
    [
        ("過擬合", "过拟合"),
        ("梯 度 消 失", "梯度消失"),
        ("⻓短期", "长短期"),
        ("ma\u00adny&nbsp;layers", "many layers"),
        ("LSTMs and ReLUs", "LSTM and ReLU"),
    ],
)
def test_question_and_note_meet_however_they_are_written(question: str, note: str) -> None:
    assert search_terms(question) == search_terms(note)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("池化缩小特征图。它没有参数！为什么？", ["池化缩小特征图。", "它没有参数！", "为什么？"]),
        ("It shrinks. It has no weights! Why?", ["It shrinks.", "It has no weights!", "Why?"]),
        ("什么是BN?它在训练时用批统计。", ["什么是BN?", "它在训练时用批统计。"]),
        ("他说“够了。”然后停下。", ["他说“够了。”", "然后停下。"]),
        ("Noise helps [1]. Then stop.", ["Noise helps [1].", "Then stop."]),
        ("池化有效。[2]卷积也是。", ["池化有效。[2]", "卷积也是。"]),
        ("第一行\r\n第二行\r第三行\n\n第四行", ["第一行", "第二行", "第三行", "第四行"]),
        ("　　缩进。　", ["缩进。"]),
        ("等等……还有？！", ["等等……", "还有？！"]),
    ],
)
def test_sentences_end_at_marks_and_line_ends(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The rate is 0.001 at v1.2.3 of node.js.",
        "Use a norm, e.g. BN, i.e. the common one vs. LN in Fig. 3.",
        "It is used in the U.S. and elsewhere.",
        "如果 n!=0 且 a;b 成立，则继续。",
        "1. Shuffle the data.",
        "> - 12. Shuffle the data.",
        "除以![](https://example.org/a.png)的目的是平衡。",
        "以 ![[公式]](https://example.org/equation?tex=P%28w%29) 和 ![[公式]](https://example.org/equation?tex=w)为目标。",
        "- [为什么难求？不能直接用 EM 吗？](topics/LDA.md#L164)",
        "See [What is it? A guide](https://example.org).",
    ],
)
def test_dots_and_marks_inside_a_sentence_do_not_end_it(text: str) -> None:
    assert sentences(text) == [text]


@given(TEXTS)
@settings(max_examples=50)
def test_sentences_hold_every_character_but_white_space_once(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
    assert all(s == s.strip() and "\n" not in s and "\r" not in s for s in sentences(text))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Running the normalized layers", ["run", "normal", "layer"]),
        ("normalisation, optimisers; labelled neighbours", ["normal", "optim", "label", "neighbor"]),
        ("noise, spelling, hours, rising", ["nois", "spell", "hour", "rise"]),
        ("Faster-RCNN", ["faster-rcnn", "faster", "rcnn"]),
        ("C++ and C#", ["c++", "c", "c#"]),
        ("ＢＥＲＴ", ["bert"]),
        ("0.9", ["0.9", "0", "9"]),
        ("卷积核", ["卷积", "核"]),
        ("神经网络", ["神经", "网络", "神经网", "神经网络"]),
        ("池化层", ["池化", "化层", "池化层"]),
        ("鞅论", ["鞅论", "鞅", "论"]),
        ("请问什么", []),
        ("what is the", []),
        ("", []),
    ],
)
def test_terms_are_stemmed_segmented_and_without_stop_words(text: str, terms: list[str]) -> None:
    assert search_terms(text) == terms


def test_terms_of_mixed_text_come_in_its_order() -> None:
    terms = search_terms("用Dropout防止过拟合")
    assert terms.index("dropout") < terms.index("防止") < terms.index("拟合")


@pytest.mark.parametrize("text", ["池化", "批归一化", "瞿塘峡", "过拟合", "的确", "上采样"])
def test_chinese_keyword_has_at_least_one_term(text: str) -> None:
    assert search_terms(text)


@given(TEXTS)
@settings(max_examples=50)
def test_terms_hold_no_white_space_no_quotes_and_no_stop_words(text: str) -> None:
    assert all(term and not set(term) & set(' \n\r\t\u3000"') for term in search_terms(text))
    assert not STOP_WORDS.intersection(search_terms(text)) - {"’"}


def test_terms_do_not_depend_on_width_or_case() -> None:
    assert search_terms("ＧＰＴ　Ｌａｙｅｒｓ（池化）") == search_terms("gpt layers(池化)")
