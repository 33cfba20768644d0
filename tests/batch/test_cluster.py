"""A real Ray cluster on this machine, and what it is asked for by one that only pretends."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from conftest import Faulty, Run, square
from polycolor_cli.batch import cluster
from polycolor_cli.batch.plan import Job, plan
from polycolor_cli.errors import PolycolorError
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint


def actors() -> list[int]:
    """The processes of Ray's actors on this machine."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"ray::MapWorker" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_a_killed_worker_loses_nothing_and_repeats_nothing(tmp_path: Path, polycolor: Run) -> None:
    (tmp_path / "in").mkdir()
    for number in range(400):
        square(64 + number % 64).save(tmp_path / "in" / f"{number}.png")
    (tmp_path / "in" / "bad.png").write_bytes(b"broken")
    command = [
        str(Path(sys.executable).with_name("polycolor")), "batch", "in", "-c", "red", "--engine", "ray", "--json",
    ]  # fmt: skip
    with (tmp_path / "errors").open("w") as file:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=file, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    victims = actors()
    assert victims
    os.kill(victims[0], signal.SIGKILL)
    lines += process.stdout.readlines()
    assert process.wait() == 1
    errors = (tmp_path / "errors").read_text()
    # Ray has a line of its own on actors that may be restarted
    assert errors.splitlines()[-1] == "polycolor: in/bad.png: not a PNG, JPEG, WebP, BMP, TIFF or GIF picture"
    assert "Traceback" not in errors
    rows = [json.loads(line) for line in lines]
    sources = [row["source"] for row in rows[:-1]]
    assert len(sources) == len(set(sources)) == 401
    assert rows[-1]["summary"]["failed"] == 1
    assert len(list((tmp_path / "in-colored").glob("*.png"))) == 400
    time.sleep(1)
    report = ("batch", "in", "-c", "red", "--engine", "ray", "-q", "--report", "r.json")
    polycolor(*report, code=1)
    assert json.loads((tmp_path / "r.json").read_text())["summary"]["kept"] == 400


@pytest.mark.slow
def test_a_picture_that_no_worker_survives_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    (tmp_path / "in").mkdir()
    for number in range(24):
        square(60 if number == 5 else 64).save(tmp_path / "in" / f"{number:02}.png")
    jobs = plan([tmp_path / "in"], None, {"red": Paint("red")})
    outcomes = list(cluster.run(jobs, Faulty(threads=1), workers=2))
    assert len({outcome.source for outcome in outcomes}) == len(outcomes) == 24
    failed = {Path(outcome.source).name: outcome.reason or "" for outcome in outcomes if outcome.state == "failed"}
    assert "05.png" in failed
    assert len(failed) <= cluster.THREADS
    assert all("a worker died 3 times" in reason for reason in failed.values())


@pytest.mark.slow
def test_no_cluster_and_no_ray_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    square().save(tmp_path / "a.png")
    jobs = list(plan([tmp_path / "a.png"], tmp_path / "out", {"red": Paint("red")}))
    with pytest.raises(PolycolorError, match="no Ray cluster there"):
        next(cluster.run(jobs, Colorizer(threads=1), "auto"))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PolycolorError, match=r"polycolor\[ray\]"):
        next(cluster.run(jobs, Colorizer(threads=1)))


class Ray(ModuleType):
    """Does in this process what Ray does in many, and keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__("ray")
        self.asked: list[Any] = []
        self.deaths = 0
        self.cpus: dict[str, float] = {"CPU": 3.0}
        self.context = SimpleNamespace(enable_progress_bars=True)
        data: Any = ModuleType("ray.data")
        data.DataContext = SimpleNamespace(get_current=lambda: self.context)
        data.ActorPoolStrategy = lambda size: ("actors", size)
        data.from_items = self.from_items
        self.data = data

    def init(self, address: str, **given: Any) -> None:
        self.asked.append((address, given))

    def shutdown(self) -> None:
        self.asked.append("shutdown")

    def cluster_resources(self) -> dict[str, float]:
        return self.cpus

    def get(self, value: Any) -> Any:
        return value

    def remote(self, **given: Any) -> Any:
        self.asked.append(given)
        return lambda kind: SimpleNamespace(remote=lambda: Remote(kind()))

    def from_items(self, items: list[dict[str, Any]], override_num_blocks: int) -> Any:
        self.asked.append(("items", len(items), override_num_blocks))

        def map_batches(actor: Any, **given: Any) -> Any:
            self.asked.append({key: value for key, value in given.items() if key != "fn_constructor_args"})
            worker = actor(*given["fn_constructor_args"])
            size = -(-len(items) // override_num_blocks)

            def rows() -> Iterator[dict[str, str]]:
                for start in range(0, len(items), size):
                    batch = {"job": [item["job"] for item in items[start : start + size]]}
                    for _ in range(self.deaths):
                        # it was begun, and nobody heard of it again
                        worker._begin(batch["job"][0])
                    yield from ({"outcome": outcome} for outcome in worker(batch)["outcome"])

            return SimpleNamespace(iter_rows=rows)

        return SimpleNamespace(map_batches=map_batches)


class Remote:
    """An actor: its methods are called by `remote`."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor

    def __getattr__(self, name: str) -> Any:
        return SimpleNamespace(remote=getattr(self.actor, name))


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    pretended = Ray()
    monkeypatch.setitem(sys.modules, "ray", pretended)
    monkeypatch.setitem(sys.modules, "ray.data", pretended.data)
    return pretended


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer(threads=1)


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    (tmp_path / "in").mkdir()
    for number in range(20):
        square(64).save(tmp_path / "in" / f"{number:02}.png")
    return list(plan([tmp_path / "in"], None, {"red": Paint("red")}))


