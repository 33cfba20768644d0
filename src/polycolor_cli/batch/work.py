"""One picture after another, each finished or left alone.

Every output carries a mark made of its drawing's bytes, the paint, the format and the model. A batch
that is started again reads the marks and does only what is missing or would come out differently.
"""

import hashlib
import json
import math
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from polycolor_cli.batch.budget import PixelBudget
from polycolor_cli.batch.plan import Job
from polycolor_cli.errors import FileError, PolycolorError
from polycolor_cli.files import location
from polycolor_cli.files.atomic import Staged, place, sweep
from polycolor_cli.files.picture import encode, format_of, mark_of, opened, read_bytes, seen
from polycolor_cli.fill.colorizer import WARNINGS, Colorizer
from polycolor_cli.fill.paint import Paint
from polycolor_cli.processes import keep_memory

if TYPE_CHECKING:
    from polycolor_cli.fill.colorizer import How

CHUNK = 64
"""Jobs that a worker is given together, at most."""
THREADS = 8
"""Jobs that are read and written at the same time, where that is far away."""

State = Literal["filled", "kept", "empty", "doubtful", "failed"]
STATES: tuple[str, ...] = get_args(State)


@dataclass(frozen=True)
class Outcome:
    """What became of a drawing.

    state: `filled`; `kept` where every output was there already; `empty` where nothing was found to fill and
    `doubtful` where much of what was filled is a guess, the first time and whenever it is kept; or `failed`. reason:
    why it failed, or what a person should know of the fill; share: covered share of the picture (0..1), where it was
    filled.
    """

    source: str
    outputs: list[str]
    state: State
    reason: str | None = None
    share: float | None = None
    seconds: float = 0.0

    def as_json(self) -> str:
        """One line of JSON."""
        # in ASCII alone: a name need not be text, and an encoding need not know its letters
        return json.dumps(asdict(self))


def failed(job: Job, why: str) -> Outcome:
    """What becomes of a job that nobody could do."""
    return Outcome(str(job.source), [str(target) for target in job.outputs], "failed", f"{job.source}: {why}")


class Worker:
    """Does jobs one at a time; from far away others are read and written meanwhile, which takes long there.

    `budget` is shared by workers that together must not open too much at once. OpenCV is left with one thread in
    the worker's process, and that with the memory that it frees.
    """

    def __init__(self, colorizer: Colorizer, restart: bool = False, budget: PixelBudget | None = None) -> None:
        import cv2

        # OpenCV's own threads only wait for each other on small pictures, and take the other workers' cores
        cv2.setNumThreads(1)
        keep_memory()
        self._colorizer, self._restart, self._budget = colorizer, restart, budget
        self._computing = threading.Lock()
        self._threads = ThreadPoolExecutor(THREADS)
        self._swept: set[str] = set()

    def run(self, jobs: list[Job], patience: float = math.inf) -> list[Outcome]:
        """Do a few jobs, or as many of them as begin within some seconds. Whatever goes wrong is an outcome too."""
        began = time.monotonic()
        here = all(job.is_here for job in jobs)
        done = []
        for one in (map if here else self._threads.map)(self._done, jobs):
            done.append(one)
            if here and time.monotonic() - began > patience:
                break
        wrong = place([one for _, staged in done for one in staged])
        return [_placed(outcome, staged, wrong) for outcome, staged in done]

    def _done(self, job: Job) -> tuple[Outcome, list[Staged]]:
        """What becomes of a job, once its outputs are placed."""
        began = time.perf_counter()
        staged: list[Staged] = []
        state: State = "failed"
        share = None
        try:
            state, reason, share = self._filled(job, staged)
        except (PolycolorError, OSError, MemoryError) as error:
            reason = str(error) or type(error).__name__
        except Exception as error:
            # a fault of ours or of a library's: one picture's misfortune, and no reason to stop
            reason = f"{job.source}: {type(error).__name__}: {error}".splitlines()[0]
        outputs = [str(target) for target in job.outputs]
        return Outcome(str(job.source), outputs, state, reason, share, time.perf_counter() - began), staged

    def _filled(self, job: Job, staged: list[Staged]) -> tuple[State, str | None, float | None]:
        with location.reported(job.source, "cannot be read"), job.source.open("rb") as file:
            data = read_bytes(file, str(job.source))
        drawing, missing, kept = hashlib.blake2b(data, digest_size=16), [], ""
        state: State = "filled"
        for how, target in job.tasks:
            self._sweep(target)
            mark = _mark(drawing, how, target.suffix, self._colorizer)
            found = mark_of(target)
            if found in ("", "sheet"):
                raise PolycolorError(f"{target}: is there already, and not by polycolor; move it or give another -o")
            made_of, _, before = (found or "").partition(" ")
            if self._restart or made_of != mark:
                missing.append((how, target, mark))
            else:
                kept = before
        if not missing:
            state = cast(State, kept) if kept in WARNINGS else "kept"
            return state, WARNINGS.get(kept), None
        header = opened(data, str(job.source))
        with self._budget.hold(header.width * header.height) if self._budget else nullcontext():
            with self._computing:
                image = seen(header, str(job.source))
                fills = self._colorizer.fill_each(image, [how for how, _, _ in missing])
            for filled, (_, target, mark) in zip(fills, missing, strict=True):
                state = filled.state
                word = mark if state == "filled" else f"{mark} {state}"
                data = encode(filled.pixels, format_of(target), str(target), word, fast=True, about=filled.about)
                staged += location.stage(target, data)
        return state, filled.warning, round(filled.share, 6)

    def _sweep(self, target: Path) -> None:
        """Remove, once for each folder, what killed processes have left half-written there."""
        # pathlib would take five times as long to name it
        if location.is_here(target) and (folder := os.path.dirname(target)) not in self._swept:  # noqa: PTH120
            self._swept.add(folder)
            sweep(Path(folder))


def _placed(outcome: Outcome, staged: list[Staged], wrong: dict[Path, FileError]) -> Outcome:
    """What became of a drawing whose outputs could, or could not, be placed."""
    trouble = [wrong[one.path] for one in staged if one.path in wrong]
    return replace(outcome, state="failed", reason=str(trouble[0]), share=None) if trouble else outcome


def _mark(drawing: "hashlib.blake2b", how: "How", ending: str, colorizer: Colorizer) -> str:
    """What an output comes from: drawing, paint, format and model, in 32 hex digits."""
    if isinstance(how, Paint):
        paint = f"{how.rgb} {how.lines} {how.background if how.outside is None else how.outside}"
        if how.holes != "fill" or how.only != "all":
            paint += f" {how.holes} {how.only}"
    else:
        # a dataclass of plain values, which says all of itself
        paint = "mask" if how is None else repr(how)
    mark = drawing.copy()
    mark.update(f"{paint} {ending} {colorizer.fingerprint}".encode())
    return mark.hexdigest()
