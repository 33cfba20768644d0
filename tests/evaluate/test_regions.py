"""Regions measured: against themselves, against nothing, and beside a bucket that leaks."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from conftest import Run
from polycolor_cli.data.dataset import DatasetError
from polycolor_cli.evaluate.regions import bucket, cases, measure, row, trapped_balls


def halves(gap: int = 0) -> tuple[Image.Image, np.ndarray]:
    """A box of two halves, the line between them with a gap, and its regions."""
    drawing = Image.new("L", (120, 120), 255)
    draw = ImageDraw.Draw(drawing)
    draw.rectangle((20, 20, 100, 100), outline=0, width=3)
    draw.line((60, 20, 60, 100), fill=0, width=3)
    draw.rectangle((55, 50, 65, 50 + gap), fill=255 if gap else 0)
    labels = np.zeros((120, 120), np.uint16)
    labels[20:101, 20:60], labels[20:101, 60:101] = 1, 2
    labels[np.asarray(drawing) < 200] = 65535
    labels[48 : 54 + gap, 53:68] = 65535
    return drawing, labels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for kind in ("in", "labels"):
        (tmp_path / "set" / kind).mkdir(parents=True)
    for name, gap in (("closed", 0), ("gap", 9)):
        drawing, labels = halves(gap)
        drawing.save(tmp_path / "set" / "in" / f"{name}.png")
        Image.fromarray(labels).save(tmp_path / "set" / "labels" / f"{name}.png")
    return tmp_path / "set"


def test_the_truth_is_right_and_nothing_is_wrong(folder: Path) -> None:
    for drawing, truth in cases(folder):
        labels = np.asarray(Image.open(truth)).astype(np.uint16)
        best = measure(lambda _, labels=labels: np.where(labels == 65535, 0, labels), drawing, truth)  # type: ignore[misc]
        assert best["right"] == best["regions"] == 2
        assert best["rand"] == pytest.approx(1)
        assert best["variation"] == pytest.approx(0)
        none = measure(lambda image: np.zeros(image.size[::-1], np.uint16), drawing, truth)
        assert none["right"] == none["iou"] == 0
        assert row([none]) == ["0.0%", "0.0%", "0.000", row([none])[3], row([none])[4]]


def test_a_bucket_leaks_where_balls_do_not(folder: Path) -> None:
    (closed, closed_truth), (gap, gap_truth) = cases(folder)
    assert measure(bucket, closed, closed_truth)["right"] == 2
    assert measure(bucket, gap, gap_truth)["right"] == 0
    assert measure(trapped_balls, gap, gap_truth)["right"] == 2


def test_from_the_shell(folder: Path, polycolor: Run) -> None:
    said = polycolor("evaluate", "set", "--against", "bucket,trapped-ball,hull").stdout.decode()
    assert "set: 2 drawings" in said
    assert [line.split("|")[1].strip() for line in said.splitlines() if line.startswith("|")][2:] == [
        "polycolor", "bucket", "trapped-ball",
    ]  # fmt: skip
    (folder / "labels" / "gap.png").unlink()
    assert b"no regions in labels/" in polycolor("evaluate", "set", code=2).stderr
    with pytest.raises(DatasetError):
        cases(folder / "in")
