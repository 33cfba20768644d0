"""Write a synthetic dataset in the layout on disk."""

import itertools
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from polycolor_cli.color import PALETTE
from polycolor_cli.data import shapes, synthetic, unseen
from polycolor_cli.data.strokes import Canvas
from polycolor_cli.data.synthetic import Drawing, World
from polycolor_cli.errors import PolycolorError
from polycolor_cli.files.picture import write_picture

Style = Literal["plain", "worn"]

COLORS = list(PALETTE)[:8]
SHAPES = ["circle", "diamond", "hexagon", "octagon", "pentagon", "square", "star", "triangle"]

_CORNERS = {"hexagon": 6, "octagon": 8, "pentagon": 5, "triangle": 3}

SMALLEST = 0.004
"""Share of the picture below which an area is an accident of the lines, and no region."""


def plain_drawing(seed: int, index: int, shape: str, side: int = 128) -> Drawing:
    """The field's usual picture: one named shape, black 1 or 2 px outline on white, not smoothed."""
    rng = np.random.default_rng([seed, index, SHAPES.index(shape)])
    if shape in _CORNERS:
        contour = shapes.regular_polygon(rng, _CORNERS[shape])
    elif shape == "star":
        contour = shapes.star(rng, 5)
    elif shape == "circle":
        contour = shapes.ellipse(rng, 1.0)
    else:
        contour = np.array([[0, -1], [1, 0], [0, 1], [-1, 0]]) * [1, rng.uniform(1, 1.35)]
        contour = contour / np.abs(contour).max()
    turn = np.pi / 4 if shape == "square" else rng.uniform(-0.3, 0.3) * (shape not in ("circle", "diamond"))
    if shape == "square":
        contour = np.array([[0.0, -1], [1, 0], [0, 1], [-1, 0]])
    radius = rng.uniform(0.22, 0.44) * side
    centre = side / 2 + rng.uniform(-1, 1, 2) * (side / 2 - radius - 3)
    canvas = Canvas(side, side, 1)
    canvas.stroke(shapes.turned(contour, turn) * radius + centre, float(rng.integers(1, 3)), closed=True)
    border = canvas.border()
    return Drawing(255 - canvas.ink, canvas.coverage(), border, border & ~canvas.ink)


def write_dataset(
    folder: Path,
    train: int,
    validation: int,
    seed: int,
    style: Style = "plain",
    world: World | None = None,
    regions: bool = False,
) -> None:
    """Write a dataset of `train` + `validation` rows, 128 px, into an empty or new folder.

    `plain` draws 8 shapes in 8 colours; 8 of the 64 pairs, each shape and each colour once, are kept
    for validation and never occur in training. `worn` draws from the whole synthetic world, and for
    validation from shapes and kinds of wear that training never sees, or both from a `world` that is given.
    With `regions` every second row has a point, and one region painted, of drawings that have several.
    Raises PolycolorError where the folder holds something already or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PolycolorError(f"{folder}: is there already and not empty; give a new folder")
    rng = np.random.default_rng([seed, 1])
    held_back = list(zip(rng.permutation(SHAPES), rng.permutation(COLORS), strict=True))
    pairs = [pair for pair in itertools.product(SHAPES, COLORS) if pair not in held_back]
    shuffled = [pairs[i] for i in rng.permutation(len(pairs))]
    for split, rows, choice, start, drawn_from in (
        ("training", train, shuffled, 0, world or synthetic.TAUGHT),
        ("validation", validation, held_back, train, world or unseen.WORLD),
    ):
        table = []
        for row in range(rows):
            shape, colour = choice[row % len(choice)]
            number = start + row
            if style == "plain":
                drawing = plain_drawing(seed, number, shape)
                name = f"{shape}-{number + 1}"
            else:
                drawing = synthetic.drawing(seed, number, (128, 128), drawn_from)
                drawing = replace(drawing, picture=_shrunk(drawing), shrink=1)
                name = f"drawing-{number + 1}"
            region = _region(drawing, rng) if regions and row % 2 else None
            table.append(_write_row(folder / split, drawing, name, str(colour), region))
        listing = folder / split / "data.json"
        listing.parent.mkdir(parents=True, exist_ok=True)
        listing.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


def _shrunk(drawing: Drawing) -> np.ndarray:
    height, width = drawing.coverage.shape
    return np.asarray(Image.fromarray(drawing.picture).resize((width, height), Image.Resampling.BOX))


@dataclass(frozen=True)
class _Region:
    """A region of a drawing: a point well inside of it, in pixels, and its mask up to the middle of its lines."""

    at: tuple[int, int]
    mask: NDArray[np.uint8]


def _region(drawing: Drawing, rng: np.random.Generator) -> _Region | None:
    """One of a drawing's regions, if it has two at least: what lines, drawn or meant, enclose."""
    free = (drawing.border < 64) & (drawing.coverage > 191)
    _, label, stats, _ = cv2.connectedComponentsWithStats(free.view(np.uint8), connectivity=4)
    large = np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] > SMALLEST * free.size) + 1
    # colour upon lines is that of dark ink on light paper
    if large.size < 2 or np.median(drawing.picture) < 128:
        return None
    number = int(rng.choice(large))
    inside = cv2.distanceTransform((label == number).view(np.uint8), cv2.DIST_L2, 5)
    y, x = np.unravel_index(int(inside.argmax()), inside.shape)
    others = np.isin(label, large[large != number]) | (drawing.coverage < 64)
    mine, theirs = (
        cv2.distanceTransform((~is_in).view(np.uint8), cv2.DIST_L2, 5) for is_in in (label == number, others)
    )
    return _Region((int(x), int(y)), np.where(mine < theirs, np.uint8(255), np.uint8(0)))


def _write_row(split: Path, drawing: Drawing, name: str, colour: str, region: _Region | None) -> dict[str, Any]:
    picture = Image.fromarray(drawing.picture).convert("RGB")
    color = PALETTE[colour]
    if region is None:
        painted = Image.composite(Image.new("RGB", picture.size, color), picture, Image.fromarray(drawing.coverage))
    else:
        # the lines stay, upon the colour; the paper is that of the region, for a page may lie on a lighter desk
        gray = np.asarray(drawing.picture, np.float32)[:, :, None]
        paper = max(float(np.median(drawing.picture[region.mask > 0])), 1.0)
        upon = np.array(color, np.float32) * np.minimum(gray / paper, 1)
        over = Image.fromarray(np.round(upon).astype(np.uint8))
        painted = Image.composite(over, picture, Image.fromarray(region.mask))
    row: dict[str, Any] = {"input_polygon": f"{name}.png", "colour": colour, "output_image": f"{colour}_{name}.png"}
    if region is not None:
        row["at"] = list(region.at)
    for image, place in ((picture, f"inputs/{row['input_polygon']}"), (painted, f"outputs/{row['output_image']}")):
        path = split / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PolycolorError(f"{path.parent}: cannot be made ({error.strerror})") from None
        write_picture(image, path)
    return row
