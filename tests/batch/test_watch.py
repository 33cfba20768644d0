"""A folder that is watched: files that grow slowly, are renamed in, replaced, and deleted meanwhile."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Refused, square
from polycolor_cli.batch import watch as watching_module
from polycolor_cli.batch.plan import Job
from polycolor_cli.batch.watch import watch
from polycolor_cli.batch.work import Outcome
from polycolor_cli.errors import PolycolorError

POLYCOLOR = str(Path(sys.executable).with_name("polycolor"))


def until(happened: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "in").mkdir()
    square().save(tmp_path / "in" / "first.png")
    command = [POLYCOLOR, "batch", "in", "--color", "red", "-o", "out", "--watch"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        until((tmp_path / "out" / "first.png").exists)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def ended(process: subprocess.Popen[str], by: signal.Signals) -> tuple[list[str], list[str]]:
    os.killpg(process.pid, by)
    said, errors = process.communicate(timeout=10)
    assert process.returncode == 128 + by
    return said.splitlines(), errors.splitlines()


def middle(path: Path) -> tuple[int, ...]:
    return tuple(np.asarray(Image.open(path))[64, 64])


def test_what_arrives_is_filled_when_it_is_whole(tmp_path: Path, watching: subprocess.Popen[str]) -> None:
    square().save(tmp_path / "whole.png")
    data = (tmp_path / "whole.png").read_bytes()
    # it grows for longer than two looks are apart
    with (tmp_path / "in" / "slow.png").open("wb", buffering=0) as file:
        for start in range(0, len(data), len(data) // 12 + 1):
            file.write(data[start : start + len(data) // 12 + 1])
            assert not (tmp_path / "out" / "slow.png").exists()
            time.sleep(0.3)
    until((tmp_path / "out" / "slow.png").exists)
    # renamed in, into a new folder
    (tmp_path / "in" / "deep").mkdir()
    (tmp_path / "whole.png").rename(tmp_path / "in" / "deep" / "renamed.png")
    until((tmp_path / "out" / "deep" / "renamed.png").exists)
    # replaced by another drawing
    assert middle(tmp_path / "out" / "first.png") == (255, 0, 0)
    Image.new("L", (128, 128), 255).save(tmp_path / "other.png")
    (tmp_path / "other.png").replace(tmp_path / "in" / "first.png")
    until(lambda: middle(tmp_path / "out" / "first.png") == (255, 255, 255))
    said, errors = ended(watching, signal.SIGTERM)
    assert [line.split(":")[0] for line in said] == [
        "in/first.png", "in/slow.png", "in/deep/renamed.png", "in/first.png"
    ]  # fmt: skip
    assert said[1].endswith(": filled")
    assert "no shape found" in said[3]
    assert errors[0].startswith("watching in; results go to out")
    assert errors[-1].startswith("polycolor: stopped")


@pytest.mark.slow
def test_what_is_bad_or_gone_ends_nothing(tmp_path: Path, watching: subprocess.Popen[str]) -> None:
    (tmp_path / "in" / "bad.png").write_bytes(b"no picture")
    (tmp_path / "in" / "brief.png").write_bytes(b"gone before it is looked at twice")
    (tmp_path / "in" / "brief.png").unlink()
    shutil.rmtree(tmp_path / "in", ignore_errors=True)
    time.sleep(2.5)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.png").write_bytes(b"no picture")
    for number in range(10):
        square().save(tmp_path / "in" / f"late-{number}.png")
    until(lambda: len(list((tmp_path / "out").glob("late-*.png"))) == 10)
    time.sleep(1.5)
    said, errors = ended(watching, signal.SIGINT)
    assert sum("bad.png" in line for line in said) == 1
    assert not any("brief" in line for line in [*said, *errors])
    assert sum("no such folder" in line for line in errors) == 1
    assert not [path for path in tmp_path.rglob("*") if ".tmp" in path.name or path.name.startswith("tmp")]


def test_started_again_it_knows_what_is_done(tmp_path: Path, watching: subprocess.Popen[str]) -> None:
    ended(watching, signal.SIGINT)
    before = (tmp_path / "out" / "first.png").stat().st_mtime_ns
    command = [POLYCOLOR, "batch", "in", "--color", "red", "-o", "out", "--watch"]
    again = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    square().save(tmp_path / "in" / "second.png")
    until((tmp_path / "out" / "second.png").exists)
    said, _ = ended(again, signal.SIGINT)
    assert said == ["in/second.png: filled"]
    assert (tmp_path / "out" / "first.png").stat().st_mtime_ns == before


def test_what_does_not_go_with_it(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "in").mkdir()
    for more in (["--report", "r.json"], ["--fail-fast"], ["--engine", "ray"]):
        assert "leave --report" in refused("batch", "in", "-c", "red", "-o", "out", "--watch", *more)
    assert "no such folder" in refused("batch", "missing", "-c", "red", "-o", "out", "--watch")


class Folder:
    """What `watch` sees of a folder, look by look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *looks: Callable[[], object]) -> None:
        self.looks, self.filled, self.said = list(looks), [], []
        self.states: dict[str, str] = {}
        self.slept: list[float] = []
        self.clock = 0.0
        monkeypatch.setattr(watching_module.time, "sleep", self.sleep)
        monkeypatch.setattr(watching_module.time, "monotonic", lambda: self.clock)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock += seconds

    def outcomes(self, folder: Path) -> list[tuple[str, str]]:
        def planned() -> list[Job]:
            self.looks.pop(0)()
            return [Job(path, ((None, path),)) for path in sorted(folder.glob("*.png"))]

        def fill(jobs: list[Job]) -> Iterator[Outcome]:
            for job in jobs:
                name = job.source.name
                self.filled.append(name)
                state = self.states.get(name, "filled")
                if callable(state):
                    state = state()
                yield Outcome(str(job.source), [], state)  # type: ignore[arg-type]

        found = watch(planned, fill, lambda: not self.looks, self.said.append)
        return [(Path(outcome.source).name, outcome.state) for outcome in found]


