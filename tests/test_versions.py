"""A sentence in the other language, asked for again where it lost something."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import WordEncoder
from fakes_chat import ScriptedEngine

from qa.chat import LocalChatModel
from qa.encoder import Vectors
from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.types import Language, Note
from qa.versions import version
from qa.writing import Limits


class AlikeEncoder(WordEncoder):
    """To which all texts mean the same."""

    def _vector(self, text: str) -> Vectors:
        return np.full(self.dimension, self.dimension**-0.5, np.float32)


def translated(
    sentence: str, *answers: str, language: Language = "en", encoder: WordEncoder | None = None
) -> tuple[str | None, list[str]]:
    """What comes of a sentence where the model gives these translations in turn; and what it was asked."""
    engine = ScriptedEngine(lambda _: answers[len(engine.prompts) - 1])
    note = Note("a.md", "A", "# A\n\n门。\n", "", "zh")
    grounds = Grounds(split_note(note), SentenceVectors(encoder or AlikeEncoder()), Glossary.load())
    made = version(LocalChatModel(engine=engine, name_of_model="x"), sentence, "LSTM", language, grounds, Limits())
    return made, [prompt[-1].content for prompt in engine.prompts]


def test_a_good_translation_is_asked_for_once_with_its_numbers_written_for_it() -> None:
    made, asked = translated("只有约 1200 万参数。", "It has only about 12 million parameters.")
    assert made == "It has only about 12 million parameters."
    assert asked == ["只有约 12 million 参数。"]


def test_a_number_that_was_lost_is_asked_for_again_by_name() -> None:
    made, asked = translated("下溢成 0 之后是负无穷。", "It underflows.", "It underflows to 0.")
    assert made == "It underflows to 0."
    assert asked[1] == "Terms: 0 = 0\n下溢成 0 之后是负无穷。"


def test_the_place_in_a_list_that_is_not_there_is_not_translated() -> None:
    assert translated("二是所有层共享参数。", "All layers share parameters.")[1] == ["所有层共享参数。"]
    both = "一是参数少，二是速度快。"
    assert translated(both, "It has few parameters and is fast.")[1] == [both]


def test_a_hint_is_no_translation() -> None:
    assert translated("下溢成 0 之后是负无穷。", "It underflows.", "0 = 0. It underflows to 0.")[0] is None
    assert translated("图 style=80 里的 80 个。", "80 = 80", "80 = 80")[0] is None


def test_a_name_of_the_field_that_was_lost_is_put_into_the_sentence() -> None:
    made, asked = translated("它与遗忘门一起用。", "It is used together.", "It is used with the forget gate.")
    assert made == "It is used with the forget gate."
    assert asked == [
        "Terms: 遗忘门 = forget gate\n它与遗忘门一起用。",
        "Terms: 遗忘门 = forget gate\n它与 forget gate 一起用。",
    ]


def test_a_count_that_was_lost_is_asked_for_again_and_does_not_cost_the_translation() -> None:
    made, asked = translated("只需两个模型。", "It only takes models.", "It only takes two models.")
    assert (made, asked[1]) == ("It only takes two models.", "Terms: 两个 = two\n只需两个模型。")
    assert translated("只需两个模型。", "It only takes models.", "It takes 7.")[0] == "It only takes models."


def test_a_word_that_became_its_opposite_is_put_into_the_sentence() -> None:
    made, asked = translated("抬高低频词的概率。", "It is for high-frequency words.", "It is for low-frequency words.")
    assert made == "It is for low-frequency words."
    assert asked[1] == "抬高 low-frequency 词的概率。"


def test_a_name_that_is_lost_twice_does_not_cost_the_translation() -> None:
    made, _ = translated("它与遗忘门一起用。", "It is used together.", "It is never used.")
    assert made == "It is used together."


@pytest.mark.parametrize("wrong", ["It has 7 parameters.", "Sure, here it is:", "", "它有 3 个。"])
def test_what_is_wrong_twice_is_no_translation(wrong: str) -> None:
    assert translated("它有 3 个参数。", wrong, wrong)[0] is None


def test_what_denies_where_the_sentence_does_not_is_not_asked_for_again() -> None:
    made, asked = translated("它有参数。", "It cannot have parameters.")
    assert (made, len(asked)) == (None, 1)


def test_what_means_something_else_is_no_translation() -> None:
    assert translated("它有参数。", "Paris hosted a game.", encoder=WordEncoder())[0] is None


def test_what_goes_on_beyond_the_sentence_is_no_translation() -> None:
    more = "It is deep. Adding layers can make a model learn more, and it may overfit when there are few data."
    assert translated("加深不会过拟合很多。", more)[0] is None
    assert translated("不常用。", "It is not used very often nowadays.")[0] is not None


def test_a_formula_on_its_own_lines_stays() -> None:
    made, asked = translated("损失如下。\n\n$$L=-\\log p$$", "The loss is this.")
    assert made == "The loss is this.\n\n$$L=-\\log p$$"
    assert asked == ["损失如下。"]
    assert (
        translated("损失的公式为：\n\n$$L$$", "The formula of the loss is:")[0]
        == "The formula of the loss is:\n\n$$L$$"
    )
    assert translated("$$L=-\\log p$$") == ("$$L=-\\log p$$", [])


def test_a_name_of_the_field_is_put_into_an_english_sentence_too() -> None:
    made, asked = translated("It uses a forget gate.", "它用门。", "它用遗忘门。", language="zh")
    assert made == "它用遗忘门。"
    assert asked[1].endswith("It uses a 遗忘门.")


def test_what_the_example_of_the_prompt_speaks_of_is_no_translation() -> None:
    brake = "快要冲过头时能够提前刹车。"
    assert translated(brake, "It brakes before the coffee is brewed.")[0] is None
    assert translated("咖啡不能煮过头。", "Coffee must not be boiled.")[0] == "Coffee must not be boiled."


@pytest.mark.parametrize("mark", ["1. ", "2、 ", "（3）", "(4) "])
def test_the_number_of_an_item_is_not_translated(mark: str) -> None:
    made, asked = translated(f"{mark}对似然函数取对数。", "Take the logarithm of the likelihood function.")
    assert made == f"{mark}Take the logarithm of the likelihood function."
    assert asked == ["Terms: 似然函数 = likelihood function; 取对数 = logarithm\n对似然函数取对数。"]
    assert translated(f"{mark}对数。", "Pictures of LSTM.", "Of LSTM.")[0] is None
