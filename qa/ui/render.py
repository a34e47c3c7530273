"""Values to the HTML of the page: chat bubbles, the sources panel, what a refresh changed. Pure functions.

Everything that comes from notes, file names, the model or the reader passes through `markdown.render_markdown` or
`markdown.plain`, so none of it becomes markup. Each result is one line that begins with a block tag: see `markdown`.
"""

from __future__ import annotations

import bisect
import math
import time
from collections.abc import Iterable, Mapping, Sequence

from qa.citations import without_numbers
from qa.notes import line_starts
from qa.types import LANGUAGES, Answer, Citation, Hit, IndexChanges, Language, Passage, Progress, Topic, Way
from qa.ui.following import Freshness
from qa.ui.markdown import plain, render_line, render_markdown
from qa.ui.strings import WORDS, error_sentence, phrase
from qa.words import skip_reason, stale_sentence

_NAMES_SHOWN = 12
_EXCERPT = 110  # characters of a passage that stand in the closed card
_JUST_NOW = 10.0  # seconds
_SURE_OF_PACE = 2.0  # seconds; before that a rate says nothing
_NO_NUMBER = "·"  # where ranks would be read as the numbers of citations
_INDENT = "\u2003"  # an em space: the browser folds ordinary ones


def render_question(text: str) -> str:
    """The reader's own words."""
    return f'<div class="nq-question">{plain(text)}</div>'


def render_waiting(key: str, language: Language, **values: int) -> str:
    """One muted line with what is being done."""
    return f'<div class="nq-waiting" role="status">{phrase(key, language, **values)}</div>'


def render_texts(texts: Mapping[Language, str]) -> str:
    """An answer that is being written."""
    return f'<div class="nq-answer">{_texts(texts)}</div>'


def render_stopped(html: str, ui: Language) -> str:
    """What an answer's place holds, from this module, when the reader stops it: text stays, a waiting line goes."""
    written = html if html.startswith('<div class="nq-answer') else ""
    return f'{written}<div class="nq-small">{phrase("stopped", ui)}</div>'


def render_answer(answer: Answer, ui: Language) -> str:
    """A finished answer; one that abstained looks different, one whose notes disagree says so."""
    if answer.abstained:
        told = f'<div class="nq-answer nq-abstained">{_title("abstained", ui)}{_texts(answer.texts)}</div>'
        return told + _general(answer.general, ui)
    forgotten = _small(phrase("forgotten", ui, turns=answer.forgotten_turns)) if answer.forgotten_turns else ""
    kept = [sentence for sentence in answer.sentences if sentence.change != "dropped"]
    quoted = bool(kept) and all(sentence.change == "quoted" for sentence in kept)
    said = _title("quoted", ui) if quoted else ""
    return f'<div class="nq-answer">{said}{_texts(answer.texts)}{_conflicts(answer, ui)}{forgotten}</div>'


def render_broken_off(texts: Mapping[Language, str], ui: Language) -> str:
    """What is kept of an answer that was stopped or failed."""
    written = render_texts(texts) if texts else ""
    return f'{written}<div class="nq-small">{phrase("broken_off", ui)}</div>'


def render_extract(texts: Mapping[Language, str], ui: Language) -> str:
    """The notes' own sentences to read until the answer is written; without numbers, which are not the answer's."""
    bare = {language: without_numbers(text) for language, text in texts.items()}
    return f'<div class="nq-answer nq-extract">{_title("extract", ui)}{_texts(bare)}</div>' if texts else ""


def render_error(error: Exception, ui: Language, texts: Mapping[Language, str] | None = None, extract: str = "") -> str:
    """A sentence in the reader's language under what was written so far, or else under the notes' own sentences."""
    sentence, detail = error_sentence(error, ui)
    told = f'<div class="nq-error"><p>{plain(sentence)}</p>{_small(detail)}</div>'
    return f'{"" if texts else extract}<div class="nq-answer">{_texts(texts or {})}{told}</div>'


def render_note(key: str, ui: Language) -> str:
    """One muted line."""
    return f'<div class="nq-small">{phrase(key, ui)}</div>'


def render_model(name: str, ui: Language) -> str:
    """Which model answers."""
    return f'<div class="nq-small">{plain(phrase("model_ready", ui, name=name))}</div>'


def render_model_failed(error: Exception, ui: Language) -> str:
    """Why no model answers, in one line."""
    sentence, detail = error_sentence(error, ui)
    return f'<div class="nq-error">{phrase("model_failed", ui)} {plain(sentence)} {plain(detail)}</div>'


def render_hits(hits: Sequence[Hit], ui: Language) -> str:
    """The sources panel before the answer is there: what it will be drawn from."""
    if not hits:
        return render_note("nothing_found", ui)
    return _panel(_title("searched", ui), (_hit(hit, ui, str(hit.rank)) for hit in hits))


