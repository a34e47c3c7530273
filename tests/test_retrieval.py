"""Retrieval: topics, both languages, encoders of older indexes, translation and reranking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import rjieba
from fakes import WordEncoder
from fakes_search import GLOSSARY, NOTES, read_glossary, retriever

from qa.errors import IndexNotBuilt, UnknownTopic
from qa.evidence import NOTHING
from qa.glossary import Concept, Glossary
from qa.index import Index
from qa.indexing import refresh
from qa.language import STOP_WORDS, has_han
from qa.queries import understand
from qa.question_mean import means_key, question_means
from qa.reranking import Reordering
from qa.retrieval import OpenStored, Retriever
from qa.types import Language


@pytest.fixture
def search(tmp_path: Path) -> Retriever:
    return retriever(tmp_path, NOTES)


def headings(search: Retriever, question: str, top_k: int = 10, topic: str | None = None) -> list[str]:
    return [hit.passage.headings[-1] for hit in search.find(question, top_k, topic).hits]


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("池化层有参数吗？", "池化"),
        ("What does an update gate do?", "GRU"),
        ("门控循环单元", "GRU"),
        ("讲讲 kernel trick", "Kernel"),
        ("ＧＲＵ　是什么", "GRU"),
        ("支持向量机最大化什么", "SVM"),
    ],
)
def test_question_finds_its_passage_in_either_language(search: Retriever, question: str, heading: str) -> None:
    assert headings(search, question)[0] == heading


def test_same_question_gets_the_same_answer(search: Retriever) -> None:
    assert search.find("池化 gate", 10) == search.find("池化 gate", 10)


@pytest.mark.parametrize(
    ("topic", "expected"),
    [("rnn.md", {"GRU", "Training"}), ("池化", {"池化"}), ("cnn", {"池化", "填充"}), ("rnn.md#GRU", {"GRU"})],
)
def test_topic_restricts_the_hits(search: Retriever, topic: str, expected: set[str]) -> None:
    assert set(headings(search, "池化层缩小特征图", topic=topic)) == expected


def test_passages_outside_the_topic_count_for_nothing(search: Retriever) -> None:
    found = search.find("池化层缩小特征图", 10, "填充")
    assert [(hit.passage.headings[-1], hit.lexical_rank) for hit in found.hits] == [("填充", 1)]
    assert found.evidence.coverage < search.find("池化层缩小特征图", 10).evidence.coverage


def test_unknown_topic_is_told_before_anything_is_encoded(tmp_path: Path) -> None:
    encoder = WordEncoder()
    search = retriever(tmp_path, NOTES, encoder)
    encoder.queries.clear()
    with pytest.raises(UnknownTopic):
        search.find("池化", 5, "量子")
    assert encoder.queries == []


def test_other_language_is_asked_with_the_names_of_its_notes(tmp_path: Path) -> None:
    encoder = WordEncoder()
    search = retriever(tmp_path, NOTES, encoder)
    encoder.queries.clear()
    search.find("门控循环单元有几个门？", 5)
    assert encoder.queries == ["门控循环单元有几个门？", "门控循环单元有几个门？ gated recurrent unit"]


def test_question_without_known_concepts_is_encoded_once(tmp_path: Path) -> None:
    encoder = WordEncoder()
    search = retriever(tmp_path, NOTES, encoder)
    encoder.queries.clear()
    search.find("填充保持什么？", 5)
    assert encoder.queries == ["填充保持什么？"]


def test_index_that_was_never_built_is_told(tmp_path: Path) -> None:
    with pytest.raises(IndexNotBuilt):
        Retriever(Index(tmp_path), WordEncoder(), read_glossary).find("池化", 5)


def other_encoder(folder: Path, open_stored: OpenStored | None = None) -> Retriever:
    """A search with an encoder that did not make the index."""
    return Retriever(Index(folder / "index"), WordEncoder("words/2", dimension=32), read_glossary, open_stored)


@pytest.mark.parametrize("open_stored", [None, lambda location, fingerprint: None])
def test_index_of_another_encoder_answers_by_words_alone(tmp_path: Path, open_stored: OpenStored | None) -> None:
    retriever(tmp_path, NOTES)
    found = other_encoder(tmp_path, open_stored).find("池化层缩小特征图", 10)
    assert [(hit.passage.headings[-1], hit.dense_rank, hit.cosine) for hit in found.hits] == [
        ("池化", None, 0.0),
        ("填充", None, 0.0),
    ]
    assert [hit.lexical_rank for hit in found.hits] == [1, 2]
    assert (found.evidence.distance, found.evidence.named) == (0.0, 1.0)


def test_words_that_no_note_holds_find_nothing_without_the_encoder(tmp_path: Path) -> None:
    retriever(tmp_path, NOTES)
    found = other_encoder(tmp_path).find("量子纠缠", 10)
    assert (found.hits, found.evidence) == ([], NOTHING)


def test_index_of_another_encoder_is_searched_with_that_one_where_it_is_found(tmp_path: Path) -> None:
    made = retriever(tmp_path, NOTES)
    asked = []

    def open_stored(location: str, fingerprint: str) -> WordEncoder:
        asked.append((location, fingerprint))
        return WordEncoder(fingerprint)

    search = other_encoder(tmp_path, open_stored)
    for question in ("池化层缩小特征图", "What does an update gate do?"):
        assert search.find(question, 10) == made.find(question, 10)
    assert asked == [(WordEncoder().location, "words/1")]


def test_index_is_searched_with_the_new_encoder_once_it_is_refreshed(tmp_path: Path) -> None:
    retriever(tmp_path, NOTES)
    search = other_encoder(tmp_path)
    assert all(hit.dense_rank is None for hit in search.find("池化", 10).hits)
    refresh(tmp_path / "corpus", Index(tmp_path / "index"), WordEncoder("words/2", dimension=32))
    assert [hit.dense_rank is None for hit in search.find("池化", 10).hits] == [False] * 6


def test_translation_finds_what_neither_words_nor_glossary_do(search: Retriever) -> None:
    asked: list[tuple[str, Language]] = []

    def translate(question: str, language: Language) -> str:
        asked.append((question, language))
        return "clip gradients that explode"

    question = "梯度爆炸了怎么剪裁？"
    plain, translated = search.find(question, 10), search.find(question, 10, translate=translate)
    assert asked == [(question, "en")]
    assert translated.hits[0].passage.headings[-1] == "Training"
    assert translated.hits[0].ways == ("translation",)
    assert (plain.evidence.translated, translated.evidence.translated) == (False, True)


def test_nothing_is_translated_where_no_note_is_in_the_other_language(tmp_path: Path) -> None:
    def translate(question: str, language: Language) -> str:
        raise AssertionError

    search = retriever(tmp_path, {"cnn.md": NOTES["cnn.md"]})
    assert search.find("池化层", 5, translate=translate).hits


def test_question_whose_first_name_no_note_has_lacks_its_subject(search: Retriever) -> None:
    assert search.lacks_subject("Lion 怎么更新池化层？")
    assert search.lacks_subject("How does LoRA train a GRU?")
    assert not search.lacks_subject("GRU 和 Lion 有什么区别？")
    # Chinese notes may write it otherwise.
    assert not search.lacks_subject("How does a Turing machine pool?")
    assert not search.lacks_subject("How does a Turing machine pool?", "图灵机怎么池化？")
    assert search.lacks_subject("How does Lion pool?", "Lion 怎么池化？")


def test_word_of_the_field_that_no_note_has_says_nothing_where_they_have_another_name(tmp_path: Path) -> None:
    retriever(tmp_path, {"a.md": "# XGBoost\n\n缺失的值会被 XGBoost 分到右子树。\n"})
    search = Retriever(Index(tmp_path / "index"), WordEncoder(), Glossary.load)
    question = "训练集里没有空值，XGBoost 会把样本送到哪边？"
    assert search.unnamed(question) == ()
    assert not search.lacks_subject(question)
    assert search.unnamed("训练集里没有空值会怎样？") == ("训练集",)
    assert search.lacks_subject("训练集里没有空值会怎样？")
    assert search.unnamed("训练集给 LightGBM 用之前要分吗？") == ("训练集", "LightGBM")
    assert search.unnamed("Does XGBoost need training data without a gap?") == ()


def test_initials_are_no_part_of_a_name(tmp_path: Path) -> None:
    crf = Glossary([Concept(("条件随机场",), ("conditional random field", "CRF"))])
    index = Index(tmp_path / "index")
    retriever(tmp_path, {"a.md": "# A\n\nA random forest is grown, a field is not.\n"})
    search = Retriever(index, WordEncoder(), lambda: crf)
    assert search.unnamed("What is a CRF?") == ("CRF",)
    assert search.unnamed("What is a conditional random field?") == ()


def test_half_of_a_name_is_no_name_and_most_of_it_is(tmp_path: Path) -> None:
    names = Glossary(
        [Concept(("卡尔曼滤波",), ("Kalman filter",)), Concept(("最优叶子权重",), ("optimal leaf weight",))]
    )
    retriever(tmp_path, {"a.md": "# A\n\nA filter slides over a picture.\n\n## B\n\nThe weight of a leaf is small.\n"})
    search = Retriever(Index(tmp_path / "index"), WordEncoder(), lambda: names)
    assert search.unnamed("What does a Kalman filter do?") == ("Kalman filter",)
    assert search.unnamed("What is the optimal leaf weight?") == ()
    assert search.lacks_subject("卡尔曼滤波怎么更新？")


def test_pair_that_a_note_says_itself_finds_the_notes_in_the_other_language(tmp_path: Path) -> None:
    notes = {
        "zh.md": "# 甲\n\n虚拟化身（virtual avatar）很有用。\n",
        "en.md": "# B\n\nAn avatar that is virtual waves.\n",
    }
    (without, found) = (
        {hit.passage.note_path: hit.ways for hit in each.find("虚拟化身", 5).hits}
        for each in (retriever(made(tmp_path / "a"), {"en.md": notes["en.md"]}), retriever(made(tmp_path / "b"), notes))
    )
    assert "glossary" in found["en.md"]
    assert "glossary" not in without["en.md"]


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_glossary_that_changes_is_searched_by_at_once(tmp_path: Path) -> None:
    glossaries = [Glossary([]), Glossary([Concept(("剪裁",), ("clip",))])]
    index, encoder = Index(tmp_path / "index"), WordEncoder()
    retriever(tmp_path, NOTES, encoder)
    search = Retriever(index, encoder, lambda: glossaries[0])
    assert not any("glossary" in hit.ways for hit in search.find("剪裁", 9).hits)
    del glossaries[0]
    assert "glossary" in search.find("剪裁", 9).hits[0].ways


def test_same_words_of_both_languages_are_weighed_against_their_own_notes(tmp_path: Path) -> None:
    """What questions share is taken away from a question for notes in the other language, not for those in its own."""
    retriever(tmp_path, NOTES)
    with Index(tmp_path / "index").read() as snapshot:
        means = snapshot.question_means(means_key(WordEncoder().fingerprint))
    expected = question_means(WordEncoder())
    assert means.keys() == expected.keys()
    assert all(np.allclose(means[language], expected[language]) for language in expected)


def test_reranker_brings_a_passage_forward(tmp_path: Path) -> None:
    class Last:
        name = "the last first"

        def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
            return np.array([10.0 * ("Training" in text) for text in texts], np.float32)

    index, encoder = Index(tmp_path / "index"), WordEncoder()
    plain = retriever(tmp_path, NOTES, encoder)
    reordering = Reordering(Last(), weight=100.0)
    search = Retriever(index, encoder, read_glossary, reordering=reordering)
    assert headings(plain, "What does an update gate do?", 1) == ["GRU"]
    assert headings(search, "What does an update gate do?", 1) == ["Training"]
    reordering.close()


def test_no_chinese_question_with_a_word_of_the_notes_finds_nothing_by_words(tmp_path: Path) -> None:
    """Of every Chinese word that the shipped notes hold, in three questions each."""
    corpus, index = Path(__file__).parent.parent / "corpus", Index(tmp_path / "index")
    refresh(corpus, index, WordEncoder())
    texts = (path.read_text(encoding="utf-8") for path in sorted(corpus.glob("*.md")))
    words = {word for text in texts for word in rjieba.cut(text, False) if len(word) > 1 and has_han(word)}
    with index.read() as snapshot:
        missed = [
            question
            for word in sorted(words - STOP_WORDS)
            for question in (f"什么是{word}？", f"请问{word}有什么用", f"{word}和别的有何区别？")
            if not snapshot.coverage(understand(question, GLOSSARY).units).shares.any()
        ]
    assert len(words) > 1000
    assert missed == []
