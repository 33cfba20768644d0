"""The edge of a fill across a gap: the network says roughly where it runs, and here it is drawn.

Across a gap a line goes on as it came: around a bend, straight on, or to a corner. Of these the one is drawn that
agrees with the network; where none does, the network's own edge is, smoothed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.settle import FLAT, Coverage, Gray, flat_paper, two_grays

Points = NDArray[np.float64]
"""(N, 2): x and y in pixels, one point after the other along an edge."""
Mask = NDArray[np.bool_]

UNIT = 160
"""Longest side of a picture up to which lengths below are in pixels; they grow with larger ones."""
BESIDE = 2
"""Pixels from an edge within which ink holds it."""
TAIL = 10
"""Length of the end of a line that tells where it is heading; twice that tells how it bends."""
LEAST = 8
"""Points that the end of a line must have to tell anything."""
ON_LINE = 0.75
"""Pixels that a point may be beside a line and still be of it."""
STRAIGHT = 0.1
"""Radians that a line may turn across a gap without having bent before."""
FINE = 2.0
"""Units in pixels from which on a line is drawn finely enough to tell how it bends within an end."""
CORNER = 0.6
"""Radians that a line may turn within the length of an end and be a bend; beyond, it is a corner."""
WINDING = 0.6
"""Radians that a line may turn more in one half of a gap than in the other; beyond, it would wind like an S."""
ALIKE = 2.5
"""Times as much as before, or as little, that a line may bend across a gap."""
NEAR = 1.0
"""Mean distance from the network's edge to a drawn one up to which they agree."""
NEAR_WIDE = 0.07
"""The same for wide gaps, as a share of their width."""
BENT = 1.5
"""Times as far for a line that bends as before, which networks cut short."""
FAR = 4
"""Times that distance that they may be apart anywhere."""
SMOOTH = 2.5
"""Standard deviation of the Gaussian that smooths an edge which nothing else explains."""
NARROWEST = 3
"""Points of an edge without ink that make a gap, and its width."""
WIDEST = 0.5
"""Share of an edge that a gap may be."""
FINER = 4
"""Parts of a pixel, each way, that edges are drawn in."""
AT_ONCE = 1 << 21
"""Pixels up to which they are; a larger gap would take too much memory."""


@dataclass(frozen=True)
class _End:
    """The end of a line at a gap."""

    last: int
    """Index of its last point."""
    heading: NDArray[np.float64]
    """Of the whole end: unit vector."""
    leaving: NDArray[np.float64]
    """Of its last point: unit vector."""
    bend: float | None
    """Radians a pixel, where the line is long enough to tell."""


@dataclass(frozen=True)
class _Bridge:
    """A closed edge with a gap."""

    guess: Points
    """The network's edge across the gap."""
    edge: Points
    """The new one, from end to end of the guess."""
    rest: Points
    """The rest of the edge."""


