"""One picture after another, several at a time, each finished or left alone.

Every output carries a mark made of its drawing's bytes, the paint, the format and the model. A batch
that is started again reads the marks and does only what is missing or would come out differently.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from polycolor_cli import location
from polycolor_cli.batch.plan import Job
from polycolor_cli.errors import PolycolorError
from polycolor_cli.fill import Colorizer, Paint
from polycolor_cli.picture import encode, format_of, mark_of, read_picture, size_of

State = Literal["filled", "kept", "failed"]

PIXELS_AT_ONCE = 200_000_000
"""Pixels of drawings that are open at the same time, however many workers there are."""
THREADS = 2
"""Threads to a worker: while one computes, the other waits for the disk."""
AHEAD = 3
"""Jobs waiting for each worker."""


@dataclass(frozen=True)
class Outcome:
    """What became of a drawing.

    state: `filled`, `kept` where every output was there already, or `failed`; reason: why it failed, or
    what a person should know of the fill; share: covered share of the picture (0..1), where it was filled.
    """

    source: str
    outputs: list[str]
    state: State
    reason: str | None = None
    share: float | None = None
    seconds: float = 0.0

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


class Worker:
    """Does jobs, from any number of threads, `at_once` of them computing."""

    def __init__(self, colorizer: Colorizer, restart: bool = False, at_once: int = 1) -> None:
        self._colorizer, self._restart = colorizer, restart
        self._room = _Room(PIXELS_AT_ONCE)
        self._desks = threading.BoundedSemaphore(at_once)
        self._prepared: set[Path] = set()

    def __call__(self, job: Job) -> Outcome:
        """Do one job. Whatever goes wrong is an outcome too."""
        began = time.perf_counter()
        outputs = [str(target) for _, target in job.tasks]
        state: State = "failed"
        share = None
        try:
            state, reason, share = self._filled(job)
        except (PolycolorError, OSError, MemoryError) as error:
            reason = str(error) or type(error).__name__
        except Exception as error:
            # a fault of ours or of a library's: one picture's misfortune, and no reason to stop
            reason = f"{job.source}: {type(error).__name__}: {error}".splitlines()[0]
        return Outcome(str(job.source), outputs, state, reason, share, time.perf_counter() - began)

    def _filled(self, job: Job) -> tuple[State, str | None, float | None]:
        data = _bytes_of(job.source)
        missing = []
        for how, target in job.tasks:
            mark = _mark(data, how, target.suffix, self._colorizer)
            found = mark_of(target)
            if found == "":
                raise PolycolorError(f"{target}: is there already, and not by polycolor; move it or give another -o")
            if self._restart or found != mark:
                missing.append((how, target, mark))
        if not missing:
            return "kept", None, None
        with self._room.for_(size_of(data)):
            with self._desks:
                image = read_picture(data, str(job.source))
                fills = self._colorizer.fill_each(image, [how for how, _, _ in missing])
                files = [
                    encode(filled.image, format_of(target), str(target), mark, fast=True)
                    for filled, (_, target, mark) in zip(fills, missing, strict=True)
                ]
            for file, (_, target, _) in zip(files, missing, strict=True):
                self._prepare(target.parent)
                location.write(target, file)
        return "filled", fills[0].warning, round(fills[0].share, 6)

    def _prepare(self, folder: Path) -> None:
        if folder not in self._prepared:
            location.prepare(folder)
            self._prepared.add(folder)


def run(
    jobs: Iterable[Job],
    colorizer: Colorizer,
    workers: int,
    restart: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Outcome, None, None]:
    """Do the jobs, `workers` at a time, and yield each outcome as it comes.

    A picture that fails is an outcome like any other. Outputs whose mark says that they would come out
    the same again are kept, unless `restart`. Once `stop` says so no job begins, and those under way are
    finished.
    """
    work = Worker(colorizer, restart, workers)
    waiting: set[Future[Outcome]] = set()
    with ThreadPoolExecutor(workers * THREADS) as pool:
        try:
            for job in jobs:
                waiting.add(pool.submit(work, job))
                while len(waiting) >= workers * (THREADS + AHEAD):
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
                if stop():
                    waiting = {future for future in waiting if not future.cancel()}
                    break
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
                if stop():
                    waiting = {future for future in waiting if not future.cancel()}
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class _Room:
    """Pixels that may be open at once; one picture alone may be larger."""

    def __init__(self, pixels: int) -> None:
        self._free, self._pixels, self._changed = pixels, pixels, threading.Condition()

    @contextmanager
    def for_(self, pixels: int) -> Iterator[None]:
        pixels = min(pixels, self._pixels)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free += pixels
                self._changed.notify_all()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PolycolorError(f"{path}: cannot be read ({error.strerror or error})") from None


def _mark(drawing: bytes, how: Paint | None, ending: str, colorizer: Colorizer) -> str:
    """What an output comes from: drawing, paint, format and model, in 32 hex digits."""
    paint = "mask" if how is None else f"{how.rgb} {how.lines} {how.background if how.outside is None else how.outside}"
    about = f"{paint} {ending} {colorizer.fingerprint}"
    return hashlib.blake2b(drawing + about.encode(), digest_size=16).hexdigest()
