"""Kept conversations and ratings as downloads of the page's own server: made when asked for, never put on the disk."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request
from starlette.responses import Response

from qa.conversation_files import conversation_json, conversation_markdown, question_file
from qa.conversations import Conversations
from qa.errors import ConversationNotFound, ConversationsUnusable
from qa.ui.strings import error_sentence, ui_language

RATINGS = "/ratings.jsonl"


def download_of(identity: str, kind: str) -> str:
    """The address of a conversation as "md" or "json"."""
    return f"/conversations/{identity}.{kind}"


def add_downloads(app: FastAPI, conversations: Conversations) -> None:
    """Serve them to their owner; everybody else learns no more than that there is no such conversation."""

    @app.get("/conversations/{identity}.md")
    def markdown(identity: str, request: Request) -> Response:
        return _conversation(conversations, identity, "md", request)

    @app.get("/conversations/{identity}.json")
    def json(identity: str, request: Request) -> Response:
        return _conversation(conversations, identity, "json", request)

    @app.get(RATINGS)
    def ratings(request: Request) -> Response:
        try:
            made = question_file(conversations.read_rated(request.state.owner))
        except ConversationsUnusable as error:
            raise _told(error, 503, request) from error
        return _file(made.text, "notes-qa-ratings.jsonl", "application/jsonl")


def _conversation(conversations: Conversations, identity: str, kind: str, request: Request) -> Response:
    try:
        conversation = conversations.read(request.state.owner, identity)
    except ConversationNotFound as error:
        raise _told(error, 404, request) from error
    except ConversationsUnusable as error:
        raise _told(error, 503, request) from error
    name = f"{''.join(c if c.isalnum() else ' ' for c in conversation.title).strip()[:60] or 'notes-qa'}.{kind}"
    if kind == "json":
        return _file(conversation_json(conversation), name, "application/json")
    return _file(conversation_markdown(conversation, ui_language(request)), name, "text/markdown")


def _file(text: str, name: str, kind: str) -> Response:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}", "cache-control": "no-store"}
    return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)


def _told(error: ConversationNotFound | ConversationsUnusable, status: int, request: Request) -> HTTPException:
    return HTTPException(status, error_sentence(error, ui_language(request))[0])
