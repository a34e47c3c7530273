"""The choice of an engine: by what was measured, once for each model, processor and version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from qa.chat import fastest as module
from qa.chat.fastest import NAMES, Speed, fastest
from qa.types import Progress
from qa.weights import assemble_chat_gguf, packaged_chat_installed

READS = {"openvino": Speed(300, 21), "llamacpp": Speed(90, 25)}  # with AVX-512
WRITES = {"openvino": Speed(55, 7), "llamacpp": Speed(60, 20)}  # with AVX2 only


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    return path


class Measuring:
    """Gives these speeds, and remembers what was asked for."""

    def __init__(self, speeds: Mapping[str, Speed]) -> None:
        self.speeds = speeds
        self.asked: list[str] = []

    def __call__(self, name: str) -> Speed:
        self.asked.append(name)
        if name not in self.speeds:
            raise RuntimeError("it does not run here")
        return self.speeds[name]


def test_seconds_of_an_answer_count_reading_and_writing() -> None:
    assert Speed(100, 10).answer_seconds == pytest.approx(5.5 + 12)


@pytest.mark.parametrize(("speeds", "best"), [(READS, "openvino"), (WRITES, "llamacpp")])
def test_the_faster_engine_is_taken(speeds: dict[str, Speed], best: str, model: Path, tmp_path: Path) -> None:
    assert fastest(model, tmp_path, measure=Measuring(speeds)) == best


def test_an_engine_that_is_hardly_faster_is_not_taken(model: Path, tmp_path: Path) -> None:
    assert (
        fastest(model, tmp_path, measure=Measuring({"openvino": Speed(50, 10), "llamacpp": Speed(55, 11)}))
        == "openvino"
    )


def test_a_measurement_is_told_and_a_memory_is_not(model: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    for _ in range(2):
        fastest(model, tmp_path, told.append, Measuring(READS))
    assert told == [Progress("chat_measure", 0, 2), Progress("chat_measure", 1, 2)]


def test_what_was_measured_is_remembered(model: Path, tmp_path: Path) -> None:
    first, second = Measuring(WRITES), Measuring(READS)
    assert [fastest(model, tmp_path, measure=each) for each in (first, second)] == ["llamacpp", "llamacpp"]
    assert (first.asked, second.asked) == (list(NAMES), [])


@pytest.mark.parametrize("change", ["model", "version", "processor"])
def test_another_model_version_or_processor_is_measured_anew(
    change: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fastest(model, tmp_path, measure=Measuring(WRITES))
    if change == "model":
        model.write_bytes(b"other weights")
    elif change == "version":
        monkeypatch.setattr(module.importlib.metadata, "version", lambda package: "99")
    else:
        monkeypatch.setattr(module, "_processor", lambda: "another")
    assert fastest(model, tmp_path, measure=Measuring(READS)) == "openvino"


@pytest.mark.parametrize("content", ["", "{torn", "[]", '{"openvino": {"read": 1, "written": 1}}', "{}"])
def test_a_torn_memory_is_measured_anew(content: str, model: Path, tmp_path: Path) -> None:
    fastest(model, tmp_path, measure=Measuring(WRITES))
    (kept,) = (tmp_path / "engines").glob("*.json")
    kept.write_text(content, encoding="utf-8")
    assert fastest(model, tmp_path, measure=Measuring(READS)) == "openvino"


def test_an_engine_that_does_not_run_is_not_taken_and_tried_again(model: Path, tmp_path: Path) -> None:
    assert fastest(model, tmp_path, measure=Measuring({"llamacpp": Speed(1, 1)})) == "llamacpp"
    assert fastest(model, tmp_path, measure=Measuring(READS)) == "openvino"


def test_where_none_runs_the_first_says_why_when_it_is_opened(model: Path, tmp_path: Path) -> None:
    assert fastest(model, tmp_path, measure=Measuring({})) == "openvino"


def test_a_cache_that_cannot_be_written_does_not_stop_it(model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert fastest(model, tmp_path / "file", measure=Measuring(WRITES)) == "llamacpp"


def test_the_processor_is_named() -> None:
    assert module._processor().strip()


@pytest.mark.model
@pytest.mark.skipif(not packaged_chat_installed(), reason="the packaged chat model is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_a_real_engine_is_measured_in_a_process_of_its_own(name: str, models_cache: Path) -> None:
    speed = module._measured_apart(name, assemble_chat_gguf(models_cache), models_cache)
    assert 5 < speed.read < 20_000
    assert 0.5 < speed.written < 2_000
