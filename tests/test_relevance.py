"""How much each sentence says on the question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from fakes import WordEncoder

from qa.evidence import NOTHING
from qa.found import Asked, Found
from qa.glossary import Glossary
from qa.grounds import Grounds
from qa.passages import split_note
from qa.queries import understand
from qa.relevance import relevance, with_told
from qa.sentence_vectors import SentenceVectors
from qa.types import Hit, Note, Passage

TEXT = (
    "# A\n\n## 池化\n\n用来降低维数。没有参数可学。\n\n## 卷积\n\n卷积核在图像上滑动。\n\n"
    "## Pooling\n\nPooling has no parameters.\n"
)
PASSAGES = split_note(Note("a.md", "A", TEXT, "", "zh"))


def asked(question: str) -> Asked:
    encoder = WordEncoder()
    query = understand(question, Glossary.load())
    vector = encoder.encode_query(question)
    nothing = np.zeros(encoder.dimension, np.float32)
    return Asked(
        query.language, vector, 0.0, vector, {"zh": nothing, "en": nothing}, query.units, (1.0,) * len(query.units)
    )


def found(question: str | None, scores: Mapping[int, float] | None = None) -> Found:
    hits = [Hit(p, n + 1, (scores or {}).get(n, 1.0), 1, 1, 0.9) for n, p in enumerate(PASSAGES)]
    return Found(hits, NOTHING, asked=asked(question) if question else None)


def best(of: Found, passages: list[Passage] = PASSAGES) -> str:
    grounds = Grounds(passages, SentenceVectors(WordEncoder()), Glossary.load())
    return grounds.statements[int(np.argmax(relevance(grounds, of)))].text


@pytest.mark.parametrize(
    ("question", "sentence"),
    [("卷积核怎么滑动？", "卷积核在图像上滑动。"), ("池化有没有参数可学？", "没有参数可学。")],
)
def test_sentence_on_the_question_under_its_heading_is_the_best(question: str, sentence: str) -> None:
    assert best(found(question)) == sentence


def test_better_passage_lends_its_sentences_weight() -> None:
    assert best(found("有没有？", {0: 1.0, 1: 9.0, 2: 1.0})) == "卷积核在图像上滑动。"


def test_code_says_less_than_the_same_words_in_a_sentence() -> None:
    scores = []
    for fence in ("", "```\n"):
        passages = split_note(Note("a.md", "A", f"# A\n\n## 池化\n\n{fence}池化(参数)\n{fence}", "", "zh"))
        of = Found([Hit(passages[0], 1, 1.0, 1, 1, 0.9)], NOTHING, asked=asked("池化有没有参数？"))
        scores.append(relevance(Grounds(passages, SentenceVectors(WordEncoder()), Glossary.load()), of)[0])
    assert scores[1] == pytest.approx(scores[0] - 3.0)


def test_sentence_in_the_other_language_is_found_by_the_names_of_what_is_asked() -> None:
    assert best(found("池化？"), PASSAGES[2:]) == "Pooling has no parameters."


def test_without_an_encoder_the_order_of_the_search_counts() -> None:
    assert best(found(None, {0: 1.0, 1: 2.0, 2: 1.0})) == "卷积核在图像上滑动。"


def test_stretches_of_several_sentences_are_no_candidates() -> None:
    grounds = Grounds(PASSAGES, SentenceVectors(WordEncoder()), Glossary.load())
    scores = relevance(grounds, found("池化？"))
    assert [np.isinf(score) for score in scores] == [each.whole for each in grounds.statements]


def test_what_the_model_says_answers_counts_more_and_what_it_denies_less() -> None:
    plain = np.array([3.0, 2.0, 1.0, -np.inf], np.float32)
    told = with_told(plain, {1: 3.0, 0: -1.0})
    assert list(np.argsort(-told)) == [1, 2, 0, 3]
    assert np.isneginf(told[3])
    assert with_told(plain, {}) is plain


def test_example_in_the_other_language_is_no_better_than_the_notes_own_sentences() -> None:
    text = "# 词袋模型\n\n词袋模型忽略词的顺序。\n\n例如两句话。\n\nJohn likes to watch movies.\n"
    passages = split_note(Note("a.md", "A", text, "", "zh"))
    grounds = Grounds(passages, SentenceVectors(WordEncoder()), Glossary.load())
    scores = {}
    for level in (None, 0.0):
        question = replace(asked("What does John like to watch?"), level=level)
        hits = [Hit(passage, n, 1.0, 1, 1, 0.9) for n, passage in enumerate(passages, 1)]
        scores[level] = relevance(grounds, Found(hits, NOTHING, asked=question))
    (english,) = [row for row in grounds.singles() if "John" in grounds.statements[row].text]
    assert grounds.languages[english] == "en"
    assert scores[None][english] < scores[0.0][english]
