"""Kept conversations as files for elsewhere: Markdown to read, JSON for programs, rated answers for `notes-qa eval`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from markdown_it import MarkdownIt

from qa.answer_json import write_answer
from qa.conversations import Exchange, Rating, StoredConversation, short_title
from qa.followups import is_continuation, points_back
from qa.language import detect_language
from qa.types import LANGUAGES, Answer, Citation, Language
from qa.words import word

_JSON_VERSION = 1
_MARKS = re.compile(r"([\\`*_\[\]<>$&~|])")
_CODE = re.compile(r"\\.|(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_ACTIVE = re.compile(r"<|!(?=\[)")
_PARSER = MarkdownIt("commonmark", {"html": True})


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """JSON Lines as `notes-qa eval` reads them, how many there are, and what could not be put so honestly.

    `left_out` counts by reason: "bad" (what would be right is not known), "followup" (means nothing alone),
    "unfinished", and "uncited" (an answer that names no place).
    """

    text: str
    questions: int
    left_out: Mapping[str, int]


def conversation_markdown(conversation: StoredConversation, language: Language) -> str:
    """To read anywhere: answers with their numbers, and under each the places with their quotes.

    Nothing in it loads or runs: HTML and images of notes and models are written out as text.
    """
    parts = [f"# {plain_markdown(conversation.title)}", f"{_minute(conversation.created)} · notes-qa"]
    for number, exchange in enumerate(conversation.exchanges, 1):
        parts += _exchange_markdown(number, exchange, language)
    text = "\n\n".join(parts) + "\n"
    return _ACTIVE.sub(_written_out, text) if _is_active(text) else text  # code that one part opens ends in another


def conversation_json(conversation: StoredConversation) -> str:
    """Everything that is kept of it; times in ISO 8601, UTC."""
    value = {
        "format": "notes-qa conversation",
        "version": _JSON_VERSION,
        "title": conversation.title,
        "created": _iso(conversation.created),
        "updated": _iso(conversation.updated),
        "exchanges": [_exchange_json(exchange) for exchange in conversation.exchanges],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def question_file(conversations: Iterable[StoredConversation]) -> QuestionFile:
    """The rated answers as questions.

    A helpful answer says where the answer stands: a line of each of its quotes is the gold. A helpful "not in the
    notes", or the reason that the notes do not say this, makes a question without gold. Of every other unhelpful
    answer only what is wrong is known, not what is right, so it is left out.
    """
    lines: list[str] = []
    left_out: Counter[str] = Counter()
    for conversation in conversations:
        for number, exchange in enumerate(conversation.exchanges, 1):
            if exchange.rating is None:
                continue
            if why := _left_out(number, exchange, exchange.rating):
                left_out[why] += 1
                continue
            found = exchange.rating.good and not exchange.answer.abstained
            question = {
                "id": f"{conversation.id}-{number}",
                detect_language(exchange.question): exchange.question,
                "gold": _gold(exchange.answer) if found else [],
            }
            lines.append(json.dumps(question, ensure_ascii=False) + "\n")
    return QuestionFile("".join(lines), len(lines), dict(left_out))


def neutral_markdown(text: str) -> str:
    """The same text, in which no viewer finds HTML or an image; code stays as it is."""
    parts = []
    at = 0
    for code in _CODE.finditer(text):
        parts += [_ACTIVE.sub(_written_out, text[at : code.start()]), code[0]]
        at = code.end()
    quiet = "".join([*parts, _ACTIVE.sub(_written_out, text[at:])])
    # Where code begins and ends is decided by the parser; what was meant to deceive it is written out everywhere.
    return _ACTIVE.sub(_written_out, text) if _is_active(quiet) else quiet


def _left_out(number: int, exchange: Exchange, rating: Rating) -> str:
    if exchange.ended != "done":
        return "unfinished"
    if number > 1 and (points_back(exchange.question) or is_continuation(exchange.question)):
        return "followup"
    if not rating.good:
        return "" if rating.reason == "not_in_notes" and not exchange.answer.abstained else "bad"
    return "" if exchange.answer.abstained or exchange.answer.citations else "uncited"


def _gold(answer: Answer) -> list[dict[str, str]]:
    """A line of each quote, the longest: a line stays where it is when lines around it change."""
    places = {(citation.note_path, max(citation.quote.splitlines(), key=len).strip()) for citation in answer.citations}
    return [{"note": note, "quote": quote} for note, quote in sorted(places)]


def _exchange_markdown(number: int, exchange: Exchange, language: Language) -> list[str]:
    answer = exchange.answer
    question = neutral_markdown(exchange.question.strip())
    title = short_title(exchange.question)
    parts = [f"## {number}. {plain_markdown(title)}"]
    if title != exchange.question.strip():
        parts.append(_quoted(question))
    parts += [neutral_markdown(answer.texts[of]) for of in LANGUAGES if of in answer.texts]
    if answer.general:
        texts = [neutral_markdown(answer.general[of]) for of in LANGUAGES if of in answer.general]
        parts.append(_quoted("\n\n".join([f"**{word('export_general', language)}**", *texts])))
    if exchange.ended != "done":
        parts.append(word("export_stopped", language))
    if answer.citations:
        parts.append(f"**{word('export_sources', language)}**")
        parts += [_source(citation, language) for citation in answer.citations]
    if exchange.rating:
        parts.append(_rated(exchange.rating, language))
    return parts


def _source(citation: Citation, language: Language) -> str:
    lines = word("lines", language, start=citation.start_line, end=citation.end_line)
    path = " › ".join(map(plain_markdown, citation.headings))
    head = " · ".join(filter(None, (f"\\[{citation.number}\\] {plain_markdown(citation.note_path)}", lines, path)))
    quote = _quoted(neutral_markdown(citation.quote))
    return "- " + f"{head}\n\n{quote}".replace("\n", "\n  ").replace("\n  \n", "\n\n")


def _rated(rating: Rating, language: Language) -> str:
    parts = [word("export_good" if rating.good else "export_bad", language)]
    if rating.reason:
        parts.append(word(f"reason_{rating.reason}", language))
    parts += filter(None, [plain_markdown(" ".join(rating.comment.split()))])
    return f"*{' · '.join(parts)}*"


def _exchange_json(exchange: Exchange) -> dict[str, Any]:
    return {
        "question": exchange.question,
        "options": asdict(exchange.options),
        "answered": _iso(exchange.answered),
        "ended": exchange.ended,
        "rating": exchange.rating and asdict(exchange.rating),
        "answer": json.loads(write_answer(exchange.answer)),
    }


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def plain_markdown(text: str) -> str:
    """Text that no viewer takes for Markdown, on one line."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _written_out(mark: re.Match[str]) -> str:
    return "&lt;" if mark[0] == "<" else "!\\"


def _is_active(text: str) -> bool:
    tokens = _PARSER.parse(text)
    children = [child for token in tokens for child in token.children or ()]
    return any(token.type in {"html_block", "html_inline", "image"} for token in [*tokens, *children])


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _minute(seconds: float) -> str:
    """In the time of this machine."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
