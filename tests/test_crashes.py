"""What a crash, a full disk or a second writer may leave: the old index or the new one, and nothing in between."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from fakes_cli import SlowEncoder

from qa.errors import IndexLocked, IndexUnusable
from qa.glossary import Glossary
from qa.index import DATABASE, Index
from qa.indexing import refresh
from qa.notes import read_notes
from qa.retrieval import Retriever
from qa.types import Note, Passage, Progress

pytestmark = pytest.mark.slow

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["test_crashes"])
TOPICS = ["池化", "卷积核", "门控循环单元", "dropout", "batch normalization", "padding", "梯度", "attention"]
QUESTIONS = ["池化有什么作用", "what does dropout do", "卷积核 gradient 12", "section 7 of the note"]
NOBODY = 65534

Hits = list[tuple[int, Passage, float, tuple[Passage, ...]]]


@pytest.fixture(scope="module", autouse=True)
def fork_server() -> None:
    """Its children begin with everything imported, so that their first moments are those of the build."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        forkserver.ensure_running()


def write_note(path: Path, luck: random.Random, sections: int) -> None:
    facts = (
        f"## {n} {luck.choice(TOPICS)}\n\n第 {n} 节：{luck.choice(TOPICS)} {luck.random()}。" for n in range(sections)
    )
    path.write_text(f"# {luck.choice(TOPICS)}\n\n" + "\n\n".join(facts), encoding="utf-8")


def some_notes(folder: Path, count: int) -> tuple[Path, Path]:
    """A corpus of notes, and where its index is to be."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for number in range(count):
        write_note(corpus / f"{number}.md", random.Random(number), 60)
    return corpus, folder / "index"


def edit(corpus: Path, luck: random.Random) -> None:
    """Enough new text that its vectors are saved twice or more, and a note moved and one deleted."""
    for number in luck.sample(range(12), 5):
        write_note(corpus / f"{number}.md", luck, 60)
    first, second = luck.sample(sorted(corpus.glob("*.md")), 2)
    first.rename(corpus / f"moved-{luck.randrange(3)}.md")
    second.unlink()


def answers(folder: Path) -> tuple[dict[str, Note], list[Passage], Hits]:
    """All that an index says to a process that has just opened it; no passage is encoded for that."""
    index, encoder = Index(folder), SlowEncoder()
    retriever = Retriever(index, encoder, Glossary.load)
    with index.read() as snapshot:
        ids = [i for *_, of_heading in snapshot.outline() for i in of_heading]
        passages = sorted(snapshot.passages(ids).values(), key=lambda passage: passage.id)
        assert len(snapshot) == len(passages)
        notes = snapshot.notes()
    hits = [
        (hit.rank, hit.passage, round(hit.score, 3), hit.copies)
        for question in QUESTIONS
        for hit in retriever.find(question, 6).hits
    ]
    assert encoder.encoded == []
    return notes, passages, hits


def built_from_nothing(corpus: Path, folder: Path) -> tuple[dict[str, Note], list[Passage], Hits]:
    shutil.rmtree(folder, ignore_errors=True)
    refresh(corpus, Index(folder), SlowEncoder())
    return answers(folder)


def content_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def saved(folder: Path) -> set[str]:
    """Content hashes of the texts whose vector is stored."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        has_table = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'vectors'").fetchone()
        return {row[0] for row in connection.execute("SELECT content_hash FROM vectors")} if has_table else set()


class Child:
    """A process that does one thing to an index and says how it goes."""

    def __init__(self, work: Callable[..., None], *arguments: object) -> None:
        self._heard, says = FORKED.Pipe(duplex=False)
        self._process = FORKED.Process(target=work, args=(says, *arguments), daemon=True)
        self._process.start()
        says.close()

    def hear(self) -> Iterator[Any]:
        """What it says, until it ends."""
        try:
            while True:
                assert self._heard.poll(60), "the process says nothing more"
                yield self._heard.recv()
        except EOFError:
            return

    def kill(self) -> int:
        """Its exit code: -9 where it was still running."""
        self._process.kill()
        self._process.join()
        self._heard.close()
        return self._process.exitcode or 0

    def end(self) -> list[Any]:
        """All that it says until its own end."""
        said = list(self.hear())
        self._process.join(60)
        self._heard.close()
        assert self._process.exitcode == 0
        return said


def build(says: Connection, corpus: Path, folder: Path, pause: float) -> None:
    def tell(texts: Any) -> None:
        says.send(("encoded", [content_hash(text) for text in texts]))

    def progress(now: Progress) -> None:
        says.send((now.stage, now.done / now.total))

    says.send(("begin", 1.0))
    refresh(corpus, Index(folder, lock_seconds=30), SlowEncoder(pause=pause, tell=tell), progress=progress)
    says.send(("end", 1.0))


def hold_lock(says: Connection, folder: Path) -> None:
    with Index(folder).write():
        says.send("holding")
        time.sleep(60)


def killed_somewhere(corpus: Path, folder: Path, luck: random.Random) -> tuple[str, set[str]]:
    """Kill a build after a random step; what that was, and the hashes of what had been encoded."""
    stage, share = luck.choice(["begin", "split", "encode", "encode", "store", "store", "stored"]), luck.random()
    if stage == "stored":
        stage, share = "store", 1.0
    child, encoded, last = Child(build, corpus, folder, 0.002), set[str](), "begin"
    for said, value in child.hear():
        if said == "encoded":
            encoded.update(value)
            continue
        last = said
        if said == "end" or (said == stage and value >= share):
            break
    time.sleep(luck.uniform(0, 0.03))
    return (last if child.kill() == -signal.SIGKILL else "end"), encoded


