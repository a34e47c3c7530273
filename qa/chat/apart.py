"""Runs a module of this package in a process of its own: a crash of native code ends only that, and its memory is free.

Knows nothing of what the module does.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

_log = logging.getLogger(__name__)


def run_apart(module: str, *arguments: str, seconds: float) -> str:
    """What `python -m module arguments...` prints. Raises RuntimeError with the last line of its complaint.

    One that takes longer than `seconds` is ended.
    """
    package_root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join([package_root, *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"not done after {seconds:.0f} seconds") from None
    if done.returncode:
        _log.info("%s said: %s", module, done.stderr)
        raise RuntimeError((done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1])
    return done.stdout
