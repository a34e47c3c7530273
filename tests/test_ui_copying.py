"""An answer as Markdown: what is pasted elsewhere says where it comes from."""

from __future__ import annotations

import re
from dataclasses import replace

from fakes_ui import EN, POOLING, SECOND, WARM_UP, citation

from qa.types import Answer, Citation
from qa.ui.copying import answer_to_markdown


def test_question_text_and_sources_with_their_quotes() -> None:
    cited = (citation(1, POOLING, SECOND), Citation(2, WARM_UP, "a\n\nb", 3, 5))
    answer = Answer("What does\npooling do?", {"en": EN}, cited, (), abstained=False)
    assert answer_to_markdown(answer, "en") == (
        f"## What does pooling do?\n\n{EN}\n\n**Sources**\n\n"
        f"- [1] ai-interview.md, L10 (AI Interview › CNN › 池化 Pooling)\n  > {SECOND}\n"
        "- [2] training-tricks.md, L3-L5 (Training tricks › Warm-up)\n  > a\n  >\n  > b\n"
    )


def test_an_answer_without_sources_has_none_and_general_knowledge_says_so() -> None:
    answer = Answer("天气？", {"zh": "没有。"}, (), (), abstained=True, general={"zh": "晴。"})
    assert answer_to_markdown(answer, "zh") == (
        "## 天气？\n\n没有。\n\n*以下来自模型的一般知识，不在你的笔记中，也没有出处*\n\n晴。\n"
    )


def test_nothing_of_a_note_is_active_where_it_is_pasted() -> None:
    passage = replace(POOLING, headings=("<img src=x>",), note_path="![a](b).md")
    cited = (Citation(1, passage, "![x](http://a.org/?q=1) <b>好</b>", 1, 1),)
    pasted = answer_to_markdown(
        Answer("<script>?", {"zh": "![x](http://a.org) 好 [1]"}, cited, (), abstained=False), "zh"
    )
    assert "![" not in pasted
    assert not re.search(r"(?<!\\)<\w", pasted)
