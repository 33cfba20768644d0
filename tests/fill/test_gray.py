"""The gray in which a drawing in colour is seen."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from conftest import square
from polycolor_cli import Colorizer
from polycolor_cli.fill.gray import as_gray


@pytest.mark.parametrize(
    ("paper", "ink"), [((150, 150, 150), (255, 115, 0)), ((200, 40, 40), (20, 130, 60)), ((90, 90, 255), (0, 150, 0))]
)
def test_ink_of_the_papers_luma_is_seen(paper: tuple[int, int, int], ink: tuple[int, int, int]) -> None:
    drawing = Image.new("RGB", (128, 128), paper)
    ImageDraw.Draw(drawing).rectangle((32, 32, 96, 96), outline=ink, width=3)
    gray = as_gray(drawing)
    assert int(gray[0, 0]) - int(gray[33, 64]) > 200
    painted = np.asarray(Colorizer()(drawing, "yellow"))
    assert (painted[33:96, 33:96] == (255, 255, 0)).all()


def test_what_is_seen_in_luma_stays_luma() -> None:
    assert np.array_equal(as_gray(square()), np.asarray(square()))
    color = Image.new("RGB", (128, 128), (250, 240, 220))
    ImageDraw.Draw(color).rectangle((32, 32, 96, 96), outline=(40, 40, 90), width=3)
    # a desk beside the page, of another hue and the page's luma
    ImageDraw.Draw(color).rectangle((0, 0, 20, 127), fill=(255, 235, 255))
    assert np.array_equal(as_gray(color), np.asarray(color.convert("L")))
