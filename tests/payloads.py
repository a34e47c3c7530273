"""The hostile texts of `data/payloads.jsonl`: each with a name and what it tries.

In the file PWN stands for a number that tells the payloads apart and TRACKER for the host of a server that counts its
visitors. A payload that gets through sets `window.pwned` or asks that server for something.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "payloads.jsonl"


@dataclass(frozen=True, slots=True)
class Payload:
    """`text` is what stands in a note, an answer, a question, a name."""

    name: str
    tries: str
    text: str

    @property
    def line(self) -> str:
        """The text without line ends, for places that hold one line."""
        return " ".join(self.text.split())


def read_payloads(tracker: str = "tracker.example") -> list[Payload]:
    """All payloads, with this host in the place of TRACKER."""
    with _FILE.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [
        Payload(row["name"], row["tries"], row["text"].replace("PWN", str(number)).replace("TRACKER", tracker))
        for number, row in enumerate(rows, 1)
    ]