def render_sources(answer: Answer, ui: Language) -> str:
    """The sources panel of a finished answer: the cited passages by their numbers, then what else was found."""
    if not answer.citations:
        return render_hits(answer.hits, ui)
    cited = [citation.passage for citation in answer.citations]
    others = [hit for hit in answer.hits if not any(passage.overlaps(hit.passage) for passage in cited)]
    rest = [_title("also_found", ui), *(_hit(hit, ui, _NO_NUMBER) for hit in others)] if others else []
    return _panel("", [*(_citation(citation, ui) for citation in answer.citations), *rest])


def render_freshness(now: Freshness, ui: Language) -> str:
    """The state of the index in one line: a refresh that is running, why one failed, or how fresh it is."""
    if now.progress is not None:
        stale = _small(stale_sentence(now.stale, ui)) if now.stale else ""
        return stale + render_progress(now.progress, ui, now.seconds)
    if now.error is not None:
        return render_error_line(now.error, ui)
    if now.changes is None:
        return ""
    count = len(now.changes.added) + len(now.changes.updated) + len(now.changes.deleted)
    age = _age(time.monotonic() - now.at, ui)
    words = phrase("refreshed", ui, count=count, age=age) if count else phrase("fresh", ui, age=age)
    return f'<div class="nq-small">{words}</div>'


def _age(seconds: float, ui: Language) -> str:
    """How long ago, coarser the longer: a page that shows it is sent news as rarely as the words change."""
    if seconds < _JUST_NOW:
        return phrase("just_now", ui)
    return phrase("minutes_ago", ui, minutes=round(seconds / 60)) if seconds >= 60 else phrase("under_a_minute", ui)


def render_progress(progress: Progress | None, ui: Language, seconds: float = 0.0) -> str:
    """How far a refresh is, and how fast, after so many seconds of its present stage."""
    if progress is None:
        return render_waiting("rebuild_running", ui)
    key = f"stage_{progress.stage}"
    stage = phrase(key if key in WORDS[ui] else "stage_other", ui)
    share = 100 * progress.done // progress.total if progress.total else 0
    words = phrase("progress", ui, stage=stage, done=progress.done, total=progress.total)
    if seconds >= _SURE_OF_PACE and progress.done and not progress.detail:
        rate = progress.done / seconds
        left = math.ceil((progress.total - progress.done) / rate)
        words += phrase("pace", ui, rate=f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}", left=left)
    if progress.detail:
        words = f"{stage}{phrase('colon', ui)}{plain(progress.detail)}"
    bar = f'<progress value="{share}" max="100">{share} %</progress>'
    return f'<div class="nq-waiting" role="status">{words}{bar}</div>'


def render_changes(changes: IndexChanges, ui: Language) -> str:
    """What a refresh did, with names."""
    parts = [
        _names(key, names, ui)
        for key, names in (("added", changes.added), ("updated", changes.updated), ("deleted", changes.deleted))
        if names
    ]
    if changes.skipped:
        parts.append(_names("skipped", [f"{file.path} ({skip_reason(file, ui)})" for file in changes.skipped], ui))
    head = phrase("updated_index" if changes else "unchanged", ui)
    total = phrase(
        "passages",
        ui,
        passages=changes.passages,
        embedded=changes.embedded,
        reused=changes.reused,
        seconds=f"{changes.seconds:.1f}",
    )
    items = f"<ul>{''.join(f'<li>{part}</li>' for part in parts)}</ul>" if parts else ""
    return f'<div class="nq-changes" role="status"><p>{head}</p>{items}{_small(total)}</div>'


def render_error_line(error: Exception, ui: Language) -> str:
    """An error outside the chat."""
    sentence, detail = error_sentence(error, ui)
    return f'<div class="nq-error"><p>{plain(sentence)}</p>{_small(detail)}</div>'


def topic_choices(topics: Iterable[Topic], ui: Language) -> list[tuple[str, str]]:
    """(label, value) for the topic choice: all notes, then the tree, indented, with counts. Labels are plain text."""
    return [(phrase("all_notes", ui), ""), *_choices(topics, 0)]


def locate_quote(citation: Citation) -> tuple[int, int]:
    """Where the quote stands within its passage's text; (0, 0) if it does not.

    Of several equal stretches the one on the citation's line.
    """
    passage, quote = citation.passage, citation.quote
    starts = line_starts(passage.text)
    first = at = passage.text.find(quote) if quote else -1
    while at >= 0:
        if passage.start_line + bisect.bisect_right(starts, at) - 1 == citation.start_line:
            return at, at + len(quote)
        at = passage.text.find(quote, at + 1)
    return (first, first + len(quote)) if first >= 0 else (0, 0)


