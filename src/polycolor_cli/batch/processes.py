"""Processes that pictures are shared among: how many, and the server that they are forked from."""

import multiprocessing
import os
from typing import Any

from polycolor_cli.signals import left_to_parent


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
        from multiprocessing import forkserver

        with left_to_parent():
            forkserver.ensure_running()
