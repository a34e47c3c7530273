"""What a question asks for, as the search takes it: its words, its concepts, and its text in the other language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qa.glossary import Glossary
from qa.language import detect_language, search_terms
from qa.lexical import Unit
from qa.types import OTHER, Language

CONCEPT_WEIGHT = 1.5  # of a concept of the glossary, against 1 of a term outside it


@dataclass(frozen=True, slots=True)
class Query:
    """A question as the search takes it."""

    text: str
    language: Language
    units: tuple[Unit, ...]  # its terms, and its concepts by all of their names
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
        (*terms, *(Unit(_alternatives(names)) for names in here)),
        tuple(Unit(_alternatives(names)) for names in there),
        " ".join((text, *(names[0] for names in there))),
        translated,
        understand(translated, glossary).units if translated else (),
    )


def other_language(text: str) -> Language:
    """The language that a question is not in."""
    return OTHER[detect_language(text)]


def _alternatives(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(terms for name in names if (terms := tuple(dict.fromkeys(search_terms(name))))))