def test_a_cluster_is_asked_for_a_worker_on_each_core(ray: Ray, jobs: list[Job], colorizer: Colorizer) -> None:
    outcomes = list(cluster.run(iter(jobs), colorizer))
    assert [outcome.source for outcome in outcomes] == [str(job.source) for job in jobs]
    assert {outcome.state for outcome in outcomes} == {"filled"}
    begun, items, tries, mapped, ended = ray.asked
    assert begun == ("local", {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.ERROR})
    # no fewer chunks than workers, and none of more jobs than are read at a time
    assert items == ("items", 20, 3)
    assert tries == {"num_cpus": 0}
    assert mapped == {"batch_size": None, "compute": ("actors", 3), "num_cpus": 1}
    assert ended == "shutdown"
    assert ray.context.enable_progress_bars is False
    assert logging.getLogger("ray.data").level == logging.ERROR
    # what is there is kept, or done anew where that is wished
    assert {outcome.state for outcome in cluster.run(jobs, colorizer)} == {"kept"}
    assert {outcome.state for outcome in cluster.run(jobs, colorizer, restart=True)} == {"filled"}


def test_a_running_cluster_and_fewer_workers(ray: Ray, jobs: list[Job], colorizer: Colorizer) -> None:
    list(cluster.run(jobs, colorizer, "ray://there:1", workers=1))
    begun, items, _, mapped, _ = ray.asked
    assert begun == ("ray://there:1", {"log_to_driver": False, "logging_level": logging.ERROR})
    assert items == ("items", 20, 3)
    assert mapped["compute"] == ("actors", 1)
    ray.asked.clear()
    # a cluster that says nothing of its cores has one, at least
    ray.cpus = {}
    list(cluster.run(jobs[:2], colorizer))
    assert ray.asked[3]["compute"] == ("actors", 1)
    ray.cpus = {"CPU": 0.5}
    list(cluster.run(jobs[:2], colorizer))
    assert ray.asked[-2]["compute"] == ("actors", 1)


def test_many_jobs_are_given_a_part_at_a_time(
    ray: Ray, jobs: list[Job], colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "AT_ONCE", 8)
    given = iter(jobs)
    outcomes = cluster.run(given, colorizer, workers=2)
    next(outcomes)
    # nobody has asked for the others yet
    assert next(given) is jobs[8]
    assert len(list(outcomes)) == 18
    parts = [asked for asked in ray.asked if isinstance(asked, tuple) and asked[0] == "items"]
    assert parts == [("items", 8, 2), ("items", 8, 2), ("items", 3, 2)]


def test_it_stops_and_leaves_the_cluster(ray: Ray, jobs: list[Job], colorizer: Colorizer) -> None:
    seen: list[Any] = []
    for outcome in cluster.run(jobs, colorizer, stop=lambda: len(seen) == 2):
        seen.append(outcome)
    assert len(seen) == 2
    assert ray.asked[-1] == "shutdown"


@pytest.mark.parametrize(("deaths", "state"), [(0, "filled"), (2, "filled"), (3, "failed"), (4, "failed")])
def test_a_chunk_is_begun_three_times(ray: Ray, jobs: list[Job], colorizer: Colorizer, deaths: int, state: str) -> None:
    ray.deaths = deaths
    outcomes = list(cluster.run(jobs, colorizer))
    assert [outcome.source for outcome in outcomes] == [str(job.source) for job in jobs]
    assert {outcome.state for outcome in outcomes} == {state}
    if state == "failed":
        assert outcomes[0].reason == (
            f"{jobs[0].source}: a worker died 3 times over this picture or one done with it (out of memory?)"
        )


@pytest.mark.parametrize("error", [ConnectionError, ValueError, RuntimeError])
def test_no_cluster_is_one_line(
    ray: Ray, jobs: list[Job], colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuse(address: str, **given: Any) -> None:
        raise error("nobody there\na long story")

    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(PolycolorError) as refused:
        next(cluster.run(jobs, colorizer, "auto"))
    assert str(refused.value) == "--address auto: no Ray cluster there (nobody there)"


def test_ray_that_is_not_installed_says_what_to_install(
    jobs: list[Job], colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PolycolorError) as refused:
        next(cluster.run(jobs, colorizer))
    assert str(refused.value) == "--engine ray needs more; install polycolor[ray]"