def test_killed_build_leaves_the_old_answers_or_the_new_and_every_saved_vector(tmp_path: Path) -> None:
    luck = random.Random(7)
    corpus, folder = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    old = built_from_nothing(corpus, folder)
    stages, seen = list[str](), list[str]()
    for _ in range(32):
        edit(corpus, luck)
        new = built_from_nothing(corpus, tmp_path / "fresh")
        before = saved(folder)
        stage, encoded = killed_somewhere(corpus, folder, luck)
        assert encoded.isdisjoint(before), "a text was encoded again although its vector had been saved"
        now = answers(folder)
        assert now in (old, new)
        stages.append(stage)
        seen.append("old" if now == old else "new")
        old = now
    assert {"split", "encode", "store"} <= set(stages), stages
    assert {"old", "new"} == set(seen), seen
    before, encoder = saved(folder), SlowEncoder()
    refresh(corpus, Index(folder), encoder)
    assert answers(folder) == new
    assert before.isdisjoint(map(content_hash, encoder.encoded))


def test_lock_of_a_killed_writer_holds_up_nobody(tmp_path: Path) -> None:
    corpus, folder = some_notes(tmp_path, 1)
    child = Child(hold_lock, folder)
    assert next(child.hear()) == "holding"
    with pytest.raises(IndexLocked):
        refresh(corpus, Index(folder, lock_seconds=0.05), SlowEncoder())
    assert child.kill() == -signal.SIGKILL
    assert refresh(corpus, Index(folder, lock_seconds=0.05), SlowEncoder()).added == ("0.md",)


def test_ctrl_c_keeps_what_was_encoded_and_says_so_in_a_sentence(tmp_path: Path) -> None:
    corpus, folder = some_notes(tmp_path, 10)
    program = [sys.executable, str(Path(__file__).with_name("fakes_cli.py")), "index"]
    process = subprocess.Popen(
        [*program, "--corpus", str(corpus), "--index", str(folder)],
        env={**os.environ, "LC_ALL": "C.UTF-8", "PAUSE": "0.2", "NOTES_QA_ENCODER": "words/1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not ((folder / DATABASE).is_file() and saved(folder)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "Interrupted; what was encoded is kept.\n")
    kept, encoder = saved(folder), SlowEncoder()
    changes = refresh(corpus, Index(folder), encoder)
    assert kept.isdisjoint(map(content_hash, encoder.encoded))
    assert changes.embedded == changes.passages - len(kept)


def refresh_with_limit(says: Connection, corpus: Path, folder: Path, limit: int) -> None:
    """No file grows beyond the limit, as on a disk that fills up."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        refresh(corpus, Index(folder), SlowEncoder())
    except IndexUnusable as error:
        says.send(str(error))


def test_full_disk_is_told_and_the_old_index_answers_until_there_is_space(tmp_path: Path) -> None:
    corpus, folder = some_notes(tmp_path, 4)
    old = built_from_nothing(corpus, folder)
    for number in range(3, 9):
        write_note(corpus / f"{number}.md", random.Random(number), 60)
    new = built_from_nothing(corpus, tmp_path / "fresh")
    size = (folder / DATABASE).stat().st_size
    said = []
    for limit in range(8_000, size + 1_000_000, 40_000):
        messages = Child(refresh_with_limit, corpus, folder, limit).end()
        assert answers(folder) == (old if messages else new)
        said += messages
        if not messages:
            break
    assert len(said) >= 3
    for message in said:
        assert message.startswith(f"The index in '{folder}' cannot be used: ")
        assert "Free space or permissions first" in message
    refresh(corpus, Index(folder), SlowEncoder())
    assert answers(folder) == new


def search_and_refresh(says: Connection, corpus: Path, folder: Path, user: int) -> None:
    read_notes(corpus)  # imports what another user may not read, and so does the next
    Glossary.load()
    if os.getuid() == 0:
        os.setgid(user)
        os.setuid(user)
    says.send(answers(folder))
    try:
        refresh(corpus, Index(folder), SlowEncoder())
    except IndexUnusable as error:
        says.send(str(error))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="notes-qa-"))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_index_in_a_read_only_folder_answers_and_says_what_a_refresh_needs(open_folder: Path) -> None:
    corpus, folder = some_notes(open_folder, 2)
    expected = built_from_nothing(corpus, folder)
    write_note(corpus / "new.md", random.Random(0), 3)
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    found, message = Child(search_and_refresh, corpus, folder, NOBODY).end()
    assert found == expected
    assert message == (
        f"The index folder '{folder}' cannot be written: Permission denied. "
        "Give this user the right to write there, or choose another folder with --index."
    )


def test_two_processes_that_refresh_at_once_both_end_well(tmp_path: Path) -> None:
    corpus, folder = some_notes(tmp_path, 6)
    children = [Child(build, corpus, folder, 0.02) for _ in range(2)]
    said = [child.end() for child in children]
    assert [last[-1] for last in said] == [("end", 1.0)] * 2
    encoded = [sum(len(value) for what, value in each if what == "encoded") for each in said]
    assert sorted(encoded) == [0, len(answers(folder)[1])]
    assert answers(folder) == built_from_nothing(corpus, tmp_path / "fresh")
    assert Index(folder).manifest()["generation"] == "1"
