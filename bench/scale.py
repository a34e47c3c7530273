"""`python -m bench.scale`: what building, opening, refreshing and searching cost as the index grows.

Notes are made by permuting the sentences of real ones. So that a hundred thousand passages are measured in minutes, a
passage's vector is the mean of its sentences' real vectors: everything but the encoder is the program's own code.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from qa.encoder import SentenceEncoder, Vectors
from qa.glossary import Glossary
from qa.index import Index
from qa.indexing import refresh
from qa.language import split_sentences
from qa.notes import read_folder
from qa.passages import split_note
from qa.retrieval import Retriever
from qa.settings import Settings
from qa.types import LANGUAGES

ROOT = Path(__file__).resolve().parent.parent
PASSAGES_PER_NOTE = 10
_MARK = re.compile(r"s(\d+)z")  # each sentence carries its number, by which its vector is found again


class MixedEncoder:
    """The real vectors of numbered sentences, averaged over the sentences of a text."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self.fingerprint = "mixed/1"
        self.location = ""
        self.name = "mean of sentences"
        self.dimension = vectors.shape[1]

    def encode_passages(self, texts: Sequence[str], _: Callable[[int, int], None] | None = None) -> Vectors:
        return np.stack([self._mean(text) for text in texts])

    def encode_query(self, text: str) -> Vectors:
        return self._mean(text)

    def _mean(self, text: str) -> Vectors:
        vectors = self._vectors[[int(number) for number in _MARK.findall(text)]]
        mean = vectors.sum(axis=0) if len(vectors) else self._vectors[0]
        return np.asarray(mean / np.linalg.norm(mean), np.float32)


class RealQueries(MixedEncoder):
    """The same, with real vectors of questions, each encoded once."""

    def __init__(self, vectors: Vectors) -> None:
        super().__init__(vectors)
        settings = Settings()
        self._real = SentenceEncoder.open(settings.encoder, settings.cache)
        self._known: dict[str, Vectors] = {}

    def encode_query(self, text: str) -> Vectors:
        if text not in self._known:
            self._known[text] = self._real.encode_query(text)
        return self._known[text]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--passages", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--texts", type=Path, default=ROOT / "corpus", help="folder of notes that lends the sentences")
    parser.add_argument("--search", type=Path, help=argparse.SUPPRESS)  # the half that runs in a process of its own
    options = parser.parse_args()
    if options.search:
        print(json.dumps(_search(options.search)))
        return
    print("| passages | build, no encoding | of it per passage | files | no change | one note edited | open | "
          "search p50 / p95 | with the question's encoding | memory |\n|" + "---|" * 10)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        sentences = made_sentences(options.texts)
        settings = Settings()
        vectors = SentenceEncoder.open(settings.encoder, settings.cache).encode_passages(sentences)
        np.save(Path(folder, "vectors.npy"), vectors)
        Path(folder, "sentences.json").write_text(json.dumps(sentences), encoding="utf-8")
        for count in options.passages:
            print(_row(Path(folder), sentences, vectors, count), flush=True)


def _row(folder: Path, sentences: Sequence[str], vectors: Vectors, count: int) -> str:
    corpus = folder / "corpus"
    shutil.rmtree(corpus, ignore_errors=True)
    shutil.rmtree(folder / "index", ignore_errors=True)
    write_made_notes(corpus, sentences, count)
    encoder, index = MixedEncoder(vectors), Index(folder / "index")
    built = refresh(corpus, index, encoder)
    nothing = refresh(corpus, index, encoder)
    note = corpus / "note-00000.md"
    note.write_text(note.read_text(encoding="utf-8") + "\n\ns1z added s2z.\n", encoding="utf-8")
    edited = refresh(corpus, index, encoder)
    command = [sys.executable, "-m", "bench.scale", "--search", str(folder)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)
    size = sum(path.stat().st_size for path in (folder / "index").iterdir()) / 1e6
    return (
        f"| {built.passages} | {built.seconds:.1f} s | {1e3 * built.seconds / built.passages:.2f} ms | {size:.0f} MB | "
        f"{nothing.seconds:.2f} s | {edited.seconds:.2f} s | {found['open']:.2f} s | "
        f"{found['p50']:.1f} / {found['p95']:.1f} ms | {found['encoded_p50']:.1f} / {found['encoded_p95']:.1f} ms | "
        f"{found['memory']:.0f} MB |"
    )


def _search(folder: Path) -> dict[str, float]:
    """Open the index as a new process does, and search it with the shipped questions."""
    lines = (ROOT / "tests" / "data" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)[language] for line in lines for language in LANGUAGES]
    started = time.perf_counter()
    index = Index(folder / "index")
    with index.read():
        opened = time.perf_counter() - started
    memory = _peak_memory()  # the encoder comes on top
    retriever = Retriever(index, RealQueries(np.load(folder / "vectors.npy")), Glossary.load)
    retriever.find("warm-up", 6)
    encoded: list[float] = []
    plain: list[float] = []
    for question in questions:
        for taken in (encoded, plain):  # the second time its vectors are known
            begun = time.perf_counter()
            retriever.find(question, 6)
            taken.append(1e3 * (time.perf_counter() - begun))
    p50, p95 = np.percentile(plain, [50, 95])
    encoded_p50, encoded_p95 = np.percentile(encoded, [50, 95])
    return {
        "open": opened, "p50": p50, "p95": p95, "encoded_p50": encoded_p50, "encoded_p95": encoded_p95, "memory": memory
    }  # fmt: skip


def _peak_memory() -> float:
    """Highest resident memory of this process in MB; `getrusage` would count that of the process it came from."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def made_sentences(folder: Path) -> list[str]:
    """The sentences of all notes, each with its number in front."""
    texts = [passage.text for note in read_folder(folder, {}).notes for passage in split_note(note)]
    found = dict.fromkeys(text[start:end] for text in texts for start, end in split_sentences(text))
    plain = [sentence for sentence in found if 8 <= len(sentence) <= 200 and sentence[0].isalnum()]
    return [f"s{number}z {sentence}" for number, sentence in enumerate(plain)]


def write_made_notes(corpus: Path, sentences: Sequence[str], count: int) -> None:
    corpus.mkdir()
    order = random.Random(0)
    for number in range(-(-count // PASSAGES_PER_NOTE)):
        parts = [f"# Note {number}"]
        for section in range(min(PASSAGES_PER_NOTE, count - number * PASSAGES_PER_NOTE)):
            parts += [f"## Section {section}", "\n".join(order.sample(sentences, order.randint(3, 6)))]
        Path(corpus, f"note-{number:05}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
