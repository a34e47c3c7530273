"""The command line: parses, calls `NotesQA`, prints. Heavy modules are imported inside the commands."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from qa import __version__
from qa.cli_bar import Bar, progress_bar
from qa.cli_text import (
    answer_text,
    changes_text,
    checks_text,
    error_text,
    hit_text,
    models_text,
    topic_lines,
)
from qa.errors import NotesQAError, SettingsError
from qa.words import stale_sentence, terminal_language, word

if TYPE_CHECKING:
    from qa.assistant import NotesQA
    from qa.settings import Settings
    from qa.types import IndexChanges, Language

_SETTING_OPTIONS = ("corpus", "index", "chat_model", "language", "top_k", "host", "port")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit codes: 0 done, 1 something is wrong and was said, 2 wrong usage, 130 interrupted."""
    language = terminal_language()
    options = _parser(language).parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace, Language], int] = options.run
        return command(options, language)
    except NotesQAError as error:
        print(error_text(error, language), file=sys.stderr)
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
    index.add_argument("--watch", action="store_true", help=say("watch"))
    ask = add("ask", _ask, "corpus", "index", "chat_model", "language", "top_k")
    ask.add_argument("question", help=say("question"))
    ask.add_argument("--general", action="store_const", const=True, help=say("general"))
    ask.add_argument("--loose", action="store_const", const=False, dest="strict", help=say("loose"))
    search = add("search", _search, "corpus", "index", "top_k")
    search.add_argument("query", help=say("query"))
    topics = add("topics", _topics, "corpus", "index")
    models = add("models", _models, "chat_model")
    doctor = add("doctor", _doctor, "corpus", "index", "chat_model")
    chat = add("chat", _chat, "corpus", "index", "chat_model", "host", "port")
    chat.add_argument("--auth", metavar=say("auth_value"), help=say("auth"))
    evaluation = add("eval", _eval, "corpus", "index", "chat_model")
    source = evaluation.add_mutually_exclusive_group(required=True)
    source.add_argument("questions", type=Path, nargs="?", help=say("questions"))
    source.add_argument("--from-headings", action="store_true", help=say("from_headings"))
    evaluation.add_argument("--limit", type=_count, help=say("limit"))
    evaluation.add_argument("--compare", type=Path, help=say("compare"))
    evaluation.add_argument("--translate", action="store_true", help=say("translate"))
    evaluation.add_argument("--calibrate", action="store_true", help=say("calibrate"))
    evaluation.add_argument("--answers", action="store_true", help=say("answers"))
    evaluation.add_argument("--judge", help=say("judge"))
    evaluation.add_argument("--sample", type=_count, help=say("sample"))
    evaluation.add_argument("--records", type=Path, help=say("records"))
    for command in (ask, search):
        command.add_argument("--topic", help=say("topic"))
    for command in (ask, search, topics, evaluation):
        command.add_argument("--no-refresh", action="store_true", help=say("no_refresh"))
    for command in (index, ask, search, topics, models, doctor, evaluation):
        command.add_argument("--json", action="store_true", help=say("json"))
    return parser


def _index(options: argparse.Namespace, language: Language) -> int:
    with progress_bar(language) as progress, _open(options, progress, refresh=False) as notes:
        _say_stale(notes, language)

        def show(changes: IndexChanges | NotesQAError) -> None:
            progress.close()
            if isinstance(changes, NotesQAError):
                print(error_text(changes, language), file=sys.stderr)
            elif options.json:
                _print_json(asdict(changes))
            else:
                print(changes_text(changes, language), flush=True)

        if options.full or not options.watch:
            show(notes.rebuild(options.full, progress))
        if options.watch:
            print(word("watching", language, path=notes.corpus), file=sys.stderr)
            notes.watch(threading.Event(), show, progress)
    return 0


