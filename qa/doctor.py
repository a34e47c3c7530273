"""Examines every part that an answer takes and says what to fix; changes nothing but unpacks what is packaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qa.errors import IndexNotBuilt, NotesQAError
from qa.settings import Settings
from qa.types import Language
from qa.words import error_sentence, stale_sentence, word

_LOW_DISK_GB = 4.0


@dataclass(frozen=True, slots=True)
class Check:
    """One part: its name, whether it works, and what was seen or what to do."""

    part: str
    ok: bool
    detail: str


def examine(settings: Settings, language: Language) -> list[Check]:
    """All checks in the order in which the parts need each other."""
    return list(_examine(settings, language))


def _examine(settings: Settings, language: Language) -> Iterator[Check]:
    def check(key: str, look: Callable[[Settings, Language], tuple[bool, str]]) -> Check:
        try:
            ok, detail = look(settings, language)
        except NotesQAError as error:
            ok, detail = False, " ".join(filter(None, error_sentence(error, language)))
        return Check(word(key, language), ok, detail)

    yield check("check_disk", _disk)
    yield check("check_settings", _files)
    yield check("check_corpus", _corpus)
    yield check("check_encoder", _encoder)
    yield check("check_index", _index)
    yield check("check_chat", _chat)


def _disk(settings: Settings, language: Language) -> tuple[bool, str]:
    folder = settings.cache
    unpacked = folder.is_dir() and any(folder.rglob("*.gguf"))
    while not folder.is_dir():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    ok = unpacked or free >= _LOW_DISK_GB
    return ok, word("disk_free" if ok else "disk_low", language, path=folder, free=free)


def _files(settings: Settings, language: Language) -> tuple[bool, str]:
    """What else the settings name: glossary, users and reranker."""
    from qa.glossary_file import GlossaryFile
    from qa.users import Users

    GlossaryFile.of(settings.corpus, settings.glossary).read()
    users = Users(settings.auth_file)
    users.credential("")
    if settings.reranker:
        from qa.reranking import Reordering, open_reranker

        Reordering(open_reranker(settings.reranker)).close()
    there = {"glossary": True, "users": bool(users), "reranker": bool(settings.reranker)}
    names = ("、" if language == "zh" else ", ").join(word(f"file_{part}", language) for part in there if there[part])
    return True, word("files_work", language, names=names)


def _corpus(settings: Settings, language: Language) -> tuple[bool, str]:
    from qa.notes import read_notes

    notes, skipped = read_notes(settings.corpus)
    if not notes:
        return False, word("corpus_empty", language)
    return True, word("corpus_count", language, notes=len(notes), skipped=len(skipped))


def _encoder(settings: Settings, language: Language) -> tuple[bool, str]:
    from qa.encoder import SentenceEncoder

    encoder = SentenceEncoder.open(settings.encoder, settings.cache)
    vectors = encoder.encode_passages(["test"])
    return True, word("encoder_works", language, name=encoder.name, dimension=vectors.shape[1])


def _index(settings: Settings, language: Language) -> tuple[bool, str]:
    from qa.encoder import SentenceEncoder
    from qa.index import Index
    from qa.indexing import is_current, staleness

    index = Index(settings.index)
    try:
        with index.read() as snapshot:
            passages = len(snapshot)
    except IndexNotBuilt:
        return False, word("index_missing", language)
    encoder = SentenceEncoder.open(settings.encoder, settings.cache)
    stale = staleness(index.manifest(), encoder.fingerprint)
    if stale:
        return False, f"{stale_sentence(stale, language)} {word('index_stale', language)}"
    if not is_current(settings.corpus, index, encoder):
        return False, word("index_stale", language)
    return True, word("index_current", language, passages=passages)


def _chat(settings: Settings, language: Language) -> tuple[bool, str]:
    from langchain_core.messages import HumanMessage

    from qa.chat import open_chat_model, stream_text

    model, name = open_chat_model(
        settings.chat_model,
        cache=settings.cache,
        engine=settings.engine,
        base_url=settings.base_url,
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        context_tokens=settings.context_tokens,
        timeout=settings.timeout,
    )
    if model is None:
        return True, word("chat_extractive", language)
    try:
        text = "".join(stream_text(model, [HumanMessage("1 + 1 =")], max_tokens=8, timeout=settings.timeout))
    finally:
        close = getattr(model, "close", None)
        if close is not None:
            close()
    return bool(text.strip()), word("chat_answers" if text.strip() else "chat_silent", language, name=name)