def bridged(gray: Gray, coverage: Coverage) -> Coverage:
    """The coverage, uint8 (H, W) like the gray, with its edge drawn anew across gaps.

    Beside ink it stays as it is, and everywhere on paper that is not flat.
    """
    step = -(-max(gray.shape) // 1024)
    some = gray[::step, ::step]
    paper = flat_paper(some)
    if paper is None:
        return coverage
    import cv2

    contrast = cv2.absdiff(gray, float(paper))
    ink = contrast >= max(3 * FLAT, 0.5 * int(contrast.max()))
    near_ink = cv2.dilate(ink.view(np.uint8), np.ones((2 * BESIDE + 1, 2 * BESIDE + 1), np.uint8)).view(np.bool_)
    # an edge that ends with the picture is held there too
    near_ink[[0, -1]] = near_ink[:, [0, -1]] = True
    unit = max(1.0, max(gray.shape) / UNIT)
    sharp, answer = two_grays(some), coverage.copy()
    edges, _ = cv2.findContours((coverage >= 128).view(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    for edge in (edge for edge in edges if len(edge) >= NARROWEST + 2 * LEAST):
        held = near_ink[edge[:, 0, 1], edge[:, 0, 0]]
        for after, count in _gaps(held):
            line = np.roll(edge[:, 0], -after, axis=0).astype(np.float64)
            bridge = _bridge(line, np.roll(held, -after), count, unit)
            if bridge:
                _draw(answer, ink, bridge, sharp)
    return answer


def _gaps(held: Mask) -> Iterator[tuple[int, int]]:
    """For each gap in a closed edge, the point after it and the number of its points."""
    free = ~held
    if not held.any():
        return
    begins, ends = np.flatnonzero(free & np.roll(held, 1)), np.flatnonzero(held & np.roll(free, 1))
    if ends.size and ends[0] < begins[0]:
        ends = np.roll(ends, -1)
    for begin, end in zip(begins, ends, strict=True):
        count = int((end - begin) % held.size)
        if NARROWEST <= count <= WIDEST * held.size:
            yield int(end), count


def _bridge(edge: Points, held: Mask, count: int, unit: float) -> _Bridge | None:
    """How to cross a gap, the last `count` points of a closed edge; None where the lines beside it tell nothing."""
    most, gap = round(4 * TAIL * unit), len(edge) - count
    behind = edge[gap - _length(held[:gap][::-1][:most]) : gap]
    beyond = edge[: _length(held[:most])][::-1]
    one, other = _end(behind, unit), _end(beyond, unit)
    if one is None or other is None:
        return None
    start, stop = gap - len(behind) + one.last, len(beyond) - 1 - other.last
    guess = np.concatenate([edge[start:], edge[: stop + 1]])
    if stop >= start or np.hypot(*(guess[-1] - guess[0])) < NARROWEST:
        return None
    return _Bridge(guess, _drawn(guess, one, other, unit), edge[stop + 1 : start])


def _length(held: Mask) -> int:
    """How many points are held before the first that is not."""
    return held.size if held.all() else int(held.argmin())


def _end(line: Points, unit: float) -> _End | None:
    """What the end of a line tells; the last few points, around its tip, are left out where it is straighter so."""
    length, best = round(TAIL * unit), None
    for tip in (0, 2, 4, 6):
        body = line[: len(line) - round(tip * unit)][-length:]
        if len(body) < LEAST:
            break
        heading, centre = _heading(body), body.mean(0)
        off = float(np.abs(_turned(heading) @ (body - centre).T).max())
        if best is None or off < best[0] - 0.25 * unit:
            best = off, len(line) - round(tip * unit) - 1, heading, centre
    if best is None:
        return None
    _, last, heading, centre = best
    on = np.abs(_turned(heading) @ (line[last + 1 :] - centre).T) <= max(ON_LINE, unit / 2)
    last += _length(on & (np.diff(line[last:], axis=0) @ heading >= 0)) if on.size else 0
    before = line[max(0, last + 1 - 2 * length) : max(0, last + 1 - length)]
    bend = _turn(_heading(before), heading) / length if len(before) >= 0.7 * length else None
    # the heading is that of the middle of the end, and a line that bends has bent on since; in a small picture
    # the steps of its pixels would be taken for bends
    bends_on = bend is not None and unit >= FINE and abs(bend) * length < CORNER
    bent = bend * length / 2 if bend is not None and bends_on else 0.0
    return _End(last, heading, _rotated(heading, bent), bend)


def _heading(line: Points) -> NDArray[np.float64]:
    """The direction of a line, a unit vector: that in which its points vary most."""
    x, y = (line - line.mean(0)).T
    angle = np.arctan2(2 * (x @ y), x @ x - y @ y) / 2
    along = np.array([np.cos(angle), np.sin(angle)])
    return along if along @ (line[-1] - line[0]) >= 0 else -along


def _rotated(direction: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    return np.cos(by) * direction + np.sin(by) * _turned(direction)


def _turned(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([-direction[1], direction[0]])


def _turn(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Radians from one direction to another, -pi to pi."""
    return float(np.arctan2(_turned(one) @ other, one @ other))


def _drawn(guess: Points, one: _End, other: _End, unit: float) -> Points:
    """The edge across a gap, from the first point of the guess to its last."""
    here, there = guess[0], guess[-1]
    smooth = _smoothed(guess, SMOOTH * unit)
    near = max(NEAR * unit, NEAR_WIDE * float(np.hypot(*(there - here))))

    def agrees(line: Points, near: float = near) -> bool:
        return bool(_apart(smooth, line).mean() <= near and _apart(line, smooth).max() <= FAR * near)

    curve = _curve(here, one.leaving, there, -other.leaving)
    if _bends_on(curve, one, other) and agrees(curve, BENT * near):
        return curve
    corner = _corner(here, one.heading, there, -other.heading)
    straight = [line for line in (corner, guess[[0, -1]]) if len(line)]
    best = min(straight, key=lambda line: float(_apart(smooth, line).mean()))
    return best if agrees(best) else smooth


def _curve(here: NDArray, leaving: NDArray, there: NDArray, arriving: NDArray) -> Points:
    """A cubic Bezier curve between two points with these directions; where both are of a circle, that circle's arc.

    The length of its handles is the usual one for arcs, a third of the chord over the squared cosine of a quarter of
    the turn (Riskus, "Approximation of a cubic Bezier curve by circular arcs and vice versa", 2006).
    """
    quarter = np.arccos(np.clip(leaving @ arriving, -1, 1)) / 4
    handle = np.hypot(*(there - here)) / (3 * np.cos(quarter) ** 2)
    t = np.linspace(0, 1, 25)[:, None]
    first, second = here + handle * leaving, there - handle * arriving
    return (1 - t) ** 3 * here + 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t**2 * second + t**3 * there


def _bends_on(curve: Points, one: _End, other: _End) -> bool:
    """Whether a curve bends as the lines do whose ends it joins."""
    turn, chord = _turn(one.leaving, -other.leaving), curve[-1] - curve[0]
    if abs(_turn(one.leaving, chord) - _turn(chord, -other.leaving)) > WINDING:
        return False
    if abs(turn) < STRAIGHT:
        return True
    # seen from its other end, a line bends the other way
    bends = [bend for bend in (one.bend, None if other.bend is None else -other.bend) if bend is not None]
    if not bends:
        return False
    before = np.mean(bends) * np.hypot(*np.diff(curve, axis=0).T).sum()
    return bool(1 / ALIKE < before / turn < ALIKE)


def _corner(here: NDArray, leaving: NDArray, there: NDArray, arriving: NDArray) -> Points:
    """Both lines straight on to where they meet; no points where that is nowhere near."""
    lines = np.stack([leaving, arriving], 1)
    if abs(np.linalg.det(lines)) < 0.2:
        return np.zeros((0, 2))
    far = np.linalg.solve(lines, there - here)
    if far.min() <= 0 or far.max() > 1.5 * np.hypot(*(there - here)):
        return np.zeros((0, 2))
    return np.stack([here, here + far[0] * leaving, there])


def _smoothed(line: Points, deviation: float) -> Points:
    """The line convolved with a Gaussian along itself, its two ends fixed."""
    reach = round(3 * deviation)
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    # mirrored in its ends, a straight line stays one
    longer = np.pad(line, ((reach, reach), (0, 0)), "reflect", reflect_type="odd")
    smooth = np.stack([np.convolve(of, weight / weight.sum(), "valid") for of in longer.T], 1)
    smooth[[0, -1]] = line[[0, -1]]
    return smooth


def _apart(points: Points, line: Points) -> NDArray[np.float64]:
    """How far each point is from a line of straight pieces."""
    piece = np.diff(line, axis=0)
    way = points[:, None] - line[:-1]
    along = ((way * piece).sum(2) / np.maximum((piece**2).sum(1), 1e-9)).clip(0, 1)
    return np.hypot(*np.moveaxis(way - along[..., None] * piece, 2, 0)).min(1)


def _draw(coverage: Coverage, ink: Mask, bridge: _Bridge, sharp: bool) -> None:
    """Draw a bridge into a coverage: what lies between the network's edge and the new one, ink left out."""
    import cv2

    both = np.concatenate([bridge.guess, bridge.edge])
    left, top = np.maximum(np.floor(both.min(0)).astype(int) - 3, 0)
    right, bottom = np.ceil(both.max(0)).astype(int) + 4
    view = np.s_[top:bottom, left:right]
    height, width = coverage[view].shape
    finer = FINER if height * width <= AT_ONCE else 1
    # in fixed point of four bits; points are the middles of pixels, and the edge runs half a pixel outside of them
    outline = np.concatenate([bridge.edge, bridge.rest]) - (left, top)
    fine = np.zeros((height * finer, width * finer), np.uint8)
    corners = np.round(((outline + 0.5) * finer - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(fine, [corners], 255, cv2.LINE_8, 4)
    near = np.concatenate([corners[-TAIL:], corners[: len(bridge.edge) + TAIL]])
    cv2.polylines(fine, [near], False, 255, finer, cv2.LINE_8, 4)
    inside = fine.reshape(height, finer, width, finer).mean((1, 3))
    between = np.zeros((height, width), np.uint8)
    loop = np.round((np.concatenate([bridge.guess, bridge.edge[::-1]]) - (left, top)) * 16).astype(np.int32)
    cv2.fillPoly(between, [loop], 1, cv2.LINE_8, 4)
    cv2.polylines(between, [loop], True, 1, 3, cv2.LINE_8, 4)
    here = (between > 0) & ~ink[view]
    coverage[view][here] = np.where(inside >= 128, 255, 0)[here] if sharp else np.round(inside[here])
