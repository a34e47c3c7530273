"""From evidence to a probability, and fitting it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa.calibration import FILE_NAME, KINDS, SIGNS, Calibration, fit, fitted, kind_of, load, save, shipped
from qa.errors import QuestionFileError
from qa.evidence import Evidence
from qa.types import LANGUAGES, Language

STRONG = Evidence(distance=2.5, lead=2.5, closeness=0.6, coverage=0.8, named=1.0, own_language=True)
WEAK = Evidence(distance=-0.8, lead=0.5, closeness=0.2, coverage=0.1, named=0.2, own_language=True)


def test_strong_evidence_answers_and_weak_evidence_does_not() -> None:
    assert shipped().chance(STRONG, None, "zh") > 0.9
    assert shipped().chance(WEAK, None, "zh") < 0.1


@pytest.mark.parametrize("language", LANGUAGES)
def test_more_of_the_models_word_makes_an_answer_likelier(language: Language) -> None:
    chances = [shipped().chance(STRONG, margin, language) for margin in (-2.0, 0.0, 1.0, 3.0)]
    assert chances == sorted(chances)
    assert chances[0] < chances[-1]


def test_word_on_single_sentences_counts_instead_of_that_on_all_excerpts() -> None:
    chances = [shipped().chance(STRONG, -5.0, "zh", telling) for telling in (-2.0, 0.0, 2.0)]
    assert chances == sorted(set(chances))
    assert chances[-1] > shipped().chance(STRONG, -5.0, "zh")


def test_evidence_is_of_three_kinds() -> None:
    across = replace(STRONG, own_language=False)
    assert [kind_of(STRONG), kind_of(across), kind_of(replace(across, translated=True))] == list(KINDS)


def drawn(count: int, seed: int) -> tuple[list[Evidence], list[bool]]:
    """Questions of which closeness alone tells the answer."""
    rng = np.random.default_rng(seed)
    answered = [bool(i % 2) for i in range(count)]
    evidence = [
        Evidence(rng.normal(), rng.normal(), 0.3 + 0.2 * yes + 0.05 * rng.normal(), 0.5, 0.5, True) for yes in answered
    ]
    return evidence, answered


def test_fitting_moves_the_weights_towards_the_questions() -> None:
    evidence, answered = drawn(200, 0)
    made = fit(evidence, answered, shipped(), {"questions": "mine.jsonl"})

    def right(calibration: Calibration) -> float:
        return float(
            np.mean([(calibration.chance(e, None, "zh") > 0.5) == yes for e, yes in zip(*drawn(400, 1), strict=True)])
        )

    assert right(made) > 0.95
    assert right(made) > right(shipped())
    assert made.weights["across"] == shipped().weights["across"]
    assert (made.provenance["questions"], made.provenance["answered"]) == ("mine.jsonl", 100)


def test_few_questions_hardly_move_the_shipped_weights() -> None:
    evidence, answered = drawn(10, 0)
    few = fit(evidence, answered, shipped(), {}).weights["own"]
    many = fit(*drawn(2000, 0), shipped(), {}).weights["own"]
    start = np.array(shipped().weights["own"])
    assert np.linalg.norm(few - start) < np.linalg.norm(many - start) / 3


def test_too_few_questions_of_a_sort_are_told() -> None:
    evidence, _ = drawn(20, 0)
    with pytest.raises(QuestionFileError, match="at least 5 questions"):
        fit(evidence, [True] * 20, shipped(), {})


def test_newtons_method_finds_the_minimum() -> None:
    rng = np.random.default_rng(3)
    signs = np.column_stack([rng.normal(size=(60, 2)), np.ones(60)])
    answered = (signs @ [1.0, -2.0, 0.5] + rng.normal(size=60) > 0).astype(float)
    prior = (0.2, 0.1, 0.0)

    def loss(weights: np.ndarray) -> float:
        each = np.where(answered > 0, 0.5 / answered.mean(), 0.5 / (1 - answered.mean()))
        odds = signs @ weights
        return float((each * (np.logaddexp(0, odds) - answered * odds)).sum() + ((weights - prior) ** 2).sum())

    best = np.array(fitted(signs, answered, prior, 2.0))
    assert all(loss(best) < loss(best + step) for step in 0.01 * rng.normal(size=(50, 3)))


def test_saved_calibration_is_loaded_again(tmp_path: Path) -> None:
    made = fit(*drawn(40, 0), shipped(), {"questions": "问题.jsonl"})
    assert save(made, tmp_path) == tmp_path / FILE_NAME
    assert load(tmp_path) == made
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"signs": []}', "\x00"])
def test_file_that_is_no_calibration_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    assert load(tmp_path) == shipped()


def test_weight_that_is_no_number_counts_as_none(tmp_path: Path) -> None:
    save(shipped(), tmp_path)
    stored = json.loads((tmp_path / FILE_NAME).read_text(encoding="utf-8"))
    stored["weights"]["own"][0] = float("nan")
    (tmp_path / FILE_NAME).write_text(json.dumps(stored), encoding="utf-8")
    assert load(tmp_path) == shipped()


def test_shipped_weights_say_where_they_come_from() -> None:
    assert "questions" in shipped().provenance
    assert all(len(weights) == len(SIGNS) + 1 for weights in shipped().weights.values())
