"""A process that is killed while it saves a note leaves the old text or the new one, and nothing in between."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qa.note_files import NoteFiles
from qa.notes import find_files

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="kills by signal")]

SAVING = """
import hashlib, sys
from pathlib import Path
from qa.note_files import NoteFiles
corpus = Path(sys.argv[1])
files = NoteFiles(corpus, corpus.parent / "lock")
number = 0
while True:
    old = (corpus / "a.md").read_bytes()
    number += 1
    text = f"{number}\\n" * 20_000
    files.save("a.md", text, hashlib.sha256(old).hexdigest())
    print(number, flush=True)
"""


@pytest.mark.parametrize("luck", range(6))
def test_killed_while_saving(tmp_path: Path, luck: int) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.md").write_bytes(b"0\n" * 20_000)
    process = subprocess.Popen(
        [sys.executable, "-c", SAVING, str(corpus)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path), "PATH": "/usr/bin:/bin"},
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "1\n"
        time.sleep(random.Random(luck).random() * 0.1)  # any moment will do: the outcome must not depend on it
        process.send_signal(signal.SIGKILL)
        said = process.stdout.read().split()
    data = (corpus / "a.md").read_bytes()
    number = int(data.split(b"\n")[0])
    assert data == f"{number}\n".encode() * 20_000
    assert number >= int(said[-1] if said else 1)  # what was said to be saved is saved
    assert [file.name for file in find_files(corpus)[0]] == ["a.md"]
    files = NoteFiles(corpus, tmp_path / "lock")  # the lock of the dead holds nobody up
    files.save("a.md", "after\n", hashlib.sha256(data).hexdigest())
    assert sorted(path.name for path in corpus.iterdir()) == ["a.md"]
