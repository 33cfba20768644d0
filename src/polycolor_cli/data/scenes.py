"""What is drawn on a page: one shape, several, one in front of another, illustrations, lines that are no outline."""

import itertools
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from polycolor_cli.data import illustrations, lineart, shapes
from polycolor_cli.data.marks import arrow, details, loose, mark, notes, place
from polycolor_cli.data.pen import Pen
from polycolor_cli.data.shapes import TAU
from polycolor_cli.data.strokes import Canvas, Hand, Path, tremble, walk

Rng = np.random.Generator


def _along(rng: Rng, size: NDArray) -> NDArray:
    """By how much a shape is stretched, (x, y), that fills some of an oblong page; size: (width, height)."""
    return np.where(size > size.min(), rng.uniform(1, size / size.min()), 1)


def _one(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """One shape, often with details inside and loose ink beside it."""
    size = np.array([canvas.width, canvas.height])
    radius = rng.uniform(0.22, 0.48) * size.min()
    slack = np.maximum(size / 2 - radius - pen.width / 2, 0)
    centre = size / 2 + rng.uniform(-1, 1, 2) * (slack if rng.random() < 0.86 else slack + radius * 0.6)
    contour = place(pen.shape(rng) * _along(rng, size), centre, radius)
    pen.outline(canvas, rng, contour)
    if rng.random() < 0.4:
        details(canvas, rng, pen, contour)
    if rng.random() < 0.35:
        for _ in range(int(rng.integers(1, 4))):
            loose(canvas, rng, pen, contour)


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
    contour = contour * _along(rng, size)
    reach = np.abs(contour).max(0)
    radius = rng.uniform(0.5, 0.95) * float(((size / 2 - pen.width) / reach).min())
    centre = size / 2 + rng.uniform(-1, 1, 2) * np.maximum(size / 2 - pen.width - radius * reach, 0)
    pen.outline(canvas, rng, place(contour, centre, radius))


def _page(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """Several shapes, small and apart, or close with a channel between them."""
    size = np.array([canvas.width, canvas.height])
    least = int(size.min())
    cells = np.full(2, rng.integers(2, 5 if least >= 96 else 4))
    if size.max() > 2 * least:
        # a strip, of one row or two
        cells = np.maximum(1, size * rng.integers(1, 3) * rng.uniform(0.6, 1.2) / least).astype(int)
    cell = size / cells
    pen.width = min(pen.width, 0.1 * float(cell.min()))
    crowded = rng.uniform(0.25, 0.5)
    for row in range(cells[1]):
        for column in range(cells[0]):
            if rng.random() < 0.3:
                continue
            radius = crowded * rng.uniform(0.7, 1.0) * float(cell.min()) - pen.width
            slack = np.maximum(cell / 2 - radius - pen.width, 0)
            centre = (np.array([column, row]) + 0.5) * cell + rng.uniform(-1, 1, 2) * slack
            if rng.random() < 0.15:
                mark(canvas, rng, pen, centre, radius * 0.5)
                continue
            contour = place(pen.shape(rng), centre, max(radius, 2.5))
            pen.outline(canvas, rng, contour)
            if rng.random() < 0.15:
                details(canvas, rng, pen, contour)


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
        place(
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
        details(canvas, rng, pen, contours[-1])
    if rng.random() < 0.35:
        loose(canvas, rng, pen, contours[0])


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
    contour = place(pen.shape(rng), size / 2 - aside * (n - 1) / 2, radius)
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
            pen.outline(canvas, rng, place(contour * shrink, centre, radius))


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
                beside = notes if rng.random() < 0.4 else loose
                beside(canvas, rng, pen, (largest[:, 0].astype(float) + 0.5) / canvas.scale)
    if rng.random() < 0.2:
        for _ in range(int(rng.integers(1, 4))):
            at = rng.uniform(0.05, 0.95, 2) * [canvas.width, canvas.height]
            mark(canvas, rng, pen, at, least * rng.uniform(0.01, 0.06))


def _solid(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """A shape already blacked in, sometimes with white lines or holes inside."""
    size = np.array([canvas.width, canvas.height])
    radius = rng.uniform(0.2, 0.46) * float(size.min())
    centre = size / 2 + rng.uniform(-1, 1, 2) * np.maximum(size / 2 - radius, 0)
    contour = place(pen.shape(rng), centre, radius)
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
        mark(canvas, rng, pen, at, float(size.min()) * rng.uniform(0.08, 0.35))


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


def _diagram(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """A shape with lines that explain it, or shapes with arrows from each to the next, in a row or round a corner."""
    size = np.array([canvas.width, canvas.height])
    pen.dashes = 0.0
    pen.width = min(pen.width, max(pen.finest, 0.03 * float(size.min())))
    kind = rng.random()
    if kind < 0.15:
        return _graph(canvas, rng, pen, size)
    if kind < 0.7:
        radius = rng.uniform(0.12, 0.38) * float(size.min())
        centre = size / 2 + rng.uniform(-0.5, 0.5, 2) * np.maximum(size / 2 - radius, 0)
        contour = place(pen.shape(rng), centre, radius)
        pen.outline(canvas, rng, contour)
        if rng.random() < 0.25:
            details(canvas, rng, pen, contour)
        for _ in range(int(rng.integers(1, 3))):
            notes(canvas, rng, pen, contour)
        return
    cells = np.array([rng.integers(2, 4), rng.integers(1, 4)])[:: rng.choice([-1, 1])]
    cell = size / cells
    # as a snake, so that neighbours in the chain are neighbours on the page
    columns = [range(cells[0]), range(cells[0])[::-1]]
    order = [(column, row) for row in range(cells[1]) for column in columns[row % 2]]
    order = order[: max(2, len(order) - int(rng.integers(0, 2)))]
    one, thinner = pen.shape(rng), rng.uniform(0.4, 1.0)
    share = rng.uniform(0.18, 0.4)
    centres = [(np.array(at) + 0.5) * cell for at in order]
    for at in centres:
        shape = shapes.rectangle(rng) if rng.random() < 0.4 else pen.shape(rng) if rng.random() < 0.5 else one
        pen.outline(canvas, rng, place(shape * [1, rng.uniform(0.5, 1)], at, share * float(cell.min())))
    near = share * float(cell.min()) + rng.choice([0.0, pen.width * rng.uniform(1, 4)])
    for a, b in itertools.pairwise(centres):
        way = (b - a) / max(float(np.hypot(*(b - a))), 1e-6)
        path = np.stack([a + way * near, b - way * near])
        if rng.random() < 0.8:
            arrow(canvas, pen, path, thinner, float(np.clip(4 * pen.width * thinner, 3, 0.2 * cell.min())))
        else:
            pen.line(canvas, path, thinner=thinner)


def _graph(canvas: Canvas, rng: Rng, pen: Pen, size: NDArray) -> None:
    """Nodes, and lines from each to one before it: a tree."""
    count, radius = int(rng.integers(3, 9)), float(size.min()) * rng.uniform(0.05, 0.11)
    at = rng.uniform(0.12, 0.88, (count, 2)) * size
    node, thinner = shapes.ellipse(rng, 1.0) if rng.random() < 0.6 else pen.shape(rng), rng.uniform(0.4, 1.0)
    for k in range(1, count):
        before = k - 1 if rng.random() < 0.7 else rng.integers(k)
        way = at[k] - at[before]
        long = max(float(np.hypot(*way)), 1e-6)
        if long > 2.5 * radius:
            pen.line(canvas, at[before] + np.array([[radius], [long - radius]]) / long * way, thinner=thinner)
    for middle in at:
        canvas.clear(place(node, middle, radius))
        pen.outline(canvas, rng, place(node, middle, radius))


def _nothing(canvas: Canvas, rng: Rng, pen: Pen) -> None:
    """An empty page, or no page at all: what is drawn of it is decided with the gray."""


SCENES: dict[str, tuple[Callable[[Canvas, Rng, Pen], None], float]] = {
    "one": (_one, 0.07),
    "diagram": (_diagram, 0.08),
    "sketch": (_sketch, 0.11),
    "page": (_page, 0.06),
    "composition": (_composition, 0.06),
    "stack": (_stack, 0.06),
    "rings": (_rings, 0.1),
    "illustration": (_illustration, 0.33),
    "solid": (_solid, 0.03),
    "scribbles": (_scribbles, 0.03),
    "lines": (_lines, 0.03),
    "nothing": (_nothing, 0.04),
}
"""Each kind of scene by name, with how often it comes."""

NAMES = list(SCENES)
SHARES = np.array([share for _, share in SCENES.values()])
