"""Closed outlines: what they enclose is covered, and nothing beside them."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from conftest import square, square_truth
from polycolor_cli.evaluate.classical import holes
from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.fill.closed import SMALLEST, bare_beside_closed, closed_coverage
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.network import Network
from polycolor_cli.fill.rules import tones_of

Gray = NDArray[np.uint8]
U = [(20, 20), (45, 20), (45, 80), (83, 80), (83, 20), (108, 20), (108, 105), (20, 105)]


def drawn(points: list[tuple[float, float]], side: int = 128, width: int = 3, closed: bool = True) -> Gray:
    image = Image.new("L", (side, side), 255)
    ImageDraw.Draw(image).line([*points, points[0], points[1]] if closed else points, 0, width, "curve")
    return np.array(image)


def maybe_open(mark: str) -> Gray:
    """A U whose outline may be open, for a reason; with any other it is closed."""
    gray = drawn(U, closed=mark != "a gap", width=9 if mark == "a long bite" else 3)
    assert mark == "a gap" or closed_coverage(gray, tones_of(gray)) is not None
    if mark == "a line into the bay":
        gray[40:43, 55:70] = 0
    elif mark == "pale":
        gray[45:50, 15:26][gray[45:50, 15:26] == 0] = 150
    elif mark == "a long bite":
        gray[35:75, 10:20] = 255
    return gray


@pytest.mark.parametrize("mark", ["a gap", "a line into the bay", "pale", "a long bite", "the rim", "shaded paper"])
def test_where_there_may_be_a_gap_nothing_is_said(mark: str) -> None:
    gray = maybe_open(mark)
    if mark == "the rim":
        gray[0, 40] = 0
    elif mark == "shaded paper":
        gray = np.minimum(gray, np.linspace(100, 250, 128).astype(np.uint8))
    assert closed_coverage(gray, tones_of(gray)) is None


@pytest.mark.parametrize("mark", ["", "a gap", "a line into the bay", "pale", "a long bite", "the rim"])
def test_the_bay_of_a_closed_outline_is_bare_and_of_any_other_as_it_was(mark: str) -> None:
    gray = maybe_open(mark)
    covered = np.zeros_like(gray)
    covered[15:110, 15:113] = 255
    if mark == "the rim":
        gray, covered = gray[20:], covered[20:]
    answer = beside_another(gray, covered)
    assert np.array_equal(answer, covered) == bool(mark)
    if not mark:
        # what is enclosed, and the lines, are covered still
        assert np.array_equal(answer >= 128, holes(gray) >= 128)
    # one thing alone is open, or it would have been traced
    assert np.array_equal(bare_beside_closed(gray, covered, (0, 255)), covered)


def beside_another(gray: Gray, covered: Gray) -> Gray:
    """A coverage without the bays of closed outlines, of a drawing that has a square beside it."""
    page, coverage = (np.pad(plane, ((0, 0), (0, 64)), "edge") for plane in (gray, covered))
    page[:, -64:], coverage[:, -64:] = 255, 0
    page[40:60, -40:-20], coverage[40:60, -40:-20] = 0, 255
    answer = bare_beside_closed(page, coverage, (0, 255))
    assert np.array_equal(answer[:, -64:], coverage[:, -64:])
    return answer[:, :-64]


def test_what_lies_between_closed_outlines_is_as_it_was_where_there_is_a_line() -> None:
    gray = np.concatenate([drawn(U), drawn(U)], 1)
    covered = np.zeros_like(gray)
    covered[15:110, 15:240] = 255
    assert not np.array_equal(beside_another(gray, covered), covered)
    covered[15:110, 15:240] = 255
    gray[100:103, 110:147] = 0
    gray[60, 120:130] = 0
    assert np.array_equal(beside_another(gray, covered), covered)


def test_one_open_thing_on_a_page_costs_the_others_nothing() -> None:
    page = np.full((600, 800), 255, np.uint8)
    page[40:168, 60:188] = drawn(U)
    alone = np.full((600, 800), 255, np.uint8)
    alone[40:168, 60:188] = drawn(U)
    # a wide open box that the lines alone do not close
    cv2.polylines(page, [np.array([[400, 300], [400, 500], [650, 500], [650, 300], [600, 300]])], False, 0, 4)
    coverage = Colorizer().coverage(page)
    assert np.array_equal(coverage[:250, :300], Colorizer().coverage(alone)[:250, :300])
    assert coverage[400, 525] == 255


def band(side: int, turns: float) -> list[tuple[float, float]]:
    """A band rolled up, with a channel as wide as itself between its turns."""
    angle = np.linspace(0, turns * 2 * np.pi, 200)
    middle = 0.12 + 0.3 * angle / angle[-1]
    half = 0.3 / turns / 4
    sides = [
        np.stack([(middle + d) * np.cos(angle), (middle + d) * np.sin(angle)], 1)[:: 1 if d > 0 else -1]
        for d in (half, -half)
    ]
    return [(x, y) for x, y in (np.concatenate(sides) + 0.5) * side]


@pytest.mark.parametrize("side", [128, 250, 300, 900])
@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
@pytest.mark.parametrize("shape", ["rolled up", "arch"])
def test_a_closed_outline_is_filled_as_a_flood_fill_would(side: int, soft: bool, shape: str) -> None:
    times = 4 if soft else 1
    points = (
        band(side * times, 1.5)
        if shape == "rolled up"
        else [(x * side * times / 128, y * side * times / 128) for x, y in U]
    )
    gray = drawn(points, side * times, max(2, side // 64) * times)
    if soft:
        gray = cv2.resize(gray, (side, side), interpolation=cv2.INTER_AREA)
    coverage = Colorizer(threads=1).coverage(gray)
    flood = holes(gray)
    assert soft_iou(coverage / 255, flood / 255) >= 0.98
    if not soft:
        assert np.count_nonzero((coverage > 127) != (flood > 127)) <= 1e-4 * side * side


@pytest.mark.parametrize(("side", "is_traced"), [(64, True), (SMALLEST, True), (SMALLEST - 1, False)])
def test_a_small_closed_outline_is_traced_but_for_a_tiny_one(side: int, is_traced: bool) -> None:
    gray = drawn(band(side, 1.1), side, 1)
    coverage = closed_coverage(gray, tones_of(gray))
    assert (coverage is not None) == is_traced
    assert coverage is None or np.array_equal(coverage > 127, holes(gray) > 127)


def test_closed_outlines_never_ask_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(Network, "_run", asked)
    assert np.array_equal(Colorizer().coverage(square()), square_truth())
    broken = np.asarray(square()).copy()
    broken[30:36, 50:70] = 255
    with pytest.raises(AssertionError, match="was asked"):
        Colorizer().coverage(broken)


@pytest.mark.parametrize(("ink", "is_seen"), [(225, True), (231, True), (232, False)])
def test_ink_that_differs_from_its_paper_by_a_tenth_is_seen(ink: int, is_seen: bool) -> None:
    gray = np.full((64, 64), 255, np.uint8)
    gray[10:50, 10:50] = ink
    gray[13:47, 13:47] = 255
    covered = closed_coverage(gray, tones_of(gray))
    assert (covered is not None) == is_seen
    if covered is not None:
        assert np.array_equal(covered == 255, square_of(10, 50))
        assert not covered[~square_of(10, 50)].any()


def square_of(low: int, high: int, side: int = 64) -> NDArray[np.bool_]:
    inside = np.zeros((side, side), np.bool_)
    inside[low:high, low:high] = True
    return inside
