"""Values to HTML: what is shown, what is highlighted, and that untrusted text never becomes markup."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from fakes_ui import CNN, EN, FIRST, HOSTILE, POOLING, SECOND, WARM_UP, ZH, citation, hits, passage

from qa.errors import IndexLocked, ModelFailed
from qa.types import (
    LANGUAGES,
    Answer,
    Change,
    Citation,
    Conflict,
    IndexChanges,
    Language,
    Note,
    Passage,
    Progress,
    Sentence,
    SkippedFile,
    Topic,
)
from qa.ui import answers, note_view, render, sources
from qa.ui.following import Freshness
from qa.ui.markdown import plain, render_line, render_markdown
from qa.ui.strings import WORDS

TAGS = {
    *("div", "p", "span", "ul", "ol", "li", "blockquote", "hr", "br", "pre", "code", "details", "summary", "progress"),
    *("table", "thead", "tbody", "tr", "th", "td", "em", "strong", "s", "mark"),
    *("a", "button"),
}
ATTRIBUTES = {"class", "lang", "start", "role", "value", "max", "title", "id", "href", "type"}

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=http://tracker.example/a.png>",
    "![x](http://tracker.example/a.png)",
    "![x][r]\n\n[r]: http://tracker.example/a.png",
    "[click](javascript:alert(1))",
    "[click](http://evil.example/?q=secret)",
    "<http://evil.example/>",
    "http://evil.example/",
    "<form action=http://evil.example><input name=q></form>",
    "<iframe src=http://evil.example></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<svg onload=alert(1)>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math href='javascript:alert(1)'>x</math>",
    "<style>body{background:url(http://evil.example)}</style>",
    "<link rel=stylesheet href=http://evil.example>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<base href=http://evil.example>",
    "<details open ontoggle=alert(1)>x</details>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<object data=http://evil.example></object><embed src=http://evil.example>",
    "<video src=http://evil.example onerror=alert(1)></video>",
    "</div></details></span><script>alert(1)</script>",
    "```html\n<script>alert(1)</script>\n```",
    '```"><img src=x onerror=alert(1)>\nx\n```',
    '```mermaid\ngraph TD; A-->B; click A href "javascript:alert(1)"\n```',
    "`<img src=x onerror=alert(1)>`",
    "| <img src=x> |\n|---|\n| ![x](http://e) |",
    "- <b onclick=alert(1)>x</b>\n  <script>alert(1)</script>",
    "> <script>alert(1)</script>",
    "# <img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\<script\\>alert(1)\\</script\\>",
    "$</span><img src=x onerror=alert(1)>$",
    "$$\n\\href{javascript:alert(1)}{x} <img src=x>\n$$",
    "\\(<img src=x>\\) \\[<script>\\]",
    "%%%LATEX_BLOCK_0%%%",
    "x\n\n<div\n\nonmouseover=alert(1)>",
    "<!-- --><script>alert(1)</script><!-- -->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "a\0<script>b",
    "1. x\n\n   <img src=x>\n\n2. $<script>$",
    "~~<s onclick=alert(1)>~~ **<b onclick=alert(1)>**",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)}",
]


class Strict(HTMLParser):
    """Fails on any tag or attribute that the page does not write itself, and on tags that do not match."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        assert all("nq-" in (value or "") for name, value in attrs if name in ("class", "id")), attrs
        assert all(re.fullmatch(r"#nq-source-\d+", value or "") for name, value in attrs if name == "href"), attrs
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


def assert_harmless(html: str) -> None:
    parser = Strict()
    parser.feed(html)
    parser.close()
    assert not parser.open
    assert "\n" not in html
    assert "\r" not in html
    assert "%%" not in html  # the page's own marks while it parses


