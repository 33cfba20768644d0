"""The arithmetic of painting, pixel by pixel."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from conftest import square
from polycolor_cli import Colorizer
from polycolor_cli.errors import PolycolorError
from polycolor_cli.files.picture import in_profile
from polycolor_cli.fill import paint as painting
from polycolor_cli.fill.colorizer import as_image
from polycolor_cli.fill.paint import Paint, ink_share, paint, paper_around
from polycolor_cli.fill.paint_regions import LabelMap, Point, RegionPaint, paint_regions, palette
from polycolor_cli.fill.regions import Regions

GRAY = np.full((6, 6), 240, np.uint8)
GRAY[1, 3:5], GRAY[1, 2], GRAY[2:5, 2] = 60, 120, 60
"""A corner of a line on paper of 240."""
COVERAGE = np.zeros((6, 6), np.uint8)
COVERAGE[1:5, 2:5], COVERAGE[1, 2], COVERAGE[2, 1] = 255, 128, 64
ORANGE = (200, 100, 0)


@pytest.mark.parametrize(
    ("how", "rows"),
    [
        (
            Paint(ORANGE),
            # covered in part: the paper beside the line and not its ink, mixed with the colour
            {
                1: [240, 240, (220, 170, 120), ORANGE, ORANGE, 240],
                2: [240, (230, 205, 180), ORANGE, ORANGE, ORANGE, 240],
            },
        ),
        (
            Paint(ORANGE, "keep"),
            # a quarter of the paper's light is a quarter of the colour's
            {
                1: [240, 240, (110, 85, 60), (50, 25, 0), (50, 25, 0), 240],
                2: [240, (230, 205, 180), (50, 25, 0), ORANGE, ORANGE, 240],
            },
        ),
        (
            Paint(ORANGE, background=(0, 0, 255)),
            {1: [(0, 0, 255), (0, 0, 255), (100, 50, 127), ORANGE, ORANGE, (0, 0, 255)]},
        ),
        (
            Paint(ORANGE, "keep", "transparent"),
            {2: [(*ORANGE, 0), (*ORANGE, 64), (50, 25, 0, 255), (*ORANGE, 255), (*ORANGE, 255), (*ORANGE, 0)]},
        ),
    ],
    ids=["fill", "keep", "background", "transparent"],
)
def test_each_pixel(how: Paint, rows: dict[int, list[int | tuple[int, ...]]]) -> None:
    painted = paint(Image.fromarray(GRAY), COVERAGE, how)
    for row, expected in rows.items():
        channels = [pixel if isinstance(pixel, tuple) else (pixel,) * 3 for pixel in expected]
        np.testing.assert_array_equal(painted[row], channels)


def test_on_dark_paper_light_ink_lightens_the_colour_as_it_lightens_the_paper() -> None:
    painted = paint(Image.fromarray(255 - GRAY), COVERAGE, Paint((55, 155, 255), "keep"))
    # the whole picture is the other one turned over
    np.testing.assert_array_equal(painted, 255 - paint(Image.fromarray(GRAY), COVERAGE, Paint(ORANGE, "keep")))
    share, is_dark = ink_share(Image.fromarray(255 - GRAY), COVERAGE)
    assert is_dark
    assert [share[1, 3], share[3, 3]] == [64, 255]
    assert ink_share(Image.fromarray(GRAY), COVERAGE)[1] is False


def test_where_lines_are_kept_the_grain_of_the_paper_is_not() -> None:
    gray = np.full((64, 64), 230, np.uint8)
    gray[8:56, 8:12] = 60
    coverage = np.zeros((64, 64), np.uint8)
    coverage[8:56, 8:56] = 255
    grain = np.random.default_rng(2).normal(0, 14, gray.shape)
    worn = np.clip(gray + grain, 0, 255).astype(np.uint8)
    for picture in (gray, worn):
        painted = paint(Image.fromarray(picture), coverage, Paint((255, 0, 0), "keep"))
        inside = painted[10:54, 16:54].reshape(-1, 3)
        assert (inside == (255, 0, 0)).all(1).mean() > 0.97
        assert painted[8:56, 8:12, 0].max() < 120


def test_the_paper_of_an_edge_is_what_lies_two_pixels_away() -> None:
    gray = np.full((20, 20), 240, np.uint8)
    # the line's soft edge, and a trace of it in the next pixel
    gray[:, 8:12], gray[:, 7], gray[:, 6] = 30, 120, 200
    coverage = np.zeros((20, 20), np.uint8)
    coverage[:, 8:], coverage[:, 7] = 255, 128
    painted = paint(Image.fromarray(gray), coverage, Paint((0, 0, 0)))
    assert abs(int(painted[10, 7, 0]) - 240 * 127 / 255) <= 1
    # where that is not there, the next pixel has to do
    painted = paint(Image.fromarray(gray[:, 6:]), coverage[:, 6:], Paint((0, 0, 0)))
    assert abs(int(painted[10, 1, 0]) - 200 * 127 / 255) <= 1


def test_faint_ink_is_as_faint_on_the_colour() -> None:
    gray = np.full((40, 40), 250, np.uint8)
    inks = {6: 25, 14: 100, 22: 150, 30: 215}
    for column, value in inks.items():
        gray[4:36, column] = value
    coverage = np.zeros((40, 40), np.uint8)
    coverage[2:38, 2:38] = 255
    painted = paint(Image.fromarray(gray), coverage, Paint((200, 0, 0), "keep"))
    # half the paper's light is half the colour's; what is hardly seen fades out
    assert painted[20, [6, 14, 22], 0].tolist() == [20, 80, 120]
    assert 180 < painted[20, 30, 0] < 200
    assert painted[20, 10, 0] == 200


@pytest.mark.parametrize("dark", [False, True])
def test_regions_of_two_colours_meet_in_the_middle_of_their_line(dark: bool) -> None:
    gray = np.full((9, 12), 240, np.uint8)
    gray[:, 5:7] = 0
    labels = np.ones((9, 12), np.uint16)
    labels[:, 6:] = 2
    regions, covered = Regions(labels, labels), np.full((9, 12), 255, np.uint8)
    covered[[0, -1]] = 0
    image = Image.fromarray(255 - gray if dark else gray)
    painted = paint_regions(image, covered, regions, RegionPaint(each=((255, 0, 0), (0, 0, 255))))
    np.testing.assert_array_equal(painted[4, [0, 4, 7, 11]], [(255, 0, 0), (255, 0, 0), (0, 0, 255), (0, 0, 255)])
    if not dark:
        assert not painted[4, 5:7].any()
    over = paint_regions(image, covered, regions, RegionPaint(each=((255, 0, 0), (0, 0, 255)), lines="fill"))
    # mixed over the two pixels where they meet, and nowhere else
    np.testing.assert_array_equal(over[4, 4:8], [(255, 0, 0), (170, 0, 85), (85, 0, 170), (0, 0, 255)])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_one_region_is_painted_and_all_else_left_as_it_was(number: int, dark: bool) -> None:
    labels = np.zeros((16, 20), np.uint16)
    labels[2:9, 3:9], labels[2:9, 9:20], labels[11:16, 0:12] = 1, 2, 3
    gray = np.where(labels == 0, np.uint8(250), np.uint8(245))
    gray[2:9, 8:10] = 20
    coverage = np.where(labels > 0, np.uint8(255), np.uint8(0))
    drawn = np.stack([255 - gray if dark else gray] * 3, 2)
    how = RegionPaint(at=((Point(*[(5, 5), (15, 5), (3, 13)][number - 1]), "#ff0000"),))
    painted = paint_regions(Image.fromarray(drawn[:, :, 0]), coverage, Regions(labels, labels), how)
    near = cv2.dilate((labels == number).astype(np.uint8), np.ones((3, 3))) > 0
    assert np.array_equal(painted[~near], drawn[~near])
    well_inside = (cv2.erode((labels == number).astype(np.uint8), np.ones((3, 3))) > 0) & (gray > 100)
    assert well_inside[:, [-1]].any() == (number == 2)
    assert (painted[well_inside] == (255, 0, 0)).all()
    clear = replace(how, background="transparent")
    opaque = paint_regions(Image.fromarray(drawn[:, :, 0]), coverage, Regions(labels, labels), clear)[:, :, 3]
    assert np.array_equal(opaque[~near], coverage[~near])
    assert opaque[labels > 0].min() == 255


@pytest.mark.parametrize("lines", ["keep", "fill"])
def test_of_whole_shapes_a_pixel_is_as_much_painted_as_it_is_covered(lines: Any) -> None:
    coverage = np.zeros((9, 12), np.uint8)
    coverage[:, 4:], coverage[:, 3] = 255, 130
    labels = (coverage >= 128).astype(np.uint16)
    image = Image.fromarray(np.full((9, 12), 255, np.uint8))
    how = RegionPaint(each=((0, 0, 0),), by="shape", lines=lines)
    painted = paint_regions(image, coverage, Regions(labels, labels), how)[4, :, 0]
    assert painted[[0, 1, 6, 11]].tolist() == [255, 255, 0, 0]
    # two thirds of its neighbours are of the shape, where that ends in the middle of a line
    assert abs(int(painted[3]) - (255 - 130 * (2 / 3 if lines == "keep" else 1))) <= 1


def test_palettes_are_what_they_were() -> None:
    assert palette("pastel")[:3] == ((244, 175, 175), (175, 195, 244), (215, 244, 175))
    assert palette("bright")[:3] == ((244, 37, 37), (37, 97, 244), (158, 244, 37))
    assert palette("random:7")[:3] == ((31, 78, 218), (227, 57, 162), (172, 66, 228))
    assert palette(" Bright ") == palette("bright")


@pytest.mark.parametrize("paper", [(255, 240, 0), (0, 200, 255), (255, 180, 20)])
def test_on_paper_without_some_light_kept_lines_leave_the_colour_as_dark_as_they_are(
    paper: tuple[int, int, int],
) -> None:
    page = np.empty((40, 40, 3), np.uint8)
    page[:] = paper
    page[10:30, 10:30] = np.array(paper) // 4
    page[12:28, 12:28] = paper
    coverage = np.zeros((40, 40), np.uint8)
    coverage[10:30, 10:30] = 255
    share, is_dark = ink_share(Image.fromarray(page), coverage)
    assert not is_dark
    assert (share[12:28, 12:28] == 255).all()
    # in all channels, of which the paper has no light in one
    assert np.abs(share[10, 10:30].astype(int) - 64).max() <= 2
    painted = paint(Image.fromarray(page), coverage, Paint((200, 80, 240), "keep"))
    assert (painted[15:25, 15:25] == (200, 80, 240)).all()
    assert np.abs(painted[10, 10:30].astype(int) - (50, 20, 60)).max() <= 2
    assert (painted[:10] == paper).all()


def test_what_is_no_way_to_paint_is_said() -> None:
    some: Any = "some"
    for name, choices in {"lines": "fill or keep", "holes": "fill or keep", "only": "all or enclosed"}.items():
        with pytest.raises(PolycolorError, match=f"^{name} is 'some', not {choices}$"):
            Paint("red", **{name: some})
    for name, choices in {"lines": "fill, keep", "by": "region, shape"}.items():
        with pytest.raises(PolycolorError, match=f"^{name} is 'some', not one of {choices}$"):
            RegionPaint(each=((1, 2, 3),), **{name: some})
    for both in ({}, {"each": ((1, 2, 3),), "at": ((Point(1, 2), "red"),)}):
        with pytest.raises(PolycolorError, match=r"^say either which regions get which colours \(at\), or a palette"):
            RegionPaint(**both)  # type: ignore[arg-type]


def test_a_name_for_the_file_of_each() -> None:
    assert Paint("Rebecca Purple").slug == "rebeccapurple"
    assert Paint("#0f0").slug == Paint((0, 255, 0)).slug == "00ff00"
    assert RegionPaint(each=((1, 2, 3),)).slug == "filled"


def test_colours_of_srgb_are_turned_into_a_pictures_own() -> None:
    # a profile whose red, green and blue change places: what it calls red is sRGB's green
    profile = turned_profile()
    red, navy = in_profile((255, 0, 0), profile), in_profile((0, 0, 128), profile)
    assert red != (255, 0, 0)
    paint = Paint("red", background="navy").under(profile)
    assert (paint.color, paint.background) == (red, navy)
    assert Paint("red", background="transparent").under(profile).background == "transparent"
    assert Paint("red").under(b"") == Paint("red")
    regions = RegionPaint(at=((Point(1, 2), "red"),), background="navy").under(profile)
    assert (regions.at, regions.background) == (((Point(1, 2), red),), navy)
    assert RegionPaint(each=((255, 0, 0),)).under(profile).each == (red,)
    assert RegionPaint(each=((255, 0, 0),)).under(profile).background == "keep"
    assert LabelMap("shape").under(profile) == LabelMap("shape")


def turned_profile() -> bytes:
    """An RGB profile whose colorants are sRGB's in another order."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # the tags' signatures in the table after the header (ICC.1, 7.3)
    places = {name: profile.index(name) for name in (b"rXYZ", b"gXYZ", b"bXYZ")}
    for name, other in ((b"rXYZ", b"gXYZ"), (b"gXYZ", b"bXYZ"), (b"bXYZ", b"rXYZ")):
        profile[places[name] : places[name] + 4] = other
    # its description says sRGB, which would be taken at its word
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be")).replace(b"sRGB", b"mine")