def nothing() -> None:
    pass


def refuse() -> None:
    raise PolycolorError("in: no such folder")


def test_a_picture_is_taken_that_has_not_changed_between_two_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    folder = Folder(
        monkeypatch, lambda: path.write_bytes(b"1"), lambda: path.write_bytes(b"12"), nothing, nothing, nothing
    )
    assert folder.outcomes(tmp_path) == [("a.png", "filled")]
    # three looks at what is still, and it is filled at the first of them
    assert len(folder.looks) == 0
    # a second between looks, in steps after which it is asked whether to end
    assert set(folder.slept) == {0.1}
    assert 36 <= len(folder.slept) <= 44


def test_one_that_is_replaced_is_filled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = tmp_path / "a.png", tmp_path / "b"
    path.write_bytes(b"1")
    stamp = path.stat().st_mtime_ns

    def touch() -> None:
        os.utime(path, ns=(stamp, stamp + 1))

    def rename() -> None:
        # of the same size and time
        other.write_bytes(b"1")
        os.utime(other, ns=(stamp, stamp + 1))
        other.replace(path)

    folder = Folder(monkeypatch, nothing, nothing, touch, nothing, rename, nothing, nothing, nothing)
    assert folder.outcomes(tmp_path) == [("a.png", "filled")] * 3


def test_one_that_goes_and_comes_back_is_filled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, away = tmp_path / "a.png", tmp_path / "away"
    path.write_bytes(b"1")
    folder = Folder(
        monkeypatch, nothing, nothing, lambda: path.rename(away), lambda: away.rename(path), nothing, nothing
    )
    assert folder.outcomes(tmp_path) == [("a.png", "filled")] * 2


def test_what_is_gone_or_written_to_meanwhile_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bad", "gone", "growing"):
        (tmp_path / f"{name}.png").write_bytes(b"1")
    folder = Folder(monkeypatch, *[nothing] * 6)
    grown = iter([lambda: (tmp_path / "growing.png").write_bytes(b"12"), nothing])

    def growing() -> str:
        (act := next(grown))()
        return "failed" if act is not nothing else "filled"

    def gone() -> str:
        (tmp_path / "gone.png").unlink()
        return "failed"

    folder.states = {"bad.png": "failed", "gone.png": gone, "growing.png": growing}  # type: ignore[dict-item]
    assert folder.outcomes(tmp_path) == [("bad.png", "failed"), ("growing.png", "filled")]
    # what is bad is not tried again, and what grew is, once it is still
    assert folder.filled == ["bad.png", "gone.png", "growing.png", "growing.png"]


def test_a_folder_out_of_reach_is_told_once_and_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"1")
    folder = Folder(monkeypatch, nothing, nothing, refuse, refuse, nothing, refuse, nothing, nothing)
    folder.outcomes(tmp_path)
    assert folder.said == ["in: no such folder"] * 2
    first = Folder(monkeypatch, refuse, nothing)
    with pytest.raises(PolycolorError, match="no such folder"):
        first.outcomes(tmp_path)
    assert first.said == []


def test_it_ends_within_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(monkeypatch, nothing)
    assert folder.outcomes(tmp_path) == []
    assert folder.slept == []
