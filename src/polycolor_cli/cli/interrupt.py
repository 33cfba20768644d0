"""Ctrl-C that stops what is under way without losing it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Settable(Protocol):
    """An event, of a thread or of a process."""

    def set(self) -> None: ...


@contextmanager
def sets(stop: Settable, saying: str) -> Iterator[None]:
    """Within this, the first Ctrl-C sets `stop` and says so; a second one means it."""

    def interrupted(signum: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        print(f"\npolycolor: {saying}", file=sys.stderr, flush=True)
        stop.set()

    previous = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