def test_a_drawing_is_painted_in_its_own_colours() -> None:
    profile = turned_profile()
    image = square().convert("RGB")
    image.info["icc_profile"] = profile
    painted = Colorizer()(image, "red", background="navy")
    assert painted.getpixel((64, 64)) == in_profile((255, 0, 0), profile)
    assert painted.getpixel((2, 2)) == in_profile((0, 0, 128), profile)
    assert painted.info["icc_profile"] == profile


def test_what_lies_on_transparency_keeps_its_colour_and_never_turns_over() -> None:
    # light on transparency, laid on black: a rounded share of it comes to more than white
    drawing = np.zeros((40, 40, 4), np.uint8)
    drawing[..., :3] = 255
    drawing[5:35, 5:35, 3] = 255
    drawing[9:31, 9:31, 3] = 0
    drawing[:, 2, 3] = np.arange(40)  # hardly there
    image = as_image(drawing)
    coverage = np.zeros((40, 40), np.uint8)
    coverage[5:35, 5:35] = 255
    coverage[5:35, 4] = 100
    painted = paint(image, coverage, Paint("white"))
    assert painted.shape == (40, 40, 4)
    assert (painted[5:35, 5:35] == 255).all()
    assert (painted[5:35, 4, 3] == 100).all()
    assert np.array_equal(painted[:, 2, 3], np.arange(40))
    assert (painted[painted[..., 3] > 0][:, :3] > 250).all()


