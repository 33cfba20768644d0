"""Bites out of closed lines: the outer side is where the inner side and the line's width have it."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.fill.closed import closed_coverage
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.network import Network
from polycolor_cli.fill.rules import tones_of

Gray = NDArray[np.uint8]
FINE = 4


def outlined(truth: Gray, hole: Gray) -> tuple[Gray, Gray]:
    """The outline between two planes of a finer picture, dark on light, and the coverage of the larger one."""
    truth, hole = (
        cv2.resize(plane, None, fx=1 / FINE, fy=1 / FINE, interpolation=cv2.INTER_AREA) for plane in (truth, hole)
    )
    return 255 - (truth - hole), truth


def ring() -> tuple[Gray, Gray]:
    planes = np.zeros((2, 200 * FINE, 200 * FINE), np.uint8)
    for plane, radius in zip(planes, (80, 64), strict=True):
        cv2.circle(plane, (100 * FINE, 100 * FINE), radius * FINE, 255, -1)
    return outlined(*planes)


def tile() -> tuple[Gray, Gray]:
    """A square with round corners."""
    planes = np.zeros((2, 200 * FINE, 200 * FINE), np.uint8)
    for plane, radius in zip(planes, (24, 10), strict=True):
        cv2.rectangle(plane, (60 * FINE, 60 * FINE), (140 * FINE, 140 * FINE), 255, 2 * radius * FINE)
        cv2.rectangle(plane, (60 * FINE, 60 * FINE), (140 * FINE, 140 * FINE), 255, -1)
    return outlined(*planes)


def bitten(gray: Gray, *bites: tuple[int, int, int]) -> Gray:
    """A drawing without what lies in some discs: x, y and radius of each."""
    gray = gray.copy()
    for x, y, radius in bites:
        cv2.circle(gray, (x, y), radius, 255, -1, cv2.LINE_AA)
    return gray


@pytest.mark.parametrize(
    ("shape", "bites"),
    [
        (ring, [(100, 20, 9)]),
        (ring, [(100, 7, 22)]),
        (ring, [(100, 20, 11), (180, 100, 9), (43, 157, 10)]),
        (tile, [(100, 36, 10)]),
        (tile, [(43, 43, 9), (164, 90, 8)]),
    ],
    ids=["a ring", "widely", "three times", "a side", "a corner"],
)
@pytest.mark.parametrize("is_sharp", [False, True], ids=["soft", "hard"])
def test_a_bitten_line_is_whole_again(
    shape: Callable[[], tuple[Gray, Gray]],
    bites: list[tuple[int, int, int]],
    is_sharp: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Network, "_run", None)
    whole, truth = shape()
    gray = bitten(whole, *bites)
    if is_sharp:
        gray, truth = (np.where(plane < 128, 0, 255).astype(np.uint8) for plane in (gray, truth))
    coverage = Colorizer(threads=1).coverage(gray)
    assert soft_iou(coverage / 255, truth / 255) > 0.997
    off = np.abs(coverage.astype(int) - truth)
    if is_sharp:
        assert set(np.unique(coverage)) == {0, 255}
    # nowhere is the edge off by two pixels
    assert not cv2.erode((off > 127).view(np.uint8), np.ones((2, 2), np.uint8)).any()
    near = bitten(np.zeros_like(truth), *((x, y, radius + 8) for x, y, radius in bites)) > 0
    assert off[~near].max() <= 1


def test_a_line_bitten_on_its_inner_side_has_its_outer_edge_as_drawn() -> None:
    whole, _ = tile()
    gray = bitten(whole, (100, 50, 8))
    coverage = closed_coverage(gray, tones_of(gray))
    assert coverage is not None
    assert np.array_equal(coverage, closed_coverage(whole, tones_of(whole)))


def uneven(gray: Gray, by: int = 6, places: int = 2) -> Gray:
    """A ring whose line is wider by so many pixels in places."""
    for angle in (120, 180, 0)[:places]:
        cv2.ellipse(gray, (100, 100), (72 + by // 2,) * 2, 0, angle, angle + 30, 0, 16 + by)
    return gray


def long_bite(gray: Gray) -> Gray:
    gray[:29, 40:160] = 255
    return gray


@pytest.mark.parametrize("change", [uneven, long_bite])
def test_what_a_line_does_not_say_is_for_the_network(change: Callable[[Gray], Gray]) -> None:
    whole, _ = ring()
    assert closed_coverage(whole, tones_of(whole)) is not None
    gray = change(bitten(whole, (100, 20, 9)))
    assert closed_coverage(gray, tones_of(gray)) is None


def test_a_line_of_somewhat_uneven_width_is_whole_again() -> None:
    whole, _ = ring()
    gray = uneven(bitten(whole, (100, 20, 9)), by=4, places=3)
    assert closed_coverage(gray, tones_of(gray)) is not None
