"""One picture after another: what is written, what is kept, and what a person is told of each."""

import dataclasses
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from conftest import Faulty, square
from polycolor_cli.batch import work
from polycolor_cli.batch.plan import Job
from polycolor_cli.batch.work import CHUNK, Outcome, Worker, failed
from polycolor_cli.files.location import located
from polycolor_cli.files.picture import mark_of
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint
from polycolor_cli.fill.paint_regions import RegionPaint


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer(threads=1)


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    square().save(tmp_path / "a.png")
    return tmp_path / "a.png"


def job(drawing: Path, *hows: Any, ending: str = ".png") -> Job:
    return Job(drawing, tuple((how, drawing.parent / "out" / f"{k}{ending}") for k, how in enumerate(hows)))


def state(worker: Worker, one: Job) -> str:
    (outcome,) = worker.run([one])
    return outcome.state


def test_an_outcome_says_all_of_itself(drawing: Path, colorizer: Colorizer) -> None:
    one = job(drawing, Paint("red"), None)
    (outcome,) = Worker(colorizer).run([one])
    assert outcome.outputs == [str(target) for target in one.outputs]
    assert (outcome.source, outcome.state, outcome.reason) == (str(drawing), "filled", None)
    # a square of 65 pixels, to six places
    assert outcome.share == round(65 * 65 / 128**2, 6)
    assert 0 < outcome.seconds < 10
    assert Outcome(**json.loads(outcome.as_json())) == outcome
    odd = dataclasses.replace(outcome, source="\udcff\nü")
    assert odd.as_json().isascii()
    assert "\n" not in odd.as_json()
    assert np.asarray(Image.open(one.outputs[0]))[64, 64].tolist() == [255, 0, 0]
    assert np.asarray(Image.open(one.outputs[1]))[64, 64] == 255


def test_one_that_nobody_could_do_says_why(drawing: Path) -> None:
    one = job(drawing, Paint("red"), Paint("blue"))
    assert failed(one, "no luck") == Outcome(
        str(drawing), [str(target) for target in one.outputs], "failed", f"{drawing}: no luck"
    )


def test_what_would_come_out_the_same_is_kept(drawing: Path, colorizer: Colorizer) -> None:
    one = job(drawing, Paint("red"))
    assert [state(Worker(colorizer), one) for _ in range(2)] == ["filled", "kept"]
    (target,) = one.outputs
    before = target.stat().st_ino
    assert state(Worker(colorizer, restart=True), one) == "filled"
    assert target.stat().st_ino != before
    (kept,) = Worker(colorizer).run([one])
    assert (kept.state, kept.reason, kept.share) == ("kept", None, None)


@pytest.mark.parametrize(
    "how",
    [Paint("blue"), Paint("red", lines="keep"), Paint("red", background="transparent"), Paint("red", background="gold"),
     Paint("red", holes="keep"), Paint("red", only="enclosed"), Paint("red", holes="keep", only="enclosed"),
     RegionPaint((), ((255, 0, 0),)), RegionPaint((), ((0, 0, 255),)), None],
    ids=repr,
)  # fmt: skip
def test_what_is_painted_otherwise_is_done_again(drawing: Path, colorizer: Colorizer, how: Any) -> None:
    worker = Worker(colorizer)
    states = [state(worker, job(drawing, paint)) for paint in (Paint("red"), how, how, Paint("red"))]
    assert states == ["filled", "filled", "kept", "filled"]


def test_of_several_paints_only_what_is_missing_is_done(drawing: Path, colorizer: Colorizer) -> None:
    worker, one = Worker(colorizer), job(drawing, Paint("red"), Paint("blue"))
    worker.run([one])
    red, blue = one.outputs
    inode = red.stat().st_ino
    blue.unlink()
    (outcome,) = worker.run([one])
    assert (outcome.state, red.stat().st_ino, blue.exists()) == ("filled", inode, True)