def answer(**changes: object) -> Answer:
    cited = (citation(1, POOLING, FIRST), citation(2, POOLING, SECOND))
    plain = Answer("池化有什么作用？", {"zh": ZH}, cited, hits(WARM_UP, POOLING), abstained=False)
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_untrusted_markdown_never_becomes_markup(payload: str) -> None:
    assert_harmless(render_markdown(payload))
    assert_harmless(render_markdown(payload, [(1, len(payload))], cite=True))
    assert_harmless(render_line(payload))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_untrusted_text_is_harmless_wherever_it_comes_from(payload: str) -> None:
    passage = Passage(payload, payload, (payload, payload), payload, 0, len(payload), 1, 2, "en")
    cited = (Citation(1, passage, payload, 1, 2),)
    hostile = Answer(payload, {"zh": payload, "en": payload}, cited, hits(passage, HOSTILE), False, (Conflict(1, 1),))
    changes = IndexChanges((payload,), (payload,), (payload,), 0, 0, 0, 0, (SkippedFile(payload, payload),), 0.0)
    for html in (
        answers.render_question(payload),
        answers.render_answer(hostile, "zh"),
        answers.render_answer(replace(hostile, abstained=True), "en"),
        sources.render_sources(hostile, "zh"),
        sources.render_hits(hostile.hits, "en"),
        answers.render_error(ModelFailed(payload), "zh", {"en": payload}),
        note_view.render_whole_note(Note("a.md", "A", payload, "", "en"), note_view.place_of(cited[0]), 0, "zh"),
        note_view.render_whole_note(None, note_view.place_of(passage), 0, "en"),
        render.render_error_line(ModelFailed(payload), "en"),
        render.render_changes(changes, "zh"),
        render.render_model(payload, "zh"),
        render.render_progress(Progress(payload, 1, 2), "en"),
    ):
        assert_harmless(html)
        assert html.startswith("<div")


@pytest.mark.parametrize("source", [CNN, *PAYLOADS])
def test_every_stretch_of_a_source_is_marked_without_changing_what_is_read(source: str) -> None:
    unmarked = render_markdown(source)
    for start in range(0, len(source), 7):
        html = render_markdown(source, [(start, min(start + 11, len(source)))])
        assert html.replace("<mark>", "").replace("</mark>", "") == unmarked


def marked(source: str, quote: str) -> list[str]:
    start = source.index(quote)
    html = render_markdown(source, [(start, start + len(quote))])
    return [unescape(re.sub("<[^>]+>", "", part.split("</mark>")[0])) for part in html.split("<mark>")[1:]]


def test_a_quote_is_marked_within_a_sentence() -> None:
    assert marked("前面。池化降维。后面。", "池化降维。") == ["池化降维。"]


def test_a_quote_is_marked_through_bold_code_and_list_marks() -> None:
    assert marked(CNN, FIRST) == ["往往相似", "，所以把它们合并可以减少计算量。", "降维：特征图变小"]
    assert marked(CNN, SECOND) == ["增强平移不变性，", "stride=2", " 时输出"]


def test_a_quote_is_marked_in_the_right_one_of_equal_words() -> None:
    html = render_markdown("- 1. 同样\n- 2. 同样\n", [(13, 15)])
    assert html == '<ul><li><ol><li>同样</li></ol></li><li><ol start="2"><li><mark>同样</mark></li></ol></li></ul>'


def test_a_quote_is_marked_in_table_cells() -> None:
    assert marked(CNN, "最大池化 | 窗口里的最大值 |") == ["最大池化", "窗口里的最大值"]
    assert marked("| a\\|b | a |\n|---|---|\n| b\\|a | a |\n", "a |\n|---") == ["a"]


def test_a_quote_is_marked_in_code_and_a_formula_whole() -> None:
    assert marked(CNN, "x_{pq}\n$$\n\n```python\ndef max") == [
        "\\[y_{ij} = \\max_{(p,q) \\in R_{ij}} x_{pq}\\]",
        *("def", " ", "max"),  # each within its own colour
    ]
    assert marked("    indented code", "code") == ["code"]


def test_a_quote_is_marked_with_windows_lines_wide_spaces_tabs_and_escapes() -> None:
    assert marked("　　段落一\r\n段落二\r\n", "一\r\n段落") == ["一", "段落"]
    assert marked("-\titem one\n\n\tsecond two\n", "second") == ["second"]
    assert marked("a \\* b &amp; c", "\\* b &amp;") == ["*", " b ", "&"]


def test_marks_that_turn_the_order_of_characters_are_shown_as_such() -> None:
    assert render_markdown("safe\u202egpj.exe\u202c `\u202b` $\u202a$") == "<p>safe�gpj.exe� <code>�</code> \\(�\\)</p>"
    assert plain("a\u202db\u2066c\u2069") == "a�b\u2066c\u2069"


