"""What a person sees of a download."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polycolor_cli.models.weights import Progress

EVERY = 3.0
"""Seconds between lines that say how far a download is, where there is no terminal for a bar."""


@contextmanager
def progress() -> Iterator["Progress"]:
    """A bar on stderr that appears with the first bytes; elsewhere than on a terminal, a line now and then."""
    begun: list[str] = []
    last = 0.0
    if not sys.stderr.isatty():

        def tell(name: str, done: int, total: int) -> None:
            nonlocal last
            size = f" of {total / 1e6:.1f} MB" if total else ""
            if name not in begun:
                begun.append(name)
                last = time.monotonic()
                print(f"polycolor: downloading {name}{size.replace(' of ', ', ')}", file=sys.stderr, flush=True)
            elif time.monotonic() - last > EVERY:
                last = time.monotonic()
                print(f"polycolor: downloading {name}: {done / 1e6:.1f} MB{size}", file=sys.stderr, flush=True)

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:

        def show(name: str, done: int, total: int) -> None:
            if not bars.tasks:
                bars.add_task(name, total=total or None)
            bars.update(bars.tasks[0].id, completed=done)

        yield show
