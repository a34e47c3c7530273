"""The notes tab's events over real notes on a real disk: what a reader is shown, and that no word of theirs is lost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from fakes_chat import open_notes
from gradio.data_classes import FileData, ListFiles

from qa.assistant import NotesQA
from qa.errors import IndexLocked
from qa.note_files import AddedFile, NoteFile
from qa.note_tree import ListedNote, NoteTree
from qa.notes import MAX_BYTES
from qa.types import IndexChanges, SkippedFile
from qa.ui.following import Following
from qa.ui.note_drop import Dropped, note_drop, taken
from qa.ui.notes_events import Desk, Listed, NotesEvents
from qa.ui.notes_render import (
    is_editable,
    note_rows,
    render_added,
    render_conflict,
    render_head,
    render_note_text,
    render_skipped,
    render_totals,
)

ZH: Any = SimpleNamespace(headers={"accept-language": "zh-CN"})
EN: Any = SimpleNamespace(headers={"accept-language": "en"})
CNN = "# CNN\n\n池化用来降维。\n"
RNN = "# RNN\n\nA recurrent network remembers its state.\n"
SUM = "0" * 64
HOSTILE = "<img src=x onerror=alert(1)>.md"


@pytest.fixture
def notes(tmp_path: Path) -> NotesQA:
    return open_notes(tmp_path, {"cnn.md": CNN, "deep/rnn.md": RNN}, None)


@pytest.fixture
def following(notes: NotesQA) -> Following:
    following = Following(notes)
    following.report(IndexChanges(("cnn.md",), (), (), 1, 1, 0, 2, (), 0.1))
    return following


@pytest.fixture
def events(notes: NotesQA, following: Following) -> NotesEvents:
    return NotesEvents(notes, following)


class Tab:
    """What one browser shows of the tab, as the events say it."""

    names = ("desk", "head", "said", "text", "editor", "edit", "save", "cancel", "load", "mine", "kept", "forget")

    def __init__(self, events: NotesEvents, request: Any = EN) -> None:
        self.events, self.request = events, request
        self.desk, self.written, self.reports = Desk(), "", list[Any]()
        self.shown: dict[str, Any] = {}
        _, self.rows, self.totals, self.skipped, self.listed = events.status("", self.desk, Listed(), request)

    def choose(self, path: str) -> Tab:
        event: Any = SimpleNamespace(value=path)
        row, *pane = self.events.choose(event, self.written, self.desk, self.listed, self.request)
        self.row = row
        return self.show(pane)

    def edit(self, text: str | None = None) -> Tab:
        self.show(self.events.edit(self.desk, self.listed, self.request))
        self.written = self.written if text is None else text
        return self

    def cancel(self) -> Tab:
        return self.show(self.events.cancel(self.written, self.desk, self.listed, self.request))

    def load(self) -> Tab:
        return self.show(self.events.load_theirs(self.written, self.desk, self.listed, self.request))

    def save(self) -> Tab:
        return self.show_all(self.events.save(self.written, self.desk, self.listed, self.request))

    def keep_mine(self) -> Tab:
        return self.show_all(self.events.keep_mine(self.written, self.desk, self.listed, self.request))

    def show_all(self, updates: Iterable[tuple[Any, ...]]) -> Tab:
        for report, *pane in updates:
            self.reports.append(report)
            self.show(pane)
        return self

    def show(self, pane: Iterable[Any]) -> Tab:
        for name, update in zip(self.names, pane, strict=True):
            if update != gr.skip():
                self.shown[name] = update
                if name == "editor":
                    self.written = update.value
        self.desk = self.shown["desk"]
        return self

    def buttons(self) -> set[str]:
        return {name for name in ("edit", "save", "cancel", "load", "mine") if self.shown[name].visible}


@pytest.fixture
def tab(events: NotesEvents) -> Tab:
    return Tab(events)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return tmp_path / "corpus"


def test_list_shows_folders_notes_and_totals(tab: Tab) -> None:
    assert tab.rows.choices == [
        ("deep/\nNotes: 1, passages: 1", "deep/"),
        ("\u2003RNN\n\u2003rnn.md · passages: 1 · English · 48 B", "deep/rnn.md"),
        ("CNN\ncnn.md · passages: 1 · 中文 · 29 B", "cnn.md"),
    ]
    assert "Notes: 2, passages: 2" in tab.totals
    assert tab.skipped == ""


def test_status_is_news_only(events: NotesEvents, tab: Tab, following: Following, corpus: Path) -> None:
    assert events.status("", tab.desk, tab.listed, EN) == (gr.skip(),) * 5
    (corpus / "broken.md").write_bytes(b"\0\1\2")
    following.report(IndexChanges((), ("cnn.md",), (), 1, 1, 0, 2, (), 0.1))
    fresh, _, _, skipped, listed = events.status("", tab.desk, tab.listed, ZH)
    assert "1 篇笔记有变动，已更新索引（刚刚）。" in fresh
    assert "broken.md" in skipped
    assert "不是文本" in skipped
    following.report(IndexLocked("Process 7 is writing. Wait."))
    fresh, *rest, _ = events.status("", tab.desk, listed, EN)
    assert "Process 7 is writing. Wait." in fresh
    assert rest == [gr.skip()] * 3


def test_missing_folder_is_a_sentence_in_the_place_of_the_list(
    events: NotesEvents, following: Following, corpus: Path
) -> None:
    for file in ("cnn.md", "deep/rnn.md"):
        (corpus / file).unlink()
    (corpus / "deep").rmdir()
    corpus.rmdir()
    _, rows, totals, _, _ = events.status("", Desk(), Listed(), ZH)
    assert rows.choices == []
    assert "找不到笔记文件夹。" in totals


@pytest.mark.parametrize(
    ("query", "found"),
    [("RNN", ["deep/", "deep/rnn.md"]), ("ＣＮＮ", ["cnn.md"]), ("deep rnn", ["deep/", "deep/rnn.md"])],
)
def test_search_is_by_title_and_path(events: NotesEvents, tab: Tab, query: str, found: list[str]) -> None:
    rows, totals = events.find(query, tab.desk, tab.listed, EN)
    assert [path for _, path in rows.choices] == found
    rows, totals = events.find("nothing like it", tab.desk, tab.listed, EN)
    assert (rows.choices, "No note matches." in totals) == ([], True)


def test_chosen_note_is_read_from_its_file(tab: Tab, corpus: Path) -> None:
    (corpus / "cnn.md").write_text("# CNN\n\nnot *indexed* yet\n", encoding="utf-8")
    tab.choose("cnn.md")
    assert "not <em>indexed</em> yet" in tab.shown["text"].value
    assert "cnn.md · 中文 · passages: 1" in tab.shown["head"]
    assert tab.buttons() == {"edit"}


def test_chosen_folder_is_a_table(tab: Tab) -> None:
    tab.choose("deep/")
    assert "<td>RNN</td><td>rnn.md</td><td>1</td><td>English</td><td>48 B</td>" in tab.shown["text"]
    assert tab.buttons() == set()


def test_note_that_is_gone_or_was_never_there_is_a_sentence(tab: Tab, corpus: Path) -> None:
    (corpus / "cnn.md").unlink()
    assert "moved, renamed or deleted" in tab.choose("cnn.md").shown["said"]
    assert "There is no note" in tab.choose("../../etc/passwd.md").shown["said"]


def test_edited_note_is_saved_and_the_next_search_knows_it(tab: Tab, notes: NotesQA, corpus: Path) -> None:
    tab.choose("cnn.md").edit()
    assert (tab.written, tab.buttons()) == (CNN, {"save", "cancel"})
    tab.written = CNN + "\n重置门决定忘记多少。\n"
    tab.save()
    assert "Saved. New answers know the change." in tab.shown["said"]
    assert tab.buttons() == {"edit"}
    assert (corpus / "cnn.md").read_text(encoding="utf-8") == CNN + "\n重置门决定忘记多少。\n"
    assert "重置门" in notes.search("重置门", 1)[0].passage.text
    assert tab.reports[-1] == ""
    assert "重置门" in tab.shown["text"].value


def test_saving_again_goes_on_from_what_was_saved(tab: Tab, corpus: Path) -> None:
    tab.choose("cnn.md").edit("one\n").save().edit("two\n").save()
    assert (corpus / "cnn.md").read_text(encoding="utf-8") == "two\n"


def test_unchanged_text_is_not_saved(tab: Tab) -> None:
    assert "Nothing was changed" in tab.choose("cnn.md").edit().save().shown["said"]


def test_file_that_changed_underneath_is_kept_and_so_are_the_readers_words(tab: Tab, corpus: Path) -> None:
    tab.choose("cnn.md").edit("mine\n")
    (corpus / "cnn.md").write_text("theirs\n", encoding="utf-8")
    tab.save()
    assert "was changed by another program" in tab.shown["said"]
    assert '<div class="nq-mine">-mine</div><div class="nq-theirs">+theirs</div>' in tab.shown["said"]
    assert (tab.written, tab.buttons()) == ("mine\n", {"cancel", "load", "mine"})
    assert (corpus / "cnn.md").read_text(encoding="utf-8") == "theirs\n"
    tab.load()
    assert (tab.written, tab.shown["kept"].value, tab.shown["kept"].visible) == ("theirs\n", "mine\n", True)
    tab.written = "both\n"
    tab.save()
    assert (corpus / "cnn.md").read_text(encoding="utf-8") == "both\n"
    assert tab.shown["kept"].value == "mine\n"


def test_readers_words_overwrite_the_changed_file_only_as_it_was_shown(tab: Tab, corpus: Path) -> None:
    tab.choose("cnn.md").edit("mine\n")
    (corpus / "cnn.md").write_text("theirs\n", encoding="utf-8")
    tab.save()
    (corpus / "cnn.md").write_text("newer\n", encoding="utf-8")
    tab.keep_mine()
    assert "+newer" in tab.shown["said"]
    assert (corpus / "cnn.md").read_text(encoding="utf-8") == "newer\n"
    tab.keep_mine()
    assert (corpus / "cnn.md").read_text(encoding="utf-8") == "mine\n"


def test_words_for_a_note_that_vanished_become_a_new_note_when_asked(tab: Tab, notes: NotesQA, corpus: Path) -> None:
    tab.choose("deep/rnn.md").edit("重置门。\n")
    (corpus / "deep" / "rnn.md").unlink()
    tab.save()
    assert "was moved, renamed or deleted" in tab.shown["said"]
    assert (tab.written, tab.buttons()) == ("重置门。\n", {"cancel", "mine"})
    tab.keep_mine()
    assert "Added." in tab.shown["said"]
    assert (corpus / "rnn.md").read_text(encoding="utf-8") == "重置门。\n"
    assert notes.search("重置门", 1)[0].passage.note_path == "rnn.md"


def test_words_for_a_note_that_vanished_never_replace_another(tab: Tab, corpus: Path) -> None:
    tab.choose("deep/rnn.md").edit("mine\n")
    (corpus / "deep" / "rnn.md").rename(corpus / "rnn.md")
    tab.save()
    tab.keep_mine()
    assert "There is a note of this name with other content" in tab.shown["said"]
    assert (tab.written, (corpus / "rnn.md").read_text(encoding="utf-8")) == ("mine\n", RNN)


def test_choosing_another_note_leaves_unsaved_words_where_they_are(tab: Tab) -> None:
    tab.choose("cnn.md").edit("mine\n").choose("deep/rnn.md")
    assert "cnn.md has changes that are not saved" in tab.shown["said"]
    assert (tab.written, tab.row.value, tab.desk.editing) == ("mine\n", "cnn.md", True)


def test_cancelled_words_go_into_a_box(tab: Tab) -> None:
    tab.choose("cnn.md").edit("mine\n").cancel()
    assert (tab.shown["kept"].value, tab.buttons()) == ("mine\n", {"edit"})
    assert tab.choose("deep/rnn.md").shown["kept"].value == "mine\n"


def test_words_that_give_way_later_join_those_in_the_box(tab: Tab, corpus: Path) -> None:
    tab.choose("cnn.md").edit("one\n").cancel()
    tab.choose("cnn.md").edit("two\n").cancel()
    assert tab.shown["kept"].value == "one\n\n\ntwo\n"
    tab.choose("deep/rnn.md").edit("three\n")
    (corpus / "deep" / "rnn.md").unlink()
    tab.save()
    tab.keep_mine()
    assert tab.shown["kept"].value == "one\n\n\ntwo\n"


def test_words_in_the_box_stay_until_they_are_not_needed(tab: Tab, events: NotesEvents) -> None:
    tab.choose("cnn.md").edit("mine\n").cancel()
    assert tab.shown["forget"].visible
    desk, box, button = events.forget(tab.desk)
    assert (desk.kept, box.value, box.visible, button.visible) == ("", "", False, False)


def test_note_that_cannot_be_edited_says_why(tab: Tab, corpus: Path) -> None:
    (corpus / "cnn.md").write_bytes(CNN.encode() * 3 + b"\xff")
    tab.choose("cnn.md")
    assert "It cannot be edited here: it has bytes that are no text" in tab.shown["head"]
    assert tab.buttons() == set()
    assert not tab.edit().desk.editing


def test_failure_to_save_leaves_the_editor(tab: Tab, corpus: Path) -> None:
    tab.choose("cnn.md").edit("mine\n")
    (corpus / "cnn.md").chmod(0o444)
    tab.save()
    assert "make the file writable first" in tab.shown["said"]
    assert (tab.written, tab.buttons()) == ("mine\n", {"save", "cancel"})


def test_save_and_its_like_without_an_open_note_do_nothing(tab: Tab) -> None:
    for pane in (tab.edit, tab.cancel, tab.load, tab.save, tab.keep_mine):
        assert pane().desk == Desk()


def dropped(folder: Path, **files: bytes) -> list[Dropped]:
    folder.mkdir(exist_ok=True)
    found = []
    for number, (name, data) in enumerate(files.items()):
        place = folder / str(number)
        place.mkdir(exist_ok=True)
        (place / "file").write_bytes(data)
        found.append(Dropped(name, place / "file"))
    return found


def test_dropped_files_are_added_reported_and_removed(
    events: NotesEvents, notes: NotesQA, corpus: Path, tmp_path: Path
) -> None:
    files = {
        "GRU.md": "重置门。\n".encode(),
        "../../x.md": b"a",
        "x.exe": b"MZ",
        "cnn.md": CNN.encode(),
        "a.md": b"\0\1",
    }
    first, *reports = events.drop(dropped(tmp_path / "up", **files), EN)
    zone, _, said, offered, replacing, dismissing = first
    assert (zone, offered, replacing.visible, dismissing.visible) == (None, (), False, True)
    for words in ("Added.", "leads out of the notes folder", "is no note", "same content", "not text"):
        assert words in said
    assert sorted(path.name for path in corpus.glob("*.*")) == ["GRU.md", "cnn.md"]
    assert list((tmp_path / "up").iterdir()) == []
    assert reports[-1][1] == ""
    assert notes.search("重置门", 1)[0].passage.note_path == "GRU.md"


def test_file_of_a_taken_name_replaces_the_note_only_when_that_is_confirmed(
    events: NotesEvents, corpus: Path, tmp_path: Path
) -> None:
    ((_, _, said, offered, replacing, _),) = events.drop(dropped(tmp_path / "up", **{"cnn.md": b"new\n"}), EN)
    assert "it was left as it is" in said
    assert replacing.visible
    assert (corpus / "cnn.md").read_text(encoding="utf-8") == CNN
    (corpus / "cnn.md").write_bytes(b"edited meanwhile\n")
    (_, _, said, *_), *_ = events.replace_files(offered, EN)
    assert "it was left as it is" in said
    (corpus / "cnn.md").write_text(CNN, encoding="utf-8")
    (_, _, said, rest, replacing, _), *_ = events.replace_files(offered, EN)
    assert ("Replaced the existing note." in said, rest, replacing.visible) == (True, (), False)
    assert (corpus / "cnn.md").read_bytes() == b"new\n"


def test_dropped_file_that_is_gone_is_reported(events: NotesEvents, tmp_path: Path) -> None:
    ((_, _, said, *_),) = events.drop([Dropped("a.md", tmp_path / "gone")], ZH)
    assert "无法读取" in said


def test_dismissing_forgets_the_offered_files(events: NotesEvents) -> None:
    _, _, said, offered, *buttons = events.dismiss()
    assert (said, offered, [button.visible for button in buttons]) == ("", (), [False, False])


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of Gradio's uploads, with one file in it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads" / SUM).mkdir(parents=True)
    (tmp_path / "uploads" / SUM / "f.md").write_bytes(b"a")
    return tmp_path / "uploads"


def test_drop_zone_keeps_the_browsers_names(uploads: Path) -> None:
    drop, path = note_drop(), uploads / SUM / "f.md"
    sent = ListFiles(root=[FileData(path=str(path), orig_name="池化（1）.md"), FileData(path=str(path))])
    assert drop.preprocess(sent) == [Dropped("池化（1）.md", path), Dropped("f.md", path)]
    assert drop.preprocess(None) == []
    assert drop.get_block_name() == "file"
    assert drop.move_resource_to_block_cache(str(path)) == str(path)


@pytest.mark.parametrize(
    "path",
    [
        "{outside}",
        "{uploads}/../outside.md",
        "{uploads}/{sum}/../../outside.md",
        "{uploads}/link/f.md",
        "{uploads}/{sum}/link.md",
        "{uploads}/f.md",
        "{uploads}/{sum}",
        "{uploads}/{sum}/gone.md",
        "uploads/{sum}/f.md",
        "http://tracker.example/{sum}/f.md",
        "file:///{uploads}/{sum}/f.md",
        "",
    ],
)
def test_what_was_not_uploaded_is_neither_read_nor_removed(uploads: Path, path: str) -> None:
    outside = uploads.parent / "outside.md"
    outside.write_bytes(b"private")
    (uploads / "link").symlink_to(uploads / SUM, target_is_directory=True)
    (uploads / SUM / "link.md").symlink_to(outside)
    (uploads / "f.md").write_bytes(b"a")
    drop, sent = note_drop(), path.format(outside=outside, uploads=uploads, sum=SUM)
    with pytest.raises(gr.Error, match="uploaded file"):
        drop.preprocess(ListFiles(root=[FileData(path=sent, orig_name="a.md")]))
    with pytest.raises(gr.Error, match="uploaded file"):
        drop.move_resource_to_block_cache(sent)
    assert outside.read_bytes() == b"private"


def test_huge_dropped_file_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(10 * MAX_BYTES)
    assert len(Dropped("huge.md", tmp_path / "huge").data()) == MAX_BYTES + 1
    with taken([Dropped("huge.md", tmp_path / "huge")]):
        pass
    assert not (tmp_path / "huge").exists()


def test_long_list_is_cut_and_says_so() -> None:
    tree = NoteTree(tuple(ListedNote(f"{n:04}.md", "t", ("en",), 1, 1) for n in range(900)), (), ())
    rows = note_rows(tree, "", "en")
    assert len(rows) == 400
    assert "The first 400 are listed; search for the others." in render_totals(tree, "", rows, "en")
    assert [path for _, path in note_rows(tree, "0899", "en")] == ["0899.md"]


def test_empty_folder_says_how_to_add_notes() -> None:
    tree = NoteTree((), ("new.md",), ())
    html = render_totals(tree, "", [], "zh")
    assert "另有 1 篇等待编入索引。" in html
    assert "把 .md 文件拖到下面" in html


def test_names_and_texts_from_outside_are_never_markup() -> None:
    note = NoteFile(HOSTILE, f"{HOSTILE}\n\n<script>alert(1)</script>", "0" * 64, "utf-8")
    skipped = SkippedFile(HOSTILE, "cannot be read: <b>", "skip_unreadable")
    shown = (
        render_head(note, ListedNote(HOSTILE, HOSTILE, ("en",), 1, 1), "en"),
        render_note_text(note, "en"),
        render_skipped([skipped], "en"),
        render_added([AddedFile(HOSTILE, "x.md", "exists"), AddedFile(HOSTILE, "", "refused", "", skipped)], "en"),
        render_conflict(HOSTILE, "<b>mine</b>", "<i>theirs</i>", "en"),
    )
    for html in shown:
        assert not {"<img", "<script", "<b>", "<i>"} & {html[at : at + n] for at in range(len(html)) for n in (3, 4, 7)}
        assert "\n" not in html


def test_very_long_note_is_shown_in_part_and_not_edited() -> None:
    note = NoteFile("a.md", "a\n" * 600_000, "0" * 64, "utf-8")
    assert not is_editable(note)
    assert "too long to edit here" in render_head(note, None, "en")
    assert "只显示开头部分" in render_note_text(note, "zh")


def test_note_in_another_encoding_says_which() -> None:
    assert "GB18030" in render_head(NoteFile("a.md", "", "", "gb18030"), None, "zh")
    assert "这篇笔记是空的" in render_note_text(NoteFile("a.md", "", "", "gb18030"), "zh")
