"""Jobs on all cores of this machine: one process each, for much of a small picture's time is Python's.

No job is ever lost: where a process dies, killed for its memory for one, those that were under way are
done again one by one, and the one that brings a process down by itself has failed.
"""

import itertools
import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from polycolor_cli.batch.budget import PixelBudget
from polycolor_cli.batch.plan import Job
from polycolor_cli.batch.work import CHUNK, THREADS, Outcome, Worker, failed
from polycolor_cli.files.atomic import note, sweep_all
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.processes import context, end_with_parent, hear_sigterm, warm_up

PIXELS_AT_ONCE = 200_000_000
"""Pixels of drawings that are open at the same time, however many processes there are."""
AHEAD = 2
"""Chunks for each process: the one under way, and the next."""
MOMENT = 0.1
"""Seconds that a chunk should take: long beside handing it over, and short for whoever watches."""
POLL = 0.05
"""Seconds between looks at whether somebody has told the batch to end."""
GRACE = 0.8
"""Seconds in which pictures under way may be finished once somebody has."""
PATIENCE = 0.5
"""Seconds after which one that takes longer is broken off, where large pictures come after small ones for instance."""

Outcomes = Generator[Outcome, None, None]
Stop = Callable[[], bool]


def run(
    jobs: Iterable[Job],
    colorizer: Colorizer,
    workers: int,
    restart: bool = False,
    stop: Stop = lambda: False,
    interrupted: Stop = lambda: False,
) -> Outcomes:
    """Do the jobs, `workers` at a time, and yield each outcome as it comes.

    A picture that fails is an outcome like any other. Outputs whose mark says that they would come out
    the same again are kept, unless `restart`. Once `stop` says so no job begins, and those under way are
    finished; once `interrupted` does, those that take longer than a moment are given up too.
    """
    chunks = _Chunks(jobs)
    if workers > 1:
        yield from _on_processes(chunks, colorizer, workers, restart, stop, interrupted)
        return
    work = Worker(colorizer, restart)
    while chunk := chunks.next():
        done = work.run(chunk, PATIENCE)
        chunks.learn(chunk, done)
        yield from done
        if stop() or interrupted():
            return


class _Chunks:
    """Jobs, as many together as take a moment: one large picture, or many small ones."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs, self._size = iter(jobs), 1

    def next(self) -> list[Job]:
        """The next chunk, empty at the end."""
        chunk = list(itertools.islice(self._jobs, self._size))
        # by the system's own names: pathlib's take five times as long
        folders = {os.path.dirname(target) for job in chunk if job.is_here for target in job.outputs}  # noqa: PTH120
        for folder in folders:
            note(Path(folder))
        return chunk

    def learn(self, chunk: list[Job], done: list[Outcome]) -> None:
        """Learn from a chunk how large the next should be; what was not done of it comes again."""
        if rest := chunk[len(done) :]:
            self._jobs = itertools.chain(rest, self._jobs)
        seconds = sum(outcome.seconds for outcome in done) / len(done)
        # from far away several come at the same time
        least, most = (1, CHUNK) if all(job.is_here for job in chunk) else (THREADS, THREADS)
        self._size = min(max(least, int(MOMENT / max(seconds, 1e-6))), most, 2 * self._size)


def _on_processes(
    chunks: _Chunks, colorizer: Colorizer, workers: int, restart: bool, stop: Stop, interrupted: Stop
) -> Outcomes:
    lost: list[Job] = []
    while True:
        processes = _processes(colorizer, workers, restart)
        try:
            yield from _until_one_dies(chunks, processes, workers, lost, stop, interrupted)
        finally:
            processes.shutdown(wait=True, cancel_futures=True)
        if interrupted():
            sweep_all()
        if not lost or interrupted():
            return
        while lost and not stop() and not interrupted():
            yield from _until_it_dies(lost, colorizer, restart, stop, interrupted)
        lost.clear()


def _until_one_dies(
    chunks: _Chunks,
    processes: ProcessPoolExecutor,
    workers: int,
    lost: list[Job],
    stop: Stop,
    interrupted: Stop,
) -> Outcomes:
    """Outcomes of jobs, to their end or until a process dies; what was under way then is put into `lost`."""
    waiting: dict[Future[list[Outcome]], list[Job]] = {}
    while not lost:
        while not stop() and not interrupted() and len(waiting) < workers * AHEAD and (chunk := chunks.next()):
            try:
                waiting[processes.submit(_do, chunk)] = chunk
            except BrokenProcessPool:
                lost += chunk
                break
        if stop():
            waiting = {future: chunk for future, chunk in waiting.items() if not future.cancel()}
        if not waiting:
            return
        done = _some_completed(waiting, interrupted)
        if interrupted():
            done = _completed_in_time(waiting)
        for future in done:
            chunk = waiting.pop(future)
            if outcomes := _unless_lost(future, chunk, lost):
                chunks.learn(chunk, outcomes)
                yield from outcomes
        if interrupted():
            return
    for future, chunk in waiting.items():
        if outcomes := _unless_lost(future, chunk, lost):
            chunks.learn(chunk, outcomes)
            yield from outcomes


def _some_completed(waiting: Iterable[Future[list[Outcome]]], interrupted: Stop) -> set[Future[list[Outcome]]]:
    """Those that are completed, as soon as there is one; fewer where somebody has told the batch to end."""
    while not (done := wait(waiting, POLL, return_when=FIRST_COMPLETED).done) and not interrupted():
        pass
    return done


def _completed_in_time(waiting: Iterable[Future[list[Outcome]]]) -> set[Future[list[Outcome]]]:
    """Those under way that are completed within a moment; the processes of others are ended."""
    # none is cancelled: an executor whose processes end meanwhile stumbles over those that are
    done, late = wait(waiting, GRACE)
    if late:
        for process in multiprocessing.active_children():
            process.kill()
    return done


def _unless_lost(future: Future[list[Outcome]], chunk: list[Job], lost: list[Job]) -> list[Outcome]:
    try:
        return future.result()
    except BrokenProcessPool:
        lost += chunk
        return []


def _until_it_dies(lost: list[Job], colorizer: Colorizer, restart: bool, stop: Stop, interrupted: Stop) -> Outcomes:
    """Outcomes of lost jobs, one by one in one process, to their end or to the one that brings the process down."""
    with _processes(colorizer, 1, restart) as process:
        while lost and not stop() and not interrupted():
            job = lost.pop(0)
            try:
                future = process.submit(_do, [job])
                if not _some_completed([future], interrupted) and not _completed_in_time([future]):
                    return
                yield from future.result()
            except BrokenProcessPool:
                yield failed(job, "its process was killed (out of memory?)")
                return


def _processes(colorizer: Colorizer, workers: int, restart: bool) -> ProcessPoolExecutor:
    warm_up()
    way = context()
    given = pickle.dumps(colorizer), restart, PixelBudget(way, PIXELS_AT_ONCE)
    return ProcessPoolExecutor(workers, way, _begin, given)


_worker: Worker


def _begin(colorizer: bytes, restart: bool, budget: PixelBudget) -> None:
    """The beginning of a process: its worker, loaded once."""
    global _worker
    # Ctrl-C is the parent's to hear; where processes are spawned, not forked, it would be heard here too
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _end())
    hear_sigterm()
    end_with_parent(sweep_all)
    _worker = Worker(pickle.loads(colorizer), restart, budget)


def _end() -> None:
    """End this process, with nothing half-written left."""
    sweep_all()
    os._exit(1)


def _do(chunk: list[Job]) -> list[Outcome]:
    return _worker.run(chunk, PATIENCE)
