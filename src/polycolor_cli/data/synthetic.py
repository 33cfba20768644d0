"""Synthetic drawings with their coverage: an endless, seeded world of shapes to learn from.

`drawing(seed, index)` is a pure function: the same seed and index give the same bytes, whichever
process asks and in whatever order. The truth follows one rule, the one people expect of a bucket
that does not leak: ink is covered, and so is everything that the ink encloses or was meant to
enclose. Ink that encloses nothing (dots, tails, handles' outsides, letters beside the shape) covers
only itself.
"""

from dataclasses import dataclass
from pathlib import Path as FilePath

import cv2
import numpy as np
from numpy.typing import NDArray

from polycolor_cli.data import illustrations, shapes, surfaces, wear
from polycolor_cli.data.pen import Pen
from polycolor_cli.data.scenes import NAMES, SCENES, SHARES
from polycolor_cli.data.shapes import TAU
from polycolor_cli.data.strokes import Canvas, Hand, Path, walk

Rng = np.random.Generator


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

    scene = NAMES[rng.choice(len(NAMES), p=SHARES)]
    scene = "illustration" if world.art_alone else scene
    # some scenes go on beyond the picture's edges
    beyond = rng.uniform(1.1, 1.8) if rng.random() < 0.06 and scene != "nothing" else 1.0
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
    if rng.random() < 0.08 and scene != "page":
        pen.dashes = rng.uniform(0.2, 3)
    SCENES[scene][0](canvas, rng, pen)
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
        slant = surfaces.viewpoint(rng, canvas.ink.shape[1], canvas.ink.shape[0])
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
        gray = surfaces.on_surface(rng, ink.astype(np.float32) / np.float32(255))
    if page is not None:
        gray = surfaces.desk(rng, gray, at_size(page, w, h).astype(np.float32) / np.float32(255))
    if scene == "nothing" and rng.random() < 0.7:
        gray = surfaces.photograph(rng, (h, w))
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
