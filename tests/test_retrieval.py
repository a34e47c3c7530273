"""Retrieval: ranks, topics, both languages, and corpora of hardly anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import WordEncoder

from qa.errors import IndexNotBuilt, UnknownTopic
from qa.glossary import Concept, Glossary
from qa.index import Index
from qa.indexing import refresh
from qa.retrieval import CANDIDATES, CONCEPT_WEIGHT, Evidence, Query, Retriever, Unit, understand
from qa.retrieval import search as find_passages

GLOSSARY = Glossary(
    [
        Concept(("池化",), ("pooling",)),
        Concept(("门控循环单元",), ("gated recurrent unit", "GRU")),
        Concept(("过拟合",), ("overfitting",)),
    ]
)
NOTES = {
    "cnn.md": "# 卷积神经网络\n\n## 池化\n\n池化层缩小特征图，没有参数。\n\n## 填充\n\n填充保持特征图的大小。\n",
    "rnn.md": "# Recurrent networks\n\n## GRU\n\nA gated recurrent unit has an update gate and a reset gate.\n\n"
    "## Training\n\nClip gradients that explode.\n",
    "svm.md": "# SVM\n\n支持向量机最大化间隔。\n\n## Kernel\n\nThe kernel trick needs no explicit map.\n",
}


def retriever(folder: Path, notes: dict[str, str], encoder: WordEncoder | None = None) -> Retriever:
    corpus = folder / "corpus"
    corpus.mkdir()
    for name, text in notes.items():
        (corpus / name).write_text(text, encoding="utf-8")
    index, encoder = Index(folder / "index"), encoder or WordEncoder()
    refresh(corpus, index, encoder)
    return Retriever(index, encoder, GLOSSARY)


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
        ("Which layers use pooling?", "池化"),
        ("门控循环单元", "GRU"),
        ("讲讲 kernel trick", "Kernel"),
        ("ＧＲＵ　是什么", "GRU"),
        ("支持向量机最大化什么", "SVM"),
    ],
)
def test_question_finds_its_passage_in_either_language(search: Retriever, question: str, heading: str) -> None:
    assert headings(search, question)[0] == heading


@pytest.mark.parametrize("top_k", [1, 2, 6, 50])
@pytest.mark.parametrize("question", ["池化", "gate", "什么是", "zzz 完全无关", "?", "x" * 4000])
def test_hits_are_ranked_from_one_and_none_comes_twice(search: Retriever, question: str, top_k: int) -> None:
    hits = search.find(question, top_k).hits
    assert [hit.rank for hit in hits] == list(range(1, min(top_k, 6) + 1))
    assert len({hit.passage.id for hit in hits}) == len(hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_hits_say_how_each_side_ranked_them(search: Retriever) -> None:
    hits = search.find("池化层缩小特征图", 10).hits
    assert sorted(hit.dense_rank or 0 for hit in hits) == [1, 2, 3, 4, 5, 6]
    assert [(hit.passage.headings[-1], hit.lexical_rank) for hit in hits if hit.lexical_rank] == [
        ("池化", 1),
        ("填充", 2),
    ]
    assert all(-1.0 <= hit.cosine <= 1.0 for hit in hits)


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


def test_cosines_are_measured_against_the_background_of_their_language(tmp_path: Path) -> None:
    encoder = WordEncoder()
    retriever(tmp_path, NOTES, encoder)
    vectors = {"zh": encoder.encode_query("池化层"), "en": encoder.encode_query("reset gate")}
    with Index(tmp_path / "index").read() as snapshot:
        hits = find_passages(snapshot, Query("", (), {}), vectors, 10).hits
        for hit in hits:
            mean, deviation = snapshot.background(vectors[hit.passage.language], hit.passage.language)
            assert hit.score == pytest.approx((hit.cosine - mean) / deviation)
    assert {hit.passage.headings[-1] for hit in hits[:2]} == {"池化", "GRU"}


def test_unknown_topic_is_told_before_anything_is_encoded(tmp_path: Path) -> None:
    encoder = WordEncoder()
    with pytest.raises(UnknownTopic):
        retriever(tmp_path, NOTES, encoder).find("池化", 5, "量子")
    assert encoder.queries == []


def test_other_language_is_asked_with_the_names_of_its_notes(tmp_path: Path) -> None:
    encoder = WordEncoder()
    search = retriever(tmp_path, NOTES, encoder)
    search.find("门控循环单元有几个门？", 5)
    assert encoder.queries == ["门控循环单元有几个门？", "门控循环单元有几个门？ gated recurrent unit"]


def test_question_without_known_concepts_is_encoded_once(tmp_path: Path) -> None:
    encoder = WordEncoder()
    retriever(tmp_path, NOTES, encoder).find("填充保持什么？", 5)
    assert encoder.queries == ["填充保持什么？"]


@pytest.mark.parametrize("question", ["池化是什么？", "what is pooling?", "什么是"])
@pytest.mark.parametrize("topic", [None, "a"])
def test_corpus_of_one_passage_answers(tmp_path: Path, question: str, topic: str | None) -> None:
    found = retriever(tmp_path, {"a.md": "# 池化\n\n池化层缩小特征图。"}).find(question, 5, topic)
    assert [hit.rank for hit in found.hits] == [1]


@pytest.mark.parametrize("notes", [{}, {"a.md": ""}])
def test_corpus_without_passages_answers_with_nothing(tmp_path: Path, notes: dict[str, str]) -> None:
    found = retriever(tmp_path, notes).find("池化是什么？", 5)
    assert (found.hits, found.evidence) == ([], Evidence(0.0, 0.0, 0.0, True))


def test_index_that_was_never_built_is_told(tmp_path: Path) -> None:
    with pytest.raises(IndexNotBuilt):
        Retriever(Index(tmp_path), WordEncoder(), GLOSSARY).find("池化", 5)


def test_index_of_another_encoder_is_told(tmp_path: Path) -> None:
    retriever(tmp_path, NOTES)
    other = Retriever(Index(tmp_path / "index"), WordEncoder("words/2"), GLOSSARY)
    with pytest.raises(IndexNotBuilt, match=r"was built with another encoder.*notes-qa index"):
        other.find("池化", 5)


def test_same_text_in_two_notes_gives_both(tmp_path: Path) -> None:
    search = retriever(tmp_path, {"a.md": "# T\n\n池化层。", "b.md": "# T\n\n池化层。", "c.md": "# U\n\n填充。"})
    assert [hit.passage.note_path for hit in search.find("池化层", 2).hits] == ["a.md", "b.md"]


def test_lexical_hit_far_from_the_question_is_among_the_candidates(tmp_path: Path) -> None:
    many = {f"{n}.md": f"# N\n\n门 {n} 门 {n} 门" for n in range(CANDIDATES + 10)}
    search = retriever(tmp_path, many | {"x.md": "# X\n\n" + "完全不同的内容写在这里。" * 5 + "瞿塘峡"})
    (hit,) = (hit for hit in search.find("门 门 瞿塘峡", 99).hits if hit.passage.note_path == "x.md")
    assert (hit.lexical_rank, (hit.dense_rank or 0) > CANDIDATES) == (1, True)


def test_evidence_is_higher_where_the_notes_hold_the_words(search: Retriever) -> None:
    known, unknown = search.find("池化层缩小特征图", 5).evidence, search.find("量子纠缠怎么测量", 5).evidence
    assert (known.named, unknown.named, unknown.coverage) == (1.0, 0.0, 0.0)
    assert 0.9 < known.coverage <= 1.0
    assert known.distance > unknown.distance


def test_question_is_understood_as_units_of_terms_and_concepts() -> None:
    query = understand("What is GRU 填充？", GLOSSARY)
    concept = (("门控", "循环", "单元"), ("gate", "recurr", "unit"), ("gru",))
    assert query.units == (Unit((("填充",),)), Unit(concept, CONCEPT_WEIGHT))
    assert query.expanded == {"zh": "What is GRU 填充？ 门控循环单元", "en": "What is GRU 填充？ gated recurrent unit"}


def test_question_of_stop_words_has_no_units() -> None:
    assert understand("什么是 the？", GLOSSARY).units == ()
