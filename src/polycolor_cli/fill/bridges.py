"""Edges across gaps on flat paper go on as the lines beside them do, in a bend or to a corner.

What the network draws there is a guess, and wavers; a person would draw the line on.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.masks import SQUARE, runs
from polycolor_cli.fill.planes import Coverage, Gray, Mask
from polycolor_cli.fill.rules import is_partial, share_of_ink

WIDE = 3
"""Width of a gap in line widths; a bend across a narrower one the network draws as well, if it is small too."""
SMALL = 20
"""Width of such a gap, in pixels."""
LONGEST = 0.12
"""Share of an outline that a bend may be; how a longer part went on is for the network to say."""
LONGEST_CORNER = 0.16
"""The same of a corner: two straight lines say more of it."""
LEG = 2
"""How many times as long as what is seen of a line its way to a tip may be, where the guess goes round the ends."""
CAP = 0.5
"""Line widths before the end of a line that are its cap, and do not show where it leads."""
CAP_AROUND = 1.2
"""The same where the guess may go round the ends, as at a missing tip of a star; only straight lines tell there."""
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
TURN = 60
"""Degrees by which an edge turns across a gap in one bend, at most."""
BLUNT = 20
"""Degrees by which straight lines turn at a corner, at least; the others go on in a bend."""
PARALLEL = 0.2
"""Sine of the angle up to which lines meet nowhere near."""
ROUNDED = 0.4
"""Share of a corner, cut off from end to end of its lines, that is covered by the guess where it is a rounded one."""
BEYOND = 1.5
"""Line widths behind the cap of a line where there is no ink: there the line is at its end."""
BESIDE = 1.25
"""Line widths inwards from an outer edge where there is no ink either: there the line would have turned."""
APART = 0.17
"""How far from the guess a bend may be: the area between the two, in squares of the gap's width."""
FINE = 4
"""How many times as large as the picture an edge is drawn, to be smooth."""

ACROSS = np.arange(-2.0, 3)[:, None]
"""How far outwards from an outline its very edge is sought, in pixels."""

Points = NDArray[np.float64]
"""Points of a path, (n, 2): x and y, in pixels."""
Ink = NDArray[np.uint8]
"""Where there is ink, (H, W), 1 or 0."""


@dataclass(frozen=True)
class _Lead:
    """Where the outer edge of a line ends before its cap (x, y), and the direction in which it leads on.

    seen: how much of the edge says so; cap: how far the line itself goes on; both in pixels.
    """

    end: Points
    way: Points
    is_straight: bool
    seen: int
    cap: float


@dataclass(frozen=True)
class _Outline:
    """What is covered in one piece, with that at the right hand of its points, and which of these lie beside ink."""

    points: Points
    is_inked: Mask

    def part(self, start: int, stop: int) -> Points:
        """The points from `start` to `stop`, around the end if need be."""
        return self.points[np.arange(start, stop) % len(self.points)]


@dataclass(frozen=True)
class _Gap:
    """What of an outline, from one of its points up to another, has no ink; the lines beside it are so wide."""

    outline: _Outline
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

    def leads(self, cap: int, coverage: Coverage, ink: Ink, only_straight: bool) -> tuple[_Lead, _Lead] | None:
        """Where the lines at either end lead; None where one of them leads nowhere, or is bent and must not be."""
        found = []
        for at, way in ((self.start - 1, -1), (self.stop, 1)):
            lead = _lead_up_to(self.outline, at, way, self.width, cap, coverage)
            if lead is None or (only_straight and not lead.is_straight) or not _is_end(ink, lead, -way * self.width):
                return None
            found.append(lead)
        return found[0], found[1]

    def is_spanned(self, path: Points, one: _Lead, other: _Lead, longest: float) -> bool:
        """Whether a path between two leads, less what is drawn of it, is at most so long a share of the outline."""
        return np.hypot(*np.diff(path, axis=0).T).sum() - one.cap - other.cap <= longest * len(self.outline.points)


