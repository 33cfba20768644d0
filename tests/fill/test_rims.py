"""No gray fringe stays around a fill, however soft the lines are."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from polycolor_cli import Colorizer
from polycolor_cli.fill.rims import with_soft_rim


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer()


def drawn(gap: int = 0, paper: int = 255) -> np.ndarray:
    """An ellipse, smooth, open by some degrees."""
    image = Image.new("L", (800, 800), paper)
    ImageDraw.Draw(image).arc((160, 200, 640, 600), 20, 380 - gap, 0, 30)
    return np.asarray(image.reduce(4))


def blurred(gray: np.ndarray, pixels: float) -> np.ndarray:
    return cv2.GaussianBlur(gray, (0, 0), pixels)


@pytest.mark.parametrize("gap", [0, 12])
@pytest.mark.parametrize("pixels", [0.5, 1, 1.5])
def test_filled_with_the_colour_of_its_paper_a_blurred_drawing_is_gone(
    colorizer: Colorizer, gap: int, pixels: float
) -> None:
    for light, dark in ((255, 0), (200, 0), (0, 255)):
        gray = np.interp(blurred(drawn(gap), pixels), (0, 255), (dark, light)).round().astype(np.uint8)
        painted = np.asarray(colorizer(gray, (light,) * 3))
        assert np.abs(painted.astype(int) - light).max() <= 0.06 * abs(light - dark)


@pytest.mark.parametrize("times", [2, 3])
def test_so_is_one_that_was_enlarged(colorizer: Colorizer, times: int) -> None:
    for gap in (0, 12):
        image = Image.fromarray(drawn(gap))
        large = image.resize((image.width * times, image.height * times), Image.Resampling.BICUBIC)
        assert np.asarray(colorizer(large, "white")).min() >= 235


def test_a_jpeg_of_a_blurred_one_is_too_but_for_its_ripples(colorizer: Colorizer) -> None:
    file = io.BytesIO()
    Image.fromarray(blurred(drawn(), 1.5)).save(file, "JPEG", quality=85)
    assert np.asarray(colorizer(Image.open(file), "white")).min() >= 235


def test_nor_does_any_stay_where_letters_are_beside_it(colorizer: Colorizer) -> None:
    image = Image.fromarray(blurred(drawn(), 0.8))
    ImageDraw.Draw(image).text((20, 165), "an ellipse", font=ImageFont.load_default(22), fill=0)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    painted = np.asarray(colorizer(Image.open(file), "white"))
    assert painted[:150].min() >= 235
    assert painted[165:].min() < 50


@pytest.mark.parametrize("blur", [0, 1.5])
def test_a_region_that_is_all_of_a_shape_is_painted_as_the_shape(colorizer: Colorizer, blur: float) -> None:
    page = blurred(drawn(), blur) if blur else drawn()
    whole = np.asarray(colorizer(page, "magenta"))
    middle = (page.shape[1] / 2, page.shape[0] / 2)
    for regions in ({"at": [(middle, "magenta")]}, {"each": ["magenta"]}):
        assert np.array_equal(np.asarray(colorizer(page, lines="fill", **regions)), whole)


def test_a_line_between_a_painted_region_and_another_stays_one(colorizer: Colorizer) -> None:
    sharp = drawn().copy()
    sharp[50:150, 98:102] = 0
    page = blurred(sharp, 1)
    painted = np.asarray(colorizer(page, at=[((70, 100), "white")], lines="fill"))
    # half of it is gone, with the region's own outline and all that is soft around it
    assert painted[:, :96].min() > 250
    assert painted[100, 101].max() < 120
    assert np.array_equal(painted[:, 106:, 0], page[:, 106:])


def test_lines_that_are_kept_stay_as_soft_as_they_are(colorizer: Colorizer) -> None:
    gray = blurred(drawn(), 1.5)
    outside = np.zeros_like(gray)
    cv2.ellipse(outside, (100, 100), (61, 51), 0, 0, 360, 1, -1)
    kept = np.asarray(colorizer(gray, "white", lines="keep").convert("L"))
    assert np.abs(kept[outside == 0].astype(int) - gray[outside == 0]).max() <= 16


def ramp(*shares: float, paper: int = 250) -> tuple[np.ndarray, np.ndarray]:
    """Ink that is covered, and as much of it in each pixel to the right; its gray, and the coverage."""
    row = np.array([1.0] * 8 + list(shares) + [0.0] * 20)
    gray = np.repeat(np.round(paper * (1 - row)).astype(np.uint8)[None], 40, 0)
    coverage = np.zeros_like(gray)
    coverage[:, :8] = 255
    return gray, coverage


def test_as_much_as_is_of_ink_is_covered_where_it_grows_paler() -> None:
    gray, coverage = ramp(0.6, 0.4, 0.2, 0.1)
    assert with_soft_rim(gray, coverage)[20, 8:13].tolist() == [153, 102, 51, 26, 0]
    assert np.array_equal(with_soft_rim(gray, coverage)[:, :8], coverage[:, :8])
    # what is covered more stays so
    coverage[:, 8] = 200
    assert with_soft_rim(gray, coverage)[20, 8:12].tolist() == [200, 102, 51, 26]


def test_ink_of_something_else_is_none_of_it() -> None:
    for share, is_rim in ((0.68, True), (0.72, False)):
        assert with_soft_rim(*ramp(share, 0.3))[20, 8:10].any() == is_rim
    # it grows darker again
    assert (
        with_soft_rim(*ramp(0.6, 0.3, 0.5, 0.6, 0.5, 0.3))[20, 8:14].astype(bool).tolist() == [True] * 2 + [False] * 4
    )
    # as dark as before: a stroke beside it
    assert np.count_nonzero(with_soft_rim(*ramp(*[0.5] * 5))[20, 8:13]) == 1


def test_a_rim_is_so_wide_at_most() -> None:
    shares = [0.69 * 0.85**k for k in range(9)]
    assert np.count_nonzero(with_soft_rim(*ramp(*shares))[20, 8:]) == 6
    # and in a large picture wider
    gray, coverage = (np.pad(plane, ((0, 0), (0, 940)), "edge") for plane in ramp(*shares))
    assert np.count_nonzero(with_soft_rim(gray, coverage)[20, 8:]) == 9


def test_grain_is_no_ink() -> None:
    rng = np.random.default_rng(1)
    gray, coverage = ramp()
    grained = np.clip(gray - np.abs(rng.normal(0, 6, gray.shape)), 0, 255).astype(np.uint8)
    assert np.count_nonzero(with_soft_rim(grained, coverage) != coverage) < 0.01 * gray.size


def test_nothing_is_said_where_ink_and_paper_are_hardly_apart() -> None:
    for apart, is_rim in ((46, False), (50, True)):
        gray, coverage = ramp(0.6, 0.6 * 0.8, 0.3)
        assert (
            with_soft_rim((250 - (250 - gray.astype(int)) * apart // 250).astype(np.uint8), coverage)[20, 8] > 0
        ) == is_rim


def test_a_sharp_edge_on_flat_paper_has_none() -> None:
    gray, coverage = ramp(0.05)
    assert with_soft_rim(gray, coverage) is coverage
    assert with_soft_rim(np.full_like(gray, 255), np.full_like(gray, 255)).min() == 255
