"""Flat illustrations as planar maps: the areas of a coloured picture, and the arcs that part them.

What an artist draws of a thing are the borders between its visible areas, so a coloured illustration holds the line
art that somebody could have made of it. Here one is taken apart, and kept by the thousand in one small file;
`lineart` draws from it.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import approximate_polygon

from polycolor_cli.errors import PolycolorError

Points = NDArray[np.float64]

CORPUS = Path(__file__).parent / "illustrations.npz"
"""The illustrations that the default model has learnt from; `illustrations.md` beside it says whose they are."""

SIDE = 384
"""Pixels that an illustration is rendered in to be taken apart."""
ALIKE = 10
"""How much neighbouring pixels may differ in a channel, of 255, and be of one area: gradients are, colours are not."""
SMALLEST = 0.0012
"""Share of the picture below which an area is an accident, and goes to the neighbour it touches most."""
TOLERANCE = 0.7
"""Pixels that the straight pieces of an arc may be off the border of its areas."""
MOST_ARCS = 160
"""More than that, and it is a texture."""
UNIT = 1000
"""Steps that the longer side of an illustration is kept in."""


@dataclass(frozen=True)
class Illustration:
    """Areas numbered from 1, 0 being the outside, and the arcs between them.

    arcs: polylines (N, 2), x and y in 0..1 within the longer side; a closed one begins where it ends.
    sides: (A, 2), the two areas that each arc parts.
    """

    arcs: list[Points]
    sides: NDArray[np.uint8]

    @property
    def is_outer(self) -> NDArray[np.bool_]:
        """Which arcs part an area from the outside."""
        return (self.sides == 0).any(1)


def from_svg(data: str) -> Illustration | None:
    """The planar map of an SVG's flat areas; None where it shows nothing of the kind.

    Raises PolycolorError where it cannot be read, or resvg, which renders it, is not installed.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise PolycolorError("SVGs need more to be read; install polycolor[shapes]") from None
    try:
        # every pixel is of one colour so: a blended one would be an area of its own
        png = svg_to_bytes(svg_string=data, width=SIDE, height=SIDE, shape_rendering="crisp_edges")
    except ValueError as error:
        raise PolycolorError(f"not a readable SVG ({error})") from None
    return from_pixels(np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")))


def from_pixels(pixels: NDArray[np.uint8]) -> Illustration | None:
    """The planar map of a picture's flat areas, uint8 (H, W, 4) RGBA; None where there is none, or far too many."""
    labels = np.pad(_areas(pixels), 1)
    if not labels.any() or labels.max() > 255:
        return None
    arcs, sides = _arcs(labels)
    if len(arcs) > MOST_ARCS:
        return None
    points = np.concatenate(arcs)
    low, span = points.min(0), np.ptp(points, axis=0).max()
    return Illustration([(arc - low) / span for arc in arcs], np.array(sides, np.uint8))


def _areas(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Label map of the areas of one colour, small ones merged into their neighbours; 0 where nothing is painted."""
    height, width = pixels.shape[:2]
    painted, color = pixels[..., 3] >= 128, pixels[..., :3].astype(np.int16)
    number = np.arange(height * width).reshape(height, width)
    pairs = []
    for here, there in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        same = (np.abs(color[here] - color[there]).max(-1) <= ALIKE) & painted[here] & painted[there]
        same |= ~painted[here] & ~painted[there]
        pairs.append(np.stack([number[here][same], number[there][same]]))
    rows, columns = np.concatenate(pairs, 1)
    graph = coo_array((np.ones(rows.size, np.bool_), (rows, columns)), (number.size, number.size))
    labels = connected_components(graph, directed=False)[1].reshape(height, width) + 1
    labels[~painted] = 0
    _merge_small(labels, SMALLEST * labels.size)
    return np.unique(labels, return_inverse=True)[1].reshape(height, width).astype(np.int32)


def _merge_small(labels: NDArray[np.int32], least: float) -> None:
    """Give every area smaller than `least` pixels to the one it has the longest border with."""
    for _ in range(8):
        size = np.bincount(labels.ravel())
        small = np.flatnonzero((size > 0) & (size < least))
        small = small[small > 0]
        if not small.size:
            return
        ends = [(labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])]
        one = np.concatenate([np.concatenate([a.ravel(), b.ravel()]) for a, b in ends])
        other = np.concatenate([np.concatenate([b.ravel(), a.ravel()]) for a, b in ends])
        across = (one != other) & np.isin(one, small)
        borders, count = np.unique(np.stack([one[across], other[across]]), axis=1, return_counts=True)
        into = np.arange(size.size)
        order = np.argsort(count)
        # a larger neighbour only, or two crumbs would change places for ever
        for a, b in borders[:, order].T:
            if b == 0 or size[b] > size[a] or (size[b] == size[a] and b < a):
                into[a] = b
        labels[:] = into[labels]


def _arcs(labels: NDArray[np.int32]) -> tuple[list[Points], list[tuple[int, int]]]:
    """The borders of a label map, from one corner where three areas meet to the next, and what they part."""
    # between two pixels of different areas runs a crack, from one corner of the pixel grid to the next
    down = np.zeros((labels.shape[0] + 1, labels.shape[1] + 1), np.bool_)
    right = down.copy()
    down[:-1, 1:-1] = labels[:, 1:] != labels[:, :-1]
    right[1:-1, :-1] = labels[1:] != labels[:-1]
    degree = down.astype(int) + right
    degree[1:] += down[:-1]
    degree[:, 1:] += right[:, :-1]
    cracks: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for plane, (dy, dx) in ((down, (1, 0)), (right, (0, 1))):
        for y, x in np.argwhere(plane).tolist():
            cracks.setdefault((y, x), []).append((y + dy, x + dx))
            cracks.setdefault((y + dy, x + dx), []).append((y, x))
    ends = {(y, x) for y, x in np.argwhere(degree > 2).tolist()}
    done: set[tuple[tuple[int, int], tuple[int, int]]] = set()
    arcs, sides = [], []
    for start in [*ends, *cracks]:
        for step in cracks[start]:
            if (start, step) in done:
                continue
            path = [start, step]
            done |= {(start, step), (step, start)}
            while path[-1] not in ends and path[-1] != start:
                before, here = path[-2:]
                there = next((one for one in cracks[here] if one != before), before)
                done |= {(here, there), (there, here)}
                path.append(there)
            (y, x), (_, u) = sorted(path[:2])
            pair = (labels[y, x - 1], labels[y, x]) if u == x else (labels[y - 1, x], labels[y, x])
            arcs.append(_smoothed(np.array(path, np.float64)[:, ::-1]))
            sides.append((int(pair[0]), int(pair[1])))
    return arcs, sides


def _smoothed(path: Points) -> Points:
    """A staircase of cracks as few straight pieces."""
    closed = bool((path[0] == path[-1]).all())
    if closed:
        ring = path[:-1]
        path = sum(np.roll(ring, k, 0) for k in range(-2, 3)) / 5  # type: ignore[assignment]
        path = np.concatenate([path, path[:1]])
    elif len(path) > 4:
        longer = np.pad(path, ((2, 2), (0, 0)), "reflect", reflect_type="odd")
        middle = np.stack([np.convolve(axis, np.full(5, 0.2), "valid") for axis in longer.T], 1)
        middle[[0, -1]] = path[[0, -1]]
        path = middle
    return approximate_polygon(path, TOLERANCE)


def save(illustrations: list[Illustration], path: Path) -> None:
    """Write illustrations into one file, as whole steps from point to point."""
    arcs = [np.round(arc * UNIT).astype(np.int16) for one in illustrations for arc in one.arcs]
    steps = np.concatenate([np.concatenate([arc[:1], arc[1:] - arc[:-1]]) for arc in arcs])
    np.savez_compressed(
        path,
        steps=np.ascontiguousarray(steps.T),
        points=np.array([len(arc) for arc in arcs], np.uint16),
        arcs=np.array([len(one.arcs) for one in illustrations], np.uint16),
        sides=np.concatenate([one.sides for one in illustrations]),
    )


@lru_cache(maxsize=2)
def load(path: Path = CORPUS) -> list[Illustration]:
    """The illustrations in a file that `save` wrote."""
    with np.load(path) as file:
        steps, points, counts, sides = (file[name] for name in ("steps", "points", "arcs", "sides"))
    arcs = [np.cumsum(arc, 0) / UNIT for arc in np.split(steps.T.astype(np.int64), np.cumsum(points)[:-1])]
    starts = np.cumsum(counts)
    return [Illustration(arcs[b - n : b], sides[b - n : b]) for n, b in zip(counts, starts, strict=True)]


def mask_of(illustration: Illustration, place: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """255 where the areas lie and what they enclose: uint8 of `shape`; place: (2, 3), from 0..1 to pixels."""
    lines = np.zeros((shape[0] + 2, shape[1] + 2), np.uint8)
    for arc, outer in zip(illustration.arcs, illustration.is_outer, strict=True):
        if outer:
            fixed = np.round((arc @ place[:, :2].T + place[:, 2] + 0.5) * 16).astype(np.int32)
            cv2.polylines(lines, [fixed], False, 255, 1, cv2.LINE_8, 4)
    cv2.floodFill(lines, None, (0, 0), 128)
    return np.where(lines[1:-1, 1:-1] == 128, np.uint8(0), np.uint8(255))