def test_on_a_large_coloured_page_kept_lines_leave_the_colour_and_what_is_blacked_in_stays_black() -> None:
    page = np.empty((900, 1500, 3), np.uint8)
    page[:] = (240, 220, 120)
    page[100:800, 200:1300] = 0
    page[110:790, 210:1290] = (240, 220, 120)
    page[300:600, 500:900] = 24  # wider than any line
    coverage = np.zeros((900, 1500), np.uint8)
    coverage[100:800, 200:1300] = 255
    painted = paint(Image.fromarray(page), coverage, Paint((0, 90, 200), "keep"))
    assert (painted[150:280, 250:450] == (0, 90, 200)).all()
    assert (painted[450, 1000:1200] == (0, 90, 200)).all()
    assert painted[350:550, 550:850].max() <= 40
    assert painted[104, 400:600].max() < 10
    assert (painted[50, 50] == (240, 220, 120)).all()


def paper_beside(pixels: np.ndarray, bare: np.ndarray, y: int, x: int) -> np.ndarray | None:
    """The paper of a pixel: the mean of what is bare two pixels away, or else of what is bare beside it."""
    height, width = bare.shape

    def at(down: int, right: int) -> tuple[int, int]:
        return min(max(y + down, 0), height - 1), min(max(x + right, 0), width - 1)

    ways = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
    near = [(at(*way), at(2 * way[0], 2 * way[1])) for way in ways if bare[at(*way)]]
    far = [pixels[two] for _, two in near if bare[two]]
    beside = far or [pixels[one] for one, _ in near]
    return np.round(np.mean(np.array(beside, np.float32), 0)) if beside else None


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (4, 1), (2, 3), (9, 7)])
def test_paper_beside_an_edge_is_the_mean_of_what_is_bare(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        pixels = rng.integers(0, 256, (*size, 3), np.uint8)
        coverage = rng.choice(np.array([0, 0, 0, 77, 200, 255], np.uint8), size)
        partly, bare = (coverage > 0) & (coverage < 255), coverage == 0
        wanted = pixels.copy()
        while found := [
            (y, x, paper)
            for y, x in np.argwhere(partly & ~bare)
            if (paper := paper_beside(wanted, bare, y, x)) is not None
        ]:
            for y, x, paper in found:
                wanted[y, x], bare[y, x] = paper, True
        shares = np.repeat(255 - coverage[:, :, None], 3, 2)
        wanted = cv2.multiply(wanted, shares, scale=1 / 255)
        for at_once in (1 << 16, 3):
            monkeypatch.setattr(painting, "EDGES_AT_ONCE", at_once)
            assert np.array_equal(paper_around(Image.fromarray(pixels), coverage), wanted)


@pytest.mark.parametrize("is_flat", [True, False])
def test_the_inner_side_of_a_soft_edge_has_paper_too(is_flat: bool) -> None:
    ramp = np.array([0, 0, 0, 40, 90, 140, 190, 240, 255, 255], np.uint8)
    coverage = np.repeat(ramp[None], 6, 0)
    # the darker the more is covered, and nothing of it is paper's
    pixels = 240 - coverage // 2
    pixels[0, 0] = 240 if is_flat else 235
    around = paper_around(Image.fromarray(pixels), coverage)
    assert np.array_equal(around[3, 3:, 0], np.round(240 * (1 - ramp[3:] / 255)))


def test_regions_on_no_background_are_transparent_around() -> None:
    drawing = square(96)
    painted = Colorizer(threads=1)(drawing, each=["red"], background="transparent")
    assert painted.mode == "RGBA"
    pixels = np.asarray(painted)
    assert pixels[48, 48].tolist() == [255, 0, 0, 255]
    assert pixels[2, 2, 3] == 0
