"""What follows from a drawing and from a guess of its coverage."""

import numpy as np
import pytest
from PIL import Image

from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.network import Network, _guessed
from polycolor_cli.fill.paint import Paint
from polycolor_cli.fill.rules import decide_soft_areas, fill_holes, is_negative


def test_a_soft_area_is_decided_as_a_whole_and_edges_stay() -> None:
    coverage = np.zeros((60, 90), np.uint8)
    coverage[:, 50:] = 255
    # an edge two pixels wide
    coverage[:, 48], coverage[:, 49] = 85, 170
    expected = coverage.copy()
    # mottled, but more covered than not; and the other way round
    coverage[5:25, 60:80] = np.tile([240, 60], 200).reshape(20, 20)
    expected[5:25, 60:80] = 255
    coverage[5:25, 10:40] = np.tile([16, 60, 200], 200).reshape(20, 30)
    expected[5:25, 10:40] = 0
    # too small to be a soft area
    coverage[40:42, 20:40] = expected[40:42, 20:40] = 100
    assert np.array_equal(decide_soft_areas(coverage), expected)


def test_what_is_covered_has_no_holes_but_a_page_in_a_frame() -> None:
    coverage = np.zeros((100, 100), np.uint8)
    coverage[20:80, 20:80] = 255
    expected = coverage.copy()
    # a hole with a soft rim, and a bay, which is none
    coverage[30:50, 30:50] = 60
    coverage[33:47, 33:47] = 0
    coverage[60:80, 60:70] = expected[60:80, 60:70] = 0
    assert np.array_equal(fill_holes(coverage), expected)
    frame = np.full((100, 100), 255, np.uint8)
    frame[3:97, 3:97] = 0
    assert np.array_equal(fill_holes(frame), frame)


@pytest.mark.parametrize("veiled", [10, 90])
def test_where_most_is_in_doubt_nothing_is_filled(monkeypatch: pytest.MonkeyPatch, veiled: int) -> None:
    answer = np.zeros((1, 128, 128), np.uint8)
    answer[0, 20:110, 20:110] = 255
    answer[0, 20:110, 20 : 20 + veiled] = 150
    monkeypatch.setattr(Network, "look", lambda *given, **more: (answer.copy(), _guessed(answer[0])))
    rng = np.random.default_rng(0)
    filled = Colorizer().fill(Image.fromarray(rng.integers(0, 256, (128, 128), np.uint8)), Paint("red"))
    assert filled.share == (0 if veiled == 90 else pytest.approx((90 / 128) ** 2, rel=0.01))
    assert (filled.warning == "no shape found, nothing was filled") == (veiled == 90)


def test_on_flat_paper_only_the_guesses_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = np.zeros((1, 128, 128), np.uint8)
    answer[0, 10:50, 10:50] = 255
    answer[0, 60:120, 10:120] = 150
    monkeypatch.setattr(Network, "look", lambda *given, **more: (answer.copy(), _guessed(answer[0])))
    # drawn with a soft pencil: halves beside halves, so no clean drawing
    gray = np.full((128, 128), 250, np.uint8)
    gray[8:52, 8:52] = np.linspace(20, 200, 44, dtype=np.uint8)
    filled = Colorizer().fill(Image.fromarray(gray), Paint("red"))
    assert filled.share == pytest.approx((40 / 128) ** 2, rel=0.01)
    assert filled.warning is not None
    assert "no clear shape" in filled.warning


def test_a_bright_page_on_a_dark_desk_is_no_negative() -> None:
    desk = np.full((200, 200), 70, np.uint8)
    desk[40:160, 30:170] = 150
    desk[60:140, 60:63] = 10
    assert not is_negative(desk)
    assert is_negative(np.where(desk == 10, np.uint8(240), np.uint8(30)))
