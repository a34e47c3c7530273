"""The notes' own sentences in an answer: by themselves, after a name, and only their place where nobody translates."""

from __future__ import annotations

from fakes import WordEncoder

from qa.drafting import Numbering
from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.passages import split_note
from qa.quoting import Quoter
from qa.sentence_vectors import SentenceVectors
from qa.types import Note

WIDTH = "普通网络中同一层的卷积核都一样大。"
NOTE = Note("a.md", "A", f"# CNN\n\n## 宽度（Width）\n\n{WIDTH}\n\n## 深度\n\n深度一般是十几层。\n", "", "zh")


def quoter() -> Quoter:
    return Quoter(Numbering(Grounds(split_note(NOTE), SentenceVectors(WordEncoder()), Glossary.load())))


def test_sentence_is_quoted_with_its_number() -> None:
    of = quoter()
    sentence, (support,) = of.quoted(0, "zh", ())
    assert (sentence.text, sentence.citations, sentence.change) == (WIDTH, (1,), "quoted")
    assert (support.number, support.score) == (1, 0.0)
    assert [of.quoted(row, "zh", ())[0].citations for row in (1, 0)] == [(2,), (1,)]


def test_it_comes_after_a_name_unless_it_has_that() -> None:
    assert quoter().quoted(0, "zh", (), "宽度（Width）")[0].text == f"宽度（Width）：{WIDTH}"
    assert quoter().quoted(1, "zh", (), "深度")[0].text == "深度一般是十几层。"


def test_where_nobody_translates_only_the_place_is_told() -> None:
    sentence, found = quoter().told(None, 0, "en", None, ())
    assert (sentence.text, sentence.language, len(found)) == ("Your notes say it in Chinese.", "en", 1)
    assert quoter().told(None, 0, "zh", None, ())[0].text == WIDTH
