"""The bytes of files in their encodings, and the one plain form of characters."""

from __future__ import annotations

import codecs
import contextlib
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.characters import NotText, decode, plain_characters, repair_mojibake

SIMPLIFIED = (
    "卷积",
    "过拟合",
    "# 池化\n",
    "明天买菜",
    "批归一化和层归一化的区别？",
    "今天学习了反向传播，明天继续。",
    "ReLU 比 sigmoid 快，因为它不求指数。",
    "待办：\n- 给妈妈打电话\n- 取火车票\n- 交房租 3500 元",
    "决策树容易过拟合，随机森林把很多棵树的结果平均，方差就小得多。学习率 lr=0.01，共训练 30 轮。",
    "注意力机制让模型在每一步看到整个输入序列。查询与键的内积除以维度的平方根，再经过 softmax 得到权重，"
    "最后用权重对值求和。这样，相隔很远的两个词之间也只有一步。\n\n多头注意力把维度分成几份，各自计算后再拼接。",
)
TRADITIONAL = (
    "卷積",
    "過擬合",
    "# 筆記\n",
    "明天買菜",
    "批次正規化與層正規化有什麼不同？",
    "今天學習了反向傳播，明天繼續。",
    "ReLU 比 sigmoid 快，因為它不算指數。",
    "待辦：\n- 打電話給媽媽\n- 拿火車票\n- 繳房租 12000 元",
    "決策樹容易過擬合，隨機森林把許多棵樹的結果平均，變異數就小得多。學習率 lr=0.01，共訓練 30 輪。",
    "注意力機制讓模型在每一步看到整個輸入序列。查詢與鍵的內積除以維度的平方根，再經過 softmax 得到權重，"
    "最後用權重對值求和。這樣，相隔很遠的兩個詞之間也只有一步。\n\n多頭注意力把維度分成幾份，各自計算後再拼接。",
)
WESTERN = (
    "The naïve Bayes classifier – “simple”, but café-tested.",
    "Don’t",
    "Le réseau apprend à généraliser ; l’été, il « dort ».",
    "Größe der Schrittweite: 5 µm ± 2 %, 20 °C",
    "Señor Núñez says “hola” – ¿qué tal?",
    "It costs €5 … or £4.",
)


@pytest.mark.parametrize("text", SIMPLIFIED)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030", "gbk"])
def test_simplified_chinese_short_and_long_is_read(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("text", TRADITIONAL)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "big5", "gb18030"])
def test_traditional_chinese_short_and_long_is_read(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("text", WESTERN)
def test_western_text_in_cp1252_is_read(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [*SIMPLIFIED[4:], "Plain English notes\nin two lines.\n"])
def test_utf16_is_known_without_its_mark(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_byte_order_mark_is_not_part_of_the_text(mark: bytes, encoding: str) -> None:
    assert decode(mark + SIMPLIFIED[-1].encode(encoding)) == SIMPLIFIED[-1]


def test_one_broken_byte_costs_one_character() -> None:
    data = "".join(SIMPLIFIED).encode()
    text = decode(data[:120] + b"\xff" + data[120:])
    assert (text.count("\ufffd"), text.replace("\ufffd", "")) == (1, "".join(SIMPLIFIED))


def test_character_cut_off_at_the_end_of_a_file_costs_no_other() -> None:
    assert decode("今天学习了反向传播".encode()[:-1]) == "今天学习了反向传\ufffd"


def test_line_ends_stay_as_they_are() -> None:
    assert decode("一行\r\n二行\r三行\n".encode("gb18030")) == "一行\r\n二行\r三行\n"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"a\0b", "skip_binary"),
        (codecs.BOM_UTF16_LE + "a\0b".encode("utf-16-le"), "skip_binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0\x08\x06\0\0\0\\r\xa8f", "skip_binary"),
        (b"\x1f\x8b\x08\x08\xff\xfe\x03\x9c", "skip_binary"),
        ("Градиентный спуск сходится медленно".encode("cp1251"), "skip_encoding"),
        (bytes(range(0x80, 0x100)), "skip_encoding"),
    ],
)
def test_bytes_that_fit_no_encoding_are_told(data: bytes, key: str) -> None:
    with pytest.raises(NotText) as caught:
        decode(data)
    assert caught.value.key == key


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_text_or_told(data: bytes) -> None:
    with contextlib.suppress(NotText):
        decode(data).encode()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ＢＥＲＴ　Ｌ２（ｘ）", "BERT L2(x)"),
        ("𝐇𝐨𝐰 𝑓(𝑥) ℝ ﬁne", "How f(x) R fine"),
        ("⻔⻓⻋⻅⻛⻚⻢⺠⽤⼀", "门长车见风页马民用一"),
        ("豈更車", "岂更车"),
        ("機器學習", "机器学习"),
        ("乾燥與乾坤", "干燥与乾坤"),
        ("a\u200bb\u00adc\ufeffd\u2060e\u202ef\u0007g", "abcdefg"),
        ("a\u00a0b\u2003c\u3000d\te", "a b c d e"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("&lt;b&gt;&nbsp;&alpha;&#20013;&#x6587;&emsp;", "<b> α中文 "),
        ("&amp;amp;lt;", "<"),
        ("?a=1&copy=2 &nosuch; R&D; &", "?a=1&copy=2 &nosuch; R&D; &"),
        ("梯 度 消 失 是 什么", "梯度消失是 什么"),
        ("A B C 梯度 消失 问题", "A B C 梯度 消失 问题"),
        ("高 bias 和 低 variance", "高 bias 和 低 variance"),
        ("葛\U000e0100城 中\ufe0f", "葛城 中"),
        ("x\ud800y", "xy"),
        ("Cafe\u0301", "Café"),
        ("", ""),
    ],
)
def test_ways_of_writing_become_one(text: str, plain: str) -> None:
    assert plain_characters(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "今天学习了反向传播。",
        "Don't split infinitives: x_i = 3 * y ** 2",
        "Les élèves ont été très naïfs à Noël",
        "σ(x) = 1/(1+e^(-x)) ≤ ∑ α·β",
        "👍 ❤️ 👨\u200d👩\u200d👧 1️⃣",
        "テキストの",
        "한국어 텍스트",
        "İstanbul Straße",
    ],
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain_characters(text) == text


