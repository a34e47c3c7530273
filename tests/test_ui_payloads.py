"""Hostile texts, alone and in random company, never become markup: what the page is given parses to its own tags."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from payloads import read_payloads
from test_ui_render import assert_harmless

from qa.ui.markdown import plain, render_line, render_markdown

PAYLOADS = read_payloads()

# Payloads whole or cut anywhere, with what opens and closes blocks between them.
_SEAMS = [
    "",
    " ",
    "\n",
    "\n\n",
    "\r\n",
    "\n> ",
    "\n- ",
    "\n    ",
    "\n```\n",
    "\n~~~js\n",
    "`",
    "$",
    "$$",
    "\\(",
    "\\[",
    "\\",
]
_SEAMS += [
    "|",
    "\n|---|\n",
    "[",
    "](",
    "![",
    "<",
    ">",
    '"',
    "&",
    "**",
    "[1]",
    "\0",
    "%%%",
    "\n# ",
    "\n---\n",
    "\n===\n",
]


@st.composite
def _pieces(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(PAYLOADS)).text
    if draw(st.booleans()):
        return text
    start = draw(st.integers(0, len(text)))
    return text[start : draw(st.integers(start, len(text)))]


@st.composite
def compositions(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.tuples(_pieces(), st.sampled_from(_SEAMS)), min_size=1, max_size=6))
    return "".join(text + seam for text, seam in parts)


def test_there_are_many_payloads_and_each_has_its_own_name_and_says_what_it_tries() -> None:
    assert len(PAYLOADS) >= 60
    assert len({payload.name for payload in PAYLOADS}) == len(PAYLOADS)
    assert len({payload.text for payload in PAYLOADS}) == len(PAYLOADS)
    assert all(payload.tries for payload in PAYLOADS)


def test_every_payload_is_harmless_by_itself() -> None:
    for payload in PAYLOADS:
        harmless_everywhere(payload.text, (0, len(payload.text) // 2))


@settings(max_examples=200, deadline=None)
@given(compositions(), st.data())
def test_payloads_in_any_company_are_harmless(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    harmless_everywhere(text, (start, data.draw(st.integers(start, len(text)))))


def harmless_everywhere(text: str, marked: tuple[int, int]) -> None:
    assert_harmless(render_markdown(text))
    assert_harmless(render_markdown(text, [marked], cite=True))
    assert_harmless(render_line(text))
    assert_harmless(plain(text))