def _small(text: str) -> str:
    return f'<p class="nq-small">{plain(text)}</p>' if text else ""


def _texts(texts: Mapping[Language, str]) -> str:
    shown = [language for language in LANGUAGES if language in texts]
    if len(shown) == 1:
        return render_markdown(texts[shown[0]], cite=True)
    return "".join(
        f'<div class="nq-version" lang="{language}">{_title(f"language_{language}", language)}'
        f"{render_markdown(texts[language], cite=True)}</div>"
        for language in shown
    )


def _general(texts: Mapping[Language, str], ui: Language) -> str:
    """What the model says from general knowledge, in a frame that says so."""
    return f'<div class="nq-answer nq-general">{_title("general", ui)}{_texts(texts)}</div>' if texts else ""


def _conflicts(answer: Answer, ui: Language) -> str:
    if not answer.conflicts:
        return ""
    pairs = phrase("list_comma", ui).join(
        f"[{conflict.first}]{phrase('and', ui)}[{conflict.second}]" for conflict in answer.conflicts
    )
    return f'<p class="nq-conflict">{phrase("conflict", ui, pairs=pairs)}</p>'


def _panel(title: str, cards: Iterable[str]) -> str:
    return f'<div class="nq-sources">{title}{"".join(cards)}</div>'


def _title(key: str, ui: Language) -> str:
    return f'<p class="nq-small nq-label">{phrase(key, ui)}</p>'


def _citation(citation: Citation, ui: Language) -> str:
    lines = _lines(citation.start_line, citation.end_line, ui)
    return _card("nq-cited", str(citation.number), citation.passage, lines, citation.quote, locate_quote(citation))


def _hit(hit: Hit, ui: Language, number: str) -> str:
    lines = _lines(hit.passage.start_line, hit.passage.end_line, ui)
    tags, copies = _ways(hit.ways, ui), _also_in(hit.copies, ui)
    return _card("nq-found", number, hit.passage, lines, _excerpt(hit.passage), (0, 0), tags, copies)


def _ways(ways: Sequence[Way], ui: Language) -> str:
    """By what a passage was found, as small tags."""
    tags = (
        f'<span class="nq-way" title="{phrase(f"why_{way}", ui)}">{phrase(f"way_{way}", ui)}</span>' for way in ways
    )
    return f'<span class="nq-ways">{" ".join(tags)}</span>' if ways else ""


def _also_in(copies: Sequence[Passage], ui: Language) -> str:
    """The other places of the same text."""
    places = [f"{plain(copy.note_path)} {_lines(copy.start_line, copy.end_line, ui)}" for copy in copies]
    words = phrase("also_in", ui, places=phrase("list_comma", ui).join(places))
    return f'<p class="nq-small">{words}</p>' if places else ""


def _card(
    kind: str,
    number: str,
    passage: Passage,
    lines: str,
    excerpt: str,
    marked: tuple[int, int],
    tags: str = "",
    more: str = "",
) -> str:
    path = " › ".join(plain(heading) for heading in passage.headings)
    return (
        f'<details class="nq-source {kind}"><summary>'
        f'<span class="nq-number">{number}</span>'
        f'<span class="nq-where"><span class="nq-note">{plain(passage.note_path)}</span>'
        f' <span class="nq-lines">{lines}</span></span>'
        f'<span class="nq-path">{path}</span>'
        f'<span class="nq-excerpt">{render_line(excerpt)}</span>{tags}</summary>'
        f'<div class="nq-passage" lang="{passage.language}">{render_markdown(passage.text, marked)}</div>'
        f"{more}</details>"
    )


def _excerpt(passage: Passage) -> str:
    """The passage's first words below its heading."""
    lines = [line for line in passage.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    text = "\n".join(lines) or passage.text
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"


def _lines(start: int, end: int, ui: Language) -> str:
    return phrase("line", ui, start=start) if start == end else phrase("lines", ui, start=start, end=end)


def _names(key: str, names: Sequence[str], ui: Language) -> str:
    shown = [plain(name) for name in names[:_NAMES_SHOWN]]
    if len(names) > _NAMES_SHOWN:
        shown.append(phrase("more_names", ui, count=len(names) - _NAMES_SHOWN))
    return f"{phrase(key, ui, count=len(names))}{phrase('colon', ui)}{phrase('list_comma', ui).join(shown)}"


def _choices(topics: Iterable[Topic], depth: int) -> Iterable[tuple[str, str]]:
    for topic in topics:
        yield f"{_INDENT * depth}{topic.label} ({topic.passages})", topic.path
        yield from _choices(topic.children, depth + 1)
