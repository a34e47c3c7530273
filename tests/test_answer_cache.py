"""Answers that were given already."""

from __future__ import annotations

from qa.answer_cache import AnswerCache
from qa.types import Answer


def answer(question: str) -> Answer:
    return Answer(question, {"zh": "。"}, (), (), True)


def test_equal_key_gives_the_answer_back() -> None:
    cache = AnswerCache()
    cache.put(("池化？", "zh", 3), answer("池化？"))
    assert cache.get(("池化？", "zh", 3)) == answer("池化？")
    assert cache.get(("池化？", "zh", 4)) is None


def test_longest_unused_answer_goes_first() -> None:
    cache = AnswerCache(kept=2)
    for name in "ab":
        cache.put(name, answer(name))
    assert cache.get("a")
    cache.put("c", answer("c"))
    assert [cache.get(name) is not None for name in "abc"] == [True, False, True]