def test_another_drawing_format_or_model_is_another_picture(
    drawing: Path, colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, one = Worker(colorizer), job(drawing, Paint("red"))
    worker.run([one])
    first = mark_of(one.outputs[0])
    square(96).save(drawing)
    assert state(worker, one) == "filled"
    second = mark_of(one.outputs[0])
    assert state(worker, job(drawing, Paint("red"), ending=".webp")) == "filled"
    third = mark_of(drawing.parent / "out" / "0.webp")
    monkeypatch.setattr(colorizer, "fingerprint", "another")
    assert state(worker, one) == "filled"
    marks = {first, second, third, mark_of(one.outputs[0])}
    assert len(marks) == 4
    assert all(mark and len(mark) == 32 for mark in marks)


def test_what_a_person_should_know_is_told_again_when_it_is_kept(tmp_path: Path, colorizer: Colorizer) -> None:
    Image.new("L", (128, 128), 255).save(tmp_path / "a.png")
    worker, one = Worker(colorizer), job(tmp_path / "a.png", Paint("red"))
    first, again = (worker.run([one])[0] for _ in range(2))
    assert (first.state, again.state) == ("empty", "empty")
    assert first.reason == again.reason
    assert "no shape" in (again.reason or "")
    assert (first.share, again.share) == (0, None)


def test_what_is_not_ours_is_left_alone_and_named(drawing: Path, colorizer: Colorizer) -> None:
    one = job(drawing, Paint("red"))
    (target,) = one.outputs
    target.parent.mkdir()
    square(40).save(target)
    before = target.read_bytes()
    (outcome,) = Worker(colorizer, restart=True).run([one])
    assert (outcome.state, outcome.share) == ("failed", None)
    assert outcome.reason == f"{target}: is there already, and not by polycolor; move it or give another -o"
    assert target.read_bytes() == before


def test_what_goes_wrong_is_one_line(drawing: Path, colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = drawing.with_name("b.png")
    broken.write_bytes(b"broken")
    missing = drawing.with_name("none.png")
    worker = Worker(colorizer)
    reasons = [worker.run([job(source, Paint("red"))])[0].reason for source in (broken, missing)]
    assert reasons[0] == f"{broken}: not a PNG, JPEG, WebP, BMP, TIFF or GIF picture"
    assert (reasons[1] or "").startswith(f"{missing}: ")
    # a fault of our own names the picture; one without words at least its kind
    square(50).save(drawing)
    assert Worker(Faulty(threads=1)).run([job(drawing, Paint("red"))])[0].reason == (
        f"{drawing}: RuntimeError: what is this?"
    )

    def full(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(work, "opened", full)
    assert Worker(colorizer).run([job(drawing, Paint("red"))])[0].reason == "MemoryError"


def test_a_result_that_cannot_be_placed_has_failed(drawing: Path, colorizer: Colorizer) -> None:
    one = job(drawing, Paint("red"))
    other = job(drawing, Paint("red"))
    blocked = Job(drawing, ((Paint("blue"), drawing / "below a file.png"),))
    first, second, third = Worker(colorizer).run([one, blocked, other])
    assert (first.state, third.state) == ("filled", "filled")
    assert (second.state, second.share) == ("failed", None)
    assert str(drawing / "below a file.png") in (second.reason or "")


def test_patience_ends_after_the_first_that_takes_longer(drawing: Path, colorizer: Colorizer) -> None:
    jobs = [job(drawing, Paint(name)) for name in ("red", "blue", "gold")]
    assert len(Worker(colorizer).run(jobs, patience=0)) == 1
    assert len(Worker(colorizer).run(jobs, patience=60)) == 3
    assert len(Worker(colorizer).run(jobs)) == 3


def test_what_processes_left_half_written_is_swept_once(
    drawing: Path, colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    monkeypatch.setattr(work, "sweep", swept.append)
    worker, out = Worker(colorizer), drawing.parent / "out"
    worker.run([job(drawing, Paint("red"), Paint("blue"))])
    worker.run([job(drawing, Paint("gold"))])
    assert swept == [out]


def test_pixels_are_held_while_a_picture_is_open(drawing: Path, colorizer: Colorizer) -> None:
    held: list[int] = []

    @contextmanager
    def hold(pixels: int) -> Iterator[None]:
        held.append(pixels)
        yield
        held.append(-pixels)

    budget: Any = SimpleNamespace(hold=hold)
    Image.new("L", (90, 60), 255).save(drawing)
    Worker(colorizer, budget=budget).run([job(drawing, Paint("red"))])
    assert held == [5400, -5400]
    # and none where nothing has to be opened
    Worker(colorizer, budget=budget).run([job(drawing, Paint("red"))])
    assert held == [5400, -5400]


def test_far_away_others_are_read_meanwhile_and_one_computes(
    tmp_path: Path, colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = located("memory://work-far-away")
    square(64).save(tmp_path / "x.png")
    data = (tmp_path / "x.png").read_bytes()
    far.mkdir(parents=True, exist_ok=True)
    jobs = []
    for number in range(4):
        (far / f"{number}.png").write_bytes(data)
        jobs.append(Job(far / f"{number}.png", ((Paint("red"), tmp_path / "out" / f"{number}.png"),)))
    reading, computing, most = 0, 0, [0, 0]
    lock = threading.Lock()
    read, fill = work.read_bytes, type(colorizer).fill_each

    def slow_read(*given: Any) -> bytes:
        nonlocal reading
        with lock:
            reading += 1
            most[0] = max(most[0], reading)
        time.sleep(0.2)
        with lock:
            reading -= 1
        return read(*given)

    def slow_fill(self: Colorizer, *given: Any) -> Any:
        nonlocal computing
        with lock:
            computing += 1
            most[1] = max(most[1], computing)
        time.sleep(0.05)
        filled = fill(self, *given)
        with lock:
            computing -= 1
        return filled

    monkeypatch.setattr(work, "read_bytes", slow_read)
    monkeypatch.setattr(type(colorizer), "fill_each", slow_fill)
    outcomes = Worker(colorizer).run(jobs, patience=0)
    assert [outcome.source for outcome in outcomes] == [str(one.source) for one in jobs]
    assert {outcome.state for outcome in outcomes} == {"filled"}
    assert most == [4, 1]


def test_a_worker_has_one_thread_of_opencv_and_few_jobs_at_a_time(colorizer: Colorizer) -> None:
    cv2.setNumThreads(2)
    Worker(colorizer)
    assert cv2.getNumThreads() == 1
    assert CHUNK == 64
