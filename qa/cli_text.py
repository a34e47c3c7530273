"""Answers, hits, changes, checks and errors as text for the terminal; knows no options and imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qa.errors import NotesQAError
from qa.words import error_sentence, skip_reason, word

if TYPE_CHECKING:
    from qa.chat.opening import ModelChoice
    from qa.doctor import Check
    from qa.metrics import Changed
    from qa.types import Answer, Hit, IndexChanges, Language, Topic

_FILES_NAMED = 50


def answer_text(answer: Answer, language: Language) -> str:
    parts = [answer.text]
    if answer.general:
        parts += ["", word("general_knowledge", language), *answer.general.values()]
    if answer.forgotten_turns:
        parts += ["", word("forgotten", language, turns=answer.forgotten_turns)]
    if answer.citations:
        parts += ["", word("sources", language)]
    for citation in answer.citations:
        place = word("lines", language, start=citation.start_line, end=citation.end_line)
        parts.append(f"[{citation.number}] {citation.note_path} · {' > '.join(citation.headings)} · {place}")
        parts += [f"    {line}" for line in citation.quote.splitlines()]
    return "\n".join(parts)


def hit_text(hit: Hit, language: Language) -> str:
    passage = hit.passage
    place = word("lines", language, start=passage.start_line, end=passage.end_line)
    head = f"{hit.rank}. {passage.note_path} · {' > '.join(passage.headings)} · {place}"
    if hit.ways:
        ways = ("、" if language == "zh" else ", ").join(word(f"way_{way}", language) for way in hit.ways)
        head += f" · {word('found_by', language, ways=ways)}"
    lines = [f"    {line}" for line in passage.text.splitlines()]
    if hit.copies:
        places = ", ".join(f"{copy.note_path} L{copy.start_line}-L{copy.end_line}" for copy in hit.copies)
        lines.append(word("also_in", language, places=places))
    return "\n".join((head, *lines))


def topic_lines(topics: Sequence[Topic], language: Language, depth: int = 0) -> Iterator[str]:
    for topic in topics:
        yield f"{'  ' * depth}{topic.label} ({word('passages_count', language, count=topic.passages)})"
        yield from topic_lines(topic.children, language, depth + 1)


def changes_text(changes: IndexChanges, language: Language) -> str:
    """What was done with each file, and the sum of it."""
    done = (("+", changes.added), ("~", changes.updated), ("-", changes.deleted))
    files = [f"{mark} {path}" for mark, paths in done for path in paths]
    if len(files) > _FILES_NAMED:
        files[_FILES_NAMED:] = [word("more_files", language, count=len(files) - _FILES_NAMED)]
    files += [word("skipped", language, path=file.path, reason=skip_reason(file, language)) for file in changes.skipped]
    if not changes:
        return "\n".join((*files, word("unchanged", language, notes=changes.unchanged, passages=changes.passages)))
    text = word(
        "changed",
        language,
        added=len(changes.added),
        updated=len(changes.updated),
        deleted=len(changes.deleted),
        unchanged=changes.unchanged,
        passages=changes.passages,
        embedded=changes.embedded,
        reused=changes.reused,
        seconds=f"{changes.seconds:.1f}",
    )
    return "\n".join((*files, text))


def compared_text(changed: Changed, language: Language) -> str:
    return word(
        "changed_questions",
        language,
        direction=changed.direction,
        won=changed.won,
        won_ids=", ".join(changed.won_ids) or "-",
        lost=changed.lost,
        lost_ids=", ".join(changed.lost_ids) or "-",
    )


def models_text(configured: str, models: Sequence[ModelChoice], language: Language) -> str:
    lines = [f"  {m.spec:<20} {word('found' if m.found else 'missing', language):<8} {m.note}" for m in models]
    return "\n".join((word("configured", language, spec=configured), *lines))


def checks_text(checks: Sequence[Check], language: Language) -> str:
    """What was found of each part, and whether all is well."""
    problems = sum(not check.ok for check in checks)
    lines = [f"{word('ok' if c.ok else 'problem', language):<8} {c.part}: {c.detail}" for c in checks]
    return "\n".join(
        (*lines, word("doctor_bad", language, count=problems) if problems else word("doctor_ok", language))
    )


def error_text(error: NotesQAError, language: Language) -> str:
    sentence, detail = error_sentence(error, language)
    return word("error", language) + " ".join(filter(None, (sentence, detail)))