def bridged(gray: Gray, coverage: Coverage, ends: tuple[int, int]) -> Coverage:
    """The coverage of a drawing on flat paper with its edges across gaps where the outer edges of its lines lead.

    gray, coverage: uint8 (H, W), the coverage without holes; ends: the grays of ink and of paper. Where the lines at
    a gap lead to no edge, or to one that is far from the guess, the guess stays.
    """
    import cv2

    middle = (ends[0] + ends[1]) / 2
    ink = (gray < middle if ends[0] < ends[1] else gray > middle).view(np.uint8)
    beside_ink, answer = cv2.dilate(ink, SQUARE), coverage.copy()
    covered = (coverage >= 128).view(np.uint8)
    for found in cv2.findContours(covered, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
        x, y = found[:, 0].T
        is_inked = beside_ink[y, x] > 0
        if is_inked.all() or not is_inked.any():
            continue
        points = found[:, 0]
        if cv2.contourArea(found, oriented=True) < 0:
            points, is_inked = points[::-1], is_inked[::-1]
        # a run of points without ink is then never parted
        first = int(is_inked.argmax())
        outline = _Outline(np.roll(points, -first, 0).astype(np.float64), np.roll(is_inked, -first))
        for start, stop in runs(~outline.is_inked):
            if stop - start < NARROWEST or _at_rim(outline.part(start, stop), gray.shape):
                continue
            gap = _Gap(outline, start, stop, _line_width(ink, outline.part(start, stop)))
            for find, cap in ((_edge_across, gap.cap(CAP)), (_tip, gap.cap(CAP_AROUND))):
                path = find(gap, cap, coverage, ink)
                if path is not None:
                    _draw(answer, gray, ends, outline, start - cap, stop + cap, path)
                    break
    # where nothing is half covered, an edge is as sharp
    return answer if is_partial(coverage).any() else (answer >= 128) * np.uint8(255)


def _at_rim(points: Points, shape: tuple[int, ...]) -> bool:
    """Whether some points lie at the rim of the picture: there a drawing is cut off, and has no gap."""
    return bool((points == 0).any() or (points == np.array(shape[::-1]) - 1).any())


def _line_width(ink: Ink, gap: Points) -> float:
    """How wide the lines around a gap are, in pixels."""
    import cv2

    low = np.maximum(gap.min(0).astype(int) - len(gap), 0)
    high = gap.max(0).astype(int) + len(gap)
    around = np.ascontiguousarray(ink[low[1] : high[1], low[0] : high[0]])
    # the pixels of a line w wide are 1, 2, ... w / 2 from its edge
    return 4 * cv2.mean(cv2.distanceTransform(around, cv2.DIST_L2, 3), around)[0] - 2


def _edge_across(gap: _Gap, cap: int, coverage: Coverage, ink: Ink) -> Points | None:
    """The edge across a gap, from end to end of its lines: to a corner, or in a bend; None for none."""
    if gap.stop - gap.start < FEWEST:
        return None
    is_wide = gap.open_by >= WIDE * gap.width
    may_bend = is_wide or gap.open_by >= SMALL
    leads = gap.leads(cap, coverage, ink, only_straight=not may_bend)
    if leads is None:
        return None
    turn, corner = _turn(*leads), _corner(*leads)
    if corner is not None and ((is_wide and turn > TURN) or not _is_rounded(gap.mouth, corner[1])):
        return corner if gap.is_spanned(corner, *leads, LONGEST_CORNER) else None
    if turn > TURN or not may_bend:
        return None
    bend, straight = _bend(*leads, turn), leads[1].end - leads[0].end
    is_near = _area_between(gap.mouth[1:-1], bend) <= APART * np.square(straight).sum()
    return bend if is_near and gap.is_spanned(bend, *leads, LONGEST) else None


def _tip(gap: _Gap, cap: int, coverage: Coverage, ink: Ink) -> Points | None:
    """The corner that two straight lines lead to, whose ends the guess goes round; None for none."""
    leads = gap.leads(cap, coverage, ink, only_straight=True)
    corner = _corner(*leads) if leads is not None else None
    if leads is None or corner is None or _is_rounded(gap.mouth, corner[1]):
        return None
    is_near = all(np.hypot(*(corner[1] - lead.end)) - lead.cap <= LEG * lead.seen for lead in leads)
    return corner if is_near and gap.is_spanned(corner, *leads, LONGEST_CORNER) else None


def _turn(one: _Lead, other: _Lead) -> float:
    """By how many degrees an edge turns from one lead to the other."""
    return float(np.degrees(np.arccos(np.clip(-one.way @ other.way, -1, 1))))


def _is_end(ink: Ink, lead: _Lead, width: float) -> bool:
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


def _is_rounded(guess: Points, tip: Points) -> bool:
    """Whether a guess from end to end of two lines covers as much of the corner between them as a rounded one does."""
    import cv2

    guessed, sharp = (
        cv2.contourArea(loop.astype(np.float32), oriented=True)
        for loop in (guess, np.stack([guess[0], tip, guess[-1]]))
    )
    return guessed * np.sign(sharp) > ROUNDED * abs(sharp)


def _lead_up_to(outline: _Outline, at: int, way: int, width: float, cap: int, coverage: Coverage) -> _Lead | None:
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


def _lead(points: Points, cap: Points, least: int) -> _Lead:
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
    return _Lead(end, way, bool(is_straight), len(last), max(0.0, float(((cap - end) @ way).max())))


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


def _bend(one: _Lead, other: _Lead, turn: float) -> Points:
    """On from either end to the other: a cubic Hermite curve, close to an arc of `turn` degrees."""
    gap = float(np.hypot(*(other.end - one.end)))
    s = np.linspace(0, 1, max(8, int(gap)))[:, None]
    speed = gap / np.cos(np.radians(turn) / 4) ** 2
    places = (2 * s**3 - 3 * s**2 + 1) * one.end + (3 * s**2 - 2 * s**3) * other.end
    return places + speed * ((s**3 - 2 * s**2 + s) * one.way - (s**3 - s**2) * other.way)


def _corner(one: _Lead, other: _Lead) -> Points | None:
    """Straight on from either end to where both meet; None where one is bent, they hardly turn or meet nowhere near."""
    if not (one.is_straight and other.is_straight) or _turn(one, other) <= BLUNT:
        return None
    ways = np.stack([one.way, -other.way], 1)
    if abs(np.linalg.det(ways)) < PARALLEL:
        return None
    ahead = np.linalg.solve(ways, other.end - one.end)
    return np.stack([one.end, one.end + ahead[0] * one.way, other.end]) if ahead.min() > 0 else None


def _area_between(one: Points, other: Points) -> int:
    """How many pixels lie between two paths with about the same ends."""
    import cv2

    loop = np.concatenate([one, other[::-1]])
    low = loop.min(0)
    plane = np.zeros(np.ceil(loop.max(0) - low).astype(int)[::-1] + 2, np.uint8)
    cv2.fillPoly(plane, [np.round(loop - low).astype(np.int32)], 1)
    return cv2.countNonZero(plane)


def _draw(
    coverage: Coverage, gray: Gray, ends: tuple[int, int], outline: _Outline, start: int, stop: int, path: Points
) -> None:
    """Draw a path into a coverage, in place, for what its outline is from `start` to `stop`; ink stays covered."""
    import cv2

    changed = np.concatenate([outline.part(start, stop), path[::-1]])
    whole = np.concatenate([path, outline.part(stop, start + len(outline.points))])
    low = np.maximum(np.floor(changed.min(0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(changed.max(0)).astype(int) + 3, coverage.shape[::-1])
    view = np.s_[low[1] : high[1], low[0] : high[0]]

    def drawn(loop: Points) -> Coverage:
        plane = np.zeros((high - low)[::-1] * FINE, np.uint8)
        # the middle of a pixel lies in the middle of its finer ones
        cv2.fillPoly(plane, [np.round((loop - low + 0.5) * FINE - 0.5).astype(np.int32)], 255)
        return cv2.resize(plane, tuple((high - low).tolist()), interpolation=cv2.INTER_AREA)

    part = coverage[view]
    inked = np.where(part >= 128, 255 * share_of_ink(gray[view], *ends).clip(0, 1), 0).astype(np.uint8)
    np.copyto(part, np.maximum(drawn(whole), inked), where=cv2.dilate(drawn(changed), SQUARE) > 0)
