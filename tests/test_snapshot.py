"""What a question reads of the index: the notes and passages, and the search among them, at one generation."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from fakes import cosines
from fakes_index import CNN, ENCODER, RNN, found, mined, nearest, note, put, unit, write, write_pairs

from qa.index import DATABASE, Index
from qa.language import search_terms
from qa.lexical import Unit
from qa.passages import split_note
from qa.snapshot import Place, Snapshot


def test_passages_come_back_as_they_were_put(index: Index) -> None:
    with index.read() as snapshot:
        known = snapshot.passages(snapshot.ids(np.arange(len(snapshot))))
    expected = [*split_note(note("cnn.md", CNN)), *split_note(note("rnn.md", RNN))]
    assert sorted(known.values(), key=lambda p: p.id) == sorted(expected, key=lambda p: p.id)


def test_notes_come_back_as_they_were_put(index: Index) -> None:
    with index.read() as snapshot:
        assert snapshot.notes() == {"cnn.md": note("cnn.md", CNN), "rnn.md": note("rnn.md", RNN)}
        assert snapshot.note_hashes() == {path: n.sha256 for path, n in snapshot.notes().items()}
        assert (snapshot.note("rnn.md"), snapshot.note("no.md")) == (note("rnn.md", RNN), None)


def test_counts_are_of_notes_passages_and_languages(index: Index) -> None:
    with index.read() as snapshot:
        assert snapshot.counts() == {"notes": 2, "passages": 3, "zh": 2, "en": 1}


def test_outline_has_headings_in_the_order_of_the_notes(index: Index) -> None:
    with index.read() as snapshot:
        outline = [(path, title, names, headings, len(ids)) for path, title, names, headings, ids in snapshot.outline()]
    assert outline == [
        ("cnn.md", "CNN", ("别名",), ("CNN",), 1),
        ("cnn.md", "CNN", ("别名",), ("CNN", "Padding"), 1),
        ("rnn.md", "循环神经网络", ("别名",), ("循环神经网络",), 1),
    ]


def test_mined_pairs_come_with_the_number_of_notes(index: Index) -> None:
    write_pairs(index, {"a.md": [("池化", "pooling"), ("卷积", "convolution")], "b.md": [("池化", "pooling")]})
    assert mined(index) == [("卷积", "convolution", 1), ("池化", "pooling", 2)]


def test_places_are_where_the_passages_stand(index: Index) -> None:
    with index.read() as snapshot:
        ids = snapshot.ids(np.arange(len(snapshot)))
        places, passages = snapshot.places(ids), snapshot.passages(ids)
    for i, passage in passages.items():
        assert places[i] == Place(passage.note_path, passage.start, False, places[i].text_hash)
    assert len({place.text_hash for place in places.values()}) == 3


def test_listing_is_stored_with_its_passage(tmp_path: Path) -> None:
    index = Index(tmp_path)
    write(
        index, note("toc.md", "# 目录\n\n- [池化](cnn.md#a)\n- [填充](cnn.md#b)\n- [卷积](cnn.md#c)\n- [门](rnn.md)\n")
    )
    with index.read() as snapshot:
        (i,) = snapshot.ids(np.arange(1))
        assert (snapshot.places([i])[i].listing, snapshot.passages([i])[i].listing) == (True, True)


def test_copies_are_the_passages_with_the_same_words_in_the_order_of_the_notes(index: Index) -> None:
    write(index, note("b.md", "# 甲\n\n门  有\n两个。"), note("c.md", "# 甲\n\n门 有 三个。"))
    write(index, note("a.md", "# 甲\n\n门 有 两个。"))
    with index.read() as snapshot:
        places = snapshot.places(snapshot.ids(np.arange(len(snapshot))))
        copies = snapshot.copies(place.text_hash for place in places.values())
    named = [[places[i].note_path for i in ids] for ids in copies.values()]
    assert sorted(named) == [["a.md", "b.md"], ["c.md"], ["cnn.md"], ["cnn.md"], ["rnn.md"]]


def test_nothing_has_a_copy_where_the_hash_of_its_text_is_not_known(index: Index) -> None:
    connection = sqlite3.connect(index.folder / DATABASE)
    connection.execute("UPDATE passages SET text_hash = ''")
    connection.commit()
    connection.close()
    with index.read() as snapshot:
        assert snapshot.copies(place.text_hash for place in snapshot.places([1, 2, 3]).values()) == {}


def test_dense_search_finds_the_passage_that_shares_words(index: Index) -> None:
    query = ENCODER.encode_query("门控循环单元")
    with index.read() as snapshot:
        (best,) = snapshot.ids(snapshot.nearest(query, "zh", 1))
        assert snapshot.passages([best])[best].note_path == "rnn.md"
        vector = ENCODER.encode_query(snapshot.passages([best])[best].text)
        assert cosines(snapshot, query, [best]) == {best: pytest.approx(float(vector @ query), abs=1e-6)}


def test_cosines_come_in_whatever_order_they_are_asked(index: Index) -> None:
    query = ENCODER.encode_query("门控循环单元")
    with index.read() as snapshot:
        assert cosines(snapshot, query, [3, 1, 2]) == cosines(snapshot, query, [1, 2, 3])
        assert cosines(snapshot, query, []) == {}


def test_mask_and_languages_are_those_of_the_passages(index: Index) -> None:
    with index.read() as snapshot:
        every = np.arange(len(snapshot))
        passages = snapshot.passages(snapshot.ids(every))
        assert snapshot.languages(every) == [passages[i].language for i in snapshot.ids(every)]
        (row,) = np.flatnonzero(snapshot.mask([2, 99]))
        assert snapshot.ids(np.array([row])) == [2]


@pytest.mark.timeout(20)  # a writer that waits for readers to end would take a minute
def test_snapshot_answers_as_before_after_a_write(index: Index) -> None:
    def answers(snapshot: Snapshot) -> tuple[object, ...]:
        shares = snapshot.coverage([unit("池化")]).shares.tolist()
        return snapshot.notes(), snapshot.outline(), nearest(snapshot, "池化"), shares, len(snapshot)

    with index.read() as before:
        expected = answers(before)
        write(index, note("new.md", "# 池化\n\n池化，池化。"), delete=["cnn.md"])
        assert answers(before) == expected
    with index.read() as now:
        assert sorted(now.notes()) == ["new.md", "rnn.md"]
        assert now.identity != before.identity


def test_snapshot_taken_while_a_writer_works_sees_the_last_finished_state(index: Index) -> None:
    with index.write() as transaction:
        put(transaction, note("new.md", "# 新\n\n新的笔记。"))
        with index.read() as snapshot:
            assert sorted(snapshot.notes()) == ["cnn.md", "rnn.md"]


def test_snapshot_names_the_encoder_and_where_it_was_loaded_from(index: Index) -> None:
    with index.read() as snapshot:
        assert (snapshot.encoder, snapshot.encoder_location) == (ENCODER.fingerprint, ENCODER.location)


def test_terms_of_one_alternative_must_all_be_there(index: Index) -> None:
    assert found(index, "池化 更新门") == []
    assert found(index, "池化 特征图") == found(index, "池化") != []


def test_one_alternative_is_enough(index: Index) -> None:
    assert len(found(index, "padding", "更新门", "nothing")) == 2


def test_heading_counts_more_than_text(tmp_path: Path) -> None:
    index = Index(tmp_path)
    write(index, note("a.md", "# Dropout\n\nturns units off"), note("b.md", "# Units\n\ndropout turns off"))
    assert found(index, "dropout") == ["# Dropout\n\nturns units off", "# Units\n\ndropout turns off"]


@pytest.mark.parametrize(
    "keyword", ["池化", "池化层", "特征图", "门控循环单元", "重置门", "循环神经网络", "更新门", "学习"]
)
def test_chinese_keyword_of_a_note_is_found(index: Index, keyword: str) -> None:
    assert found(index, *search_terms(keyword))


@pytest.mark.parametrize(
    "term", ['"', "'", "a OR b", "NEAR(", "*", "c++", "c#", "a-b", "node.js", "’", "^a", "headings:x", "", "l2", "x_y"]
)
def test_any_term_can_be_searched(tmp_path: Path, term: str) -> None:
    index = Index(tmp_path)
    write(index, note("a.md", "# t\n\nC++ C# A-B node.js L2 x_y"))
    with index.read() as snapshot:
        shares = snapshot.coverage([Unit(((term,),))]).shares
    assert shares.any() == (term in {"c++", "c#", "a-b", "node.js", "l2", "x_y"})


def test_file_name_can_be_searched(index: Index) -> None:
    assert found(index, "rnn") == [RNN.strip()]


def test_vectors_are_stored_without_loss(index: Index) -> None:
    passage = split_note(note("rnn.md", RNN))[0]
    query = ENCODER.encode_query(passage.text)
    with index.read() as snapshot:
        (best,) = snapshot.ids(snapshot.nearest(query, "zh", 1))
        assert cosines(snapshot, query, [best])[best] == pytest.approx(1.0, abs=1e-6)


def test_background_is_of_the_passages_in_one_language(index: Index) -> None:
    query = ENCODER.encode_query("padding keeps the size")
    with index.read() as snapshot:
        assert snapshot.background(query, "en")[0] > snapshot.background(query, "zh")[0]
