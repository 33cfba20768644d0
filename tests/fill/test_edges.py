"""Edges of clean drawings that follow from the ink, and those that do not."""

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from polycolor_cli import Colorizer
from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.fill import colorizer, network
from polycolor_cli.fill.edges import GAP, REACH, along_ink, smoothed_on_paper

INK, PAPER = 20, 250
RIM = REACH + 1


def tile(gap: int = 0, off: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """An outline from top to bottom, columns 30 to 35, the inside to its right, and a guess whose edge is off.

    gap: rows of the outline, from 20 on, that are missing.
    """
    gray = np.full((72, 72), PAPER, np.uint8)
    gray[:, 30:36] = INK
    gray[20 : 20 + gap, 30:36] = PAPER
    guess = np.zeros((72, 72), np.uint8)
    guess[:, 30 + off :] = 255
    # blurred, as at twice the size
    guess[:, 29 + off], guess[:, 30 + off] = 64, 192
    return gray, guess


def along(*tiles: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, list[bool]]:
    """The coverage of tiles, each a gray and a guess, and which of them are known."""
    gray, guess = (np.stack(planes) for planes in zip(*tiles, strict=True))
    coverage, known = along_ink(gray, guess, (INK, PAPER))
    return coverage, known.tolist()


@pytest.mark.parametrize("off", range(-1, 4))
def test_an_edge_runs_along_the_ink_wherever_it_was_guessed_nearby(off: int) -> None:
    gray, guess = tile(off=off)
    coverage, known = along((gray, guess))
    wanted = np.zeros_like(gray)
    wanted[:, 30:] = 255
    assert known == [True]
    assert np.array_equal(coverage[0], wanted)


def test_a_line_thinner_than_a_pixel_is_ink() -> None:
    gray, guess = tile(off=1)
    gray[:, 30:36] = PAPER
    # four tenths of a pixel, and three
    gray[:, 29], gray[:, 28] = PAPER - (PAPER - INK) * 4 // 10, PAPER - (PAPER - INK) * 3 // 10
    coverage, known = along((gray, guess))
    assert known == [True]
    assert coverage[0, 10, 27:32].tolist() == [0, 0, 255, 255, 255]


def test_a_line_parts_where_its_pixels_touch_at_corners_alone() -> None:
    gray, guess = np.full((72, 72), PAPER, np.uint8), np.zeros((72, 72), np.uint8)
    np.fill_diagonal(gray, INK)
    wanted = np.triu(np.full((72, 72), 255, np.uint8))
    guess[:] = wanted
    guess[np.abs(np.subtract.outer(np.arange(72), np.arange(72))) <= 1] = 128
    coverage, known = along((gray, guess))
    assert known == [True]
    assert np.array_equal(coverage[0], wanted)


@pytest.mark.parametrize(("pixels", "is_known"), [(REACH, True), (REACH + 1, False)])
def test_what_is_certain_reaches_so_far(pixels: int, is_known: bool) -> None:
    gray, guess = tile()
    guess[:, 36 : 36 + pixels] = 200
    assert along((gray, guess))[1] == [is_known]


def test_ink_that_is_hardly_covered_and_beside_nothing_that_is_stays_bare() -> None:
    gray, guess = tile()
    gray[20:50, 10:13], guess[20:50, 10:13] = INK, 100
    coverage, known = along((gray, guess))
    assert known == [True]
    assert not coverage[0, :, :20].any()


def test_a_narrow_gap_is_for_the_network_and_the_next_tile_is_none_the_worse() -> None:
    coverage, known = along(tile(), tile(gap=2 * GAP), tile(off=1))
    assert known == [True, False, True]
    assert np.array_equal(coverage[0], coverage[2])


def test_across_a_wide_gap_the_edge_is_where_it_was_guessed_and_steeper() -> None:
    gray, guess = tile(gap=2 * GAP + 6)
    guess[:, 28:32] = 51, 102, 153, 204
    coverage, known = along((gray, guess))
    assert known == [True]
    middle = coverage[0, 20 + GAP + 3].astype(int)
    assert not middle[:28].any()
    assert (middle[32:] == 255).all()
    assert abs(middle.sum() - guess[0].sum(dtype=int)) < 64
    assert 1 <= np.count_nonzero((middle > 0) & (middle < 255)) <= 2
    # ink, and what is beside it, is the ink's
    assert (coverage[0, :20, 30:] == 255).all()
    assert not coverage[0, :16, :30].any()
    # and the edge reaches it from across the gap
    assert 0 < coverage[0, 20, 29:31].min() < 255


def test_the_edge_across_a_gap_is_smooth_though_the_guess_is_ragged() -> None:
    gray, guess = tile(gap=30)
    guess[20:50:2], guess[21:50:2] = np.roll(guess[20], 1), np.roll(guess[20], -1)
    coverage, known = along((gray, guess))
    assert known == [True]
    assert np.ptp(coverage[0, 25:45, 24:36].astype(int), axis=0).max() <= 8


def test_a_jagged_edge_that_the_network_drew_is_smoothed_but_beside_ink() -> None:
    gray, _ = tile(gap=40)
    drawn = np.zeros((72, 72), np.uint8)
    drawn[:, 30:] = 255
    # teeth of two pixels
    drawn[(np.arange(72) // 2) % 2 == 0, 28:30] = 255
    smooth = smoothed_on_paper(gray[None], drawn[None], (INK, PAPER))[0]
    assert np.array_equal(smooth[:22], drawn[:22])
    assert np.array_equal(smooth[58:], drawn[58:])
    half = (smooth[24:56] >= 128).argmax(1)
    assert np.ptp(half) <= 1
    assert np.ptp((drawn[24:56] >= 128).argmax(1)) == 2
    assert not smooth[24:56, :25].any()
    assert (smooth[24:56, 34:] == 255).all()


def test_an_edge_that_is_off_beside_ink_is_no_gap() -> None:
    gray, guess = tile()
    guess[30:50, 30 - 2 * REACH :] = 255
    assert along((gray, guess))[1] == [False]


def test_an_area_in_doubt_is_no_edge_across_a_gap() -> None:
    gray, guess = tile(gap=30)
    guess[25:45, 20:44] = 128
    assert along((gray, guess))[1] == [False]


def test_paper_that_nothing_certain_comes_to_is_for_the_network() -> None:
    gray, guess = tile()
    guess[20:50, :30] = 100
    assert along((gray, guess))[1] == [False]


def test_what_is_around_a_tile_does_not_count() -> None:
    gray, guess = tile()
    guess[:RIM], guess[:, -RIM:] = 100, 100
    assert along((gray, guess))[1] == [True]
    guess[: RIM + REACH + 1] = 100
    assert along((gray, guess))[1] == [False]


def test_where_the_ink_is_what_is_bare_all_is_for_the_network() -> None:
    gray, guess = tile()
    gray[:] = INK
    gray[:, 30:] = PAPER
    coverage, known = along((gray, guess))
    assert known == [False]
    assert np.array_equal(coverage[0], guess)


def test_of_a_large_clean_drawing_hardly_any_edge_is_drawn_by_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    page = np.full((1024, 1024), 255, np.uint8)
    cv2.ellipse(page, (500, 520), (380, 300), 20, 12, 352, 0, 14, cv2.LINE_AA)
    tiles = []

    def run(self: network.Network, drawing: np.ndarray, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        tiles.append(len(drawing) if drawing.shape[2] == network.TILE + 2 * network.MARGIN else 0)
        return real(self, drawing, inputs)

    real, look = network.Network._run, network.Network.look
    monkeypatch.setattr(network.Network, "_run", run)
    # as where the lines do not say alone how to go on
    monkeypatch.setattr(colorizer, "coverage_across_gaps", lambda gray, tones: None)
    coverages, asked = [], []
    for is_known in (True, False):
        tiles.clear()
        if not is_known:
            monkeypatch.setattr(network.Network, "look", lambda self, gray, inputs, *_: look(self, gray, inputs))
        coverages.append(Colorizer(threads=1).coverage(page) / 255)
        asked.append(sum(tiles))
    assert asked[0] < asked[1] / 8
    assert soft_iou(coverages[0], coverages[1]) > 0.999
    truth = np.zeros_like(page)
    cv2.ellipse(truth, (500, 520), (387, 307), 20, 0, 360, 255, -1, cv2.LINE_AA)
    assert soft_iou(coverages[0], truth / 255) > 0.99


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_across_a_wide_gap_on_flat_paper_an_edge_has_no_teeth(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    page = np.full((600, 600), 255, np.uint8)
    cv2.ellipse(page, (300, 300), (220, 180), 20, 50, 360, 0, 8, cv2.LINE_AA)
    file = BytesIO()
    Image.fromarray(page).save(file, kind, quality=90)
    far_from_ink = cv2.erode(page, np.ones((9, 9), np.uint8)) == 255
    monkeypatch.setattr(colorizer, "bridged", lambda gray, coverage, ends: coverage)
    teeth = []
    for is_smoothed in (True, False):
        if not is_smoothed:
            monkeypatch.setattr(network, "smoothed_on_paper", lambda gray, drawn, ends: drawn)
        coverage = Colorizer(threads=1).coverage(Image.open(file))
        blurred = cv2.GaussianBlur(coverage, (9, 9), 0)
        teeth.append(np.count_nonzero(((coverage >= 128) != (blurred >= 128)) & far_from_ink))
    assert teeth[1] > 0
    assert teeth[0] < teeth[1]
