"""The names that Gradio gives parts of the page for screen readers, in the page's two languages."""

from __future__ import annotations

import json
from pathlib import Path

from qa.types import LANGUAGES
from qa.ui.strings import phrase

_KEYS = ("chat", "your_question", "an_answer", "footer")
_SCRIPT = Path(__file__).with_name("labels.js")


def labels_script() -> str:
    """HTML for the head of the page; it names the parts whenever they are drawn."""
    words = {language: {key: phrase(key, language) for key in _KEYS} for language in LANGUAGES}
    return f"<script>({_SCRIPT.read_text(encoding='utf-8')})({json.dumps(words)})</script>"
