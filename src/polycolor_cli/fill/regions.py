"""Regions: the areas that lines enclose, drawn or meant, each of which a person fills with one click.

Walls are ink, and the border that the network sees where lines were meant to run. Basins of paper between them are
flooded from their deepest points (watershed: Vincent and Soille, "Watersheds in Digital Spaces", IEEE PAMI 1991);
two that no wall parts are one region; what is mostly not covered is outside. That is decided where the network looks,
and carried up to the picture's own size along its pixels, so that an edge runs in the middle of a line.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from polycolor_cli.errors import PointError
from polycolor_cli.fill.basins import FAR, FREE, Wall, basins_of, merged
from polycolor_cli.fill.flood import flooded
from polycolor_cli.fill.masks import SQUARE, bounding_box, dilated, rim_of
from polycolor_cli.fill.planes import Coverage, Gray, Mask, Planes

Labels = NDArray[np.uint16]

PARTED = 0.91
"""Mean share of a wall along the rim of two basins from which on it parts them."""
SMALLEST = 0.0005
"""Share of the picture below which an area is an accident of the lines, and goes to its neighbour."""
SPECK = 0.002, 16
"""Share of a small picture, and pixels of any, below which even a closed area is dirt."""
ROWS = 8
"""Part of the picture's height, an eighth, within which regions below the first of a row are in the same row."""
MOST_LINE = 0.02
"""Longest side of the picture of which half a line is no wider."""
ENOUGH = 1024
"""Longest side, in pixels, of a picture in which lines that part nothing are sought; a larger one is reduced."""
BAND = 2
"""Pixels to either side of an edge within which it is sought anew at twice the size."""


