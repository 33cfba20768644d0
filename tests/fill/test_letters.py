"""Letters beside a shape stay ink; what only looks a little like them does not."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from polycolor_cli import Colorizer
from polycolor_cli.fill.letters import without_letters


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer()


def page(*texts: tuple[tuple[int, int], str, int], size: tuple[int, int] = (400, 400)) -> np.ndarray:
    """A circle in the middle of a page, and beside it texts: (x, y) of their upper left corner, words, and height."""
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    x, y = size[0] / 2, size[1] / 2
    draw.ellipse((x - 90, y - 90, x + 90, y + 90), outline=0, width=4)
    for at, words, height in texts:
        draw.text(at, words, font=ImageFont.load_default(height), fill=0)
    return np.array(image)


@pytest.mark.parametrize("words", ["circle", "Color the circle red.", "ABC 123", "12.5 cm"])
def test_a_caption_stays_ink(colorizer: Colorizer, words: str) -> None:
    with_words = page(((60, 330), words, 26))
    assert np.array_equal(colorizer.coverage(with_words), colorizer.coverage(page()))
    painted = np.asarray(colorizer(Image.fromarray(with_words), "red"))
    assert np.array_equal(painted[310:], np.repeat(with_words[310:, :, None], 3, 2))


@pytest.mark.parametrize("turns", [1, 3])
def test_so_does_one_that_is_written_sideways(colorizer: Colorizer, turns: int) -> None:
    sideways = np.where(page() < 255, np.uint8(255), page(((60, 330), "height in metres", 22)))
    both = np.minimum(page(((60, 330), "length", 26)), np.rot90(sideways, turns))
    assert np.array_equal(colorizer.coverage(both), colorizer.coverage(page()))


def test_lines_of_a_worksheet_stay_ink_and_what_is_open_is_filled(colorizer: Colorizer) -> None:
    def sheet(*lines: str) -> np.ndarray:
        image = Image.new("L", (1240, 1754), 255)
        draw = ImageDraw.Draw(image)
        draw.arc((300, 800, 940, 1440), 15, 355, 0, 6)
        for number, line in enumerate(lines):
            draw.text((90, 120 + 62 * number), line, font=ImageFont.load_default(38), fill=0)
        return np.array(image)

    lines = ("Trace the circle, then color it and", "write its name on the line below.", "Do not forget the date.")
    assert np.array_equal(colorizer.coverage(sheet(*lines)), colorizer.coverage(sheet()))


def test_on_grained_paper_too(colorizer: Colorizer) -> None:
    rng = np.random.default_rng(5)
    shade = np.linspace(0, 40, 400)[:, None] + rng.normal(0, 4, (400, 400))
    worn = np.clip(page(((60, 330), "Color the circle", 30)) * 0.8 + shade, 0, 255).astype(np.uint8)
    coverage = colorizer.coverage(worn)
    assert not coverage[315:].any()
    assert coverage[200, 200] == 255


def test_a_label_alone_is_as_high_as_letters_in_rows(colorizer: Colorizer) -> None:
    row, label = ((60, 340), "circle of 9 cm", 26), ((330, 100), "A", 26)
    assert not colorizer.coverage(page(row, label))[100:130, 330:360].any()
    # no row, or one that is not as high
    assert colorizer.coverage(page(label))[100:130, 330:360].any()
    assert colorizer.coverage(page(((60, 340), "circle of 9 cm", 18), label))[100:130, 330:360].any()


def figure(*labels: str) -> np.ndarray:
    """A triangle, and letters beside its corners."""
    image = Image.new("L", (400, 400), 255)
    draw = ImageDraw.Draw(image)
    draw.polygon([(60, 320), (330, 340), (200, 60)], outline=0, width=4)
    for at, label in zip(((25, 310), (345, 330), (190, 25)), labels, strict=False):
        draw.text(at, label, font=ImageFont.load_default(26), fill=0)
    return np.array(image)


@pytest.mark.parametrize("labels", ["ABC", "xyz", "1b4", ("A1", "B1", "C1")])
def test_letters_at_the_corners_of_a_figure_stay_ink(colorizer: Colorizer, labels: str) -> None:
    assert np.array_equal(colorizer.coverage(figure(*labels)), colorizer.coverage(figure()))


@pytest.mark.parametrize("labels", ["AB", "AAA", "OOO", "|||"])
def test_fewer_or_the_same_are_ornaments(colorizer: Colorizer, labels: str) -> None:
    assert colorizer.coverage(figure(*labels))[310:335, 25:45].any()


def test_letters_in_a_shape_are_of_it(colorizer: Colorizer) -> None:
    inside = page(((145, 190), "circle", 30), ((60, 340), "circle", 26))
    assert colorizer.coverage(inside)[150:250, 150:250].min() == 255


def test_letters_have_no_regions(colorizer: Colorizer) -> None:
    assert len(colorizer.regions(page(((60, 330), "circles", 30))).boxes) == 1


def test_a_picture_of_nothing_but_letters_is_filled_as_drawn(colorizer: Colorizer) -> None:
    image = Image.new("L", (400, 120), 255)
    ImageDraw.Draw(image).text((20, 20), "good dog", font=ImageFont.load_default(70), fill=0)
    assert colorizer.coverage(np.array(image)).any()


def bend(plane: np.ndarray, left: int, top: int, width: int, height: int, pen: int = 3) -> None:
    """Like a U."""
    right, bottom = left + width - 1, top + height - 1
    cv2.rectangle(plane, (left, top), (left + pen - 1, bottom), 0, -1)
    cv2.rectangle(plane, (right - pen + 1, top), (right, bottom), 0, -1)
    cv2.rectangle(plane, (left, bottom - pen + 1), (right, bottom), 0, -1)


def outline(plane: np.ndarray, left: int, top: int, width: int, height: int) -> None:
    cv2.rectangle(plane, (left, top), (left + width - 1, top + height - 1), 0, 1)


def angle(plane: np.ndarray, left: int, top: int, width: int, height: int, pen: int = 3) -> None:
    """Like an L."""
    bottom = top + height - 1
    cv2.rectangle(plane, (left, top), (left + pen - 1, bottom), 0, -1)
    cv2.rectangle(plane, (left, bottom - pen + 1), (left + width - 1, bottom), 0, -1)


def block(plane: np.ndarray, left: int, top: int, width: int, height: int) -> None:
    cv2.rectangle(plane, (left, top), (left + width - 1, top + height - 1), 0, -1)


Thing = Callable[[np.ndarray, int, int, int, int], None]


def wiped(*things: tuple[Thing, int, int, int, int], are_covered: bool = False) -> int:
    """How many of some things (what, left, top, width, height) beside a box 200 pixels wide are taken for letters.

    are_covered: whether what is within the things is, too.
    """
    gray = np.full((400, 500), 240, np.uint8)
    cv2.rectangle(gray, (100, 200), (299, 359), 0, 3)
    for what, *box in things:
        what(gray, *box)
    covered = np.where(gray < 128, np.uint8(255), np.uint8(0))
    covered[200:360, 100:300] = 255
    for _, left, top, wide, high in things:
        covered[top : top + high, left : left + wide] |= np.uint8(255 * are_covered)
    rest = without_letters(gray, covered)
    if rest is None:
        return 0
    assert np.array_equal(rest[195:], gray[195:])
    # all of a thing, or nothing
    gone = [bool((rest[top : top + high, left : left + wide] == 240).all()) for _, left, top, wide, high in things]
    assert np.count_nonzero(rest < 128) == np.count_nonzero(gray < 128) - sum(
        np.count_nonzero(gray[top : top + high, left : left + wide] < 128)
        for (_, left, top, wide, high), is_gone in zip(things, gone, strict=True)
        if is_gone
    )
    return sum(gone)


def row(what: Thing, count: int = 3, width: int = 16, height: int = 20, apart: int = 6, step: int = 0) -> int:
    """How many of some things in a row are letters, some pixels apart; each second is wider, and some pixels lower."""
    widths = [width + (k % 2) * (1 + width // 8) for k in range(count)]
    lefts = np.cumsum([20, *(wide + apart for wide in widths)])
    return wiped(*((what, int(lefts[k]), 60 + (k % 2) * step, widths[k], height) for k in range(count)))


def test_three_bends_in_a_row_are_letters() -> None:
    assert row(bend) == 3
    assert row(bend, count=2) == 0
    assert row(bend, count=7) == 7


def test_strokes_dots_and_outlined_things_in_a_row_are_none() -> None:
    assert row(block, width=3) == 0
    assert row(block, width=20) == 0
    assert row(outline) == 0
    # half of a word may be strokes
    mixed = [(bend if k % 2 else block, 20 + 22 * k, 60, 16 if k % 2 else 4, 20) for k in range(4)]
    assert wiped(*mixed) == 4
    assert wiped(*mixed, (block, 108, 60, 4, 20)) == 0


def test_some_letters_of_a_word_enclose_paper() -> None:
    def word(whole: int, hollow: int) -> int:
        kinds = [bend] * whole + [outline] * hollow
        return wiped(*((what, 20 + 22 * k, 60, 16 - k % 2 * 2, 20) for k, what in enumerate(kinds)))

    # an outline of these is ink to a fifth
    assert word(3, 1) == 4
    assert word(3, 2) == 5
    assert word(2, 2) == 0


def test_what_is_covered_within_open_things_makes_them_shapes(colorizer: Colorizer) -> None:
    for width, are_letters in ((18, True), (20, False)):
        things = [(bend, 20 + (width + 6) * k, 60, width + k % 2 * 3, 20) for k in range(3)]
        assert wiped(*things) == 3
        assert wiped(*things, are_covered=True) == 3 * are_letters
    gray = page(size=(600, 600))
    for x, size in ((200, 26), (270, 24), (340, 30), (400, 24)):
        cv2.ellipse(gray, (x, 500), (size, size), 0, 30, 360, 0, 3)
    coverage = colorizer.coverage(gray)
    assert (coverage[500, [200, 270, 340, 400]] == 255).all()


def test_letters_of_a_word_are_close() -> None:
    assert row(bend, apart=31) == 3
    assert row(bend, apart=33) == 0


def test_things_of_one_size_in_a_row_are_shapes() -> None:
    def of(*sizes: tuple[int, int]) -> int:
        return wiped(*((bend, 20 + 46 * k, 60, *size) for k, size in enumerate(sizes)))

    assert of((30, 40), (34, 40), (30, 40)) == 3
    assert of((30, 40), (33, 40), (30, 40)) == 0
    assert of((30, 40), (30, 45), (30, 40)) == 3
    assert of((30, 40), (30, 44), (30, 40)) == 0


@pytest.mark.parametrize(("apart", "are_letters"), [(40, True), (27, True), (25, False)])
def test_slanted_letters_reach_a_little_under_the_next(apart: int, are_letters: bool) -> None:
    gray = np.full((400, 500), 240, np.uint8)
    cv2.rectangle(gray, (100, 200), (299, 359), 0, 3)
    for left, width, top in ((20, 39, 60), (20 + apart, 39, 60), (20 + 2 * apart, 45, 75)):
        slanted = np.array([(left + width, top), (left, 99), (left + 12, 99)])
        cv2.polylines(gray, [slanted], False, 0, 1)
    rest = without_letters(gray, np.where(gray < 128, np.uint8(255), np.uint8(0)))
    assert are_letters == (rest is not None and (rest[:150] == 240).all())


def test_dots_stops_and_dashes_beside_letters_are_marks_of_them() -> None:
    letters = [(bend, 20 + 22 * k, 60, 16 - k % 2 * 2, 20) for k in range(3)]
    for mark in ((65, 49, 3, 3), (83, 70, 10, 3), (87, 76, 4, 4)):
        assert wiped(*letters, (block, *mark)) == 4
    # a line to write on
    for line in ((111, 76, 200, 5), (89, 84, 40, 5)):
        assert wiped(*letters, (block, *line)) == 4
    for line in ((112, 76, 200, 5), (89, 76, 200, 6)):
        assert wiped(*letters, (block, *line)) == 3
    # too far, and too long
    for mark in ((88, 76, 4, 4), (65, 48, 3, 3), (82, 70, 11, 6)):
        assert wiped(*letters, (block, *mark)) == 3


def test_letters_stand_on_a_line_or_hang_from_one() -> None:
    assert row(bend, count=4, step=3) == 4
    assert row(bend, count=4, step=4) == 0
    assert row(bend, count=4, height=40, step=6) == 4
    assert row(bend, count=4, height=40, step=7) == 0
    # on one line, twice as high: a capital; under one
    low = [(bend, 39 + 19 * k, 70, 16 - k % 2 * 2, 10) for k in range(3)]
    assert wiped((bend, 20, 60, 16, 20), *low) == 4
    assert wiped((bend, 20, 70, 16, 20), *low) == 4
    # much higher is none
    for height, is_letter in ((25, True), (27, False)):
        assert wiped((bend, 20, 80 - height, 16, height), *low) == 3 + is_letter


def test_letters_are_small_beside_what_is_drawn_and_large_enough_to_read() -> None:
    assert row(bend, width=30, height=49) == 3
    assert row(bend, width=30, height=52) == 0
    assert row(bend, width=8, height=6, apart=1) == 3
    assert row(bend, width=14, height=6, apart=1) == 3
    assert row(bend, width=14, height=5, apart=1) == 0
    assert row(bend, width=70, height=20) == 3
    assert row(bend, width=72, height=20) == 0


def test_what_stands_alone_is_a_letter_if_it_is_as_high() -> None:
    letters = [(bend, 20 + 22 * k, 60, 16 - k % 2 * 2, 40) for k in range(3)]
    for height, is_letter in ((33, False), (34, True), (46, True), (47, False)):
        assert wiped(*letters, (bend, 400, 60, 16, height)) == 3 + is_letter
    assert wiped(*letters, (outline, 400, 60, 16, 40)) == 3
    assert wiped(*letters, (block, 400, 60, 80, 40)) == 3


def framed(plane: np.ndarray, left: int, top: int, width: int, height: int, pen: int = 3, gap: int = 0) -> None:
    """Like an O, and open by a gap at its upper end."""
    cv2.rectangle(plane, (left, top), (left + width - 1, top + height - 1), 0, -1)
    cv2.rectangle(plane, (left + pen, top + pen), (left + width - pen - 1, top + height - pen - 1), 240, -1)
    plane[top : top + pen, left + (width - gap) // 2 : left + (width + gap) // 2] = 240


def test_a_hollow_one_is_drawn_with_the_same_pen() -> None:
    def word(pen: int, hollow: int) -> int:
        letters = [(partial(bend, pen=pen), 20 + 42 * k, 60, 36 - k % 2 * 6, 40) for k in range(3)]
        return wiped(*letters, (partial(framed, pen=hollow), 400, 60, 30, 40))

    assert [word(3, hollow) for hollow in (2, 3)] == [3, 4]
    assert [word(8, hollow) for hollow in (5, 6, 8)] == [3, 4, 4]


def test_letters_that_stand_alone_are_different_and_most_of_what_is_small() -> None:
    def scattered(*whats: tuple[Thing, int, int]) -> int:
        places = ((20, 20), (430, 20), (350, 120), (100, 20), (180, 120), (250, 20), (20, 120))
        return wiped(*((what, *at, wide, high) for (what, wide, high), at in zip(whats, places, strict=False)))

    u, v, stroke = (bend, 16, 20), (angle, 9, 20), (block, 3, 20)
    assert scattered(u, u, v) == 3
    assert scattered(u, v) == 0
    assert scattered(u, u, u) == 0
    # as high as others, or two thirds of it
    assert scattered(u, u, (angle, 8, 14)) == 3
    assert scattered(u, u, (angle, 8, 13)) == 0
    assert scattered(u, v, (bend, 30, 20)) == 3
    assert scattered(u, v, (bend, 31, 20)) == 0
    # strokes, outlined and solid things, as many, are ornaments
    assert scattered(u, u, v, stroke) == 4
    assert scattered(u, v, stroke, stroke) == 0
    assert scattered(u, u, v, *[(outline, 31, 20)] * 4) == 0

    def cross(plane: np.ndarray, left: int, top: int, width: int, height: int, pen: int) -> None:
        block(plane, left + (width - pen) // 2, top, pen, height)
        block(plane, left, top + (height - pen) // 2, width, pen)

    for pen, are_letters in ((9, True), (13, False)):
        plus = (partial(cross, pen=pen), 40, 40)
        assert scattered(plus, plus, (bend, 30, 40)) == 3 * are_letters


def test_what_is_hardly_open_and_covered_within_is_an_outline() -> None:
    for gap, are_letters in ((6, False), (9, True)):
        boxes = ((20, 20, 16, 20), (430, 20, 16, 20), (350, 120, 30, 20))
        assert wiped(*((partial(framed, gap=gap), *box) for box in boxes), are_covered=True) == 3 * are_letters


def test_letters_that_stand_alone_are_whole() -> None:
    u, v = (bend, 16, 20), (angle, 9, 20)
    for left in (0, 1):
        assert wiped((u[0], left, 20, *u[1:]), (u[0], 430, 20, *u[1:]), (v[0], 350, 120, *v[1:])) == 3 * left


def test_nothing_is_wiped_where_no_letter_is_covered() -> None:
    gray = page(((60, 330), "circle", 26))
    covered = np.zeros_like(gray)
    covered[110:290, 110:290] = 255
    assert without_letters(gray, covered) is None
    covered[10:20, 10:20] = 255
    assert without_letters(gray, covered) is None
    assert without_letters(np.full_like(gray, 255), covered) is None
