"""Questions read from a file, and questions made from headings with the headings' words taken out."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.notes import line_starts, read_notes
from qa.passages import split_note
from qa.question_sets import (
    Gold,
    HeadingQuestions,
    Question,
    QuestionFileError,
    draw,
    heading_questions,
    read_questions,
    withhold_notes,
    write_notes,
)
from qa.types import Note, Passage

LINE = '{"id": 1, "zh": "问", "en": "q", "gold": [{"note": "a.md", "quote": "一\u2028二"}], "facts_zh": ["答"]}'


def written(folder: Path, *lines: str) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def note(text: str, path: str = "note.md") -> Note:
    return Note(path, "note", text, "0", "zh")


def made(*texts: str, limit: int | None = None) -> HeadingQuestions:
    return heading_questions([note(text, f"{number}.md") for number, text in enumerate(texts)], limit)


def asked(*texts: str) -> list[str]:
    return [text for question in made(*texts).questions for text in question.texts.values()]


def passage(start_line: int, end_line: int, path: str = "a.md") -> Passage:
    return Passage(path, "a", (), "x", 0, 1, start_line, end_line, "en")


def test_questions_are_read(tmp_path: Path) -> None:
    expected = Question("1", {"zh": "问", "en": "q"}, (Gold("a.md", "一\u2028二"),), {"zh": ("答",), "en": ()})
    assert read_questions(written(tmp_path, LINE, "", "")) == [expected]


def test_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + f"{LINE}\r\n\r\n".encode())
    assert [question.id for question in read_questions(path)] == ["1"]


def test_question_may_be_in_one_language_and_its_gold_lines_of_several_notes(tmp_path: Path) -> None:
    lines = '{"note": "a.md", "start_line": 2, "end_line": 5}'
    (question,) = read_questions(
        written(tmp_path, f'{{"id": "x", "en": "q", "gold": [{lines}, {{"note": "b.md", "quote": "y"}}]}}')
    )
    assert question.texts == {"en": "q"}
    assert question.gold == (Gold("a.md", lines=(2, 5)), Gold("b.md", "y"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "Expecting property name"),
        ("5", "it is no object with an 'id'"),
        ("[]", "it is no object with an 'id'"),
        ('{"zh": "问", "gold": []}', "it is no object with an 'id'"),
        ('{"id": "2", "gold": []}', "it has no text under 'zh' or 'en'"),
        ('{"id": "2", "zh": " ", "gold": []}', "it has no text under 'zh' or 'en'"),
        ('{"id": "2", "zh": "问", "en": 5, "gold": []}', "it has no text under 'zh' or 'en'"),
        ('{"id": "2", "zh": "问", "en": "q"}', "it has no list under 'gold'"),
        ('{"id": "2", "zh": "问", "gold": {}}', "it has no list under 'gold'"),
        ('{"id": "2", "zh": "问", "gold": ["a.md"]}', "\"a.md\" under 'gold' names no note with a quote"),
        ('{"id": "2", "zh": "问", "gold": [{"note": "a.md"}]}', "names no note with a quote"),
        ('{"id": "2", "zh": "问", "gold": [{"note": "a.md", "quote": ""}]}', "names no note with a quote"),
        ('{"id": "2", "zh": "问", "gold": [{"note": "a.md", "start_line": 3}]}', "names no note with a quote"),
        ('{"id": "2", "zh": "问", "gold": [{"note": "a", "start_line": 3, "end_line": 2}]}', "an end_line from 1 on"),
        ('{"id": "2", "zh": "问", "gold": [{"note": "a", "start_line": 0, "end_line": 2}]}', "an end_line from 1 on"),
        (
            '{"id": "2", "zh": "问", "gold": [{"note": "a", "quote": "x", "start_line": 1, "end_line": 2}]}',
            "names no note with a quote, or",
        ),
        ('{"id": "2", "zh": "问", "gold": [], "facts_zh": "答"}', "'facts_zh' and 'facts_en' are lists of texts"),
        (LINE, "the id '1' stands on an earlier line too"),
    ],
)
def test_line_that_is_no_question_is_told_with_its_number(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(QuestionFileError) as error:
        read_questions(written(tmp_path, LINE, line))
    message = str(error.value)
    assert message.startswith(f"Line 2 of {str(tmp_path / 'questions.jsonl')!r} is not a question: ")
    assert reason in message
    assert 'A line looks like {"id": "1", "zh": "...", "en": "...", "gold": [{"note": "a.md", "quote"' in message


def test_file_without_questions_is_told(tmp_path: Path) -> None:
    with pytest.raises(QuestionFileError, match="holds no question"):
        read_questions(written(tmp_path, "", "  "))


@pytest.mark.parametrize("data", [None, b"\xff\xfe\xfa"])
def test_file_that_cannot_be_read_is_told(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "questions.jsonl"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(QuestionFileError, match=r"The question file '.*questions.jsonl' cannot be read"):
        read_questions(path)


@pytest.mark.parametrize(
    ("start_line", "end_line", "right"),
    [
        (11, 20, True),
        (16, 25, True),  # half of the passage
        (17, 26, False),
        (1, 15, True),  # half of the gold lines
        (1, 14, False),
        (1, 100, True),
        (14, 14, True),
        (21, 21, False),
        (1, 10, False),
    ],
)
def test_passage_is_right_with_half_of_the_lines_or_half_of_its_own(
    start_line: int, end_line: int, right: bool
) -> None:
    gold = Gold("a.md", lines=(11, 20))
    assert gold.is_in(passage(start_line, end_line)) is right
    assert not gold.is_in(passage(start_line, end_line, "b.md"))


def test_heading_asks_for_the_lines_of_its_section() -> None:
    text = (
        "# Deep learning basics of today\n\n## Batch normalization layer\nIt scales.\n\n"
        "### Running mean of it\nAt test.\n\n\n## Weight decay in Adam\nIt decays.\n"
    )
    golds = {next(iter(q.texts.values())): q.gold for q in made(text).questions}
    assert golds == {
        "Deep learning basics of today": (Gold("0.md", lines=(1, 11)),),
        "Batch normalization layer": (Gold("0.md", lines=(3, 7)),),
        "Running mean of it": (Gold("0.md", lines=(6, 7)),),
        "Weight decay in Adam": (Gold("0.md", lines=(10, 11)),),
    }
    assert [q.id for q in made(text).questions] == ["0.md#L1", "0.md#L3", "0.md#L6", "0.md#L10"]


@pytest.mark.parametrize(
    "heading",
    [
        "Introduction",
        "总结",
        "参考资料",
        "Examples",
        "2.1",
        "3.2，小结",
        "三、 背景知识",
        "第三章 总结",
        "Notes and References",
        "总结 Summary",
        "1. Usage:",
        "优点和缺点",
        "???",
        "Chapter 4",
    ],
)
def test_heading_that_names_nothing_asks_nothing(heading: str) -> None:
    sets = made(f"## {heading}\nText of it.\n")
    assert sets.questions == []
    assert sets.notes[0].text == f"## {heading}\nText of it.\n"


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("2.3 Gradient descent with momentum", "Gradient descent with momentum"),
        ("3.2，多分类问题的交叉熵", "多分类问题的交叉熵"),
        ("一 激活函数的种类", "激活函数的种类"),
        ("第2章 卷积神经网络", "卷积神经网络"),
        ("Q12: Why are trees greedy?", "Why are trees greedy?"),
        ("**Batch** [normalization](x.md) `layer`", "Batch normalization layer"),
        ("⭐ 注意力机制的复杂度", "注意力机制的复杂度"),
        ("1x1 卷积有什么用", "1x1 卷积有什么用"),
        ("2.1池化层的作用", "池化层的作用"),
        ("1.5倍的学习率衰减", "1.5倍的学习率衰减"),
    ],
)
def test_question_is_the_plain_words_of_the_heading(heading: str, question: str) -> None:
    assert asked(f"## {heading}\nText of it.\n") == [question]


@pytest.mark.parametrize(
    ("parent", "heading", "question"),
    [
        ("正则化方法", "Dropout", "正则化方法：Dropout"),
        ("Regularization in practice", "Dropout", "Regularization in practice: Dropout"),
        ("卷积神经网络", "池化", "卷积神经网络：池化"),
        ("What is overfitting at all?", "Its remedies", "What is overfitting at all? Its remedies"),
        ("总结", "Dropout", "Dropout"),
        ("卷积神经网络", "池化层的反向传播", "池化层的反向传播"),
    ],
)
def test_short_heading_is_asked_with_the_one_above_it(parent: str, heading: str, question: str) -> None:
    assert asked(f"# {parent}\n\n## {heading}\nText of it.\n")[-1] == question


def test_question_is_in_the_language_of_its_words() -> None:
    questions = made("# 池化层的作用\n它降维。\n# Weight decay in Adam\nIt decays.\n").questions
    assert [list(question.texts) for question in questions] == [["zh"], ["en"]]


def test_heading_that_occurs_again_is_left_out_and_counted() -> None:
    sets = made("# Weight decay\nA.\n# 1. Momentum term\nB.\n", "## weight  Decay\nC.\n# Nesterov step\nD.\n")
    assert [question.id for question in sets.questions] == ["0.md#L3", "1.md#L3"]
    assert sets.left_out == 2


@pytest.mark.parametrize(
    "text",
    [
        "# Weight decay in Adam\n",
        "# Weight decay in Adam\n\n## Usage\n\n---\n",
        "# Weight decay in Adam\n- [a](a.md)\n- [b](b.md)\n",
        "# Weight decay in Adam\n" + "A line.\n" * 200,
    ],
)
def test_heading_without_a_section_to_be_found_is_left_out(text: str) -> None:
    assert asked(text) == []


def test_heading_that_the_name_of_the_file_or_the_front_matter_repeats_is_left_out() -> None:
    text = "---\ntitle: Adaptive moments\n---\n# Weight decay\nA.\n# Adaptive moments\nB.\n# Nesterov step\nC.\n"
    sets = heading_questions([note(text, "dl/weight-decay.md")])
    assert [question.id for question in sets.questions] == ["dl/weight-decay.md#L8"]
    assert sets.left_out == 2


def test_words_of_headings_go_and_all_lines_stay() -> None:
    text = (
        "池化层的作用\r\n====\r\n它降维。\r## Weight decay in Adam ##\nIt decays.\n"
        "<h2>Nesterov step size</h2>\n\nIt looks ahead.\n## Usage\nx\n"
    )
    sets = made(text)
    (masked,) = sets.notes
    assert masked.text == "# —\r\n\r\n它降维。\r## —\nIt decays.\n## —\n\nIt looks ahead.\n## Usage\nx\n"
    assert len(line_starts(masked.text)) == len(line_starts(text))
    assert len(sets.questions) == 3


def test_sections_without_words_in_their_headings_are_still_apart() -> None:
    (masked,) = made("# Weight decay in Adam\nIt decays.\n# Nesterov step size\nIt looks ahead.\n").notes
    assert [(p.headings, p.start_line, p.end_line) for p in split_note(masked)] == [(("—",), 1, 2), (("—",), 3, 4)]


def test_only_headings_that_were_drawn_lose_their_words() -> None:
    sets = made(*(f"# Subject number {word}\nText.\n" for word in ("alpha", "beta", "gamma", "delta")), limit=2)
    assert sum(note.text == "# —\nText.\n" for note in sets.notes) == len(sets.questions) == 2
    assert {question.gold[0].note for question in sets.questions} == {
        note.path for note in sets.notes if "—" in note.text
    }
    assert sets.left_out == 0


def test_written_notes_are_read_again_as_they_were(tmp_path: Path) -> None:
    notes = [note("# a\r\n池化\r\n", "a/b.md"), note("x\n", "c.txt")]
    write_notes(notes, tmp_path)
    assert [(n.path, n.text) for n in read_notes(tmp_path)[0]] == [(n.path, n.text) for n in notes]


def test_drawing_is_even_in_order_and_the_same_each_time() -> None:
    drawn = draw(range(100), 10)
    assert [number // 10 for number in drawn] == list(range(10))
    assert drawn == draw(range(100), 10)
    assert [len(draw(range(7), limit)) for limit in range(1, 8)] == [1, 2, 3, 4, 5, 6, 7]
    assert draw([1, 2], 5) == draw([1, 2], None) == [1, 2]


def test_withheld_notes_leave_questions_without_an_answer() -> None:
    whole = made(*(f"# 神经网络的第{name}种结构\n\n正文{name}。\n" for name in "甲乙丙"))
    half = withhold_notes(whole)
    assert [note.path for note in half.notes] == ["0.md", "2.md"]
    assert [bool(question.gold) for question in half.questions] == [True, False, True]
    assert [question.texts for question in half.questions] == [question.texts for question in whole.questions]
