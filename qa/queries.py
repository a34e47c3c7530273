"""What a question asks for, as the search takes it: its words, its concepts, and its text in the other language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from qa.glossary import Glossary
from qa.language import detect_language, has_han, normalize, search_terms
from qa.lexical import Unit
from qa.types import OTHER, Language

CONCEPT_WEIGHT = 1.5  # of a concept of the glossary, against 1 of a term outside it
_LANGUAGES = frozenset({"english", "chinese", "mandarin"})  # what to answer in, not what to answer about
_SPECIFIC = 3  # Chinese characters: 作用 is in the glossary too, but names nothing
_NAME = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9]*(?:[-.+][A-Za-z0-9]+)*(?:\+\+|#)?(?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Query:
    """A question as the search takes it."""

    text: str
    language: Language
    units: tuple[Unit, ...]  # its terms, and its concepts by all of their names
    words: tuple[Unit, ...]  # its terms alone, those of concepts too
    said: tuple[Unit, ...]  # the same by the names in its own language alone
    other_names: tuple[Unit, ...]  # its concepts by their names in the other language alone
    expanded: str  # the text with the usual names of its concepts in the other language
    translated: str = ""  # into the other language; empty where nobody did
    translated_units: tuple[Unit, ...] = ()


def understand(text: str, glossary: Glossary, translated: str = "") -> Query:
    """The concepts that a question names in either language, and its terms outside of them, each a unit."""
    language = detect_language(text)
    concepts = glossary.concepts_in(text)
    named = [Unit(_alternatives((*concept.zh, *concept.en)), CONCEPT_WEIGHT) for concept in concepts]
    absorbed = {term for unit in named for alternative in unit.alternatives for term in alternative}
    terms = [Unit(((term,),)) for term in dict.fromkeys(search_terms(text)) if term not in absorbed]
    here, there = ([getattr(concept, of) for concept in concepts] for of in (language, OTHER[language]))
    return Query(
        text,
        language,
        (*terms, *named),
        tuple(Unit(((term,),)) for term in dict.fromkeys(search_terms(text))),
        (*terms, *(Unit(_alternatives(names)) for names in here)),
        tuple(Unit(_alternatives(names)) for names in there),
        " ".join((text, *(names[0] for names in there))),
        translated,
        understand(translated, glossary).units if translated else (),
    )


def named_units(text: str, glossary: Glossary) -> list[tuple[str, Unit]]:
    """The names in a question, as it writes them, each with the unit of all its names.

    A name is a concept of the glossary, in Chinese one of three characters at least, or a Latin word that is no
    ordinary one: in a Chinese question any, in an English one that with a digit, or with a capital that does not begin
    the sentence.
    """
    found: list[tuple[str, Unit]] = []
    plain = normalize(text)
    absorbed: set[str] = set()
    for concept in glossary.concepts_in(text):
        names = (*concept.zh, *concept.en)
        written = next((name for name in sorted(names, key=len, reverse=True) if normalize(name) in plain), "")
        if not written:
            continue
        unit = Unit(_alternatives(names), CONCEPT_WEIGHT)
        absorbed |= {term for alternative in unit.alternatives for term in alternative}
        if not has_han(written) or len(written) >= _SPECIFIC:
            start = plain.find(normalize(written))
            same_length = len(plain) == len(text)
            found.append((text[start : start + len(written)] if same_length else written, unit))
    chinese = detect_language(text) == "zh"
    for match in _NAME.finditer(text):
        name = match.group()
        terms = tuple(dict.fromkeys(search_terms(name)))
        at_start = not text[: match.start()].strip() or text[: match.start()].rstrip()[-1:] in ".?!。？！"
        proper = chinese or any(c.isdigit() for c in name) or name[1:] != name[1:].lower()
        proper = proper or (name[0].isupper() and not at_start)
        if proper and terms and len(name) > 1 and name.lower() not in _LANGUAGES and not absorbed.intersection(terms):
            parts = [part for part in re.split("[-.+_]", name) if part]
            found.append((name, Unit(_alternatives((name, " ".join(parts), "".join(parts))))))
    return list({name: (name, unit) for name, unit in found}.values())


def other_language(text: str) -> Language:
    """The language that a question is not in."""
    return OTHER[detect_language(text)]


def _alternatives(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(terms for name in names if (terms := tuple(dict.fromkeys(search_terms(name))))))
