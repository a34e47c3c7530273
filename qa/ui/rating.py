"""Whether the last answer was helpful: two buttons below the answer, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args

import gradio as gr
from gradio.blocks import Block
from gradio.events import Dependency

from qa.conversations import LONGEST_COMMENT, Conversations, Rating, Reason
from qa.errors import ConversationNotFound, ConversationsUnusable
from qa.ui.conversation import Conversation
from qa.ui.history_events import owner_of, tell
from qa.ui.render import render_note
from qa.ui.strings import i18n, ui_language

Shown = tuple[Any, ...]  # (row, helpful, not helpful, what is wrong, reason, own words, thanks)


@dataclass(frozen=True, slots=True)
class RatingParts:
    """The components, in the order of `Shown`, and the button that saves a reason."""

    row: gr.Row
    good: gr.Button
    bad: gr.Button
    why: gr.Column
    reason: gr.Radio
    comment: gr.Textbox
    thanks: gr.Markdown
    save: gr.Button

    def shown(self) -> list[Block]:
        return [self.row, self.good, self.bad, self.why, self.reason, self.comment, self.thanks]


class RatingEvents:
    """Ratings of the last answer that is kept."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    def show(self, conversation: Conversation, request: gr.Request) -> Shown:
        """As it was rated; nothing while an answer is being written or where it is not kept."""
        try:
            rating = self._rating(conversation, request)
        except (ConversationNotFound, ConversationsUnusable):  # the panel of conversations says so
            return self._shown(False, None)
        return self._shown(conversation.number > 0 and not conversation.writing, rating)

    def good(self, conversation: Conversation, request: gr.Request) -> Shown:
        """Helpful, or not rated where it was helpful already."""
        return self._rate(conversation, lambda old: None if old and old.good else Rating(True), False, request)

    def bad(self, conversation: Conversation, request: gr.Request) -> Shown:
        """Not helpful, and the question why; or not rated where it was that already."""
        return self._rate(conversation, lambda old: None if old and not old.good else Rating(False), True, request)

    def save(self, conversation: Conversation, reason: Reason | None, comment: str, request: gr.Request) -> Shown:
        """Not helpful for this reason."""
        return self._rate(conversation, lambda _: Rating(False, reason or "", comment.strip()), False, request)

    def _rate(self, conversation: Conversation, change: Any, asks_why: bool, request: gr.Request) -> Shown:
        ui = ui_language(request)
        try:
            rating = change(self._rating(conversation, request))
            self._conversations.rate(owner_of(request), conversation.id, conversation.number, rating)
        except (ConversationNotFound, ConversationsUnusable) as error:
            tell(error, ui)
            return (gr.skip(),) * 7
        thanks = render_note("rate_thanks", ui) if rating else ""
        return self._shown(True, rating, asks_why and rating is not None, thanks)

    def _rating(self, conversation: Conversation, request: gr.Request) -> Rating | None:
        if not conversation.number:
            return None
        exchanges = self._conversations.read(owner_of(request), conversation.id).exchanges
        return exchanges[conversation.number - 1].rating if conversation.number <= len(exchanges) else None

    def _shown(self, visible: bool, rating: Rating | None, asks_why: bool = False, thanks: str = "") -> Shown:
        return (
            gr.Row(visible=visible),
            gr.Button(variant="primary" if rating and rating.good else "secondary"),
            gr.Button(variant="primary" if rating and not rating.good else "secondary"),
            gr.Column(visible=asks_why),
            (rating.reason or None) if rating else None,
            rating.comment if rating else "",
            gr.Markdown(thanks, visible=bool(thanks)),
        )


def build_rating() -> RatingParts:
    """The components, inside the row that is open: two buttons, and what stands below it."""
    small: dict[str, Any] = {"size": "sm", "scale": 0, "min_width": 0}
    with gr.Row(visible=False, elem_id="nq-rating") as row:
        good = gr.Button(i18n("rate_good"), elem_id="nq-good", **small)
        bad = gr.Button(i18n("rate_bad"), elem_id="nq-bad", **small)
    with gr.Column(visible=False, elem_id="nq-why") as why:
        reason = gr.Radio(
            [(i18n(f"reason_{value}"), value) for value in get_args(Reason) if value],
            label=i18n("rate_why"),
            elem_id="nq-reason",
        )
        with gr.Row(elem_id="nq-comment-row"):
            comment = gr.Textbox(
                label=i18n("rate_comment"),
                placeholder=i18n("rate_comment"),
                show_label=False,
                container=False,
                max_lines=3,
                max_length=LONGEST_COMMENT,
                scale=1,
                elem_id="nq-comment",
            )
            save = gr.Button(i18n("rate_save"), elem_id="nq-rate-save", **small)
    thanks = gr.Markdown(visible=False, elem_id="nq-rating-thanks")
    return RatingParts(row, good, bad, why, reason, comment, thanks, save)


def connect_rating(
    parts: RatingParts,
    conversation: gr.State,
    conversations: Conversations,
    changed: Iterable[Dependency],
) -> list[Dependency]:
    """Let the buttons rate; seen after `changed`, though not during an answer: see history.css. Returns what rates."""
    events = RatingEvents(conversations)
    quiet: dict[str, Any] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    for event in changed:
        event.then(events.show, conversation, parts.shown(), **quiet)
    return [
        parts.good.click(events.good, conversation, parts.shown(), **quiet),
        parts.bad.click(events.bad, conversation, parts.shown(), **quiet),
        parts.save.click(events.save, [conversation, parts.reason, parts.comment], parts.shown(), **quiet),
    ]
