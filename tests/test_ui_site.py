"""Where the page listens and for whom, and what loads before it is served."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes_ui import FakeNotes

from qa.errors import SettingsError
from qa.ui.site import Site, check_door, is_loopback, listen, serve
from qa.users import Users

LOADS_FIRST = """
import sys
from fakes_ui import FakeNotes
from qa.ui.site import Site, serve

class Notes(FakeNotes):
    def warm_up_encoder(self):
        print("encoder", "gradio" in sys.modules, flush=True)

    def warm_up(self):
        print("model", flush=True)

serve(Notes(), 0, Site())
"""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "my-laptop", ""])
def test_nobody_else_is_served_without_a_login(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        serve(FakeNotes(), 0, Site(host))
    assert str(refused.value) == (
        f"The chat page would be open to everybody who reaches {host}. "
        f"Add somebody who may log in: notes-qa chat --host {host} --auth NAME"
    )
    users = Users(tmp_path / "users.json")
    with pytest.raises(SettingsError):
        check_door(host, users)
    users.put("ann", "a long enough password")
    check_door(host, users)


def test_this_machine_needs_no_login() -> None:
    assert [host for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8") if not is_loopback(host)] == []
    check_door("127.0.0.1", None)


def test_a_taken_port_is_refused_with_one_sentence() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"cannot listen on 127\.0\.0\.1, port {port}: .*--port 0"):
            serve(FakeNotes(), port, Site())


def test_the_encoder_loads_before_the_page_is_built_and_the_chat_model_once_it_is_served() -> None:
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    process = subprocess.Popen(
        [sys.executable, "-c", LOADS_FIRST], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "encoder False\n"
        assert process.stdout.readline().startswith("notes-qa: http://127.0.0.1:")
        assert process.stdout.readline() == "model\n"
    finally:
        process.terminate()
        process.communicate(timeout=30)
