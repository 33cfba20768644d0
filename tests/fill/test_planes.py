"""Shrinking without losing thin ink."""

import numpy as np

from polycolor_cli.fill.planes import halved


def test_each_pixel_of_half_the_size_knows_the_smallest_the_mean_and_the_largest_gray_of_four() -> None:
    plane = np.random.default_rng(0).integers(0, 256, (6, 10), np.uint8)
    fours = plane.reshape(3, 2, 5, 2).transpose(0, 2, 1, 3).reshape(3, 5, 4)
    smallest, mean, largest = halved((plane, plane, plane))
    assert np.array_equal(smallest, fours.min(2))
    assert np.array_equal(largest, fours.max(2))
    assert np.abs(mean - fours.mean(2)).max() <= 0.5
    # and of a quarter of the size, of sixteen
    plane = np.random.default_rng(0).integers(0, 256, (8, 12), np.uint8)
    smallest, _, largest = halved(halved((plane, plane, plane)))
    sixteens = plane.reshape(2, 4, 3, 4).transpose(0, 2, 1, 3).reshape(2, 3, 16)
    assert np.array_equal(smallest, sixteens.min(2))
    assert np.array_equal(largest, sixteens.max(2))
