"""`python -m bench.answers QUESTIONS --kept FILE`: answers measured, the model's words kept in FILE from run to run.

Prints what `notes-qa eval --answers` prints; after a change behind the model, a second run
is much faster. Its seconds mean nothing.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench.kept_engine import kept_model
from qa.answer_evaluation import evaluate_answers
from qa.assistant import NotesQA
from qa.encoder import SentenceEncoder
from qa.index import Index
from qa.question_sets import read_questions
from qa.reports import table
from qa.settings import Settings
from qa.types import Language


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.answers", description=__doc__)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--kept", type=Path, required=True, help="file of what the model said")
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--sample", type=int, default=1, help="every so manieth question")
    parser.add_argument("--start", type=int, default=0, help="first question, from 0")
    parser.add_argument("--language", choices=("zh", "en"), help="only questions in it")
    parser.add_argument("--records", type=Path, help="file for the answers")
    options = parser.parse_args()
    languages: tuple[Language, ...] = (options.language,) if options.language else ("zh", "en")
    settings = Settings(corpus=options.corpus, index=options.index)
    encoder = SentenceEncoder.open(settings.encoder, settings.cache, settings.encoder_batch, None)
    model = kept_model(options.kept, settings)
    with NotesQA(options.corpus, Index(options.index), encoder, settings, lambda: (model, "kept")) as notes:
        notes.rebuild()
        notes.warm_up_encoder()  # else the quick engine encodes the first question, a little differently
        questions = read_questions(options.questions)[options.start :: options.sample]
        rows, records = evaluate_answers(notes, questions, None, languages)
    if options.records:
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        options.records.write_text("".join(lines), encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
