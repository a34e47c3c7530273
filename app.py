"""The chat page: `python app.py` is `notes-qa chat`. No prompt, no retrieval, no file access of its own."""

from __future__ import annotations

import sys

from qa.assistant import NotesQA
from qa.errors import NotesQAError
from qa.settings import Settings
from qa.ui.server import serve


def main() -> int:
    """Serve the chat over the configured notes until interrupted; the exit code."""
    try:
        settings = Settings()
        with NotesQA.open(corpus=settings.corpus, index=settings.index, settings=settings) as notes:
            serve(notes, settings.host, settings.port, settings.language)
    except NotesQAError as error:
        print(f"notes-qa: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
