"""Small things on large pages, and pages of text."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from polycolor_cli import Colorizer
from polycolor_cli.fill.paint import Paint
from polycolor_cli.fill.pieces import Parts, is_text, pieces, searched


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer()


def circles(rows: int, columns: int, radius: int, shape: tuple[int, int] = (1754, 1240)) -> np.ndarray:
    """Circles on a page, one in three open."""
    page = np.full(shape, 255, np.uint8)
    for number in range(rows * columns):
        y, x = (
            (number // columns * 2 + 1) * shape[0] // (2 * rows),
            (number % columns * 2 + 1) * shape[1] // (2 * columns),
        )
        start = number * 37 % 360 if number % 3 == 0 else 0
        cv2.ellipse(page, (x, y), (radius, radius), start, 0, 330 if number % 3 == 0 else 360, 0, 3)
    return page


def text(with_shape: bool = False) -> Image.Image:
    page = Image.new("L", (1240, 1754), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(28)
    for row, y in enumerate(range(80, 1100 if with_shape else 1700, 44)):
        draw.text(
            (70, y), "Pack my box with five dozen jugs, and mind the quick brown fox"[row % 7 :], font=font, fill=0
        )
    if with_shape:
        draw.ellipse((400, 1200, 840, 1640), outline=0, width=6)
    return page


def test_small_things_on_a_page_are_filled(colorizer: Colorizer) -> None:
    page = circles(14, 10, 11)
    coverage = colorizer.coverage(page)
    middles = [
        coverage[(row * 2 + 1) * 1754 // 28, (column * 2 + 1) * 1240 // 20] for row in range(14) for column in range(10)
    ]
    assert np.mean(np.array(middles) == 255) > 0.95
    assert len(list(pieces(searched(page), 320))) == 140


def test_what_is_beside_a_piece_is_not_in_its_picture() -> None:
    page = circles(14, 10, 20)
    for piece in pieces(searched(page), 320):
        # one circle and nothing of the next
        assert piece.gray.shape[0] < 90
        assert cv2.connectedComponents((piece.gray < 128).view(np.uint8), connectivity=8)[0] == 2


def test_a_page_of_text_stays_text_and_says_so(colorizer: Colorizer) -> None:
    filled = colorizer.fill(text(), Paint("red"))
    assert is_text(searched(np.asarray(text())))
    assert filled.state == "empty"
    assert np.array_equal(filled.pixels[..., 0], np.asarray(text()))


def test_dots_and_stops_make_no_difference_to_text() -> None:
    page = text()
    draw = ImageDraw.Draw(page)
    rng = np.random.default_rng(3)
    for x, y in rng.uniform((0, 0), page.size, (1200, 2)):
        draw.rectangle((x, y, x + 2, y + 2), fill=0)
    assert is_text(searched(np.asarray(page)))


def test_a_shape_below_text_is_filled(colorizer: Colorizer) -> None:
    assert not is_text(searched(np.asarray(text(with_shape=True))))
    assert colorizer.coverage(text(with_shape=True))[1420, 620] == 255


def test_ink_of_a_page_is_seen_by_how_far_it_is_from_the_paper() -> None:
    for ink, paper in ((100, 200), (0, 60), (160, 250)):
        page = np.full((600, 800), paper, np.uint8)
        cv2.circle(page, (300, 300), 30, ink, 3)
        # a third of the way to the darkest is none
        cv2.circle(page, (500, 300), 30, paper - (paper - ink) * 3 // 10, 3)
        assert [piece.view[1].start < 300 < piece.view[1].stop for piece in pieces(searched(page), 320)] == [True]


def test_thin_and_tiny_pages_have_no_pieces() -> None:
    for shape in ((1, 20000), (20000, 1), (15, 900), (22, 30000)):
        page = np.full(shape, 255, np.uint8)
        assert list(pieces(searched(page), 320)) == []
        assert not is_text(searched(page))


def test_what_fills_the_page_is_no_piece_of_it() -> None:
    page = np.full((240, 240), 255, np.uint8)
    cv2.circle(page, (120, 120), 75, 0, 3)
    assert list(pieces(searched(page), 160)) == []
    # beside it, things that do not
    cv2.circle(page, (20, 20), 12, 0, 3)
    (found,) = pieces(searched(page), 160)
    assert max(found.gray.shape) < 60


@pytest.mark.parametrize(
    ("lefts", "widths", "tops", "count"),
    [
        ([100, 134], [26, 26], [100, 100], 2),  # two are no row
        ([100, 134, 168], [26, 26, 26], [100, 100, 100], 0),
        ([100, 134, 168], [26, 26, 26], [100, 112, 100], 0),  # as letters dance
        ([100, 134, 168], [26, 26, 26], [100, 120, 100], 3),
        ([100, 144, 188], [26, 26, 26], [100, 100, 100], 3),  # as wide as each other, and apart
        ([100, 150, 190], [30, 20, 34], [100, 100, 100], 0),  # letters of words
        ([100, 134, 168, 260], [26, 26, 26, 26], [100, 100, 100, 100], 1),
    ],
)
def test_things_close_in_a_row_of_three_or_more_are_letters(
    lefts: list[int], widths: list[int], tops: list[int], count: int
) -> None:
    page = np.full((600, 800), 255, np.uint8)
    for left, width, top in zip(lefts, widths, tops, strict=True):
        cv2.rectangle(page, (left, top), (left + width - 1, top + 29), 0, 2)
    assert len(list(pieces(searched(page), 320))) == count


def test_a_piece_shows_a_quarter_of_its_length_of_paper_around_it_within_the_page() -> None:
    page = np.full((700, 900), 250, np.uint8)
    cv2.rectangle(page, (100, 200), (179, 239), 0, 2)
    cv2.rectangle(page, (2, 500), (61, 559), 0, 2)
    cv2.circle(page, (700, 600), 5, 0, 2)  # a dot
    cv2.rectangle(page, (190, 245), (240, 300), 0, 2)  # in the picture of the first, and not shown there
    found = list(pieces(searched(page), 320))
    assert [[(int(side.start), int(side.stop)) for side in piece.view] for piece in found] == [
        [(175, 265), (75, 205)],
        [(226, 320), (171, 260)],
        [(480, 580), (0, 82)],
    ]
    assert (found[0].gray < 250).sum() == (page[190:250, 90:188] < 250).sum()
    assert page[246, 200] == 0  # the page itself is left alone
    assert next(pieces(searched(np.rot90(page, -1)), 320)).view[0].start == 0
    assert len(list(pieces(searched(page), 75))) == 2
    assert len(list(pieces(searched(page), 30))) == 0


def test_the_rules_of_paper_are_no_pieces_where_they_are_dark(colorizer: Colorizer) -> None:
    """A photographed page with squares: in the shade their lines were ink, and some squares filled."""
    page = np.full((480, 640), 246, np.float32)
    page[9::24] = page[:, 5::24] = 160
    ink, beyond = (np.zeros(page.shape, np.uint8) for _ in range(2))
    cv2.circle(ink, (320, 240), 110, 255, 5, cv2.LINE_AA)
    cv2.circle(beyond, (320, 240), 114, 255, -1)
    y, x = np.mgrid[:480, :640]
    page = (page + (30 - page) * (ink / 255)) * (0.9 + 0.1 * np.sin(x / 90) * np.cos(y / 70))
    page += np.random.default_rng(0).normal(0, 2.5, page.shape)
    covered = colorizer.coverage(page.clip(0, 255).astype(np.uint8)) >= 128
    assert np.count_nonzero(covered & (beyond == 0)) < 20
    assert np.count_nonzero(covered) > 38_000


def test_a_faint_circle_that_stands_alone_is_a_piece() -> None:
    page = np.full((600, 800), 240, np.uint8)
    cv2.circle(page, (500, 300), 180, 20, 6)
    cv2.circle(page, (100, 100), 20, 150, 2)
    assert [piece.view[0].start // 10 for piece in pieces(searched(page), 160)] == [6]
    # but one on a line of its gray is not
    cv2.line(page, (0, 120), (799, 120), 175, 1)
    assert list(pieces(searched(page), 160)) == []


def test_what_was_seen_of_a_piece_alone_goes() -> None:
    page = np.full((600, 800), 240, np.uint8)
    for x, y in ((100, 100), (300, 100), (360, 100), (400, 400), (796, 300)):
        cv2.circle(page, (x, y), 20, 20, 2)
    coverage = np.zeros_like(page)
    # with a wedge beside it, together with another, and not at all; the last is cut off by the rim
    coverage[70:130, 70:180] = coverage[70:130, 270:390] = coverage[270:330, 770:] = 255
    parts, before = Parts(searched(page), coverage), coverage.copy()
    for piece in pieces(searched(page), 160):
        parts.remove(piece)
    assert not coverage[:, :200].any()
    assert np.array_equal(coverage[:, 200:], before[:, 200:])


def test_the_mouths_of_small_open_things_are_bare(colorizer: Colorizer) -> None:
    page, mouths = np.full((900, 1200), 255, np.uint8), np.zeros((900, 1200), np.uint8)
    band = np.array([[0, 0], [26, 0], [26, 60], [44, 60], [44, 0], [70, 0], [70, 82], [0, 82]])
    places = [(x, y) for x in range(80, 1100, 160) for y in range(90, 800, 170)]
    for x, y in places:
        cv2.polylines(page, [band + [x, y]], True, 0, 2, cv2.LINE_AA)
        # open below, so that a network is asked
        page[y + 75 : y + 90, x + 25 : x + 45] = 255
        mouths[y : y + 56, x + 29 : x + 42] = 1
    covered = colorizer.coverage(page) >= 128
    assert np.count_nonzero(covered & (mouths > 0)) < 0.05 * np.count_nonzero(mouths)
    assert all(covered[y + 70, x + 10] for x, y in places)
