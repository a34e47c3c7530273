"""Where the page is served and to whom; what this module imports is there at once, Gradio takes seconds."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import dataclass

from qa.conversations import Conversations
from qa.errors import SettingsError
from qa.types import AnswerLanguage
from qa.ui.backend import Backend
from qa.ui.warming import Warming
from qa.users import Users

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Site:
    """What is served beside the notes: where, with what chosen at first, and what is kept of whom."""

    host: str = "127.0.0.1"
    language: AnswerLanguage = "auto"
    general: bool = False
    strict: bool = True
    conversations: Conversations | None = None  # None: the page keeps none
    users: Users | None = None  # who may log in; None or empty: everybody is let in


def serve(notes: Backend, port: int, site: Site) -> None:
    """Serve until interrupted; says the address once it answers there.

    Loading begins before anything else does. Raises SettingsError where it cannot listen, or where others could read
    the notes without a login.
    """
    check_door(site.host, site.users)
    with listen(site.host, port) as listener, contextlib.suppress(KeyboardInterrupt):
        warming = Warming(notes)
        warming.start()
        from qa.ui.server import Server

        Server.of(notes, site, warming).run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address; a name other than localhost might be anything."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_door(host: str, users: Users | None) -> None:
    """Raises SettingsError where the page would be open to other machines."""
    if not is_loopback(host) and not users:
        raise SettingsError(
            f"The chat page would be open to everybody who reaches {host}. "
            f"Add somebody who may log in: notes-qa chat --host {host} --auth NAME"
        )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, before anything is loaded. Raises SettingsError where there is none to be had."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise SettingsError(
            f"The chat page cannot listen on {host}, port {port}: {error.strerror or error}. "
            f"Choose another port (0 takes a free one): notes-qa chat --port 0"
        ) from error
