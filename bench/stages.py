"""The stages of a build and of a question without a chat model, measured on the program's own parts."""

from __future__ import annotations

import functools
import shutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer

from bench.figures import Figure
from bench.limits import dense_limit, encode_limit, encoder_weights
from bench.machine import Machine
from bench.timed_parts import TimedEncoder, TimedIndex, Watch
from qa.checking import Checker
from qa.composing import Composer
from qa.encoder import SentenceEncoder
from qa.glossary_file import GlossaryFile
from qa.index import Index
from qa.indexing import embedded_text, refresh
from qa.language import detect_language, search_terms
from qa.material import gather
from qa.mining import pairs_in
from qa.notes import read_folder
from qa.passages import split_note
from qa.queries import understand
from qa.retrieval import Retriever
from qa.searchtext import search_text
from qa.sentence_vectors import SentenceVectors
from qa.settings import Settings
from qa.types import IndexChanges

BUILD, LOAD, SEARCH, ANSWER = "build", "load", "search of one question", "answer of one question without a chat model"
_WARM = 5  # searches before those that count
_ANSWERED = 20  # questions at most that are answered from the notes' sentences, which takes longer than a search
_DERIVED = "derived.json"


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured, and on what."""

    corpus: Path  # a copy: it is edited
    index: Path  # is made and made again
    settings: Settings
    encoder: SentenceEncoder
    machine: Machine
    repeat: int


@dataclass(slots=True)
class _Runs:
    """Seconds of each stage, run after run."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, seconds: Mapping[str, float]) -> None:
        for name, value in seconds.items():
            self.values.setdefault(name, []).append(value)

    def figures(self, section: str, limits: Mapping[str, float] | None = None) -> list[Figure]:
        known = limits or {}
        return [Figure(section, name, "s", tuple(v), known.get(name)) for name, v in self.values.items()]


def load_figures(bench: Bench) -> list[Figure]:
    """The encoder and the index opened as a new process does; the index is there already."""
    runs = _Runs()
    settings = bench.settings
    for _ in range(bench.repeat):
        encoder = SentenceEncoder.open(settings.encoder, settings.cache, settings.encoder_batch)
        runs.add(
            {
                "encoder, to its first vector": seconds(functools.partial(encoder.encode_query, "warm-up")),
                "index, to its first snapshot": seconds(lambda: _opened(bench.index)),
                "glossary": seconds(lambda: GlossaryFile.of(bench.corpus, settings.glossary).read()),
            }
        )
    return runs.figures(LOAD)


def build_figures(bench: Bench) -> list[Figure]:
    """A build from nothing by its stages, and refreshes."""
    bench.encoder.encode_query("warm-up")
    runs, rates = _Runs(), []
    for _ in range(bench.repeat):
        stages, changes = _built(bench)
        runs.add(stages)
        rates.append((changes.embedded / stages["encode"], changes.embedded / changes.seconds))
    tokens, weights = _passage_tokens(bench), _weights(bench.encoder)
    limit = encode_limit(bench.machine.most_gflops, weights, tokens) if weights and tokens else None
    encoded, built = zip(*rates, strict=True)
    return [
        *runs.figures(BUILD),
        Figure(BUILD, "passages", "passages", (float(changes.passages),)),
        Figure(BUILD, "tokens of a passage, mean", "tokens", (tokens,)),
        Figure(BUILD, "passages encoded", "/s", encoded, limit),
        Figure(BUILD, "passages of the whole build", "/s", built, limit),
        *_refreshes(bench),
    ]


def search_figures(bench: Bench, texts: Sequence[str]) -> list[Figure]:
    """The median question by its stages; each value is one run over all texts."""
    watch = Watch()
    index = TimedIndex(bench.index, watch)
    glossary = GlossaryFile.of(bench.corpus, bench.settings.glossary).read
    retriever = Retriever(index, TimedEncoder(bench.encoder, watch), glossary)
    for text in texts[:_WARM]:
        retriever.find(text, bench.settings.top_k)
    runs = _Runs()
    for _ in range(bench.repeat):
        found = [_searched(retriever, watch, text, bench.settings.top_k) for text in texts]
        runs.add({name: statistics.median(stages[name] for stages in found) for name in found[0]})
        whole = [stages["whole search"] for stages in found]
        runs.add({"whole search, 95th of 100": statistics.quantiles(whole, n=20)[-1] if len(whole) > 1 else whole[0]})
    with index.read() as snapshot:
        passages = len(snapshot)
    limits = {"dense": dense_limit(bench.machine.gigabytes_per_second, passages, bench.encoder.dimension)}
    if weights := _weights(bench.encoder):
        tokens = statistics.median(_token_counts(bench.encoder, texts))
        limits["encode query"] = 1 / encode_limit(bench.machine.most_gflops, weights, tokens)
    return runs.figures(SEARCH, limits)


