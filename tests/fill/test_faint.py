"""Drawings in faint ink, and what is none."""

import cv2
import numpy as np
import pytest

from polycolor_cli import Colorizer
from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.fill.faint import FAINT, FAINTEST, with_dark_ink

SIDE = 256
CORNERS = [np.array([[60, 200], [128, 50], [200, 190]], np.int32)]


def drawing(paper: float, ink: float, gap: bool = True, width: int = 5) -> np.ndarray:
    """A triangle in an outline a gap of 14 px in one side."""
    page = np.full((SIDE, SIDE), paper, np.float32)
    cv2.polylines(page, CORNERS, True, ink, width, cv2.LINE_AA)
    if gap:
        cv2.circle(page, (94, 125), 7, paper, -1)
    return page


def truth() -> np.ndarray:
    covered = np.zeros((SIDE, SIDE), np.float32)
    cv2.fillPoly(covered, CORNERS, 1.0)
    cv2.polylines(covered, CORNERS, True, 1.0, 5, cv2.LINE_AA)
    return covered


def as_bytes(page: np.ndarray, noise: float = 2.0) -> np.ndarray:
    """A page with some grain."""
    page = page + np.random.default_rng(1).normal(0, noise, page.shape)
    return np.clip(np.round(page), 0, 255).astype(np.uint8)


def light(darkest: float) -> np.ndarray:
    """Light that falls from a corner of the page to the other."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    return (1 - (1 - darkest) * (x + y) / 2).astype(np.float32)


@pytest.mark.parametrize("ink", [225, 210, 190, 170])
def test_faint_ink_is_covered_as_dark_ink_is(ink: int) -> None:
    assert soft_iou(Colorizer(threads=1).coverage(as_bytes(drawing(252, ink))) / 255, truth()) > 0.97


@pytest.mark.parametrize("darkest", [0.85, 0.7])
def test_in_uneven_light_too(darkest: float) -> None:
    page = as_bytes(drawing(250, 205) * light(darkest))
    assert soft_iou(Colorizer(threads=1).coverage(page) / 255, truth()) > 0.95


def test_half_tones_keep_their_place() -> None:
    faint, dark = (as_bytes(drawing(240, ink), noise=0) for ink in (140, 40))
    assert np.abs(with_dark_ink(faint).astype(int) - dark).max() <= 2
    closed = [as_bytes(drawing(255, ink, gap=False), noise=0) for ink in (155, 0)]
    coverages = [Colorizer(threads=1).coverage(page).astype(int) for page in closed]
    assert np.abs(coverages[0] - coverages[1]).max() <= 2


def test_a_small_and_a_large_drawing_are_no_other_thing() -> None:
    page = as_bytes(drawing(250, 200), noise=0)
    small, large = (cv2.resize(page, (side, side), interpolation=cv2.INTER_AREA) for side in (24, 1500))
    for each in (small, large):
        assert int(each.max()) - int(with_dark_ink(each).min()) > 150


@pytest.mark.parametrize(
    "page",
    [
        as_bytes(drawing(255, 255 - FAINT)),
        as_bytes(drawing(255, 0) * light(0.6)),
        as_bytes(drawing(250, 250 - FAINTEST + 2), noise=0.5),
        as_bytes(np.full((SIDE, SIDE), 240.0)),
        as_bytes(np.full((SIDE, SIDE), 240.0) * light(0.6)),
        np.full((SIDE, SIDE), 0, np.uint8),
        np.full((1, 1), 200, np.uint8),
    ],
    ids=["ink that is not faint", "ink in uneven light", "creases", "grain", "uneven light", "black", "a pixel"],
)
def test_what_has_no_faint_ink_stays(page: np.ndarray) -> None:
    assert with_dark_ink(page) is page


def test_a_stain_on_the_paper_is_no_ink() -> None:
    page = drawing(230, 120)
    page[:, 150:] = np.minimum(page[:, 150:], 190)
    page = as_bytes(page)
    assert with_dark_ink(page) is page


def test_a_few_dark_lines_beside_a_shadow_are_the_ink() -> None:
    page = drawing(250, 30, width=1)
    corner = np.zeros((SIDE, SIDE), np.float32)
    cv2.fillPoly(corner, [np.array([[0, 0], [130, 0], [0, 130]], np.int32)], 1.0)
    page = as_bytes(page * (1 - 0.2 * cv2.GaussianBlur(corner, (0, 0), 5)))
    assert with_dark_ink(page) is page
