"""Basins by their walls alone, no network asked: which are decided as a whole, and which are left as they are."""

import numpy as np
import pytest

from polycolor_cli.fill.basins import decide_basins

ROOM, HALL = np.s_[14:56, 14:58], np.s_[14:56, 62:106]
"""The paper of two rooms side by side."""


def walls() -> np.ndarray:
    """The walls of a box with two rooms, float32 0..1 (70, 120)."""
    wall = np.zeros((70, 120), np.float32)
    wall[10:60, 10:110] = 1
    wall[ROOM] = wall[HALL] = 0
    return wall


def coverage_of(room: int, hall: int) -> np.ndarray:
    """The coverage of the box where each of its rooms, but for a corner that is not, is as covered as that."""
    coverage = np.where(walls() > 0, 200, 0).astype(np.uint8)
    coverage[ROOM], coverage[HALL] = room, hall
    coverage[14:24, 14:24] = 255 - room
    return coverage


@pytest.mark.parametrize(("room", "decided"), [(240, 255), (20, 0)])
def test_a_room_nearly_covered_is_covered_and_one_nearly_bare_is_bare(room: int, decided: int) -> None:
    given = coverage_of(room, 255 - room)
    wanted = given.copy()
    wanted[ROOM], wanted[HALL] = decided, 255 - decided
    # the walls keep their coverage, whatever it is
    assert np.array_equal(decide_basins(given, walls()), wanted)


def test_a_room_half_covered_is_left_as_it_is() -> None:
    given = coverage_of(130, 130)
    assert np.array_equal(decide_basins(given, walls()), given)


@pytest.mark.parametrize(("meant", "is_decided"), [(0.0, False), (0.5, True)])
def test_a_room_is_decided_where_a_line_was_meant_to_close_it(meant: float, is_decided: bool) -> None:
    wall, given = walls(), coverage_of(240, 0)
    # half of a side is open, to the rim of the picture
    wall[24:46, 10:14] = meant
    assert (decide_basins(given, wall)[20, 20] == 255) == is_decided
    assert decide_basins(given, wall)[30, 80] == 0


def test_rooms_that_no_wall_parts_are_decided_as_one() -> None:
    wall, given = walls(), coverage_of(255, 0)
    wall[30:40, 58:62] = 0
    assert np.array_equal(decide_basins(given, wall), given)


def test_without_walls_nothing_changes() -> None:
    given = coverage_of(240, 20)
    assert np.array_equal(decide_basins(given, np.zeros((70, 120), np.float32)), given)
