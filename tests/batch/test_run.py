import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from conftest import Faulty, square
from polycolor_cli.batch.plan import Job, Passed, plan
from polycolor_cli.batch.run import PATIENCE, run
from polycolor_cli.batch.work import Outcome, Worker
from polycolor_cli.errors import PolycolorError
from polycolor_cli.files.location import located
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint

RED: dict[str, Paint | None] = {"red": Paint("red")}


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer(threads=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "folder"
    (top / "deep" / "er").mkdir(parents=True)
    (top / ".hidden").mkdir()
    for name in ("a.png", "a.jpg", "b.PNG", "deep/er/c.webp", ".secret.png", ".hidden/d.png"):
        square().save(top / name)
    (top / "notes.txt").write_text("no picture")
    return top


def do(folder: Path, out: Path, colorizer: Colorizer, restart: bool = False) -> dict[str, Outcome]:
    outcomes = run(plan([folder], out, RED), colorizer, 2, restart)
    return {Path(outcome.source).name: outcome for outcome in outcomes}


def test_the_tree_is_mirrored_and_nothing_collides(folder: Path) -> None:
    out = folder / "out"
    (out / "old").mkdir(parents=True)
    square().save(out / "old" / "earlier.png")
    passed = Passed()
    targets = [str(job.tasks[0][1].relative_to(out)) for job in plan([folder], out, RED, passed=passed)]
    assert targets == ["a.jpg.png", "a.png.png", "b.png", "deep/er/c.png"]
    assert (passed.hidden, passed.other) == (2, 1)


def test_several_colours_have_a_folder_each(folder: Path) -> None:
    paints: dict[str, Paint | None] = {"red": Paint("red"), "00ff80": Paint("#00ff80")}
    first = next(plan([folder], None, paints, "webp"))
    out = folder.with_name("folder-colored")
    assert [target for _, target in first.tasks] == [out / "red" / "a.jpg.webp", out / "00ff80" / "a.jpg.webp"]


def test_files_patterns_and_several_folders(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    square().save(other / "b.png")
    out = tmp_path / "out"

    def names(*sources: object) -> list[str]:
        return [str(job.tasks[0][1].relative_to(out)) for job in plan(map(str, sources), out, RED)]

    assert names(folder / "b.PNG", other / "b.png") == ["b.png", "b-2.png"]
    assert names(folder / "*.png") == ["a.png"]
    assert names(f"{folder}/**/*.webp") == ["c.png"]
    assert names(folder, other)[-2:] == ["folder/deep/er/c.png", "other/b.png"]
    with pytest.raises(PolycolorError, match="where to"):
        plan([folder, other], None, RED)


def test_rows_bring_their_own_colours_and_names(tmp_path: Path, colorizer: Colorizer) -> None:
    (tmp_path / "inputs").mkdir()
    square().save(tmp_path / "inputs" / "s.png")
    rows = [
        {"input_polygon": "s.png", "colour": colour, "output_image": f"{colour}_s.png"} for colour in ("red", "blue")
    ]
    (tmp_path / "data.json").write_text(json.dumps(rows))
    out = tmp_path / "out"
    assert [o.state for o in run(plan([tmp_path / "data.json"], out, RED), colorizer, 1)] == ["filled"] * 2
    assert np.asarray(Image.open(out / "blue_s.png"))[64, 64].tolist() == [0, 0, 255]


def test_refuses_what_makes_no_sense(folder: Path) -> None:
    with pytest.raises(PolycolorError, match="is the folder of the drawings"):
        plan([folder], folder, RED)
    with pytest.raises(PolycolorError, match="no such folder"):
        plan([folder / "missing"], folder, RED)


def test_a_row_with_a_point_fills_its_region(tmp_path: Path, colorizer: Colorizer) -> None:
    two = Image.new("L", (128, 128), 255)
    for left in (10, 70):
        ImageDraw.Draw(two).rectangle((left, 20, left + 40, 100), outline=0, width=3)
    (tmp_path / "inputs").mkdir()
    two.save(tmp_path / "inputs" / "two.png")
    row = {"input_polygon": "two.png", "colour": "red", "output_image": "r.png", "at": [90, 60]}
    (tmp_path / "data.json").write_text(json.dumps([row]))
    assert [o.state for o in run(plan([tmp_path / "data.json"], tmp_path / "out", RED), colorizer, 1)] == ["filled"]
    painted = np.asarray(Image.open(tmp_path / "out" / "r.png"))
    assert tuple(painted[60, 90]) == (255, 0, 0)
    assert tuple(painted[60, 30]) == (255, 255, 255)


def test_rows_that_would_meet_are_told_apart(tmp_path: Path) -> None:
    row = {"input_polygon": "s.png", "colour": "red", "output_image": "x.png"}
    (tmp_path / "data.json").write_text(json.dumps([row, row | {"colour": "blue"}]))
    targets = [job.tasks[0][1].name for job in plan([tmp_path / "data.json"], tmp_path / "out", RED)]
    assert targets == ["x.png", "x-2.png"]
    (tmp_path / "data.json").write_text(json.dumps([row | {"output_image": "x.bmp"}]))
    with pytest.raises(PolycolorError, match=r"x\.bmp: write to"):
        plan([tmp_path / "data.json"], tmp_path / "out", RED)


def test_a_picture_that_is_not_ours_is_never_overwritten(folder: Path, colorizer: Colorizer) -> None:
    out = folder.with_name("out")
    out.mkdir()
    square(50).save(out / "b.png")
    mine = (out / "b.png").read_bytes()
    for restart in (False, True):
        outcomes = do(folder, out, colorizer, restart)
        assert outcomes["b.PNG"].state == "failed"
        assert "not by polycolor" in (outcomes["b.PNG"].reason or "")
        assert (out / "b.png").read_bytes() == mine
    drawing = (folder / "a.png").read_bytes()
    assert [o.state for o in run(plan([folder / "a.png"], folder, RED), colorizer, 1)] == ["failed"]
    assert (folder / "a.png").read_bytes() == drawing


def test_stopping_finishes_and_tells_what_is_under_way(tmp_path: Path, colorizer: Colorizer) -> None:
    (tmp_path / "in").mkdir()
    for number in range(40):
        square(64).save(tmp_path / "in" / f"{number}.png")
    seen: list[Outcome] = []
    for outcome in run(plan([tmp_path / "in"], None, RED), colorizer, 2, stop=lambda: len(seen) > 0):
        seen.append(outcome)
    assert 0 < len(seen) < 40
    assert {Path(outcome.outputs[0]).name for outcome in seen} == {p.name for p in (tmp_path / "in-colored").iterdir()}


def test_a_chunk_that_takes_too_long_is_given_out_again(
    tmp_path: Path, colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(20):
        square(64).save(tmp_path / "in" / f"{number:02}.png")
    jobs = list(plan([tmp_path / "in"], None, RED))
    assert len(Worker(colorizer).run(jobs, patience=0)) == 1
    monkeypatch.setattr(sys.modules["polycolor_cli.batch.run"], "PATIENCE", 0)
    outcomes = list(run(jobs, colorizer, 1))
    assert [outcome.source for outcome in outcomes] == [str(job.source) for job in jobs]
    assert [outcome.state for outcome in outcomes] == ["kept"] + ["filled"] * 19


def test_a_fault_of_our_own_is_one_picture_s_misfortune(folder: Path) -> None:
    square(50).save(folder / "b.PNG")
    outcomes = list(run(plan([folder / "b.PNG"], folder / "out", RED), Faulty(threads=1), 1))
    assert [(o.state, o.reason) for o in outcomes] == [
        ("failed", f"{folder / 'b.PNG'}: RuntimeError: what is this?"),
    ]


def test_a_picture_that_kills_its_process_is_one_picture_s_misfortune(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(50):
        square(60 if number in (7, 30) else 64).save(tmp_path / "in" / f"{number:02}.png")
    outcomes = list(run(plan([tmp_path / "in"], None, RED), Faulty(threads=1), 2))
    assert len({outcome.source for outcome in outcomes}) == len(outcomes) == 50
    failed = {Path(outcome.source).name: outcome.reason or "" for outcome in outcomes if outcome.state == "failed"}
    assert sorted(failed) == ["07.png", "30.png"]
    assert all("was killed" in reason for reason in failed.values())
    assert len(list((tmp_path / "in-colored").glob("*.png"))) == 48


def test_a_bad_picture_stops_nothing(folder: Path, colorizer: Colorizer) -> None:
    (folder / "bad.png").write_bytes(b"broken")
    Image.new("L", (64, 64), 255).save(folder / "empty.png")
    out = folder.with_name("out")
    outcomes = do(folder, out, colorizer)
    assert {name for name, outcome in outcomes.items() if outcome.state == "filled"} == {
        "a.jpg", "a.png", "b.PNG", "c.webp",
    }  # fmt: skip
    assert outcomes["empty.png"].state == "empty"
    assert "no shape" in (outcomes["empty.png"].reason or "")
    assert outcomes["bad.png"].state == "failed"
    assert not (out / "bad.png").exists()
    assert (np.asarray(Image.open(out / "deep" / "er" / "c.png"))[64, 64] == (255, 0, 0)).all()


def test_again_does_only_what_is_missing_or_would_differ(folder: Path, colorizer: Colorizer) -> None:
    out = folder.with_name("out")
    do(folder, out, colorizer)
    assert {outcome.state for outcome in do(folder, out, colorizer).values()} == {"kept"}
    (out / "b.png").unlink()
    square(96).save(folder / "a.png")
    cut = out / "deep" / "er" / "c.png"
    cut.write_bytes(cut.read_bytes()[:-40])
    states = {name: outcome.state for name, outcome in do(folder, out, colorizer).items()}
    assert states == {"a.png": "filled", "b.PNG": "filled", "c.webp": "filled", "a.jpg": "kept"}
    assert Image.open(out / "a.png.png").size == (96, 96)
    blue: dict[str, Paint | None] = {"blue": Paint("blue")}
    assert {outcome.state for outcome in run(plan([folder], out, blue), colorizer, 2)} == {"filled"}
    assert {outcome.state for outcome in do(folder, out, colorizer, restart=True).values()} == {"filled"}


@pytest.mark.parametrize("format", ["png", "webp", "jpeg"])
def test_every_format_knows_its_own_again(folder: Path, colorizer: Colorizer, format: str) -> None:
    for expected in ("filled", "kept"):
        outcomes = list(run(plan([folder], folder / "out", RED, format), colorizer, 2))
        assert {outcome.state for outcome in outcomes} == {expected}
    cut = Path(outcomes[0].outputs[0])
    whole = cut.read_bytes()
    cut.write_bytes(whole[:-40])
    outcomes = list(run(plan([folder], folder / "out", RED, format), colorizer, 2))
    # a WebP says at its end who wrote it: without that it may be anybody's
    done = "failed" if format == "webp" else "filled"
    assert sorted(outcome.state for outcome in outcomes) == sorted([done, "kept", "kept", "kept"])
    assert (cut.read_bytes() == whole) == (done == "filled")


@pytest.mark.slow
def test_killed_at_any_moment_and_started_again_nothing_is_lost(tmp_path: Path, colorizer: Colorizer) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(60):
        square(64 + number, 2).save(folder / f"{number:02}.png")
    calm, wild = tmp_path / "calm", tmp_path / "wild"
    do(folder, calm, colorizer)
    command = [
        str(Path(sys.executable).with_name("polycolor")),
        "batch",
        str(folder),
        "-c",
        "red",
        "-o",
        str(wild),
        "-q",
    ]
    rng = np.random.default_rng(1)
    for _ in range(6):
        process = subprocess.Popen(command)
        time.sleep(rng.uniform(0.3, 1.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path in wild.glob("*.png"):
            assert path.read_bytes() == (calm / path.name).read_bytes()
    assert subprocess.run(command, check=False).returncode == 0
    assert {p.name: p.read_bytes() for p in wild.iterdir()} == {p.name: p.read_bytes() for p in calm.iterdir()}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_is_told(folder: Path) -> None:
    (folder / "deep").chmod(0)
    passed = Passed()
    try:
        assert len(list(plan([folder], None, RED, passed=passed))) == 3
        assert "cannot be listed" in passed.closed[0]
    finally:
        (folder / "deep").chmod(0o755)


class Timed:
    """A worker that takes as long as it is told, and keeps which chunks it was given."""

    def __init__(self, seconds: list[float], fewer: int = 0) -> None:
        self.seconds, self.fewer = iter(seconds), fewer
        self.chunks: list[int] = []
        self.order: list[str] = []

    def __call__(self, colorizer: Colorizer, restart: bool) -> "Timed":
        return self

    def run(self, jobs: list[Job], patience: float) -> list[Outcome]:
        assert patience == PATIENCE
        self.chunks.append(len(jobs))
        took = next(self.seconds)
        done = jobs[: len(jobs) - self.fewer] or jobs[:1]
        self.order += [str(job.source) for job in done]
        return [Outcome(str(job.source), [], "filled", seconds=took) for job in done]


def pretend_jobs(count: int, here: bool = True) -> list[Job]:
    where = Path("/tmp") if here else located("memory://far")
    return [Job(where / f"{number}.png", ((None, where / "out" / f"{number}.png"),)) for number in range(count)]


@pytest.mark.parametrize(
    ("seconds", "fewer", "here", "chunks"),
    [
        # twice as many each time while they are quick, 64 at most
        ([0.0] * 20, 0, True, [1, 2, 4, 8, 16, 32, 64, 64, 9]),
        # as many as take a tenth of a second
        ([0.02] * 50, 0, True, [1, 2, 4, *[5] * 38, 3]),
        # a large one comes alone, at once
        ([0.0, 0.0, 0.0, 9.0, *[9.0] * 200], 0, True, [1, 2, 4, 8, *[1] * 185]),
        # what was not done of a chunk comes again
        ([0.0] * 99, 1, True, [1, 2, 4, 1]),
        # from far away eight together, whatever they take
        ([9.0] * 99, 0, False, [1, 2, 4, *[8] * 24, 1]),
        ([0.0] * 99, 0, False, [1, 2, 4, *[8] * 24, 1]),
    ],
)
def test_chunks_take_a_moment(
    monkeypatch: pytest.MonkeyPatch, colorizer: Colorizer, seconds: list[float], fewer: int, here: bool,
    chunks: list[int],
) -> None:  # fmt: skip
    worker = Timed(seconds, fewer)
    module = sys.modules["polycolor_cli.batch.run"]
    monkeypatch.setattr(module, "Worker", worker)
    noted: list[Path] = []
    monkeypatch.setattr(module, "note", noted.append)
    jobs = pretend_jobs(6 if fewer else 200, here)
    outcomes = list(run(iter(jobs), colorizer, 1))
    assert [outcome.source for outcome in outcomes] == worker.order == [str(job.source) for job in jobs]
    assert worker.chunks == chunks
    # a kill is cleaned up after where results go; far away there is nothing to sweep
    assert set(noted) == ({Path("/tmp/out")} if here else set())


def test_one_process_stops_when_it_is_told_to(monkeypatch: pytest.MonkeyPatch, colorizer: Colorizer) -> None:
    for how in ("stop", "interrupted"):
        worker = Timed([0.0] * 99)
        monkeypatch.setattr(sys.modules["polycolor_cli.batch.run"], "Worker", worker)
        outcomes = list(run(pretend_jobs(50), colorizer, 1, **{how: lambda w=worker: len(w.chunks) == 3}))  # type: ignore[arg-type]
        assert len(outcomes) == 7


def test_a_large_picture_waits_until_others_are_closed(
    folder: Path, colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["polycolor_cli.batch.run"], "PIXELS_AT_ONCE", 1)
    assert {outcome.state for outcome in do(folder, folder.with_name("out"), colorizer).values()} == {"filled"}
