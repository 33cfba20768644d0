"""Processes that answer requests, as many as there are cores, and each job with a time limit.

A decoder that crashes or a picture that takes for ever costs its own request, and nobody else's.
"""

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from polycolor_cli.processes import context, cores, hear_sigterm

if TYPE_CHECKING:
    from polycolor_cli.fill.colorizer import Colorizer
    from polycolor_cli.page.work import Answer, Job

SECONDS = 60
"""Seconds that a job may take; the largest picture takes ten."""
WAITING = 32
"""Jobs that may wait for a core; who comes then is told to come again."""


class Full(Exception):  # noqa: N818
    """There are as many jobs waiting as may wait."""


class Failed(Exception):  # noqa: N818
    """A job that took too long, or whose process died: what happened."""


class Workers:
    """Workers with one model. Its methods are for one event loop."""

    def __init__(self, colorizer: "Colorizer", count: int = 0, seconds: float = SECONDS) -> None:
        self._free = [_Worker(colorizer, seconds) for _ in range(count or cores())]
        self._threads = ThreadPoolExecutor(len(self._free))
        self._most = WAITING + len(self._free)
        self._jobs = 0

    def begin(self) -> None:
        """Begin the processes, before they are asked."""
        for worker in self._free:
            threading.Thread(target=worker.begin, daemon=True).start()

    def __enter__(self) -> None:
        """Take a place among those who are answered or wait, for as long as a request lasts. Raises Full."""
        if self._jobs >= self._most:
            raise Full
        self._jobs += 1

    def __exit__(self, *_: object) -> None:
        self._jobs -= 1

    async def answer(self, job: "Job") -> "Answer":
        """What a worker makes of a job. Raises Failed."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._asked, job)

    def _asked(self, job: "Job") -> "Answer":
        # as many threads as workers: one of them is free
        worker = self._free.pop()
        try:
            return worker.ask(job)
        finally:
            self._free.append(worker)

    def end(self) -> None:
        """End the processes, whatever they are at."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._free:
            worker.end()


class _Worker:
    """A process, begun when it is first needed and again after it died, and the pipe to it."""

    def __init__(self, colorizer: "Colorizer", seconds: float) -> None:
        self._colorizer, self._seconds = colorizer, seconds
        self._starting = threading.Lock()
        self._pipe: Connection | None = None

    def begin(self) -> Connection:
        with self._starting:
            if self._pipe is None:
                self._pipe, theirs = context().Pipe()
                self._process = context().Process(target=_work, args=(theirs, self._colorizer), daemon=True)
                self._process.start()
                theirs.close()
        return self._pipe

    def ask(self, job: "Job") -> "Answer":
        try:
            pipe = self.begin()
            pipe.send(job)
            if pipe.poll(self._seconds):
                return pipe.recv()
            reason = f"took over {self._seconds:g} seconds, and was given up"
        except (EOFError, OSError):
            reason = "ended the process that was at it"
        self.end()
        raise Failed(f"{job.name}: {reason}")

    def end(self) -> None:
        with self._starting:
            if self._pipe is not None:
                self._process.kill()
                self._process.join()
                self._pipe.close()
                self._pipe = None


def _work(jobs: Connection, colorizer: "Colorizer") -> None:
    """The life of a worker: it ends when nobody can send it jobs any more."""
    import cv2
    import numpy as np

    from polycolor_cli.page.work import answer

    hear_sigterm()
    cv2.setNumThreads(1)
    # an open line: whatever is loaded when it is first needed is loaded before anybody waits for it
    drawing = np.full((96, 96), 255, np.uint8)
    cv2.polylines(drawing, [np.array([[40, 20], [20, 20], [20, 76], [76, 76], [76, 20], [50, 20]])], False, 0, 2)
    colorizer.look(drawing)
    gc.freeze()
    while True:
        try:
            job = jobs.recv()
        except (EOFError, OSError):
            return
        jobs.send(answer(colorizer, job))
