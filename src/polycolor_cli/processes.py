"""Processes that a command begins: how many, what they are forked from, and how they end.

What is sent to all processes of a command, as Ctrl-C is by a terminal, its first process answers.
"""

import ctypes
import multiprocessing
import os
import platform
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait as wait_for
from typing import Any

KEPT = 64 << 20
"""Bytes of freed memory that a process keeps for its next picture."""
AT_ONCE = 32 << 20
"""Bytes from which on something is given back to the system by itself all the same; glibc allows no more."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep_memory() -> None:
    """Let this process keep what memory it frees: page by page from the system anew, it costs a third of a large fill.

    Linux's malloc is told so (mallopt(3) of glibc); others are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if platform.system() == "Linux" else None
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT)
        mallopt(_M_MMAP_THRESHOLD, AT_ONCE)


def context() -> Any:
    """The way that processes are begun here."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload(["polycolor_cli.batch.preload"])
    return forked


def warm_up() -> None:
    """Begin the server that processes are forked from; it loads its libraries while this process loads its own."""
    if context().get_start_method() == "forkserver":
        from multiprocessing import forkserver

        with left_to_parent():
            forkserver.ensure_running()


@contextmanager
def left_to_parent() -> Iterator[None]:
    """Processes that are begun within this never hear Ctrl-C and SIGTERM, not even before their first line of Python.

    They have to end with their parent. On Windows, where signals cannot be held back, they do hear them.
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
    """Let this process, although SIGTERM was left to its parent, be ended by one that is sent to it alone."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def end_with_parent(cleaning_up: Callable[[], None] = lambda: None) -> None:
    """End this process when its parent ends, whatever it is at then."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait_for([parent.sentinel])
        cleaning_up()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
