"""Outlines of shapes: closed polylines in a square of half-side 1, sampled at random.

Every function takes a NumPy random generator and returns one closed contour, a float array of
corners (N, 2) whose last corner joins the first. `outline` draws from all of them.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator
Contour = NDArray[np.float64]
Kinds = dict[str, tuple[Callable[..., Contour], float]]

TAU = 2 * np.pi


def _polar(angle: NDArray, radius: NDArray | float) -> Contour:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


def regular_polygon(rng: Rng, corners: int | None = None) -> Contour:
    """A regular polygon of 3 to 12 corners, the first one pointing up."""
    n = int(rng.integers(3, 13)) if corners is None else corners
    return _polar(np.arange(n) / n * TAU - TAU / 4, 1.0)


def irregular_polygon(rng: Rng) -> Contour:
    """3 to 12 corners around the middle at uneven angles and distances."""
    n = int(rng.integers(3, 13))
    step = rng.uniform(0.4, 1.0, n)
    return _polar(np.cumsum(step) / step.sum() * TAU, rng.uniform(0.35, 1.0, n))


def star(rng: Rng, points: int | None = None) -> Contour:
    """A star of 4 to 9 points."""
    n = int(rng.integers(4, 10)) if points is None else points
    radius = np.ones(2 * n)
    radius[1::2] = rng.uniform(0.25, 0.7) if points is None else 0.42
    return _polar(np.arange(2 * n) / (2 * n) * TAU - TAU / 4, radius)


def ellipse(rng: Rng, aspect: float | None = None) -> Contour:
    """A circle or an ellipse."""
    b = float(rng.choice([1.0, rng.uniform(0.3, 1.0)])) if aspect is None else aspect
    return _polar(np.arange(64) / 64 * TAU, 1.0) * [1.0, b]


def blob(rng: Rng) -> Contour:
    """A smooth closed curve: a few random Fourier terms on the radius."""
    angle = np.arange(96) / 96 * TAU
    radius = np.ones(96)
    for k in range(2, int(rng.integers(3, 8))):
        radius += rng.normal(0, 0.5 / k) * np.cos(k * angle + rng.uniform(0, TAU))
    return _polar(angle, np.clip(radius / max(radius.max(), 0.5), 0.15, 1.0))


def rectangle(rng: Rng) -> Contour:
    """An upright rectangle."""
    w, h = 1.0, rng.uniform(0.3, 1.0)
    return np.array([[-w, -h], [w, -h], [w, h], [-w, h]])


def rounded_rectangle(rng: Rng) -> Contour:
    """A rectangle with round corners, up to a capsule."""
    return rounded(rectangle(rng), rng.uniform(0.05, 0.5))


def quadrilateral(rng: Rng) -> Contour:
    """A trapezoid, a parallelogram or a kite."""
    a, b = rng.uniform(0.3, 0.9, 2)
    kind = rng.integers(3)
    if kind == 0:
        return np.array([[-a, -b], [a, -b], [1, b], [-1, b]])
    if kind == 1:
        return np.array([[-1, b], [-1 + a, -b], [1, -b], [1 - a, b]])
    return np.array([[0, -1], [a, -b + 0.3], [0, 1], [-a, -b + 0.3]])


def triangle(rng: Rng) -> Contour:
    """Any triangle that is not a sliver."""
    return _polar(np.cumsum(rng.uniform(1.3, 2.6, 3)), 1.0)


def cross(rng: Rng) -> Contour:
    """A plus sign."""
    a = rng.uniform(0.2, 0.5)
    q = np.array([[a, -1], [a, -a], [1, -a]])
    turn = np.array([[0, 1], [-1, 0]])
    return np.concatenate([q, q @ turn, q @ turn @ turn, q @ turn @ turn @ turn])


def block_arrow(rng: Rng) -> Contour:
    """A fat arrow."""
    shaft, neck = rng.uniform(0.15, 0.5), rng.uniform(-0.3, 0.4)
    return np.array([[-1, -shaft], [neck, -shaft], [neck, -0.9], [1, 0], [neck, 0.9], [neck, shaft], [-1, shaft]])


def chevron(rng: Rng) -> Contour:
    """A thick V lying on its side, with one deep bay."""
    d = rng.uniform(0.3, 0.9)
    return np.array([[-1, -1], [1 - d, -1], [1, 0], [1 - d, 1], [-1, 1], [-d, 0]])


def heart(rng: Rng) -> Contour:
    """A heart."""
    t = np.arange(72) / 72 * TAU
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x / 17, -(y + 2.5) / 15], 1)


def crescent(rng: Rng) -> Contour:
    """A moon: two arcs between the same two tips."""
    a = rng.uniform(0.6, 1.3)
    outer = np.linspace(a, TAU - a, 48)
    tip = np.array([np.cos(a), np.sin(a)])
    depth = rng.uniform(-0.7, 0.5) - tip[0]
    s = np.linspace(-1, 1, 32)
    inner = np.stack([tip[0] + depth * (1 - s**2), tip[1] * s], 1)
    return np.concatenate([_polar(outer, 1.0), inner])


def drop(rng: Rng) -> Contour:
    """A drop of water, or a map pin."""
    a = np.linspace(-0.4, np.pi + 0.4, 48)
    return np.concatenate([_polar(a, 0.6) + [0, 0.35], [[0, -1]]])


def speech_bubble(rng: Rng) -> Contour:
    """A rounded box with a pointed tail."""
    box = rounded(np.array([[-1.0, -0.8], [1, -0.8], [1, 0.5], [-1, 0.5]]), rng.uniform(0.1, 0.6))
    x = rng.uniform(-0.6, 0.2)
    low = int(np.argmin(np.abs(box[:, 0] - x) + 10 * (box[:, 1] < 0.49)))
    tail = np.array([[x + 0.3, 0.5], [x - rng.uniform(-0.2, 0.4), 1.0], [x, 0.5]])
    return np.concatenate([box[:low], tail, box[low:]]) if low > 0 else box


def gear(rng: Rng) -> Contour:
    """A wheel with teeth."""
    n, r = int(rng.integers(5, 13)), rng.uniform(0.6, 0.85)
    angle = (np.arange(4 * n) + np.tile([0.1, -0.1, 0.1, -0.1], n)) / (4 * n) * TAU
    return _polar(angle, np.tile([1, 1, r, r], n))


def flower(rng: Rng) -> Contour:
    """Petals, or the scallops of a cloud."""
    n = int(rng.integers(4, 11))
    angle = np.arange(24 * n) / (24 * n) * TAU
    d = rng.uniform(0.15, 0.5)
    return _polar(angle, 1 - d + d * np.abs(np.sin(n * angle / 2)))


def notched(rng: Rng) -> Contour:
    """A rectilinear L, T, U or comb: an uneven skyline over a floor, with deep bays."""
    n = int(rng.integers(2, 7))
    x = np.cumsum(np.r_[0, rng.uniform(0.3, 1.0, n)])
    x = x / x[-1] * 2 - 1
    top = rng.uniform(-1, 0.7, n)
    if rng.random() < 0.4:
        top[::2], top[1::2] = -1, rng.uniform(0.0, 0.75)
    steps = np.stack([np.repeat(x, 2)[1:-1], np.repeat(top, 2)], 1)
    return np.concatenate([steps, [[1, 1], [-1, 1]]])


def horseshoe(rng: Rng) -> Contour:
    """A thick open ring: the letter C, closed around a bay."""
    gap, inner = rng.uniform(0.15, 1.2), rng.uniform(0.35, 0.75)
    a = np.linspace(gap, TAU - gap, 56)
    return np.concatenate([_polar(a, 1.0), _polar(a[::-1], inner)])


def sector(rng: Rng) -> Contour:
    """A slice of a pie, or a half disc."""
    half = rng.uniform(0.4, 2.7)
    arc = _polar(np.linspace(-half, half, 40), 1.0)
    return arc if abs(half - np.pi / 2) < 0.2 else np.concatenate([arc, [[0.0, 0.0]]])


def ribbon(rng: Rng) -> Contour:
    """A band along a bending path: snakes, leaves, waves, tubes."""
    s = np.linspace(-1, 1, 40)
    bend = rng.normal(0, 0.5) * s**2 + rng.uniform(0, 0.4) * np.sin(s * rng.uniform(1, 6) + rng.uniform(0, TAU))
    path = np.stack([s, bend], 1)
    tangent = np.gradient(path, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1) / np.linalg.norm(tangent, axis=1)[:, None]
    width = rng.uniform(0.1, 0.35) * (np.ones(40) if rng.random() < 0.5 else 1.02 - s**2)
    side = normal * width[:, None]
    return np.concatenate([path + side, (path - side)[::-1]])


def meander(rng: Rng) -> Contour:
    """A band that runs to and fro, its stretches side by side: a snake, a radiator, a river."""
    runs = int(rng.integers(2, 6))
    x = np.repeat(np.linspace(-1, 1, runs), 2)
    long = rng.uniform(0.4, 1)
    y = np.tile([-long, long, long, -long], runs)[: 2 * runs]
    path = np.stack([x, y], 1)
    way = np.diff(path, axis=0)
    normal = np.stack([-way[:, 1], way[:, 0]], 1) / np.linalg.norm(way, axis=1)[:, None]
    # at a corner both sides' normals add up to the mitre
    mitre = np.concatenate([normal[:1], normal[:-1] + normal[1:], normal[-1:]])
    aside = mitre * rng.uniform(0.25, 0.8) / (runs - 1)
    band = np.concatenate([path + aside, (path - aside)[::-1]])
    band = band / np.abs(band).max()
    return rounded(band, rng.uniform(0.2, 0.5)) if rng.random() < 0.4 else band


def coil(rng: Rng) -> Contour:
    """A band that rolls itself up and does not touch itself: a worm, a fern, a hook, a snail."""
    turns = np.linspace(0, rng.uniform(0.5, 2.2) * TAU, 120)
    pitch = rng.uniform(0.12, 0.4)
    half = pitch * rng.uniform(0.22, 0.4) * np.linspace(1, rng.uniform(0.3, 1) if rng.random() < 0.4 else 1, 120)
    middle = rng.uniform(half[0], 1.0) + pitch * turns / TAU
    middle += 0.08 * pitch * np.sin(turns * rng.uniform(0.5, 2) + rng.uniform(0, TAU))
    band = np.concatenate([_polar(turns, middle + half), _polar(turns, middle - half)[::-1]])
    return band / np.abs(band).max() * [1, rng.choice([-1, 1])]


def silhouette(rng: Rng) -> Contour:
    """A shape with a mirror axis, like a vase, a bell, a house, a rocket or a bottle."""
    n = int(rng.integers(3, 8))
    y = np.sort(rng.uniform(-1, 1, n))
    y[0], y[-1] = -1, 1
    x = rng.uniform(0.15, 0.95, n)
    if rng.random() < 0.4:
        x[0] = 0.0
    half = np.stack([x, y], 1)
    shape = np.concatenate([half, half[::-1] * [-1, 1]])
    return rounded(shape, rng.uniform(0.2, 0.5)) if rng.random() < 0.5 else shape


def turned(contour: Contour, angle: float) -> Contour:
    """The contour turned about the origin by `angle` radians, clockwise on the screen."""
    c, s = np.cos(angle), np.sin(angle)
    return contour @ np.array([[c, s], [-s, c]])


def rounded(corners: Contour, amount: float) -> Contour:
    """The contour with each corner replaced by a curve that starts `amount` (0..0.5) along its edges."""
    before, after = np.roll(corners, 1, 0), np.roll(corners, -1, 0)
    edge_in = np.linalg.norm(before - corners, axis=1)
    edge_out = np.linalg.norm(after - corners, axis=1)
    reach = (amount * np.minimum(edge_in, edge_out))[:, None]
    start = corners + (before - corners) * reach / np.maximum(edge_in, 1e-9)[:, None]
    end = corners + (after - corners) * reach / np.maximum(edge_out, 1e-9)[:, None]
    s = np.linspace(0, 1, 8)[None, :, None]
    curve = (1 - s) ** 2 * start[:, None] + 2 * s * (1 - s) * corners[:, None] + s**2 * end[:, None]
    return curve.reshape(-1, 2)


SHAPES: Kinds = {
    "regular_polygon": (regular_polygon, 2.0),
    "irregular_polygon": (irregular_polygon, 2.0),
    "star": (star, 1.5),
    "ellipse": (ellipse, 3.0),
    "blob": (blob, 2.0),
    "rectangle": (rectangle, 2.5),
    "rounded_rectangle": (rounded_rectangle, 2.5),
    "quadrilateral": (quadrilateral, 1.0),
    "triangle": (triangle, 1.5),
    "cross": (cross, 1.0),
    "block_arrow": (block_arrow, 1.0),
    "chevron": (chevron, 0.7),
    "heart": (heart, 0.7),
    "crescent": (crescent, 0.7),
    "drop": (drop, 0.7),
    "speech_bubble": (speech_bubble, 1.0),
    "gear": (gear, 0.7),
    "flower": (flower, 0.7),
    "notched": (notched, 1.5),
    "horseshoe": (horseshoe, 1.0),
    "sector": (sector, 1.0),
    "ribbon": (ribbon, 1.0),
    "meander": (meander, 0.8),
    "coil": (coil, 0.8),
    "silhouette": (silhouette, 1.5),
}
"""Each kind of shape by name, with how often it is drawn."""


def outline(rng: Rng, kinds: Kinds = SHAPES) -> Contour:
    """A random shape, squeezed and turned at random; its farthest corner lies at distance 1."""
    share = np.array([share for _, share in kinds.values()])
    contour = list(kinds.values())[rng.choice(len(kinds), p=share / share.sum())][0](rng)
    if len(contour) < 30 and rng.random() < 0.2:
        contour = rounded(contour, rng.uniform(0.1, 0.5))
    squeeze = rng.uniform(0.35, 1.0) if rng.random() < 0.4 else 1.0
    turn = rng.integers(4) * TAU / 4 if rng.random() < 0.5 else rng.uniform(0, TAU)
    contour = turned(contour * [1.0, squeeze], turn)
    return contour / np.linalg.norm(contour, axis=1).max()
