import numpy as np
import pytest
from PIL import Image, ImageDraw

from conftest import square, square_truth
from polycolor_cli.evaluate.classical import FILLS


@pytest.mark.parametrize("name", sorted(FILLS))
def test_a_closed_square_is_filled(name: str) -> None:
    coverage = FILLS[name](np.asarray(square(width=4)))
    assert coverage.dtype == np.uint8
    assert (np.abs(coverage.astype(int) - square_truth()) > 64).mean() < 0.01


@pytest.mark.parametrize(("name", "closes"), [("bucket", 0), ("holes", 0), ("closing", 4), ("trapped-ball", 8)])
def test_a_gap_lets_the_bucket_leak_and_the_others_close_it(name: str, closes: int) -> None:
    for gap in (2, 4, 8):
        image = square(width=3)
        ImageDraw.Draw(image).rectangle((32, 60, 36, 59 + gap), fill=255)
        inside = FILLS[name](np.asarray(image))[50:80, 50:80]
        assert (inside.min() == 255) == (gap <= closes), gap


@pytest.mark.parametrize("name", ["bucket", "holes", "closing", "trapped-ball", "hull"])
def test_white_on_black_and_soft_edges(name: str) -> None:
    large = Image.new("L", (512, 512), 0)
    ImageDraw.Draw(large).ellipse((100, 120, 400, 390), outline=255, width=20)
    truth = Image.new("L", (512, 512), 0)
    ImageDraw.Draw(truth).ellipse((100, 120, 400, 390), fill=255)
    coverage = FILLS[name](np.asarray(large.reduce(4)))
    assert np.abs(coverage.astype(int) - np.asarray(truth.reduce(4))).max() < 40


@pytest.mark.parametrize("name", ["bucket", "holes", "closing", "trapped-ball"])
def test_an_empty_page_stays_empty(name: str) -> None:
    assert not FILLS[name](np.full((40, 50), 255, np.uint8)).any()
