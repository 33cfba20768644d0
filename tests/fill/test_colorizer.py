import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from conftest import square, square_truth
from polycolor_cli import Colorizer, colorize
from polycolor_cli.color import PALETTE, ColorError, parse_color
from polycolor_cli.data import shapes, unseen
from polycolor_cli.data.strokes import Canvas
from polycolor_cli.data.synthetic import drawing as drawing_of
from polycolor_cli.data.write import SHAPES, plain_drawing
from polycolor_cli.evaluate.metrics import masked_accuracy
from polycolor_cli.files.picture import PictureError
from polycolor_cli.fill.colorizer import as_image
from polycolor_cli.fill.paint import Paint
from polycolor_cli.fill.paint_regions import LabelMap
from polycolor_cli.models.check import ModelError


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer()


def smooth_outline(contour: shapes.Contour, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A contour drawn smoothly with a 3 px line, as ink and coverage, uint8 (side, side) each."""
    canvas = Canvas(side, side, 4)
    canvas.stroke(contour * 0.4 * side + side / 2, 3.0, closed=True)
    ink, coverage = (np.asarray(Image.fromarray(plane).reduce(4)) for plane in (canvas.ink, canvas.coverage()))
    return ink, coverage


@pytest.mark.parametrize("shape", SHAPES)
def test_the_usual_pictures_come_out_exactly(colorizer: Colorizer, shape: str) -> None:
    for index in range(4):
        drawing = plain_drawing(77, index, shape)
        painted = np.asarray(colorizer(drawing.picture, "orange"))
        inside = drawing.coverage == 255
        truth = np.repeat(drawing.picture[:, :, None], 3, 2)
        truth[inside] = PALETTE["orange"]
        assert masked_accuracy(painted / 255, truth / 255, drawing.coverage / 255) == 1.0
        assert np.array_equal(painted[~inside], truth[~inside])


def test_white_on_black_and_solid_shapes_come_out_exactly_too(colorizer: Colorizer) -> None:
    drawing = plain_drawing(77, 3, "hexagon")
    assert np.array_equal(colorizer.coverage(255 - drawing.picture), drawing.coverage)
    y, x = np.mgrid[:128, :128]
    disc = np.where(np.hypot(y - 64, x - 64) < 60, 0, 255).astype(np.uint8)
    # a few pixels of paper between a shape and the rim of the picture may be taken for the shape
    assert np.count_nonzero(colorizer.coverage(disc) != 255 - disc) < 10
    smaller = np.where(np.hypot(y - 64, x - 64) < 50, 0, 255).astype(np.uint8)
    assert np.array_equal(colorizer.coverage(smaller), 255 - smaller)


def test_a_negative_is_filled_as_the_drawing_is(colorizer: Colorizer) -> None:
    pictures = [drawing_of(5, index, (96, 128), unseen.WORLD).picture for index in range(24)]
    light = [picture for picture in pictures if np.median(picture) > 200 and picture[[0, -1]].mean() > 200]
    assert len(light) > 8
    for picture in light:
        assert np.array_equal(colorizer.coverage(255 - picture), colorizer.coverage(picture))


def test_any_colour_is_exact_to_the_byte(colorizer: Colorizer) -> None:
    rng = np.random.default_rng(3)
    for color in rng.integers(0, 256, (40, 3)):
        painted = np.asarray(colorizer(square(), tuple(map(int, color))))
        assert (painted[40:90, 40:90] == color).all()
        assert (painted[square_truth() == 0] == 255).all()


@pytest.mark.parametrize("side", [128, 700])
@pytest.mark.parametrize("kind", [shapes.meander, shapes.star, unseen.snail, unseen.arch])
def test_all_that_a_clean_closed_outline_encloses_is_filled(
    colorizer: Colorizer, kind: Callable[..., shapes.Contour], side: int
) -> None:
    for seed in range(3):
        ink, truth = smooth_outline(shapes.turned(kind(np.random.default_rng(seed)), 0.1 * seed), side)
        for picture in (255 - ink, 20 + ink // 2):
            assert (colorizer.coverage(picture)[(ink == 0) & (truth == 255)] == 255).all()


def test_no_veil_is_left_between_two_closed_lines_however_they_were_resampled(colorizer: Colorizer) -> None:
    large = Image.new("L", (1200, 960), 255)
    for rim in (0, 80):
        ImageDraw.Draw(large).ellipse((160 + rim, 120 + rim, 1040 - rim, 840 - rim), outline=0, width=12)
    y, x = np.mgrid[:240, :300]
    distance = np.hypot((x - 150) / 110, (y - 120) / 90)
    for filter in (Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BOX):
        coverage = colorizer.coverage(large.resize((300, 240), filter))
        assert (coverage[distance < 0.97] == 255).all()
        assert (coverage[distance > 1.03] == 0).all()


def test_squared_paper_is_not_filled_square_by_square(colorizer: Colorizer) -> None:
    page = Image.new("L", (300, 300), 255)
    for k in range(10, 300, 20):
        for line in ((k, 0, k, 299), (0, k, 299, k)):
            ImageDraw.Draw(page).line(line, fill=130)
    ImageDraw.Draw(page).ellipse((60, 60, 240, 240), outline=0, width=5)
    y, x = np.mgrid[:300, :300]
    distance = np.hypot(x - 150, y - 150)
    coverage = colorizer.coverage(page)
    assert (coverage[distance < 85] == 255).all()
    assert coverage[distance > 100].mean() < 10


def test_a_tiny_picture_is_covered_as_far_as_its_ink_goes(colorizer: Colorizer) -> None:
    ink, truth = smooth_outline(shapes.ellipse(np.random.default_rng(2)), 32)
    found = colorizer.coverage(255 - ink).astype(float)
    assert (found >= truth - 16.0).all()
    rim = ((truth > 0) & (truth < 255)).sum()
    assert abs((found - truth).sum() / 255 / rim) < 0.05


@pytest.mark.parametrize("side", [64, 128, 700])
def test_the_edge_of_a_clean_drawing_is_as_soft_as_its_ink(colorizer: Colorizer, side: int) -> None:
    for kind in (shapes.ellipse, shapes.rectangle, unseen.arch):
        ink, truth = smooth_outline(kind(np.random.default_rng(2)), side)
        found = colorizer.coverage(255 - ink).astype(float)
        assert np.minimum(found, truth).sum() / np.maximum(found, truth).sum() > 0.999


def test_a_frame_around_the_whole_picture_is_no_shape(colorizer: Colorizer) -> None:
    framed = np.asarray(square()).copy()
    framed[[0, -1]] = framed[:, [0, -1]] = 0
    assert (colorizer.coverage(framed)[10:30, 10:118] < 128).all()


def test_a_gap_does_not_leak(colorizer: Colorizer) -> None:
    gapped = np.asarray(square(width=3)).copy()
    gapped[60:66, 30:37] = 255
    coverage = colorizer.coverage(gapped)
    assert (coverage[36:92, 40:92] == 255).all()
    assert coverage[square_truth() == 0].mean() < 2


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (32, 32), (47, 33), (128, 129), (300, 200), (1000, 40), (1, 700)])
def test_every_size_comes_back_as_it_was(colorizer: Colorizer, size: tuple[int, int]) -> None:
    assert colorizer(Image.new("L", size, 255), "red").size == size


@pytest.mark.parametrize("side", [32, 64, 200, 512, 1500])
def test_fills_at_any_size(colorizer: Colorizer, side: int) -> None:
    coverage = colorizer.coverage(square(side, max(2, side // 60))) / 255
    truth = square_truth(side) / 255
    assert np.minimum(coverage, truth).sum() / np.maximum(coverage, truth).sum() > 0.95


def test_colour_pictures_keep_their_background(colorizer: Colorizer) -> None:
    page = Image.new("RGB", (128, 128), (250, 240, 200))
    page.paste((20, 20, 60), mask=Image.fromarray(255 - np.asarray(square())))
    painted = np.asarray(colorizer(page, "lime"))
    assert (painted[50:80, 50:80] == (0, 255, 0)).all()
    assert (painted[2:20, 2:20] == (250, 240, 200)).all()


def test_kept_lines_stay_visible_on_light_and_dark_paper(colorizer: Colorizer) -> None:
    light = np.asarray(colorizer(square(width=4), "red", lines="keep"))
    assert (light[34, 40:80] == (0, 0, 0)).all()
    assert (light[50:80, 50:80] == (255, 0, 0)).all()
    dark = np.asarray(colorizer(255 - np.asarray(square(width=4)), "red", lines="keep"))
    assert (dark[34, 40:80] == (255, 255, 255)).all()
    assert (dark[50:80, 50:80] == (255, 0, 0)).all()


def test_backgrounds(colorizer: Colorizer) -> None:
    cut_out = np.asarray(colorizer(square(), "red", background="transparent"))
    assert cut_out.shape == (128, 128, 4)
    assert (cut_out[50, 50] == (255, 0, 0, 255)).all()
    assert cut_out[5, 5, 3] == 0
    replaced = np.asarray(colorizer(square(), "red", background="#102030"))
    assert (replaced[5, 5] == (16, 32, 48)).all()


def test_says_when_there_is_no_shape(colorizer: Colorizer) -> None:
    filled = colorizer.fill(Image.new("L", (128, 128), 255), Paint("red"))
    assert filled.state == "empty"
    assert (np.asarray(filled.image) == 255).all()
    assert colorizer.fill(square(), Paint("red")).state == "filled"


def test_noise_is_little_filled_and_a_person_is_told(colorizer: Colorizer) -> None:
    rng = np.random.default_rng(1)
    for side in (128, 400):
        pixels = rng.integers(0, 256, (side, side)).astype(np.uint8)
        assert colorizer.fill(Image.fromarray(np.where(pixels > 127, 255, 0).astype(np.uint8)), None).share < 0.02
        filled = colorizer.fill(Image.fromarray(pixels), Paint("red"))
        assert filled.share < 0.15
        assert filled.warning
    assert colorizer.fill(square(), Paint("red")).warning is None


def test_a_soft_edge_is_mixed_with_the_paper_and_not_with_the_ink(colorizer: Colorizer) -> None:
    large = Image.new("L", (512, 512), 255)
    ImageDraw.Draw(large).ellipse((90, 110, 420, 400), outline=0, width=14)
    drawing = large.reduce(4)
    coverage = colorizer.coverage(drawing)
    edge = (coverage > 40) & (coverage < 215)
    assert edge.sum() > 20
    painted = np.asarray(colorizer(drawing, "red"))[edge].astype(int)
    # a colour mixed with ink would be as dark as the ink is strong: 128 and more
    assert painted[:, 0].min() > 225
    assert painted[:, 0].mean() > 252
    assert np.abs(painted[:, 1] - (255 - coverage[edge].astype(int))).mean() < 3
    kept = np.asarray(colorizer(drawing, "red", lines="keep"))[edge].astype(int)
    assert kept[:, 0].min() < 200


def test_takes_paths_images_and_arrays(drawing: Path) -> None:
    results = [np.asarray(colorize(p, "red")) for p in (drawing, str(drawing), square(), np.asarray(square()))]
    assert all(np.array_equal(results[0], other) for other in results[1:])


def test_errors_name_what_is_wrong(tmp_path: Path) -> None:
    for color in ("redd", (300, 0, 0), (0.5, 0, 0), (1, 2), (-1, 0, 0)):
        with pytest.raises(ColorError):
            colorize(square(), color)
    with pytest.raises(PictureError):
        colorize(tmp_path / "none.png", "red")
    with pytest.raises(ModelError, match="no such model"):
        Colorizer("nobody")
    fake = tmp_path / "fake.onnx"
    fake.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="not an ONNX file"):
        Colorizer(fake)


def test_running_a_model_never_imports_torch() -> None:
    code = (
        "import sys, numpy as np\n"
        "from polycolor_cli import colorize\n"
        "colorize(np.full((64, 64), 255, np.uint8), 'red')\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("side", [450, 900])
def test_a_box_with_open_corners_is_full_to_its_corners_at_sizes_that_halve_badly(
    colorizer: Colorizer, side: int
) -> None:
    drawing = Image.new("L", (4 * side, 4 * side), 255)
    near, far, gap = 0.6 * side, 3.4 * side, 0.32 * side
    for a, b, line in ((near, far, near), (near, far, far)):
        ImageDraw.Draw(drawing).line((a + gap, line, b - gap, line), 0, side // 25)
        ImageDraw.Draw(drawing).line((line, a + gap, line, b - gap), 0, side // 25)
    inside = slice(round(0.17 * side), round(0.83 * side))
    assert (colorizer.coverage(np.asarray(drawing.reduce(4)))[inside, inside] > 127).mean() >= 0.975


def ring(paper: tuple[int, int, int], ink: tuple[int, int, int], shade: float = 0.0) -> Image.Image:
    """A circle of 200 pixels on coloured paper, which gets darker to its right by a share."""
    image = Image.new("RGB", (300, 300), paper)
    ImageDraw.Draw(image).ellipse((50, 50, 250, 250), outline=ink, width=5)
    light = 1 - shade * np.arange(300)[None, :, None] / 300
    return Image.fromarray(np.round(np.asarray(image) * light).astype(np.uint8))


@pytest.mark.parametrize(
    ("paper", "ink", "shade"),
    [
        ((250, 244, 230), (10, 10, 40), 0.0),
        ((173, 216, 230), (0, 0, 0), 0.0),
        ((255, 240, 200), (20, 20, 20), 0.5),
        ((30, 40, 35), (240, 240, 240), 0.0),
        ((255, 255, 255), (200, 30, 30), 0.0),
    ],
    ids=["off-white", "blue", "shaded", "dark", "red-ink"],
)
@pytest.mark.parametrize("color", ["red", "cyan", "#6a3d9a"])
def test_kept_lines_leave_the_colour_to_the_byte(
    paper: tuple[int, int, int], ink: tuple[int, int, int], shade: float, color: str, colorizer: Colorizer
) -> None:
    drawing = ring(paper, ink, shade)
    painted = np.asarray(colorizer(drawing, color, lines="keep"))
    y, x = np.mgrid[:300, :300]
    from_middle = np.hypot(y - 150, x - 150)
    assert (painted[from_middle < 92] == parse_color(color)).all()
    # as dark, or on dark paper as light, against the colour as it was against its paper
    on_ink = np.abs(from_middle - 98) < 0.7
    dark = np.mean(paper) < 128
    given = np.asarray(drawing).astype(float)
    light = 1 - shade * x[..., None] / 300
    base = np.array(parse_color(color), float)
    wanted = (
        255 - (255 - base) * (255 - given) / (255 - np.array(paper) * light)
        if dark
        else base * given / (np.array(paper) * light)
    )
    assert np.abs(painted[on_ink] - wanted[on_ink]).max() <= 12


def test_an_area_of_another_colour_is_paper_too(colorizer: Colorizer) -> None:
    drawing = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(drawing).ellipse((50, 50, 250, 250), fill=(173, 216, 230), outline="black", width=5)
    painted = np.asarray(colorizer(drawing, "red", lines="keep"))
    assert (painted[100:200, 100:200] == (255, 0, 0)).all()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (np.zeros((0, 4), np.uint8), "empty"),
        (np.zeros((4, 0), np.uint8), "empty"),
        (np.zeros(9, np.uint8), r"shape .*give \(H, W\) gray, \(H, W, 3\) RGB or \(H, W, 4\) RGBA"),
        (np.zeros((3, 40, 50), np.uint8), "channels first"),
        (np.zeros((1, 4, 5, 3), np.uint8), r"^an array of shape \(1, 4, 5, 3\): give"),
        (np.zeros((40, 50), np.int64), "int64"),
        (np.full((40, 50), 7.0), "0 to 1"),
        (np.full((40, 50), np.nan), "0 to 1"),
        (np.array([["a"]]), "<U1"),
        (None, "NoneType"),
        (7, "int"),
    ],
)
def test_what_is_no_picture_is_said_in_words(given: object, why: str, colorizer: Colorizer) -> None:
    with pytest.raises(PictureError, match=why):
        colorizer(given, "red")  # type: ignore[arg-type]


def test_what_is_asked_for_without_a_colour_or_a_picture_is_said_in_words(colorizer: Colorizer) -> None:
    with pytest.raises(
        ColorError, match=r"^which colour\? Give one, or points \(at\), or colours for each region \(each\)$"
    ):
        colorizer(square(64))
    for size in ((0, 4), (4, 0)):
        with pytest.raises(PictureError, match=rf"^the picture is empty: {size[0]} x {size[1]} pixels$"):
            as_image(Image.new("L", size))
    # what has been looked through once is not looked through again
    once = as_image(square(64))
    assert as_image(once) is once
    assert as_image(np.full((4, 4), 0.5)).getpixel((2, 2)) == 128


@pytest.mark.parametrize("what", ["the array", "the picture"])
def test_what_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    def damaged(*_: object) -> None:
        raise OSError("broken")

    monkeypatch.setattr(Image.Image, "getexif", damaged)
    with pytest.raises(PictureError, match=rf"^{what}: damaged or cut-off picture \(broken\)$"):
        as_image(np.zeros((4, 4), np.uint8) if what == "the array" else Image.new("L", (4, 4)))


@pytest.mark.parametrize("color", [None, 7, (1, 2), (1, 2, 300), "", "#", "no such colour"])
def test_what_is_no_colour_is_said_in_words(color: object, colorizer: Colorizer) -> None:
    with pytest.raises(ColorError):
        colorizer(square(64), color)  # type: ignore[arg-type]


def test_arrays_of_every_kind_mean_the_same_picture(colorizer: Colorizer) -> None:
    drawing = np.asarray(square(128))
    wanted = colorizer.coverage(drawing)
    kinds = {
        "floats": drawing / 255.0,
        "16 bits": drawing.astype(np.uint16) * 257,
        "bool": drawing > 127,
        "one channel": drawing[:, :, None],
        "rgb": np.dstack([drawing] * 3),
        "rgba": np.dstack([drawing] * 3 + [np.full_like(drawing, 255)]),
        "strided": np.repeat(drawing, 2, 1)[:, ::2],
    }
    for kind, array in kinds.items():
        assert np.array_equal(colorizer.coverage(array), wanted), kind


def test_transparency_stays_outside_and_white_lines_are_seen(colorizer: Colorizer) -> None:
    for ink in (0, 255):
        drawing = np.zeros((128, 128, 4), np.uint8)
        drawing[..., :3] = ink
        drawing[..., 3] = 255 - np.asarray(square())
        painted = np.asarray(colorizer(Image.fromarray(drawing), "red"))
        assert painted.shape[2] == 4
        assert np.array_equal(painted[..., 3] == 255, square_truth() == 255)
        assert (painted[square_truth() == 255][:, :3] == (255, 0, 0)).all()
        assert (painted[..., 3][square_truth() == 0] == 0).all()


def test_a_model_that_answers_no_numbers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = Colorizer()

    class Session:
        def get_inputs(self) -> list[object]:
            return []

        def run(self, *_: object) -> list[np.ndarray]:
            return [np.full((1, 1, 128, 128), np.nan, np.float32)]

    monkeypatch.setattr(damaged._network, "_session", Session(), raising=False)
    open_square = np.asarray(square()).copy()
    open_square[30:36, 50:70] = 255
    with pytest.raises(ModelError, match="damaged"):
        damaged(open_square, "red")
    monkeypatch.setattr(Session, "run", lambda *_: 1 / 0)
    with pytest.raises(ModelError, match=r"^polycolor: fails while running \(division by zero\)$"):
        damaged(open_square, "red")


@pytest.mark.parametrize("side", [128, 600])
def test_of_a_plain_drawing_with_a_gap_little_is_a_guess(colorizer: Colorizer, side: int) -> None:
    drawing = square().resize((side, side), Image.Resampling.BICUBIC)
    ImageDraw.Draw(drawing).rectangle((side // 2, 0, side // 2 + side // 40, side // 2), fill=255)
    filled = colorizer.fill(drawing, Paint("red"))
    assert (filled.state, filled.warning) == ("filled", None)
    assert 0 <= filled.guessed < 0.06
    assert filled.share == pytest.approx((square_truth() > 0).mean(), abs=0.02)


def test_a_mask_and_a_map_say_as_much_of_a_drawing_as_its_picture(colorizer: Colorizer) -> None:
    image = square().convert("RGB")
    image.info.update(dpi=(300, 300), icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    ImageDraw.Draw(image).rectangle((60, 0, 66, 64), fill="white")
    painted, mask, labels = colorizer.fill_each(as_image(image), [Paint("red"), None, LabelMap("region")])
    assert np.array_equal(mask.pixels, colorizer.coverage(image))
    assert (labels.pixels > 0)[square_truth() == 255].mean() > 0.97
    for other in (mask, labels):
        assert (other.share, other.guessed, other.state) == (painted.share, painted.guessed, "filled")
        assert other.image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        # grays and numbers are no colours
        assert "icc_profile" not in other.image.info
    assert "icc_profile" in painted.image.info


@pytest.mark.parametrize("side", [300, 640])
def test_what_is_cut_off_by_the_rim_is_filled_up_to_it(colorizer: Colorizer, side: int) -> None:
    drawing = Image.new("L", (side, side), 255)
    low, high, line = side // 4, 3 * side // 4, max(3, side // 40)
    ImageDraw.Draw(drawing).rectangle((low, -20, high, high), outline=0, width=line)
    ImageDraw.Draw(drawing).rectangle((low - 2, high // 2, low + line + 2, high // 2 + line), fill=255)
    coverage = colorizer.coverage(drawing)
    assert (coverage[0, low + line : high - line] > 250).all()
    assert (coverage[0, : low - 2] < 5).all()
    assert (coverage[0, high + 3 :] < 5).all()
