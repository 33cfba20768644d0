"""Edges across gaps by the lines beside them alone, no network asked: where they go, and where the guess stays."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from polycolor_cli.fill.bridges import bridged

Points = NDArray[np.float64]
Plane = NDArray[np.uint8]

INK_ON_PAPER = 0, 255
SIDE, LINE = 300, 5


def circle() -> Points:
    angle = np.linspace(0, 2 * np.pi, 361)
    return np.stack([150 + 100 * np.cos(angle), 150 + 100 * np.sin(angle)], 1)


def polygon(*corners: tuple[float, float]) -> Points:
    sides = pairwise(np.array([*corners, corners[0]], float))
    return np.concatenate([np.linspace(a, b, 90, endpoint=False) for a, b in sides])


def box() -> Points:
    return polygon((60, 60), (240, 60), (240, 240), (60, 240))


def rounded_box() -> Points:
    """A box whose lower right corner is an arc of 8 pixels."""
    quarter = np.linspace(0, np.pi / 2, 45)
    return polygon(*(232 + 8 * np.stack([np.cos(quarter), np.sin(quarter)], 1)), (60, 240), (60, 60), (240, 60))


def octagon() -> Points:
    angle = np.arange(8) * np.pi / 4
    return polygon(*zip(150 + 100 * np.cos(angle), 150 + 100 * np.sin(angle), strict=True))


def kite() -> Points:
    return polygon((150, 40), (220, 200), (150, 260), (80, 200))


def without(outline: Points, around: tuple[float, float], gap: float) -> Points:
    """What of an outline is left beside a gap around a point, from one end of it to the other."""
    near = np.hypot(*(outline - around).T) < gap / 2
    first = int(np.flatnonzero(near)[-1]) + 1 if not near[0] else int(np.flatnonzero(~near)[0])
    turned = np.roll(near, -first)
    return np.roll(outline, -first, 0)[: int(turned.argmax())]


def drawing(path: Points, closed: bool = False) -> Plane:
    page = np.full((SIDE, SIDE), 255, np.uint8)
    cv2.polylines(page, [np.round(path * 16).astype(np.int32)], closed, 0, LINE, cv2.LINE_AA, 4)
    return page


def filled(path: Points) -> Plane:
    """What an outline covers, its line included."""
    inside = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(inside, [np.round(path * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return np.maximum(inside, 255 - drawing(path, closed=True))


def guess(path: Points, around: tuple[float, float], gap: float, bite: float = 0.2) -> Plane:
    """The coverage of a drawing as a network would have it: bitten at the gap."""
    coverage = filled(path)
    bitten = cv2.circle(np.zeros_like(coverage), np.round(around).astype(int).tolist(), int(bite * gap), 255, -1)
    return np.maximum(np.where(bitten > 0, np.uint8(0), coverage), 255 - drawing(without(path, around, gap)))


def away(around: tuple[float, float]) -> NDArray[np.float64]:
    """How far each pixel of a drawing is from a point."""
    return np.hypot(*(np.mgrid[:SIDE, :SIDE][::-1] - np.array(around)[:, None, None]))


def wrong(coverage: Plane, truth: Plane) -> float:
    return float(np.abs(coverage.astype(int) - truth).sum()) / 255


ROUND = circle(), (250.0, 150.0)
STRAIGHT = box(), (240.0, 150.0)
CORNER = box(), (240.0, 60.0)
BLUNT = octagon(), (250.0, 150.0)
SHARP = kite(), (150.0, 40.0)


@pytest.mark.parametrize(
    ("outline", "around"),
    [ROUND, STRAIGHT, CORNER, BLUNT],
    ids=["round", "straight", "a corner", "a blunt one"],
)
@pytest.mark.parametrize("is_dark", [True, False], ids=["dark ink", "light ink"])
def test_an_edge_goes_on_as_its_lines_do(outline: Points, around: tuple[float, float], is_dark: bool) -> None:
    gap = 40.0
    page, given = drawing(without(outline, around, gap)), guess(outline, around, gap)
    ends = INK_ON_PAPER if is_dark else INK_ON_PAPER[::-1]
    coverage = bridged(page if is_dark else 255 - page, given, ends)
    truth = filled(outline)
    assert wrong(given, truth) > 2 * gap
    assert wrong(coverage, truth) < gap
    # away from the gap nothing changes
    far = away(around) > gap
    assert np.array_equal(coverage[far], given[far])


def test_a_corner_that_is_cut_off_is_drawn_and_a_small_rounded_one_stays() -> None:
    for (outline, around), gap, goes_round_ends in (
        (SHARP, 40.0, False),
        (SHARP, 28.0, False),
        (CORNER, 28.0, False),
        (SHARP, 50.0, True),
        (CORNER, 28.0, True),
    ):
        rest, truth = without(outline, around, gap), filled(outline)
        given = guess(outline, around, gap, bite=0.5) if goes_round_ends else filled(rest)
        assert wrong(bridged(drawing(rest), given, INK_ON_PAPER), truth) < wrong(given, truth) / 3
    outline, around = rounded_box(), (237.0, 237.0)
    page, given = drawing(without(outline, around, 16)), filled(outline)
    assert np.array_equal(bridged(page, given, INK_ON_PAPER), given)


@pytest.mark.parametrize(
    ("lines", "edge"),
    [
        (
            [[(60, 60), (60, 240), (200, 240), (200, 50)], [(60, 60), (160, 88)]],
            [(60, 60), (160, 88), (200, 78), (200, 240), (60, 240)],
        ),
        (
            [[(222, 85), (240, 85), (240, 240), (60, 240), (60, 60), (215, 60)]],
            [(240, 85), (240, 240), (60, 240), (60, 60), (215, 60)],
        ),
    ],
    ids=["goes on", "turns"],
)
def test_a_line_that_goes_on_or_turns_where_a_gap_begins_leads_nowhere(
    lines: list[list[tuple[float, float]]], edge: list[tuple[float, float]]
) -> None:
    page = np.minimum.reduce([drawing(np.array(line, float)) for line in lines])
    given = np.maximum(filled(np.array(edge, float)), 255 - page)
    assert np.array_equal(bridged(page, given, INK_ON_PAPER), given)


def test_a_closed_outline_stays_as_it_is() -> None:
    covered = filled(circle())
    assert np.array_equal(bridged(drawing(circle(), closed=True), covered, INK_ON_PAPER), covered)
    assert not bridged(np.full((50, 50), 255, np.uint8), np.zeros((50, 50), np.uint8), INK_ON_PAPER).any()


@pytest.mark.parametrize(
    "mark", ["narrow", "long", "far from the guess", "at the rim", "parallel lines", "short lines"]
)
def test_where_lines_lead_nowhere_the_guess_stays(mark: str) -> None:
    outline, around = ROUND
    gap = {"narrow": 16.0, "long": 90.0}.get(mark, 40.0)
    page, given = drawing(without(outline, around, gap)), guess(outline, around, gap)
    if mark == "far from the guess":
        given = guess(outline, around, gap, bite=0.9)
    elif mark == "at the rim":
        page, given = page[:, :252], given[:, :252]
    elif mark == "parallel lines":
        path = np.array([[100, 200], [100, 60], [140, 60], [140, 200]], float)
        page, given = drawing(path), filled(path)
        given[195:] = 255 - page[195:]
    elif mark == "short lines":
        page[away(around) > 27] = 255
    assert np.array_equal(bridged(page, given, INK_ON_PAPER), given)
