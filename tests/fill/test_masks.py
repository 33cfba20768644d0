"""Masks, and what lies beside pixels."""

import numpy as np
import pytest

from polycolor_cli.fill.masks import (
    background,
    bounding_box,
    components,
    dilated,
    distance_to,
    fraction,
    steps_to,
    sum_around,
    touches_rim,
)


def mask(*rows: str) -> np.ndarray:
    return np.array([[letter == "#" for letter in row] for row in rows])


def test_a_flood_fill_from_around_reaches_bays_and_no_inside() -> None:
    wall = mask("......", ".####.", ".#...#", ".####.", "......")
    assert np.array_equal(background(wall), mask("######", "#....#", "#.....", "#....#", "######"))
    # not through a corner where two walls touch, for a step goes left, right, up or down
    assert not background(mask("##.", "#.#", "###"))[1, 1]
    assert background(mask("#.#", "#.#", "###")).sum() == 2
    assert not background(np.ones((3, 3), bool)).any()


@pytest.mark.parametrize("place", [(0, 2), (4, 2), (2, 0), (2, 4)])
def test_a_mask_reaches_the_rim_at_any_of_its_sides(place: tuple[int, int]) -> None:
    one = np.zeros((5, 5), bool)
    one[1:4, 1:4] = True
    assert not touches_rim(one)
    one[place] = True
    assert touches_rim(one)


def test_the_box_around_a_mask_has_a_pixel_more_on_each_side_within_the_picture() -> None:
    one = np.zeros((20, 30), bool)
    one[5:9, 10:17] = True
    assert bounding_box(one) == (slice(4, 10), slice(9, 18))
    one[0, 0] = True
    assert bounding_box(one) == (slice(0, 10), slice(0, 18))
    one[0, 0] = False
    assert bounding_box(one, 4) == (slice(1, 13), slice(6, 21))


def test_connected_pixels_have_a_number_and_a_box_each() -> None:
    number, boxes = components(mask("......", "..#...", ".#..##", "....##", "......"))
    assert number.tolist() == [[0] * 6, [0, 0, 1, 0, 0, 0], [0, 1, 0, 0, 2, 2], [0, 0, 0, 0, 2, 2], [0] * 6]
    assert boxes.tolist() == [[1, 1, 2, 2], [4, 2, 2, 2]]
    number, boxes = components(mask("#.", "..", ".#"))
    assert (number[0, 0], number[2, 1], boxes.tolist()) == (1, 2, [[0, 0, 1, 1], [1, 2, 1, 1]])
    number, boxes = components(np.zeros((3, 4), bool))
    assert not number.any()
    assert boxes.shape == (0, 4)


def test_dilated_by_all_eight_neighbours() -> None:
    one = np.zeros((5, 5), bool)
    one[2, 1] = True
    assert np.array_equal(np.argwhere(dilated(one)), [(y, x) for y in (1, 2, 3) for x in (0, 1, 2)])


def test_distances_and_shares() -> None:
    one = np.zeros((7, 7), bool)
    one[3, 1] = True
    away = distance_to(one)
    assert away[3, 1] == 0
    assert away[3, 5] == pytest.approx(4, abs=0.2)
    assert away[0, 1] == pytest.approx(3, abs=0.2)
    assert steps_to(one)[0, 0] == 3
    assert steps_to(one)[5, 6] == 5
    assert fraction(one, np.ones((7, 7), bool)) == pytest.approx(1 / 49)
    assert fraction(np.ones((7, 7), bool), one) == 1
    assert fraction(one, ~one) == fraction(one, np.zeros((7, 7), bool)) == 0


def test_a_sum_is_over_nine_pixels_or_more_and_the_rim_is_its_own_neighbour() -> None:
    plane = np.arange(12, dtype=np.uint8).reshape(3, 4)
    sums = sum_around(plane)
    assert sums[1, 1] == plane[:3, :3].sum()
    # above the first row lies the first row once more
    assert sums[0, 0] == 0 + 0 + 1 + 0 + 0 + 1 + 4 + 4 + 5
    # more than fits into a byte
    assert sum_around(np.full((2, 2), 255, np.uint8)).max() == 9 * 255
    assert sum_around(np.eye(5, dtype=np.uint8), reach=2)[2, 2] == 5
