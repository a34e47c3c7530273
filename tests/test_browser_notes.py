"""The notes tab in a real browser over real notes: read, edit, save and add, and what is refused."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes_chat import open_notes
from pages_ui import DESKTOP, LIBRARY_WARNINGS, PHONE, chromium, served
from playwright.sync_api import Browser, Page, expect

from qa.assistant import NotesQA

pytestmark = [pytest.mark.browser, *LIBRARY_WARNINGS]
WAIT = 30_000  # milliseconds
CNN = "# CNN\n\n池化用来降维。\n"
PAYLOAD = (
    "# Payload\n\n<img src=http://tracker.example/a.png onerror=window.pwned=1>\n"
    "![x](http://tracker.example/b.png) <script>window.pwned=2</script> [x](javascript:window.pwned=3)\n"
)
FILES = {
    "cnn.md": CNN,
    "deep/rnn.md": "# RNN\n\nA recurrent network remembers its state.\n",
    "<img src=x onerror=window.pwned=4>.md": PAYLOAD,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def notes(tmp_path: Path) -> NotesQA:
    return open_notes(tmp_path, FILES, None)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return tmp_path / "corpus"


@pytest.fixture
def address(notes: NotesQA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with served(notes) as url:
        yield url


@pytest.fixture
def tab(browser: Browser, address: str) -> Iterator[Any]:
    opened = []

    def open_tab(locale: str = "en-US", size: Any = DESKTOP) -> Page:
        page = browser.new_context(locale=locale, viewport=size).new_page()
        page.set_default_timeout(WAIT)
        requested: list[str] = []
        broken: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        page.on("pageerror", lambda error: broken.append(str(error)))
        opened.append((page, requested, broken))
        page.goto(address)
        page.get_by_role("tab").nth(1).click()
        expect(page.locator("#nq-notes-list label").first).to_be_visible(timeout=WAIT)
        return page

    yield open_tab
    for page, requested, broken in opened:
        assert page.evaluate("() => window.pwned") is None
        page.context.close()
        assert broken == []
        assert [url for url in requested if not re.match(r"http://127\.0\.0\.1:\d+/|data:|blob:", url)] == []


def choose(page: Page, path: str) -> None:
    page.locator(f"#nq-notes-list label:has(input[value='{path}'])").click()
    expect(page.locator("#nq-note-title")).to_contain_text(path, timeout=WAIT)


def edit(page: Page, text: str) -> None:
    page.locator("#nq-note-edit").click()
    page.locator("#nq-note-editor textarea").fill(text)


def upload(page: Page, *files: tuple[str, bytes]) -> None:
    sent: Any = [{"name": name, "mimeType": "text/markdown", "buffer": data} for name, data in files]
    page.locator("#nq-notes-drop input[type=file]").set_input_files(sent)


def test_note_is_read_edited_and_saved_and_the_next_search_knows_it(tab: Any, notes: NotesQA, corpus: Path) -> None:
    page = tab("zh-CN")
    expect(page.locator("#nq-notes-totals")).to_contain_text("3 篇笔记，3 段")
    choose(page, "cnn.md")
    expect(page.locator("#nq-note-text")).to_contain_text("池化用来降维。")
    edit(page, CNN + "\n重置门决定忘记多少。\n")
    page.locator("#nq-note-save").click()
    expect(page.locator("#nq-note-said")).to_contain_text("已保存，新的回答会用到改动。", timeout=WAIT)
    expect(page.locator("#nq-note-text")).to_contain_text("重置门决定忘记多少。")
    expect(page.locator("#nq-notes-fresh")).to_contain_text("1 篇笔记有变动，已更新索引", timeout=WAIT)
    assert (corpus / "cnn.md").read_bytes().decode() == CNN + "\n重置门决定忘记多少。\n"
    assert "重置门" in notes.search("重置门", 1)[0].passage.text
    page.get_by_role("tab").nth(0).click()
    page.locator("#nq-question textarea").fill("重置门决定什么？")
    page.locator("#nq-question textarea").press("Enter")
    expect(page.locator("#nq-sources")).to_contain_text("重置门决定忘记多少", timeout=WAIT)


def test_browser_asks_before_it_leaves_words_that_are_not_saved(tab: Any) -> None:
    page = tab()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    choose(page, "cnn.md")
    edit(page, CNN)
    page.locator("#nq-note-editor textarea").press_sequentially("mine")
    with page.expect_event("dialog"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]
    expect(page.locator("#nq-note-editor textarea")).to_have_value(re.compile("mine"))
    page.locator("#nq-note-save").click()
    expect(page.locator("#nq-note-editor")).to_have_count(0, timeout=WAIT)
    page.reload()
    assert asked == ["beforeunload"]


def test_file_that_changed_underneath_is_refused_and_nothing_is_lost(tab: Any, corpus: Path) -> None:
    page = tab()
    choose(page, "cnn.md")
    edit(page, "mine\n")
    (corpus / "cnn.md").write_text("theirs\n", encoding="utf-8")
    page.locator("#nq-note-save").click()
    expect(page.locator("#nq-note-said")).to_contain_text("was changed by another program", timeout=WAIT)
    assert (corpus / "cnn.md").read_text(encoding="utf-8") == "theirs\n"
    expect(page.locator("#nq-note-editor textarea")).to_have_value("mine\n")
    page.locator("#nq-notes-list label", has_text="rnn.md").click()
    expect(page.locator("#nq-note-said")).to_contain_text("has changes that are not saved")
    expect(page.locator("#nq-note-editor textarea")).to_have_value("mine\n")
    page.locator("#nq-note-load").click()
    expect(page.locator("#nq-note-editor textarea")).to_have_value("theirs\n", timeout=WAIT)
    expect(page.locator("#nq-note-kept textarea")).to_have_value("mine\n")
    page.locator("#nq-note-editor textarea").fill("theirs and mine\n")
    page.locator("#nq-note-save").click()
    expect(page.locator("#nq-note-said")).to_contain_text("Saved.", timeout=WAIT)
    assert (corpus / "cnn.md").read_text(encoding="utf-8") == "theirs and mine\n"
    page.locator("#nq-note-forget").click()
    expect(page.locator("#nq-note-kept")).to_have_count(0)


def test_uploaded_files_land_or_are_refused_with_their_reasons(
    tab: Any, notes: NotesQA, corpus: Path, tmp_path: Path
) -> None:
    page = tab()
    upload(
        page,
        ("GRU（门控）.md", "# GRU\n\n重置门。\n".encode()),
        ("x.exe", b"MZ"),
        ("b.md", b"\0\1"),
        ("cnn.md", b"n\n"),
    )
    report = page.locator("#nq-notes-added li")
    expect(report).to_have_count(4, timeout=WAIT)
    assert [line.split("\n")[0] for line in report.all_inner_texts()] == ["GRU（门控）.md", "x.exe", "b.md", "cnn.md"]
    expect(report.nth(0)).to_contain_text("Added.")
    expect(report.nth(1)).to_contain_text("is no note")
    expect(report.nth(2)).to_contain_text("it is not text")
    expect(report.nth(3)).to_contain_text("it was left as it is")
    expect(page.locator("#nq-notes-list label", has_text="GRU（门控）.md")).to_be_visible(timeout=WAIT)
    assert (corpus / "cnn.md").read_text(encoding="utf-8") == CNN
    assert sorted(path.name for path in corpus.iterdir()) == sorted(
        ["GRU（门控）.md", "cnn.md", "deep", "<img src=x onerror=window.pwned=4>.md"]
    )
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []
    assert notes.search("重置门", 1)[0].passage.note_path == "GRU（门控）.md"
    page.locator("#nq-notes-replace").click()
    expect(report).to_have_count(1, timeout=WAIT)
    expect(report).to_contain_text("Replaced the existing note.")
    assert (corpus / "cnn.md").read_bytes() == b"n\n"


def post(url: str, data: bytes, kind: str, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=data, headers={"content-type": kind, **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def form(name: str, data: bytes) -> tuple[bytes, str]:
    head = f'--b\r\ncontent-disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    return head.encode() + data + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"


def drop_by_hand(address: str, files: list[dict[str, Any]]) -> str:
    """What the page says of a request to its drop zone that no browser would send."""
    with urllib.request.urlopen(address + "config", timeout=30) as response:
        config = json.load(response)
    zone = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == "nq-notes-drop")
    event = next(each for each in config["dependencies"] if [zone, "upload"] in each["targets"])
    body = {"data": [files], "fn_index": event["id"], "session_hash": "by-hand", "trigger_id": zone}
    status, _ = post(f"{address}gradio_api/queue/join", json.dumps(body).encode(), "application/json")
    assert status == 200
    said = ""
    with urllib.request.urlopen(f"{address}gradio_api/queue/data?session_hash=by-hand", timeout=30) as stream:
        for line in stream:
            said += line.decode()
            if "process_completed" in said:
                return said
    return said


def test_name_that_leads_out_of_the_folder_lands_nowhere(address: str, tmp_path: Path, corpus: Path) -> None:
    status, sent = post(f"{address}gradio_api/upload", *form("x.md", b"# X\n"))
    assert status == 200
    (path,) = json.loads(sent)
    before = sorted(corpus.rglob("*"))
    said = drop_by_hand(address, [{"path": path, "orig_name": "../../x.md", "meta": {"_type": "gradio.FileData"}}])
    assert "leads out of the notes folder" in said
    assert sorted(corpus.rglob("*")) == before
    assert not [found for folder in (corpus.parent, tmp_path.parent) for found in folder.glob("x.md")]
    assert not Path(path).exists()


@pytest.mark.parametrize("meta", [{"meta": {"_type": "gradio.FileData"}}, {}])
@pytest.mark.parametrize("sent", ["{private}", "http://127.0.0.1:9/a.md", "{uploads}/../private.md"])
def test_drop_zone_takes_neither_an_address_nor_a_file_of_this_machine(
    address: str, corpus: Path, tmp_path: Path, sent: str, meta: dict[str, Any]
) -> None:
    private = tmp_path / "private.md"
    private.write_bytes(b"of nobody else")
    before = sorted(corpus.rglob("*"))
    path = sent.format(private=private, uploads=tmp_path / "uploads")
    said = drop_by_hand(address, [{"path": path, "orig_name": "a.md", **meta}])
    assert '"success":false' in said
    assert "of nobody else" not in said
    assert private.read_bytes() == b"of nobody else"
    assert sorted(corpus.rglob("*")) == before


def test_upload_beyond_the_limit_is_refused(address: str) -> None:
    status, said = post(f"{address}gradio_api/upload", *form("x.md", b"a" * 26_000_000))
    assert (status, b"maximum allowed size" in said) == (413, True)


def test_upload_by_a_page_elsewhere_is_refused(address: str, tmp_path: Path) -> None:
    port = {"origin": "http://127.0.0.1:1"}
    for elsewhere in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site", **port}, port):
        status, said = post(f"{address}gradio_api/upload", *form("x.md", b"# X\n"), **elsewhere)
        assert (status, said) == (403, b"This server takes nothing from other pages.")
    assert list((tmp_path / "uploads").glob("*/*")) == []


def test_hostile_note_and_name_run_nothing(tab: Any) -> None:
    page = tab()
    page.locator("#nq-notes-list label", has_text="Payload").click()
    expect(page.locator("#nq-note-text")).to_contain_text("<script>window.pwned=2</script>", timeout=WAIT)
    assert page.locator("#nq-notes").locator("img, script, iframe, a").count() == 0
    page.locator("#nq-note-edit").click()
    expect(page.locator("#nq-note-editor textarea")).to_have_value(PAYLOAD, timeout=WAIT)


def test_index_is_refreshed_with_a_report(tab: Any, corpus: Path) -> None:
    page = tab("zh-CN")
    page.locator("#nq-notes-rebuild").click()
    expect(page.locator("#nq-notes-report .nq-changes")).to_contain_text("笔记没有变化。", timeout=WAIT)
    (corpus / "new.md").write_text("# 新\n\n新的。\n", encoding="utf-8")
    expect(page.locator("#nq-notes-list label", has_text="new.md")).to_be_visible(timeout=WAIT)


def test_a_phone_shows_the_note_below_the_list_and_scrolls_down_only(tab: Any) -> None:
    page = tab("zh-CN", PHONE)
    choose(page, "cnn.md")
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]
    boxes = [page.locator(f"#{part}").bounding_box() for part in ("nq-notes-list", "nq-note-text", "nq-notes-drop")]
    tops = [box["y"] for box in boxes if box]
    assert len(tops) == 3
    assert tops == sorted(tops)
