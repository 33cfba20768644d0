"""Regions by their walls alone, no network asked: what parts, what joins, what is outside, and where edges run."""

import cv2
import numpy as np
import pytest

from polycolor_cli.fill.regions import Labels, Regions, enclosing_alone, found, of_closed, shapes, without_holes_of

INK = 2
"""Width, in pixels, of the walls below."""


def rooms(height: int = 72, width: int = 120, split: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """The walls of a box with two rooms, and its coverage, float32 0..1 (H, W)."""
    wall = np.zeros((height, width), np.float32)
    wall[10 : height - 10, 10 : width - 10] = 1
    coverage = wall.copy()
    wall[10 + INK : height - 10 - INK, 10 + INK : width - 10 - INK] = 0
    wall[10 : height - 10, split : split + INK] = 1
    return wall, coverage


def seen(wall: np.ndarray, coverage: np.ndarray) -> Regions:
    return found(wall, coverage, [], np.round(255 * coverage).astype(np.uint8))


def at(labels: Labels, *points: tuple[int, int]) -> list[int]:
    return [int(labels[y, x]) for x, y in points]


def test_a_wall_parts_and_its_middle_is_the_edge() -> None:
    regions = seen(*rooms())
    assert regions.count == 2
    assert at(regions.labels, (30, 30), (90, 30), (3, 3), (116, 70)) == [1, 2, 0, 0]
    # the wall between them belongs to the nearer one, the outermost walls to the room inside of them
    assert at(regions.labels, (59, 30), (62, 30), (10, 30), (109, 30), (30, 10), (30, 61)) == [1, 2, 1, 2, 1, 1]
    assert np.array_equal(regions.labels > 0, rooms()[1] > 0)
    # colour that runs under the lines ends in their middle
    assert at(regions.inner, (12, 30), (107, 30), (30, 12)) == [1, 2, 1]
    assert at(regions.inner, (9, 30), (110, 30), (30, 9)) == [0, 0, 0]


@pytest.mark.parametrize(("gap", "meant", "count"), [(10, 1.0, 2), (10, 0.96, 2), (10, 0.3, 1), (10, 0.0, 1)])
def test_a_gap_parts_where_a_line_was_meant_to_run(gap: int, meant: float, count: int) -> None:
    wall, coverage = rooms()
    wall[30 : 30 + gap, 60 : 60 + INK] = meant
    assert seen(wall, coverage).count == count


@pytest.mark.parametrize("place", [(0, 0), (40, 0), (90, 170), (0, 170), (8, 12)])
def test_a_drawing_has_the_same_regions_wherever_it_lies_on_a_page(place: tuple[int, int]) -> None:
    def on_a_page(y: int, x: int) -> Regions:
        around = ((y, 90 - y), (x, 170 - x))
        return seen(*(np.pad(plane, around) for plane in rooms()))

    y, x = place
    middle, moved = on_a_page(45, 85), on_a_page(y, x)
    assert middle.count == 2
    by = (y - 45, x - 85)
    assert np.array_equal(moved.labels, np.roll(middle.labels, by, (0, 1)))
    # where two floods meet in the middle of a wall, a pixel may be either's
    assert np.count_nonzero(moved.inner != np.roll(middle.inner, by, (0, 1))) <= 2


def test_what_is_wide_at_both_ends_is_one_region_where_no_wall_parts_it() -> None:
    wall, coverage = rooms()
    # a neck a third as wide as the rooms on both sides of it
    wall[28:44, 52:70] = 0
    wall[12:28, 52:70] = wall[44:60, 52:70] = 1
    regions = seen(wall, coverage)
    assert regions.count == 1
    assert at(regions.labels, (30, 30), (60, 36), (90, 30)) == [1, 1, 1]


def test_what_is_too_small_to_be_meant_goes_to_its_neighbour() -> None:
    wall, coverage = rooms()
    wall[30:37, 26:33] = 1
    wall[32:35, 28:31] = 0  # nine pixels, a thousandth of the picture
    regions = seen(wall, coverage)
    assert regions.count == 2
    assert (regions.labels[28:40, 24:36] == 1).all()
    wall[22:44, 20:42] = 1
    wall[24:42, 22:40] = 0
    assert sorted(at(seen(wall, coverage).labels, (14, 50), (30, 30), (90, 30))) == [1, 2, 3]


def test_a_room_that_is_not_covered_is_outside() -> None:
    wall, coverage = rooms()
    coverage[12:60, 62:108] = 0.2
    regions = seen(wall, coverage)
    assert regions.count == 1
    assert at(regions.labels, (30, 30), (90, 30)) == [1, 0]
    nothing = seen(np.zeros((40, 40), np.float32), np.zeros((40, 40), np.float32))
    assert nothing.count == 0
    assert not nothing.labels.any()
    assert (nothing.areas.size, nothing.boxes.shape, nothing.points.shape) == (0, (0, 4), (0, 2))
    full = seen(np.ones((40, 40), np.float32), np.ones((40, 40), np.float32))
    assert full.count == 0


def test_what_is_open_to_the_rim_is_a_region_as_far_as_it_is_covered() -> None:
    wall, coverage = rooms()
    # no wall at all at the lower end of the first room
    wall[58:, :60] = 0
    coverage[62:] = 0
    regions = seen(wall, coverage)
    assert regions.count == 2
    assert at(regions.labels, (30, 30), (30, 58), (30, 66), (90, 30)) == [1, 1, 0, 2]


def test_crumbs_outside_of_lines_are_no_region_for_hanging_together_along_them() -> None:
    wall, coverage = (np.pad(plane, ((60, 68), (70, 70))) for plane in rooms())
    # each too small to be a region, both together not
    coverage[90:95, 75:80] = coverage[90:95, 180:185] = 1
    regions = seen(wall, coverage)
    assert regions.count == 2
    assert at(regions.labels, (110, 95), (150, 95)) == [1, 2]


@pytest.mark.parametrize("side", range(4))
def test_of_a_room_cut_off_by_the_rim_what_is_bare_is_outside(side: int) -> None:
    wall, coverage = rooms()
    # the rooms reach the lower rim, and the second is covered in its upper part alone
    for plane in (wall, coverage):
        plane[60:] = plane[59]
    coverage[40:, 62:] = wall[40:, 62:]
    regions = seen(*(np.ascontiguousarray(np.rot90(plane, side)) for plane in (wall, coverage)))
    labels = np.rot90(regions.labels, -side)
    one, other, bare = at(labels, (30, 70), (90, 30), (90, 60))
    assert bare == 0
    assert sorted((one, other)) == [1, 2]


@pytest.mark.parametrize("side", range(4))
def test_a_wall_of_one_pixel_parts(side: int) -> None:
    wall, coverage = rooms()
    wall[12:60, 61] = 0
    planes = (np.ascontiguousarray(np.rot90(plane, side)) for plane in (wall, coverage))
    assert seen(*planes).count == 2


def test_what_lies_beside_three_regions_is_of_one_of_them() -> None:
    # a soft line beyond the wall of three rooms: numbers are never mixed
    wall, coverage = rooms(72, 160, 50)
    wall[10:62, 100:102] = 1
    whole = np.round(255 * cv2.resize(coverage, (640, 288))).astype(np.uint8)
    large, small = (np.full(shape, 255, np.uint8) for shape in ((288, 640), (144, 320)))
    regions = found(wall, coverage, [(large,) * 3, (small,) * 3], whole)
    assert regions.count == 3
    assert not (regions.labels[:, :190] > 1).any()
    assert not (regions.labels[:, 410:][regions.labels[:, 410:] > 0] < 3).any()
    assert set(np.unique(regions.labels[:, 210:390]).tolist()) == {0, 2}


def test_two_looks_decide_what_is_covered() -> None:
    wall, coverage = rooms()
    doubtful = coverage.copy()
    doubtful[12:60, 62:108] = 0.35
    for fewer, count in ((0.75, 2), (0.55, 1)):
        whole = np.round(255 * np.where(doubtful == np.float32(0.35), fewer, doubtful)).astype(np.uint8)
        assert found(wall, doubtful, [], whole).count == count


def test_a_picture_that_was_enlarged_comes_back_in_its_own_size_with_its_numbers() -> None:
    wall, coverage = rooms()
    small = np.round(255 * cv2.resize(coverage, (40, 24), interpolation=cv2.INTER_AREA)).astype(np.uint8)
    regions = found(wall, coverage, [], small)
    assert regions.labels.shape == regions.inner.shape == small.shape == (24, 40)
    assert at(regions.labels, (10, 10), (30, 10), (1, 1)) == [1, 2, 0]
    # from outside to the second nothing lies that is the first
    assert set(np.unique(regions.labels[:, 22:]).tolist()) == {0, 2}
    assert set(np.unique(regions.inner[:, 22:]).tolist()) == {0, 2}


@pytest.mark.parametrize("is_turned", [False, True])
def test_at_each_larger_size_edges_run_along_the_darkest_pixels(is_turned: bool) -> None:
    def turned(plane: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(plane.T) if is_turned else plane

    def labels_by(darkest: np.ndarray, whole: np.ndarray) -> Labels:
        level = (turned(darkest),) * 3
        return turned(found(turned(wall), turned(coverage), [level], turned(whole)).labels)

    wall, coverage = rooms()
    whole = np.kron(np.round(255 * coverage).astype(np.uint8), np.ones((2, 2), np.uint8))
    darkest = np.full(whole.shape, 255, np.uint8)
    # at twice the size the line turns out to run a pixel more to the right
    darkest[:, 123] = 0
    darkest[:, [122, 124]] = 120
    labels = labels_by(darkest, whole)
    assert labels.shape == whole.shape
    assert at(labels, (60, 60), (121, 60), (125, 60), (180, 60)) == [1, 1, 2, 2]
    # where all is flat the edges of the smaller size stay, and far from them nothing changes
    labels = labels_by(np.full(whole.shape, 255, np.uint8), whole)
    assert (labels[30:110, 30:116] == 1).all()
    assert (labels[30:110, 128:200] == 2).all()
    # a line cut off by an odd size
    assert labels_by(darkest[:-1, :-1], whole[:-1, :-1]).shape == (143, 239)


def test_numbers_follow_the_way_people_read() -> None:
    wall = np.zeros((96, 160), np.float32)
    coverage = wall.copy()
    for left, top in ((100, 12), (12, 14), (58, 13), (12, 61), (100, 60)):
        coverage[top : top + 26, left : left + 36] = 1
        wall[top : top + 26, left : left + 36] = 1
        wall[top + 2 : top + 24, left + 2 : left + 34] = 0
    regions = seen(wall, coverage)
    # a few pixels up or down make no other row
    assert at(regions.labels, (30, 26), (76, 22), (118, 26), (30, 72), (118, 72)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("shift", range(-2, 3))
def test_what_stands_side_by_side_is_a_row_wherever_in_the_picture_that_is(shift: int) -> None:
    coverage = np.zeros((96, 160), np.uint8)
    for place, left in enumerate((10, 60, 110)):
        # the middle one a little lower
        top = 30 + shift + 3 * (place == 1)
        coverage[top : top + 36, left : left + 40] = 255
    coverage[2:12, 130:150] = 255
    assert at(shapes(coverage).labels, (140, 6), (30, 50), (80, 50), (130, 50)) == [1, 2, 3, 4]


def test_loose_ink_far_from_all_regions_belongs_to_none() -> None:
    wall, coverage = rooms()
    wall[:, 116:118] = coverage[:, 116:118] = 1
    regions = seen(wall, coverage)
    assert regions.count == 2
    assert not regions.labels[:, 114:].any()


def gray_of(ink: np.ndarray) -> np.ndarray:
    return np.where(ink, 0, 255).astype(np.uint8)


def test_closed_areas_are_regions_where_they_are_covered_and_large_enough() -> None:
    ink = np.zeros((100, 100), bool)
    ink[10:90, 10:90] = True
    for view in (np.s_[12:50, 12:88], np.s_[52:88, 12:50], np.s_[52:88, 52:84], np.s_[60:63, 86:88]):
        ink[view] = False
    coverage = np.zeros(ink.shape, np.uint8)
    coverage[10:90, 10:90] = 255
    coverage[52:88, 12:50] = 0
    regions = of_closed(gray_of(ink), coverage)
    assert regions is not None
    # one is bare, and six pixels are none
    assert at(regions.labels, (50, 30), (70, 70), (30, 70), (86, 61), (5, 5)) == [1, 2, 0, 2, 0]
    assert at(regions.labels, (70, 50), (70, 51)) == [1, 2]
    assert at(regions.inner, (50, 10), (50, 11)) == [0, 1]
    assert at(regions.inner, (70, 88), (70, 89)) == [2, 0]


@pytest.mark.parametrize(("stub", "is_closed"), [(0, True), (4, True), (12, False)])
def test_ink_that_parts_nothing_may_be_a_line_with_a_gap(stub: int, is_closed: bool) -> None:
    ink = np.zeros((100, 100), bool)
    ink[10:90, 10:90] = True
    ink[14:86, 14:86] = False
    ink[50 : 50 + 4, 14 : 14 + stub + 4 * (stub > 0)] = True
    coverage = np.zeros(ink.shape, np.uint8)
    coverage[10:90, 10:90] = 255
    assert (of_closed(gray_of(ink), coverage) is not None) == is_closed
    # the same at a size at which lines are sought in a reduced picture
    ink, coverage = (np.kron(plane, np.ones((22, 22), plane.dtype)) for plane in (ink, coverage))
    assert (of_closed(gray_of(ink), coverage) is not None) == is_closed


def test_whole_shapes_are_what_is_covered_in_one_piece() -> None:
    coverage = np.zeros((60, 90), np.uint8)
    coverage[5:25, 5:25] = 255
    coverage[25:40, 25:40] = 200  # touches the first at a corner
    coverage[10:50, 60:80] = 128
    coverage[50:52, 2:4] = 255  # four pixels
    coverage[5:55, 42:55] = 127
    regions = shapes(coverage)
    assert regions.count == 2
    assert at(regions.labels, (10, 10), (30, 30), (70, 20), (3, 51), (48, 30)) == [1, 1, 2, 0, 0]
    assert np.array_equal(regions.inner, regions.labels)


@pytest.mark.parametrize("side", range(4))
def test_of_two_outlines_the_inner_one_stays_bare_and_a_third_one_is_filled(side: int) -> None:
    labels = np.zeros((80, 80), np.uint16)
    # an outline cut off by the rim of the picture encloses as well
    for number, margin in ((1, 10), (2, 20), (3, 30)):
        labels[margin : 80 - margin, margin - 10 : 80 - margin] = number
    labels = np.ascontiguousarray(np.rot90(labels, side))
    coverage = np.where(labels > 0, 255, 0).astype(np.uint8)
    gray = np.full(labels.shape, 255, np.uint8)
    gray[40, 40], gray[0, 0] = 128, 0
    bare = without_holes_of(Regions(labels, labels), coverage, gray)
    for number, value in ((0, 0), (1, 255), (3, 255)):
        assert (bare[(labels == number) & (gray == 255)] == value).all()
    assert (bare[labels == 2] == 0).all()


def test_ink_in_what_stays_bare_is_covered_by_as_much_as_it_is_dark() -> None:
    labels = np.zeros((60, 60), np.uint16)
    labels[10:50, 10:50], labels[20:40, 20:40] = 1, 2
    coverage = np.where(labels > 0, 255, 0).astype(np.uint8)
    gray = np.full(labels.shape, 240, np.uint8)
    gray[25, 20:40], gray[30, 20:40] = 40, 140
    bare = without_holes_of(Regions(labels, labels), coverage, gray)
    assert (bare[25, 20:40] == 255).all()
    assert (bare[30, 20:40] == 128).all()
    assert (bare[31, 20:40] == 0).all()
    assert (bare[15, 12:48] == 255).all()


def test_what_encloses_nothing_and_stands_apart_is_left_alone() -> None:
    labels = np.zeros((60, 60), np.uint16)
    labels[10:30, 10:30] = 1
    coverage = np.where(labels > 0, 255, 0).astype(np.uint8)
    coverage[30:36, 30:36] = 90  # touches it
    coverage[45:50, 40:50] = 255
    alone = enclosing_alone(Regions(labels, labels), coverage)
    assert np.array_equal(alone[:40], coverage[:40])
    assert not alone[40:].any()