@pytest.mark.parametrize(
    "text", ["梯度消失", "如何避免过拟合？", "Café d’or – “fin”", "从 RNN, LSTM, GRU 到 SRU", "迅速地计算"]
)
@pytest.mark.parametrize("encoding", ["latin-1", "sloppy-windows-1252"])
def test_utf8_that_was_read_as_western_is_repaired(text: str, encoding: str) -> None:
    assert repair_mojibake(text.encode().decode(encoding)) == text


def test_mojibake_in_one_line_leaves_the_others() -> None:
    broken = "梯度消失".encode().decode("latin-1")
    assert repair_mojibake(f"过拟合 “x”\n{broken}\né à\n") == "过拟合 “x”\n梯度消失\né à\n"


def test_mojibake_with_lost_bytes_is_left_as_it_is() -> None:
    assert repair_mojibake("ä» RNN, LSTM, GRU å° SRU") == "ä» RNN, LSTM, GRU å° SRU"


@pytest.mark.parametrize("text", [*SIMPLIFIED, *TRADITIONAL, *WESTERN, "σ(x)=…", "x ≤ 5° ± 2µm", "👍 ❤️", "Ünïcödé ®™"])
def test_repair_never_changes_clean_text(text: str) -> None:
    assert repair_mojibake(text) == text


def test_every_radical_has_a_plain_character_but_the_mark_of_repetition() -> None:
    named = [chr(code) for code in range(0x2E80, 0x2FE0) if unicodedata.name(chr(code), "")]
    assert [radical for radical in named if "\u2e80" <= plain_characters(radical) < "\u3000"] == ["\u2e80"]


PIECES = st.sampled_from(
    ["&", "amp;", "&lt;", "&zwnj;", "#38;", "梯", " ", "度", "，", "Ａ", "機", "乾", "薴", "瞭", "é", "Ã", "©",
     "\u0080", "\u200b", "\u00ad", "\u0301", "⻔", "️", "\u200d", "👍", "\r", "\n", "\t", "x", "1", "½", "ﬁ", "\ud800"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=25).map("".join)))
@settings(max_examples=500, deadline=None)
def test_plain_characters_are_plain_already(text: str) -> None:
    plain = plain_characters(text)
    assert plain_characters(plain) == plain


def test_threads_share_the_converter() -> None:
    with ThreadPoolExecutor(4) as pool:
        results = set(pool.map(lambda _: plain_characters(TRADITIONAL[-1]), range(400)))
    assert results == {plain_characters(SIMPLIFIED[-1])}


@pytest.mark.parametrize("text", ["&" * 100_000, "&amp;" * 20_000, "梯 " * 50_000, "é" * 100_000, "\u200d" * 100_000])
def test_hostile_text_takes_no_longer_than_other_text(text: str) -> None:
    started = time.perf_counter()
    plain_characters(text)
    assert time.perf_counter() - started < 1.0
