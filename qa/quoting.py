"""Says the notes' own sentences: as they stand, translated, or only where they are; each with its number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from langchain_core.language_models import BaseChatModel

from qa.abstaining import pointer
from qa.drafting import Numbering
from qa.own_words import by_itself, own_words, under_a_name
from qa.support import SURE, Support, Told, only_statement
from qa.types import Language, Sentence
from qa.verdicts import begins_with_verdict
from qa.versions import version
from qa.writing import Limits


class Quoter:
    """Numbers what it quotes, from the grounds of the numbering as they are then."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering

    def quoted(self, row: int, language: Language, known: Iterable[str], name: str = "") -> Told:
        """A statement by itself after the `known` texts, in its own language; or after a `name`, unless it has that."""
        grounds = self._numbering.grounds
        statement = grounds.statements[row]
        text = under_a_name(statement, grounds, name) if name else by_itself(statement, grounds, known)
        support = Support(statement.number, statement.start, statement.end, 0.0)
        return Sentence(language, text, (self._numbering.of(support),), 0.0, "quoted"), (support,)

    def told(
        self,
        model: BaseChatModel | None,
        row: int,
        language: Language,
        limits: Limits | None,
        known: Iterable[str],
        name: str = "",
    ) -> Told:
        """The same in a language: translated where it is in the other, or where that went wrong only its place."""
        grounds = self._numbering.grounds
        sentence, found = self.quoted(row, language, known, name)
        if grounds.languages[row] == language:
            return sentence, found
        if model is None or limits is None:
            return replace(sentence, text=pointer(language)), found
        place = grounds.headings[grounds.statements[row].number - 1]
        text = version(model, sentence.text, place, language, grounds, limits)
        return replace(sentence, text=text or pointer(language), change="translated"), found

    def to_translate(self, sentence: Sentence, found: Sequence[Support], is_shown: bool) -> list[str]:
        """What a sentence of a draft says, in the words that its translation is to be made from, best first.

        Where the draft is not shown, those of the note where it surely says the same: a small model loses something
        when it writes, and again when it translates.
        """
        grounds = self._numbering.grounds
        if is_shown or (row := only_statement(found, grounds)) is None:
            return [sentence.text]
        said = [sentence.text, own_words(grounds.statements[row], grounds)]
        return said if found[0].score < SURE or begins_with_verdict(sentence.text) else said[::-1]
