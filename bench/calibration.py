"""`python -m bench.calibration DATA`: fits and prints the weights of `qa/data/calibration.json`.

DATA as for `bench.retrieval`. Besides, the questions about the shipped notes, of which some have no answer there. With
`--translations FILE` also those for translated questions, with `--margins N` those of the chat model's own yes or no
(on all excerpts, and on single sentences), asked N questions of each set; without, these stay as they are shipped.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.retrieval import Sets, refusal_sets
from bench.translations import KeptTranslations
from qa.answerable import margin
from qa.answering import task_of_draft
from qa.calibration import KINDS, SIGNS, Calibration, Kind, Weights, fitted, kind_of, shipped
from qa.chat import LocalChatModel, open_chat_model
from qa.encoder import Encoder
from qa.evidence import Evidence
from qa.language import detect_language
from qa.material import gather
from qa.question_sets import read_questions
from qa.retrieval import Retriever, Translate
from qa.sentence_vectors import SentenceVectors
from qa.settings import Settings
from qa.telling import Teller
from qa.types import LANGUAGES, Language


@dataclass(frozen=True, slots=True)
class Margin:
    """What the chat model said of the passages found for a question: log-odds of yes over no."""

    evidence: Evidence
    margin: float
    telling: float | None  # the highest of those about single sentences, where it can tell
    language: Language
    answered: bool


QUESTIONS = Path("tests/data/questions.jsonl")
_PRIOR_QUESTIONS = 1.0  # towards no weight at all


def main() -> None:
    """Fit and print the file."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibration", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the sets")
    parser.add_argument("--translations", type=Path, help="file of translations, made where it is missing")
    parser.add_argument("--margins", type=int, default=0, help="questions of each set that the chat model is asked")
    parser.add_argument("--margins-only", action="store_true", help="leave the weights of the search as they are")
    options = parser.parse_args()
    translations = KeptTranslations(options.translations) if options.translations else None
    signs: dict[Kind, list[tuple[Evidence, bool]]] = {kind: [] for kind in KINDS}
    margins: list[Margin] = []
    with tempfile.TemporaryDirectory() as folder:
        sets = Sets(options.data, Path(folder))
        asked = [
            (name, retriever, [(c.text, bool(c.gold)) for c in cases]) for name, retriever, cases in refusal_sets(sets)
        ]
        own = [(text, bool(q.gold)) for q in read_questions(QUESTIONS) for text in q.texts.values()]
        asked.append(("shipped notes", sets.over(Path("corpus"), "shipped"), own))
        for name, retriever, questions in asked:
            for text, answered in () if options.margins_only else questions:
                for translate in (None, translations) if translations else (None,):
                    evidence = retriever.find(text, 6, translate=translate).evidence
                    if translate is None or evidence.translated:
                        signs[kind_of(evidence)].append((evidence, answered))
            if options.margins:
                sample = random.Random(0).sample(questions, min(options.margins, len(questions)))
                margins += _margins(retriever, sets.encoder, sample, translations)
                print(f"{name}: asked the model {len(sample)} questions", file=sys.stderr, flush=True)
    if translations:
        translations.save()
    print(json.dumps(_fitted(signs, margins), ensure_ascii=False, indent=1))


def _margins(
    retriever: Retriever, encoder: Encoder, questions: Sequence[tuple[str, bool]], translate: Translate | None
) -> Iterator[Margin]:
    model = _chat_model()
    vectors = SentenceVectors(encoder)
    for text, answered in questions:
        found = retriever.find(text, 6, translate=translate)
        material = gather(text, found, retriever.note, vectors, retriever.glossary())
        task = task_of_draft(model, material, [detect_language(text)], translate or (lambda *_: None))
        telling = Teller(model, task.question, material.grounds).highest(material.relevance)
        yield Margin(found.evidence, margin(model, task), telling, task.language, answered)


@functools.cache
def _chat_model() -> LocalChatModel:
    settings = Settings()
    model, _ = open_chat_model(settings.chat_model, cache=settings.cache, engine=settings.engine)
    assert isinstance(model, LocalChatModel)
    return model


def _fitted(signs: Mapping[Kind, list[tuple[Evidence, bool]]], margins: Sequence[Margin]) -> dict[str, Any]:
    """The file: weights for each kind of evidence, then those that join them with the model's word."""
    start = shipped()
    if everything := [_of(evidence) for of_kind in signs.values() for evidence, _ in of_kind]:
        start = replace(start, scales=tuple(round(float(of), 4) for of in np.array(everything).std(axis=0)))
    scales = start.scales
    weights: dict[Kind, Weights] = {}
    for kind, of_kind in signs.items():
        if not of_kind:
            weights[kind] = start.weights[kind]
            continue
        rows = np.array([[*np.divide(_of(evidence), scales), 1.0] for evidence, _ in of_kind])
        answered = np.array([float(yes) for _, yes in of_kind])
        weights[kind] = fitted(rows, answered, (0.0,) * (len(SIGNS) + 1), _PRIOR_QUESTIONS)
    counts = {kind: [len(of_kind), sum(yes for _, yes in of_kind)] for kind, of_kind in signs.items()}
    zero, margin_weights, telling_weights = start.margin_zero, start.margin_weights, start.telling_weights
    if margins:
        zero, margin_weights = _joined(replace(start, weights=weights), margins)
        telling_weights = _told(replace(start, weights=weights), [each for each in margins if each.telling is not None])
    return {
        "provenance": {
            "questions": "XQuAD (half of its articles; every second passage) and the questions about the shipped notes",
            "asked_and_answered": counts,
            "model_asked": len(margins),
            "model_asked_about_sentences": sum(each.telling is not None for each in margins),
            "command": "python -m bench.calibration DATA --translations FILE --margins 18",
        },
        "signs": SIGNS,
        "scales": scales,
        "weights": weights,
        "margin_zero": zero,
        "margin_weights": margin_weights,
        "telling_weights": telling_weights,
    }


def _joined(calibration: Calibration, margins: Sequence[Margin]) -> tuple[dict[Language, float], Weights]:
    """(what the model's word counts from in each language, weights of the search, of the model's word and of 1)."""
    rows = np.array(
        [[calibration.log_odds(m.evidence), m.margin, *(float(m.language == of) for of in LANGUAGES)] for m in margins]
    )
    answered = np.array([float(m.answered) for m in margins])
    of_search, of_model, *biases = fitted(rows, answered, (0.0,) * 4, _PRIOR_QUESTIONS / 10)
    zero = {of: round(-bias / of_model, 3) for of, bias in zip(LANGUAGES, biases, strict=True)}
    return zero, (round(of_search, 4), round(of_model, 4), 0.0)


def _told(calibration: Calibration, margins: Sequence[Margin]) -> Weights:
    """Weights of the search, of the model's word on single sentences, and of 1."""
    rows = np.array([[calibration.log_odds(m.evidence), m.telling, 1.0] for m in margins], np.float64)
    answered = np.array([float(m.answered) for m in margins])
    return fitted(rows, answered, (0.0,) * 3, _PRIOR_QUESTIONS / 10)


def _of(evidence: Evidence) -> list[float]:
    return [getattr(evidence, sign) for sign in SIGNS]


if __name__ == "__main__":
    main()
