"""The script that names parts of the page for screen readers carries the page's words."""

from __future__ import annotations

import json
import re

from qa.ui.labels import labels_script
from qa.ui.strings import WORDS


def test_the_script_carries_the_words_of_both_languages() -> None:
    script = labels_script()
    found = re.fullmatch(r"<script>\((.+)\)\((\{.+\})\)</script>", script, re.DOTALL)
    assert found
    words = json.loads(found[2])
    for language in WORDS:
        assert words[language] == {
            key: WORDS[language][key] for key in ("chat", "your_question", "an_answer", "footer")
        }


def test_nothing_in_the_script_ends_it_early() -> None:
    assert labels_script().count("</script>") == 1
    assert "<!--" not in labels_script()
