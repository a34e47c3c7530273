"""The user's own file of terms: when it is read, and what is said where it cannot be."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from qa.errors import GlossaryError
from qa.glossary import Concept, Glossary
from qa.glossary_file import GlossaryFile


def test_file_in_the_folder_of_notes_is_used_from_when_it_is_there_until_it_goes(tmp_path: Path) -> None:
    file = GlossaryFile.of(tmp_path)
    assert file.read() is Glossary.load()
    (tmp_path / "glossary.tsv").write_text("惊群\tthundering herd\n", encoding="utf-8")
    assert file.read().concepts_in("thundering herd") == [Concept(("惊群",), ("thundering herd",))]
    (tmp_path / "glossary.tsv").unlink()
    assert file.read() is Glossary.load()


def test_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text("惊群\tthundering herd\n", encoding="utf-8")
    file = GlossaryFile.of(tmp_path, path)
    before = file.read()
    assert file.read() is before
    path.write_text("羊群\tthundering herd\n", encoding="utf-8")
    os.utime(path, ns=(1, 1))  # same size, and another time whatever the clock of the disk
    assert file.read().concepts_in("thundering herd") == [Concept(("羊群",), ("thundering herd",))]


def test_chosen_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(GlossaryError, match=r"none\.tsv' cannot be read: there is no such file"):
        GlossaryFile.of(tmp_path, tmp_path / "none.tsv").read()


def test_bad_file_is_told_at_every_question_until_it_is_corrected(tmp_path: Path) -> None:
    path = tmp_path / "glossary.tsv"
    path.write_text("惊群\n", encoding="utf-8")
    file = GlossaryFile.of(tmp_path)
    for _ in range(2):
        with pytest.raises(GlossaryError, match="Line 1"):
            file.read()
    path.write_text("惊群\tthundering herd\n", encoding="utf-8")
    assert len(file.read()) == len(Glossary.load()) + 1


def test_threads_that_read_at_once_get_one_glossary(tmp_path: Path) -> None:
    (tmp_path / "glossary.tsv").write_text("惊群\tthundering herd\n", encoding="utf-8")
    file, found = GlossaryFile.of(tmp_path), list[Glossary]()
    threads = [threading.Thread(target=lambda: found.append(file.read())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len({id(glossary) for glossary in found}) == 1
