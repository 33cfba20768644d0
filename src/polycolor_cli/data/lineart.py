"""Line art of illustrations: what an artist draws of the areas, and what is left to the eye.

One pen draws the borders between areas, every one or some of them. Outlines are left open where a part hides behind
another, at tips and where lines meet; inner lines end before they arrive; strokes that enclose nothing are laid on top.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from polycolor_cli.data.illustrations import Illustration, mask_of
from polycolor_cli.data.strokes import Canvas, Path, tail, tremble, walk

Rng = np.random.Generator
Line = Callable[[Path], None]

STEP = 2.0
"""Pixels between the points of a line that is drawn."""
CREASE = 0.12
"""Share of the picture beyond which a missing piece of an inner line is no gap: the line was never meant to go on."""


@dataclass(frozen=True)
class Style:
    """How somebody draws; lengths in line widths where not said otherwise.

    inner: how many of the inner borders are drawn. short: how many of those end before they arrive, and by how much.
    gaps: openings in all lines, and their largest length as a share of the picture. edges: straight edges of the
    outline that are left out from end to end. apart: how much free paper is left where lines meet, and how often.
    over: how far lines go beyond their ends, and how often.
    wobble: pixels. whiskers, ornaments: strokes over the outline and inside of it. cut: whether a thing ends
    without a line at its lower end or to one side, as busts and trunks do. halo: how far all other lines keep away
    from one area that is in front of the others, 0 where none is.
    """

    inner: float
    short: float
    gaps: int
    longest: float
    edges: int
    apart: tuple[float, float]
    over: tuple[float, float]
    wobble: float
    whiskers: int
    ornaments: int
    cut: bool = False
    halo: float = 0.0

    @classmethod
    def sample(cls, rng: Rng, wobble: float) -> "Style":
        careful = rng.random() < 0.25
        return cls(
            inner=float(rng.choice([1.0, rng.uniform(0.5, 1), rng.uniform(0, 0.6)])),
            short=0.0 if careful else float(rng.choice([0.0, rng.uniform(0.1, 0.7)])),
            gaps=0 if careful else int(rng.choice([0, 1, 2, 2, 3, 4, 6, 9])),
            longest=float(rng.choice([0.04, 0.1, 0.2])),
            edges=0 if careful or rng.random() < 0.75 else int(rng.integers(1, 4)),
            apart=(rng.uniform(0.7, 3.0), 0.0 if careful else float(rng.choice([0.0, 0.3, 0.8]))),
            over=(rng.uniform(0.3, 2.5), float(rng.choice([0.0, 0.0, 0.3]))),
            wobble=wobble,
            whiskers=int(rng.integers(1, 7)) if rng.random() < 0.25 else 0,
            ornaments=int(rng.integers(1, 5)) if rng.random() < 0.3 else 0,
            cut=bool(rng.random() < 0.45),
            halo=0.0 if careful or rng.random() < 0.75 else rng.uniform(0.6, 2.5),
        )


def placed(rng: Rng, illustration: Illustration, width: int, height: int, share: tuple[float, float]) -> np.ndarray:
    """The affine map (2, 3) that lays an illustration somewhere on a page, filling a share of its shorter side."""
    points = np.concatenate(illustration.arcs)
    turn = rng.choice([0.0, 0.0, rng.normal(0, 0.2), rng.uniform(0, 2 * np.pi)])
    mirror = np.array([-1.0 if rng.random() < 0.5 else 1.0, 1.0])
    stretch = np.exp(rng.normal(0, 0.12, 2))
    c, s = np.cos(turn), np.sin(turn)
    matrix = np.array([[c, -s], [s, c]]) * (mirror * stretch)
    moved = points @ matrix.T
    low, span = moved.min(0), np.ptp(moved, axis=0)
    size = np.array([width, height])
    matrix *= rng.uniform(*share) * float((size / np.maximum(span, 1e-6)).min())
    moved = points @ matrix.T
    low, span = moved.min(0), np.ptp(moved, axis=0)
    at = (size - span) * rng.uniform(0, 1, 2) - low
    return np.concatenate([matrix, at[:, None]], 1)


def draw(
    canvas: Canvas, rng: Rng, illustration: Illustration, place: np.ndarray, width: float, line: Line, style: Style
) -> None:
    """Draw an illustration in front of what is there: its areas are meant, its arcs are inked as the style has it.

    place: (2, 3), from the illustration to picture pixels. width: of the pen, which draws `line`, in pixels.
    """
    mask = mask_of(illustration, _on_canvas(place, canvas), canvas.region.shape)
    arcs = [walk(arc @ place[:, :2].T + place[:, 2], STEP, closed=False) for arc in illustration.arcs]
    beyond = _cut_off(rng, arcs) if style.cut else None
    if beyond is not None:
        y, x = (np.arange(side) / canvas.scale for side in mask.shape)
        mask[beyond(x[None, :], y[:, None])] = 0
    canvas.occlude(mask, width * rng.uniform(0.4, 2.0) if rng.random() < 0.5 else 0.0)
    canvas.region |= mask
    outer = illustration.is_outer
    kept = _drawn_pairs(rng, illustration, style.inner)
    least = min(canvas.width, canvas.height)
    opened = _openings(rng, arcs, outer | kept, style, width, least)
    # an edge that is left out whole is nothing that parts two areas for the eye
    missing: dict[int, list[tuple[float, float]]] = {number: [] for number in opened}
    for number, edge in _straight_edges(rng, illustration, place, style.edges, least):
        missing[number].append(edge)
    front = int(rng.choice(np.unique(illustration.sides[illustration.sides > 0]))) if style.halo else 0
    strokes: list[tuple[bool, Path]] = []
    for number, (arc, is_outer) in enumerate(zip(arcs, outer, strict=True)):
        if not is_outer and not kept[number]:
            continue
        free = _outside(len(arc), opened[number] + missing[number] if beyond is None else [])
        seen = _outside(len(arc), missing[number]) if beyond is None else ~beyond(*arc.T)
        if style.wobble:
            arc = arc + tremble(rng, len(arc), style.wobble)
        pieces, is_border = _runs(arc, free & seen), True
        if not is_outer and beyond is None and rng.random() < style.short:
            pieces, is_border = _shortened(rng, arc, width, CREASE * least)
        if rng.random() < style.apart[1]:
            pieces = [_trimmed(rng, piece, style.apart[0] * width) for piece in pieces]
        if is_border:
            for piece in _runs(arc, seen):
                canvas.mean(piece, width)
        is_front = front > 0 and front in illustration.sides[number]
        strokes += [(is_front, _carried_on(rng, piece, style.over, width)) for piece in pieces if len(piece) > 1]
    for stroke in (path for is_front, path in strokes if not is_front):
        line(stroke)
    in_front = [path for is_front, path in strokes if is_front]
    for stroke in in_front:
        canvas.stroke(stroke, width * (1 + 2 * style.halo), erase=True)
    for stroke in in_front:
        line(stroke)
    for _ in range(style.ornaments):
        line(_ornament(rng, arcs[rng.integers(len(arcs))], width, least))
    outline = [arc for arc, is_outer in zip(arcs, outer, strict=True) if is_outer]
    for stroke in _whiskers(rng, outline, style.whiskers, least):
        line(stroke)


def _cut_off(rng: Rng, arcs: list[Path]) -> Callable[..., np.ndarray]:
    """Where a thing is no more, by x and y: below a line near its lower end, or beyond one to its right or left."""
    points = np.concatenate(arcs)
    side, share = rng.random(), rng.uniform(0.03, 0.4)
    low, high = points.min(0), points.max(0)
    if side < 0.75:
        slope, level = float(rng.choice([0.0, 0.0, rng.normal(0, 0.1)])), high[1] - share * (high[1] - low[1])
        return lambda x, y: y - slope * (x - low[0]) > level
    if side < 0.88:
        return lambda x, y: x + 0 * y > high[0] - share * (high[0] - low[0])
    return lambda x, y: x + 0 * y < low[0] + share * (high[0] - low[0])


def _on_canvas(place: np.ndarray, canvas: Canvas) -> np.ndarray:
    # a pixel's middle is at a half on the page and at an integer in OpenCV
    scaled = place * canvas.scale
    scaled[:, 2] -= 0.5
    return scaled


def _drawn_pairs(rng: Rng, illustration: Illustration, share: float) -> np.ndarray:
    """Which arcs are drawn: those between two areas all together, or none of them."""
    pairs = np.sort(illustration.sides, axis=1).astype(int) @ [256, 1]
    names, index = np.unique(pairs, return_inverse=True)
    return (rng.random(len(names)) < share)[index]


def _openings(
    rng: Rng, arcs: list[Path], drawn: np.ndarray, style: Style, width: float, least: float
) -> dict[int, list[tuple[float, float]]]:
    """For each arc that is drawn the stretches (first point, points) that are left open."""
    opened: dict[int, list[tuple[float, float]]] = {int(number): [] for number in np.flatnonzero(drawn)}
    if not opened:
        return opened
    numbers = np.array(list(opened))
    weight = np.array([len(arcs[number]) for number in numbers], float)
    for _ in range(style.gaps):
        number = int(rng.choice(numbers, p=weight / weight.sum()))
        arc = arcs[number]
        # the round ends of a line reach into its gap
        length = (width + least * np.exp(rng.uniform(np.log(0.01), np.log(style.longest)))) / STEP
        length = min(length, 0.5 * weight.sum() / max(style.gaps, 1))
        kind = rng.random()
        if kind < 0.4:
            # where it meets another
            at = 0.0 if rng.random() < 0.5 else len(arc) - 1.0
        elif kind < 0.6 and len(arc) > 8:
            # at a tip
            heading = np.unwrap(np.arctan2(*np.diff(arc, axis=0).T))
            bend = np.abs(heading[4:] - heading[:-4])
            at = float(np.argmax(bend + rng.uniform(0, 0.5, bend.size)) + 2)
        else:
            at = rng.uniform(0, len(arc) - 1)
        opened[number].append((at - length * rng.uniform(0.2, 0.8), length))
    return opened


def _straight_edges(
    rng: Rng, illustration: Illustration, place: np.ndarray, count: int, least: float
) -> list[tuple[int, tuple[float, float]]]:
    """Straight edges of the outline, at most `count`: the arc each lies on, its first point and its points."""
    found, lengths = [], []
    for number in np.flatnonzero(illustration.is_outer) if count else ():
        length = np.hypot(*np.diff(illustration.arcs[number] @ place[:, :2].T, axis=0).T)
        start = np.cumsum(length) - length
        for edge in np.flatnonzero((length > 0.06 * least) & (length < 0.5 * least)):
            found.append((int(number), (start[edge] / STEP, length[edge] / STEP)))
            lengths.append(length[edge])
    if not found:
        return []
    share = np.array(lengths) / np.sum(lengths)
    return [found[k] for k in rng.choice(len(found), min(count, len(found)), replace=False, p=share)]


def _outside(count: int, stretches: list[tuple[float, float]]) -> np.ndarray:
    """Which of `count` points lie in none of the stretches (first point, points)."""
    index = np.arange(count)
    free = np.ones(count, np.bool_)
    for start, length in stretches:
        free &= (index < start) | (index > start + length)
    return free


def _runs(arc: Path, kept: np.ndarray) -> list[Path]:
    """The stretches of an arc whose points are kept; those at its ends are one where it is closed."""
    runs = [run for run in np.split(np.arange(len(arc)), np.flatnonzero(np.diff(kept)) + 1) if kept[run[0]]]
    if len(runs) > 1 and kept[0] and kept[-1] and np.allclose(arc[0], arc[-1], atol=STEP):
        runs = [np.concatenate([runs[-1], runs[0][1:]]), *runs[1:-1]]
    return [arc[run] for run in runs if len(run) > 1]


def _shortened(rng: Rng, arc: Path, width: float, crease: float) -> tuple[list[Path], bool]:
    """An inner line that ends before it arrives, and whether it still parts what it runs between."""
    length = len(arc) * STEP
    missing = rng.uniform(1.2 * width + 1, max(0.6 * length, 1.3 * width + 1))
    if rng.random() < 0.4:
        missing = min(missing, crease * rng.uniform(0.2, 1))
    points = int(missing / STEP)
    side = rng.integers(3)
    first, last = (points, 0) if side == 0 else (0, points) if side == 1 else (points // 2, points // 2)
    return [arc[first : len(arc) - last]], missing <= crease


def _trimmed(rng: Rng, piece: Path, most: float) -> Path:
    """A line that keeps away from what it would touch, at either end."""
    first, last = (int(rng.uniform(0.5, 1) * most / STEP) * (rng.random() < 0.6) for _ in range(2))
    return piece[first : len(piece) - last]


def _carried_on(rng: Rng, piece: Path, over: tuple[float, float], width: float) -> Path:
    """A line that goes on beyond its ends, now and then."""
    for _ in range(2):
        if rng.random() < over[1] and len(piece) > 4:
            piece = tail(rng, piece, over[0] * width)
        piece = piece[::-1]
    return piece


def _ornament(rng: Rng, arc: Path, width: float, least: float) -> Path:
    """An open stroke somewhere on a thing: a fold, a wrinkle, a highlight."""
    at = arc[rng.integers(len(arc))] + rng.normal(0, 0.06 * least, 2)
    length = least * rng.uniform(0.02, 0.2)
    turn = rng.uniform(0, 2 * np.pi) + np.linspace(0, rng.normal(0, 1.5), 12)
    steps = np.stack([np.cos(turn), np.sin(turn)], 1) * length / 12
    return at + np.cumsum(steps, 0)


def _whiskers(rng: Rng, outline: list[Path], count: int, least: float) -> list[Path]:
    """Short strokes side by side that cross an outline, begin on it, or stand beside it: hair, whiskers, rays."""
    if not count or not outline:
        return []
    arc = outline[rng.integers(len(outline))]
    if len(arc) < 12:
        return []
    middle, spread = rng.integers(len(arc)), rng.uniform(0.02, 0.12) * least / STEP
    begin, length = rng.choice([-0.5, 0.0, 0.3, 0.6]), rng.uniform(0.03, 0.16) * least
    lean = rng.normal(0, 0.5)
    strokes = []
    for k in range(count):
        at = int(np.clip(middle + (k - count / 2) * spread, 1, len(arc) - 2))
        along = arc[at + 1] - arc[at - 1]
        along = along / max(float(np.hypot(*along)), 1e-6)
        side = 1 if begin != 0.0 or rng.random() < 0.9 else -1
        out = side * np.array([along[1], -along[0]]) + lean * along
        start = arc[at] + begin * length * out
        bend = rng.normal(0, 0.1) * length * along
        strokes.append(np.stack([start, start + 0.5 * length * out + bend, start + length * out]))
    return strokes
