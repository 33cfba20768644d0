"""A frame around a page of text and shapes is none of them."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from polycolor_cli import Colorizer
from polycolor_cli.fill.frames import inside_frame


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer()


def page(frame: int = 20, text: str = "Color the circle red", arc: int = 0, lines: int = 1) -> np.ndarray:
    """A circle, open by some degrees, below text, with frames around both."""
    image = Image.new("L", (600, 800), 255)
    draw = ImageDraw.Draw(image)
    for number in range(lines):
        at = frame + 12 * number
        draw.rectangle((at, at, 599 - at, 799 - at), outline=0, width=3)
    draw.arc((150, 300, 450, 600), arc, 360, 0, 5)
    draw.text((80, 100), text, font=ImageFont.load_default(32), fill=0)
    return np.array(image)


def without_frame(arc: int = 0) -> np.ndarray:
    return page(arc=arc, lines=0, text="")


@pytest.mark.parametrize("arc", [0, 12])
@pytest.mark.parametrize("lines", [1, 2])
def test_what_is_on_a_framed_page_is_filled_and_not_the_page(colorizer: Colorizer, arc: int, lines: int) -> None:
    coverage = colorizer.coverage(page(arc=arc, lines=lines))
    alone = colorizer.coverage(without_frame(arc))
    assert coverage[450, 300] == 255
    assert np.minimum(coverage, alone).sum(dtype=float) > 0.99 * np.maximum(coverage, alone).sum(dtype=float)
    assert not coverage[:290].any()
    assert len(colorizer.regions(page(arc=arc, lines=lines)).boxes) == 1


def test_a_box_with_something_in_it_is_a_box(colorizer: Colorizer) -> None:
    assert colorizer.coverage(page(text=""))[100, 100] == 255


def test_a_box_with_nothing_but_text_in_it_is_a_box(colorizer: Colorizer) -> None:
    image = Image.new("L", (400, 300), 255)
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 10, 389, 289), outline=0, width=3)
    draw.text((60, 100), "EXIT", font=ImageFont.load_default(90), fill=0)
    assert colorizer.coverage(np.array(image))[50, 50] == 255


def box(*lines: tuple[int, int, int, int], shape: tuple[int, int] = (400, 400)) -> np.ndarray:
    gray = np.full(shape, 255, np.uint8)
    for left, top, right, bottom in lines:
        gray[top:bottom, left:right] = 0
    return gray


def sides(left: int, top: int, right: int, bottom: int, width: int = 4) -> list[tuple[int, int, int, int]]:
    """The lines of a box, left, top, right and bottom of each; right and bottom are beyond it."""
    return [
        (left, top, right, top + width),
        (left, bottom - width, right, bottom),
        (left, top, left + width, bottom),
        (right - width, top, right, bottom),
    ]


def is_frame(gray: np.ndarray) -> bool:
    return inside_frame(gray, np.full_like(gray, 255)) is not None


def test_a_frame_is_along_the_edges_of_the_picture() -> None:
    assert is_frame(box(*sides(40, 40, 360, 360)))
    for moved in ((41, 40, 360, 360), (40, 41, 360, 360), (40, 40, 359, 360), (40, 40, 360, 359)):
        assert not is_frame(box(*sides(*moved)))


def test_a_frame_is_of_thin_lines() -> None:
    assert is_frame(box(*sides(10, 10, 390, 390, width=13)))
    assert not is_frame(box(*sides(10, 10, 390, 390, width=14)))
    # and what hangs on it is more than a frame
    assert not is_frame(box(*sides(10, 10, 390, 390), (10, 200, 390, 204)))


def test_a_frame_is_drawn_on_all_sides() -> None:
    top, bottom, left, right = sides(10, 10, 390, 390)
    for gap, whole in ((18, True), (21, False)):
        gray = box(top, bottom, left, right)
        gray[10:14, 200 : 200 + gap] = 255
        assert is_frame(gray) == whole


def test_the_inside_of_a_frame_has_none_of_it() -> None:
    gray = box(*sides(20, 30, 390, 380))
    view = inside_frame(gray, np.full_like(gray, 255))
    assert view is not None
    rows, columns = view
    assert gray[view].min() == 255
    assert 34 <= rows.start <= 50
    assert 360 <= rows.stop <= 376
    assert 24 <= columns.start <= 40
    large = np.kron(gray, np.ones((5, 5), np.uint8))
    view = inside_frame(large, np.full_like(large, 255))
    assert view is not None
    assert large[view].min() == 255


def test_what_covers_little_of_a_picture_is_not_looked_at() -> None:
    gray = box(*sides(10, 10, 390, 390))
    for share, is_seen in ((0.62, True), (0.58, False)):
        coverage = np.zeros_like(gray)
        coverage[: int(400 * share)] = 255
        assert (inside_frame(gray, coverage) is not None) == is_seen
