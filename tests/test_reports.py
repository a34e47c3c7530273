"""Tables, JSON, and a former run that is read again."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from fakes_chat import open_notes
from fakes_evaluation import ANSWERABLE, COVERED, FILES, OTHER, POOLING, UNANSWERABLE, hits, measured

from qa.calibration import shipped
from qa.errors import QuestionFileError
from qa.metrics import ComparedRow, DecisionRow, RetrievalRow, compare
from qa.ranking import LEXICAL_WEIGHT
from qa.reports import changed_settings, configuration, read_retrieval, table, to_json


def strict(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def test_table_is_markdown_with_intervals() -> None:
    interval = {"auroc": (0.25, 1.0), "declined_answerable": (math.nan, math.nan)}
    assert table([DecisionRow("zh", 3, 0, 1 / 3, 1.0, math.nan, interval)]).split("\n") == [
        "| language | answerable | unanswerable | auroc | declined answerable | declined unanswerable |",
        "| --- | --- | --- | --- | --- | --- |",
        "| zh | 3 | 0 | 0.333 (0.250 to 1.000) | 1.000 | nan |",
    ]
    row = RetrievalRow("zh to en", 3, 0.0, 0.5, 1.0, 0.5, 0.5, 12.34, 120.0)
    assert table([row]).endswith("| zh to en | 3 | 0.000 | 0.500 | 1.000 | 0.500 | 0.500 | 12.3 | 120.0 |")
    compared = ComparedRow("zh to en", 3, "hit_at_5", 0.5, 0.25, -0.25, {"difference": (-0.5, 0.0)})
    assert table([compared]).endswith("| zh to en | 3 | hit at 5 | 0.500 | 0.250 | -0.250 (-0.500 to 0.000) |")
    assert table([]) == ""


def test_run_is_read_again_from_its_json(tmp_path: Path) -> None:
    run = measured({"What does pooling do?": hits(OTHER, POOLING)}, ANSWERABLE, UNANSWERABLE)
    value = to_json(run, {"notes": 1}, answers=[])
    path = tmp_path / "run.json"
    path.write_text(strict(value), encoding="utf-8")
    assert read_retrieval(path) == ({"notes": 1}, run.searched)
    assert compare(run.searched, read_retrieval(path)[1]) == compare(run.searched, run.searched)
    assert value["questions"][1] == {
        "id": "1",
        "language": "en",
        "direction": "en to zh",
        "ranks": (2,),
        "rank": 2,
        "probability": shipped().chance(COVERED, None, "en"),
        "milliseconds": 1000,
    }


def test_what_was_not_measured_is_null_in_json() -> None:
    value = json.loads(strict(to_json(measured({}, UNANSWERABLE), {})))
    assert value["retrieval"] == []
    assert (value["decisions"][0]["auroc"], value["decisions"][0]["declined_unanswerable"]) == (None, 1.0)
    assert value["decisions"][0]["intervals"]["auroc"] == [None, None]


@pytest.mark.parametrize(
    "text", [None, "{", "[]", "{}", '{"retrieval": []}', '{"configuration": {}, "questions": [1]}']
)
def test_file_that_is_no_former_run_is_told(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "run.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(QuestionFileError, match=r"The former run '.*run.json' cannot be read: .* --json > FILE"):
        read_retrieval(path)


def test_settings_that_differ_are_named() -> None:
    before = {"notes": 3, "splitter": "1", "retrieval": {"lexical_weight": 4.0, "candidates": 60}}
    now = {"notes": 3, "splitter": "2", "retrieval": {"lexical_weight": 6.0, "candidates": 60}, "search_text": "1"}
    assert changed_settings(before, now) == ["lexical_weight", "search_text", "splitter"]
    assert changed_settings(now, now) == []


def test_configuration_names_what_the_figures_depend_on(tmp_path: Path) -> None:
    with open_notes(tmp_path, FILES, None) as notes:
        found = configuration(notes, "packaged")
        (tmp_path / "corpus" / "cnn.md").write_text("# 别的\n", encoding="utf-8")
        notes.rebuild()
        assert changed_settings(found, configuration(notes, "packaged")) == ["notes_sha256"]
    assert (found["notes"], found["encoder_name"], found["encoder"]) == (2, "packaged", "words/1")
    assert {"splitter", "segmenter", "search_text"} <= found.keys()
    assert found["retrieval"]["lexical_weight"] == LEXICAL_WEIGHT
