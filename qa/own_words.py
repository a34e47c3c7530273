"""A note's own sentence as an answer says it: without addresses, and so that it is understood away from its place."""

from __future__ import annotations

from collections.abc import Iterable

from qa.citations import with_own_numbers
from qa.grounds import Grounds, covered
from qa.language import has_han, search_terms
from qa.listings import BRACKETED, without_number
from qa.queries import named_units
from qa.searchtext import readable
from qa.statements import Statement
from qa.table_rows import row_as_sentence


def own_words(statement: Statement, grounds: Grounds) -> str:
    """A statement without the addresses and tags in it, a row of a table as a sentence; code as it is."""
    if statement.is_code:
        return with_own_numbers(statement.text)
    passage = grounds.passages[statement.number - 1].text
    return with_own_numbers(
        readable(row_as_sentence(passage, statement.start, statement.end) or statement.text)
    ).strip()


def by_itself(statement: Statement, grounds: Grounds, known: Iterable[str]) -> str:
    """Its own words; where they name nothing, after what it stands under, unless the `known` texts name that."""
    text = own_words(statement, grounds)
    subject = grounds.subject(statement)
    if not subject or "|" in statement.text or named_units(text, grounds.glossary):
        return text
    terms = frozenset(search_terms(" ".join((text, *known))))
    if all(covered([unit for _, unit in named_units(subject, grounds.glossary)], terms)):
        return text
    return _after(subject, text)


def under_a_name(statement: Statement, grounds: Grounds, heading: str) -> str:
    """Its own words, after the heading that it stands under unless they have its name."""
    text = own_words(statement, grounds)
    heading = without_number(heading)
    name = frozenset(search_terms(BRACKETED.sub("", heading)))
    return text if name <= frozenset(search_terms(text)) else _after(heading, text)


def _after(subject: str, text: str) -> str:
    between = "" if subject[-1] in "?？" else "：" if has_han(text) else ": "
    return f"{subject}{between}{text}"
