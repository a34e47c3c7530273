"""Words, sentences and languages of Chinese, English and mixed text; knows nothing about notes or passages."""

from __future__ import annotations

import functools
import itertools
import re
from collections import deque
from collections.abc import Iterator

import rjieba
import Stemmer

from qa.characters import plain_characters
from qa.types import Language

# Changing what `search_terms` or `plain_characters` returns changes the lexical index: count this up.
SEGMENTER_VERSION = "rjieba-search+bigram+snowball/6"

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN_CHAR = re.compile(f"[{_HAN}]")
_LATIN_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
_WIDE = re.compile(f"[{_HAN}\u3000-\u303f\uff00-\uffef\u3040-\u30ff\uac00-\ud7af]")

# A run of Han characters, or a Latin token that keeps what makes it one: Faster-RCNN, C++, C#, 1x1, L2, 0.9, node.js
_TOKEN = re.compile(f"[{_HAN}]+|[^\\W_{_HAN}]+(?:[-.'’_+][^\\W_{_HAN}]+)*(?:\\+\\+|#)?")
_VOWEL = re.compile("[aeiouy]")
# British spellings, of which the stemmer makes other words: normalisation, analyse, neighbour, labelled.
_BRITISH = (
    (re.compile(r"(?<=[a-z]{3})is(?=(?:ations?|able|e[drs]?|ers|ing)$)"), "iz"),
    (re.compile(r"(?<=[a-z]{3})ys(?=(?:e[drs]?|ers|ing)$)"), "yz"),
    (re.compile(r"(?<=[a-z]{3})our(?=(?:s|ed|ing|al|hood)?$)"), "or"),
    (re.compile(r"(?<=[a-z]{3}el)l(?=(?:ed|ing|ers?)$)"), ""),
)
_PARTS = re.compile(r"[-.'’_+]")

# Function words only: a word that can name a subject of a note is never a stop word.
_FUNCTION_WORDS = """
的 了 和 与 及 或 是 在 有 就 都 而 着 也 很 到 要 会 可以 能 能够 没有 这 那 这个 那个 这些 那些 它
它们 我 我们 你 你们 他 她
什么 怎么 怎样 如何 为什么 为何 哪 哪些 哪个 哪种 哪里 吗 呢 吧 啊 呀 请 请问 一下 一个 一种 一些 几个
几种 多少 几
把 被 让 给 对 从 向 于 以 为 之 其 此 该 并 且 但 但是 因为 所以 如果 那么 还是 还有 以及 等 等等 中 里
上 下 时 时候
说说 谈谈 讲讲 介绍 解释 说明 简述 告诉 知道 需要 应该
a an the of to in on at by for from with without into onto over under as than then and or nor but if so
not no
is are was were be been being am do does did done doing have has had having can could will would shall
should may might must
i me my we our you your he she it its they them their this that these those there here
what which who whom whose when where why how please tell explain describe briefly give about between
s t re ve ll d m don doesn isn aren
"""
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())

# Sentence ends: a full-width mark, or a Latin mark before white space or Chinese ("n!=0" has none); closing quotes and
# brackets and a citation stay. The mark of an image ends none, nor does one within the words of a link, nor a
# semicolon before the other half of a contrast: 前者快；而后者准。
_CLOSERS = "”’\"'」』）)】》"
_SENTENCE_END = re.compile(
    rf"(?!.[^\[\]\n]{{0,200}}\]\()"
    rf"(?:(?:[。！？]|…(?![….]*[\d,，、}}])|；(?![ \t]*(?:而|但|相反|反之|否则))"
    rf"|(?!!\[(?:\[[^\[\]\n]{{0,80}}\]|[^\[\]\n]){{0,200}}\]\()[!?;](?=[!?;。！？；…\s{_HAN}{_CLOSERS}\[]|$))+"
    rf"|(?<!\.[A-Z])(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bFig)(?<!\betc)\.(?=[\s{_CLOSERS}\[]|$))"
    rf"[{re.escape(_CLOSERS)}]*(?:\s?\[\d+\])*|[\r\n]"
)
PLURAL_INITIALS = re.compile(r"(?<=[A-Z])s(?![A-Za-z])")
_ITEM_NUMBER = re.compile(r"[\s>*+-]*\d{1,3}")