def answer_figures(bench: Bench, texts: Sequence[str]) -> list[Figure]:
    """What comes after the search where the notes' own sentences answer, each question with nothing remembered."""
    watch = Watch()
    retriever = Retriever(
        Index(bench.index), bench.encoder, GlossaryFile.of(bench.corpus, bench.settings.glossary).read
    )
    encoder = TimedEncoder(bench.encoder, watch)
    runs = _Runs()
    for _ in range(bench.repeat):
        found = [_answered(retriever, encoder, watch, text, bench.settings.top_k) for text in texts[:_ANSWERED]]
        names = dict.fromkeys(name for stages in found for name in stages)
        runs.add({name: statistics.median(stages[name] for stages in found if name in stages) for name in names})
    return runs.figures(ANSWER)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _built(bench: Bench) -> tuple[dict[str, float], IndexChanges]:
    shutil.rmtree(bench.index, ignore_errors=True)
    watch = Watch()
    changes = refresh(bench.corpus, TimedIndex(bench.index, watch), TimedEncoder(bench.encoder, watch))
    parts = watch.take()
    notes = read_folder(bench.corpus, {}).notes
    stages = {
        "read": seconds(lambda: read_folder(bench.corpus, {})),
        "split": seconds(lambda: [split_note(note) for note in notes]),
        "segment": seconds(lambda: [search_terms(search_text(note.text)) for note in notes]),
        "names mined": seconds(lambda: [pairs_in(note.text) for note in notes]),
        "encode": parts["encode passages"],
        "mean of all questions": parts["encode query"],
        "store": parts["store"],
        "commit, with derived structures": parts["commit"],
    }
    (bench.index / _DERIVED).unlink()
    stages["of it derived structures"] = seconds(lambda: _opened(bench.index))
    Index(bench.index).heal()
    stages["whole build from nothing, encoder loaded"] = changes.seconds
    return stages, changes


def _refreshes(bench: Bench) -> list[Figure]:
    note = min(bench.corpus.rglob("*.md"))
    index = Index(bench.index)
    edited, nothing = [], []
    for number in range(bench.repeat):
        with note.open("a", encoding="utf-8") as file:
            file.write(f"\n第 {number} 次补充：多尺度训练让检测器适应不同大小的目标。\n")
        edited.append(refresh(bench.corpus, index, bench.encoder).seconds)
        nothing.append(refresh(bench.corpus, index, bench.encoder).seconds)
    return [
        Figure(BUILD, "refresh after one edited note", "s", tuple(edited)),
        Figure(BUILD, "refresh with nothing changed", "s", tuple(nothing)),
    ]


def _searched(retriever: Retriever, watch: Watch, text: str, top_k: int) -> dict[str, float]:
    glossary = retriever.glossary()
    segment = seconds(lambda: search_terms(text))
    understood = seconds(lambda: understand(text, glossary))
    watch.take()
    whole = seconds(lambda: retriever.find(text, top_k))
    parts = watch.take()
    named = {name: parts.get(name, 0.0) for name in ("open", "encode query", "dense", "lexical", "rows")}
    return {
        "segment": segment,
        "concepts of the glossary": max(0.0, understood - segment),
        **named,
        "fuse, evidence": max(0.0, whole - understood - sum(named.values())),
        "whole search": whole,
    }


def _answered(retriever: Retriever, encoder: TimedEncoder, watch: Watch, text: str, top_k: int) -> dict[str, float]:
    found, glossary = retriever.find(text, top_k), retriever.glossary()
    vectors = SentenceVectors(encoder)
    watch.take()
    started = time.perf_counter()
    material = gather(text, found, retriever.note, vectors, glossary)
    gathered = time.perf_counter() - started
    encoded = watch.take().get("encode passages", 0.0)
    composer = Composer(material, (detect_language(text),), strict=True)
    stages = {
        "evidence: sentences encoded": encoded,
        "evidence: excerpts chosen and trimmed": gathered - encoded,
        "extract quoted": seconds(composer.quote),
    }
    sentences = composer.result().sentences
    if sentences:
        check = Checker(material.grounds, material.relevance, text).supports
        stages["verification of one sentence, without the model"] = seconds(lambda: check(f"{sentences[0].text} [1]"))
    return stages


def _opened(folder: Path) -> None:
    with Index(folder).read():
        pass


def _passage_tokens(bench: Bench) -> float:
    notes = read_folder(bench.corpus, {}).notes
    texts = [embedded_text(passage) for note in notes for passage in split_note(note)]
    return statistics.mean(_token_counts(bench.encoder, texts)) if texts else 0.0


def _token_counts(encoder: SentenceEncoder, texts: Sequence[str]) -> list[int]:
    """Tokens of each text as a BERT takes them, at most 512."""
    tokenizer = Tokenizer.from_file(str(encoder.folder / "tokenizer.json"))
    tokenizer.enable_truncation(512)
    tokenizer.no_padding()
    return [len(encoding.ids) for encoding in tokenizer.encode_batch_fast(list(texts))]


def _weights(encoder: SentenceEncoder) -> int:
    """0 where the folder is none of safetensors."""
    return encoder_weights(encoder.folder) if (encoder.folder / "model.safetensors").is_file() else 0