def test_dollars_of_money_are_no_formula() -> None:
    assert render_markdown("It costs $5 and $6.") == "<p>It costs $5 and $6.</p>"


def test_formulas_in_all_four_spellings_reach_katex() -> None:
    assert render_markdown("$a<b$ $$c$$ \\(d\\) \\[e\\]") == "<p>\\(a&lt;b\\) \\[c\\] \\(d\\) \\[e\\]</p>"
    assert render_markdown("$$\n\\frac{1}{2}\n$$") == "\\[\\frac{1}{2}\\]"


def test_tables_code_and_lists_are_rendered() -> None:
    html = render_markdown(CNN)
    assert "<th>方式</th>" in html
    assert "<td>最大池化</td>" in html
    assert (
        '<pre><code><span class="nq-code-keyword">def</span> <span class="nq-code-name">max_pool</span>(x, k=' in html
    )
    assert "<strong>往往相似</strong>" in html


def test_the_quote_on_the_cited_line_is_the_one_that_is_found() -> None:
    passage = Passage("a.md", "A", (), "x y\nx y\nx y\n", 30, 42, 5, 7, "en")
    assert sources.locate_quote(Citation(1, passage, "x y", 6, 6)) == (4, 7)
    assert sources.locate_quote(Citation(1, passage, "not there", 6, 6)) == (0, 0)


def test_citations_come_first_with_their_numbers_then_what_else_was_found() -> None:
    html = sources.render_sources(answer(), "en")
    assert html.count("nq-cited") == 2
    assert html.count("nq-found") == 1
    assert html.index("nq-cited") < html.index("Also found") < html.index("training-tricks.md")
    assert "L7-L9" in html
    assert ">L10<" in html
    assert "AI Interview › CNN › 池化 Pooling" in html


def numbers(html: str) -> list[str]:
    return [part.split("<")[0] for part in html.split('<span class="nq-number">')[1:]]


def tags(html: str) -> list[str]:
    return [part.split(">")[1].split("<")[0] for part in html.split('<span class="nq-way"')[1:]]


def test_a_hit_within_a_cited_passage_is_not_shown_again() -> None:
    whole = passage(POOLING.note_path, POOLING.headings)
    longer = answer(citations=(citation(1, whole, FIRST),), hits=hits(POOLING, WARM_UP))
    assert (POOLING.start > whole.start, POOLING.end == whole.end) == (True, True)
    assert numbers(sources.render_sources(longer, "en")) == ["1", "·"]
    assert 'class="nq-note">training-tricks.md<' in sources.render_sources(longer, "en").split("nq-found")[1]


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        (replace(POOLING, end=POOLING.end + 1), ["1"]),
        (replace(POOLING, start=POOLING.end, end=POOLING.end + 1), ["1", "·"]),
        (replace(POOLING, note_path="copy.md"), ["1", "·"]),
    ],
)
def test_a_hit_is_shown_again_only_where_nothing_of_it_was_cited(other: Passage, shown: list[str]) -> None:
    cited = (citation(1, POOLING, FIRST),)
    assert numbers(sources.render_sources(answer(citations=cited, hits=hits(other)), "en")) == shown


def test_ranks_are_shown_only_where_no_citation_has_a_number() -> None:
    assert numbers(sources.render_hits(hits(WARM_UP, POOLING), "en")) == ["1", "2"]
    assert numbers(sources.render_sources(answer(citations=(), abstained=True), "en")) == ["1", "2"]
    assert numbers(sources.render_sources(answer(), "en")) == ["1", "2", "·"]


def test_a_found_passage_has_a_tag_for_each_way_by_which_it_was_found() -> None:
    hit = replace(hits(POOLING)[0], ways=("meaning", "glossary"))
    html = sources.render_hits([hit], "zh")
    assert (
        '<span class="nq-ways"><span class="nq-way" title="意思与问题相近">语义</span> '
        '<span class="nq-way" title="含有问题中术语的另一种语言的说法">术语对照</span></span></summary>'
    ) in html
    assert_harmless(html)
    assert tags(sources.render_hits([replace(hit, ways=("words", "translation"))], "en")) == ["words", "translation"]
    assert "nq-way" not in sources.render_hits([replace(hit, ways=())], "en")


