"""What is drawn in a shape and beside it: marks, details, loose strokes, and the lines of diagrams."""

import cv2
import numpy as np
from numpy.typing import NDArray

from polycolor_cli.data.pen import Pen
from polycolor_cli.data.shapes import TAU
from polycolor_cli.data.strokes import Canvas, Path, walk

Rng = np.random.Generator

_WORDS = (*"ABCDEFGHKMPQRS2345689i", "in", "ok", "3D", "8K", *"?!%&+x")


def place(contour: Path, centre: NDArray, radius: float) -> Path:
    return contour * radius + centre


def mark(canvas: Canvas, rng: Rng, pen: Pen, at: NDArray, size: float) -> None:
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
        pen.line(canvas, place(pen.shape(rng), at, size), True, thinner)
    else:
        canvas.fill(place(pen.shape(rng), at, size * 0.7), ink=True)


def details(canvas: Canvas, rng: Rng, pen: Pen, contour: Path) -> None:
    """Ink inside an outline: marks, dividing lines, hatching, an inner outline, a door in it."""
    centre = contour.mean(0)
    radius = float(np.abs(contour - centre).max())
    kind = rng.random()
    if kind < 0.08:
        _door(canvas, rng, pen, contour)
    elif kind < 0.5:
        for _ in range(int(rng.integers(1, 6))):
            toward = contour[rng.integers(len(contour))]
            at = centre + (toward - centre) * rng.uniform(0, 0.55)
            mark(canvas, rng, pen, at, radius * rng.uniform(0.06, 0.4))
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


def _door(canvas: Canvas, rng: Rng, pen: Pen, contour: Path) -> None:
    """Three sides of a box that stands on an outline within it; the outline between its posts may be left out."""
    middle, first = contour.mean(0), int(rng.integers(len(contour)))
    a, b = contour[first], contour[(first + 1) % len(contour)]
    share = rng.uniform(0.1, 0.3)
    at = rng.uniform(share, 1 - share)
    posts = a + (b - a) * np.array([[at - share / 2], [at + share / 2]])
    inward = middle - posts.mean(0)
    inward = inward * rng.uniform(0.3, 0.8)
    if rng.random() < 0.4:
        for step in np.linspace(0.2, 0.8, 5) if rng.random() < 0.5 else [rng.uniform(0.2, 0.8)]:
            canvas.dot(posts[0] + step * (posts[1] - posts[0]), pen.width * rng.uniform(0.7, 1.2), erase=True)
    pen.line(canvas, np.stack([posts[0], posts[0] + inward, posts[1] + inward, posts[1]]), thinner=rng.uniform(0.6, 1))


def _stopped_short(rng: Rng, a: NDArray, b: NDArray, by: NDArray) -> tuple[NDArray, NDArray]:
    """The ends of a line that does not arrive at what it was meant to meet, mostly at its first end; by: pixels."""
    first, last = by / max(float(np.hypot(*(b - a))), 1e-6) * (rng.random(2) < [0.8, 0.4])
    return (a + first * (b - a), b - last * (b - a)) if first + last < 0.6 else (a, b)


