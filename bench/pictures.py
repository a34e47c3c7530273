"""`python -m bench.pictures`: takes the READMEs' pictures of the real page, with the packaged model, over corpus/."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from bench.page import PATIENCE, chromium, open_page, served_chat
from bench.scale import ROOT
from qa.assistant import NotesQA
from qa.settings import Settings

PICTURES = ROOT / "tests" / "data"


def main() -> None:
    """An answer with its sources, one in both languages in the dark, and the notes tab."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        shutil.copytree(ROOT / "corpus", corpus)
        with NotesQA.open(corpus, Path(folder, "index"), Settings()):  # its index is there before the page is
            pass
        with served_chat(corpus, Path(folder)) as served, chromium() as browser:
            page = open_page(browser, served)
            _ask(page, "池化有什么作用？")
            page.locator("#nq-sources .nq-cited > summary").first.click()
            _take(page, "chat.png")

            page = open_page(browser, served, "en-US", dark=True)
            page.locator("#nq-language label").last.click()
            _ask(page, "What does pooling do?")
            _take(page, "chat-both.png")

            page = open_page(browser, served, "en-US")
            page.get_by_role("tab").nth(1).click()
            page.locator("#nq-notes-list label:has(input[value$='.md'])").first.click()
            page.locator("#nq-note-text .nq-reading").wait_for()
            _take(page, "notes.png")


def _ask(page: Page, question: str) -> None:
    page.locator("#nq-question textarea").fill(question)
    page.locator("#nq-question textarea").press("Enter")
    page.locator("#nq-sources .nq-cited").first.wait_for(timeout=PATIENCE)
    page.locator("#nq-send").wait_for(timeout=PATIENCE)


def _take(page: Page, name: str) -> None:
    page.wait_for_timeout(1_500)  # transitions come to their end
    page.screenshot(path=PICTURES / name, animations="disabled")
    page.context.close()


if __name__ == "__main__":
    main()
