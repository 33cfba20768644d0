"""Gaps that the lines beside them say how to close: no network is asked, and where they do not, it is."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.gaps import coverage_across_gaps
from polycolor_cli.fill.network import Network
from polycolor_cli.fill.rules import tones_of

Points = NDArray[np.float64]
Plane = NDArray[np.uint8]

SIDE, FINE = 200, 4


def circle() -> Points:
    angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    return np.stack([100 + 70 * np.cos(angle), 100 + 55 * np.sin(angle)], 1)


def box() -> Points:
    return np.array([(40, 50), (160, 50), (160, 150), (40, 150)], float)


def rounded_box(radius: float = 12) -> Points:
    quarter = np.radians(np.arange(0, 91, 5))
    return np.concatenate(
        [
            corner + radius * np.stack([np.cos(quarter + turn), np.sin(quarter + turn)], 1)
            for corner, turn in zip(
                [(160 - radius, 150 - radius), (40 + radius, 150 - radius), (40 + radius, 50 + radius)]
                + [(160 - radius, 50 + radius)],
                np.arange(4) * np.pi / 2,
                strict=True,
            )
        ]
    )


def star() -> Points:
    angle = np.arange(10) * np.pi / 5 - np.pi / 2
    radius = np.where(np.arange(10) % 2, 32, 80)
    return 100 + np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


def drawing(outline: Points, *gaps: tuple[float, float, float], width: int = 4, is_sharp: bool = False) -> Plane:
    """An outline on white with what lies in some discs (x, y and radius) rubbed out."""
    fine = 1 if is_sharp else FINE
    page = np.full((SIDE * fine, SIDE * fine), 255, np.uint8)
    cv2.polylines(page, [np.round(outline * fine).astype(np.int32)], True, 0, width * fine)
    for x, y, radius in gaps:
        cv2.circle(page, (round(x * fine), round(y * fine)), round(radius * fine), 255, -1)
    return cv2.resize(page, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def across(gray: Plane) -> Plane | None:
    return coverage_across_gaps(gray, tones_of(gray))


def filled(outline: Points, **how: bool) -> Plane:
    """The coverage of an outline without gaps."""
    return Colorizer(threads=1).coverage(drawing(outline, **how))


@pytest.mark.parametrize(
    ("outline", "gaps"),
    [
        (circle, [(170, 100, 7)]),
        (circle, [(170, 100, 7), (100, 45, 9)]),
        (box, [(100, 50, 9)]),
        (box, [(40, 50, 8)]),
        (box, [(40, 50, 8), (160, 120, 6)]),
        (star, [(100, 20, 9)]),
        (rounded_box, [(44, 54, 9)]),
    ],
    ids=["a bend", "two bends", "a side", "a corner", "a corner and a side", "a tip", "a rounded corner"],
)
@pytest.mark.parametrize("is_sharp", [False, True], ids=["soft", "hard"])
@pytest.mark.parametrize("turns", [0, 1, 2])
def test_lines_go_on_across_gaps_as_they_lead(
    outline: Callable[[], Points],
    gaps: list[tuple[float, float, float]],
    is_sharp: bool,
    turns: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Network, "_run", None)
    if is_sharp and outline is circle:
        gaps = gaps[:1]  # at the other one a hard line seems to have a corner
    gray = np.ascontiguousarray(np.rot90(drawing(outline(), *gaps, is_sharp=is_sharp), turns))
    truth = np.rot90(filled(outline(), is_sharp=is_sharp), turns)
    coverage = Colorizer(threads=1).coverage(gray)
    assert soft_iou(coverage / 255, truth / 255) > 0.996
    if is_sharp:
        assert set(np.unique(coverage)) == {0, 255}
    wrong = (np.abs(coverage.astype(int) - truth) > 127).view(np.uint8)
    # nowhere is the edge off by three pixels
    assert not cv2.erode(wrong, np.ones((3, 3), np.uint8)).any()


def test_the_missing_tip_of_an_enlarged_star_is_drawn() -> None:
    small = np.full((300, 300), 255, np.uint8)
    cv2.polylines(small, [np.round(1.5 * star()).astype(np.int32)], True, 0, 5, cv2.LINE_AA)
    whole = Colorizer(threads=1).coverage(cv2.resize(small, None, fx=3, fy=3))
    cv2.circle(small, (150, 32), 14, 255, -1, cv2.LINE_AA)
    coverage = across(cv2.resize(small, None, fx=3, fy=3))
    assert coverage is not None
    assert soft_iou(coverage / 255, whole / 255) > 0.995


def test_what_is_far_from_a_gap_is_as_without_it() -> None:
    coverage, whole = across(drawing(star(), (100, 20, 9))), filled(star())
    assert coverage is not None
    assert np.array_equal(coverage[50:], whole[50:])


def with_line(gray: Plane, *points: tuple[int, int]) -> Plane:
    cv2.polylines(gray, [np.array(points, np.int32)], False, 0, 4)
    return gray


def parted() -> Plane:
    """A crooked channel with a mouth at each end, and a gap in its wall."""
    gray = np.full((SIDE, SIDE), 255, np.uint8)
    for y in (60, 84):
        with_line(gray, (20, y), (120, y), (120, y + 70), (180, y + 70))
    gray[56:66, 60:72] = 255
    return gray


def hatched() -> Plane:
    gray = drawing(box(), (100, 50, 9))
    for x in range(48, 156, 6):
        cv2.line(gray, (x, 60), (x, 140), 0, 2)
    return gray


def lattice() -> Plane:
    gray = np.full((SIDE, SIDE), 255, np.uint8)
    for at in (90, 110):
        cv2.line(gray, (at, 70), (at, 130), 0, 6)
        cv2.line(gray, (70, at), (130, at), 0, 6)
    return gray


def bay(mouth: int = 14) -> Plane:
    """A box with a gap, and beside it a closed band around something bare with a mouth so wide."""
    around = [(150 + mouth, 120), (186, 120), (186, 190), (114, 190), (114, 120), (150 - mouth, 120)]
    gray = drawing(0.5 * box() - (16, 10), (34, 15, 5))
    for width, shade in ((16, 0), (10, 255)):
        cv2.polylines(gray, [np.array(around, np.int32)], False, shade, width)
    # closed at its ends
    for x in (150 - mouth, 150 + mouth):
        cv2.line(gray, (x, 114), (x, 126), 0, 3)
    return gray


@pytest.mark.parametrize(
    "gray",
    [
        drawing(box(), (100, 50, 16)),
        drawing(circle(), (170, 100, 7))[:, :168],
        with_line(drawing(box(), (100, 50, 9)), (160, 100), (190, 60)),
        hatched(),
        lattice(),
        bay(),
        parted(),
        np.minimum(drawing(box(), (100, 50, 9)), np.linspace(120, 255, SIDE).astype(np.uint8)),
    ],
    ids=["a long gap", "cut off", "a line into the open", "hatched", "a lattice", "a bay", "no shape", "shaded paper"],
)
def test_where_lines_do_not_say_it_nothing_is_said(gray: Plane) -> None:
    assert across(np.ascontiguousarray(gray)) is None


def test_a_tip_without_another_corner_like_it_may_be_rounded() -> None:
    drop = np.concatenate([[(100, 20)], [(x, y + 20) for x, y in circle() * (0.8, 1) if y > 90]])
    assert across(drawing(drop)) is None
    assert across(drawing(drop, (100, 20, 9))) is None


def test_lines_inside_are_covered_whatever_they_are() -> None:
    gray = with_line(drawing(box(), (100, 50, 9)), (70, 110), (100, 80), (130, 110))
    coverage = across(gray)
    assert coverage is not None
    assert np.array_equal(coverage, across(drawing(box(), (100, 50, 9))))


@pytest.mark.parametrize(("rings", "is_seen"), [(45, True), (55, False)])
def test_a_drawing_has_so_many_lines_and_no_more(rings: int, is_seen: bool) -> None:
    gray = drawing(box(), (100, 50, 9))
    for number in range(rings):
        cv2.circle(gray, (54 + number % 10 * 10, 66 + number // 10 * 12), 3, 0, 1)
    assert (across(gray) is not None) == is_seen


def test_a_bay_with_a_wide_mouth_is_no_outline() -> None:
    assert across(bay(mouth=28)) is not None


def four_points() -> Points:
    angle = np.arange(8) * np.pi / 4 - np.pi / 2
    radius = np.where(np.arange(8) % 2, 36, 88)
    return 100 + np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


def heart() -> Points:
    t = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return 100 + 4 * np.stack([16 * np.sin(t) ** 3, -y], 1)


@pytest.mark.parametrize(
    ("outline", "gap"),
    [(four_points, (100, 20, 27)), (heart, (100, 166, 15)), (lambda: rounded_box(20), (56, 50, 9))],
    ids=["what is left of its sides is short", "no other corner", "a bend on one side alone"],
)
def test_what_may_go_on_otherwise_is_for_the_network(
    outline: Callable[[], Points], gap: tuple[float, float, float]
) -> None:
    assert across(drawing(outline(), gap, width=6)) is None
