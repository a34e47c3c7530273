"""How probable it is that the notes answer, by all that is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import WordEncoder
from fakes_chat import ScriptedEngine

from qa.answerable import chance, margin
from qa.calibration import shipped
from qa.chat import LocalChatModel
from qa.evidence import NOTHING
from qa.found import Found
from qa.glossary import Glossary
from qa.material import Material, gather
from qa.passages import split_note
from qa.sentence_vectors import SentenceVectors
from qa.telling import Teller
from qa.types import Hit, Note

NOTE = Note("a.md", "A", "# A\n\n池化用来降维。\n", "", "zh")


def material(question: str = "池化有什么用？", text: str = NOTE.text) -> Material:
    note = replace(NOTE, text=text)
    found = Found([Hit(p, n, 1.0, n, n, 0.9) for n, p in enumerate(split_note(note), 1)], NOTHING)
    return gather(question, found, {"a.md": note}.get, SentenceVectors(WordEncoder()), Glossary.load())


def asked(odds: float, single: bool, unnamed: tuple[str, ...] = ()) -> float:
    """Where the model can tell of single sentences, and where only of all excerpts."""
    of = material()
    model = LocalChatModel(engine=ScriptedEngine("", odds), name_of_model="x")
    teller = Teller(model, of.task.question if single else "What for?", of.grounds)
    return chance(model, teller, NOTHING, of, shipped(), unnamed)


@pytest.mark.parametrize("single", [True, False])
def test_model_s_word_raises_it_and_a_name_that_no_note_has_lowers_it(single: bool) -> None:
    assert asked(-2.0, single) < asked(2.0, single)
    for name in ("CRF", "label smoothing"):
        assert asked(2.0, single, (name,)) < asked(2.0, single)
    assert asked(2.0, single, ("impression",)) == asked(2.0, single)


def test_single_sentences_and_all_excerpts_are_weighed_apart() -> None:
    assert asked(2.0, single=True) != asked(2.0, single=False)


def test_without_a_model_the_search_alone_tells_and_without_excerpts_nothing() -> None:
    of = material()
    assert chance(None, None, NOTHING, of, shipped(), ()) == shipped().chance(NOTHING, None, "zh")
    nothing = replace(of, task=replace(of.task, passages=()))
    assert chance(None, None, NOTHING, nothing, shipped(), ()) == 0.0


def test_margin_is_the_log_odds_of_yes_over_no() -> None:
    model = LocalChatModel(engine=ScriptedEngine("", 1.5), name_of_model="x")
    assert margin(model, material().task) == pytest.approx(1.5)


def test_what_holds_nothing_of_the_kind_that_is_asked_for_does_not_answer() -> None:
    question = "池化的公式是什么？"
    assert chance(None, None, NOTHING, material(question), shipped(), ()) == 0.0
    of = material(question, f"{NOTE.text}\n输出等于窗口里的最大值。\n")
    assert chance(None, None, NOTHING, of, shipped(), ()) > 0.0
