"""What a question names and its translation lost, so that it can be asked for again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa.agreement import names
from qa.glossary import Concept, Glossary
from qa.language import has_han, normalize
from qa.queries import proper_names
from qa.renumbering import spaced
from qa.types import Language

_WORD = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{3,}(?:-[A-Za-z]+)*(?![A-Za-z0-9])")
_SMALL = re.compile(r"(?<![A-Za-z0-9$\\-])[a-z]{4,}(?![A-Za-z0-9])")
_SHORT = 2  # characters of a Chinese name that the model was not told


@dataclass(frozen=True, slots=True)
class Lost:
    """What the notes speak of too; true where something can be told."""

    names: tuple[str, ...] = ()  # that both languages write alike
    words: tuple[tuple[str, str], ...] = ()  # as the question writes them, and their names in the other language
    left: tuple[str, ...] = ()  # words of the question that stand in the translation as they are

    def __bool__(self) -> bool:
        return bool(self.names or self.words)

    def is_less_than(self, other: Lost) -> bool:
        """A name weighs most, then a word that is no translation at all."""
        mine, others = ((len(each.names), len(each.left), len(each.words)) for each in (self, other))
        return mine < others


def lost(
    question: str,
    translated: str,
    language: Language,
    told: Sequence[tuple[str, str]],
    glossary: Glossary,
    in_notes: Callable[[str], bool],
) -> Lost:
    """What a translation into a language lacks of a question; what the model was `told` it is not asked for again.

    Words are those of the glossary, but for ordinary ones, under a name of theirs that the notes have.
    """
    kept = [name for name in dict.fromkeys(proper_names(question)) if in_notes(name)]
    missing = tuple(name for name in kept if not names(name, translated, glossary))
    rest = normalize(question)
    for name in (*(name for name, _ in told), *kept):
        rest = rest.replace(normalize(name), " " * len(name))
    said = {id(concept) for concept in glossary.concepts_in(translated)}
    plain = normalize(translated)
    words = {}
    for word, concepts in _words(rest, language, glossary):
        there = [(each, concept) for concept in concepts for each in (concept.zh if language == "zh" else concept.en)]
        is_said = any(id(concept) in said or normalize(name) in plain for name, concept in there)
        other = next((name for name, concept in there if not concept.ordinary and in_notes(name)), "")
        if other and not is_said:
            words[word] = other
    return Lost(missing, tuple(words.items()), _left(question, translated, language))


def with_words(question: str, words: Sequence[tuple[str, str]]) -> str:
    """A question with words of it in the other language."""
    for word, other in words:
        bounded = re.escape(word) if has_han(word) else rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])"
        question = f" {other} ".join(re.split(bounded, question, flags=re.IGNORECASE))
    return spaced(question)


def _words(text: str, language: Language, glossary: Glossary) -> list[tuple[str, list[Concept]]]:
    """The short names in a text that is to become one in a language, each with what it may mean."""
    found: dict[str, list[Concept]] = {}
    if language == "en":
        for concept in glossary.concepts_in(text):
            written = max((name for name in concept.zh if normalize(name) in text), key=len, default="")
            if len(written) == _SHORT:
                found.setdefault(written, []).append(concept)
    else:
        for word in dict.fromkeys(_WORD.findall(text)):
            for form in dict.fromkeys((word.lower(), word.lower().removesuffix("s"))):
                named = [c for c in glossary.concepts_named(form) if form in (name.lower() for name in c.en)]
                if named:
                    found[word] = named
                    break
    return list(found.items())


def _left(question: str, translated: str, language: Language) -> tuple[str, ...]:
    if language == "en":
        return tuple(filter(has_han, translated))
    words = set(_SMALL.findall(question))
    return tuple(word for word in _SMALL.findall(translated) if word in words)
