"""What one answer is drawn from: the excerpts that a search led to, trimmed to the sentences that matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa.agreement import names
from qa.found import Found
from qa.glossary import Glossary
from qa.grounds import Grounds, Scores, covered
from qa.language import detect_language, search_terms
from qa.neighbourhood import excerpts
from qa.queries import named_units, understand
from qa.relevance import relevance
from qa.sentence_vectors import SentenceVectors
from qa.trimming import trim
from qa.types import LANGUAGES, Language, Note, Passage, Turn
from qa.writing import Task

EXCERPT_TOKENS = 1800  # of all excerpts together, before they are trimmed
_TELLING = 5  # sentences whose names are given in the other language too
_TERMS = 8


@dataclass(frozen=True, slots=True)
class Material:
    """The task for the model, and what its answer is checked against."""

    task: Task  # its passages are the first of the grounds, trimmed to what matters
    grounds: Grounds
    relevance: Scores  # (statements of the grounds,)

    @property
    def language(self) -> Language:
        """Of the statement that says most on the question; without any, of the question."""
        rows = self.grounds.singles()
        return self.grounds.languages[max(rows, key=lambda i: self.relevance[i])] if rows else self.task.language


def gather(
    question: str,
    found: Found,
    note_of: Callable[[str], Note | None],
    vectors: SentenceVectors,
    glossary: Glossary,
    history: Sequence[Turn] = (),
    subject: str = "",
) -> Material:
    """From what a search found; of a follow-up question with a `subject`, from the excerpts that name it."""
    passages = _naming(subject, question, excerpts(found.hits, note_of, EXCERPT_TOKENS), glossary)
    grounds = Grounds(passages, vectors, glossary)
    trimmed = trim(grounds, relevance(grounds, found))
    grounds = Grounds(trimmed.whole, vectors, glossary)
    scores = relevance(grounds, found)
    terms = {language: _terms(grounds, scores, language) for language in LANGUAGES}
    return Material(Task(question, trimmed.shown, detect_language(question), tuple(history), terms), grounds, scores)


def _naming(subject: str, question: str, passages: Sequence[Passage], glossary: Glossary) -> Sequence[Passage]:
    """The passages that name what a follow-up question is about, or what it names itself; all where none does."""
    if not subject:
        return passages
    wanted = [(subject, understand(subject, glossary).units)]
    wanted += [(name, (unit,)) for name, unit in named_units(question, glossary)]

    def named(passage: Passage) -> bool:
        text = " ".join((passage.title, *passage.headings, passage.text))
        terms = frozenset(search_terms(text))
        return any(names(name, text, glossary) or (units and all(covered(units, terms))) for name, units in wanted)

    return [passage for passage in passages if named(passage)] or passages


def _terms(grounds: Grounds, scores: Scores, language: Language) -> list[tuple[str, str]]:
    """The names in a language of what the sentences that matter most name in the other one."""
    best = sorted(grounds.singles(), key=lambda i: (-scores[i], i))[:_TELLING]
    texts = (grounds.statements[i].text for i in best if grounds.languages[i] != language)
    return grounds.glossary.named_in("\n".join(texts), language)[:_TERMS]
