"""One answer from its material: in the notes' own sentences, and where notes disagree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fakes import WordEncoder
from fakes_chat import ScriptedEngine, open_notes

from qa.chat import LocalChatModel
from qa.composing import Composer
from qa.evidence import NOTHING
from qa.found import Found
from qa.glossary import Glossary
from qa.material import Material, gather
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.types import Conflict, Hit, Language, Note, Passage, SentenceChecked
from qa.writing import Limits

BATCH = "# BN\n\nBN 在批量很小时效果很好。\n"
OPPOSITE = "# 归一化\n\nBN 在批量很小时效果很差。\n"


def passages(text: str, path: str) -> list[Passage]:
    return split_note(Note(path, "T", text, "", "zh"))


def material(text: str) -> Material:
    note = Note("a.md", "T", text, "", "zh")
    hits = [Hit(p, n, 1.0 / n, n, n, 0.9) for n, p in enumerate(split_note(note), 1)]
    return gather("？", Found(hits, NOTHING), {"a.md": note}.get, SentenceVectors(WordEncoder()), Glossary.load())


def test_own_sentences_of_the_notes_are_cited_one_by_one() -> None:
    made = Composer(material(BATCH), ["zh"], strict=True).quote()
    assert made.texts == {"zh": "BN 在批量很小时效果很好 [1]。"}
    assert [citation.quote for citation in made.citations] == ["BN 在批量很小时效果很好。"]
    assert [sentence.change for sentence in made.sentences] == ["quoted"]


def test_sentence_without_a_name_is_said_after_what_it_stands_under() -> None:
    lasso = "# 线性回归\n\n## 2. 什么时候用 Lasso？\n\n目的是在一堆里面找出主要的。\n"
    made = Composer(material(lasso), ["zh"], strict=True).quote()
    assert made.texts["zh"] == "什么时候用 Lasso？目的是在一堆里面找出主要的 [1]。"
    assert [citation.quote for citation in made.citations] == ["目的是在一堆里面找出主要的。"]
    forest = "# 检测\n\n- Isolation Forest：\n    - 总数在 256 以下，见[图](https://a.org/b)。\n"
    made = Composer(material(forest), ["zh"], strict=True).quote()
    assert made.texts["zh"] == "Isolation Forest：总数在 256 以下，见图 [1]。"


@pytest.mark.parametrize("languages", [("zh",), ("zh", "en")])
def test_sections_that_hold_what_was_asked_are_all_told_by_their_names(languages: tuple[Language, ...]) -> None:
    text = "# LSTM\n\n## 遗忘门\n\n旧的内容要丢掉多少。\n\n## 记忆门\n\n写进多少新的东西。\n\n"
    of = material(text)
    of = replace(of, task=replace(of.task, question="LSTM 有哪几个门？"))
    others = passages(text + "## 更新门\n\n由它挑出当前的输出。\n", "a.md")
    made = Composer(of, languages, True, lambda _: others).quote()
    told = made.texts["zh"].split("\n")
    assert len(told) == 3
    assert told[2] == "更新门：由它挑出当前的输出 [3]。"


def test_row_of_a_table_is_said_as_a_sentence_and_quoted_as_it_stands() -> None:
    row = "| HyDE | 先写假想答案 | 领域外会搜错 |"
    made = Composer(material(f"# RAG\n\n| 方法 | 做法 | 风险 |\n|---|---|---|\n{row}\n"), ["zh"], strict=True).quote()
    assert made.texts["zh"] == "HyDE，做法：先写假想答案；风险：领域外会搜错 [1]"
    assert [citation.quote for citation in made.citations] == [row]


def test_other_language_gets_the_place_where_nobody_translates() -> None:
    made = Composer(material(BATCH), ["zh", "en"], strict=True).quote()
    assert made.texts["en"] == "Your notes say it in Chinese [1]."


def test_note_that_says_the_opposite_is_cited_too_though_it_was_not_found() -> None:
    opposite = passages(OPPOSITE, "b.md")
    made = Composer(material(BATCH), ["zh"], True, lambda _: opposite).quote()
    assert made.texts["zh"].split("\n") == [
        "BN 在批量很小时效果很好 [1]。",
        "BN 在批量很小时效果很差 [2]。",
        "注意：笔记在这一点上说法不一 [1] [2]。",
    ]
    assert made.conflicts == (Conflict(1, 2),)
    assert [citation.note_path for citation in made.citations] == ["a.md", "b.md"]


def test_extract_that_is_wanted_at_once_looks_for_no_opposite() -> None:
    opposite = passages(OPPOSITE, "b.md")
    assert Composer(material(BATCH), ["zh"], True, lambda _: opposite).quote(whole=False).conflicts == ()


def test_disagreement_is_said_in_an_answer_of_the_model(tmp_path: Path) -> None:
    notes = open_notes(tmp_path, {"a.md": BATCH, "b.md": OPPOSITE}, ScriptedEngine("BN 在批量很小时效果很好 [1]。"))
    answer = notes.ask("BN 在批量很小时效果怎么样？")
    assert answer.conflicts == (Conflict(1, 2),)
    assert {citation.note_path for citation in answer.citations} == {"a.md", "b.md"}
    assert answer.text.endswith("注意：笔记在这一点上说法不一 [1] [2]。")


def test_statement_that_the_model_said_in_part_is_said_whole(tmp_path: Path) -> None:
    text = "# FPN\n\nFPN 把多个层次的特征融合起来使用，对小目标的检测很有好处。\n"
    notes = open_notes(tmp_path, {"a.md": text}, ScriptedEngine("FPN 对检测有好处 [1]。"))
    answer = notes.ask("FPN 有什么好处？")
    assert answer.text == "FPN 把多个层次的特征融合起来使用，对小目标的检测很有好处 [1]。"
    assert [sentence.change for sentence in answer.sentences] == ["dropped", "quoted"]


def test_what_two_notes_say_alike_is_said_once(tmp_path: Path) -> None:
    notes = {name: f"# {name}\n\n卷积网络要慎用这种函数，因为两端的梯度很小。\n" for name in ("a.md", "b.md")}
    answer = open_notes(tmp_path, notes, ScriptedEngine("巴黎举办了足球比赛。")).ask("卷积网络里什么要小心？")
    assert answer.text.count("慎用") == 1


def test_sentence_that_gives_way_to_a_whole_statement_has_said_nothing_of_the_others(tmp_path: Path) -> None:
    one = "多项式模型把文本里重复的词语都视为出现了多次，常用于新闻分类，用平滑来避免零。"
    other = "伯努利模型把重复的词语视为出现仅仅一次而已。"
    pictures = "\n\n".join(f"![](https://example.com/{name * 100}.png)" for name in "abcde")
    engine = ScriptedEngine("多项式、伯努利模型把文本里重复的词语都视为出现了多次 [1]。")
    text = f"# 模型\n\n{one}\n\n{pictures}\n\n{other}\n"
    answer = open_notes(tmp_path, {"a.md": text}, engine).ask("重复的词语怎么办？")
    assert [sentence.text for sentence in answer.sentences if sentence.change == "quoted"] == [one, other]
    assert answer.sentences[0].change == "dropped"
    assert answer.sentences[0].support > 0


def test_nothing_stands_in_for_an_unsupported_answer_where_the_notes_hardly_cover_it() -> None:
    model = LocalChatModel(engine=ScriptedEngine("卷积核在图像上滑动。"), name_of_model="scripted")
    texts = {}
    for chance in (0.2, 0.9):
        composer = Composer(material(BATCH), ["zh"], True, chance=chance)
        list(composer.write(model, Limits()))
        texts[chance] = composer.result().texts
    assert texts == {0.2: {}, 0.9: {"zh": "BN 在批量很小时效果很好 [1]。"}}


def test_answer_of_a_number_alone_is_said_in_the_sentence_that_has_it(tmp_path: Path) -> None:
    text = "# GPT-3\n\n显存要 350 GB。\n\n这篇笔记讲大模型的存储和推理的开销，以及怎样省下来。\n"
    model = LocalChatModel(engine=ScriptedEngine("350 GB [1]。"), name_of_model="scripted")
    made = material(text)
    composer = Composer(replace(made, task=replace(made.task, language="zh")), ["zh"], True, chance=0.2)
    events = list(composer.write(model, Limits()))
    assert composer.result().texts["zh"].startswith("显存要 350 GB [1]。")
    assert any(isinstance(event, SentenceChecked) and event.sentence.change == "quoted" for event in events)


def test_translation_knows_the_names_in_the_headings_of_a_sentence(tmp_path: Path) -> None:
    text = "# LSTM\n\n## 遗忘门\n\n门的输出在零到一之间，零表示全部忘掉。\n"
    engine = ScriptedEngine("The gate gives numbers.")
    open_notes(tmp_path, {"a.md": text}, engine).ask("LSTM 的遗忘门输出什么？", "both")
    asked = [prompt[-1].content for prompt in engine.prompts if "Translate the sentence" in prompt[0].content]
    assert any(each.startswith("Terms: 遗忘门 = forget gate\n") for each in asked)


def test_answer_of_names_in_the_other_language_gives_their_place_instead() -> None:
    lead = "模型在线上服务的时候要用到的各种各样的输入特征一共有下面列出来的这些"
    made = material(f"# 输入\n\n{lead}：\n\n- top 20 items\n")
    composer = Composer(made, ["zh"], strict=True)
    list(composer.write(LocalChatModel(engine=ScriptedEngine("今天天气很好。"), name_of_model="x"), Limits()))
    assert composer.result().texts == {"zh": "这一点见笔记中的英文原文 [1]。"}
    assert [citation.quote for citation in composer.result().citations] == ["top 20 items"]


def test_answer_that_is_code_says_so() -> None:
    made = material("# 取值\n\n取 logits 的代码：\n\n```python\nlogits = model(x).logits\n```\n")
    composer = Composer(made, ["zh", "en"], strict=True)
    assert composer.quote().texts["zh"] == "这一点见笔记中的代码或公式 [1]。"
