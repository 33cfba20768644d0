"""What is made of what the network says, here a network that says what it is told to."""

import cv2
import numpy as np
import pytest
from PIL import Image

from polycolor_cli import Colorizer
from polycolor_cli.fill.colorizer import as_image
from polycolor_cli.fill.network import Network
from polycolor_cli.fill.paint import Paint
from polycolor_cli.fill.paint_regions import LabelMap, RegionPaint
from polycolor_cli.fill.planes import Coverage, Gray


def open_box(side: int = 300) -> Gray:
    """A square outline with a gap, too wide for its lines to say alone that they go on."""
    gray = np.full((side, side), 255, np.uint8)
    cv2.rectangle(gray, (side // 5, side // 5), (side - side // 5, side - side // 5), 0, 4)
    gray[side // 5 - 4 : side // 5 + 5, side // 2 - side // 8 : side // 2 + side // 8] = 255
    return gray


def covered(gray: Gray, rows: slice, columns: slice) -> Coverage:
    coverage = np.zeros_like(gray)
    coverage[rows, columns] = 255
    return coverage


@pytest.mark.parametrize(("closer_guess", "taken"), [(0.04, True), (0.05, False), (0.06, False)])
def test_of_two_looks_the_less_doubtful_one_is_taken(
    monkeypatch: pytest.MonkeyPatch, closer_guess: float, taken: bool
) -> None:
    gray = open_box()
    far, near = covered(gray, slice(60, 240), slice(60, 241)), covered(gray, slice(60, 241), slice(60, 200))

    def look(
        self: Network, gray: Gray, inputs: dict, clean: None = None, closer: bool = False
    ) -> tuple[np.ndarray, float]:
        return (near[None].copy(), closer_guess) if closer else (far[None].copy(), 0.05)

    monkeypatch.setattr(Network, "look", look)
    filled = Colorizer().fill(Image.fromarray(gray), Paint("red"))
    assert filled.guessed == (closer_guess if taken else 0.05)
    red = (filled.pixels == (255, 0, 0)).all(-1)
    # ink is no guess: what it is of follows from the drawing
    assert np.array_equal(red[100:200, 70:230], (near if taken else far)[100:200, 70:230] == 255)


def test_what_is_decided_on_a_page_by_a_look_of_its_own_is_no_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    page = np.full((900, 700), 255, np.uint8)
    page[50:600, 50:650] = open_box(600)[25:575, :]
    cv2.circle(page, (350, 760), 30, 0, 3)  # closed, and traced by itself
    large = covered(page, slice(100, 500), slice(100, 500))
    monkeypatch.setattr(Network, "look", lambda *_, **__: (large[None].copy(), 0.1))
    filled = Colorizer().fill(Image.fromarray(page), None)
    small = int(np.asarray(filled.pixels[700:, :], np.int64).sum())
    assert small > 255 * 2500
    assert filled.guessed == pytest.approx(0.1 * (1 - small / filled.pixels.sum(dtype=np.int64)))


@pytest.mark.parametrize("side", [128, 400])
def test_noise_is_filled_nowhere_whatever_the_network_says(monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    noise = np.random.default_rng(1).choice(np.array([0, 255], np.uint8), (side, side))
    everywhere = covered(noise, slice(10, 90), slice(10, 90))
    monkeypatch.setattr(Network, "look", lambda *_, **__: (everywhere[None].copy(), 0.5))
    filled = Colorizer().fill(Image.fromarray(noise), Paint("red"))
    assert (filled.state, filled.share, filled.guessed) == ("empty", 0, 0.5)
    # the same of a drawing is doubtful, and shown
    filled = Colorizer().fill(Image.fromarray(open_box(side)), Paint("red"))
    assert filled.state == "doubtful"
    assert filled.share > 0.01


@pytest.mark.parametrize(("guessed", "is_filled"), [(0.13, True), (0.3, True), (0.31, False)])
def test_on_uneven_paper_what_is_certain_is_filled_unless_most_is_a_guess(
    monkeypatch: pytest.MonkeyPatch, guessed: float, is_filled: bool
) -> None:
    light = np.linspace(0.3, 1, 300)
    photographed = (open_box() * light + np.random.default_rng(1).normal(0, 6, (300, 300))).clip(0, 255)
    answer = covered(open_box(), slice(60, 240), slice(60, 160))
    answer[60:240, 180:240] = 200
    monkeypatch.setattr(Network, "look", lambda *_, **__: (answer[None].copy(), guessed))
    filled = Colorizer().fill(Image.fromarray(photographed.astype(np.uint8)), None)
    assert filled.state == ("doubtful" if is_filled else "empty")
    assert np.array_equal(filled.pixels == 255, (answer == 255) & is_filled)
    assert not (filled.pixels[:, 180:] > 0).any()


def test_each_way_of_filling_says_how_much_it_filled() -> None:
    drawing = np.full((200, 200), 255, np.uint8)
    for low, high in ((20, 180), (60, 140)):
        cv2.rectangle(drawing, (low, low), (high, high), 0, 3)
    colorizer, image = Colorizer(threads=1), as_image(drawing)
    outer, hole = np.ptp(np.flatnonzero(drawing[100] == 0)) + 1, np.count_nonzero(drawing[100, 60:141])
    whole, ring = outer**2 / 200**2, 1 - hole**2 / outer**2
    red = ((255, 0, 0),)
    for how, share in (
        (Paint("red"), whole),
        (Paint("red", holes="keep"), whole * ring),
        (RegionPaint(each=red), whole),
        (RegionPaint(each=red, by="shape"), whole),
        (LabelMap(), whole),
        (None, whole),
    ):
        assert colorizer.fill(image, how).share == pytest.approx(share, abs=0.004)
    assert colorizer.fill(image, LabelMap("region")).pixels.max() == 2
    assert colorizer.fill(image, LabelMap("shape")).pixels.max() == 1
    shapes = np.asarray(colorizer(drawing, each=["red", "blue"], by="shape"))
    assert shapes[100, 40].tolist() == shapes[100, 100].tolist() == [255, 0, 0]
    full = Colorizer().fill(Image.new("L", (64, 64), 255), None)
    assert (full.share, full.state) == (0, "empty")


def test_a_plain_fill_never_asks_for_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("regions were asked for")

    monkeypatch.setattr(Colorizer, "_regions", asked)
    colorizer = Colorizer()
    colorizer.fill(Image.fromarray(open_box(128)), Paint("red"))
    for how in (Paint("red", holes="keep"), Paint("red", only="enclosed"), LabelMap()):
        with pytest.raises(AssertionError, match="were asked for"):
            colorizer.fill(Image.fromarray(open_box(128)), how)