def detect_language(text: str) -> Language:
    """The language a reader would say the text is in: Chinese where Chinese carries the sentence.

    Both languages mix in one sentence here ("什么是 dead ReLU？", "What does 池化 do?") and are told apart by script,
    so the scripts are weighed, two Han characters to a Latin word; a statistical detector needs longer text than that.
    """
    han = count_han(text)
    latin = len(_LATIN_WORD.findall(text))
    if not han:
        return "en"
    if re.search(r"[什怎哪吗呢么的是]", text) and han >= 3:
        return "zh"
    return "zh" if han >= 2 * latin or not latin else "en"


def has_han(text: str) -> bool:
    return bool(_HAN_CHAR.search(text))


def count_han(text: str) -> int:
    return len(_HAN_CHAR.findall(text))


def han_share(text: str) -> float:
    """Share of Han characters among the letters of the text, 0 to 1."""
    letters = sum(character.isalpha() for character in text)
    return count_han(text) / letters if letters else 0.0


def estimate_tokens(text: str) -> int:
    """Tokens of a text for a budget, never too few for the common vocabularies: a wide character 1, others 1/3."""
    wide = len(_WIDE.findall(text))
    return wide + -(-(len(text) - wide) // 3)


def normalize(text: str) -> str:
    """A copy for matching, of notes and questions alike; never for display, since offsets change."""
    return plain_characters(text).casefold()


def split_sentences(text: str) -> list[tuple[int, int]]:
    """(start, end) of the sentences of a text, without surrounding white space; a line break always ends one."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match.group() == "." and _ITEM_NUMBER.fullmatch(text, start, match.start()):
            continue
        _append_stripped(spans, text, start, match.end())
        start = match.end()
    _append_stripped(spans, text, start, len(text))
    return spans


def _append_stripped(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))


def search_terms(text: str) -> list[str]:
    """The terms of a text for lexical search, stop words left out, in order and with repetitions.

    Chinese in the search mode of jieba (a long word and its parts) and, since a dictionary misses words of the field,
    the bigrams of what it left in single characters and of what it only guessed to be a word (池化层); English stemmed;
    tokens such as faster-rcnn whole and in parts; LSTMs as LSTM, which the stemmer leaves alone.
    """
    return list(_terms(normalize(PLURAL_INITIALS.sub("", text))))


def holds_words(text: str, words: str) -> bool:
    """Whether whole words stand in a text: 小模型 are none of 减小模型."""
    bounds = set(itertools.accumulate((len(word) for word in rjieba.cut(text, True)), initial=0))
    starts = (match.start() for match in re.finditer(re.escape(words), text))
    return any({start, start + len(words)} <= bounds for start in starts)


def _terms(text: str) -> Iterator[str]:
    for match in _TOKEN.finditer(text):
        token = match.group()
        if _HAN_CHAR.match(token):
            yield from _chinese_terms(token)
        else:
            yield from _latin_terms(token)


def _chinese_terms(run: str) -> Iterator[str]:
    single = ""
    earlier: deque[str] = deque(maxlen=8)  # the parts of a word come right before it
    for word in rjieba.cut_for_search(run, True):
        if len(word) == 1:
            single += word
            continue
        yield from _single_terms(single)
        single = ""
        if len(word) > 2 and not any(part in word for part in earlier):
            yield from _bigrams(word)
        if word not in STOP_WORDS:
            yield word
        earlier.append(word)
    yield from _single_terms(single)


def _bigrams(run: str) -> Iterator[str]:
    return (a + b for a, b in itertools.pairwise(run) if a + b not in STOP_WORDS)


def _single_terms(run: str) -> Iterator[str]:
    yield from _bigrams(run)
    for character in run:
        if character not in STOP_WORDS:
            yield character


def _latin_terms(token: str) -> Iterator[str]:
    parts = [part for part in _PARTS.split(token) if part]
    if parts != [token]:
        yield token
    for part in parts:
        if part not in STOP_WORDS:
            yield _stem(part)


@functools.lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    if len(word) > 3 and word[-1] == "s" != word[-2] and not _VOWEL.search(word, 0, len(word) - 2):
        word = word[:-1]  # LSTMs, GPUs: the stemmer leaves the plural of what has no vowel
    for british, american in _BRITISH:
        word = british.sub(american, word)
    # A stemmer object is not thread safe; making one is cheap beside the cache that fronts it.
    return str(Stemmer.Stemmer("english").stemWord(word))