def _ask(options: argparse.Namespace, language: Language) -> int:
    with progress_bar(language) as progress, _open(options, progress) as notes:
        answer = notes.ask(options.question, topic=options.topic, strict=options.strict, allow_general=options.general)
    if options.json:
        from qa.json_values import answer_to_json

        _print_json(answer_to_json(answer))
    else:
        print(answer_text(answer, language))
    return 0


def _search(options: argparse.Namespace, language: Language) -> int:
    from qa.settings import Settings

    with progress_bar(language) as progress, _open(options, progress) as notes:
        hits = notes.search(options.query, options.top_k or Settings().top_k, options.topic)
    if options.json:
        from qa.json_values import hit_to_json

        _print_json([hit_to_json(hit) for hit in hits])
    else:
        print("\n\n".join(hit_text(hit, language) for hit in hits) or word("nothing_found", language))
    return 0


def _topics(options: argparse.Namespace, language: Language) -> int:
    with progress_bar(language) as progress, _open(options, progress) as notes:
        topics = notes.topics()
    if options.json:
        _print_json([asdict(topic) for topic in topics])
    else:
        print("\n".join(topic_lines(topics, language)))
    return 0


def _models(options: argparse.Namespace, language: Language) -> int:
    from qa.chat.opening import describe_models

    settings = _settings(options)
    models = describe_models(
        cache=settings.cache, base_url=settings.base_url, api_key=_key(settings), language=language
    )
    if options.json:
        _print_json({"configured": settings.chat_model, "models": [asdict(model) for model in models]})
    else:
        print(models_text(settings.chat_model, models, language))
    return 0


def _doctor(options: argparse.Namespace, language: Language) -> int:
    from qa.doctor import examine

    checks = examine(_settings(options), language)
    if options.json:
        _print_json([asdict(check) for check in checks])
    else:
        print(checks_text(checks, language))
    return 0 if all(check.ok for check in checks) else 1


def _password(name: str, language: Language) -> str:
    try:
        return getpass.getpass(word("password", language, name=name))
    except EOFError as error:
        raise SettingsError(
            "There is no terminal to type the password in. Give it with the name, as --auth NAME:PASSWORD."
        ) from error


def _chat(options: argparse.Namespace, language: Language) -> int:
    from qa.conversations import Conversations
    from qa.ui.site import Site, check_door, serve
    from qa.users import Users

    settings = _settings(options)
    users = Users(settings.auth_file)
    if options.auth is not None:
        name, colon, password = options.auth.partition(":")
        users.put(name, password if colon else _password(name, language))
    check_door(settings.host, users)
    conversations = Conversations(settings.conversations, settings.corpus)
    with progress_bar(language) as progress, _open(options, progress, refresh=False) as notes:
        progress.close()
        _say_stale(notes, language)
        chosen = settings.language, settings.allow_general, settings.strict
        serve(notes, settings.port, Site(settings.host, *chosen, conversations, users))
    return 0


def _eval(options: argparse.Namespace, language: Language) -> int:
    from qa.cli_eval import evaluate

    evaluate(options, _settings(options), language)
    return 0


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _settings(options: argparse.Namespace) -> Settings:
    from qa.settings import Settings

    given = {name: getattr(options, name, None) for name in _SETTING_OPTIONS}
    return Settings(**{name: value for name, value in given.items() if value is not None})


def _key(settings: Settings) -> str | None:
    return settings.api_key.get_secret_value() if settings.api_key else None


@contextlib.contextmanager
def _open(options: argparse.Namespace, progress: Bar, refresh: bool = True) -> Iterator[NotesQA]:
    settings = _settings(options)
    from qa.assistant import NotesQA

    refresh = refresh and not getattr(options, "no_refresh", False)
    with NotesQA.open(settings=settings, progress=progress, refresh=refresh) as notes:
        yield notes


def _say_stale(notes: NotesQA, language: Language) -> None:
    """Why the whole index is about to be made again, in a sentence, before that begins."""
    state = notes.index_state()
    if state.stale:
        print(stale_sentence(state.stale, language), file=sys.stderr)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str), flush=True)
