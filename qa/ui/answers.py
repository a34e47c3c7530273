"""Questions and answers to the HTML of the chat's bubbles. Pure functions.

Everything from notes, the model or the reader passes through `markdown`, so none of it becomes markup. Each result is
one line that begins with a block tag: see `markdown`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from html import escape

from qa.citations import without_numbers
from qa.drafting import shown
from qa.types import LANGUAGES, Answer, Citation, Language, Sentence
from qa.ui.copying import lines_of
from qa.ui.markdown import cite_link, plain, render_markdown
from qa.ui.render import small, title
from qa.ui.strings import error_sentence, phrase

_UNSUPPORTED = "nq-unsupported"


def render_question(text: str) -> str:
    """The reader's own words."""
    return f'<div class="nq-question">{plain(text)}</div>'


def render_texts(texts: Mapping[Language, str]) -> str:
    """An answer that is being written; its numbers lead nowhere yet."""
    return f'<div class="nq-answer nq-writing">{_texts(texts, cite=False)}</div>'


def render_stopped(html: str, ui: Language) -> str:
    """What an answer's place holds, from this module, when the reader stops it: text stays, a waiting line goes."""
    written = html if html.startswith('<div class="nq-answer') else ""
    return f'{written.replace(" nq-writing", "")}<div class="nq-small">{phrase("stopped", ui)}</div>'


def render_broken_off(texts: Mapping[Language, str], ui: Language) -> str:
    """What is kept of an answer that was stopped or failed."""
    written = f'<div class="nq-answer">{_texts(texts, cite=False)}</div>' if texts else ""
    return f'{written}<div class="nq-small">{phrase("broken_off", ui)}</div>'


def render_answer(answer: Answer, ui: Language, place: int = 0) -> str:
    """A finished answer, the one at that place of the conversation from 0.

    One that abstained looks different, one whose notes disagree says so, sentences without support look so.
    """
    opening = f'<div id="nq-answer-{place}" class="nq-answer'
    forgotten = small(phrase("forgotten", ui, turns=answer.forgotten_turns)) if answer.forgotten_turns else ""
    if answer.abstained:
        told = f'{opening} nq-abstained">{title("abstained", ui)}{_texts(answer.texts)}{forgotten}</div>'
        return told + _general(answer.general, ui)
    kept = [sentence for sentence in answer.sentences if sentence.change != "dropped"]
    quoted = bool(kept) and all(sentence.change == "quoted" for sentence in kept)
    said = title("quoted", ui) if quoted else ""
    texts = _side_by_side(answer) or _texts(answer.texts, answer.sentences)
    return f'{opening}">{said}{texts}{_conflicts(answer, ui)}{forgotten}{_quotes(answer.citations, ui)}</div>'


def render_extract(texts: Mapping[Language, str], ui: Language) -> str:
    """The notes' own sentences to read until the answer is written; without numbers, which are not the answer's."""
    bare = {language: without_numbers(text) for language, text in texts.items()}
    return f'<div class="nq-answer nq-extract">{title("extract", ui)}{_texts(bare)}</div>' if texts else ""


def render_error(error: Exception, ui: Language, texts: Mapping[Language, str] | None = None, extract: str = "") -> str:
    """A sentence in the reader's language under what was written so far, or else under the notes' own sentences."""
    sentence, detail = error_sentence(error, ui)
    told = f'<div class="nq-error"><p>{plain(sentence)}</p>{small(detail)}</div>'
    return f'{"" if texts else extract}<div class="nq-answer">{_texts(texts or {}, cite=False)}{told}</div>'


def _texts(texts: Mapping[Language, str], sentences: Sequence[Sentence] = (), cite: bool = True) -> str:
    languages = [language for language in LANGUAGES if language in texts]
    written = [
        render_markdown(texts[language], _unsupported(texts[language], sentences), cite, _UNSUPPORTED)
        for language in languages
    ]
    if len(languages) == 1:
        return written[0]
    return _columns(
        "".join(_version(language, html) for language, html in zip(languages, written, strict=True)) if written else ""
    )


