"""Settings: where they come from, and that a wrong one is told in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.errors import SettingsError
from qa.settings import Settings


@pytest.fixture(autouse=True)
def _clean_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no notes-qa.toml of the machine


def _toml(text: str) -> None:
    Path("notes-qa.toml").write_text(text, encoding="utf-8")


def test_defaults_name_the_folders_of_the_project() -> None:
    settings = Settings()
    assert (settings.corpus, settings.index, settings.chat_model) == (Path("corpus"), Path("index"), "auto")


def test_page_listens_on_this_machine_only() -> None:
    assert (Settings().host, Settings().port) == ("127.0.0.1", 7860)


def test_argument_beats_environment_beats_file(monkeypatch: pytest.MonkeyPatch) -> None:
    _toml("top_k = 2\nport = 2\nencoder_batch = 2\n")
    monkeypatch.setenv("NOTES_QA_TOP_K", "3")
    monkeypatch.setenv("NOTES_QA_PORT", "3")
    settings = Settings(top_k=4)
    assert (settings.top_k, settings.port, settings.encoder_batch) == (4, 3, 2)


def test_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTES_QA_TOP_K", "")
    assert Settings().top_k == 6


def test_misspelt_variable_is_told_with_the_near_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTES_QA_TOPK", "3")
    with pytest.raises(SettingsError, match=r"NOTES_QA_TOPK is not a setting. Did you mean NOTES_QA_TOP_K"):
        Settings()


def test_misspelt_name_in_the_file_is_told_with_the_near_one() -> None:
    _toml('corpsu = "notes"\n')
    with pytest.raises(SettingsError, match=r"There is no setting 'corpsu'. Did you mean corpus"):
        Settings()


def test_file_that_is_not_toml_is_told() -> None:
    _toml("top_k =\n")
    with pytest.raises(SettingsError, match=r"notes-qa.toml cannot be read: .*line 1"):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("top_k", 0), ("top_k", 51), ("port", 65536), ("language", "fr"), ("engine", "gpu"), ("timeout", 0)],
)
def test_value_out_of_bounds_is_told_with_its_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"The setting '{name}' cannot be {value!r}: "):
        Settings(**{name: value})


def test_key_is_not_shown_in_the_settings() -> None:
    assert "sk-123" not in repr(Settings(api_key="sk-123"))


def test_wrong_key_is_not_shown_in_the_error() -> None:
    _toml("api_key = 123456\n")
    with pytest.raises(SettingsError) as error:
        Settings()
    assert "123456" not in str(error.value)


def test_glossary_is_none_until_one_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().glossary is None
    monkeypatch.setenv("NOTES_QA_GLOSSARY", "~/terms.tsv")
    assert Settings().glossary == Path("~/terms.tsv").expanduser()


def test_settings_cannot_be_changed_after_they_are_made() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().top_k = 3