def loose(canvas: Canvas, rng: Rng, pen: Pen, contour: Path) -> None:
    """Ink beside an outline that encloses nothing, as whiskers and stalks with teeth do, or a handle that does."""
    centre = contour.mean(0)
    radius = float(np.abs(contour - centre).max())
    kind = rng.random()
    if kind < 0.1:
        return _whiskers(canvas, rng, pen, centre, radius)
    rim = int(rng.integers(len(contour)))
    outward = contour[rim] - centre
    outward = outward / max(float(np.hypot(*outward)), 1e-6)
    clear = pen.width * rng.uniform(1.6, 3) + 1.5
    if kind < 0.35:
        for _ in range(int(rng.integers(1, 5))):
            size = radius * rng.uniform(0.05, 0.35)
            far = clear + size + radius * rng.uniform(0, 0.5)
            turned = outward * far
            mark(canvas, rng, pen, contour[int(rng.integers(len(contour)))] + turned, size)
    elif kind < 0.55:
        # a stretch of the outline again, a little farther out: echoes, handles, the card behind
        points = walk(centre + (contour - centre) * (1 + clear / radius + rng.uniform(0, 0.3)), 2.0)
        length = int(len(points) * rng.uniform(0.08, 0.55))
        pen.line(canvas, np.roll(points, -int(rng.integers(len(points))), 0)[: max(2, length)])
    elif kind < 0.62:
        # a stalk with teeth, twigs or leaves: keys, flowers, rakes
        aside, long = np.array([-outward[1], outward[0]]), radius * rng.uniform(0.5, 1.5)
        pen.line(canvas, np.stack([contour[rim], contour[rim] + outward * long]))
        side, reach = rng.choice([-1, 1]), radius * rng.uniform(0.1, 0.4)
        for share in rng.uniform(0.3, 1, int(rng.integers(1, 5))):
            root = contour[rim] + outward * long * share
            bend = rng.choice([0.0, rng.uniform(-0.6, 0.6)]) * reach * outward
            side = -side if rng.random() < 0.3 else side
            pen.line(canvas, np.stack([root, root + side * 0.6 * reach * aside + bend, root + side * reach * aside]))
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


def _whiskers(canvas: Canvas, rng: Rng, pen: Pen, centre: NDArray, radius: float) -> None:
    """Lines that begin in a shape, cross its outline and end in the open, fanned, on one side or on two."""
    turn = rng.choice([0.0, rng.uniform(0, TAU)])
    count, fan, thinner = int(rng.integers(2, 6)), rng.uniform(0.05, 0.35), rng.uniform(0.4, 1.0)
    near, far = rng.uniform(0.2, 0.8), rng.uniform(1.1, 1.8)
    for side in (0, TAU / 2)[: int(rng.integers(1, 3))]:
        for k in np.arange(count) - (count - 1) / 2:
            angle = turn + side + k * fan + rng.normal(0, 0.03)
            way, aside = (np.array([np.cos(a), np.sin(a)]) for a in (angle, turn + side + TAU / 4))
            start, end = centre + radius * near * way, centre + radius * (far * way + 0.1 * k * aside)
            bend = (start + end) / 2 + rng.normal(0, 0.02 * radius, 2)
            pen.line(canvas, np.stack([start, bend, end]), thinner=thinner)


def arrow(canvas: Canvas, pen: Pen, path: Path, thinner: float, head: float) -> None:
    """A line with an arrowhead of `head` pixels at its end, open or solid as the pen's width has it."""
    pen.line(canvas, path, thinner=thinner)
    way = path[-1] - path[-2]
    way = way / max(float(np.hypot(*way)), 1e-6)
    aside = 0.45 * head * np.array([-way[1], way[0]])
    back = path[-1] - head * way
    pen.line(canvas, np.stack([back + aside, path[-1], back - aside]), thinner=thinner)


