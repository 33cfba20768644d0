"""Where the lines beside a gap in an outline lead: to each other in a bend, or to a corner."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.masks import SQUARE, runs
from polycolor_cli.fill.planes import Coverage, Mask

LEAST_SEEN = 2
"""Line widths before its cap that show where a line leads, at least."""
MOST_SEEN = 8
"""The same, at most."""
FEWEST = 6
"""Pixels that these are at least, and that a gap is."""
NARROWEST = 4
"""Pixels that a gap is where a tip is missing."""
OFF = 0.5
"""How far from a bend the points that show where a line leads may lie, in pixels."""
BENT = 1.5
"""How many times as far they are from a straight line, on the mean, where the line is bent."""
BLUNT = 20
"""Degrees by which straight lines turn at a corner, at least; the others go on in a bend."""
PARALLEL = 0.2
"""Sine of the angle up to which lines meet nowhere near."""
BEYOND = 1.5
"""Line widths behind the cap of a line where there is no ink: there the line is at its end."""
BESIDE = 1.25
"""Line widths inwards from an outer edge where there is no ink either: there the line would have turned."""
LEG_SEEN = 8
"""Pixels to either side of a corner that tell whether it is rounded, at least."""
ALIKE = 0.6
"""How many times as much as across a gap an outline turns, at least, at corners that tell of the one there."""
STRAIGHT = 0.5
"""How far from a straight line, in pixels, the sides of such a corner may be in the middle."""
SMOOTH = 5
"""Points of an outline that are made one where its corners are looked at."""
CORNER = 0.7
"""Share of a sharp corner that a rounded one covers, at least; else there are two, or a bay."""
DIFFERENT = 0.2
"""How far apart those shares may be where all corners are alike."""
ACROSS = np.arange(-2.0, 3)[:, None]
"""How far outwards from an outline its very edge is sought, in pixels."""

Points = NDArray[np.float64]
"""Points of a path, (n, 2): x and y, in pixels."""
Ink = NDArray[np.uint8]
"""Where there is ink, (H, W), 1 or 0."""


@dataclass(frozen=True)
class Lead:
    """Where the outer edge of a line ends before its cap (x, y), and the direction in which it leads on.

    seen: how much of the edge says so; cap: how far the line itself goes on; off: how far beside that way the edge is
    halfway there; all in pixels.
    """

    end: Points
    way: Points
    is_straight: bool
    seen: int
    cap: float
    off: float


@dataclass(frozen=True)
class Outline:
    """What is covered in one piece, with that at the right hand of its points, and which of these lie beside ink."""

    points: Points
    is_inked: Mask

    def part(self, start: int, stop: int) -> Points:
        """The points from `start` to `stop`, around the end if need be."""
        return self.points[np.arange(start, stop) % len(self.points)]


@dataclass(frozen=True)
class Gap:
    """What of an outline, from one of its points up to another, has no ink; the lines beside it are so wide."""

    outline: Outline
    start: int
    stop: int
    width: float

    @cached_property
    def mouth(self) -> Points:
        """The guess, from the end of one line to that of the other."""
        return self.outline.part(self.start - 1, self.stop + 1)

    @cached_property
    def open_by(self) -> float:
        """How far it is from end to end, in pixels."""
        return float(np.hypot(*(self.mouth[-1] - self.mouth[0])))

    def cap(self, widths: float) -> int:
        """How many points before the end of a line are its cap."""
        return round(widths * self.width) + 1

    def leads(
        self, cap: int, coverage: Coverage, ink: Ink | None = None, only_straight: bool = False
    ) -> tuple[Lead, Lead] | None:
        """Where the lines at either end lead; None where one of them leads nowhere, or is bent and must not be.

        Or where the ink says that one of them is not at its end.
        """
        found = []
        for at, way in ((self.start - 1, -1), (self.stop, 1)):
            lead = _lead_up_to(self.outline, at, way, self.width, cap, coverage)
            if lead is None or (only_straight and not lead.is_straight):
                return None
            if ink is not None and not _is_end(ink, lead, -way * self.width):
                return None
            found.append(lead)
        return found[0], found[1]

    def is_spanned(self, path: Points, one: Lead, other: Lead, longest: float) -> bool:
        """Whether a path between two leads, less what is drawn of it, is at most so long a share of the outline."""
        return np.hypot(*np.diff(path, axis=0).T).sum() - one.cap - other.cap <= longest * len(self.outline.points)


def gaps(ink: Ink, coverage: Coverage, joints: tuple[NDArray[np.int32], Ink, Ink] | None = None) -> Iterator[Gap]:
    """The gaps in all outlines, but for those where a drawing is cut off by the rim of the picture.

    joints: their numbers, where they are open, and where they are wide, over 0, (H, W) each; without, a gap is where an
    outline has no ink beside it.
    """
    import cv2

    drawn, narrowest = (cv2.dilate(ink, SQUARE), NARROWEST) if joints is None else (joints[1] == 0, 1)
    covered = (coverage >= 128).view(np.uint8)
    for found in cv2.findContours(covered, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
        x, y = found[:, 0].T
        is_inked = drawn[y, x] > 0
        if is_inked.all() or not is_inked.any():
            continue
        points = found[:, 0]
        if cv2.contourArea(found, oriented=True) < 0:
            points, is_inked = points[::-1], is_inked[::-1]
        # a run of points without ink is then never parted
        first = int(is_inked.argmax())
        points, is_inked = np.roll(points, -first, 0), np.roll(is_inked, -first)
        if joints is not None:
            x, y = points.T
            is_inked |= _slivers(is_inked, joints[0][y, x], joints[2][y, x])
        outline = Outline(points.astype(np.float64), is_inked)
        for start, stop in runs(~outline.is_inked):
            part = outline.part(start, stop)
            if stop - start >= narrowest and not _at_rim(part, ink.shape):
                yield Gap(outline, start, stop, _line_width(ink, part))


def _slivers(is_inked: Mask, joint: NDArray[np.int32], wide: Ink) -> Mask:
    """Which points of an outline are in no wide part of a joint, by its number, that has one."""
    answer, parts = np.zeros_like(is_inked), runs(~is_inked)
    found = {int(joint[start]) for start, stop in parts if wide[start:stop].any()}
    for start, stop in parts:
        answer[start:stop] = int(joint[start]) in found and not wide[start:stop].any()
    return answer


def _at_rim(points: Points, shape: tuple[int, ...]) -> bool:
    """Whether some points lie at the rim of the picture: there a drawing is cut off, and has no gap."""
    return bool((points == 0).any() or (points == np.array(shape[::-1]) - 1).any())


def _line_width(ink: Ink, gap: Points) -> float:
    """How wide the lines around a gap are, in pixels."""
    import cv2

    far = max(len(gap), NARROWEST)
    low, high = np.maximum(gap.min(0).astype(int) - far, 0), gap.max(0).astype(int) + far
    around = np.ascontiguousarray(ink[low[1] : high[1], low[0] : high[0]])
    # the pixels of a line w wide are 1, 2, ... w / 2 from its edge
    return 4 * cv2.mean(cv2.distanceTransform(around, cv2.DIST_L2, 3), around)[0] - 2


def turn_of(one: Lead, other: Lead) -> float:
    """By how many degrees an edge turns from one lead to the other."""
    return float(np.degrees(np.arccos(np.clip(-one.way @ other.way, -1, 1))))


def _is_end(ink: Ink, lead: Lead, width: float) -> bool:
    """Whether a line is at its end behind a lead: no ink straight on, and none beside it, where it would have turned.

    width: of the line, in pixels, negative where it lies at the left of its lead.
    """
    (x, y), (along_x, along_y) = lead.end.tolist(), lead.way.tolist()
    for ahead, inwards in (
        (lead.cap + BEYOND * abs(width), width / 2),
        (lead.cap / 2, BESIDE * width),
        (lead.cap, BESIDE * width),
    ):
        column = round(x + ahead * along_x - inwards * along_y)
        row = round(y + ahead * along_y + inwards * along_x)
        if 0 <= row < ink.shape[0] and 0 <= column < ink.shape[1] and ink[row, column]:
            return False
    return True


def _lead_up_to(outline: Outline, at: int, way: int, width: float, cap: int, coverage: Coverage) -> Lead | None:
    """Where an outline leads up to its point `at`, which lies `way` (1 or -1) behind a gap, without the cap.

    None where there are too few points of one line.
    """
    least, most = (max(FEWEST, round(times * width)) for times in (LEAST_SEEN, MOST_SEEN))
    count = len(outline.points)
    places = (at + way * np.arange(min(cap + most, count // 3))) % count
    is_inked = outline.is_inked[places]
    length = len(places) if is_inked.all() else int(is_inked.argmin())
    if length < cap + least:
        return None
    return _lead(_edge(outline.points, places[cap:length][::-1], coverage), outline.points[places[:cap]], least)


def _edge(points: Points, places: NDArray[np.intp], coverage: Coverage) -> Points:
    """Some points of an outline moved outwards, to the very edge of what is covered."""
    import cv2

    here, behind, ahead = (points.take(places + step, 0, mode="wrap") for step in (0, -2, 2))
    along = ahead - behind
    outwards = along[:, ::-1] * ((1, -1) / np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1))
    across = (here[:, None] + ACROSS * outwards[:, None]).astype(np.float32)
    covered = cv2.remap(coverage, across, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return here + (covered.sum(1, keepdims=True, dtype=np.float64) / 255 - 2.5) * outwards


def _lead(points: Points, cap: Points, least: int) -> Lead:
    """Where points along a line lead: the last `least` of them, and as many more as lie on one bend with these.

    cap: the points of the line's cap.
    """
    fit, last = _fitted(points[-least:], 2), points[-least:]
    while len(last) < len(points):
        more = points[-int(1.3 * len(last)) - 1 :]
        longer = _fitted(more, 2)
        if np.abs(_off(longer, more)).max() > OFF:
            break
        fit, last = longer, more
    line = _fitted(last, 1)
    is_straight = np.linalg.norm(_off(line, last)) <= BENT * np.linalg.norm(_off(fit, last))
    way, end = line if is_straight else fit[1:]
    way = way / max(float(np.hypot(*way)), 1e-6)
    off = abs(float(cross(way, cap[len(cap) // 2] - end)))
    return Lead(end, way, bool(is_straight), len(last), max(0.0, float(((cap - end) @ way).max())), off)


def _fitted(points: Points, degree: int) -> Points:
    """The polynomial that points lie on, highest power first; the last point is at 0, the one before at -1."""
    return _powers(len(points), degree)[1] @ points


def _off(fit: Points, points: Points) -> Points:
    """How far points are from a polynomial, in pixels along either axis."""
    return _powers(len(points), len(fit) - 1)[0] @ fit - points


@lru_cache(maxsize=256)
def _powers(count: int, degree: int) -> tuple[Points, Points]:
    """The powers of the places of `count` points, the last at 0, and what fits polynomials to them."""
    powers = np.vander(np.arange(1.0 - count, 1), degree + 1)
    return powers, np.linalg.pinv(powers)


def bend_of(one: Lead, other: Lead, turn: float) -> Points:
    """On from either end to the other: a cubic Hermite curve, close to an arc of `turn` degrees."""
    gap = float(np.hypot(*(other.end - one.end)))
    s = np.linspace(0, 1, max(8, int(gap)))[:, None]
    speed = gap / np.cos(np.radians(turn) / 4) ** 2
    places = (2 * s**3 - 3 * s**2 + 1) * one.end + (3 * s**2 - 2 * s**3) * other.end
    return places + speed * ((s**3 - 2 * s**2 + s) * one.way - (s**3 - s**2) * other.way)


def corner_of(one: Lead, other: Lead) -> Points | None:
    """Straight on from either end to where both meet; None where one is bent, they hardly turn or meet nowhere near."""
    if not (one.is_straight and other.is_straight) or turn_of(one, other) <= BLUNT:
        return None
    ways = np.stack([one.way, -other.way], 1)
    if abs(np.linalg.det(ways)) < PARALLEL:
        return None
    ahead = np.linalg.solve(ways, other.end - one.end)
    return np.stack([one.end, one.end + ahead[0] * one.way, other.end]) if ahead.min() > 0 else None


def rounding_of_corners(outline: Outline, turn: float, leg: int) -> float | None:
    """How far from their tips corners of an outline are rounded, in pixels; None where they differ, infinity for none.

    turn: in degrees, about as much as they turn; leg: how much of the outline to either side is looked at, in pixels.
    """
    import cv2

    count, reach = len(outline.points), leg + leg // 2 + 2
    if 4 * reach > count:
        return None
    around = np.arange(-reach, count + reach) % count
    # without the steps from pixel to pixel
    points = cv2.blur(outline.points[around], (1, SMOOTH), borderType=cv2.BORDER_REPLICATE)

    def at(step: int) -> Points:
        return points[reach + step : reach + step + count]

    behind, ahead = at(-leg), at(leg)
    one, other, chord = behind - at(-reach), at(reach) - ahead, ahead - behind
    off = [
        np.abs(cross(side, at(middle) - start)) / np.maximum(np.hypot(*side.T), 1)
        for side, start, middle in ((one, at(-reach), -(leg + reach) // 2), (other, ahead, (leg + reach) // 2))
    ]
    turns = np.abs(np.degrees(np.arctan2(cross(one, other), (one * other).sum(1))))
    seen = np.cumsum(np.r_[0, outline.is_inked[around]])
    is_corner = (
        (turns >= ALIKE * turn)
        & (np.maximum(*off) <= STRAIGHT)
        & (seen[2 * reach :] - seen[: -2 * reach] >= 2 * reach)[:count]
    )
    swept = np.cumsum(np.r_[0, cross(points[:-1], points[1:])])
    shares = []
    for start, stop in runs(is_corner):
        tip = (start + stop) // 2
        # twice the areas between chord and outline, and between chord and legs that go on to a tip
        area = swept[reach + tip + leg] - swept[reach + tip - leg] - cross(behind[tip], ahead[tip])
        legs = cross(one[tip], chord[tip]) * cross(chord[tip], other[tip])
        share = area * cross(one[tip], other[tip]) / legs if legs else 0
        if CORNER < share < 2 - CORNER:
            shares.append(min(1.0, float(share)))
    if not shares:
        return np.inf
    if max(shares) - min(shares) > DIFFERENT:
        return None
    # a parabola from leg to leg leaves a third of the triangle bare
    return leg * float(np.sqrt(3 * (1 - np.median(shares))))


def rounded_off(corner: Points, length: float) -> Points:
    """A corner rounded off by a parabola that begins so far from its tip, in pixels."""
    legs = corner[[0, 2]] - corner[1]
    far = np.hypot(*legs.T)[:, None]
    (start, end), tip = corner[1] + legs * np.minimum(1, length / np.maximum(far, 1e-6)), corner[1]
    t = np.linspace(0, 1, 12)[:, None]
    bend = (1 - t) ** 2 * start + 2 * t * (1 - t) * tip + t**2 * end
    return np.concatenate([corner[:1], bend, corner[2:]])


def cross(one: Points, other: Points) -> Any:
    """Twice the areas of the triangles that vectors (..., 2) span, above 0 where the other turns to the right."""
    return one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
