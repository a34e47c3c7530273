"""`python -m bench.retrieval DATA`: how well the search does on public question sets, as a Markdown table.

DATA is a folder with `xquad-dev`, `cheatsheet-dev` and `notes-dev`, which are not part of the project: passages and
questions in both languages, and folders of notes with masked headings. The packaged encoder; the chat model of the
settings only where it is to translate, whose time is not counted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.translations import KeptTranslations
from qa import calibration
from qa.encoder import Encoder, SentenceEncoder
from qa.found import Found
from qa.glossary import Glossary
from qa.index import Index
from qa.indexing import refresh
from qa.metrics import DEPTH, auroc, hit_at, reciprocal_rank
from qa.retrieval import Retriever, Translate
from qa.settings import Settings
from qa.types import LANGUAGES, OTHER, Hit, Language, Passage


@dataclass(frozen=True, slots=True)
class Case:
    """A question of a set, and the names of the notes that answer it; none where the notes do not."""

    text: str
    language: Language
    gold: tuple[str, ...]
    hidden: tuple[str, ...] = ()  # notes that count as not there
    sections: tuple[Mapping[str, Any], ...] = ()  # of notes, that answer it: file, first and last line


class Sets:
    """The public sets, indexed as notes of one passage each in a temporary folder."""

    def __init__(self, data: Path, folder: Path, wrap: Callable[[Encoder], Encoder] = lambda real: real) -> None:
        settings = Settings()
        self.data = data
        self._folder = folder
        self.encoder = wrap(SentenceEncoder.open(settings.encoder, settings.cache))
        self.glossary = Glossary.load()
        self.index_of: dict[Retriever, Index] = {}

    def retriever(self, name: str, passages: Iterable[Mapping[str, Any]]) -> Retriever:
        """Over passages as notes, each called by its id."""
        corpus = self._folder / name
        corpus.mkdir(parents=True)
        for passage in passages:
            (corpus / _file(passage["id"])).write_text(passage["text"], encoding="utf-8")
        return self.over(corpus, name)

    def over(self, corpus: Path, name: str) -> Retriever:
        """Over a folder of notes."""
        index = Index(self._folder / f"index-{name}")
        refresh(corpus, index, self.encoder)
        retriever = Retriever(index, self.encoder, lambda: self.glossary)
        self.index_of[retriever] = index
        return retriever

    def lines(self, *parts: str) -> list[dict[str, Any]]:
        """A JSON Lines file of the data."""
        return [json.loads(line) for line in self.data.joinpath(*parts).read_text("utf-8").splitlines() if line.strip()]

    def passages(self, name: str, language: Language, prefix: str = "") -> list[dict[str, Any]]:
        return [p | {"id": prefix + p["id"]} for p in self.lines(name, f"passages.{language}.jsonl")]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.retrieval", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the sets")
    parser.add_argument("--translations", type=Path, help="translate too; what was translated is kept in this file")
    parser.add_argument("--only", default="", help="sets whose name starts so")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sets = Sets(options.data, Path(folder))
        translate = KeptTranslations(options.translations) if options.translations else None
        print("| set | questions | hit@1 | hit@5 | hit@10 | MRR@10 | p50 / p95 ms |\n|" + "---|" * 7)
        for name, retriever, cases in ranked_sets(sets, options.only):
            print(_ranked_row(name, retriever, cases, translate), flush=True)
        print("\n| refusal | answerable | not | AUROC | declined answerable | declined others |\n|" + "---|" * 6)
        for name, retriever, cases in refusal_sets(sets):
            print(_refusal_row(name, retriever, cases, translate), flush=True)
        if translate:
            translate.save()


def ranked_sets(sets: Sets, only: str = "") -> Iterator[tuple[str, Retriever, list[Case]]]:
    """(name, search, questions) of the sets in which every question has an answer, of those whose name starts so."""
    kinds = {"XQuAD": _xquad_sets, "cheat sheet": _sheet_sets, "notes": _note_sets}
    for kind, of_kind in kinds.items():
        if kind.startswith(only) or only.startswith(kind):
            yield from (one for one in of_kind(sets) if one[0].startswith(only))


def _xquad_sets(sets: Sets) -> Iterator[tuple[str, Retriever, list[Case]]]:
    questions = {of: sets.lines("xquad-dev", f"questions.{of}.jsonl") for of in LANGUAGES}
    for to in LANGUAGES:
        retriever = sets.retriever(f"xquad-{to}", sets.passages("xquad-dev", to))
        for of in LANGUAGES:
            yield f"XQuAD {of}2{to}", retriever, [Case(q["text"], of, tuple(q["gold"])) for q in questions[of]]
    both = [passage for of in LANGUAGES for passage in sets.passages("xquad-dev", of, f"{of}-")]
    mixed = sets.retriever("xquad-mixed", both)
    for of in LANGUAGES:
        cases = [Case(q["text"], of, _prefixed(OTHER[of], q["gold"]), _prefixed(of, q["gold"])) for q in questions[of]]
        yield f"XQuAD mixed, {of} asks, gold {OTHER[of]} only", mixed, cases


def _sheet_sets(sets: Sets) -> Iterator[tuple[str, Retriever, list[Case]]]:
    sheets = {of: sets.retriever(f"sheet-{of}", sets.passages("cheatsheet-dev", of)) for of in LANGUAGES}
    for field, kind in (("text", "definitions"), ("text_term", "bare terms")):
        for of in LANGUAGES:
            asked = sets.lines("cheatsheet-dev", f"questions.{of}.jsonl")
            cases = [Case(q[field], of, tuple(q["gold"])) for q in asked if q.get(field)]
            yield f"cheat sheet {kind} {of}2{OTHER[of]}", sheets[OTHER[of]], cases


def _note_sets(sets: Sets) -> Iterator[tuple[str, Retriever, list[Case]]]:
    """Headings are blanked, so that only the answer's own text can match."""
    questions = sets.lines("notes-dev", "questions.jsonl")
    cases = [Case(q["text_ctx"] or q["text"], q["lang"], (), sections=tuple(q["gold"])) for q in questions]
    retriever = sets.over(sets.data / "notes-dev" / "docs_masked", "masked")
    yield "notes, headings masked, sections", retriever, cases
    for of in LANGUAGES:
        yield f"notes, headings masked, {of} alone", retriever, [case for case in cases if case.language == of]


