"""Follow-up questions: which lean on earlier turns, what they take over, and that the shipped notes are found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import CORPUS

from qa import NotesQA, Settings
from qa.followups import Resolved, is_continuation, leans, resolve
from qa.glossary import Concept, Glossary
from qa.language import detect_language
from qa.notes import read_notes
from qa.passages import split_note
from qa.question_sets import read_questions
from qa.types import Turn

DATA = Path(__file__).parent / "data"
GLOSSARY = Glossary.load()
DROPOUT = Turn("什么是 dropout？", "dropout 在训练时随机把神经元的输出置零 [1]。")
BEAM = Turn("How does beam search work?", "It keeps the best prefixes at every step [1].")


@dataclass(frozen=True)
class Conversation:
    """One line of followups.jsonl: the question is found where one of the gold quotes is."""

    id: str
    kind: str
    history: tuple[Turn, ...]
    question: str
    gold: tuple[tuple[str, str], ...]  # (note, quote)


def conversations() -> list[Conversation]:
    lines = (DATA / "followups.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Conversation(
            row["id"],
            row["kind"],
            tuple(Turn(turn["question"], turn["answer"]) for turn in row["history"]),
            row["question"],
            tuple((place["note"], place["quote"]) for place in row["gold"]),
        )
        for row in map(json.loads, lines)
    ]


def resolved(question: str, *history: Turn) -> Resolved:
    return resolve(question, history, GLOSSARY)


@pytest.mark.parametrize(
    "question",
    [
        "它有什么缺点？",
        "那缺点呢？",
        "为什么？",
        "为啥",
        "举个例子",
        "再详细一点",
        "有什么优点？",
        "怎么实现？",
        "哪个更快？",
        "这种做法有什么坏处？",
        "与 Adam 相比，它慢吗？",
        "Adam 和它有什么区别？",
        "谢谢，那它的超参数怎么调？",
        "需要归一化吗？",
        "跟 BatchNorm 一起用会怎样？",
        "k 取多大？",
        "第二种呢？",
        "后者的代价是什么？",
        "那 Adam 呢？",
        "其中哪个最常用？",
        "What are its drawbacks?",
        "Why?",
        "Why not?",
        "in more detail, please",
        "And the second one?",
        "What about Adam?",
        "Why does Adam need it?",
        "How is that computed?",
        "Is it faster than RMSProp?",
        "Which is better?",
        "Any limitations?",
        "How do they compare on images?",
        "Does the same hold for transformers?",
        "Compared to Adam, is it slower?",
        "Is it sensitive to outliers in the labels?",
        "Is it better for sparse gradients?",
        "How many gradients does the second one store?",
        "And in practice?",
    ],
)
def test_question_leans_on_the_turn_before(question: str) -> None:
    assert leans(question, GLOSSARY)


@pytest.mark.parametrize(
    "question",
    [
        "什么是 dropout，它有什么作用？",
        "除了 Adam，其他优化器有哪些？",
        "RLHF 有三个阶段，其中哪个用到 PPO？",
        "尤其是梯度爆炸怎么处理？",
        "我应该怎么选学习率？",
        "BERT 及其变体有哪些？",
        "这些笔记里讲了 LSTM 吗？",
        "为什么 sigmoid 会让前面的层学不动？",
        "第一层卷积学到什么特征？",
        "RLHF 的第二个阶段训练什么模型？",
        "L1 和 L2 相比，前者为什么稀疏？",
        "Adam 里那个除以 1-β^t 是干嘛的？",
        "那么 ReLU 的死区是什么？",
        "什么是参数？",
        "参数和超参数有什么区别？",
        "可以用 MSE 做分类吗？",
        "位置编码",
        "LoRA",
        "What is Adam and how does it work?",
        "Is it true that dropout slows training?",
        "Does it matter whether the learning rate decays?",
        "Why is it called negative sampling?",
        "Is it possible to merge LoRA weights?",
        "Which loss is used in these notes for segmentation?",
        "What is the second moment in Adam?",
        "What limits the first stage of a search pipeline?",
        "Do both ReLU and ELU saturate?",
        "Can a regression tree follow a trend past the range it was trained on?",
        "How do BatchNorm layers that are frozen behave?",
        "How does BERT use its position embeddings?",
        "Bagging or boosting: which one reduces variance?",
        "How are the two LoRA matrices initialised?",
        "And what is dropout?",
        "What is a parameter?",
        "What are hyperparameters?",
        "What is the difference between a parameter and a hyperparameter?",
    ],
)
def test_question_with_all_it_needs_stands_alone(question: str) -> None:
    assert resolved(question, BEAM) == Resolved(question)


def test_hardly_any_gold_question_is_taken_for_a_follow_up() -> None:
    questions = [text for each in read_questions(DATA / "questions.jsonl") for text in each.texts.values()]
    leaning = [question for question in questions if leans(question, GLOSSARY)]
    assert len(questions) > 300
    assert len(leaning) <= 0.01 * len(questions), leaning


def test_without_history_the_question_stays_as_it_is() -> None:
    assert resolved("它有什么缺点？") == Resolved("它有什么缺点？")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("它有什么缺点？", "dropout 有什么缺点"),
        ("那缺点呢？", "dropout 缺点"),
        ("为什么要用这种方法？", "为什么要用 dropout"),
        ("What are its drawbacks?", "What are dropout drawbacks"),
        ("测试时要关掉吗？", "dropout 测试时要关掉吗"),
        ("如果数据很少呢？", "dropout 数据很少"),
    ],
)
def test_topic_takes_the_place_of_what_points_to_it(question: str, text: str) -> None:
    assert resolved(question, DROPOUT) == Resolved(text, ("dropout",), True, "dropout")


def test_question_words_and_aspects_of_the_last_question_stay_behind() -> None:
    history = Turn("BatchNorm 在训练时有什么作用？", "BatchNorm 让训练更稳 [1]。")
    assert resolved("它有什么局限？", history).carried == ("BatchNorm",)


def test_general_question_carries_its_general_words() -> None:
    history = Turn("训练和推理有什么区别？", "推理不更新参数 [1]。")
    assert "推理" in resolved("为什么要区分它们？", history).text


def test_few_phrases_of_a_long_question_are_carried() -> None:
    long = Turn(
        "Why do residual blocks, warm-up, clipping, dropout and momentum stabilise transformers?", "They do [1]."
    )
    assert resolved("Is it expensive?", long).carried == ("residual blocks", "warm-up", "clipping")


@pytest.mark.parametrize(
    "question", ["为什么？", "举个例子。", "能说得再具体一些吗？", "Why is that?", "Tell me more about it."]
)
def test_asking_for_more_searches_for_the_last_question_again(question: str) -> None:
    assert is_continuation(question)
    assert resolved(question, DROPOUT).text == DROPOUT.question


def test_last_turn_that_leans_too_is_followed_further_back() -> None:
    history = [DROPOUT, Turn("它有什么缺点？", "训练变慢 [1]。"), Turn("为什么？", "噪声变大 [1]。")]
    assert resolved("怎么缓解这个问题？", *history).text == "怎么缓解 dropout"


def test_topic_changes_with_a_question_that_stands_alone() -> None:
    assert resolved("它有什么缺点？", DROPOUT, BEAM).carried == ("beam search",)


@pytest.mark.parametrize(
    ("answer", "question", "item"),
    [
        ("有 GPTQ、AWQ 和 SmoothQuant [1]。", "第二种怎么做？", "AWQ"),
        ("有 GPTQ、AWQ 和 SmoothQuant [1]。", "最后一个呢？", "SmoothQuant"),
        ("1. GPTQ：逐列量化 [1]。\n2. AWQ：保护重要通道 [2]。", "第二个需要数据吗？", "AWQ"),
        ("- GPTQ：逐列量化\n- AWQ：保护通道", "第一种需要数据吗？", "GPTQ"),
        ("首先是 GPTQ，逐列量化；其次是 AWQ，保护通道。", "第二种呢？", "AWQ"),
        ("There are GPTQ, AWQ and SmoothQuant [1].", "How does the third one work?", "SmoothQuant"),
        ("There are a reset gate and an update gate [1].", "And the latter?", "update gate"),
        ("1. The causal mask [1]\n2. The padding mask [2]", "What does the first do?", "causal mask"),
    ],
)
def test_ordinal_is_the_item_that_the_answer_lists(answer: str, question: str, item: str) -> None:
    result = resolved(question, Turn("量化方法有哪些？", answer))
    assert result.carried == (item,)
    assert item in result.text
    assert "量化" not in result.text


def test_the_latter_is_the_second_thing_that_was_compared() -> None:
    history = Turn("L1 正则和 L2 正则有什么不同？", "稀疏、平滑和速度都不同 [1]。")
    assert resolved("后者有闭式解吗？", history).text == "L2 正则 有闭式解吗"
    assert resolved("前者呢？", history).carried == ("L1 正则",)


def test_item_beyond_the_list_leaves_the_topic() -> None:
    history = Turn("量化方法有哪些？", "有 GPTQ 和 AWQ [1]。")
    assert resolved("第五种呢？", history).carried == ("量化",)


@pytest.mark.parametrize(
    ("last", "question", "text"),
    [
        ("AdaGrad 有什么缺点？", "动量呢？", "动量有什么缺点？"),
        ("AdaGrad 有什么缺点？", "换成 RMSProp 呢？", "RMSProp有什么缺点？"),
        ("How is bagging trained?", "What about stacking?", "How is stacking trained?"),
        ("Why does Adam need warm-up?", "And RMSProp?", "Why does RMSProp need warm-up?"),
        ("遗忘门和细胞有什么关系？", "那记忆门呢？", "记忆门和细胞有什么关系？"),
    ],
)
def test_new_subject_is_asked_the_last_question(last: str, question: str, text: str) -> None:
    assert resolved(question, Turn(last, "...")).text.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("question", ["And for sparse features?", "And the learning rate?", "What about its memory?"])
def test_condition_or_aspect_is_asked_of_the_old_subject(question: str) -> None:
    result = resolved(question, Turn("Why does AdamW decouple the decay?", "..."))
    assert result.leans
    assert "AdamW" in result.text


def test_pronoun_after_a_question_for_a_name_is_the_name_in_the_answer() -> None:
    history = Turn("Which optimizer suits rare features?", "AdaGrad suits them, since steps adapt [1].")
    assert resolved("What is its weakness?", history).text == "What is AdaGrad weakness"


def test_names_need_no_glossary() -> None:
    history = Turn("池化是什么？", "...")
    assert resolve("它有什么用？", [history], Glossary([Concept(("卷积",), ("convolution",))])).text == "池化 有什么用"


@pytest.mark.parametrize("question", ["？？", "it", "the latter", "呢？", "and", "1. 2. 3.", "第9种", "{it} %s \\"])
def test_odd_questions_come_back_as_text(question: str) -> None:
    assert resolved(question, Turn("", ""), Turn("？", "1."), DROPOUT).text.strip()


def test_very_long_question_and_history_are_resolved() -> None:
    history = [Turn("它 the latter 第二种 " * 300, "1. a, b and c、" * 300)] * 30
    assert resolved("那 it 呢 " * 600, *history).text


def test_conversations_quote_the_shipped_notes_and_are_many() -> None:
    rows = conversations()
    texts = {path.name: path.read_text(encoding="utf-8") for path in CORPUS.glob("*.md")}
    assert len({row.id for row in rows}) == len(rows)
    assert [(row.id, quote) for row in rows for note, quote in row.gold if quote not in texts[note]] == []
    assert sum(row.kind != "standalone" for row in rows) >= 60
    assert sum(row.kind == "standalone" for row in rows) >= 40


def test_follow_ups_with_facts_quote_the_shipped_notes_where_these_facts_stand() -> None:
    lines = (DATA / "followup_answers.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    languages = [detect_language(row["question"]) for row in rows]
    assert (languages.count("zh"), languages.count("en"), len({row["id"] for row in rows})) == (10, 10, 20)
    notes = {note.path: note for note in read_notes(CORPUS)[0]}
    for row in rows:
        (gold,) = row["gold"]
        at = notes[gold["note"]].text.index(gold["quote"])
        (passage,) = (each for each in split_note(notes[gold["note"]]) if each.start <= at < each.end)
        text = passage.text.casefold()
        assert all(any(form.casefold() in text for form in fact.split("|")) for fact in row["facts"]), row["id"]


def test_conversations_are_told_apart_without_a_model() -> None:
    wrong = [row.id for row in conversations() if leans(row.question, GLOSSARY) != (row.kind != "standalone")]
    assert len(wrong) <= 0.03 * len(conversations()), wrong


@pytest.fixture(scope="module")
def notes(shipped_index: Path) -> Iterator[NotesQA]:
    with NotesQA.open(CORPUS, shipped_index, Settings(), refresh=False) as notes:
        yield notes


def is_found(notes: NotesQA, row: Conversation, text: str) -> bool:
    hits = notes.search(text, 5)
    return any(hit.passage.note_path == note and quote in hit.passage.text for hit in hits for note, quote in row.gold)


@pytest.mark.model
@pytest.mark.parametrize("part", ["tuned on", "held out"])
def test_follow_ups_find_what_they_mean(notes: NotesQA, part: str) -> None:
    tuned_on = part == "tuned on"  # odd ids
    rows = [row for row in conversations() if row.kind != "standalone" and int(row.id[1:]) % 2 == tuned_on]
    missed = [row.id for row in rows if not is_found(notes, row, resolved(row.question, *row.history).text)]
    assert len(missed) <= 0.1 * len(rows), missed  # 0 and 1 of 36; with the whole last question 8 and 10


@pytest.mark.model
def test_questions_that_stand_alone_are_searched_as_without_history(notes: NotesQA) -> None:
    rows = [row for row in conversations() if row.kind == "standalone"]
    changed = [
        row.id
        for row in rows
        if notes.search(resolved(row.question, *row.history).text, 1)[0].passage
        != notes.search(row.question, 1)[0].passage
    ]
    assert len(changed) <= 0.05 * len(rows), changed


@pytest.mark.parametrize(
    ("question", "asked", "answer", "meant"),
    [
        (
            "Which layers does the former fit?",
            "Which initialisations suit deep networks?",
            "Xavier initialisation and He initialisation [1].",
            "Xavier initialisation",
        ),
        ("后者适合哪些层？", "哪些初始化方法适合深层网络？", "Xavier 初始化和 He 初始化 [1]。", "He 初始化"),
        ("后者有什么缺点？", "BERT 和 GPT 哪个是双向的？", "BERT 是双向的，GPT 是单向的 [1]。", "GPT"),
        ("Is the latter slower?", "How does BERT differ from GPT?", "It is bidirectional and deep [1].", "GPT"),
    ],
)
def test_of_two_that_the_answer_names_the_former_and_the_latter_are_meant(
    question: str, asked: str, answer: str, meant: str
) -> None:
    assert resolved(question, Turn(asked, answer)).carried == (meant,)
