"""Jobs on many machines: the same worker as an actor of Ray Data, one for each core of a Ray cluster.

Sources and results must lie where every machine sees them, and polycolor[ray] be installed on each.
"""

import itertools
import json
import logging
import os
import pickle
from collections import Counter
from collections.abc import Iterable
from typing import Any

from polycolor_cli.batch.plan import Job
from polycolor_cli.batch.run import Outcomes, Stop
from polycolor_cli.batch.work import THREADS, Outcome, Worker, failed
from polycolor_cli.errors import PolycolorError
from polycolor_cli.fill.colorizer import Colorizer

AT_ONCE = 10_000
"""Jobs that the cluster is given at a time, so that memory does not grow with their number."""
TRIES = 3
"""How often a chunk is begun, should its worker die under it."""


def run(
    jobs: Iterable[Job],
    colorizer: Colorizer,
    address: str = "local",
    workers: int | None = None,
    restart: bool = False,
    stop: Stop = lambda: False,
) -> Outcomes:
    """Do the jobs on a Ray cluster and yield each outcome as it comes; none is lost and none comes twice.

    address: `local` starts a cluster on this machine, `auto` finds a running one, or ray://host:port.
    workers: how many at a time, by default one for each core of the cluster.
    Raises PolycolorError where Ray is not installed and where there is no cluster.
    """
    ray = _ray()
    try:
        own = {"include_dashboard": False} if address == "local" else {}
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise PolycolorError(f"--address {address}: no Ray cluster there ({str(error).splitlines()[0]})") from None
    try:
        actors = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        jobs = iter(jobs)
        while chunk := list(itertools.islice(jobs, AT_ONCE)):
            for outcome in _outcomes(ray, chunk, colorizer, actors, restart):
                yield outcome
                if stop():
                    return
    finally:
        ray.shutdown()


def _ray() -> Any:
    # it would warn of its own future
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.data
    except ImportError:
        raise PolycolorError("--engine ray needs more; install polycolor[ray]") from None
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    return ray


def _outcomes(ray: Any, jobs: list[Job], colorizer: Colorizer, actors: int, restart: bool) -> Outcomes:
    chunks = max(actors, -(-len(jobs) // THREADS))
    data = ray.data.from_items([{"job": pickle.dumps(job)} for job in jobs], override_num_blocks=chunks)
    tries = ray.remote(num_cpus=0)(_Tries).remote()
    done = data.map_batches(
        _Actor,
        batch_size=None,
        fn_constructor_args=(pickle.dumps(colorizer), restart, tries),
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_cpus=1,
    )
    for row in done.iter_rows():
        yield Outcome(**json.loads(row["outcome"]))


class _Tries:
    """Counts how often each chunk was begun."""

    def __init__(self) -> None:
        self._begun: Counter[bytes] = Counter()

    def begin(self, chunk: bytes) -> int:
        self._begun[chunk] += 1
        return self._begun[chunk]


class _Actor:
    """A worker, loaded once in each process of the cluster."""

    def __init__(self, colorizer: bytes, restart: bool, tries: Any) -> None:
        import ray

        self._begin = lambda chunk: ray.get(tries.begin.remote(chunk))
        self._worker = Worker(pickle.loads(colorizer), restart)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        jobs = [pickle.loads(job) for job in batch["job"]]
        if self._begin(batch["job"][0]) <= TRIES:
            return {"outcome": [outcome.as_json() for outcome in self._worker.run(jobs)]}
        # Ray gives a chunk to another worker for as long as they die under it
        reason = f"a worker died {TRIES} times over this picture or one done with it (out of memory?)"
        return {"outcome": [failed(job, reason).as_json() for job in jobs]}
