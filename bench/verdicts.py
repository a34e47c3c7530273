"""`python -m bench.verdicts`: what the chat model says that the notes answer to a question, yes or no.

Asks about those of tests/data/verdicts.jsonl: from the note's sentence with the gold alone, and from the best
sentences that an answer has. Prints how many of those with no, and with yes, lie below some log-odds of yes over no.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.figures import markdown
from qa.assistant import NotesQA
from qa.chat import LocalChatModel
from qa.encoder import SentenceEncoder
from qa.glossary_file import GlossaryFile
from qa.index import Index
from qa.language import split_sentences
from qa.material import gather
from qa.prompts import verdict_messages, yes_no
from qa.question_sets import Gold, read_questions
from qa.retrieval import Retriever
from qa.sentence_vectors import SentenceVectors
from qa.settings import Settings
from qa.types import LANGUAGES, Language

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "tests" / "data" / "questions.jsonl"
VERDICTS = ROOT / "tests" / "data" / "verdicts.jsonl"
BEST = 3  # sentences, as in `qa/checking.py`
BOUNDS = (-1.2, -0.8, -0.6, -0.4, -0.2, 0.0)


def main() -> None:
    """Ask, and print a line for each yes that looks like a no, then the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.verdicts", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=ROOT / "corpus", help="folder of notes")
    options = parser.parse_args()
    rows = [json.loads(line) for line in VERDICTS.read_text(encoding="utf-8").splitlines()]
    gold = {question.id: question.gold[0] for question in read_questions(QUESTIONS) if question.gold}
    found: dict[tuple[Language, str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(corpus=options.corpus, index=Path(folder))
        encoder = SentenceEncoder.open(settings.encoder, settings.cache, settings.encoder_batch)
        with NotesQA.open(settings=settings) as notes:
            notes.warm_up()
            retriever = Retriever(Index(Path(folder)), encoder, GlossaryFile.of(options.corpus, None).read)
            model = notes.chat_model
            if not isinstance(model, LocalChatModel):
                raise SystemExit("The chat model of the settings does not run in this process.")
            vectors = SentenceVectors(encoder)
            for row in rows:
                for language in LANGUAGES:
                    if question := row.get(language):
                        texts = {
                            "gold": _gold_sentence(options.corpus, gold[row["of"]]),
                            f"best {BEST}": _best(question, language, retriever, vectors),
                        }
                        for source, text in texts.items():
                            odds = _log_odds(model, text, question, language)
                            found.setdefault((language, source, row["answer"]), []).append(odds)
                            if row["answer"] == "yes" and odds < BOUNDS[-1]:
                                print(f"{odds:.2f} by {source}: {question}")
    print(_table(found))


def _log_odds(model: LocalChatModel, note: str, question: str, language: Language) -> float:
    yes, no = yes_no(language)
    chances = model.choose(verdict_messages(note, question, language), (yes, no))
    return chances[yes] - chances[no]


def _gold_sentence(corpus: Path, gold: Gold) -> str:
    text = (corpus / gold.note).read_text(encoding="utf-8")
    at = text.index(gold.quote)
    start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    return next((line[a:b] for a, b in split_sentences(line) if start + a <= at < start + b), gold.quote)


def _best(question: str, language: Language, retriever: Retriever, vectors: SentenceVectors) -> str:
    found = retriever.find(question, Settings().top_k)
    material = gather(question, found, retriever.note, vectors, retriever.glossary())
    ranked = sorted(material.grounds.singles(), key=lambda i: (-material.relevance[i], i))
    texts = [material.grounds.statements[i].text for i in sorted(ranked[:BEST])]
    return ("" if language == "zh" else " ").join(texts)


def _table(found: dict[tuple[Language, str, str], list[float]]) -> str:
    rows: list[Sequence[Any]] = []
    for (language, source, answer), odds in sorted(found.items()):
        below = [f"{sum(each < bound for each in odds)}" for bound in BOUNDS]
        rows.append((language, source, answer, str(len(odds)), *below))
    return markdown(("language", "from", "answer", "questions", *(f"below {bound}" for bound in BOUNDS)), rows)


if __name__ == "__main__":
    main()
