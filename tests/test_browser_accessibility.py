"""The page for everybody: no grave violation of axe-core, no untranslated word, no flood of announcements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from browser_states import EN_QUESTION, IN_A_CHAT, STATES, ZH_QUESTION, State, notes_of
from fakes_chat import open_notes
from fakes_ui import FakeNotes
from pages_ui import DESKTOP, LIBRARY_WARNINGS, PATIENCE, PHONE, chromium, served
from playwright.sync_api import Browser, Page, ViewportSize, expect

from qa.conversations import Conversations
from qa.types import Language
from qa.ui.strings import WORDS
from qa.users import Users

pytestmark = [pytest.mark.browser, *LIBRARY_WARNINGS]

LOCALES = {"zh": "zh-CN", "en": "en-US"}
GRAVE = ("serious", "critical")
OF_OTHER_NOTES = [state for state in STATES if state.notes is not FakeNotes]
NAME, PASSWORD = "ann", "correct horse"
FILES = {
    "cnn.md": "# CNN\n\n池化用来降维。\n\n| a | b |\n|---|---|\n| 1 | $x^2$ |\n",
    "deep/rnn.md": "# RNN\n\nA state.\n",
}

# Names of products, of formats and of the other language, in an interface that is otherwise Chinese.
LATIN_ALLOWED = {"API", "MCP", "English", "md", "notes", "qa"}
HAN_ALLOWED = {"中文"}
# What notes, model and reader wrote is in their language. An error's second line is the error's own message.
CONTENT = (
    ".nq-question, .nq-version > :not(.nq-label), .nq-answer > :not([class*=nq-]), .nq-passage, .nq-note, .nq-path,"
    " .nq-excerpt, .nq-error .nq-small, #nq-topic ul, #nq-live, .example, .option, .nq-quote"
)

# Every text that somebody may read or hear, with where it stands; not what is hidden from everybody.
WORDS_OF_PAGE = """
(content) => {
  const found = [];
  const add = (text, element) =>
    text?.trim() && found.push(text.trim() + ' @' + element.localName + '.' + element.className);
  for (const element of document.body.querySelectorAll('*')) {
    if (!element.checkVisibility() || element.closest(content) || element.closest('script, style')) continue;
    for (const name of ['aria-label', 'aria-description', 'placeholder', 'title', 'alt'])
      add(element.getAttribute(name), element);
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) add(node.data, element);
  }
  return found;
}
"""

# What a screen reader would be told to say: text that is added where a live region is on and nothing is busy.


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(FakeNotes(pause=0.03)) as url:
        yield url


def open_page(browser: Browser, address: str, ui: Language, theme: str = "light", size: ViewportSize = DESKTOP) -> Page:
    context = browser.new_context(
        locale=LOCALES[ui], viewport=size, color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#nq-status")).not_to_be_empty(timeout=PATIENCE)
    return page


def grave_violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}) at {node['target']}: {node['html'][:120]} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(
    ("ui", "theme", "size"),
    [("zh", "light", DESKTOP), ("zh", "dark", PHONE), ("en", "dark", DESKTOP), ("en", "light", PHONE)],
    ids=["zh-light-desktop", "zh-dark-phone", "en-dark-desktop", "en-light-phone"],
)
def test_no_state_has_a_grave_violation(
    browser: Browser, address: str, ui: Language, theme: str, size: ViewportSize
) -> None:
    page = open_page(browser, address, ui, theme, size)
    found = []
    for state in IN_A_CHAT:
        state.reach(page)
        for card in page.locator("#nq-sources summary").all()[:1]:
            card.click()
        found += [f"{state.name}: {violation}" for violation in grave_violations(page)]
        state.leave(page)
    page.context.close()
    assert found == []


@pytest.mark.parametrize("state", OF_OTHER_NOTES, ids=lambda state: state.name)
def test_no_state_of_other_notes_has_a_grave_violation(browser: Browser, state: State) -> None:
    with notes_of(state) as notes, served(notes) as url:
        found = []
        for theme in ("light", "dark"):
            page = open_page(browser, url, state.ui, theme, state.size)
            state.reach(page)
            found += [f"{theme}: {violation}" for violation in grave_violations(page)]
            page.context.close()
    assert found == []


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[str]:
    """A page over real notes that keeps conversations and lets somebody log in."""
    users = Users(tmp_path / "users.json")
    users.put(NAME, PASSWORD)
    with served(open_notes(tmp_path, FILES, None), Conversations(tmp_path / "c.db", tmp_path), users) as url:
        yield url


@pytest.mark.parametrize(("theme", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["desktop", "phone"])
def test_login_notes_and_conversations_have_no_grave_violation(
    browser: Browser, whole: str, theme: Literal["light", "dark"], size: ViewportSize
) -> None:
    found: dict[str, list[str]] = {}
    for ui, tag in LOCALES.items():
        page = browser.new_context(locale=tag, viewport=size, color_scheme=theme, reduced_motion="reduce").new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(whole)
        found[f"login {ui}"] = grave_violations(page)
        page.locator("[name=username]").fill(NAME)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("button").click()
        expect(page.locator("#nq-status .nq-small")).to_have_count(2, timeout=PATIENCE)
        page.locator("#nq-question textarea").fill(ZH_QUESTION)
        page.locator("#nq-question textarea").press("Enter")
        expect(page.locator("#nq-good")).to_be_visible(timeout=PATIENCE)
        page.locator("#nq-bad").click()
        found[f"rating {ui}"] = grave_violations(page)
        page.locator("#nq-history .toggle-button").click()
        expect(page.locator("#nq-find")).to_be_in_viewport(timeout=PATIENCE)
        page.locator("#nq-delete").click()
        expect(page.locator("#nq-delete-yes")).to_be_visible(timeout=PATIENCE)
        found[f"conversations {ui}"] = grave_violations(page)
        page.locator("#nq-history .toggle-button").click()
        page.get_by_role("tab").nth(1).click()
        page.locator("#nq-notes-list label", has_text="cnn.md").click()
        expect(page.locator("#nq-note-edit")).to_be_visible(timeout=PATIENCE)
        found[f"note {ui}"] = grave_violations(page)
        page.locator("#nq-note-edit").click()
        page.locator("#nq-note-editor textarea").fill("mine")
        page.locator("#nq-note-cancel").click()
        expect(page.locator("#nq-note-kept textarea")).to_have_value("mine", timeout=PATIENCE)
        found[f"edited {ui}"] = grave_violations(page)
        page.context.close()
    assert {place: violations for place, violations in found.items() if violations} == {}


@pytest.mark.parametrize("ui", ["zh", "en"])
def test_no_word_of_the_page_is_in_the_other_language_and_nothing_is_asked_of_another_host(
    browser: Browser, address: str, ui: Language
) -> None:
    page = open_page(browser, address, ui)
    requested: list[str] = []
    page.context.on("request", lambda request: requested.append(request.url))
    page.reload()
    expect(page.locator("#nq-status")).not_to_be_empty(timeout=PATIENCE)
    foreign: dict[str, set[str]] = {}
    for state in IN_A_CHAT:
        state.reach(page)
        for text in page.evaluate(WORDS_OF_PAGE, CONTENT):
            if words := foreign_words(text.rpartition(" @")[0], ui):
                foreign.setdefault(text, set()).update(words)
        state.leave(page)
    page.locator("#nq-rebuild").click()
    expect(page.locator("#nq-report")).to_contain_text(
        WORDS[ui]["passages"].partition("{seconds}")[2], timeout=PATIENCE
    )
    page.context.close()
    assert foreign == {}
    assert [url for url in requested if not url.startswith((address, "data:", f"blob:{address}"))] == []


def foreign_words(text: str, ui: Language) -> set[str]:
    """Words of the other language that have no business there; names of the fake's model and files are nobody's."""
    if ui == "en":
        return set(re.findall(r"[\u4e00-\u9fff]+", text)) - HAN_ALLOWED
    bare = text.replace(FakeNotes.model_name, "")
    return {word for word in re.findall(r"[A-Za-z]{2,}", bare) if word not in LATIN_ALLOWED}


def test_bubbles_say_whose_they_are_and_not_their_markup(browser: Browser, address: str) -> None:
    page = open_page(browser, address, "zh")
    page.locator("#nq-question textarea").fill(EN_QUESTION)
    page.locator("#nq-question textarea").press("Enter")
    expect(page.locator("#nq-sources .nq-cited").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("group", name=WORDS["zh"]["your_question"])).to_contain_text(EN_QUESTION)
    expect(page.get_by_role("group", name=WORDS["zh"]["an_answer"])).to_contain_text("Pooling")
    assert page.locator("[aria-label*='<']").count() == 0
    page.context.close()
