"""Answers written as JSON come back as they were, and nothing else is taken for one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.answer_json import read_answer, write_answer
from qa.types import Answer


def whole(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Values of a dataclass with every field filled, also those that have a default."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: of_type(hints[field.name]) for field in fields(kind)})


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    arguments = get_args(hint)
    if is_dataclass(hint):
        return whole(hint)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        assert arguments[1] is ...
        return st.lists(of_type(arguments[0]), max_size=2).map(tuple)
    if get_origin(hint) is Mapping:
        return st.dictionaries(of_type(arguments[0]), of_type(arguments[1]), max_size=2)
    return st.floats(allow_nan=False) if hint is float else st.from_type(hint)


ANSWER = whole(Answer)
LEAST: dict[str, Any] = {"question": "q", "texts": {"en": "a"}, "citations": [], "hits": [], "abstained": False}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANSWER)
def test_every_answer_comes_back_as_it_was(answer: Answer) -> None:
    assert read_answer(write_answer(answer)) == answer


def test_an_answer_is_one_line() -> None:
    assert write_answer(Answer("q\n\u2028", {"zh": "第一行\n第二行"}, (), (), False)).count("\n") == 0


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert read_answer(write_answer(Answer("a\ud800b", {}, (), (), False))).question == "a?b"


def test_fields_with_a_default_may_be_missing() -> None:
    assert read_answer(json.dumps(LEAST)) == Answer("q", {"en": "a"}, (), (), False)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"question": 3}, "question: Input should be a valid string"),
        ({"abstained": "no"}, "abstained: Input should be a valid boolean"),
        ({"texts": {"fr": "a"}}, "texts.fr.[key]: Input should be 'zh' or 'en'"),
        ({"mood": "good"}, "mood: Unexpected keyword argument"),
        ({"conflicts": [{"first": 1, "second": 2.5}]}, "conflicts.0.second: Input should be a valid integer"),
        ({"conflicts": [{"first": 1, "second": 2, "third": 3}]}, "conflicts.0.third: Unexpected keyword argument"),
        ({"sentences": [{"language": "en"}]}, "sentences.0.text: Field required"),
    ],
)
def test_a_wrong_value_is_refused_and_named(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match="This is no stored answer") as refused:
        read_answer(json.dumps(LEAST | change))
    assert str(refused.value) == f"This is no stored answer: {told}."


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "{}"])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="This is no stored answer"):
        read_answer(text)
