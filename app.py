"""The chat page: `python app.py` is `notes-qa chat`. No prompt, no retrieval, no file access of its own."""

import sys

from qa.cli import main

if __name__ == "__main__":
    sys.exit(main(["chat", *sys.argv[1:]]))
