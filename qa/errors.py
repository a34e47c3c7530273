"""The errors of this package, each with a message that says what happened and what to do.

NotesQAError
├── SettingsError           a setting has a value that cannot work
├── CorpusNotFound          the notes folder is not there
├── IndexNotBuilt           a search before the first build
├── IndexUnusable           the index cannot be read or written
│   └── IndexLocked         another process is writing it
├── UnknownTopic            no folder, note, heading or tag has that name
├── BadQuestion             empty or far too long
├── NoteChanged             a note's file is another than the editor started from, or is gone
├── NoteRefused             a note cannot be read, saved or added as asked
├── GlossaryError           the user's own glossary cannot be read
├── QuestionFileError       questions, or a former run of them, cannot be used
├── ConversationsUnusable   the file of conversations cannot be read or written
├── ConversationNotFound    there is none of that id, or it is somebody else's
├── WeightsError            packaged model files are missing, damaged, or do not fit on the disk
├── EncoderError            the sentence encoder cannot be loaded
├── ModelNotFound           the chat model named in the settings does not exist
├── ModelUnreachable        its server does not answer
├── ModelFailed             it stopped in the middle
└── AnswerStopped           somebody stopped it
"""

from __future__ import annotations


class NotesQAError(Exception):
    """Base of all errors that a user can do something about."""


class SettingsError(NotesQAError):
    """A setting has a value that cannot work."""


class CorpusNotFound(NotesQAError):
    """The notes folder is not there."""


class IndexNotBuilt(NotesQAError):
    """A search before the first build."""


class IndexUnusable(NotesQAError):
    """The index cannot be read or written."""


class IndexLocked(IndexUnusable):
    """Another process is writing the index."""


class UnknownTopic(NotesQAError):
    """No folder, note, heading or tag has that name; the message lists near names."""

    def __init__(self, name: str, near: tuple[str, ...]) -> None:
        self.name = name
        self.near = near
        hint = f"Near names: {', '.join(near)}." if near else "See them all with: notes-qa topics"
        super().__init__(f"No folder, note, heading or tag is called {name!r}. {hint}")


class BadQuestion(NotesQAError):
    """The question is empty or far too long."""


class NoteChanged(NotesQAError):
    """A note's file is another than the editor started from, or is gone; nothing was written."""

    def __init__(self, message: str, gone: bool = False) -> None:
        self.gone = gone
        super().__init__(message)


class NoteRefused(NotesQAError):
    """A note cannot be read, saved or added as asked; `key` names the reason in `qa.words`."""

    def __init__(self, message: str, path: str = "", key: str = "", detail: str = "") -> None:
        self.path = path
        self.key = key
        self.detail = detail
        super().__init__(message)


class GlossaryError(NotesQAError):
    """The user's own glossary cannot be read."""


class QuestionFileError(NotesQAError):
    """Questions, or a former run of them, cannot be used."""


class ConversationsUnusable(NotesQAError):
    """The file of conversations cannot be read or written."""


class ConversationNotFound(NotesQAError):
    """There is no conversation of that id, or it is somebody else's: the two are not told apart."""


class WeightsError(NotesQAError):
    """Packaged model files are missing, damaged, or do not fit on the disk."""


class EncoderError(NotesQAError):
    """The sentence encoder cannot be loaded."""


class ModelNotFound(NotesQAError):
    """The chat model named in the settings does not exist."""


class ModelUnreachable(NotesQAError):
    """The server of the chat model does not answer."""


class ModelFailed(NotesQAError):
    """The chat model stopped in the middle of an answer."""


class AnswerStopped(NotesQAError):
    """Somebody stopped the answer before it was whole."""
