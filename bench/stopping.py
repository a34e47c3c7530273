"""`python -m bench.stopping`: how soon the packaged model's processor time stands still once an answer is closed.

Run it on an idle machine: what else this process computes would count as decoding.
"""

from __future__ import annotations

import argparse
import statistics
import time

from qa.chat import Engine, Message, open_chat_model
from qa.chat.local_model import LocalChatModel
from qa.settings import Settings

_WINDOW = 0.02  # seconds that the processor's clock is looked at
_IDLE = 0.1  # share of such a window that may be used by what waits
_PIECES = 5  # read before the answer is closed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.stopping", description=__doc__)
    parser.add_argument("--repeat", type=int, default=20)
    options = parser.parse_args()
    settings = Settings()
    model, name = open_chat_model(settings.chat_model, cache=settings.cache, engine=settings.engine)
    if not isinstance(model, LocalChatModel):
        raise SystemExit("The chat model of the settings does not run in this process; set NOTES_QA_CHAT_MODEL.")
    seconds = [_stopped(model.engine, number) for number in range(options.repeat + 1)][1:]
    model.close()
    worst = max(seconds)
    print(f"{name}: idle {statistics.median(seconds) * 1000:.0f} ms after closing (at most {worst * 1000:.0f} ms)")


def _stopped(engine: Engine, number: int) -> float:
    """Seconds from closing to the first window without decoding."""
    stream = engine.stream([Message("user", f"从 {number} 数到一千。")], max_tokens=200)
    for _ in range(_PIECES):
        next(stream)
    closed = time.perf_counter()
    stream.close()
    while True:
        began, used = time.perf_counter(), time.process_time()
        time.sleep(_WINDOW)
        if time.process_time() - used < _IDLE * _WINDOW:
            return began - closed


if __name__ == "__main__":
    main()
