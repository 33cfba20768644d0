"""Synthetic drawings with their coverage: an endless, seeded world of shapes to learn from.

`drawing(seed, index)` is a pure function: the same seed and index give the same bytes, whichever
process asks and in whatever order. The truth follows one rule, the one people expect of a bucket
that does not leak: ink is covered, and so is everything that the ink encloses or was meant to
enclose. Ink that encloses nothing (dots, tails, handles' outsides, letters beside the shape) covers
only itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as FilePath

import cv2
import numpy as np
from numpy.typing import NDArray

from polycolor_cli.data import illustrations, lineart, shapes, wear
from polycolor_cli.data.shapes import TAU
from polycolor_cli.data.strokes import Canvas, Hand, Path, box_around, tremble, walk

Rng = np.random.Generator

_WORDS = (
    "A",
    "B",
    "C",
    "D",
    "E",
    "F",
    "G",
    "H",
    "K",
    "M",
    "P",
    "Q",
    "R",
    "S",
    "2",
    "3",
    "4",
    "5",
    "6",
    "8",
    "9",
    "i",
    "in",
    "ok",
    "3D",
    "8K",
    "?",
    "!",
    "%",
    "&",
    "+",
    "x",
)


@dataclass
class Drawing:
    """A drawing and its truth: `picture` uint8 (H, W) gray, `coverage`, `border` and `gaps` uint8 (h, w) 0..255.

    border is where lines run or were meant to run, gaps included; gaps is the part of it without ink. The picture is
    `shrink` times as large as the truth in each direction, and drawn with that much more detail.
    """

    picture: NDArray[np.uint8]
    coverage: NDArray[np.uint8]
    border: NDArray[np.uint8]
    gaps: NDArray[np.uint8]
    shrink: int = 1


@dataclass(frozen=True)
class World:
    """What there is to draw, and what happens to drawings: tables of kinds and how often each comes.

    illustrations: a file of `polycolor_cli.data.illustrations`, whose line art is drawn too, or none.
    steady: every hand draws what it means; whole: no outline has gaps rubbed into it; art_alone: there are
    illustrations and nothing else.
    """

    shapes: shapes.Kinds
    wear: wear.Kinds
    illustrations: FilePath | None = None
    steady: bool = False
    whole: bool = False
    art_alone: bool = False


TAUGHT = World(shapes.SHAPES, wear.KINDS, illustrations.CORPUS)
"""The world that training draws from; `unseen.WORLD` is the one that validation draws from."""


@dataclass
class Pen:
    """What one drawer uses on one page: line width in picture pixels, a hand, shapes, and a habit.

    No line is thinner than `finest`.
    """

    width: float
    hand: Hand
    shape: Callable[[Rng], Path] = shapes.outline
    finest: float = 0.6
    dashes: float = 0.0
    outlines: list[tuple[Path, float]] | None = None
    art: FilePath | None = None

    def line(self, canvas: Canvas, path: Path, closed: bool = False, thinner: float = 1.0) -> None:
        width = max(self.finest, self.width * thinner)
        if closed:
            canvas.fill(path)
        if not self.dashes:
            canvas.stroke(path, width, closed)
            return
        canvas.mean(path, width, closed)
        # widths count: the round ends of a dash eat into the gap
        points = walk(path, 1.0, closed)
        on, off = self.dashes * width + 1, width + (0.5 + 0.3 * self.dashes) * width + 1
        for start in np.arange(0, len(points), on + off):
            canvas.stroke(points[int(start) : int(start + on) + 1], width)

    def outline(self, canvas: Canvas, rng: Rng, contour: Path, solid: bool = False) -> None:
        """Draw a shape's outline with this hand, and mark what it means to enclose."""
        radius = float(np.abs(contour - contour.mean(0)).max())
        strokes, regions = self.hand.draw(rng, contour, radius)
        for region in regions:
            canvas.fill(region, ink=solid)
            canvas.mean(region, max(self.finest, self.width), closed=True)
        for path, closed in strokes:
            self.line(canvas, path, closed)
        if self.outlines is not None:
            self.outlines += [(path, self.width) for path, _ in strokes]


def _place(contour: Path, centre: NDArray, radius: float) -> Path:
    return contour * radius + centre


def _mark(canvas: Canvas, rng: Rng, pen: Pen, at: NDArray, size: float) -> None:
    """A small thing at `at`: a dot, a bar, an arc, a squiggle, a letter, a little shape."""
    kind, turn = rng.integers(7), rng.uniform(0, TAU)
    way = np.array([np.cos(turn), np.sin(turn)]) if rng.random() < 0.6 else np.eye(2)[rng.integers(2)]
    thinner = rng.uniform(0.5, 1.1)
    if kind == 0:
        canvas.dot(at, min(size, max(pen.width * rng.uniform(0.5, 1.2), 0.5)))
    elif kind == 1:
        pen.line(canvas, np.stack([at - way * size, at + way * size]), thinner=thinner)
    elif kind == 2:
        arc = turn + np.linspace(0, rng.uniform(0.8, 2.9), 16)
        pen.line(canvas, at + size * np.stack([np.cos(arc), np.sin(arc)], 1), thinner=thinner)
    elif kind == 3:
        pen.line(canvas, at + rng.uniform(-size, size, (int(rng.integers(3, 6)), 2)), thinner=thinner)
    elif kind == 4:
        word = str(rng.choice(_WORDS))
        canvas.text(word, at + [-size * 0.5 * len(word), size * 0.7], size * 1.4, pen.width * thinner)
    elif kind == 5:
        pen.line(canvas, _place(pen.shape(rng), at, size), True, thinner)
    else:
        canvas.fill(_place(pen.shape(rng), at, size * 0.7), ink=True)


