"""The state of things to the HTML of the page: the chat model, the index, what a refresh changed. Pure functions.

Everything that comes from notes, file names, the model or the reader passes through `markdown.render_markdown` or
`markdown.plain`, so none of it becomes markup. Each result is one line that begins with a block tag: see `markdown`.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Sequence

from qa.types import IndexChanges, Language, Progress, Topic
from qa.ui.following import Freshness
from qa.ui.markdown import plain
from qa.ui.strings import WORDS, error_sentence, phrase
from qa.words import skip_reason, stale_sentence

_NAMES_SHOWN = 12
_JUST_NOW = 10.0  # seconds
_SURE_OF_PACE = 2.0  # seconds; before that a rate says nothing
_TOPICS = 600  # entries to choose from
_INDENT = "\u2003"  # an em space: the browser folds ordinary ones


def render_waiting(key: str, language: Language, **values: int) -> str:
    """One muted line with what is being done."""
    return f'<div class="nq-waiting" role="status">{phrase(key, language, **values)}</div>'


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


def render_freshness(now: Freshness, ui: Language) -> str:
    """The state of the index in one line: a refresh that is running, why one failed, or how fresh it is."""
    if now.progress is not None:
        stale = small(stale_sentence(now.stale, ui)) if now.stale else ""
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
    return f'<div class="nq-changes" role="status"><p>{head}</p>{items}{small(total)}</div>'


def render_error_line(error: Exception, ui: Language) -> str:
    """An error outside the chat."""
    sentence, detail = error_sentence(error, ui)
    return f'<div class="nq-error"><p>{plain(sentence)}</p>{small(detail)}</div>'


def topic_choices(topics: Iterable[Topic], ui: Language) -> list[tuple[str, str]]:
    """(label, value) for the topic choice: all notes, then the tree, indented, with counts. Labels are plain text.

    The tree of many notes is cut at the depth where it has few enough entries: with ten thousand of them every answer
    takes two seconds longer in the browser.
    """
    tree = tuple(topics)
    depth = 1
    while (deeper := _count(tree, depth + 1)) <= _TOPICS and deeper > _count(tree, depth):
        depth += 1
    return [(phrase("all_notes", ui), ""), *itertools.islice(_choices(tree, 0, depth), _TOPICS)]


def small(text: str) -> str:
    """A muted line of plain text; nothing for none."""
    return f'<p class="nq-small">{plain(text)}</p>' if text else ""


def title(key: str, ui: Language) -> str:
    """The name of what follows."""
    return f'<p class="nq-small nq-label">{phrase(key, ui)}</p>'


def _names(key: str, names: Sequence[str], ui: Language) -> str:
    shown = [plain(name) for name in names[:_NAMES_SHOWN]]
    if len(names) > _NAMES_SHOWN:
        shown.append(phrase("more_names", ui, count=len(names) - _NAMES_SHOWN))
    return f"{phrase(key, ui, count=len(names))}{phrase('colon', ui)}{phrase('list_comma', ui).join(shown)}"


def _count(topics: Iterable[Topic], depth: int) -> int:
    """Entries of the first levels of a tree."""
    return sum(1 + _count(topic.children, depth - 1) for topic in topics) if depth else 0


def _choices(topics: Iterable[Topic], depth: int, depths: int) -> Iterable[tuple[str, str]]:
    for topic in topics if depth < depths else ():
        yield f"{_INDENT * depth}{topic.label} ({topic.passages})", topic.path
        yield from _choices(topic.children, depth + 1, depths)
