"""Closed outlines: what they enclose is covered, and nothing beside them."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from conftest import square, square_truth
from polycolor_cli.evaluate.classical import holes
from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.network import Network
from polycolor_cli.fill.outline import outlined, outlines

Gray = NDArray[np.uint8]
U = [(20, 20), (45, 20), (45, 80), (83, 80), (83, 20), (108, 20), (108, 105), (20, 105)]
BAY = np.s_[22:78, 48:80]


def drawn(points: list[tuple[float, float]], side: int = 128, width: int = 3, closed: bool = True) -> Gray:
    image = Image.new("L", (side, side), 255)
    ImageDraw.Draw(image).line([*points, points[0], points[1]] if closed else points, 0, width, "curve")
    return np.array(image)


def taken_for_a_gap() -> Gray:
    """What a network says that takes the bay of the U for a gap."""
    coverage = np.zeros((128, 128), np.uint8)
    coverage[20:106, 20:109] = 255
    return coverage


def answer(gray: Gray, coverage: Gray) -> Gray:
    found = outlines((gray, gray, gray))
    return outlined(found, coverage) if found else coverage


def test_a_bay_is_bare_and_what_is_enclosed_is_covered() -> None:
    gray = drawn(U)
    unsure = taken_for_a_gap()
    unsure[85:100, 30:100] = 60
    found = answer(gray, unsure)
    assert not found[BAY].any()
    flood = holes(gray)
    paper = gray == 255
    assert np.array_equal(found[paper] > 127, flood[paper] > 127)


def test_a_light_outline_on_dark_paper_is_one_too() -> None:
    assert not answer(~drawn(U), taken_for_a_gap())[BAY].any()


@pytest.mark.parametrize("mark", ["an open outline", "a line into the bay", "the rim of the picture", "paper not flat"])
def test_where_there_may_be_a_gap_the_network_decides(mark: str) -> None:
    gray, coverage = drawn(U, closed=mark != "an open outline"), taken_for_a_gap()
    if mark == "a line into the bay":
        gray[40:43, 55:70] = 0
    elif mark == "the rim of the picture":
        coverage[:30, 50:80] = 255
    elif mark == "paper not flat":
        gray = np.minimum(gray, np.linspace(100, 250, 128).astype(np.uint8))
    assert np.array_equal(answer(gray, coverage), coverage)


def test_a_bite_out_of_a_line_stays_mended() -> None:
    gray = drawn([(20, 20), (108, 20), (108, 108), (20, 108)], width=12)
    coverage = np.where(holes(gray) > 127, np.uint8(255), np.uint8(0))
    gray[14:20, 50:58] = 255
    assert np.array_equal(answer(gray, coverage), coverage)


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


def test_closed_outlines_never_ask_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(Network, "_run", asked)
    assert np.array_equal(Colorizer().coverage(square()), square_truth())
    broken = np.asarray(square()).copy()
    broken[30:36, 50:70] = 255
    with pytest.raises(AssertionError, match="was asked"):
        Colorizer().coverage(broken)
