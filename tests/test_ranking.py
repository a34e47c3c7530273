"""Ranks, copies, listings, and corpora of hardly anything: the same whatever way the index came about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from fakes import WordEncoder
from fakes_search import GLOSSARY, NOTES, read_glossary, retriever

from qa.encoder import Vectors
from qa.evidence import NOTHING
from qa.index import Index
from qa.indexing import refresh
from qa.queries import understand
from qa.ranking import CANDIDATES
from qa.ranking import search as find_passages
from qa.retrieval import Retriever
from qa.senses import Senses
from qa.types import Hit, Language


@pytest.fixture
def search(tmp_path: Path) -> Retriever:
    return retriever(tmp_path, NOTES)


def summary(hits: Iterable[Hit]) -> list[tuple[object, ...]]:
    return [(h.passage, h.rank, h.dense_rank, h.lexical_rank, round(h.score, 3), h.copies) for h in hits]


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


def test_cosines_are_measured_against_the_background_of_their_language(tmp_path: Path) -> None:
    encoder = WordEncoder()
    retriever(tmp_path, NOTES, encoder)
    vectors: dict[Language, Vectors] = {"zh": encoder.encode_query("池化层"), "en": encoder.encode_query("reset gate")}
    senses = Senses(vectors["zh"], vectors, None, vectors["zh"])
    with Index(tmp_path / "index").read() as snapshot:
        hits = find_passages(snapshot, understand("", GLOSSARY), senses, 10).hits
        stored = snapshot.vectors(range(1, 7))
        for hit in hits:
            language = hit.passage.language
            mean, deviation = snapshot.background(vectors[language], language)
            scores = (stored @ vectors[language] - mean) / deviation
            assert min(abs(scores - hit.score)) < 1e-5
    assert {hit.passage.headings[-1] for hit in hits[:2]} == {"池化", "GRU"}


@pytest.mark.parametrize("question", ["池化是什么？", "what is pooling?", "什么是"])
@pytest.mark.parametrize("topic", [None, "a"])
def test_corpus_of_one_passage_answers(tmp_path: Path, question: str, topic: str | None) -> None:
    found = retriever(tmp_path, {"a.md": "# 池化\n\n池化层缩小特征图。"}).find(question, 5, topic)
    assert [hit.rank for hit in found.hits] == [1]


@pytest.mark.parametrize("notes", [{}, {"a.md": ""}])
def test_corpus_without_passages_answers_with_nothing(tmp_path: Path, notes: dict[str, str]) -> None:
    found = retriever(tmp_path, notes).find("池化是什么？", 5)
    assert (found.hits, found.evidence) == ([], NOTHING)


def test_same_text_in_several_notes_is_shown_once_with_the_other_places(tmp_path: Path) -> None:
    same = {f"{name}.md": "# T\n\n池化层。" for name in "dbac"}
    search = retriever(tmp_path, same | {"e.md": "# U\n\n填充。"})
    first, second = search.find("池化层", 5).hits
    assert (first.passage.note_path, [copy.note_path for copy in first.copies]) == ("a.md", ["b.md", "c.md", "d.md"])
    assert all(copy.text == first.passage.text for copy in first.copies)
    assert (second.passage.note_path, second.rank, second.copies) == ("e.md", 2, ())


def test_copies_of_a_passage_within_its_note_are_named_too(tmp_path: Path) -> None:
    search = retriever(tmp_path, {"a.md": "# 门\n\n池化层。\n\n# U\n\n填充。\n\n# 门\n\n池化层。\n"})
    first, second = search.find("池化层", 9).hits
    assert (first.passage.start_line, [copy.start_line for copy in first.copies]) == (1, [9])
    assert second.passage.headings == ("U",)


def test_copies_do_not_take_the_room_of_other_passages(tmp_path: Path) -> None:
    same = {f"{n:03}.md": "# T\n\n池化层。" for n in range(50)}
    hits = retriever(tmp_path, same | {"x.md": "# U\n\n池化层缩小特征图。"}).find("池化层", 2).hits
    assert [hit.passage.note_path for hit in hits] == ["x.md", "000.md"]
    assert [copy.note_path for copy in hits[1].copies] == [f"{n:03}.md" for n in range(1, 21)]


def test_text_in_more_places_than_there_are_candidates_leaves_room_for_others(tmp_path: Path) -> None:
    same = {f"{n:03}.md": "# T\n\n池化层。" for n in range(5 * CANDIDATES)}
    search = retriever(tmp_path, same)
    (tmp_path / "corpus" / "x.md").write_text("# U\n\n填充保持大小。", encoding="utf-8")
    refresh(tmp_path / "corpus", Index(tmp_path / "index"), WordEncoder())
    for question, expected in [("池化层", ["000.md", "x.md"]), ("填充", ["x.md", "000.md"])]:
        assert [hit.passage.note_path for hit in search.find(question, 3).hits] == expected


TOC = "# 目录\n\n- [池化层缩小特征图](cnn.md)\n- [填充保持大小](cnn.md#b)\n- [池化层参数](cnn.md#c)\n- [池化](rnn.md)\n"


def test_listing_comes_after_all_others_however_much_it_names(tmp_path: Path) -> None:
    hits = retriever(tmp_path, NOTES | {"toc.md": TOC}).find("池化层缩小特征图", 10).hits
    listings = [hit for hit in hits if hit.passage.listing]
    assert [(hit.passage.note_path, hit.rank) for hit in listings] == [("toc.md", len(hits))]
    assert listings[0].score > hits[1].score


def test_listing_is_no_evidence_where_others_are_found(tmp_path: Path) -> None:
    notes = {"a.md": "# 填充\n\n填充保持特征图的大小，它在边上补零。"}
    without = retriever(tmp_path, notes).find("池化层参数", 10).evidence
    (tmp_path / "corpus" / "toc.md").write_text(TOC, encoding="utf-8")
    index, encoder = Index(tmp_path / "index"), WordEncoder()
    refresh(tmp_path / "corpus", index, encoder)
    found = Retriever(index, encoder, read_glossary).find("池化层参数", 10)
    assert [hit.passage.note_path for hit in found.hits] == ["a.md", "toc.md"]
    assert (without.coverage, found.evidence.coverage) == (0.0, 0.0)
    assert found.evidence.named > 0


def test_corpus_of_listings_alone_still_answers(tmp_path: Path) -> None:
    found = retriever(tmp_path, {"toc.md": TOC}).find("池化层参数", 10)
    assert [(hit.passage.note_path, hit.rank) for hit in found.hits] == [("toc.md", 1)]
    assert found.evidence.coverage > 0.5


def random_notes(seed: int, count: int) -> dict[str, str]:
    """Notes of few words, so that many passages are alike and some are equal."""
    rng = np.random.default_rng(seed)
    words = ["池化层", "特征图", "更新门", "padding", "gate", "kernel"]
    return {
        f"{n:03}.md": "".join(f"# {rng.choice(words)}\n\n{' '.join(rng.choice(words, 3))}\n\n" for _ in range(3))
        for n in range(count)
    }


QUESTIONS = ["池化层 padding", "什么是更新门？", "kernel gate", "GRU 池化", "完全无关"]


def indexed_in(folder: Path, notes: dict[str, str], order: Iterable[str]) -> Retriever:
    """A search of an index that met the notes one by one."""
    folder.mkdir()
    search = retriever(folder, {})
    for name in order:
        (folder / "corpus" / name).write_text(notes[name], encoding="utf-8")
        refresh(folder / "corpus", Index(folder / "index"), WordEncoder())
    return search


@pytest.mark.parametrize("seed", [0, 1])
def test_hits_do_not_depend_on_the_order_in_which_notes_were_indexed(tmp_path: Path, seed: int) -> None:
    notes = random_notes(seed, 12)
    at_once = tmp_path / "at-once"
    at_once.mkdir()
    searches = [
        retriever(at_once, notes),
        indexed_in(tmp_path / "forward", notes, sorted(notes)),
        indexed_in(tmp_path / "backward", notes, sorted(notes, reverse=True)),
    ]
    for question in QUESTIONS:
        first, *others = (summary(search.find(question, 10).hits) for search in searches)
        assert others == [first, first]


@pytest.mark.parametrize("question", ["池化层", "填充", "完全无关"])
def test_place_shown_of_many_equal_texts_does_not_depend_on_the_order_of_indexing(
    tmp_path: Path, question: str
) -> None:
    notes = {f"{n:03}.md": "# T\n\n池化层。" for n in range(2 * CANDIDATES)} | {"x.md": "# U\n\n填充保持大小。"}
    late_first = retriever(tmp_path, {name: text for name, text in notes.items() if name > "030"})
    for name, text in notes.items():
        (tmp_path / "corpus" / name).write_text(text, encoding="utf-8")
    refresh(tmp_path / "corpus", Index(tmp_path / "index"), WordEncoder())
    assert {hit.passage.note_path for hit in late_first.find(question, 3).hits} == {"000.md", "x.md"}


def test_edited_notes_are_searched_as_if_built_from_nothing_beyond_the_candidates(tmp_path: Path) -> None:
    """Oracle for more passages than are drawn as candidates, with a base, deletions and a second layer."""
    for name in ("edited", "fresh"):
        (tmp_path / name).mkdir()
    notes = random_notes(2, 100)
    search = retriever(tmp_path / "edited", notes)
    corpus = tmp_path / "edited" / "corpus"
    for name in sorted(notes)[::12]:
        (corpus / name).unlink()
        del notes[name]
    for name, text in random_notes(3, 200).items():
        if name > "192":
            notes[name] = text
            (corpus / name).write_text(text, encoding="utf-8")
    refresh(corpus, Index(tmp_path / "edited" / "index"), WordEncoder())
    fresh = retriever(tmp_path / "fresh", notes)
    for question in QUESTIONS:
        assert summary(search.find(question, 20).hits) == summary(fresh.find(question, 20).hits)


def test_lexical_hit_far_from_the_question_is_among_the_candidates(tmp_path: Path) -> None:
    many = {f"{n}.md": f"# N\n\n门 {n} 门 {n} 门" for n in range(CANDIDATES + 10)}
    search = retriever(tmp_path, many | {"x.md": "# X\n\n" + "完全不同的内容写在这里。" * 5 + "瞿塘峡"})
    (hit,) = (hit for hit in search.find("门 门 瞿塘峡", 99).hits if hit.passage.note_path == "x.md")
    assert (hit.lexical_rank, (hit.dense_rank or 0) > CANDIDATES) == (1, True)


def test_passage_that_names_what_is_asked_about_gains_on_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = retriever(tmp_path, {"a.md": "# 甲\n\n树的数量和深度。\n", "b.md": "# 乙\n\nIsoTree 最多多少棵。\n"})

    def scores() -> dict[str, float]:
        return {hit.passage.note_path: hit.score for hit in search.find("IsoTree 有多少棵？", 2).hits}

    with_names = scores()
    monkeypatch.setattr("qa.ranking.NAMED_WEIGHT", 0.0)
    without = scores()
    assert with_names["b.md"] == pytest.approx(without["b.md"] + 1.0)
    assert with_names["a.md"] == without["a.md"]


def test_evidence_is_higher_where_the_notes_hold_the_words(search: Retriever) -> None:
    known, unknown = search.find("池化层缩小特征图", 5).evidence, search.find("量子纠缠怎么测量", 5).evidence
    assert (known.named, unknown.named, unknown.coverage) == (1.0, 0.0, 0.0)
    assert 0.9 < known.coverage <= 1.0
    assert known.distance > unknown.distance


def test_hit_says_which_way_it_was_found(search: Retriever) -> None:
    ways = {hit.passage.headings[-1]: hit.ways for hit in search.find("What does pooling do?", 10).hits}
    assert "glossary" in ways["池化"]
    assert "words" not in ways["池化"]
    ways = {hit.passage.headings[-1]: hit.ways for hit in search.find("What does an update gate do?", 10).hits}
    assert "words" in ways["GRU"]
    assert "glossary" not in ways["GRU"]