@dataclass(frozen=True)
class Regions:
    """The regions of a picture.

    labels: uint16 (H, W), 0 outside and 1..count in reading order; ink belongs to the region nearest to it. inner:
    the same with the outer half of the outermost lines outside, for colour that runs under lines to their middle.
    """

    labels: Labels
    inner: Labels

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return int(self.labels.max(initial=0))

    @cached_property
    def areas(self) -> NDArray[np.int64]:
        """Pixels of each region, (count,)."""
        return np.bincount(self.labels.ravel(), minlength=self.count + 1)[1:]

    @cached_property
    def boxes(self) -> NDArray[np.int64]:
        """Left, top, right and bottom of each region, (count, 4), the last two exclusive."""
        found = np.zeros((self.count, 4), np.int64)
        step = -(-max(self.labels.shape) // 512)
        sampled = np.ascontiguousarray(self.labels[::step, ::step])
        for number in range(self.count):
            # sought in a sample first, then around what was found
            left, top, width, height = np.array(cv2.boundingRect((sampled == number + 1).view(np.uint8))) * step
            view = (
                np.s_[:, :]
                if not width
                else np.s_[max(top - step, 0) : top + height, max(left - step, 0) : left + width]
            )
            mask = (self.labels[view] == number + 1).view(np.uint8)
            x, y, w, h = cv2.boundingRect(mask)
            y, x = (y + (view[0].start or 0), x + (view[1].start or 0))
            found[number] = x, y, x + w, y + h
        return found

    @cached_property
    def points(self) -> NDArray[np.int64]:
        """A point well inside of each region, (count, 2): x and y."""
        found = np.zeros((self.count, 2), np.int64)
        for number, (left, top, right, bottom) in enumerate(self.boxes):
            mask = (self.labels[top:bottom, left:right] == number + 1).view(np.uint8)
            depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
            y, x = np.unravel_index(int(depth.argmax()), depth.shape)
            found[number] = left + int(x), top + int(y)
        return found

    def table(self) -> list[dict[str, Any]]:
        """For programs: number, area, box (left, top, right, bottom) and a point (x, y) of each region."""
        rows = zip(self.areas.tolist(), self.boxes.tolist(), self.points.tolist(), strict=True)
        return [
            {"region": number, "area": area, "box": box, "point": point}
            for number, (area, box, point) in enumerate(rows, 1)
        ]

    def at(self, x: float, y: float) -> int:
        """The number of the region under a point, in pixels. Raises PointError where there is none."""
        height, width = self.labels.shape
        if not (0 <= x < width and 0 <= y < height):
            raise PointError(f"{x:g},{y:g}: lies outside of the picture, which is {width} x {height} pixels")
        number = int(self.labels[int(y), int(x)])
        if not number:
            raise PointError(f"{x:g},{y:g}: lies in no region of the drawing")
        return number

    def neighbours(self) -> list[set[int]]:
        """For each region the numbers of those beside it."""
        beside: list[set[int]] = [set() for _ in range(self.count)]
        for one, other in ((self.labels[:, 1:], self.labels[:, :-1]), (self.labels[1:], self.labels[:-1])):
            rim = (one != other) & (one > 0) & (other > 0)
            for a, b in np.unique(np.stack([one[rim], other[rim]], 1), axis=0).tolist():
                beside[a - 1].add(b)
                beside[b - 1].add(a)
        return beside

    @cached_property
    def reaching(self) -> Labels:
        """The number of the nearest region everywhere, also outside."""
        return _nearest(self.labels)[0] if self.count else self.labels


def colored(regions: Regions, palette: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """A colour of the palette for each region, in turn, and neighbours different ones wherever it has enough."""
    beside, given = regions.neighbours(), list[tuple[int, int, int]]()
    for number in range(regions.count):
        taken = {given[other - 1] for other in beside[number] if other - 1 < len(given)}
        turn = [palette[(number + k) % len(palette)] for k in range(len(palette))]
        given.append(next((color for color in turn if color not in taken), turn[0]))
    return given


def of_closed(gray: Gray, coverage: Coverage) -> Regions | None:
    """The regions of a clean drawing of closed outlines: connected paper that ink encloses, exactly.

    None where some ink parts nothing: it may be a line with a gap.
    """
    ink = cv2.absdiff(gray, float(np.median(gray[::7, ::7]))) > np.ptp(gray) // 2
    box = bounding_box(ink)
    ink, coverage = (np.ascontiguousarray(plane[box]) for plane in (ink, coverage))
    count, areas, stats, middles = cv2.connectedComponentsWithStats((~ink).view(np.uint8), connectivity=4)
    if _is_loose(ink, areas):
        return None
    kept = stats[:, cv2.CC_STAT_AREA] >= _speck(gray.size)
    for number in range(1, count):
        # of a closed drawing each area is covered as a whole, or bare
        left, top, width = stats[number, :3]
        kept[number] &= coverage[top, left + int((areas[top, left : left + width] == number).argmax())] >= 128
    kept[0] = False
    is_covered = coverage >= 128
    nearest, away = _nearest(_in_reading_order(kept, middles, gray.shape[0])[areas])
    outer = cv2.distanceTransform((is_covered | ink).view(np.uint8), cv2.DIST_L2, 5)
    labels, inner = np.zeros((2, *gray.shape), np.uint16)
    np.copyto(labels[box], nearest, where=is_covered)
    np.copyto(inner[box], nearest, where=is_covered & (outer > away))
    return Regions(labels, inner)


def shapes(coverage: Coverage) -> Regions:
    """The whole shapes of a picture: what is covered in one piece, without a word about the lines inside."""
    is_covered = (coverage >= 128).view(np.uint8)
    _, areas, stats, middles = cv2.connectedComponentsWithStats(is_covered, connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= _speck(areas.size)
    kept[0] = False
    labels = _in_reading_order(kept, middles, areas.shape[0])[areas]
    return Regions(labels, labels)


def found(wall: Wall, coverage: NDArray[np.float32], levels: list[Planes], whole: Coverage) -> Regions:
    """The regions by the walls, 0..1 (h, w), and the coverage of the same size, at which the network looked.

    levels: the planes of the larger sizes, largest first; whole: the coverage at the largest.
    """
    # two looks, one in fewer pixels and one in more, are right more often than either
    fewer = cv2.resize(whole, wall.shape[::-1], interpolation=cv2.INTER_AREA)
    coverage = (coverage + fewer.astype(np.float32) / 255) / 2
    inner, reach = np.zeros((2, *wall.shape), np.uint16)
    # beyond the box around all walls is paper, as far from any as can be
    box = bounding_box((wall >= FREE) | (coverage >= 0.5), FAR + 2)
    inner[box], reach[box] = _numbered(wall[box].copy(), coverage[box].copy(), fewer[box].copy(), wall.shape)
    for planes in reversed(levels):
        inner = _doubled(inner, planes[0])
    height, width = whole.shape
    if not levels and inner.shape != whole.shape:
        # a small picture was enlarged
        inner = cv2.resize(inner, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        reach = cv2.resize(reach, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        seen = np.unique(inner[inner > 0])
        numbers = np.zeros(int(inner.max()) + 1 + int(reach.max()), np.uint16)
        numbers[seen] = np.arange(1, seen.size + 1)
        inner, reach = numbers[inner], numbers[reach]
    reach = cv2.resize(reach, inner.shape[::-1], interpolation=cv2.INTER_NEAREST)
    inner, reach = (np.ascontiguousarray(plane[:height, :width]) for plane in (inner, reach))
    return Regions(np.where((inner == 0) & (whole >= 128), reach, inner), inner)


def _numbered(
    wall: Wall, coverage: NDArray[np.float32], fewer: Coverage, shape: tuple[int, int]
) -> tuple[Labels, Labels]:
    """The regions in a part of a picture of that shape: numbers that end in the middle of the outermost lines, and
    carried on to their edge. coverage, 0..1, says what is a region, and fewer, uint8, where a line ends.
    """
    basins = merged(basins_of(wall), wall, PARTED)
    # what reaches the rim is outside, but for what is covered of it: the wall that was not seen
    rim = np.unique(rim_of(basins))
    # along the outer halves of lines everything hangs together
    inside = (coverage >= 0.5) & (wall < FREE)
    for number in rim:
        _, apart = cv2.connectedComponents((inside & (basins == number)).view(np.uint8), connectivity=4)
        basins = np.where(apart > 0, basins.max() + apart, basins)
    labels = _without_crumbs(basins, wall, coverage, max(SMALLEST * shape[0] * shape[1], _speck(shape[0] * shape[1])))
    size = np.bincount(labels.ravel())
    height, width = labels.shape
    places = np.tile(np.arange(width, dtype=float), height), np.repeat(np.arange(height, dtype=float), width)
    sums = [np.bincount(labels.ravel(), place) for place in places]
    middles = np.stack(sums, 1) / np.maximum(size, 1)[:, None]
    inner = _in_reading_order((size > 0) & (np.arange(size.size) > 0), middles, shape[0])[labels]
    return inner, _to_the_edge_of_lines(inner, fewer, MOST_LINE * max(shape))


def _speck(size: int) -> float:
    """Pixels of the smallest area of a picture of some pixels that is none of dirt."""
    share, pixels = SPECK
    return min(share * size, pixels)


def _without_crumbs(
    labels: NDArray[np.int32], wall: Wall, coverage: NDArray[np.float32], least: float
) -> NDArray[np.int32]:
    """Labels from 1, 0 where nothing is covered; areas of fewer pixels than the least go to their neighbours."""
    free = np.flatnonzero(wall < 0.5)
    of_paper = labels.ravel()[free]
    count = int(labels.max()) + 1
    size = np.bincount(of_paper, minlength=count)
    covered = np.bincount(of_paper, coverage.ravel()[free], count) >= 0.5 * np.maximum(size, 1)
    large = size >= least
    if not large.any():
        return np.zeros_like(labels)
    crumbs = ~large[labels]
    if crumbs.any():
        labels = flooded(labels, crumbs, np.round(255 * wall).astype(np.uint8))
    return np.where(covered, np.arange(1, count + 1, dtype=np.int32), 0)[labels]


def _doubled(labels: Labels, darkest: Gray) -> Labels:
    """Labels at twice the size, with their edges where the pixels there have their lines."""
    height, width = darkest.shape
    larger = cv2.resize(labels, (2 * labels.shape[1], 2 * labels.shape[0]), interpolation=cv2.INTER_NEAREST)
    larger = larger[:height, :width]
    # beyond the box around all of them nothing changes
    box = bounding_box(larger > 0, BAND + 1)
    within = larger[box]
    edge = (cv2.dilate(within, SQUARE) != cv2.erode(within, SQUARE)).view(np.uint8)
    band = cv2.dilate(edge, SQUARE, iterations=BAND - 1) > 0
    larger[box] = flooded(within.astype(np.int32), band, 255 - darkest[box])
    return larger


def _in_reading_order(kept: NDArray[np.bool_], middles: NDArray[np.float64], height: int) -> Labels:
    """New numbers from 1 for the areas that are kept, by the (x, y) of their middles in a picture so high; else 0."""
    names = np.flatnonzero(kept)
    x, y = middles[names].T
    row, top, rows = np.zeros(names.size, np.int64), -np.inf, 0
    for place in np.argsort(y, kind="stable"):
        if y[place] > top + height / ROWS:
            top, rows = y[place], rows + 1
        row[place] = rows
    numbers = np.zeros(kept.size, np.uint16)
    numbers[names[np.lexsort((x, row))]] = np.arange(1, names.size + 1)
    return numbers


def _to_the_edge_of_lines(inner: Labels, coverage: Coverage, most: float) -> Labels:
    """Labels that end in the middle of the outermost lines, carried on over the other half of them, and a little more.

    No line is taken to go on for more than so many pixels. What is covered and farther off belongs to none of them.
    """
    bare = (inner == 0) & (coverage >= 128)
    if not inner.any() or not bare.any():
        return inner
    nearest, away = _nearest(inner)
    beside = away[bare & (away <= most)]
    # nearly all lines go on no farther, but around corners
    width = max(1, round(float(np.quantile(beside, 0.9)))) if beside.size else 1
    return np.where(away <= 1.5 * width + 1, nearest, np.uint16(0))


def _is_loose(ink: Mask, areas: NDArray[np.int32]) -> bool:
    """Whether some ink, longer than one and a half widths of the lines, has the same paper on all sides."""
    step = -(-max(ink.shape) // ENOUGH)
    # a square with ink in it is ink, and around all there is the paper of the corner
    ink = cv2.dilate(ink.view(np.uint8), np.ones((step, step), np.uint8), anchor=(0, 0))[::step, ::step] > 0
    ink, paper = np.pad(ink, 1), np.pad(areas[::step, ::step], 1, constant_values=areas[0, 0])
    paper = paper.astype(np.uint8 if paper.max() < 255 else np.float32)
    depth = cv2.distanceTransform(ink.view(np.uint8), cv2.DIST_L2, 3)
    # across a line of width w, the distance to its sides is w / 4 on the mean
    width = 4 * float(depth[ink].mean())
    around = np.ones((2 * round(1.5 * width) + 1,) * 2, np.uint8)
    # ink itself is neither the highest nor the lowest number
    highest = cv2.dilate(np.where(ink, 0, paper).astype(paper.dtype), around)
    lowest = cv2.erode(np.where(ink, paper.max() + 1, paper).astype(paper.dtype), around)
    count, _, stats, _ = cv2.connectedComponentsWithStats((ink & (highest == lowest)).view(np.uint8), connectivity=8)
    return count > 1 and bool(stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max() > 1.5 * width)


def _nearest(labels: Labels) -> tuple[Labels, NDArray[np.float32]]:
    """Each pixel's own label, or that of the nearest pixel that has one, and how many pixels away that is."""
    away, place = cv2.distanceTransformWithLabels(
        (labels == 0).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    own = np.zeros(int(place.max()) + 1, labels.dtype)
    is_none = labels == 0
    # what is nearest lies at a rim
    rim = dilated(is_none) & ~is_none
    own[place[rim]] = labels[rim]
    found = labels.copy()
    found[is_none] = own[place[is_none]]
    return found, away


def without_holes_of(regions: Regions, coverage: Coverage, gray: Gray) -> Coverage:
    """The coverage with what a second outline inside of a shape encloses left bare, and so on, alternately.

    Depth counts the outlines from outside: a region beside the outside is 1, one beside that alone is 2 (even-odd).
    The ink of an outline stays covered, with its own soft edge. gray: dark ink on light paper, uint8 (H, W).
    """
    labels = regions.inner
    depth = np.zeros(regions.count + 1, np.int64)
    beside = regions.neighbours()
    rim = rim_of(labels)
    outer = set(np.unique(rim).tolist()) - {0}
    for one, other in ((labels[:, 1:], labels[:, :-1]), (labels[1:], labels[:-1])):
        outer |= set(np.unique(one[other == 0]).tolist()) | set(np.unique(other[one == 0]).tolist())
    level, reached = 1, outer - {0}
    while reached:
        depth[list(reached)] = level
        level += 1
        reached = {n for number in reached for n in beside[number - 1] if not depth[n]}
    paper, dark = float(np.median(gray)), float(gray.min())
    ink = np.maximum(paper - gray.astype(np.float32), 0) / max(paper - dark, 1.0)
    bare = (depth % 2 == 0) & (depth > 0)
    return np.where(bare[labels], np.minimum(coverage, np.round(255 * ink)), coverage).astype(np.uint8)


def enclosing_alone(regions: Regions, coverage: Coverage) -> Coverage:
    """The coverage without ink that encloses nothing and stands apart: captions, doodles, arrows beside a shape."""
    count, pieces = cv2.connectedComponents((coverage > 0).view(np.uint8), connectivity=8)
    held = np.zeros(count, np.bool_)
    held[pieces[_interior(regions)]] = True
    held[0] = False
    return np.where(held[pieces], coverage, np.uint8(0))


def _interior(regions: Regions) -> NDArray[np.bool_]:
    """A point well inside of each region."""
    mask = np.zeros(regions.labels.shape, np.bool_)
    x, y = regions.points.T
    mask[y, x] = True
    return mask
