"""Gaps in the outlines of a clean drawing where the lines alone say how they go on: no network is asked.

The ends of two lines that face each other, or lead to a corner, are joined; what is closed then is traced.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.bridges import TIP, ink_of, led_across
from polycolor_cli.fill.closed import closed_coverage
from polycolor_cli.fill.leads import PARALLEL, Ink
from polycolor_cli.fill.masks import background, dilated, distance_to, runs
from polycolor_cli.fill.planes import Coverage, Gray
from polycolor_cli.fill.rules import Tones

LARGEST = 2500
"""Longest side of a picture, in pixels, beyond which the network is as quick."""
MOST = 100
"""Edges of lines that a drawing has; hatchings and pages of text have more."""
END = 1.5
"""Line widths to either side of a line's end, along its outline, that are its tip."""
CAP = 0.8
"""Line widths to either side of a line's end that are joined with those of another."""
NARROW = 1.4
"""Line widths, and a pixel, that a line is wide at most where its tip begins, and twice as far from its end."""
LONGEST = 0.2
"""Distance between the ends of two lines that are joined, in longest sides of all that is drawn."""
MOUTH = 0.25
"""Half the width, in parts of that distance, of the widest mouth of a bay that may be an outline with one more gap."""

FEW = 8
"""Pixels that this is at most where bays are looked for."""
WALL = 32
"""Levels of 255 from which on a pixel is covered there: lines are thin."""


@dataclass(frozen=True)
class _End:
    """The end of a line (x, y), the direction in which it leads on, and the points of its cap."""

    at: NDArray[np.float64]
    way: NDArray[np.float64]
    cap: NDArray[np.int32]


def coverage_across_gaps(gray: Gray, tones: Tones) -> Coverage | None:
    """The coverage of a clean drawing of outlines with gaps, uint8 (H, W); None where it takes a guess.

    gray: uint8 (H, W), dark ink on light paper; tones: those of the gray.
    """
    if tones.ends is None or max(gray.shape) > LARGEST:
        return None
    ink = ink_of(gray, tones.ends)
    edges = cv2.findContours(ink, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]
    if len(edges) > MOST:
        return None
    # all edges of lines are twice as long as these
    width = max(1.0, 2 * cv2.countNonZero(ink) / max(1.0, sum(cv2.arcLength(edge, True) for edge in edges)))
    longest = LONGEST * max(cv2.boundingRect(ink)[2:])
    found = _ends(ink, edges, width)
    pairs = _pairs(found, width, longest)
    if not pairs:
        return None
    joints = _joints(gray.shape, [(found[one], found[other]) for one, other in pairs])
    coverage = closed_coverage(np.where((joints > 0) & (ink == 0), np.uint8(tones.ends[0]), gray), tones)
    if coverage is None:
        return None
    # who knows what a line that ends in the open is part of?
    joined, bare = {number for pair in pairs for number in pair}, dilated(coverage == 0)
    if any(bare[int(end.at[1]), int(end.at[0])] for number, end in enumerate(found) if number not in joined):
        return None
    return None if _has_bay(coverage, longest) else led_across(gray, coverage, tones.ends, joints)


def _ends(ink: Ink, edges: Sequence[NDArray[np.int32]], width: float) -> list[_End]:
    """The ends of lines so wide."""
    tip, cap, ends = max(2, round(END * width)), max(1, round(CAP * width)), []
    for edge in edges:
        count = len(edge)
        if count < 8 * tip:
            continue
        points = edge[np.arange(-2 * tip, count + 2 * tip) % count, 0]
        # for each point those two tips and one before it, and as far after it
        far_behind, behind, ahead, far_ahead = (points[step * tip :][:count] for step in (0, 1, 3, 4))
        across, farther = np.hypot(*(ahead - behind).T), np.hypot(*(far_ahead - far_behind).T)
        x, y = (ahead + behind).T // 2
        is_tip = (np.maximum(across, farther) <= NARROW * width + 1) & (ink[y, x] > 0)
        if not is_tip.any():
            continue
        # begun where there is none, no tip is parted
        first = int(is_tip.argmin())
        turned = np.roll(across, -first)
        for start, stop in runs(np.roll(is_tip, -first)):
            narrowest = start + np.flatnonzero(turned[start:stop] <= turned[start:stop].min() + 0.5)
            here = (first + int(narrowest[len(narrowest) // 2])) % count
            around = points[here + tip : here + 3 * tip + 1]
            way = (around[0] + around[-1] - points[here] - points[here + 4 * tip]) / 2
            way = way / max(float(np.hypot(*way)), 1e-6)
            foremost = int((around @ way).argmax())
            near = around[max(0, foremost - cap) : foremost + cap + 1]
            ends.append(_End(around[foremost].astype(np.float64), way, near))
    return ends


def _pairs(ends: list[_End], width: float, longest: float) -> list[tuple[int, int]]:
    """The numbers of ends that are nearest to each other, and lead to each other or to a corner."""
    if len(ends) < 2:
        return []
    at = np.stack([end.at for end in ends])
    apart = np.hypot(*(at[:, None] - at).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    nearest = apart.argmin(1).tolist()
    return [
        (one, other)
        for one, other in enumerate(nearest)
        if one < other
        and nearest[other] == one
        and apart[one, other] <= longest
        and _is_joint(ends[one], ends[other], width)
    ]


def _is_joint(one: _End, other: _End, width: float) -> bool:
    """Whether two lines lead towards each other, or to a corner."""
    between, ways = other.at - one.at, np.stack([one.way, -other.way], 1)
    if min(one.way @ between, -other.way @ between) >= 0:
        return True
    return bool(abs(np.linalg.det(ways)) >= PARALLEL and np.linalg.solve(ways, between).min() >= -width)


def _has_bay(coverage: Coverage, longest: float) -> bool:
    """Whether something bare has a mouth that is no wider than a gap may be, and is wider itself."""
    # seen in some pixels, in which no wall is lost
    scale = min(1.0, FEW / (longest * MOUTH))
    size = [max(1, round(scale * side)) for side in coverage.shape[::-1]]
    small = cv2.resize(coverage, size, interpolation=cv2.INTER_AREA)
    roomy = distance_to(small >= WALL) > longest * MOUTH * scale
    return bool((roomy & ~background(~roomy)).any())


def _joints(shape: tuple[int, ...], pairs: list[tuple[_End, _End]]) -> Ink:
    """Where the caps of each two ends are, and what is straight between these: `TIP` or 1, elsewhere 0."""
    joints = np.zeros(shape, np.uint8)
    for one, other in pairs:
        kind = TIP if one.way @ other.way > 0 else 1
        cv2.fillConvexPoly(joints, cv2.convexHull(np.concatenate([one.cap, other.cap])), kind)
    return joints
