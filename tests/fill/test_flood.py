"""Flooding: which number comes where, and over which ground."""

import cv2
import numpy as np
import pytest
from skimage.segmentation import watershed

from polycolor_cli.fill.flood import flooded


def line(*heights: int) -> np.ndarray:
    return np.array([heights], np.uint8)


def spread(known: list[int], heights: np.ndarray) -> list[int]:
    """What becomes of a row of numbers, -1 where unknown, in the middle of three rows of that ground."""
    numbers = np.array([known] * 3, np.int32)
    unknown = numbers < 0
    numbers[unknown] = 9
    return flooded(numbers, unknown, np.repeat(heights, 3, 0))[1].tolist()


def test_two_floods_meet_on_the_highest_ground_between_them() -> None:
    assert spread([0, -1, -1, -1, -1, -1, 4], line(0, 1, 2, 9, 3, 2, 0))[:3] == [0, 0, 0]
    assert spread([0, -1, -1, -1, -1, -1, 4], line(0, 1, 2, 9, 3, 2, 0))[4:] == [4, 4, 4]
    # nearer to the one, and over its ridge
    assert spread([0, -1, -1, -1, -1, -1, 4], line(0, 200, 2, 9, 3, 2, 0))[:1] == [0]
    assert spread([0, -1, -1, -1, -1, -1, 4], line(0, 200, 2, 9, 3, 2, 0))[2:] == [4] * 5
    # on even ground half of the way is either's
    even = spread([1, -1, -1, -1, -1, -1, 2], line(*[7] * 7))
    assert even[:3] == [1, 1, 1]
    assert even[4:] == [2, 2, 2]


def test_what_is_known_stays_and_what_no_flood_reaches_keeps_its_own() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 5, (30, 40)).astype(np.int32)
    unknown = rng.random((30, 40)) < 0.4
    found = flooded(numbers, unknown, rng.integers(0, 256, (30, 40), np.uint8))
    assert np.array_equal(found[~unknown], numbers[~unknown])
    assert set(np.unique(found).tolist()) <= {0, 1, 2, 3, 4}
    nothing = np.full((5, 6), 3, np.int32)
    assert np.array_equal(flooded(nothing, np.ones((5, 6), bool), np.zeros((5, 6), np.uint8)), nothing)
    assert flooded(nothing[:1, :1], np.zeros((1, 1), bool), np.zeros((1, 1), np.uint8)).tolist() == [[3]]


@pytest.mark.parametrize("seed", range(4))
def test_the_way_to_each_pixel_is_the_lowest_there_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # no two pixels are as high as each other, so that there is one answer, but for lines one pixel wide
    ground = cv2.GaussianBlur(rng.random((60, 80), np.float32), (0, 0), 4)
    ground = np.argsort(np.argsort(ground.ravel())).reshape(ground.shape)
    known = np.zeros(ground.shape, np.int32)
    known[rng.integers(0, 60, 5), rng.integers(0, 80, 5)] = np.arange(1, 6)
    eight_bits = (ground * 255 // ground.max()).astype(np.uint8)
    found = flooded(np.where(known, known - 1, 9), known == 0, eight_bits) + 1
    assert (found == watershed(ground, known)).mean() > 0.97
