"""Keeps what is asked and answered in a page, whatever becomes of the answer. Asking goes on where that fails."""

from __future__ import annotations

import logging

import gradio as gr

from qa.citations import without_numbers
from qa.conversations import Conversations, Ended, Exchange, Options
from qa.errors import AnswerStopped, ConversationNotFound, ConversationsUnusable
from qa.types import Answer, Done, Event, Failed, Hit, Language, Sources, TextDelta
from qa.ui.strings import phrase

_LOG = logging.getLogger(__name__)


class Record:
    """One question and its answer while it is being written; `number` is 0 where nothing is kept."""

    def __init__(self, conversations: Conversations | None, owner: str, identity: str, ui: Language) -> None:
        self._conversations = conversations
        self._owner = owner
        self._ui = ui
        self._asked: Exchange | None = None
        self._hits: tuple[Hit, ...] = ()
        self._texts: dict[Language, str] = {}
        self.identity = identity
        self.number = 0

    def ask(self, question: str, options: Options, again: int = 0) -> None:
        """Keep the question, so that it is not lost, in the place of exchange number `again`, if that is the last."""
        if self._conversations is None:
            return
        self._asked = Exchange(question, options, Answer(question, {}, (), (), False), "stopped")
        try:
            try:
                if again:
                    self._conversations.drop_last(self._owner, self.identity, again)
                self.number = self._conversations.append(self._owner, self.identity, self._asked)
            except ConversationNotFound:  # its first question, or it was deleted in another tab
                self.identity = self._conversations.begin(self._owner, question, self.identity)
                self.number = self._conversations.append(self._owner, self.identity, self._asked)
        except ConversationsUnusable as error:
            _LOG.warning("%s", error)
            gr.Warning(phrase("not_kept", self._ui))

    def hear(self, event: Event) -> None:
        """Take what the notes answer, event by event; an end is kept at once."""
        match event:
            case Sources(hits):
                self._hits = hits
            case TextDelta(language, text, False):
                self._texts[language] = self._texts.get(language, "") + text
            case Done(answer):
                self._keep(answer, "done")
            case Failed(error, texts):
                self._texts = dict(texts)
                self.close("stopped" if isinstance(error, AnswerStopped) else "failed")

    def close(self, ended: Ended = "stopped") -> None:
        """Keep what was said so far, where the answer came to no other end: the reader stopped it or has left."""
        if self._asked is not None:
            texts = {language: without_numbers(text) for language, text in self._texts.items()}
            self._keep(Answer(self._asked.question, texts, (), self._hits, False), ended)

    def _keep(self, answer: Answer, ended: Ended) -> None:
        asked, self._asked = self._asked, None
        if asked is None or self._conversations is None or not self.number:
            return
        exchange = Exchange(asked.question, asked.options, answer, ended)
        try:
            self._conversations.replace(self._owner, self.identity, self.number, exchange)
        except ConversationNotFound:
            _LOG.info("A conversation was deleted while it was being answered")
        except ConversationsUnusable as error:
            _LOG.warning("%s", error)
            if ended == "done":  # else the page may be gone
                gr.Warning(phrase("not_kept", self._ui))
