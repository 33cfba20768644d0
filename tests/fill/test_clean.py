"""Wear that is taken off a drawing before it is looked at, and what is no wear."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from polycolor_cli import Colorizer
from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.fill.clean import cleaned


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer()


def drawn(gap: int = 0, ink: int = 0, paper: int = 255, side: int = 256) -> np.ndarray:
    """A smoothed circle, open by some degrees."""
    large = np.full((4 * side, 4 * side), paper, np.uint8)
    middle = (2 * side, 2 * side)
    cv2.ellipse(large, middle, (int(1.4 * side),) * 2, 0, gap, 360, ink, side // 10, cv2.LINE_AA)
    return cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)


def as_jpeg(gray: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(gray).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def noisy(gray: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, sigma, gray.shape)
    return np.clip(gray + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("gap", [0, 25])
@pytest.mark.parametrize("quality", [95, 75, 40])
def test_a_jpeg_is_filled_as_what_it_was_before(colorizer: Colorizer, gap: int, quality: int) -> None:
    before = colorizer.coverage(drawn(gap))
    after = colorizer.coverage(as_jpeg(drawn(gap), quality))
    assert soft_iou(after / 255, before / 255) > 0.995
    # ripples beside the line are not covered a little, nor is anything inside bare
    assert not after[before == 0].astype(int).sum() > 0.001 * before.astype(int).sum()


def test_noise_is_taken_off(colorizer: Colorizer) -> None:
    before = colorizer.coverage(drawn(paper=230, ink=30))
    after = colorizer.coverage(noisy(drawn(paper=230, ink=30), 12))
    assert soft_iou(after / 255, before / 255) > 0.99


def test_the_other_side_of_the_sheet_is_taken_off(colorizer: Colorizer) -> None:
    front, back = drawn(paper=240), np.roll(drawn(paper=240), 100, 1)
    through = np.minimum(front, 240 - (240 - cv2.GaussianBlur(back, (0, 0), 2)) // 5).astype(np.uint8)
    before, after = colorizer.coverage(front), colorizer.coverage(through)
    assert soft_iou(after / 255, before / 255) > 0.997
    # nothing of it is left beside the circle
    assert not after[cv2.dilate(before, np.ones((5, 5))) == 0].any()


def test_what_is_cleaned_has_two_grays_and_half_tones_between_them() -> None:
    gray = drawn(paper=230, ink=40)
    clean = cleaned(noisy(gray, 6))
    assert clean is not None
    # the commonest grays are those of ink and paper
    counts = np.bincount(clean.ravel(), minlength=256)
    ink, paper = int(counts[:100].argmax()), int(counts.argmax())
    assert abs(ink - 40) <= 2
    assert abs(paper - 230) <= 2
    assert (clean.min(), clean.max()) == (ink, paper)
    exact = (gray == 40) | (gray == 230)
    assert np.mean((clean == ink)[exact] == (gray == 40)[exact]) > 0.999
    # what was half of ink is about as much of it
    half = (gray > 80) & (gray < 190)
    assert np.abs(clean[half].astype(int) - gray[half]).mean() < 8


@pytest.mark.parametrize("side", [64, 256])
def test_a_clean_drawing_has_nothing_to_take_off(side: int) -> None:
    assert cleaned(drawn(side=side)) is None
    assert cleaned(np.where(drawn(side=side) < 128, 0, 255).astype(np.uint8)) is None
    # nor has one that is only soft
    assert cleaned(cv2.GaussianBlur(drawn(side=side), (3, 3), 0)) is None


def test_what_is_no_line_art_is_left_alone() -> None:
    gray, rng = drawn(), np.random.default_rng(5)
    pressure = cv2.GaussianBlur(rng.random(gray.shape), (0, 0), 1.5)
    pressure = (pressure - pressure.min()) / np.ptp(pressure)
    pencil = (255 - (255 - gray) * pressure).astype(np.uint8)
    shadow = (noisy(gray, 3) * np.linspace(1, 0.4, 256)).astype(np.uint8)
    blurred = noisy(cv2.GaussianBlur(gray, (0, 0), 6), 3)
    for other in (pencil, shadow, blurred, np.full_like(gray, 200), noisy(np.full_like(gray, 200), 5)):
        assert cleaned(other) is None


# a frame of hard edges, and the pixels at them
EDGES = 3120


def framed(*patches: tuple[int, int, int, int, int], wear: int = 2 * EDGES) -> np.ndarray:
    """A frame, 5 px of 0 on 200, patches (left, top, width, height, gray), and pixels a little off the paper."""
    gray = np.full((400, 400), 200, np.uint8)
    gray[100:300, 100:300] = 0
    gray[105:295, 105:295] = 200
    rows, columns = np.unravel_index(np.arange(wear), (80, 400))
    gray[rows, columns] = 197
    for left, top, width, height, value in patches:
        gray[top : top + height, left : left + width] = value
    return gray


def test_what_is_as_far_from_the_paper_as_ink_is_left() -> None:
    clean = cleaned(framed((150, 150, 40, 40, 141)))
    assert clean is not None
    assert clean[150:190, 150:190].min() == 200
    assert cleaned(framed((150, 150, 40, 40, 139))) is None
    assert cleaned(framed((101, 120, 3, 150, 61))) is None
    assert cleaned(framed((101, 120, 3, 150, 59))) is not None


def test_ink_is_the_commonest_gray_of_the_dark_ones() -> None:
    for ink, is_found in ((68, True), (71, False)):
        gray = framed()
        gray[gray == 0] = ink
        gray[150, 150] = 0
        clean = cleaned(gray)
        assert (clean is not None) == is_found
        assert clean is None or clean.min() == ink


def test_a_few_pixels_may_be_neither_ink_nor_paper() -> None:
    few = int(0.08 * EDGES)
    clean = cleaned(framed((120, 350, few, 1, 110), (120, 352, 1, 1, 90)))
    assert clean is None
    clean = cleaned(framed((120, 350, few, 1, 110)))
    assert clean is not None
    assert clean[350].min() == 200


def test_half_tones_at_an_edge_stay() -> None:
    for gray, cleaned_to in ((189, 200), (187, 187), (13, 13), (11, 0), (100, 100)):
        clean = cleaned(framed((99, 150, 1, 40, gray)))
        assert clean is not None
        assert set(clean[150:190, 99]) == {cleaned_to}


def test_wear_is_off_the_paper_and_far_from_ink() -> None:
    enough = -(-EDGES // 10)
    assert cleaned(framed(wear=enough)) is not None
    assert cleaned(framed(wear=enough - 1)) is None
    # what is nearer may be soft edges
    assert cleaned(framed((97, 100, 1, 200, 190), (302, 100, 1, 200, 190), wear=0)) is None
    assert cleaned(framed((96, 100, 1, 200, 190), (303, 100, 1, 200, 190), wear=0)) is not None


@pytest.mark.parametrize(("side", "is_table"), [(78, False), (82, True), (400, True)])
def test_a_table_around_a_page_is_no_ink(side: int, is_table: bool) -> None:
    # four sides of 400 pixels have a rim of 1,600
    table = [(0, 399, 4 * side, 1, 30)] if side < 100 else [(0, 390, 400, 10, 30), (390, 0, 10, 400, 30)]
    assert (cleaned(framed(*table)) is None) == is_table


def test_white_on_gray_is_no_noise() -> None:
    assert cleaned(framed((150, 150, 40, 40, 254))) is not None
    for lighter, is_noise in ((227, True), (230, False)):
        gray = framed()
        gray[gray == 200] = 180
        gray[150:190, 150:190] = lighter
        assert (cleaned(gray) is not None) == is_noise