def test_a_citation_has_the_tags_of_the_passage_in_which_it_was_found() -> None:
    found = tuple(replace(hit, ways=("words",)) for hit in hits(WARM_UP, POOLING))
    cited, others = sources.render_sources(answer(hits=found), "en").split("Also found")
    assert (tags(cited), tags(others)) == (["words", "words"], ["words"])
    assert tags(sources.render_sources(answer(hits=found[:1]), "en")) == ["words"]


def test_ranks_and_scores_are_folded_away() -> None:
    hit = replace(hits(POOLING)[0], ways=("meaning",), lexical_rank=None)
    html = sources.render_hits([hit], "en").split('<details class="nq-why">')[1]
    assert html.startswith(
        "<summary>Why this was found</summary><ul><li>Close to the question in meaning</li>"
        "<li>No. 1 by meaning (cosine 0.900)</li><li>No. 1 overall (score 0.0164)</li></ul></details>"
    )


def test_while_an_answer_is_written_no_passage_has_a_number_that_its_text_may_mean() -> None:
    assert numbers(sources.render_hits(hits(WARM_UP, POOLING), "en", ranked=False)) == ["·", "·"]


def test_lines_are_said_in_chinese() -> None:
    html = sources.render_sources(answer(), "zh")
    assert "第 7-9 行" in html
    assert "第 10 行" in html


def test_an_excerpt_has_no_syntax_and_no_tags() -> None:
    assert render_line(FIRST) == "往往相似，所以把它们合并可以减少计算量。 降维：特征图变小"
    assert render_line("$$\nx^2\n$$\nA formula.") == "\\(x^2\\) A formula."


def test_both_languages_stand_under_their_headings_and_one_alone_does_not() -> None:
    both = answers.render_answer(answer(texts={"en": EN, "zh": ZH}), "en")
    assert both.index(">中文<") < both.index(">English<") < both.index("池化有两个作用") < both.index("Pooling does")
    assert "中文" not in answers.render_answer(answer(), "zh")


def said(language: Language, text: str, *citations: int, change: Change = "kept") -> Sentence:
    return Sentence(language, text, citations, 0.5, change)


def rows(html: str) -> list[str]:
    return [re.sub("<[^>]+>", "", part.split("</div>")[0]) for part in html.split('class="nq-version" lang="')[1:]]


def test_two_versions_stand_side_by_side_sentence_by_sentence_with_the_same_numbers() -> None:
    sentences = (
        said("zh", "池化降维。", 1),
        said("zh", "它不变。", 2),
        said("en", "It reduces.", 1),
        said("en", "It stays.", 2),
    )
    html = answers.render_answer(answer(texts={"zh": ZH, "en": EN}, sentences=sentences), "zh")
    assert rows(html) == ['zh">池化降维 [1]。', 'en">It reduces [1].', 'zh">它不变 [2]。', 'en">It stays [2].']
    assert_harmless(html)


def test_a_sentence_without_its_version_stands_beside_nothing() -> None:
    sentences = (
        said("zh", "一。", 1),
        said("zh", "二。", 2),
        said("en", "Two.", 2),
        said("en", "Left out.", change="dropped"),
    )
    html = answers.render_answer(answer(texts={"zh": ZH, "en": EN}, sentences=sentences), "zh")
    assert rows(html) == ['zh">一 [1]。', 'en">', 'zh">二 [2]。', 'en">Two [2].']


def test_what_no_note_supports_is_marked_in_one_language_and_in_two() -> None:
    loose = said("zh", "池化没有参数。", change="marked")
    one = answers.render_answer(answer(texts={"zh": f"{ZH}池化没有参数。（不在你的笔记中）"}, sentences=(loose,)), "zh")
    assert '<mark class="nq-unsupported">池化没有参数。（不在你的笔记中）</mark>' in one
    sentences = (loose, said("en", "Pooling has no parameters.", change="marked"))
    two = answers.render_answer(answer(texts={"zh": ZH, "en": EN}, sentences=sentences), "zh")
    assert '<mark class="nq-unsupported">Pooling has no parameters. (not from your notes)</mark>' in two


def test_the_quote_of_each_number_goes_with_the_answer_as_plain_text() -> None:
    html = answers.render_answer(answer(), "zh", place=3)
    assert html.startswith('<div id="nq-answer-3" class="nq-answer">')
    titles = [unescape(part.split('"')[0]) for part in html.split('class="nq-quote" title="')[1:]]
    assert titles[1] == f"ai-interview.md, 第 10 行 \n{SECOND}"
    assert "$" not in html
    assert "`" not in html