def notes(canvas: Canvas, rng: Rng, pen: Pen, contour: Path) -> None:
    """Lines that say something about a shape and enclose nothing, however they meet.

    Axes, measures, leaders to words, brackets, lines to write on, lines through its middle.
    """
    low, high = contour.min(0), contour.max(0)
    centre, half = (low + high) / 2, (high - low) / 2
    radius = float(half.max())
    clear = pen.width * rng.uniform(1.6, 4) + 1.5 + radius * rng.uniform(0, 0.4)
    thinner, letter = rng.uniform(0.3, 1.0), max(radius * rng.uniform(0.1, 0.25), 4.0)
    pointed = rng.random() < 0.5
    kind = rng.random()

    def straight(*points: NDArray) -> None:
        if pointed:
            arrow(canvas, pen, np.stack(points), thinner, 0.08 * radius + 3 * pen.width * thinner)
        else:
            pen.line(canvas, np.stack(points), thinner=thinner)

    def word(at: NDArray) -> None:
        written = str(rng.choice(_WORDS)) * int(rng.integers(1, 3))
        canvas.text(written, at + [-0.4 * letter * len(written), 0.4 * letter], letter, pen.width * thinner * 0.7)

    if kind < 0.32:
        # axes: the shape lies between them, beside them or on them
        origin = centre + half * [-1, 1] * rng.uniform(-0.3, 1.8, 2) + clear * np.array([-1, 1])
        ends = origin + [[rng.uniform(1.2, 4) * radius, 0], [0, -rng.uniform(1.2, 4) * radius]]
        on = rng.choice([0.0, rng.uniform(0, 0.5)]) * radius * np.eye(2) * [-1, 1]
        marks = int(rng.choice(np.array([0, rng.integers(2, 11)])))
        for end, before in zip(ends, on, strict=True):
            straight(origin + before, end)
            across = 0.05 * radius * (end - origin)[::-1] / max(float(np.hypot(*(end - origin))), 1e-6)
            for k in range(1, marks + 1):
                at = origin + (end - origin) * k / (marks + 1)
                pen.line(canvas, np.stack([at - across, at + across]), thinner=thinner)
                if rng.random() < 0.6:
                    word(at + np.abs(across) * [-6, 6])
        if rng.random() < 0.3:
            # bars stand on one of them
            wide = float(np.hypot(*(ends[0] - origin))) / (2 * int(rng.integers(2, 7)))
            for left in origin[0] + wide * np.arange(1, int(rng.integers(2, 9)), 2):
                high = rng.uniform(0.1, 0.9) * (origin[1] - ends[1][1])
                box = np.array([[0, 0], [0, -high], [wide, -high], [wide, 0]]) + [left, origin[1]]
                pen.outline(canvas, rng, box)
    elif kind < 0.48:
        # how wide or high it is
        for side in rng.permutation(4)[: int(rng.integers(1, 3))]:
            out = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])[side]
            along = np.abs(out[::-1]) * half * rng.uniform(0.85, 1.05)
            at = centre + out * (half + clear)
            straight(at - along, at + along)
            straight(at + along, at - along)
            if rng.random() < 0.7:
                for end in (at - along, at + along):
                    pen.line(canvas, np.stack([end - 0.06 * radius * out, end + 0.06 * radius * out]), thinner=thinner)
            if rng.random() < 0.7:
                word(at + out * 1.2 * letter)
    elif kind < 0.76:
        # leaders, from on it, in it or near it, away to a word, straight or with a bend
        for _ in range(int(rng.integers(1, 6))):
            start = centre + (contour[rng.integers(len(contour))] - centre) * rng.uniform(0.3, 1.2)
            away = start - centre + rng.normal(0, 0.3 * radius, 2)
            end = start + away / max(float(np.hypot(*away)), 1e-6) * radius * rng.uniform(0.5, 1.8)
            path = [end, start]
            if rng.random() < 0.3:
                path.insert(0, end + [np.sign(away[0]) * radius * rng.uniform(0.2, 0.8), 0])
            straight(*path)
            if rng.random() < 0.75:
                word(path[0] + np.sign(away) * letter)
    elif kind < 0.84:
        # a bracket
        out, reach = np.eye(2)[rng.integers(2)] * rng.choice([-1, 1]), rng.uniform(0.05, 0.3) * radius
        at, along = centre + out * (half + clear + reach), np.abs(out[::-1]) * half
        pen.line(canvas, np.stack([at - along - out * reach, at - along, at + along, at + along - out * reach]))
    elif kind < 0.92:
        # lines to write on
        step, left = max(letter * rng.uniform(1.2, 2), 3 * pen.width), centre[0] - radius * rng.uniform(0.5, 2)
        for k in range(int(rng.integers(1, 5))):
            y = high[1] + clear + k * step
            straight(np.array([left, y]), np.array([left + radius * rng.uniform(1, 3), y]))
    else:
        turn = rng.choice([0.0, rng.uniform(0, TAU)])
        for angle in turn + np.arange(int(rng.integers(1, 3))) * TAU / 4:
            way = np.array([np.cos(angle), np.sin(angle)]) * radius * rng.uniform(1.2, 2)
            straight(centre - way, centre + way)