def _details(canvas: Canvas, rng: Rng, pen: Pen, contour: Path) -> None:
    """Ink inside an outline: marks, dividing lines, hatching, an inner outline."""
    centre = contour.mean(0)
    radius = float(np.abs(contour - centre).max())
    kind = rng.random()
    if kind < 0.5:
        for _ in range(int(rng.integers(1, 6))):
            toward = contour[rng.integers(len(contour))]
            at = centre + (toward - centre) * rng.uniform(0, 0.55)
            _mark(canvas, rng, pen, at, radius * rng.uniform(0.06, 0.4))
    elif kind < 0.7:
        for _ in range(int(rng.integers(1, 4))):
            a, b = contour[rng.integers(len(contour), size=2)]
            canvas.mean(np.stack([a, b]), pen.width)
            if rng.random() < 0.4:
                a, b = _stopped_short(rng, a, b, pen.width * rng.uniform(1, 3.5, 2) + 0.02 * radius)
            pen.line(canvas, np.stack([a, b]), thinner=rng.uniform(0.5, 1.0))
    elif kind < 0.8:
        planes = canvas.ink, canvas.meant
        before = [plane.copy() for plane in planes]
        for plane in planes:
            plane[:] = 0
        step = max(radius * rng.uniform(0.12, 0.4), 2.5 * pen.width)
        slope = rng.uniform(-1, 1)
        for y in np.arange(-2 * radius, 2 * radius, step):
            ends = np.array([[-2 * radius, y - slope * radius], [2 * radius, y + slope * radius]])
            pen.line(canvas, centre + ends, thinner=0.6)
        inside = np.zeros_like(canvas.ink)
        cv2.fillPoly(inside, [np.round(contour * canvas.scale).astype(np.int32)], 255)
        for plane, old in zip(planes, before, strict=True):
            plane[:] = (plane & inside) | old
    else:
        pen.line(canvas, centre + (contour - centre) * rng.uniform(0.4, 0.85), True, rng.uniform(0.5, 1.0))


def _stopped_short(rng: Rng, a: NDArray, b: NDArray, by: NDArray) -> tuple[NDArray, NDArray]:
    """The ends of a line that does not arrive at what it was meant to meet, mostly at its first end; by: pixels."""
    first, last = by / max(float(np.hypot(*(b - a))), 1e-6) * (rng.random(2) < [0.8, 0.4])
    return (a + first * (b - a), b - last * (b - a)) if first + last < 0.6 else (a, b)


