"""What follows from a drawing and from a guess of its coverage."""

import cv2
import numpy as np
import pytest
from PIL import Image

from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.network import Network, _guessed
from polycolor_cli.fill.paint import Paint
from polycolor_cli.fill.rules import (
    decide_soft_areas,
    exact_where_clean,
    fill_holes,
    ink_first,
    is_line_art,
    is_negative,
    is_noise,
    is_partial,
    paper_gray,
    tones_of,
    without_veils,
)


def exact(gray: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """`exact_where_clean`, of a drawing that is."""
    half, ends, _ = tones_of(gray)
    assert ends is not None
    return exact_where_clean(gray, guess, half, ink_first(gray, guess, ends))


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
    # as much covered as not; and an area that touches another at a corner alone
    coverage[30:35, 60:70], coverage[30:35, 70:80] = 100, 155
    expected[30:35, 60:80] = 255
    coverage[35:39, 80:84], expected[35:39, 80:84] = 130, 255
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
    # a corner is no way in
    coverage[40, 40], coverage[21, 21] = 255, 0
    assert fill_holes(coverage)[21, 21] == 255
    frame = np.full((100, 100), 255, np.uint8)
    frame[3:97, 3:97] = 0
    assert np.array_equal(fill_holes(frame), frame)


def test_only_an_edge_is_a_little_covered() -> None:
    coverage = np.zeros((40, 60), np.uint8)
    coverage[:, 30:] = 255
    # an edge three pixels wide, and a thin line
    coverage[:, 27:30] = 30, 90, 180
    coverage[5, 5:25] = 140
    expected = coverage.copy()
    # a stain by itself, and one that the edge runs into
    coverage[20:30, 5:20] = 40
    coverage[35, 5:28] = 100
    expected[35, 27] = 100
    assert np.array_equal(without_veils(coverage), expected)


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


@pytest.mark.parametrize(("dark", "is_it"), [(0.4, False), (0.5, False), (0.6, True)])
def test_a_negative_is_dark_in_more_than_half_of_it(dark: float, is_it: bool) -> None:
    page = np.full((100, 100), 200, np.uint8)
    page[: round(100 * dark)] = 100
    assert is_negative(page) == is_it
    # what counts as dark is measured from the darkest gray there is
    page[page == 100] = 140
    page[50, 50] = 100
    assert not is_negative(page)


def test_what_is_noise_and_what_a_drawing() -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (64, 64), np.uint8)
    assert is_noise(noise)
    assert is_noise(noise // 4 + 150)
    # thresholded in the middle of its own grays: faint noise beside a dark line is none
    lined = noise // 16 + 200
    lined[30:33] = 10
    assert not is_noise(lined)
    stripes = np.zeros((60, 60), bool)
    stripes[::12] = True
    assert is_line_art(stripes)
    # a fifth of all neighbours is the most: a line in ten has two edges
    stripes[::10] = stripes[5::10] = True
    assert not is_line_art(stripes)
    assert not is_line_art(stripes.T)


def test_paper_is_flat_where_half_of_a_picture_is_within_a_few_grays() -> None:
    gray = np.full((10, 10), 240, np.uint8)
    gray[:3] = 20
    gray[3:6] += 12
    assert paper_gray(gray) == 240
    gray[3:6] += 1
    assert paper_gray(gray) is None
    assert paper_gray(np.full((4, 4), 7, np.uint8)) == 7


def test_a_clean_drawing_has_half_tones_between_its_ink_and_its_paper() -> None:
    gray = np.full((20, 20), 255, np.uint8)
    gray[5:15, 5] = 0
    assert tones_of(gray).ends == (0, 255)
    assert not tones_of(gray).half.size
    gray[5:15, 6] = 128
    assert tones_of(gray).ends == (0, 255)
    assert tones_of(gray).half.tolist() == [row * 20 + 6 for row in range(5, 15)]
    # as many half tones elsewhere are still as many
    gray[1, 9:19] = 200
    assert tones_of(gray).ends == (0, 255)
    gray[2, 9:19] = 200
    assert tones_of(gray).ends is None
    assert tones_of(np.full((4, 4), 7, np.uint8)).ends is None
    # a third of all is no edge
    shaded = np.tile(np.arange(0, 252, 4, dtype=np.uint8), (63, 1))
    assert tones_of(shaded).ends is None


def test_an_enlarged_drawing_is_clean_with_softer_edges() -> None:
    small = np.full((64, 64), 255, np.uint8)
    cv2.rectangle(small, (12, 12), (52, 52), 0, 6)
    for times in (2, 3, 6):
        gray = cv2.resize(small, None, fx=times, fy=times, interpolation=cv2.INTER_LINEAR)
        half, ends, softness = tones_of(gray)
        assert ends == (0, 255)
        assert times - 1 <= softness <= times + 1
        assert half.size == np.count_nonzero((gray != 0) & (gray != 255))
        assert tones_of(gray, softest=softness - 1).ends is None
    assert tones_of(cv2.resize(small, None, fx=16, fy=16, interpolation=cv2.INTER_LINEAR)).ends is None
    # pencil is darkest in a few places alone
    thin = np.full((64, 64), 255, np.uint8)
    cv2.rectangle(thin, (12, 12), (52, 52), 0, 1)
    assert tones_of(cv2.resize(thin, None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR)).ends is None
    # a tenth of all elsewhere, and more
    gray = cv2.resize(small, None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR)
    tones = np.count_nonzero((gray != 0) & (gray != 255))
    for share, is_clean in ((0.08, True), (0.13, False)):
        spotted = gray.copy()
        spotted[80 : 80 + round(share * tones) // 40, 80:120] = 200
        assert (tones_of(spotted).ends is not None) == is_clean


def test_of_an_enlarged_closed_outline_half_tones_are_covered_as_they_are_of_ink(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Network, "_run", None)
    small, truth = (np.full((64, 64), 255 - fill, np.uint8) for fill in (0, 255))
    cv2.rectangle(small, (12, 12), (52, 52), 0, 5)
    cv2.rectangle(truth, (12, 12), (52, 52), 255, 5)
    cv2.rectangle(truth, (12, 12), (52, 52), 255, -1)
    gray, wanted = (cv2.resize(p, None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR) for p in (small, truth))
    coverage = Colorizer(threads=1).coverage(gray)
    assert np.abs(coverage.astype(int) - wanted).max() <= 1


def test_of_a_clean_drawing_half_tones_are_half_covered_and_closed_ink_encloses() -> None:
    gray = np.full((9, 9), 255, np.uint8)
    gray[2:7, 2:7] = 0
    gray[3:6, 3:6] = 255
    gray[2:7, 7] = 153
    guess = np.zeros((9, 9), np.uint8)
    guess[2:7, 2:7] = 255
    guess[4, 4], guess[0, 0] = 90, 30
    coverage = exact(gray, guess)
    assert (coverage[2:7, 2:7] == 255).all()
    # two fifths of ink
    assert (coverage[3:6, 7] == 102).all()
    assert coverage[0, 0] == 30
    # no half tones: a pixel is covered or not
    assert exact(np.where(gray == 153, np.uint8(255), gray), guess)[0, 0] == 0


def test_light_ink_on_dark_paper_is_as_exact() -> None:
    gray = np.full((12, 12), 255, np.uint8)
    gray[3:9, 3:9], gray[4:8, 4:8] = 0, 255
    gray[3:9, 9], gray[2, 3] = 153, 204
    guess = np.where(gray < 255, np.uint8(255), np.uint8(0))
    coverage = exact(gray, guess)
    assert np.array_equal(exact(255 - gray, guess), coverage)
    assert (coverage[4:8, 4:8] == 255).all()
    assert (coverage[3:9, 9] == 102).all()
    # a fifth of ink, at a corner
    assert coverage[2, 3] == 51


def test_half_of_a_pixel_of_ink_closes_an_outline() -> None:
    for ink, encloses in ((150, False), (100, True)):
        gray = np.full((40, 40), 255, np.uint8)
        gray[10:31, 10:31] = 0
        gray[12:29, 12:29] = 255
        # a pale stretch of the line, so fine that nothing of it is whole ink
        gray[18:20, 10:12] = 255
        gray[18:20, 11] = ink
        guess = np.where(gray < 255, np.uint8(255), np.uint8(0))
        assert (exact(gray, guess)[20, 20] == 255) == encloses


def test_partial_is_what_is_neither_nothing_nor_all() -> None:
    assert is_partial(np.array([0, 12, 13, 242, 243, 255], np.uint8)).tolist() == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]
