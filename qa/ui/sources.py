"""The sources panel: cards of passages, and a whole note at the place of one. Pure functions; see `markdown`."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

from qa.notes import line_starts
from qa.types import Answer, Citation, Hit, Language, Passage, Way
from qa.ui.copying import lines_of
from qa.ui.markdown import plain, render_line, render_markdown
from qa.ui.render import render_note, small, title
from qa.ui.strings import phrase

_EXCERPT = 110  # characters of a passage that stand in the closed card
_NO_NUMBER = "·"  # where ranks would be read as the numbers of citations


def render_hits(hits: Sequence[Hit], ui: Language, place: int = 0, ranked: bool = True) -> str:
    """The panel where nothing is cited: what was found; `ranked` numbers it, which may be taken for citations."""
    if not hits:
        return render_note("nothing_found", ui)
    cards = (_hit(hit, ui, str(hit.rank) if ranked else _NO_NUMBER) for hit in hits)
    return _panel(place, title("searched", ui), cards)


def render_sources(answer: Answer, ui: Language, place: int = 0) -> str:
    """The panel of the finished answer at that place: the cited passages by their numbers, then what else was found."""
    if not answer.citations:
        return render_hits(answer.hits, ui, place)
    cited = [citation.passage for citation in answer.citations]
    others = [hit for hit in answer.hits if not any(passage.overlaps(hit.passage) for passage in cited)]
    rest = [title("also_found", ui), *(_hit(hit, ui, _NO_NUMBER) for hit in others)] if others else []
    return _panel(place, "", [*(_citation(citation, answer.hits, ui) for citation in answer.citations), *rest])


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


def _panel(place: int, heading: str, cards: Iterable[str]) -> str:
    return f'<div class="nq-sources" id="nq-sources-{place}">{heading}{"".join(cards)}</div>'


def _citation(citation: Citation, hits: Sequence[Hit], ui: Language) -> str:
    lines = lines_of(citation.start_line, citation.end_line, ui)
    found = next((hit for hit in hits if citation.passage.overlaps(hit.passage)), None)
    number = str(citation.number)
    opening = f'<details class="nq-source nq-cited" id="nq-source-{number}">'
    head = _head(number, citation.passage, lines, citation.quote, _ways(found.ways, ui) if found else "")
    body = render_markdown(citation.passage.text, [locate_quote(citation)])
    return f"{opening}{head}{_body(citation.passage, body, f'c{number}', found, ui)}</details>"


def _hit(hit: Hit, ui: Language, number: str) -> str:
    passage = hit.passage
    lines = lines_of(passage.start_line, passage.end_line, ui)
    head = _head(number, passage, lines, _excerpt(passage), _ways(hit.ways, ui))
    body = _body(passage, render_markdown(passage.text), f"h{hit.rank}", hit, ui)
    return f'<details class="nq-source nq-found">{head}{body}</details>'


def _head(number: str, passage: Passage, lines: str, excerpt: str, tags: str) -> str:
    path = " › ".join(plain(heading) for heading in passage.headings)
    return (
        f'<summary><span class="nq-number">{number}</span>'
        f'<span class="nq-where"><span class="nq-note">{plain(passage.note_path)}</span>'
        f' <span class="nq-lines">{lines}</span></span>'
        f'<span class="nq-path">{path}</span>'
        f'<span class="nq-excerpt">{render_line(excerpt)}</span>{tags}</summary>'
    )


def _body(passage: Passage, html: str, key: str, found: Hit | None, ui: Language) -> str:
    """The passage, why it was found, and the button that opens its note: `key` says of which card."""
    why = _why(found, ui) if found else ""
    copies = _also_in(found.copies, ui) if found else ""
    button = f'<button type="button" class="nq-open" id="nq-open-{key}">{phrase("open_note", ui)}</button>'
    return (
        f'<div class="nq-passage" lang="{passage.language}">{html}</div>{copies}'
        f'<div class="nq-more">{why}{button}</div>'
    )


def _ways(ways: Sequence[Way], ui: Language) -> str:
    """By what a passage was found, as small tags."""
    tags = (
        f'<span class="nq-way" title="{phrase(f"why_{way}", ui)}">{phrase(f"way_{way}", ui)}</span>' for way in ways
    )
    return f'<span class="nq-ways">{" ".join(tags)}</span>' if ways else ""


def _why(hit: Hit, ui: Language) -> str:
    """Reasons, ranks and scores, folded away."""
    reasons = [phrase(f"why_{way}", ui) for way in hit.ways]
    if hit.dense_rank is not None:
        reasons.append(phrase("rank_meaning", ui, rank=hit.dense_rank, cosine=f"{hit.cosine:.3f}"))
    if hit.lexical_rank is not None:
        reasons.append(phrase("rank_words", ui, rank=hit.lexical_rank))
    reasons.append(phrase("rank_fused", ui, rank=hit.rank, score=f"{hit.score:.4f}"))
    items = "".join(f"<li>{reason}</li>" for reason in reasons)
    return f'<details class="nq-why"><summary>{phrase("found_because", ui)}</summary><ul>{items}</ul></details>'


def _also_in(copies: Sequence[Passage], ui: Language) -> str:
    """The other places of the same text."""
    places = [f"{copy.note_path} {lines_of(copy.start_line, copy.end_line, ui)}" for copy in copies]
    return small(phrase("also_in", ui, places=phrase("list_comma", ui).join(places))) if places else ""


def _excerpt(passage: Passage) -> str:
    """The passage's first words below its heading."""
    lines = [line for line in passage.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    text = "\n".join(lines) or passage.text
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"