def _loose(canvas: Canvas, rng: Rng, pen: Pen, contour: Path) -> None:
    """Ink beside an outline that encloses nothing, or a handle that does."""
    centre = contour.mean(0)
    radius = float(np.abs(contour - centre).max())
    kind = rng.random()
    rim = int(rng.integers(len(contour)))
    outward = contour[rim] - centre
    outward = outward / max(float(np.hypot(*outward)), 1e-6)
    clear = pen.width * rng.uniform(1.6, 3) + 1.5
    if kind < 0.3:
        for _ in range(int(rng.integers(1, 5))):
            size = radius * rng.uniform(0.05, 0.35)
            far = clear + size + radius * rng.uniform(0, 0.5)
            turned = outward * far
            _mark(canvas, rng, pen, contour[int(rng.integers(len(contour)))] + turned, size)
    elif kind < 0.55:
        # a stretch of the outline again, a little farther out: echoes, handles, the card behind
        points = walk(centre + (contour - centre) * (1 + clear / radius + rng.uniform(0, 0.3)), 2.0)
        length = int(len(points) * rng.uniform(0.08, 0.55))
        pen.line(canvas, np.roll(points, -int(rng.integers(len(points))), 0)[: max(2, length)])
    elif kind < 0.7:
        end = contour[rim] + outward * radius * rng.uniform(0.2, 0.8)
        bend = (contour[rim] + end) / 2 + rng.normal(0, 0.15 * radius, 2)
        pen.line(canvas, np.stack([contour[rim], bend, end]))
        if rng.random() < 0.4:
            back = rng.uniform(0.15, 0.35) * radius
            sides = [end - outward * back + s * back * np.array([-outward[1], outward[0]]) for s in (1, -1)]
            pen.line(canvas, np.stack([sides[0], end, sides[1]]))
    elif kind < 0.82:
        n = int(rng.integers(4, 13))
        near, far = 1 + clear / radius, 1 + clear / radius + rng.uniform(0.15, 0.4)
        for k in range(n):
            ray = contour[k * len(contour) // n] - centre
            pen.line(canvas, np.stack([centre + ray * near, centre + ray * far]))
    elif kind < 0.92:
        size = radius * rng.uniform(0.2, 0.5)
        ring = contour[rim] + size * np.stack([np.cos(np.arange(32) / 5), np.sin(np.arange(32) / 5)], 1)
        pen.line(canvas, ring, True)
    else:
        low = float(contour[:, 1].max()) + (clear if rng.random() < 0.6 else 0.0)
        x = centre[0] + radius * np.sort(rng.uniform(-1.5, 1.5, 2))
        pen.line(canvas, np.array([[x[0], low], [x[1], low]]))


def _one(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """One shape, often with details inside and loose ink beside it."""
    size = np.array([canvas.width, canvas.height])
    radius = rng.uniform(0.22, 0.48) * size.min()
    slack = np.maximum(size / 2 - radius - pen.width / 2, 0)
    centre = size / 2 + rng.uniform(-1, 1, 2) * (slack if rng.random() < 0.86 else slack + radius * 0.6)
    stretch = np.where(size > size.min(), rng.uniform(1, size / size.min()), 1)
    contour = _place(pen.shape(rng) * stretch, centre, radius)
    pen.outline(canvas, rng, contour)
    if rng.random() < 0.4:
        _details(canvas, rng, pen, contour)
    if rng.random() < 0.35:
        for _ in range(int(rng.integers(1, 4))):
            _loose(canvas, rng, pen, contour)


def _sketch(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """One simple shape and nothing else, drawn with a finger by somebody in a hurry."""
    pen.hand = Hand.careless(rng) if rng.random() < 0.8 else pen.hand
    pen.width = max(pen.width, pen.finest, rng.uniform(0.01, 0.05) * min(canvas.width, canvas.height))
    simple = (shapes.triangle, shapes.rectangle, shapes.rectangle, shapes.quadrilateral, shapes.ellipse)
    contour = simple[rng.integers(len(simple))](rng)
    # some so narrow that hardly any paper is left between the lines
    narrow = rng.uniform(0.04, 0.2) if rng.random() < 0.25 else rng.uniform(0.15, 1)
    # most people draw a box along the edges of their page
    along = rng.integers(4) * TAU / 4 + rng.normal(0, rng.choice([0.0, 0.05]))
    contour = shapes.turned(contour * [1, narrow], along if rng.random() < 0.6 else rng.uniform(0, TAU))
    size = np.array([canvas.width, canvas.height])
    reach = np.abs(contour).max(0)
    radius = rng.uniform(0.5, 0.95) * float(((size / 2 - pen.width) / reach).min())
    centre = size / 2 + rng.uniform(-1, 1, 2) * np.maximum(size / 2 - pen.width - radius * reach, 0)
    pen.outline(canvas, rng, _place(contour, centre, radius))


def _page(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """Several shapes, small and apart, or close with a channel between them."""
    cells = int(rng.integers(2, 5 if min(canvas.width, canvas.height) >= 96 else 4))
    cell = np.array([canvas.width, canvas.height]) / cells
    pen.width = min(pen.width, 0.1 * float(cell.min()))
    crowded = rng.uniform(0.25, 0.5)
    for row in range(cells):
        for column in range(cells):
            if rng.random() < 0.3:
                continue
            radius = crowded * rng.uniform(0.7, 1.0) * float(cell.min()) - pen.width
            slack = np.maximum(cell / 2 - radius - pen.width, 0)
            centre = (np.array([column, row]) + 0.5) * cell + rng.uniform(-1, 1, 2) * slack
            if rng.random() < 0.15:
                _mark(canvas, rng, pen, centre, radius * 0.5)
                continue
            contour = _place(pen.shape(rng), centre, max(radius, 2.5))
            pen.outline(canvas, rng, contour)
            if rng.random() < 0.15:
                _details(canvas, rng, pen, contour)


def _hidden(canvas: Canvas, contour: Path, fronts: list[Path]) -> float:
    """Share of an outline that other shapes lie upon."""
    front = Canvas(canvas.width, canvas.height, 1)
    for other in fronts:
        front.fill(other)
    x, y = np.clip(walk(contour, 1.0), 0, [canvas.width - 1, canvas.height - 1]).astype(int).T
    return float((front.region[y, x] > 0).mean())


def _composition(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """Shapes that overlap: all lines drawn, the front one hiding the others, or one silhouette."""
    size = np.array([canvas.width, canvas.height])
    n = int(rng.integers(2, 5))
    spread = rng.uniform(0.1, 0.28) * size
    contours = [
        _place(
            pen.shape(rng),
            size / 2 + rng.uniform(-1, 1, 2) * spread,
            rng.uniform(0.12, 0.33) * float(size.min()),
        )
        for _ in range(n)
    ]
    how = rng.random()
    if how < 0.25:
        for contour in contours:
            pen.outline(canvas, rng, contour)
    elif how < 0.7:
        # a margin lets the hidden outline end in the open beside the one in front; where little is
        # hidden that would be no more than a gap
        margin = pen.width * rng.uniform(1.7, 3) + 1.5 if rng.random() < 0.6 else 0.0
        for k, contour in enumerate(contours):
            if margin and _hidden(canvas, contour, contours[k + 1 :]) > 0.4:
                canvas.clear(contour, margin)
                pen.line(canvas, np.concatenate([contour, contour[:1]]))
            else:
                canvas.clear(contour, margin)
                pen.outline(canvas, rng, contour)
    else:
        whole = Canvas(canvas.width, canvas.height, canvas.scale)
        for contour in contours:
            whole.fill(contour)
        found, _ = cv2.findContours(whole.region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
        for edge in found:
            if len(edge) > 6:
                pen.outline(canvas, rng, (edge[:, 0].astype(float) + 0.5) / canvas.scale)
    if rng.random() < 0.35:
        _details(canvas, rng, pen, contours[-1])
    if rng.random() < 0.35:
        _loose(canvas, rng, pen, contours[0])


def _clear_of(contour: Path, fronts: list[Path], margin: float, canvas: Canvas) -> list[Path]:
    """The pieces of an outline that come no nearer than `margin` pixels to the shapes upon it."""
    hidden = Canvas(canvas.width, canvas.height, 1)
    for front in fronts:
        hidden.fill(front)
        hidden.stroke(front, 2 * margin, closed=True)
    points = walk(contour, 1.0)
    x, y = np.clip(points, 0, [canvas.width - 1, canvas.height - 1]).astype(int).T
    free = (hidden.ink | hidden.region)[y, x] == 0
    if free.all() or not free.any():
        return [points] if free.any() else []
    start = int(np.flatnonzero(~free)[0])
    points, free = np.roll(points, -start, 0), np.roll(free, -start)
    ends = np.flatnonzero(np.diff(free)) + 1
    return [piece for piece in np.split(points, ends)[1::2] if len(piece) > 1]


def _stack(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """The same shape again and again, each a little aside and behind the next: cards, copies, shadows.

    What is left of those behind ends in the open, cut off or with round ends, and encloses nothing; or it runs up
    to the one in front.
    """
    size = np.array([canvas.width, canvas.height])
    n = int(rng.integers(2, 4))
    turn, apart = rng.choice([rng.uniform(0, TAU), (rng.integers(8) + 0.5) * TAU / 4]), rng.uniform(0.12, 0.9)
    radius = float(size.min()) * rng.uniform(0.25, 0.42) / (1 + apart * (n - 1) / 2)
    aside = radius * apart * np.array([np.cos(turn), np.sin(turn)])
    contour = _place(pen.shape(rng), size / 2 - aside * (n - 1) / 2, radius)
    moves = [contour + aside * k for k in range(n)]
    if rng.random() < 0.5:
        margin = pen.width * rng.uniform(1.2, 2.4) + 0.5
        for k, moved in enumerate(moves[:-1]):
            for piece in _clear_of(moved, moves[k + 1 :], margin, canvas):
                pen.line(canvas, piece)
        pen.outline(canvas, rng, moves[-1])
        return
    margin = pen.width * rng.uniform(1.0, 2.2) + 1 if rng.random() < 0.75 else 0.0
    for k, moved in enumerate(moves):
        canvas.clear(moved, margin)
        if margin and k < n - 1:
            pen.line(canvas, np.concatenate([moved, moved[:1]]))
        else:
            pen.outline(canvas, rng, moved)


def _rings(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """One outline within another, and another: rings, targets, frames, bands."""
    size = np.array([canvas.width, canvas.height])
    radius = rng.uniform(0.25, 0.48) * float(size.min())
    centre = size / 2 + rng.uniform(-1, 1, 2) * np.maximum(size / 2 - radius, 0)
    contour = pen.shape(rng)
    n = int(rng.integers(2, 6))
    shrinks = np.cumprod(np.r_[1.0, rng.uniform(0.4, 0.9) ** rng.uniform(0.7, 1.4, n - 1)])
    for shrink in shrinks:
        if rng.random() < 0.15:
            contour = pen.shape(rng)
        if shrink * radius > 2 * pen.width + 1:
            pen.outline(canvas, rng, _place(contour * shrink, centre, radius))


def _illustration(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """The line art of one illustration, or of two, one in front of the other."""
    if pen.art is None:
        return _one(canvas, rng, pen)
    corpus = illustrations.load(pen.art)
    least = float(min(canvas.width, canvas.height))
    pen.width = max(pen.finest, float(np.clip(pen.width, 0.006 * least, 0.036 * least)))
    both = rng.random() < 0.12
    for _ in range(2 if both else 1):
        share = (0.35, 0.7) if both else (0.5, 0.99)
        one = corpus[rng.integers(len(corpus))]
        place = lineart.placed(rng, one, canvas.width, canvas.height, share)
        style = lineart.Style.sample(rng, min(pen.hand.wobble, 0.02) * least * 0.3)
        drawn: list[Path] = []

        def line(path: Path, drawn: list[Path] = drawn) -> None:
            pen.line(canvas, path)
            drawn.append(path)

        lineart.draw(canvas, rng, one, place, pen.width, line, style)
        if pen.outlines is not None and rng.random() < 0.35:
            # pieces may be rubbed out of these too
            pen.outlines += [(path, pen.width) for path in drawn if len(path) > 8]
        if rng.random() < 0.2:
            found, _ = cv2.findContours(canvas.region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
            largest = max(found, key=cv2.contourArea, default=np.zeros((0, 1, 2)))
            for _ in range(int(rng.integers(1, 3)) if len(largest) > 6 else 0):
                _loose(canvas, rng, pen, (largest[:, 0].astype(float) + 0.5) / canvas.scale)
    if rng.random() < 0.2:
        for _ in range(int(rng.integers(1, 4))):
            at = rng.uniform(0.05, 0.95, 2) * [canvas.width, canvas.height]
            _mark(canvas, rng, pen, at, least * rng.uniform(0.01, 0.06))


def _solid(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """A shape already blacked in, sometimes with white lines or holes inside."""
    size = np.array([canvas.width, canvas.height])
    radius = rng.uniform(0.2, 0.46) * float(size.min())
    centre = size / 2 + rng.uniform(-1, 1, 2) * np.maximum(size / 2 - radius, 0)
    contour = _place(pen.shape(rng), centre, radius)
    pen.outline(canvas, rng, contour, solid=True)
    for _ in range(int(rng.integers(0, 3))):
        at = centre + rng.uniform(-0.4, 0.4, 2) * radius
        if rng.random() < 0.5:
            canvas.stroke(np.stack([at, centre + rng.uniform(-0.4, 0.4, 2) * radius]), pen.width, erase=True)
        else:
            canvas.dot(at, radius * rng.uniform(0.05, 0.3), erase=True)


def _scribbles(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """Open strokes only: nothing here is a shape, and only the ink itself is covered."""
    size = np.array([canvas.width, canvas.height])
    for _ in range(int(rng.integers(1, 6))):
        at = rng.uniform(0.15, 0.85, 2) * size
        _mark(canvas, rng, pen, at, float(size.min()) * rng.uniform(0.08, 0.35))


def _lines(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """Lines that are no outline: crosses, lattices, spirals, waves, branches, matchstick men, letters.

    Only ink is covered, and what it encloses by itself, as the middle of a lattice.
    """
    size = np.array([canvas.width, canvas.height])
    radius = rng.uniform(0.2, 0.46) * float(size.min())
    centre = size / 2 + rng.uniform(-1, 1, 2) * np.maximum(size / 2 - radius, 0)
    turn = rng.integers(4) * TAU / 4 if rng.random() < 0.5 else rng.uniform(0, TAU)
    shake = rng.uniform(0, 0.03) if rng.random() < 0.5 else 0.0
    pen.dashes, pen.width = 0.0, min(pen.width, 0.3 * radius)

    def line(*points: tuple[float, float]) -> None:
        path = walk(shapes.turned(np.array(points, float), turn) * radius, 2.0, closed=False)
        pen.line(canvas, centre + path + tremble(rng, len(path), shake * radius))

    kind = rng.integers(7)
    if kind == 0:
        for angle in np.linspace(0, np.pi, int(rng.integers(2, 5)), endpoint=False) + rng.normal(0, 0.15):
            way = np.array([np.cos(angle), np.sin(angle)])
            aside = rng.normal(0, 0.08, 2)
            line(tuple(aside - rng.uniform(0.4, 1) * way), tuple(aside + rng.uniform(0.4, 1) * way))
    elif kind == 1:
        for across in (False, True):
            for at in np.linspace(-0.6, 0.6, int(rng.integers(1, 4))) * rng.uniform(0.5, 1):
                ends = (at + rng.normal(0, 0.04), -rng.uniform(0.8, 1)), (at + rng.normal(0, 0.04), rng.uniform(0.8, 1))
                line(*(end[::-1] if across else end for end in ends))
    elif kind == 2:
        turns = np.linspace(0, rng.uniform(1.3, 5) * TAU, 200)
        out = (turns / turns[-1]) ** rng.uniform(0.6, 1.6) * 0.95 + 0.05
        line(*np.stack([out * np.cos(turns), out * np.sin(turns) * rng.uniform(0.6, 1)], 1))
    elif kind == 3:
        along = np.linspace(-1, 1, 80)
        wave = rng.choice([0.0, rng.uniform(0.05, 0.3)]) * np.sin(along * rng.uniform(2, 20) + rng.uniform(0, TAU))
        for at in np.linspace(-0.7, 0.7, int(rng.integers(1, 5))) * rng.uniform(0.3, 1):
            line(*np.stack([along * rng.uniform(0.7, 1), wave + at], 1))
    elif kind == 4:
        line((0, -1), (0, 1))
        for at in np.linspace(-0.9, rng.uniform(0, 0.9), int(rng.integers(2, 7))):
            rise, reach = rng.choice([0.0, rng.uniform(0.1, 0.6)]), rng.uniform(0.3, 0.9)
            for side in (-1, 1) if rng.random() < 0.6 else (rng.choice([-1, 1]),):
                line((0, at), (side * reach, at - rise))
    elif kind == 5:
        head = 0.24 * np.stack([np.cos(np.arange(32) / 32 * TAU), np.sin(np.arange(32) / 32 * TAU)], 1) - [0, 0.75]
        pen.outline(canvas, rng, centre + head * radius)
        turn = 0.0
        hip, hand = rng.uniform(0.1, 0.35), rng.uniform(-0.5, 0.3)
        line((0, -0.5), (0, hip))
        for side in (-1, 1):
            line((0, hip), (side * rng.uniform(0.15, 0.5), 1))
            line((0, -0.3), (side * rng.uniform(0.3, 0.7), hand))
    else:
        word = str(rng.choice(list("EFHKNSTWXYZ123457=+*#")))
        canvas.text(word, centre + [-0.7 * radius, 0.8 * radius], 1.6 * radius, pen.width)


def _nothing(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """An empty page, or no page at all: what is drawn of it is decided with the gray."""


SCENES: dict[str, tuple[Callable[[Canvas, Rng, Pen], None], float]] = {
    "one": (_one, 0.07),
    "sketch": (_sketch, 0.1),
    "page": (_page, 0.06),
    "composition": (_composition, 0.06),
    "stack": (_stack, 0.06),
    "rings": (_rings, 0.11),
    "illustration": (_illustration, 0.41),
    "solid": (_solid, 0.03),
    "scribbles": (_scribbles, 0.03),
    "lines": (_lines, 0.03),
    "nothing": (_nothing, 0.04),
}
"""Each kind of scene by name, with how often it comes."""

_SCENE_NAMES = list(SCENES)
_SCENE_SHARE = np.array([share for _, share in SCENES.values()])


def _rub_out(canvas: Canvas, rng: Rng, outlines: list[tuple[Path, float]], least: float) -> None:
    """One to four gaps: through an outline, as wide as a few line widths at most, or a bite out of it."""
    for _ in range(int(rng.integers(1, 5))):
        path, width = outlines[rng.integers(len(outlines))]
        points = walk(path, 1.0, closed=False)
        at = points[rng.integers(len(points))]
        kind = rng.random()
        if kind < 0.45:
            at = at + rng.normal(0, 0.2 * width, 2)
            radius = width * rng.uniform(0.5, 1.4) + rng.uniform(0, 0.03) * least
        else:
            turn = rng.uniform(0, TAU)
            at = at + width * rng.uniform(0.3, 0.8) * np.array([np.cos(turn), np.sin(turn)])
            radius = width * rng.uniform(0.35, 1.0) if kind < 0.75 else rng.uniform(0.02, 0.07) * least
        canvas.dot(at, min(radius, 0.09 * least), erase=True)


def _ink_to_gray(rng: Rng, ink: NDArray[np.float32], plain: bool) -> NDArray[np.float32]:
    """Ink (0..1) on paper as gray 0..255: black on white, or a pencil, a crayon, a marker."""
    if plain:
        return 255 * (1 - ink)
    paper, dark = rng.uniform(150, 255), rng.uniform(0, 120)
    dark = min(dark, paper - rng.uniform(35, 90))
    kind = rng.random()
    if kind < 0.2:
        # crayon and chalk catch only the peaks of the paper
        tooth = cv2.GaussianBlur(rng.random(ink.shape, np.float32), (0, 0), rng.uniform(0.5, 1.6))
        tooth = (tooth - tooth.mean()) / (tooth.std() + 1e-6)
        ink = ink * np.clip(tooth * 1.5 + rng.uniform(0.1, 1.5), rng.choice([0.0, 0.15]), 1)
    elif kind < 0.28:
        # a marker is paler in the middle of its line than at the edges, where the ink pools
        middle = np.clip(2 * cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.8, 2.5)) - 1, 0, 1)
        ink = ink * (1 - rng.uniform(0.2, 0.6) * middle)
    elif kind < 0.45:
        # pressure and drying ink vary along the line
        ink = ink * (1 - rng.uniform(0.1, 0.7) * wear.clouds(rng, ink.shape, int(rng.integers(2, 9))))
    return paper + (dark - paper) * ink


def _on_surface(rng: Rng, ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ink on something that is no paper: wood, stone, a wall, a pavement, whatever a photograph shows."""
    ground = _gravel(rng, ink.shape) if rng.random() < 0.3 else _photograph(rng, ink.shape)
    low, high = np.percentile(ground, [2, 98])
    span = rng.uniform(20, 110)
    ground = np.clip((ground - low) / max(high - low, 1.0), -0.2, 1.2) * span
    # the ink stands out from most of it, not from all
    if rng.random() < 0.6:
        dark, light = rng.uniform(10, 110), rng.uniform(205, 255)
    else:
        dark, light = rng.uniform(245 - span, 255 - 0.5 * span), rng.uniform(0, 50)
    ground = ground + dark
    tooth = np.clip(1 + rng.normal(0, 0.2) * rng.standard_normal(ink.shape).astype(np.float32), 0.3, 1)
    return (ground + (np.float32(light) - ground) * ink * tooth).astype(np.float32)


def _gravel(rng: Rng, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Pebbles of all sizes in sand: asphalt, plaster, a garden path."""
    least = min(shape)
    gray = 40 * _natural(rng, shape, rng.uniform(0.3, 1.2))
    largest, spread = rng.uniform(0.02, 0.16) * least, rng.uniform(20, 90)
    for _ in range(int(rng.integers(40, 260))):
        size = np.maximum(largest * rng.uniform(0.1, 1) ** 1.5 * rng.uniform(0.4, 1, 2), 0.6)
        at, turn = rng.uniform(0, 1, 2) * shape[::-1], rng.uniform(0, 360)
        cv2.ellipse(gray, (tuple(at), tuple(2 * size), turn), float(rng.normal(0, spread)), -1, cv2.LINE_AA)
    gray = cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.3, 1.0))
    return gray + rng.uniform(1, 10) * rng.standard_normal(shape, np.float32)


def _viewpoint(rng: Rng, width: int, height: int) -> NDArray[np.float64]:
    """The homography (3, 3) of a page photographed at a slant; pixels of the flat page to pixels of the photo."""
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    slant = rng.uniform(-0.14, 0.14, (4, 2)) * [width, height]
    return cv2.getPerspectiveTransform(flat, (flat + slant).astype(np.float32))


def _desk(rng: Rng, gray: NDArray[np.float32], page: NDArray[np.float32]) -> NDArray[np.float32]:
    """What lies around a photographed page; page: float32 (H, W), 1 on it and 0 beside it."""
    desk = rng.uniform(20, 230) + rng.uniform(0, 40) * (wear.clouds(rng, gray.shape, int(rng.integers(2, 12))) - 0.5)
    return (desk + (gray - desk) * page).astype(np.float32)


def _natural(rng: Rng, shape: tuple[int, int], slope: float) -> NDArray[np.float32]:
    """A random field of mean 0 and deviation 1 whose amplitudes fall as 1 / frequency ** slope.

    Natural images have slopes near 1 (Field, "Relations between the statistics of natural images and
    the response properties of cortical cells", JOSA A 1987).
    """
    h, w = shape
    frequency = np.hypot(np.fft.fftfreq(h)[:, None] * h, np.arange(w // 2 + 1)).astype(np.float32)
    wave = np.fft.rfft2(rng.standard_normal(shape, np.float32)) / np.maximum(frequency, 1) ** slope
    wave[0, 0] = 0
    field = np.fft.irfft2(wave, shape).astype(np.float32)
    return field / (field.std() + np.float32(1e-6))


def _leaf(rng: Rng, shape: tuple[int, int], radius: float) -> NDArray[np.uint8]:
    """1 where some shape of that radius lies, somewhere in the picture."""
    mask = np.zeros(shape, np.uint8)
    path = _place(shapes.outline(rng), rng.uniform(0, 1, 2) * shape[::-1], radius)
    cv2.fillPoly(mask, [np.round(path).astype(np.int32)], 1)
    return mask


def _photograph(rng: Rng, shape: tuple[int, int]) -> NDArray[np.float32]:
    """A picture of no drawing: noise, clouds and grass, things of all sizes upon each other, or a few large ones.

    Things of all sizes are dead leaves (Lee, Mumford and Huang, "Occlusion Models for Natural Images",
    IJCV 2001): shapes whose sizes follow a power law, each with its own shading and grain.
    """
    kind, least = rng.random(), min(shape)
    if kind < 0.2:
        noise = rng.standard_normal(shape, np.float32)
        if rng.random() < 0.3:
            noise = 3.4 * rng.random(shape, np.float32) - np.float32(1.7)
        return rng.uniform(60, 200) + rng.uniform(25, 90) * cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.1, 2.5))
    gray = rng.uniform(40, 220) + rng.uniform(10, 60) * _natural(rng, shape, rng.uniform(0.7, 2))
    if kind < 0.6:
        for _ in range(int(rng.integers(60, 240))):
            shade, contrast = rng.uniform(0, 255), rng.uniform(0, 120)
            clouds = wear.clouds(rng, shape, int(rng.integers(1, 4)))
            leaf = _leaf(rng, shape, 0.03 * least * rng.uniform(0.02, 1) ** -0.55)
            part = box_around(leaf)
            np.copyto(gray[part], shade + contrast * (clouds[part] - 0.5), where=leaf[part].view(np.bool_))
    elif kind < 0.85:
        for _ in range(int(rng.integers(2, 12))):
            light = rng.uniform(0, 150) * (wear.clouds(rng, shape, int(rng.integers(1, 3))) - 0.5)
            skin = rng.uniform(0, 255) + light + rng.uniform(0, 30) * _natural(rng, shape, rng.uniform(0.3, 1.5))
            mask = _leaf(rng, shape, rng.uniform(0.08, 0.6) * least).astype(np.float32)
            mask = cv2.GaussianBlur(mask, (0, 0), float(rng.choice([0.5, rng.uniform(0.5, 4)])))
            gray = gray + (skin - gray) * mask
    return cv2.GaussianBlur(gray.astype(np.float32), (0, 0), rng.uniform(0.3, 1.5))


def drawing(seed: int, index: int, size: tuple[int, int] = (128, 128), world: World = TAUGHT) -> Drawing:
    """Draw number `index` of a world's drawings under `seed`.

    Parameters: `size` is (height, width) of the coverage, in pixels, at least 16 each.
    Returns a Drawing; its picture is the same size, or twice or four times as large.
    """
    rng = np.random.default_rng([seed, index])
    height, width = size
    least = min(size)
    aliased = rng.random() < 0.24
    style = rng.random()
    shrink = 1 if aliased or style > 0.3 else (2 if style > 0.06 or least > 160 else 4)
    # small pictures are enlarged before the network sees them
    enlarged = 1
    if shrink == 1 and least >= 96 and style > (0.86 if least < 256 else 0.78):
        enlarged = int(rng.integers(2, 5 if least < 256 else 6))
    fine = 4 if least <= 100 else 3 if least <= 140 else 2
    scale = 1 if aliased and enlarged == 1 else max(shrink, fine)

    scene, _ = SCENES[_SCENE_NAMES[rng.choice(len(_SCENE_NAMES), p=_SCENE_SHARE)]]
    scene = _illustration if world.art_alone else scene
    # some scenes go on beyond the picture's edges
    beyond = rng.uniform(1.1, 1.8) if rng.random() < 0.06 and scene is not _nothing else 1.0
    canvas = Canvas(round(width * beyond), round(height * beyond), scale)
    bold = rng.random() < 0.3
    stroke = least * (rng.uniform(0.04, 0.14) if bold else np.exp(rng.uniform(np.log(0.003), np.log(0.11))))
    finest = max(0.7 / shrink, 0.9 * (enlarged > 1) * enlarged)
    pen = Pen(
        width=float(max(stroke, finest)),
        hand=Hand() if world.steady else Hand.sample(rng),
        shape=lambda rng: shapes.outline(rng, world.shapes),
        finest=finest,
        outlines=[],
        art=world.illustrations,
    )
    if aliased and enlarged == 1:
        pen.width = float(rng.choice([1, 1, 2, 2, 3, round(max(pen.width, 1))]))
    if rng.random() < 0.08 and scene is not _page:
        pen.dashes = rng.uniform(0.2, 3)
    scene(canvas, rng, pen)
    coverage, border = canvas.coverage(), canvas.border()
    if pen.outlines and not world.whole and rng.random() < 0.6:
        _rub_out(canvas, rng, pen.outlines, float(least))
    if beyond > 1:
        x, y = (int(rng.integers(most * scale + 1)) for most in (canvas.width - width, canvas.height - height))
        part = np.s_[y : y + height * scale, x : x + width * scale]
        canvas.ink, coverage, border = canvas.ink[part], coverage[part], border[part]
    gaps = np.where(canvas.ink > 0, np.uint8(0), border)
    page = None
    slanted = not aliased and rng.random() < 0.1
    if slanted:
        slant = _viewpoint(rng, canvas.ink.shape[1], canvas.ink.shape[0])
        size_of = canvas.ink.shape[::-1]
        canvas.ink = cv2.warpPerspective(canvas.ink, slant, size_of)
        coverage, border, gaps = (cv2.warpPerspective(plane, slant, size_of) for plane in (coverage, border, gaps))
        if rng.random() < 0.4:
            page = cv2.warpPerspective(np.full_like(coverage, 255), slant, size_of)

    def at_size(plane: NDArray[np.uint8], w: int, h: int) -> NDArray[np.uint8]:
        same = plane.shape == (h, w)
        return plane if same else cv2.resize(plane, (w, h), interpolation=cv2.INTER_AREA)

    w, h = width * shrink // enlarged, height * shrink // enlarged
    ink = at_size(canvas.ink, w, h)
    if aliased:
        ink = np.where(ink > 100, np.uint8(255), np.uint8(0))
    plain = rng.random() < 0.5
    gray = _ink_to_gray(rng, ink.astype(np.float32) / np.float32(255), plain)
    if not plain and page is None and rng.random() < 0.22:
        gray = _on_surface(rng, ink.astype(np.float32) / np.float32(255))
    if page is not None:
        gray = _desk(rng, gray, at_size(page, w, h).astype(np.float32) / np.float32(255))
    if scene is _nothing and rng.random() < 0.7:
        gray = _photograph(rng, (h, w))
    if not plain or slanted or rng.random() < 0.25:
        gray = wear.wear(rng, gray, world.wear)
    if rng.random() < 0.08:
        gray = 255 - gray
    picture = np.clip(np.round(gray), 0, 255).astype(np.uint8)
    if enlarged > 1:
        smooth = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
        picture = cv2.resize(picture, (width, height), interpolation=smooth)
    coverage, border, gaps = (at_size(plane, width, height) for plane in (coverage, border, gaps))
    return Drawing(picture, coverage, border, gaps, shrink)
