"""Processes that pictures are shared among: how many, and the server that they are forked from."""

import multiprocessing
import os
import signal
from typing import Any


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
        from multiprocessing import forkserver, resource_tracker

        # which the server begins otherwise, and which lets all signals through again
        resource_tracker.ensure_running()
        # what is sent to all processes of a command (Ctrl-C by a terminal) is the parent's to answer: the server and
        # those forked from it never hear it, not even before their first line of Python, and end when the parent does
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def hear_sigterm() -> None:
    """Let a process that was forked from the server be ended by its parent."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
