"""Says in the question's language that the notes do not cover it, and what they hold that is near."""

from __future__ import annotations

from collections.abc import Sequence

from qa.glossary import Glossary
from qa.language import has_han
from qa.topics import heading_names
from qa.types import Hit, Language

_NAMED_TOPICS = 3


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
