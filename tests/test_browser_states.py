"""A picture of every designed state of the page, kept in `build/screenshots` or where NOTES_QA_SCREENSHOTS says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_states import STATES, State, notes_of
from pages_ui import LIBRARY_WARNINGS, PATIENCE, chromium, served
from playwright.sync_api import Browser, expect

pytestmark = [pytest.mark.browser, *LIBRARY_WARNINGS]
FOLDER = Path(os.environ.get("NOTES_QA_SCREENSHOTS", Path(__file__).parents[1] / "build" / "screenshots"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_state_shows_what_it_says_and_is_kept_as_a_picture(browser: Browser, state: State) -> None:
    with notes_of(state) as notes, served(notes) as address:
        context = browser.new_context(locale=state.locale, viewport=state.size, reduced_motion="reduce")
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#nq-status")).not_to_be_empty(timeout=PATIENCE)
        state.reach(page)
        picture = FOLDER / f"{state.name}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=picture, animations="disabled", full_page=state.phone)
        context.close()
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_there_are_twelve_states_by_name() -> None:
    assert len({state.name for state in STATES}) == 12
