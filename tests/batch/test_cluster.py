"""A real Ray cluster on this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import Faulty, Run, square
from polycolor_cli.batch import cluster
from polycolor_cli.batch.plan import plan
from polycolor_cli.errors import PolycolorError
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint

pytestmark = pytest.mark.slow


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


def test_no_cluster_and_no_ray_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    square().save(tmp_path / "a.png")
    jobs = list(plan([tmp_path / "a.png"], tmp_path / "out", {"red": Paint("red")}))
    with pytest.raises(PolycolorError, match="no Ray cluster there"):
        next(cluster.run(jobs, Colorizer(threads=1), "auto"))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PolycolorError, match=r"polycolor\[ray\]"):
        next(cluster.run(jobs, Colorizer(threads=1)))