def _unsupported(text: str, sentences: Sequence[Sentence]) -> list[tuple[int, int]]:
    """Where the sentences that no note supports stand in a text."""
    found, at = [], 0
    for sentence in sentences:
        start = text.find(shown(sentence), at) if sentence.change == "marked" else -1
        if start >= 0:
            at = start + len(shown(sentence))
            found.append((start, at))
    return found


def _columns(versions: str) -> str:
    if not versions:
        return ""
    heads = "".join(f'<p class="nq-small nq-label" lang="{of}">{phrase(f"language_{of}", of)}</p>' for of in LANGUAGES)
    return f'<div class="nq-versions">{heads}{versions}</div>'


def _version(language: Language, html: str) -> str:
    return f'<div class="nq-version" lang="{language}">{html}</div>'


def _side_by_side(answer: Answer) -> str:
    """Both versions sentence by sentence; nothing where there are not two, or nothing is known of their sentences."""
    if len(answer.texts) < 2:
        return ""
    zh, en = (
        [each for each in answer.sentences if each.language == of and each.change != "dropped"] for of in LANGUAGES
    )
    if not zh or not en:
        return ""
    cells = (_version(of, _sentence(each)) for pair in _pairs(zh, en) for of, each in zip(LANGUAGES, pair, strict=True))
    return _columns("".join(cells))


def _pairs(zh: Sequence[Sentence], en: Sequence[Sentence]) -> list[tuple[Sentence | None, Sentence | None]]:
    """The sentences beside their versions: in order, and where one side has more, by the numbers that they share."""
    if len(zh) == len(en):
        return list(zip(zh, en, strict=True))
    pairs: list[tuple[Sentence | None, Sentence | None]] = []
    matcher = difflib.SequenceMatcher(None, [s.citations for s in zh], [s.citations for s in en], autojunk=False)
    for kind, z1, z2, e1, e2 in matcher.get_opcodes():
        if kind in ("equal", "replace"):
            both = min(z2 - z1, e2 - e1)
            pairs += zip(zh[z1 : z1 + both], en[e1 : e1 + both], strict=True)
            z1, e1 = z1 + both, e1 + both
        pairs += [(each, None) for each in zh[z1:z2]] + [(None, each) for each in en[e1:e2]]
    return pairs


def _sentence(sentence: Sentence | None) -> str:
    if sentence is None:
        return ""
    text = shown(sentence)
    marked = [(0, len(text))] if sentence.change == "marked" else []
    return render_markdown(text, marked, cite=True, mark_class=_UNSUPPORTED)


def _general(texts: Mapping[Language, str], ui: Language) -> str:
    """What the model says from general knowledge, in a frame that says so."""
    return f'<div class="nq-answer nq-general">{title("general", ui)}{_texts(texts)}</div>' if texts else ""


def _conflicts(answer: Answer, ui: Language) -> str:
    if not answer.conflicts:
        return ""
    pairs = phrase("list_comma", ui).join(
        f"{cite_link(conflict.first)}{phrase('and', ui)}{cite_link(conflict.second)}" for conflict in answer.conflicts
    )
    return f'<p class="nq-conflict">{phrase("conflict", ui, pairs=pairs)}</p>'


def _quotes(citations: Sequence[Citation], ui: Language) -> str:
    """What the script shows beside a number: in attributes, where no formula is looked for, and never displayed."""
    quotes = (
        f'<span class="nq-quote" title="{_attribute(citation, ui)}">{citation.number}</span>' for citation in citations
    )
    return f'<p class="nq-quotes">{"".join(quotes)}</p>' if citations else ""


def _attribute(citation: Citation, ui: Language) -> str:
    """Note and lines, then the quote, as plain text."""
    text = f"{citation.note_path}, {lines_of(citation.start_line, citation.end_line, ui)}\n{citation.quote}"
    text = escape(" \n".join(text.replace("\0", "\ufffd").splitlines()))
    for character in "\\$%`*_[]{}":  # the page looks for formulas and marks before it reads HTML
        text = text.replace(character, f"&#{ord(character)};")
    return text.replace("\n", "&#10;")
