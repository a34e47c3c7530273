"""`python -m qa` is the command `notes-qa`."""

from qa.cli import main

raise SystemExit(main())
