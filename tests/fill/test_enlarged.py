"""What was enlarged is decided as it was before."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from polycolor_cli import Colorizer
from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.fill.enlarged import enlarged, reduced, times_enlarged
from polycolor_cli.fill.rules import tones_of

WAYS = [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC]


def arrow(gap: int = 0) -> Image.Image:
    """A thick arrow, smooth, with a gap in its shaft."""
    image = Image.new("L", (640, 640), 255)
    draw = ImageDraw.Draw(image)
    corners = [(80, 260), (330, 260), (330, 140), (560, 330), (330, 520), (330, 400), (80, 400), (80, 260), (100, 260)]
    draw.line(corners, 0, 40, "curve")
    draw.rectangle((190 - gap, 370, 190 + gap, 430), 255)
    return image.reduce(5)


def larger(image: Image.Image, times: float, way: Image.Resampling = Image.Resampling.BICUBIC) -> np.ndarray:
    return np.asarray(image.resize((round(image.width * times), round(image.height * times)), way))


def times_of(gray: np.ndarray) -> int:
    return times_enlarged(gray, tones_of(gray))


@pytest.mark.parametrize("way", WAYS)
def test_how_often_a_drawing_was_enlarged_is_seen_by_its_edges(way: Image.Resampling) -> None:
    assert times_of(np.asarray(arrow())) == 1
    assert times_of(larger(arrow(), 1.4, way)) == 1
    assert times_of(larger(arrow(), 2, way)) == 2
    assert times_of(larger(arrow(), 4, way)) in (3, 4)


def test_ripples_beside_sharp_edges_are_none() -> None:
    for quality in (95, 90, 75):
        file = io.BytesIO()
        arrow().save(file, "JPEG", quality=quality)
        assert times_of(np.asarray(Image.open(file))) == 1
    # half tones as far from ink, in steps
    stepped = np.asarray(arrow().resize((512, 512), Image.Resampling.NEAREST))
    assert tones_of(stepped).soft >= 4
    assert times_of(stepped) == 1


def test_what_is_reduced_and_enlarged_has_its_size_again() -> None:
    for shape in ((7, 10), (1, 3), (12, 12)):
        gray = np.full(shape, 77, np.uint8)
        for times in (2, 3, 5):
            assert reduced(gray, times).shape == tuple(-(-side // times) for side in shape)
            assert np.array_equal(enlarged(reduced(gray, times), times, shape), gray)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("gap", [20, 45])
def test_a_gap_in_what_was_enlarged_is_closed_as_before(way: Image.Resampling, gap: int) -> None:
    colorizer = Colorizer()
    image = arrow(gap)
    before = Image.fromarray(colorizer.coverage(image))
    for times in (2, 3):
        after = colorizer.coverage(larger(image, times, way))
        assert soft_iou(after / 255, larger(before, times, way) / 255) > 0.985


def test_a_bite_out_of_what_was_enlarged_is_filled_from_lip_to_lip() -> None:
    image = Image.new("L", (1280, 1280), 255)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((240, 300, 1040, 980), 120, outline=0, width=90)
    draw.ellipse((540, 930, 650, 1050), fill=255)
    coverage = Colorizer().coverage(larger(image.reduce(10), 3))
    # the lower side of the line is at 294 pixels
    assert coverage[260:290, 120:260].min() == 255
