"""The whole product in a real browser: real encoder, real index, real chat model, and a note that changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pages_ui import DESKTOP, LIBRARY_WARNINGS, chromium, served
from playwright.sync_api import Page, expect

from qa.assistant import NotesQA
from qa.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.model, *LIBRARY_WARNINGS]
ANSWER = 120_000  # milliseconds: a small model on a busy machine

POOLING = """# 卷积神经网络

## 池化

池化把相邻区域的特征合并成一个值，因此可以降维，减少后面各层的计算量。

## 卷积

卷积核在整张图上滑动，权值共享使参数量大大减少。
"""
SCHEDULE = """# 小组活动

## 读书会

读书会每周三晚上七点在三号教室举行，由陈老师主持。
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notes")
    (folder / "cnn.md").write_text(POOLING, encoding="utf-8")
    (folder / "club.md").write_text(SCHEDULE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def page(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    index = tmp_path_factory.mktemp("index")
    with (
        NotesQA.open(corpus=corpus, index=index, settings=Settings()) as notes,
        served(notes) as address,
        chromium() as browser,
    ):
        page = browser.new_context(locale="zh-CN", viewport=DESKTOP).new_page()
        page.goto(address)
        expect(page.locator("#nq-status")).to_contain_text("本地模型", timeout=ANSWER)
        yield page


def ask(page: Page, question: str) -> None:
    page.locator("#nq-question textarea").fill(question)
    page.locator("#nq-question textarea").press("Enter")


def cited(page: Page, words: str) -> None:
    expect(page.locator("#nq-chat .nq-answer").last).to_contain_text(words, timeout=ANSWER)
    expect(page.locator("#nq-sources .nq-cited").first).to_be_visible(timeout=ANSWER)


@pytest.mark.timeout(600)
def test_a_question_is_answered_its_source_opens_and_an_edited_note_is_soon_known(page: Page, corpus: Path) -> None:
    ask(page, "池化有什么作用？")
    lengths = set()
    expect(page.locator("#nq-chat .nq-answer")).to_be_visible(timeout=ANSWER)
    while page.locator("#nq-sources .nq-cited, #nq-chat .nq-abstained, #nq-chat .nq-error").count() == 0:
        lengths.add(len(page.locator("#nq-chat .nq-answer").inner_text()))
        page.wait_for_timeout(50)
    cited(page, "计算")
    assert len(lengths) >= 2
    card = page.locator("#nq-sources .nq-cited").first
    expect(card).to_contain_text("cnn.md")
    card.locator("> summary").click()
    expect(card.locator("mark").first).to_be_visible()
    assert "".join(card.locator("mark").all_inner_texts()) in POOLING

    edited = SCHEDULE.replace("每周三晚上七点在三号教室", "每周六下午两点在图书馆")
    (corpus / "club.md").write_text(edited, encoding="utf-8")
    expect(page.locator("#nq-status")).to_contain_text("1 篇笔记有变动，已更新索引", timeout=ANSWER)

    ask(page, "读书会在哪里举行？")
    cited(page, "图书馆")
    expect(page.locator("#nq-sources .nq-cited").first).to_contain_text("club.md")