def test_citation_numbers_are_set_off() -> None:
    assert '<a class="nq-cite" href="#nq-source-2">[2]</a>' in answers.render_answer(answer(), "zh")
    assert 'id="nq-source-2"' in sources.render_sources(answer(), "zh")
    assert "href" not in answers.render_texts({"zh": ZH})  # the numbers lead nowhere yet


def test_an_abstained_answer_looks_different() -> None:
    assert "nq-abstained" in answers.render_answer(answer(abstained=True, citations=()), "zh")
    assert "nq-abstained" not in answers.render_answer(answer(), "zh")


@pytest.mark.parametrize(
    ("ui", "sentence"), [("zh", "更早的 3 轮对话没有用到。"), ("en", "Earlier turns that were not used: 3.")]
)
@pytest.mark.parametrize("abstained", [False, True])
def test_turns_that_were_left_out_are_said_below_the_answer(ui: Language, sentence: str, abstained: bool) -> None:
    forgetful = answer(forgotten_turns=3, abstained=abstained)
    assert sentence in answers.render_answer(forgetful, ui)
    assert sentence not in answers.render_answer(replace(forgetful, forgotten_turns=0), ui)


def test_a_disagreement_is_said_below_the_answer() -> None:
    html = answers.render_answer(answer(conflicts=(Conflict(1, 2),)), "zh")
    told = re.sub("<[^>]+>", "", html.split('<p class="nq-conflict">')[1].split("</p>")[0])
    assert told == "笔记之间说法不一：[1]与[2]。请打开来源对照。"
    assert html.count('href="#nq-source-1"') == 2


def test_an_error_stands_under_what_was_written() -> None:
    html = answers.render_error(ModelFailed("It stopped."), "zh", {"zh": "池化"})
    assert html.index("池化") < html.index("对话模型在回答途中停止了") < html.index("It stopped.")


def test_a_stopped_answer_keeps_its_text_and_a_waiting_line_goes() -> None:
    assert "写到" in answers.render_stopped(answers.render_texts({"zh": "写到"}), "zh")
    assert "正在" not in answers.render_stopped(render.render_waiting("searching", "zh"), "zh")
    assert "nq-writing" not in answers.render_stopped(answers.render_texts({"zh": "写到"}), "zh")


LARGE = SkippedFile("d.md", "is larger than the limit: 20 MB", "skip_too_large")


def test_changes_are_counted_and_named() -> None:
    changes = IndexChanges(("a.md", "b.md"), ("c.md",), (), 1, 5, 3, 8, (LARGE,), 0.44)
    html = render.render_changes(changes, "zh")
    assert (
        "<li>新增 2 篇：a.md、b.md</li><li>修改 1 篇：c.md</li><li>跳过 1 个文件：d.md (文件太大，上限：20 MB)</li>"
        in html
    )
    assert "共 8 段，新编码 5 段，沿用 3 段，用时 0.4 秒。" in html


def test_many_names_are_cut_and_no_change_is_said() -> None:
    names = tuple(f"{n}.md" for n in range(40))
    assert "28 more" in render.render_changes(IndexChanges(names, (), (), 0, 0, 0, 0, (), 0.0), "en")
    assert "have not changed" in render.render_changes(IndexChanges((), (), (), 3, 0, 8, 8, (), 0.0), "en")


def test_progress_has_words_numbers_and_a_bar() -> None:
    html = render.render_progress(Progress("encode", 3, 12), "zh")
    assert "正在编码段落：3 / 12" in html
    assert 'value="25"' in html


CHANGES = IndexChanges(("a.md",), ("b.md",), (), 1, 2, 6, 8, (), 0.1)


def test_nothing_is_said_of_an_index_before_anything_is_known() -> None:
    assert render.render_freshness(Freshness(), "en") == ""


def test_running_refresh_says_how_far_it_is_and_why_it_is_made() -> None:
    html = render.render_freshness(Freshness(progress=Progress("encode", 3, 12), stale=("encoder",)), "en")
    assert html.startswith('<p class="nq-small">The index was built with another encoder; ')
    assert "Encoding passages: 3 of 12" in html
    assert_harmless(html)


