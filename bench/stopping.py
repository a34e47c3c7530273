"""`python -m bench.stopping`: how soon the packaged model's processor time stands still once somebody wants to stop it.

A step of the engine holds the interpreter, so the wish has to wait for it: that counts. Run it on an idle machine.
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
_PIECES = 5  # read before somebody wants to stop
_MOMENTS = (0.01, 0.1)  # seconds after that piece, evenly spread


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.stopping", description=__doc__)
    parser.add_argument("--repeat", type=int, default=20)
    options = parser.parse_args()
    settings = Settings()
    model, name = open_chat_model(settings.chat_model, cache=settings.cache, engine=settings.engine)
    if not isinstance(model, LocalChatModel):
        raise SystemExit("The chat model of the settings does not run in this process; set NOTES_QA_CHAT_MODEL.")
    first, last = _MOMENTS
    moments = [first + (last - first) * number / options.repeat for number in range(options.repeat + 1)]
    seconds = [_stopped(model.engine, moment, number) for number, moment in enumerate(moments)][1:]
    model.close()
    worst = max(seconds)
    print(f"{name}: idle {statistics.median(seconds) * 1000:.0f} ms after closing (at most {worst * 1000:.0f} ms)")


def _stopped(engine: Engine, moment: float, number: int) -> float:
    """Seconds from the wish to stop to the first window without decoding."""
    stream = engine.stream([Message("user", f"从 {number} 数到一千。")], max_tokens=200)
    for _ in range(_PIECES):
        next(stream)
    wish = time.perf_counter() + moment
    time.sleep(moment)
    stream.close()
    while True:
        began, used = time.perf_counter(), time.process_time()
        time.sleep(_WINDOW)
        if time.process_time() - used < _IDLE * _WINDOW:
            return began - wish


if __name__ == "__main__":
    main()