def refusal_sets(sets: Sets) -> Iterator[tuple[str, Retriever, list[Case]]]:
    """XQuAD with half of its articles, and with every second passage of each: the others' questions have no answer."""
    for rule in ("even articles", "every second passage"):
        kept = {
            p["id"]
            for number, p in enumerate(sets.passages("xquad-dev", "en"))
            if (p["article"] if rule == "even articles" else number) % 2 == 0
        }
        for to in LANGUAGES:
            passages = [p for p in sets.passages("xquad-dev", to) if p["id"] in kept]
            retriever = sets.retriever(f"{rule}-{to}".replace(" ", "-"), passages)
            for of in LANGUAGES:
                asked = sets.lines("xquad-dev", f"questions.{of}.jsonl")
                cases = [Case(q["text"], of, tuple(i for i in q["gold"] if i in kept)) for q in asked]
                yield f"XQuAD {rule} {of}2{to}", retriever, cases


def ranks_of(hits: Iterable[Hit], case: Case) -> list[int | None]:
    """Rank of the first passage of a gold note, notes that count as not there left out; or of a gold section.

    Right for a section is a passage that lies half in it, or covers half of it.
    """
    if case.sections:
        right = (h.rank for h in hits for p in (h.passage, *h.copies) for gold in case.sections if _in_section(p, gold))
        first = next(right, DEPTH + 1)
        return [first if first <= DEPTH else None]
    gold, hidden = set(map(_file, case.gold)), set(map(_file, case.hidden))
    places = [{hit.passage.note_path, *(copy.note_path for copy in hit.copies)} - hidden for hit in hits]
    found = [rank for rank, names in enumerate(filter(None, places), 1) if names & gold]
    return [found[0] if found and found[0] <= DEPTH else None]


def _ranked_row(name: str, retriever: Retriever, cases: Sequence[Case], translate: Translate | None) -> str:
    ranks, taken = [], []
    for case in cases:
        found, seconds = _find(retriever, case, translate)
        ranks.append(ranks_of(found.hits, case))
        taken.append(seconds)
    return _figures(name, ranks, taken)


def _in_section(passage: Passage, gold: Mapping[str, Any]) -> bool:
    first, last = gold["line"], gold["end_line"]
    overlap = min(passage.end_line, last) - max(passage.start_line, first) + 1
    size = passage.end_line - passage.start_line + 1
    return bool(passage.note_path == gold["file"]) and overlap > 0 and 2 * overlap >= min(size, last - first + 1)


def _refusal_row(name: str, retriever: Retriever, cases: Sequence[Case], translate: Translate | None) -> str:
    of = calibration.shipped()
    sure = [of.chance(_find(retriever, case, translate)[0].evidence, None, case.language) for case in cases]
    yes = np.array([p for p, case in zip(sure, cases, strict=True) if case.gold])
    no = np.array([p for p, case in zip(sure, cases, strict=True) if not case.gold])
    declined = f"{(yes < 0.5).mean():.3f} | {(no < 0.5).mean():.3f}"
    return f"| {name} | {len(yes)} | {len(no)} | {auroc(yes, no):.3f} | {declined} |"


def _figures(name: str, ranks: Sequence[Sequence[int | None]], taken: Sequence[float]) -> str:
    hits = [f"{np.mean([hit_at(k, each) for each in ranks]):.3f}" for k in (1, 5, 10)]
    mrr = np.mean([reciprocal_rank(DEPTH, each) for each in ranks])
    p50, p95 = np.percentile(taken, [50, 95])
    return f"| {name} | {len(ranks)} | {' | '.join(hits)} | {mrr:.3f} | {1e3 * p50:.0f} / {1e3 * p95:.0f} |"


def _find(retriever: Retriever, case: Case, translate: Translate | None) -> tuple[Found, float]:
    started = time.perf_counter()
    found = retriever.find(case.text, DEPTH + 2 * len(case.hidden), translate=translate)
    return found, time.perf_counter() - started


def _prefixed(language: Language, ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{language}-{identity}" for identity in ids)


def _file(identity: str) -> str:
    """Says nothing, as the ids would: the names of notes are searched too."""
    return f"{int.from_bytes(hashlib.blake2b(identity.encode(), digest_size=6).digest())}.md"


if __name__ == "__main__":
    main()