def test_waiting_for_another_writer_names_it() -> None:
    html = render.render_freshness(Freshness(progress=Progress("wait", 0, 1, "Process 7 on <b>box</b>")), "zh")
    assert "等待正在写索引的程序：Process 7 on &lt;b&gt;box&lt;/b&gt;" in html
    assert_harmless(html)


def test_failed_refresh_is_a_sentence_even_after_good_ones() -> None:
    html = render.render_freshness(Freshness(changes=CHANGES, error=IndexLocked("Locked <by> 7.")), "zh")
    assert "另一个程序正在写索引，请稍后再试。" in html
    assert "Locked &lt;by&gt; 7." in html
    assert_harmless(html)


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [(0, "刚刚", "just now"), (30, "不到 1 分钟前", "less than a minute ago"), (600, "10 分钟前", "10 min ago")],
)
def test_age_of_the_last_change_is_told_in_steps(seconds: float, zh: str, en: str) -> None:
    now = Freshness(changes=CHANGES, at=time.monotonic() - seconds, refreshes=1)
    assert render.render_freshness(now, "zh") == f'<div class="nq-small">2 篇笔记有变动，已更新索引（{zh}）。</div>'
    assert f"Notes changed: 2. The index was refreshed ({en})." in render.render_freshness(now, "en")


def test_refresh_that_changed_no_note_says_that_all_are_indexed() -> None:
    now = Freshness(changes=IndexChanges((), (), (), 3, 0, 8, 8, (), 0.0), at=time.monotonic(), refreshes=1)
    assert render.render_freshness(now, "zh") == '<div class="nq-small">笔记已全部编入索引（刚刚）。</div>'


@pytest.mark.parametrize("stage", ["wait", "split", "encode", "store", "unpack"])
def test_every_stage_of_a_refresh_has_words(stage: str) -> None:
    for ui in LANGUAGES:
        assert WORDS[ui]["stage_other"] not in render.render_progress(Progress(stage, 1, 2), ui)


def test_other_places_of_the_same_text_are_named() -> None:
    hit = replace(hits(POOLING)[0], copies=(WARM_UP, HOSTILE))
    html = sources.render_hits([hit], "en")
    assert "The same text is also in: training-tricks.md L3-L5, &lt;img src=x" in html
    assert_harmless(html)


def test_topics_are_an_indented_tree_with_counts_after_all_notes() -> None:
    tree = (Topic("A", "a.md", 3, (Topic("B", "a.md#B", 2),)),)
    assert render.topic_choices(tree, "en") == [("All notes", ""), ("A (3)", "a.md"), ("\u2003B (2)", "a.md#B")]


def test_topics_are_shown_in_both_languages_where_the_other_name_is_known() -> None:
    note = Topic("CNN", "dl/cnn.md", 3, (Topic("池化", "dl/cnn.md#池化", 2, (), "pooling"),), "卷积神经网络")
    tree = (Topic("dl", "dl/", 3, (note,)), Topic("#池化", "#池化", 3, (), "pooling"))
    assert render.topic_choices(tree, "zh")[1:] == [
        ("dl (3)", "dl/"),
        ("\u2003CNN · 卷积神经网络 (3)", "dl/cnn.md"),
        ("\u2003\u2003池化 · pooling (2)", "dl/cnn.md#池化"),
        ("#池化 · pooling (3)", "#池化"),
    ]


@pytest.mark.parametrize(("notes", "entries"), [(100, 600), (101, 101), (601, 600)])
def test_many_topics_are_cut_at_a_depth_where_they_are_few_enough(notes: int, entries: int) -> None:
    inside = tuple(Topic(f"h{number}", f"#h{number}", 1) for number in range(5))
    tree = [Topic(f"n{number}", f"n{number}.md", 5, inside) for number in range(notes)]
    assert len(render.topic_choices(tree, "en")[1:]) == entries


def test_progress_says_its_pace_once_it_can() -> None:
    progress = Progress("encode", 30, 90)
    assert "15 a second, about 4 s left" in render.render_progress(progress, "en", 2.0)
    assert "每秒 1.0，约剩 60 秒" in render.render_progress(progress, "zh", 30.0)
    assert "second" not in render.render_progress(progress, "en", 0.5)
