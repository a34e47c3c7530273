"""Words for users: both languages say the same things, and every error has its sentence."""

from __future__ import annotations

import string
from typing import get_args

import pytest

from qa import errors, words
from qa.indexing import rules
from qa.language import has_han
from qa.types import LANGUAGES, Language, SkippedFile, Way
from qa.words import error_sentence, skip_reason, stale_sentence, terminal_language, word

ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.NotesQAError)]


def made(kind: type[errors.NotesQAError]) -> errors.NotesQAError:
    return errors.UnknownTopic("x", ()) if kind is errors.UnknownTopic else kind("what happened")


@pytest.mark.parametrize("key", words._WORDS)
def test_both_languages_take_the_same_values(key: str) -> None:
    zh, en = (
        {name for _, name, _, _ in string.Formatter().parse(word(key, language)) if name} for language in LANGUAGES
    )
    assert zh == en


@pytest.mark.parametrize("key", words._WORDS)
def test_each_language_is_written_in_its_script(key: str) -> None:
    assert has_han(word(key, "zh"))
    assert not has_han(word(key, "en"))


def test_values_are_put_in() -> None:
    assert word("lines", "zh", start=3, end=5) == "第 3-5 行"
    assert word("lines", "en", start=3, end=5) == "lines 3-5"


def test_every_way_to_find_a_passage_has_a_name() -> None:
    assert [word(f"way_{way}", "zh") for way in get_args(Way)] == ["语义", "词语", "术语对照", "译文"]
    assert [word(f"way_{way}", "en") for way in get_args(Way)] == ["meaning", "words", "glossary", "translation"]


def test_word_without_values_keeps_its_braces() -> None:
    assert word("passages_count", "en") == "{count} passages"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "zh_CN"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_CN", "LANG": "en_US"}, "zh"),
        ({}, "en"),
    ],
)
def test_language_of_the_terminal_is_that_of_its_locale(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert terminal_language() == language


@pytest.mark.parametrize(
    ("stale", "zh", "en"),
    [
        (("encoder",), "编码器", "encoder"),
        (("splitter", "segmenter"), "切分规则和分词规则", "way of splitting and way of segmenting"),
        (
            ("encoder", "splitter", "search_text"),
            "编码器、切分规则和文本清理规则",
            "encoder, way of splitting and way of cleaning text",
        ),
    ],
)
def test_stale_index_is_told_with_all_that_is_another_now(stale: tuple[str, ...], zh: str, en: str) -> None:
    assert stale_sentence(stale, "zh") == f"索引是用另一种{zh}建立的，正在重建；在此之前仍用旧索引回答。"
    assert stale_sentence(stale, "en") == (
        f"The index was built with another {en}; it is being made again, and the old one answers until then."
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_an_index_depends_on_has_a_name(language: Language) -> None:
    assert all(stale_sentence([key], language) for key in (*rules(), "encoder"))


def test_reason_of_a_skipped_file_keeps_its_detail_in_both_languages() -> None:
    file = SkippedFile("a.md", "is larger than the limit: 20 MB", "skip_too_large")
    assert (skip_reason(file, "zh"), skip_reason(file, "en")) == ("文件太大，上限：20 MB", file.reason)


@pytest.mark.parametrize("kind", ERRORS)
def test_error_is_its_own_english_sentence(kind: type[errors.NotesQAError]) -> None:
    assert error_sentence(made(kind), "en") == (str(made(kind)), "")


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_has_a_chinese_sentence_of_its_own(kind: type[errors.NotesQAError]) -> None:
    sentence, detail = error_sentence(made(kind), "zh")
    assert (has_han(sentence), sentence.endswith("。"), detail) == (True, True, str(made(kind)))
    assert [other for other in ERRORS if error_sentence(made(other), "zh")[0] == sentence] == [kind]


def test_error_of_another_module_has_the_sentence_of_its_base() -> None:
    class Torn(errors.IndexUnusable):
        """One that the words do not know."""

    assert error_sentence(Torn("x"), "zh")[0] == error_sentence(errors.IndexUnusable("x"), "zh")[0]


def test_tree_of_errors_in_the_docstring_is_the_real_one() -> None:
    drawn = [line.split("──")[1].split()[0] for line in (errors.__doc__ or "").split("\n") if "──" in line]
    assert drawn == [kind.__name__ for kind in ERRORS[1:]]


def test_locked_index_is_an_unusable_one_and_all_others_are_leaves_of_the_base() -> None:
    bases = {kind.__name__: kind.__base__ for kind in ERRORS[1:]}
    assert bases.pop("IndexLocked") is errors.IndexUnusable
    assert set(bases.values()) == {errors.NotesQAError}
