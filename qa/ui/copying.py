"""An answer as Markdown to paste elsewhere: the question, the text, and what each number stands for.

Notes and models are not trusted: nothing of theirs loads a picture or is HTML where it is pasted.
"""

from __future__ import annotations

from qa.conversation_files import neutral_markdown, plain_markdown
from qa.types import Answer, Citation, Language
from qa.ui.strings import phrase


def answer_to_markdown(answer: Answer, ui: Language) -> str:
    """Question as a heading, then the texts, then a list of the citations with their quotes."""
    texts = [neutral_markdown(answer.text)] if answer.text else []
    if answer.general:
        texts += [f"*{phrase('general', ui)}*", *map(neutral_markdown, answer.general.values())]
    cited = "\n".join(_source(citation, ui) for citation in answer.citations)
    sources = [f"**{phrase('sources', ui)}**", cited] if cited else []
    return "\n\n".join([f"## {plain_markdown(' '.join(answer.question.split()))}", *texts, *sources]) + "\n"


def lines_of(start: int, end: int, ui: Language) -> str:
    """Lines of a note in words, 1-based and inclusive."""
    return phrase("line", ui, start=start) if start == end else phrase("lines", ui, start=start, end=end)


def _source(citation: Citation, ui: Language) -> str:
    where = f"{plain_markdown(citation.note_path)}, {lines_of(citation.start_line, citation.end_line, ui)}"
    path = " › ".join(map(plain_markdown, citation.headings))
    quote = "\n".join(f"  > {line}".rstrip() for line in neutral_markdown(citation.quote).splitlines())
    return f"- [{citation.number}] {where}{f' ({path})' if path else ''}\n{quote}"
