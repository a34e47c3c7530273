"""`NotesQA`: holds the parts and is what Python users, the command line and the chat page call."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from qa import calibration
from qa.calibration import Calibration
from qa.encoder import Encoder, SentenceEncoder
from qa.errors import BadQuestion, ModelFailed, NotesQAError, SettingsError
from qa.found import Found
from qa.glossary_file import GlossaryFile
from qa.index import Index
from qa.indexing import refresh, rules, staleness
from qa.model_holder import ModelHolder
from qa.note_files import AddedFile, NewFile, NoteFile, NoteFiles, SavedNote
from qa.note_tree import NoteTree, note_tree
from qa.reranking import Reordering, open_reranker
from qa.retrieval import OpenStored, Retriever
from qa.settings import Settings
from qa.topics import topic_tree
from qa.translating import Translator
from qa.types import (
    Answer,
    AnswerLanguage,
    Done,
    Event,
    Failed,
    Hit,
    IndexChanges,
    IndexState,
    Note,
    Progress,
    Topic,
    Turn,
)
from qa.watching import watch_notes

if TYPE_CHECKING:  # LangChain takes a second to import, and a search does without it
    from langchain_core.language_models import BaseChatModel
    from langchain_core.retrievers import BaseRetriever

    from qa.answering import Answerer, GetModel

ReportProgress = Callable[[Progress], None]


class NotesQA:
    """Answers questions from one folder of notes; may be shared by threads, and is a context manager.

    The chat model is loaded at the first question, or by `warm_up`; searching never needs it.
    """

    def __init__(
        self,
        corpus: Path,
        index: Index,
        encoder: Encoder,
        settings: Settings,
        load_model: GetModel,
        open_stored: OpenStored | None = None,
        reordering: Reordering | None = None,
    ) -> None:
        self._corpus = corpus
        self._index = index
        self._encoder = encoder
        self._settings = settings
        self._files = NoteFiles(corpus, index.folder / "notes.lock")
        glossary = GlossaryFile.of(corpus, settings.glossary)
        self._reordering = reordering
        self._chat = ModelHolder(load_model)
        self._retriever = Retriever(index, encoder, glossary.read, open_stored, self._reordering)
        self._translator = Translator(
            lambda: self._chat.model, get_names=self._retriever.named_in, get_lost=self._retriever.lost_in
        )
        self._refreshing = threading.Lock()

    @classmethod
    def open(
        cls,
        corpus: str | Path | None = None,
        index: str | Path | None = None,
        settings: Settings | None = None,
        progress: ReportProgress | None = None,
        refresh: bool = True,
    ) -> Self:
        """Open a folder of notes and bring its index up to date; folders default to those of the settings.

        With `refresh=False` the index is taken as it is. Raises NotesQAError's leaves.
        """
        settings = settings or Settings()
        encoder = SentenceEncoder.open(settings.encoder, settings.cache, settings.encoder_batch, progress)

        def load_model() -> tuple[BaseChatModel | None, str]:
            from qa.chat import open_chat_model

            return open_chat_model(
                settings.chat_model,
                cache=settings.cache,
                engine=settings.engine,
                base_url=settings.base_url,
                api_key=settings.api_key.get_secret_value() if settings.api_key else None,
                context_tokens=settings.context_tokens,
                timeout=settings.timeout,
            )

        def open_stored(location: str, fingerprint: str) -> Encoder | None:
            return SentenceEncoder.open_stored(Path(location), fingerprint, settings.cache)

        notes = cls(
            Path(corpus or settings.corpus),
            Index(Path(index or settings.index)),
            encoder,
            settings,
            load_model,
            open_stored,
            Reordering(open_reranker(settings.reranker)) if settings.reranker else None,
        )
        if refresh:
            notes.rebuild(progress=progress)
        return notes

    @property
    def corpus(self) -> Path:
        """The folder of notes."""
        return self._corpus

    @property
    def model_name(self) -> str:
        """What answers, once it is loaded; before that, what is configured."""
        return self._chat.name or self._settings.chat_model

    @property
    def answers_at_once(self) -> int:
        """How many questions to answer at the same time: one with a model of this process, which has it to itself."""
        return self._chat.answers_at_once

    @property
    def chat_model(self) -> BaseChatModel | None:
        """The loaded chat model; None before it is loaded, and for extractive answers."""
        return self._chat.model

    def ask(
        self,
        question: str,
        language: AnswerLanguage | None = None,
        topic: str | None = None,
        history: Sequence[Turn] = (),
        top_k: int | None = None,
        *,
        strict: bool | None = None,
        allow_general: bool | None = None,
    ) -> Answer:
        """The checked answer to one question; see `stream`. What `stream` tells as Failed is raised here."""
        for event in self.stream(question, language, topic, history, top_k, strict=strict, allow_general=allow_general):
            if isinstance(event, Done):
                return event.answer
            if isinstance(event, Failed):
                raise event.error
        raise ModelFailed("The answer ended before it was whole. Ask again.")

    def stream(
        self,
        question: str,
        language: AnswerLanguage | None = None,
        topic: str | None = None,
        history: Sequence[Turn] = (),
        top_k: int | None = None,
        *,
        strict: bool | None = None,
        allow_general: bool | None = None,
        halt: threading.Event | None = None,
    ) -> Generator[Event]:
        """The events of one answer, in this order.

        Sources; Extract, where the search alone is sure enough; Sources again, where the chat model helped to better
        ones; TextDelta as it writes, with SentenceChecked after each sentence; Done with the answer. What goes wrong
        after the sources is the last event, Failed.

        `language` is auto (the question's), zh, en or both. `topic` keeps to what has that name or path.
        `history` holds the earlier turns, oldest first. With `strict`, sentences that no note supports are left out,
        else they are marked; `allow_general` lets the chat model answer from general knowledge, and says so, what the
        notes do not. Both default to the settings. Closing the generator stops the model; while it
        waits for it in another thread, setting `halt` does, and the last event is Failed with AnswerStopped. Raises
        BadQuestion, UnknownTopic, IndexNotBuilt, GlossaryError.
        """
        from qa.answering import Request

        language = language or self._settings.language
        if language not in ("auto", "zh", "en", "both"):
            raise SettingsError(f"The answer language {language!r} is not one of auto, zh, en and both.")
        top_k = _checked(self._settings.top_k if top_k is None else top_k)
        self._chat.check_open()
        self._wait_for_first_build()
        request = Request(
            question,
            language,
            top_k,
            topic,
            tuple(history),
            self._settings.strict if strict is None else strict,
            self._settings.allow_general if allow_general is None else allow_general,
        )

        def events() -> Generator[Event]:
            with self._chat.busy():
                yield from self._answerer.stream(request, halt)

        return events()

    def search(self, query: str, top_k: int = 5, topic: str | None = None) -> list[Hit]:
        """The best passages, best first. Raises BadQuestion, UnknownTopic, IndexNotBuilt, GlossaryError.

        Needs no chat model and loads none; one that is loaded translates the query for notes in the other language.
        """
        return self.find(query, top_k, topic).hits

    def find(self, query: str, top_k: int = 5, topic: str | None = None) -> Found:
        """As `search`, with the evidence on whether the notes answer at all."""
        if not query.strip():
            raise BadQuestion("The search is empty. Type a word or a question.")
        top_k = _checked(top_k)
        self._wait_for_first_build()
        with self._chat.busy():
            return self._retriever.find(query, top_k, topic, self._translator.translate)

    def topics(self) -> tuple[Topic, ...]:
        """The tree of folders, notes and headings, then the tags, with passage counts and names in both languages.

        Raises IndexNotBuilt and GlossaryError.
        """
        glossary = self._retriever.glossary()
        with self._index.read() as snapshot:
            return topic_tree(snapshot.outline(), glossary)

    def note(self, path: str) -> Note | None:
        """One note as it is in the index; None where there is none of this path. Raises IndexNotBuilt."""
        return self._retriever.note(path)

    def notes(self) -> dict[str, Note]:
        """The notes as they are in the index, by path."""
        with self._index.read() as snapshot:
            return snapshot.notes()

    def note_tree(self) -> NoteTree:
        """All notes with passages, languages and sizes, and the files that are none. Raises CorpusNotFound."""
        with self._index.read() as snapshot:
            return note_tree(self._corpus, snapshot)

    def read_note(self, path: str) -> NoteFile:
        """The file of a note of the index as it is now. Raises NoteChanged where it is gone, and NoteRefused."""
        with self._index.read() as snapshot:
            return self._files.read(path, snapshot.note(path))

    def save_note(self, path: str, text: str, sha256: str) -> SavedNote:
        """Write a note's new text over the file with this sha256; `rebuild` or `watch` bring it into the index.

        Raises NoteChanged, where the file is another by now or is gone, and NoteRefused; it then is as it was.
        """
        return self._files.save(path, text, sha256)

    def add_note(self, file: NewFile) -> AddedFile:
        """Put a file into the notes folder, under a clean name and over nothing but what the file names."""
        return self._files.add(file)

    def rebuild(self, full: bool = False, progress: ReportProgress | None = None) -> IndexChanges:
        """Bring the index up to date; `full` encodes every passage again. Old answers go on meanwhile."""
        with self._refreshing:
            return refresh(self._corpus, self._index, self._encoder, full, progress)

    def watch(
        self,
        stop: threading.Event,
        report: Callable[[IndexChanges | NotesQAError], None],
        progress: ReportProgress | None = None,
    ) -> None:
        """Refresh now and whenever notes change, until `stop` is set; each refresh, or why it failed, is reported."""
        for _ in watch_notes(self._corpus, stop):
            try:
                report(self.rebuild(progress=progress))
            except NotesQAError as error:
                report(error)

    def index_state(self) -> IndexState:
        """Whether an index is there, and whether it was built by other rules or with another encoder."""
        manifest = self._index.manifest()
        return IndexState("generation" in manifest, staleness(manifest, self._encoder.fingerprint))

    def built_with(self) -> dict[str, str]:
        """The fingerprint of the encoder and the versions of the rules that the index was built with."""
        manifest = self._index.manifest()
        return {key: manifest[key] for key in ("encoder", *rules()) if key in manifest}

    def calibration(self) -> Calibration:
        """What turns the signs of a search into a probability: the user's own where there is one."""
        return calibration.load(self._index.folder)

    def as_retriever(self, top_k: int = 5, topic: str | None = None) -> BaseRetriever:
        """The search as a LangChain retriever; a document's metadata holds note_path, headings, lines and score."""
        from qa.langchain_retriever import NotesRetriever

        return NotesRetriever(search=self.search, top_k=top_k, topic=topic)

    def warm_up(self, whole: bool = False) -> None:
        """Load the encoder and the chat model now instead of at the first question.

        A model of this process then reads what all prompts begin with, in the background and while nobody asks; with
        `whole` that is waited for. It takes half a minute or more, with llama.cpp at a model's first use only.
        """
        self.warm_up_encoder()
        self._chat.get()
        if whole:
            self._chat.wait_until_read()

    def warm_up_encoder(self) -> None:
        """Load the encoder now; enough for searching and building."""
        self._encoder.encode_passages(["warm-up"])

    def close(self) -> None:
        """Stop and free the chat model; a second call does nothing."""
        self._chat.close()
        self._translator.close()
        if self._reordering:
            self._reordering.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @functools.cached_property
    def _answerer(self) -> Answerer:
        from qa.answering import Answerer
        from qa.writing import Limits

        return Answerer(
            self._retriever,
            self._encoder,
            self._chat.get,
            self._translator.translate,
            self.calibration,
            Limits(self._settings.max_answer_tokens, self._settings.context_tokens, self._settings.timeout),
        )

    def _wait_for_first_build(self) -> None:
        """Where the first index is being built right now, until it is there."""
        if not self._index.manifest():
            with self._refreshing:
                pass


def _checked(top_k: int) -> int:
    if top_k < 1:
        raise SettingsError(f"top_k cannot be {top_k}: at least 1 passage must be asked for.")
    return top_k
