"""Values that cross module borders: frozen, comparable, free of any library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from qa.errors import NotesQAError

Language = Literal["zh", "en"]
AnswerLanguage = Literal["auto", "zh", "en", "both"]
Way = Literal["meaning", "words", "glossary", "translation"]
# What became of a sentence in its check: the model's numbers stood, it had none and got some, they were others, nothing
# in the notes supports it and it is marked or left out; or it is a note's own, or says what another one says.
Change = Literal["kept", "cited", "corrected", "marked", "dropped", "quoted", "translated"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
OTHER: Mapping[Language, Language] = {"zh": "en", "en": "zh"}


@dataclass(frozen=True, slots=True)
class Note:
    """One file of the corpus; `text` is the decoded file with its own line ends."""

    path: str  # posix, relative to the corpus folder
    title: str
    text: str
    sha256: str
    language: Language
    names: tuple[str, ...] = ()  # aliases and tags of the front matter


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one note: `note.text[start:end] == text`.

    Lines are 1-based and inclusive. The passages of a note cover each of its non-blank characters exactly once.
    """

    note_path: str
    title: str  # of the note
    headings: tuple[str, ...]  # from the outermost to the innermost
    text: str
    start: int
    end: int
    start_line: int
    end_line: int
    language: Language
    listing: bool = False  # a table of contents, a list of links, questions without answers: names much, says nothing

    @property
    def id(self) -> str:
        return f"{self.note_path}#L{self.start_line}-L{self.end_line}@{self.start}"

    @property
    def path(self) -> tuple[str, ...]:
        """The title of the note and the headings that it stands under, each once."""
        return self.headings if self.headings[:1] == (self.title,) else (self.title, *self.headings)

    def overlaps(self, other: Passage) -> bool:
        """Whether they share a character of a note."""
        return self.note_path == other.note_path and self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage; ranks are 1-based, `None` where that side did not return the passage."""

    passage: Passage
    rank: int
    score: float  # fused; comparable within one result list only
    dense_rank: int | None
    lexical_rank: int | None
    cosine: float
    copies: tuple[Passage, ...] = ()  # other places of the same text
    ways: tuple[Way, ...] = ()  # by which it was found: its meaning, the question's words, their names in the other
    # language, the words or the meaning of the translated question


@dataclass(frozen=True, slots=True)
class Citation:
    """`quote` stands in the note at exactly these lines (1-based, inclusive)."""

    number: int  # as shown in the answer, 1-based
    passage: Passage
    quote: str
    start_line: int
    end_line: int

    @property
    def note_path(self) -> str:
        return self.passage.note_path

    @property
    def headings(self) -> tuple[str, ...]:
        return self.passage.headings


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two cited passages that say the opposite about what was asked: citation numbers, 1-based."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer and what its check found."""

    language: Language
    text: str  # without numbers
    citations: tuple[int, ...]  # numbers; empty where nothing in the notes supports it
    support: float  # how far above the least that counts as support, below 0: nothing supports it
    change: Change


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Every `[n]` in `texts` has a citation and the reverse; an abstained answer has none."""

    question: str
    texts: Mapping[Language, str]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    abstained: bool
    conflicts: tuple[Conflict, ...] = ()
    model: str = ""
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds since the question, by stage
    sentences: tuple[Sentence, ...] = ()  # with those that were left out of `texts`
    unnamed: tuple[str, ...] = ()  # names in the question that no note has
    general: Mapping[Language, str] = field(default_factory=dict)  # from general knowledge, where that was allowed
    chance: float = 1.0  # that the notes answer, as it was judged before writing, 0 to 1
    forgotten_turns: int = 0  # earlier turns that the model was not shown

    @property
    def text(self) -> str:
        """All texts, Chinese first, separated by a blank line."""
        return "\n\n".join(self.texts[language] for language in LANGUAGES if language in self.texts)


@dataclass(frozen=True, slots=True)
class Sources:
    """What the answer will be drawn from; comes first, and again where the chat model helped to better passages."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Extract:
    """The notes' own sentences on the question, to read until there is text; cited like an answer."""

    texts: Mapping[Language, str]
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the answer in one language, to be appended to what came before."""

    language: Language
    text: str
    general: bool = False  # from general knowledge, not from the notes


@dataclass(frozen=True, slots=True)
class SentenceChecked:
    """A sentence of the text so far was compared with the notes."""

    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Done:
    """Last event of a stream that came to its end. `answer` is checked and may differ from the sum of the deltas."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Failed:
    """Last event of a stream that broke off after its sources were there; `texts` is what was said until then."""

    error: NotesQAError
    texts: Mapping[Language, str]


Event = Sources | Extract | TextDelta | SentenceChecked | Done | Failed


@dataclass(frozen=True, slots=True)
class Topic:
    """A folder, note, heading or tag with the number of passages under it."""

    name: str
    path: str  # "folder/", "note.md", "note.md#Outer/Inner" or "#tag"; accepted as `topic`
    passages: int
    children: tuple[Topic, ...] = ()
    other: str = ""  # its name in the other language; empty where that is unknown or `name` says both

    @property
    def label(self) -> str:
        """The name in both languages, where the other one is known."""
        return f"{self.name} · {self.other}" if self.other else self.name


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file below the corpus that is not in the index, and why: a sentence in English, and its key in `qa.words`."""

    path: str
    reason: str
    key: str = "skip_unreadable"


@dataclass(frozen=True, slots=True)
class IndexChanges:
    """What a refresh did; a second refresh of the same notes changes nothing."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: int
    embedded: int  # passages that were encoded
    reused: int  # passages whose vector was already there
    passages: int  # in the index now
    skipped: tuple[SkippedFile, ...]
    seconds: float

    def __bool__(self) -> bool:
        """True where the index differs from before; with another encoder only the vectors do."""
        return bool(self.added or self.updated or self.deleted or self.embedded)


@dataclass(frozen=True, slots=True)
class IndexState:
    """Whether there is an index, and what it was built with that is another now: it still answers, and is rebuilt."""

    built: bool
    stale: tuple[str, ...]  # of "encoder", "splitter", "segmenter", "search_text" and "miner"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long piece of work is: `stage` is a key of the user interface's strings."""

    stage: str
    done: int
    total: int
    detail: str = ""  # who or what, where the stage has one
