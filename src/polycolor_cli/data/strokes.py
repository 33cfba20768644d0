"""How a pen moves: paths walked by a steady or an unsteady hand, and the ink they leave.

A path is a polyline (N, 2) in picture pixels. Shapes come from `shapes`, what is drawn where is
decided in `synthetic`; here is only the hand and the canvas.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator
Path = NDArray[np.float64]

_SHIFT = 4  # OpenCV's fixed-point drawing: coordinates in 1/16 of a canvas pixel


def box_around(mask: NDArray[np.uint8], margin: int = 0) -> tuple[slice, slice]:
    """The rows and columns of what is not 0 in a mask, and of all that is so near."""
    left, top, width, height = cv2.boundingRect(mask)
    rows = slice(max(top - margin, 0), top + height + margin)
    return rows, slice(max(left - margin, 0), left + width + margin)


def walk(path: Path, step: float, closed: bool = True) -> Path:
    """The same path with points every `step` pixels."""
    if closed:
        path = np.concatenate([path, path[:1]])
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(path, axis=0).T))]
    at = np.linspace(0, along[-1], max(8, int(along[-1] / step)) + 1)
    walked = np.stack([np.interp(at, along, path[:, 0]), np.interp(at, along, path[:, 1])], 1)
    return walked[:-1] if closed else walked


def tremble(rng: Rng, n: int, amplitude: float, terms: int = 5, loops: float = 1.0) -> Path:
    """A smooth random displacement (n, 2) that closes on itself after `loops` rounds."""
    s = np.arange(n) / n * loops * 2 * np.pi
    k = np.arange(1, terms + 1)
    phase = rng.uniform(0, 2 * np.pi, (2, terms, 1))
    size = rng.normal(0, amplitude, (2, terms, 1)) / np.sqrt(k)[None, :, None]
    return (size * np.sin(k[None, :, None] * s + phase)).sum(1).T


def tail(rng: Rng, path: Path, length: float) -> Path:
    """The path with its last stroke carried on by `length` pixels, bending at random."""
    heading = path[-1] - path[max(-4, -len(path))]
    angle = np.arctan2(heading[1], heading[0])
    n = max(2, int(length / 2))
    turn = angle + np.cumsum(np.full(n, rng.normal(0, 1.2) / n))
    steps = np.stack([np.cos(turn), np.sin(turn)], 1) * length / n
    return np.concatenate([path, path[-1] + np.cumsum(steps, 0)])


@dataclass
class Hand:
    """How steady a hand is; every length is a share of the shape's radius.

    wobble: size of the slow drift off the line. Then one of:
    loop: the outline is one stroke that starts and ends where it likes, short of closing by `gap`
    (or past it, where `gap` is negative), with tails; edges: each side of a polygon is a stroke of
    its own, too long or too short, or short by up to `apart` of its length at either end, so that all corners are
    open; and one is forgotten where `forgets`; again: how often the outline is drawn over once more; double: there is a
    second line inside it, this far from the first.
    """

    wobble: float = 0.0
    loop: bool = False
    edges: bool = False
    again: int = 0
    forgets: bool = False
    gap: float = 0.0
    tails: float = 0.0
    double: float = 0.0
    apart: float = 0.0

    @classmethod
    def sample(cls, rng: Rng) -> "Hand":
        kind = rng.random()
        if kind < 0.42:
            return cls()
        if kind < 0.48:
            return cls(double=rng.uniform(0.04, 0.35))
        if kind < 0.6:
            return cls(wobble=rng.uniform(0.005, 0.05))
        if kind < 0.82:
            return cls(
                wobble=rng.uniform(0.01, 0.06),
                loop=True,
                gap=float(rng.choice([rng.uniform(-0.15, 0.02), rng.uniform(-0.02, 0.12)])),
                tails=float(rng.choice([0.0, rng.uniform(0, 0.15), rng.uniform(0, 0.7)])),
            )
        if kind < 0.95:
            if rng.random() < 0.25:
                return cls(wobble=rng.uniform(0.0, 0.02), edges=True, apart=rng.uniform(0.02, 0.2))
            gap, forgets = rng.uniform(0.02, 0.16), bool(rng.random() < 0.55)
            return cls(wobble=rng.uniform(0.0, 0.03), edges=True, gap=gap, forgets=forgets)
        return cls(wobble=rng.uniform(0.01, 0.04), again=int(rng.integers(1, 4)))

    @classmethod
    def careless(cls, rng: Rng) -> "Hand":
        """A hand that leaves a simple shape wide open: a side forgotten, or ends that do not meet."""
        kind = rng.random()
        if kind < 0.35:
            # some with the same gap at every corner
            gap = float(rng.choice([0.0, rng.uniform(0.0, 0.05)]))
            return cls(edges=True, gap=gap, apart=rng.uniform(0.02, 0.22))
        if kind < 0.68:
            return cls(wobble=rng.uniform(0.0, 0.05), edges=True, gap=rng.uniform(0.02, 0.2), forgets=True)
        return cls(
            wobble=rng.uniform(0.01, 0.07),
            loop=True,
            gap=rng.uniform(-0.15, 0.25),
            tails=float(rng.choice([0.0, rng.uniform(0, 0.5)])),
        )

    def draw(self, rng: Rng, contour: Path, radius: float) -> tuple[list[tuple[Path, bool]], list[Path]]:
        """Strokes (path, closed) for an outline, and the regions the drawer meant to enclose."""
        if self.double:
            middle = contour.mean(0)
            return [(contour, True), (middle + (contour - middle) * (1 - self.double), True)], [contour]
        if self.wobble == 0 and not (self.loop or self.edges):
            return [(contour, True)], [contour]
        if self.edges and len(contour) <= 24:
            strokes = []
            # of a triangle or a box people leave a side to the imagination, of a star they do not
            forgotten = int(rng.integers(len(contour))) if self.forgets and len(contour) <= 5 else -1
            if forgotten >= 0 and rng.random() < 0.5:
                # the other sides in one go
                path = walk(np.roll(contour, -1 - forgotten, 0), 3.0, closed=False)
                return [(path + tremble(rng, len(path), self.wobble * radius), False)], [contour]
            for number, (a, b) in enumerate(zip(contour, np.roll(contour, -1, 0), strict=True)):
                if number == forgotten:
                    continue
                way = b - a
                length = max(np.hypot(*way), 1e-6)
                most = min(self.gap * radius, 0.25 * length) / length
                start, end = rng.uniform(-most, most, 2) + self.apart * rng.uniform([0.5, -1.0], [1.0, -0.5])
                aside = np.array([-way[1], way[0]]) / length * rng.normal(0, 0.25 * most * length, (2, 1))
                strokes.append((np.stack([a + start * way, b + end * way]) + aside, False))
            return strokes, [contour]
        points = walk(contour, 3.0)
        points = np.roll(points, int(rng.integers(len(points))), 0)
        n = len(points)
        shaky = points + tremble(rng, n, self.wobble * radius)
        if self.again:
            over = [points + tremble(rng, n, self.wobble * radius) for _ in range(self.again)]
            # each stroke but the first begins and ends where it likes
            ends = rng.uniform(0.85, 1.0, self.again) * n
            parts = [
                (np.roll(path, int(rng.integers(n)), 0)[: int(end)], False)
                for path, end in zip(over, ends, strict=True)
            ]
            return [(shaky, True), *parts], [shaky, *over]
        if not self.loop:
            return [(shaky, True)], [shaky]
        around = int(n * np.clip(1 - self.gap, 0.7, 1.2))
        round_and_round = points[np.arange(around) % n]
        drift = np.linspace(0, 1, around)[:, None] * rng.normal(0, 0.06 * radius, 2)
        path = round_and_round + tremble(rng, around, self.wobble * radius, loops=around / n) + drift
        meant = path[: min(n, around)]
        if self.tails and rng.random() < 0.6:
            path = tail(rng, path, rng.uniform(0, self.tails) * radius)
        if self.tails and rng.random() < 0.6:
            path = tail(rng, path[::-1], rng.uniform(0, self.tails) * radius)
        return [(path, False)], [meant]


@dataclass
class Canvas:
    """Ink, meant regions and meant lines of a drawing, `scale` canvas pixels to a picture pixel.

    All planes are uint8 (height * scale, width * scale), 0 or 255.
    """

    width: int
    height: int
    scale: int
    ink: NDArray[np.uint8] = field(init=False)
    region: NDArray[np.uint8] = field(init=False)
    meant: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self.ink = np.zeros((self.height * self.scale, self.width * self.scale), np.uint8)
        self.region = np.zeros_like(self.ink)
        self.meant = np.zeros_like(self.ink)

    def _fixed(self, path: Path) -> NDArray[np.int32]:
        # a pixel's middle is at a half here and at an integer in OpenCV
        return np.round((path * self.scale - 0.5) * (1 << _SHIFT)).astype(np.int32)

    def stroke(self, path: Path, width: float, closed: bool = False, erase: bool = False) -> None:
        """Draw (or rub out) a line of `width` picture pixels with round ends."""
        thickness = max(1, round(width * self.scale))
        colour = 0 if erase else 255
        cv2.polylines(self.ink, [self._fixed(path)], closed, colour, thickness, cv2.LINE_8, _SHIFT)

    def mean(self, path: Path, width: float, closed: bool = False) -> None:
        """Mark where a line was meant to run, whether or not it is inked there."""
        thickness = max(1, round(width * self.scale))
        cv2.polylines(self.meant, [self._fixed(path)], closed, 255, thickness, cv2.LINE_8, _SHIFT)

    def dot(self, at: NDArray, radius: float, erase: bool = False) -> None:
        """Draw (or rub out) a disc."""
        x, y = self._fixed(np.asarray(at))
        r = max(1, round(radius * self.scale * (1 << _SHIFT)))
        cv2.circle(self.ink, (int(x), int(y)), r, 0 if erase else 255, -1, cv2.LINE_8, _SHIFT)

    def fill(self, contour: Path, ink: bool = False) -> None:
        """Mark a region as meant, and black it in when `ink`."""
        cv2.fillPoly(self.region, [self._fixed(contour)], 255, cv2.LINE_8, _SHIFT)
        if ink:
            cv2.fillPoly(self.ink, [self._fixed(contour)], 255, cv2.LINE_8, _SHIFT)

    def clear(self, contour: Path, margin: float = 0.0) -> None:
        """Rub out everything within `margin` pixels of a region: what a thing in front hides."""
        for plane in (self.ink, self.region, self.meant):
            cv2.fillPoly(plane, [self._fixed(contour)], 0, cv2.LINE_8, _SHIFT)
            if margin:
                thickness = max(1, round(2 * margin * self.scale))
                cv2.polylines(plane, [self._fixed(contour)], True, 0, thickness, cv2.LINE_8, _SHIFT)

    def occlude(self, mask: NDArray[np.uint8], margin: float = 0.0) -> None:
        """Rub out lines behind a thing that is given as a mask of the canvas, and ink within `margin` pixels of it.

        What is meant to be covered stays: a thing goes on behind the one in front of it.
        """
        self.meant[mask > 0] = 0
        if margin:
            reach = round(margin * self.scale)
            # large ellipses take long, and reach no farther than this
            box = box_around(mask, reach)
            ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
            self.ink[box][cv2.dilate(np.ascontiguousarray(mask[box]), ellipse) > 0] = 0
        else:
            self.ink[mask > 0] = 0

    def text(self, word: str, at: NDArray, height: float, width: float) -> None:
        """Write a word with its lower left corner at `at`, in single strokes."""
        x, y = np.round(np.asarray(at) * self.scale).astype(int)
        cv2.putText(
            self.ink,
            word,
            (int(x), int(y)),
            cv2.FONT_HERSHEY_SIMPLEX,
            height * self.scale / 21,
            255,
            max(1, round(width * self.scale)),
        )

    def coverage(self) -> NDArray[np.uint8]:
        """What the shape covers: ink, meant regions, and all that they enclose. 0 or 255."""
        around = cv2.copyMakeBorder(self.ink | self.region, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        cv2.floodFill(around, None, (0, 0), 128)
        return np.where(around[1:-1, 1:-1] == 128, np.uint8(0), np.uint8(255))

    def border(self) -> NDArray[np.uint8]:
        """Where lines run or were meant to run. 0 or 255."""
        return self.ink | self.meant
