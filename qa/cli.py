"""The command line: parses, calls `NotesQA`, prints. Heavy modules are imported inside the commands."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa import __version__
from qa.errors import NotesQAError
from qa.words import error_sentence, terminal_language, word

if TYPE_CHECKING:
    from qa.assistant import NotesQA
    from qa.settings import Settings
    from qa.types import Answer, Hit, IndexChanges, Language, Progress, Topic

_SETTING_OPTIONS = ("corpus", "index", "chat_model", "language", "top_k", "host", "port")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit codes: 0 done, 1 something is wrong and was said, 2 wrong usage, 130 interrupted."""
    language = terminal_language()
    options = _parser(language).parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace, Language], int] = options.run
        return command(options, language)
    except NotesQAError as error:
        sentence, detail = error_sentence(error, language)
        print(word("error", language) + " ".join(filter(None, (sentence, detail))), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(word("interrupted", language), file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has enough
        sys.stderr.close()
        return 0


def _parser(language: Language) -> argparse.ArgumentParser:
    def say(key: str) -> str:
        return word(key, language)

    parser = argparse.ArgumentParser(prog="notes-qa", description=say("program"), add_help=False)
    parser.add_argument("-h", "--help", action="help", help=say("help"))
    parser.add_argument("--version", action="version", version=f"notes-qa {__version__}", help=say("version"))
    commands = parser.add_subparsers(title=say("commands"), metavar=say("command"), required=True)

    def add(name: str, run: Callable[[argparse.Namespace, Language], int], *settings: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=say(name), description=say(name), add_help=False)
        choices = command.add_argument_group(say("options"))
        choices.add_argument("-h", "--help", action="help", help=say("help"))
        for setting in settings:
            kind = int if setting in ("top_k", "port") else str
            flag = "--" + setting.replace("_", "-")
            text = say("index_folder" if setting == "index" else setting)
            choices.add_argument(flag, type=kind, help=text, dest=setting, default=None)
        command.set_defaults(run=run)
        return command

    index = add("index", _index, "corpus", "index")
    index.add_argument("--full", action="store_true", help=say("full"))
    ask = add("ask", _ask, "corpus", "index", "chat_model", "language", "top_k")
    ask.add_argument("question", help=say("question"))
    search = add("search", _search, "corpus", "index", "top_k")
    search.add_argument("query", help=say("query"))
    topics = add("topics", _topics, "corpus", "index")
    models = add("models", _models, "chat_model")
    doctor = add("doctor", _doctor, "corpus", "index", "chat_model")
    add("chat", _chat, "corpus", "index", "chat_model", "host", "port")
    evaluation = add("eval", _eval, "corpus", "index", "chat_model")
    evaluation.add_argument("questions", type=Path, help=say("questions"))
    evaluation.add_argument("--answers", action="store_true", help=say("answers"))
    evaluation.add_argument("--sample", type=int, help=say("sample"))
    evaluation.add_argument("--records", type=Path, help=say("records"))
    for command in (ask, search):
        command.add_argument("--topic", help=say("topic"))
    for command in (ask, search, topics, evaluation):
        command.add_argument("--no-refresh", action="store_true", help=say("no_refresh"))
    for command in (index, ask, search, topics, models, doctor, evaluation):
        command.add_argument("--json", action="store_true", help=say("json"))
    return parser


def _index(options: argparse.Namespace, language: Language) -> int:
    with _progress(language) as progress, _open(options, progress, refresh=False) as notes:
        changes = notes.rebuild(options.full, progress)
    if options.json:
        from dataclasses import asdict

        _print_json(asdict(changes))
    else:
        print(_changes_text(changes, language))
    return 0


def _ask(options: argparse.Namespace, language: Language) -> int:
    with _progress(language) as progress, _open(options, progress) as notes:
        answer = notes.ask(options.question, topic=options.topic)
    if options.json:
        from qa.json_values import answer_to_json

        _print_json(answer_to_json(answer))
    else:
        print(_answer_text(answer, language))
    return 0


def _search(options: argparse.Namespace, language: Language) -> int:
    from qa.settings import Settings

    with _progress(language) as progress, _open(options, progress) as notes:
        hits = notes.search(options.query, options.top_k or Settings().top_k, options.topic)
    if options.json:
        from qa.json_values import hit_to_json

        _print_json([hit_to_json(hit) for hit in hits])
    else:
        print("\n\n".join(_hit_text(hit, language) for hit in hits) or word("nothing_found", language))
    return 0


def _topics(options: argparse.Namespace, language: Language) -> int:
    with _progress(language) as progress, _open(options, progress) as notes:
        topics = notes.topics()
    if options.json:
        from dataclasses import asdict

        _print_json([asdict(topic) for topic in topics])
    else:
        print("\n".join(_topic_lines(topics, language)))
    return 0


def _models(options: argparse.Namespace, language: Language) -> int:
    from qa.chat.opening import describe_models

    settings = _settings(options)
    models = describe_models(cache=settings.cache, base_url=settings.base_url, api_key=_key(settings))
    if options.json:
        from dataclasses import asdict

        _print_json({"configured": settings.chat_model, "models": [asdict(model) for model in models]})
    else:
        print(word("configured", language, spec=settings.chat_model))
        for model in models:
            print(f"  {model.spec:<20} {word('found' if model.found else 'missing', language):<8} {model.note}")
    return 0


def _doctor(options: argparse.Namespace, language: Language) -> int:
    from qa.doctor import examine

    checks = examine(_settings(options), language)
    problems = sum(not check.ok for check in checks)
    if options.json:
        from dataclasses import asdict

        _print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            print(f"{word('ok' if check.ok else 'problem', language):<8} {check.part}: {check.detail}")
        print(word("doctor_bad", language, count=problems) if problems else word("doctor_ok", language))
    return 1 if problems else 0


def _chat(options: argparse.Namespace, language: Language) -> int:
    from qa.ui.server import serve

    settings = _settings(options)
    with _progress(language) as progress, _open(options, progress) as notes:
        progress.close()
        serve(notes, settings.host, settings.port, settings.language)
    return 0


def _eval(options: argparse.Namespace, language: Language) -> int:
    from dataclasses import asdict

    from qa.evaluation import evaluate_answers, evaluate_retrieval, read_questions, table

    questions = read_questions(options.questions)
    with _progress(language) as progress, _open(options, progress) as notes:
        retrieval = evaluate_retrieval(notes, questions)
        asked = questions[:: max(1, len(questions) // options.sample)] if options.sample else questions
        answers, records = evaluate_answers(notes, asked, progress) if options.answers else ([], [])
    if options.records:
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        options.records.write_text("".join(lines), encoding="utf-8")
    if options.json:
        _print_json({"retrieval": [asdict(row) for row in retrieval], "answers": [asdict(row) for row in answers]})
    else:
        print("\n\n".join(filter(None, (table(retrieval), table(answers)))))
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    from qa.settings import Settings

    given = {name: getattr(options, name, None) for name in _SETTING_OPTIONS}
    return Settings(**{name: value for name, value in given.items() if value is not None})


def _key(settings: Settings) -> str | None:
    return settings.api_key.get_secret_value() if settings.api_key else None


@contextlib.contextmanager
def _open(options: argparse.Namespace, progress: _Bar, refresh: bool = True) -> Iterator[NotesQA]:
    settings = _settings(options)
    from qa.assistant import NotesQA

    refresh = refresh and not getattr(options, "no_refresh", False)
    with NotesQA.open(settings=settings, progress=progress, refresh=refresh) as notes:
        yield notes


class _Bar:
    """A progress bar on the terminal for each stage of the work; nothing where nobody watches."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._bar: Any = None
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        from tqdm import tqdm

        if progress.stage != self._stage:
            self.close()
            self._stage = progress.stage
            name = word(f"stage_{progress.stage}", self._language)
            self._bar = tqdm(total=progress.total, desc=name, file=sys.stderr, disable=None, leave=False)
        self._bar.total = progress.total
        self._bar.update(progress.done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextlib.contextmanager
def _progress(language: Language) -> Iterator[_Bar]:
    bar = _Bar(language)
    try:
        yield bar
    finally:
        bar.close()


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _changes_text(changes: IndexChanges, language: Language) -> str:
    skipped = [word("skipped", language, path=file.path, reason=file.reason) for file in changes.skipped]
    if not changes:
        return "\n".join((word("unchanged", language, notes=changes.unchanged, passages=changes.passages), *skipped))
    text = word(
        "changed",
        language,
        added=len(changes.added),
        updated=len(changes.updated),
        deleted=len(changes.deleted),
        unchanged=changes.unchanged,
        passages=changes.passages,
        embedded=changes.embedded,
        reused=changes.reused,
        seconds=f"{changes.seconds:.1f}",
    )
    return "\n".join((text, *skipped))


def _answer_text(answer: Answer, language: Language) -> str:
    parts = [answer.text]
    if answer.citations:
        parts += ["", word("sources", language)]
    for citation in answer.citations:
        place = word("lines", language, start=citation.start_line, end=citation.end_line)
        parts.append(f"[{citation.number}] {citation.note_path} · {' > '.join(citation.headings)} · {place}")
        parts += [f"    {line}" for line in citation.quote.splitlines()]
    return "\n".join(parts)


def _hit_text(hit: Hit, language: Language) -> str:
    passage = hit.passage
    place = word("lines", language, start=passage.start_line, end=passage.end_line)
    head = f"{hit.rank}. {passage.note_path} · {' > '.join(passage.headings)} · {place}"
    return "\n".join((head, *(f"    {line}" for line in passage.text.splitlines())))


def _topic_lines(topics: Sequence[Topic], language: Language, depth: int = 0) -> Iterator[str]:
    for topic in topics:
        yield f"{'  ' * depth}{topic.name} ({word('passages_count', language, count=topic.passages)})"
        yield from _topic_lines(topic.children, language, depth + 1)
