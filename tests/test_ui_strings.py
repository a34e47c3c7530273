"""The page's words: complete in both languages, and nowhere else."""

from __future__ import annotations

import ast
import asyncio
import re
import string
from pathlib import Path
from typing import Any, get_args

import pytest
from fakes_ui import FakeNotes

import qa.ui
from qa import errors
from qa.conversations import Conversations
from qa.types import LANGUAGES, Way
from qa.ui.following import Following
from qa.ui.page import build_page
from qa.ui.strings import WORDS, error_sentence, i18n, language_of, phrase
from qa.ui.warming import Warming

HAN = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
SOURCES = sorted(Path(qa.ui.__path__[0]).glob("*.py"))
TEXT_PROPERTIES = ("label", "placeholder", "info", "title", "value", "text")


def placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    for key, text in WORDS["zh"].items():
        assert placeholders(text) == placeholders(WORDS["en"][key]), key


def test_no_text_is_empty_and_chinese_stands_in_the_chinese_half_only() -> None:
    assert all(text.strip() for words in WORDS.values() for text in words.values() if text != " ")
    english = {key for key, text in WORDS["en"].items() if HAN.search(text)}
    assert english == {"language_zh", "interface_other"}


def test_every_word_is_used() -> None:
    nodes = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    tables = {id(key) for node in nodes if isinstance(node, ast.Dict) for key in node.keys}
    used = {node.value for node in nodes if isinstance(node, ast.Constant) and id(node) not in tables}
    # The page puts these keys together.
    built = ("stage_", "language_", "way_", "why_", "basis_", "in_", "file_", "reason_", "left_")
    assert {key for key in WORDS["en"] if not key.startswith(built)} <= used


def test_every_way_to_find_a_passage_has_a_word_and_a_reason_and_no_other_has() -> None:
    for start in ("way_", "why_"):
        assert [key for key in WORDS["en"] if key.startswith(start)] == [f"{start}{way}" for way in get_args(Way)]
    assert not any(set('<>&"') & set(phrase(f"why_{way}", ui)) for way in get_args(Way) for ui in LANGUAGES)


def test_no_other_module_of_the_page_writes_chinese() -> None:
    for path in SOURCES:
        if path.name not in ("strings.py", "notes_words.py", "history_words.py"):
            assert not HAN.search(path.read_text(encoding="utf-8")), path.name


def test_every_text_of_the_layout_is_a_known_translation(tmp_path: Path) -> None:
    async def build() -> Any:  # in an event loop: Gradio would open one and leave it
        notes = FakeNotes()
        kept = Conversations(tmp_path / "conversations.db", tmp_path)
        return build_page(notes, Warming(notes), Following(notes), conversations=kept).get_config_file()

    components = asyncio.run(build())["components"]
    # "api" parts are the parameters of the endpoints: they stand in no page
    found = [text for part in components if part["type"] != "api" for text in texts_of(part["props"])]
    assert len(found) >= 40
    assert [text for text in found if not (isinstance(text, dict) and text.get("key") in WORDS["en"])] == []


def texts_of(props: dict[str, Any]) -> list[Any]:
    """What a reader would see of a component: labels, and the values of buttons and plain texts."""
    found = [props.get(name) for name in TEXT_PROPERTIES] + [label for label, _ in props.get("choices") or []]
    written = [as_translation(text) for text in found if text not in (None, "", [], False)]
    return [text for text in written if text not in ("auto", "notes", 1.0, True)]


def as_translation(text: Any) -> Any:
    if hasattr(text, "to_dict"):
        return text.to_dict()
    if isinstance(text, str) and text.startswith("__i18n__"):
        return {"key": text.split('"key": "')[1].split('"')[0]}
    return text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-TW", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("de,zh;q=0.5", "en"),
        ("en;q=0.3, zh;q=0.7", "zh"),
        ("", "en"),
        ("*;q=x", "en"),
    ],
)
def test_the_first_choice_of_the_browser_decides(header: str, language: str) -> None:
    assert language_of(header) == language


def test_labels_of_the_browser_come_from_the_same_words() -> None:
    assert i18n.translations["zh-CN"] == WORDS["zh"]
    assert i18n.translations["zh-TW"] == WORDS["zh"]
    assert i18n.translations["en"] == WORDS["en"]


def test_values_are_put_in_as_they_are() -> None:
    assert phrase("model_ready", "zh", name="{x} 100%") == "本地模型：{x} 100%"


def leaves(kind: type[errors.NotesQAError]) -> list[type[errors.NotesQAError]]:
    return [kind] + [leaf for child in kind.__subclasses__() for leaf in leaves(child)]


def test_an_error_is_told_in_chinese_with_its_own_message_after_it() -> None:
    assert error_sentence(errors.IndexLocked("The index is locked. Wait."), "zh") == (
        "另一个程序正在写索引，请稍后再试。",
        "The index is locked. Wait.",
    )


def test_an_error_is_told_in_english_by_its_own_message() -> None:
    assert error_sentence(errors.ModelFailed("It stopped. Ask again."), "en") == ("It stopped. Ask again.", "")


def test_a_new_error_falls_back_to_its_base() -> None:
    class NewError(errors.IndexUnusable):
        pass

    assert error_sentence(NewError("x"), "zh") == ("索引无法读取或写入。", "x")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_unexpected_error_never_shows_its_inside(language: Any) -> None:
    assert "secret" not in "".join(error_sentence(RuntimeError("secret"), language))
