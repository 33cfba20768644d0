"""Signals that are sent to all processes of a command, as Ctrl-C is by a terminal: its first process answers them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def left_to_parent() -> Iterator[None]:
    """Processes that are begun within this never hear Ctrl-C and SIGTERM, not even before their first line of Python.

    They have to end when their parent does. On Windows, where signals cannot be held back, they do hear them.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    # which begins with the first process otherwise, and lets all signals through again
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def hear_sigterm() -> None:
    """Let this process be ended by SIGTERM, its parent's or any other's, although it was left to the parent."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
