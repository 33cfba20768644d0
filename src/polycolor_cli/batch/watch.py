"""Pictures that arrive: found by looking again and again, and filled once nobody is writing them any more.

By polling, as network shares and containers tell of no changes.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path

from polycolor_cli.batch.plan import Job
from polycolor_cli.batch.work import Outcome
from polycolor_cli.errors import PolycolorError

POLL = 1.0
"""Seconds between two looks; a picture is taken that has not changed between them."""
SLICE = 0.1
"""Seconds after which it is asked whether to end."""

Stamp = tuple[int, int, int]


def watch(
    planned: Callable[[], Iterable[Job]],
    fill: Callable[[list[Job]], Iterator[Outcome]],
    interrupted: Callable[[], bool],
    report: Callable[[str], None] = lambda line: None,
) -> Generator[Outcome, None, None]:
    """The outcomes of all pictures that there are, and of those that arrive or change, until `interrupted` says so.

    planned: the jobs for whatever is there now; fill: does some jobs. What is deleted or changes again meanwhile is no
    failure. Where sources cannot be reached for a while, `report` is called with a line, once. Raises PolycolorError
    where they cannot be from the start.
    """
    seen: dict[Path, Stamp] = {}
    done: dict[Path, Stamp] = {}
    is_first, is_reported = True, False
    while not interrupted():
        try:
            now = {job.source: (job, stamp) for job in planned() if (stamp := _stamp(job.source)) is not None}
            is_reported = False
        except (PolycolorError, OSError) as error:
            if is_first:
                raise
            if not is_reported:
                report(str(error))
            now, is_reported = {}, True
        is_first = False
        ready = [job for source, (job, stamp) in now.items() if seen.get(source) == stamp != done.get(source)]
        seen = {source: stamp for source, (_, stamp) in now.items()}
        done = {source: stamp for source, stamp in done.items() if source in seen}
        done |= {job.source: seen[job.source] for job in ready}
        for outcome in fill(ready) if ready else ():
            source = Path(outcome.source)
            if outcome.state == "failed" and _stamp(source) != done.get(source):
                # gone, or being written again: it is seen to when it is still
                done.pop(source, None)
                continue
            yield outcome
        until = time.monotonic() + POLL
        while time.monotonic() < until and not interrupted():
            time.sleep(SLICE)


def _stamp(path: Path) -> Stamp | None:
    """What changes when a file is written or replaced; None where there is none."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_size, int(about.st_mtime_ns), about.st_ino
