"""Edges across gaps: drawn where the lines beside them tell how, smoothed where not."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from polycolor_cli.bridge import bridged
from polycolor_cli.fill import Colorizer
from polycolor_cli.metrics import soft_iou

Gray = NDArray[np.uint8]
GAP = np.s_[50:78, 95:128]
"""The right side of a shape, rubbed out."""


def disc(side: int = 128) -> Gray:
    return drawn("ellipse", side, fill=255, outline=255)


def drawn(shape: str, side: int = 128, **colors: int) -> Gray:
    """A circle or a box of ink, or filled, drawn four times as large."""
    image = Image.new("L", (4 * side, 4 * side), 0)
    box = (0.15 * 4 * side, 0.15 * 4 * side, 0.85 * 4 * side, 0.85 * 4 * side)
    getattr(ImageDraw.Draw(image), shape)(box, width=4 * side // 40, **colors)
    return np.asarray(image.reduce(4))


def torn(coverage: Gray, view: tuple[slice, slice], depth: int = 4) -> Gray:
    """What a network says: short of the true edge, and ragged."""
    ragged = coverage.copy()
    rng = np.random.default_rng(0)
    for row in range(view[0].start, view[0].stop):
        edge = int(np.flatnonzero(coverage[row] > 127).max())
        ragged[row, edge - int(rng.integers(1, depth)) :] = 0
    return ragged


def off(coverage: Gray, truth: Gray) -> int:
    return int(np.count_nonzero((coverage > 127) != (truth > 127)))


@pytest.mark.parametrize("shape", ["ellipse", "rectangle"])
def test_an_edge_goes_on_as_the_lines_beside_it_do(shape: str) -> None:
    gray, truth = 255 - drawn(shape, outline=255), drawn(shape, fill=255, outline=255)
    gray[GAP] = 255
    guess = torn(truth, GAP)
    found = bridged(gray, guess)
    assert off(guess, truth) > 40
    assert off(found, truth) <= 8
    # the edge is soft like any other
    assert ((found[GAP] > 20) & (found[GAP] < 235)).any() == (shape == "ellipse")


def test_a_finely_drawn_bend_goes_on_within_two_pixels() -> None:
    gray, truth = 255 - drawn("ellipse", 1024, outline=255), drawn("ellipse", 1024, fill=255, outline=255)
    view = np.s_[400:624, 760:1024]
    gray[view] = 255
    guess = torn(truth, view, 24)
    assert off(guess, truth) > 2000
    assert off(bridged(gray, guess), truth) <= 400


def test_a_corner_is_one_again() -> None:
    gray, truth = 255 - drawn("rectangle", outline=255), drawn("rectangle", fill=255, outline=255)
    gray[:38, 90:] = 255
    y, x = np.mgrid[:128, :128]
    guess = np.where(x - y > 80, np.uint8(0), truth)
    found = bridged(gray, guess)
    assert off(guess, truth) > 20
    assert off(found, truth) <= 8


def test_beside_ink_and_on_paper_that_is_not_flat_nothing_changes() -> None:
    gray, truth = 255 - drawn("ellipse", outline=255), disc()
    assert np.array_equal(bridged(gray, truth), truth)
    gray[GAP] = 255
    uneven = np.minimum(gray, np.linspace(120, 250, 128).astype(np.uint8))
    guess = torn(truth, GAP)
    assert np.array_equal(bridged(uneven, guess), guess)


def test_where_the_network_sees_another_shape_it_is_kept() -> None:
    gray, bitten = 255 - drawn("ellipse", outline=255), disc().copy()
    gray[40:88, 60:] = 255
    y, x = np.mgrid[:128, :128]
    bitten[np.hypot(x - 110, y - 64) < 24] = 0
    assert soft_iou(bridged(gray, bitten) / 255, bitten / 255) > 0.98


def test_unsmoothed_pictures_stay_so() -> None:
    gray = np.where(drawn("ellipse", outline=255) > 127, np.uint8(0), np.uint8(255))
    gray[GAP] = 255
    truth = np.where(disc() > 127, np.uint8(255), np.uint8(0))
    found = bridged(gray, torn(truth, GAP))
    assert set(np.unique(found)) == {0, 255}
    assert off(found, truth) <= 8


@pytest.mark.parametrize(("side", "most"), [(128, 0.2), (250, 0.5), (1500, 2.5)])
@pytest.mark.parametrize("shape", ["ellipse", "rectangle"])
def test_a_gap_leaves_hardly_a_dent_at_any_size(shape: str, side: int, most: float) -> None:
    gray, truth = 255 - drawn(shape, side, outline=255), drawn(shape, side, fill=255, outline=255)
    gray[int(0.39 * side) : int(0.61 * side), side // 2 :] = 255
    assert off(Colorizer(threads=1).coverage(gray), truth) <= most * side
