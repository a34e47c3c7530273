"""Says in the question's language that the notes do not cover it, and what they hold that is near."""

from __future__ import annotations

from collections.abc import Sequence

from qa.glossary import Glossary
from qa.language import has_han
from qa.topics import heading_names
from qa.types import Hit, Language

_NAMED_TOPICS = 3


def refusal(language: Language, hits: Sequence[Hit], glossary: Glossary, unnamed: Sequence[str] = ()) -> str:
    """The sentences that decline a question in a language, with what no note mentions and the nearest topics."""
    topics = list(dict.fromkeys(_topic_name(hit, language, glossary) for hit in hits))[:_NAMED_TOPICS]
    if language == "zh":
        near = f"最接近的主题：{'、'.join(topics)}。" if topics else ""
        return f"你的笔记没有讲到这个问题。{not_mentioned(language, unnamed)}{near}"
    near = f" The nearest topics are: {', '.join(topics)}." if topics else ""
    missing = not_mentioned(language, unnamed)
    return f"Your notes do not cover this question.{' ' + missing if missing else ''}{near}"


def not_mentioned(language: Language, names: Sequence[str]) -> str:
    """The sentence that says which names of the question no note has; '' without any."""
    if not names:
        return ""
    return (
        f"笔记里没有提到{'、'.join(names)}。" if language == "zh" else f"Your notes do not mention {', '.join(names)}."
    )


def pointer(language: Language, is_code: bool = False) -> str:
    """What is said where only sentences of notes in the other language can be trusted, or only code or a formula says
    it; its numbers say where."""
    if is_code:
        return "这一点见笔记中的代码或公式。" if language == "zh" else "Your notes show it as code or a formula."
    return "这一点见笔记中的英文原文。" if language == "zh" else "Your notes say it in Chinese."


def disagreement(language: Language) -> str:
    """The sentence that says that notes disagree; its numbers say which."""
    return "注意：笔记在这一点上说法不一。" if language == "zh" else "Note that your notes disagree on this."


def _topic_name(hit: Hit, language: Language, glossary: Glossary) -> str:
    """The innermost heading, by its name in the language where it has one."""
    heading = hit.passage.headings[-1] if hit.passage.headings else hit.passage.title
    for name in reversed(heading_names(heading)):
        if has_han(name) == (language == "zh"):
            return name
    names = [name for concept in glossary.concepts_in(heading) for name in getattr(concept, language)[:1]]
    return names[0] if names else hit.passage.title
