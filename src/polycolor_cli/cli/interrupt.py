"""Ctrl-C and SIGTERM: however often, and whenever, a command ends soon, in one line, with nothing half-written."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, Protocol

SIGNALS = (signal.SIGINT, signal.SIGTERM)
DEADLINE = 1.5
"""Seconds after which a command that was told to end is ended, whatever it is at."""


class Interrupted(BaseException):
    """The command was told to end; no library's handling of Ctrl-C comes in between."""


class Settable(Protocol):
    """An event, of a thread or of a process."""

    def set(self) -> None: ...


_received, _is_interrupted = signal.SIGINT, False
_stop: Settable | None = None
_has_spoken = threading.Lock()


def _interrupted() -> str:
    return "interrupted"


_line: Callable[[], str] = _interrupted


def install() -> None:
    """From now on the first signal ends the command, and those after it change nothing."""
    for one in SIGNALS:
        # nohup and its like have decided otherwise
        if signal.getsignal(one) != signal.SIG_IGN:
            signal.signal(one, _end)


def _end(signum: int, frame: FrameType | None) -> None:
    global _received, _is_interrupted
    for one in SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    _is_interrupted = True
    _received = signal.Signals(signum)
    threading.Thread(target=_watch, daemon=True).start()
    if _stop is None:
        raise Interrupted
    _stop.set()


def _watch() -> None:
    time.sleep(DEADLINE)
    leave()


def code() -> int:
    """The exit code that shells expect of a command that was ended by a signal."""
    return 128 + _received


def say() -> None:
    """Say in one line, once, that the command was ended."""
    if not _has_spoken.acquire(blocking=False):
        return
    try:
        # a progress bar may have hidden the cursor, and left it in its line
        before = "\r\033[K\033[?25h" if sys.stderr.isatty() else ""
        print(f"{before}polycolor: {_line()}", file=sys.stderr, flush=True)
    except (AttributeError, OSError, ValueError):
        # there is no stderr
        return


def end_what_began() -> None:
    """End the processes that the command began, and remove what is half-written."""
    import multiprocessing

    from polycolor_cli.files.atomic import sweep_all

    children = multiprocessing.active_children()
    for child in children:
        child.kill()
    for child in children:
        child.join(0.2)
    sweep_all()


def clean_up() -> None:
    """End what the command began, and say that it was ended."""
    end_what_began()
    say()


def leave() -> NoReturn:
    """End now, whatever the command is at."""
    clean_up()
    os._exit(code())


@contextmanager
def flags(stop: Settable, line: Callable[[], str]) -> Iterator[None]:
    """Within this a signal sets `stop` instead of raising; `line` is what the command then ends with."""
    global _stop, _line
    before = _line
    _stop, _line = stop, line
    try:
        yield
    finally:
        # what a command that was told to end has to say stays true
        _stop, _line = None, _line if _is_interrupted else before


@contextmanager
def saves(stop: Settable, saying: str) -> Iterator[None]:
    """Within this the first signal sets `stop` and says so, and the work is saved; a second one ends it at once."""

    def first(signum: int, frame: FrameType | None) -> None:
        global _received
        _received = signal.Signals(signum)
        for one in SIGNALS:
            signal.signal(one, lambda *_: leave())
        # a terminal shows ^C, and perhaps a progress bar, in its line
        before = "\n" if sys.stderr.isatty() else ""
        print(f"{before}polycolor: {saying}", file=sys.stderr, flush=True)
        stop.set()

    previous = {one: signal.signal(one, first) for one in SIGNALS}
    try:
        yield
    finally:
        for one, handler in previous.items():
            signal.signal(one, handler)
