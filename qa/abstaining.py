"""Decides whether the notes cover a question, and says it when they do not."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

from qa.glossary import Glossary
from qa.language import has_han
from qa.retrieval import Evidence
from qa.topics import heading_names
from qa.types import Hit, Language

_NAMED_TOPICS = 3
# Of the evidence's distance, coverage and named share, and of the model's margin.
_SEARCH_WEIGHTS = (2.1, 1.2, 5.5)
_SEARCH_BIAS = -2.0
_MODEL_WEIGHTS = (1.0, 0.6, 2.75, 1.5)
_MODEL_BIAS = -1.4
# The model says yes too easily, in Chinese more than in English: its margin counts from here.
_MARGIN_ZERO: dict[Language, float] = {"zh": 2.1, "en": 1.3}
# Words of a question are not expected in a note in the other language; this share is taken for known at least.
_NAMED_ACROSS = 0.6


def chance(evidence: Evidence, margin: float | None, language: Language) -> float:
    """How probable it is that the notes answer a question in `language`, 0 to 1.

    `margin` is the model's log-odds of yes where one was asked. A logistic regression on questions of which the answer
    is known; see bench/results.md.
    """
    named = evidence.named if evidence.own_language else max(evidence.named, _NAMED_ACROSS)
    signs = evidence.distance, evidence.coverage, named
    if margin is None:
        log_odds = sum(map(operator.mul, _SEARCH_WEIGHTS, signs)) + _SEARCH_BIAS
    else:
        signs_and_margin = (*signs, margin - _MARGIN_ZERO[language])
        log_odds = sum(map(operator.mul, _MODEL_WEIGHTS, signs_and_margin)) + _MODEL_BIAS
    return 1 / (1 + math.exp(-log_odds))


def refusal(language: Language, hits: Sequence[Hit], glossary: Glossary) -> str:
    """The sentence that declines a question in a language, with the nearest topics."""
    topics = list(dict.fromkeys(_topic_name(hit, language, glossary) for hit in hits))[:_NAMED_TOPICS]
    if language == "zh":
        near = f"最接近的主题：{'、'.join(topics)}。" if topics else ""
        return f"你的笔记没有讲到这个问题。{near}"
    near = f" The nearest topics are: {', '.join(topics)}." if topics else ""
    return f"Your notes do not cover this question.{near}"


def pointer(language: Language, numbers: Sequence[int]) -> str:
    """What is said where only sentences of notes in the other language can be trusted: where they stand."""
    cited = " ".join(f"[{number}]" for number in numbers)
    return (
        f"笔记中的英文原文讲到了这一点，见 {cited}。"
        if language == "zh"
        else f"Your notes say it in Chinese; see {cited}."
    )


def _topic_name(hit: Hit, language: Language, glossary: Glossary) -> str:
    """The innermost heading, by its name in the language where it has one."""
    heading = hit.passage.headings[-1] if hit.passage.headings else hit.passage.title
    for name in reversed(heading_names(heading)):
        if has_han(name) == (language == "zh"):
            return name
    names = [name for concept in glossary.concepts_in(heading) for name in getattr(concept, language)[:1]]
    return names[0] if names else hit.passage.title
