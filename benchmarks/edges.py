"""Closed outlines beside a flood fill, and how edges run across gaps: how far from where they should, how soft.

    python benchmarks/edges.py

The outlines are of the validation world's shapes, which no training draws: arches, spirals, flashes, ... The gaps
are in the right side of a circle and of a box.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from polycolor_cli import Colorizer
from polycolor_cli.data import unseen
from polycolor_cli.evaluate.classical import holes
from polycolor_cli.evaluate.metrics import RIGHT, soft_iou
from polycolor_cli.fill.rules import is_partial

Gray = NDArray[np.uint8]
SIDES = (64, 128, 200, 300, 512, 1000)
LARGE = 3000
COUNT = 70
GAPS = (0.10, 0.14, 0.18, 0.22)
"""Heights of the gaps, in parts of the picture's side."""


def outline(index: int, side: int, smooth: bool) -> Gray:
    """One shape, outlined 1 to 4 px wide at 128 px, turned and stretched somehow."""
    rng = np.random.default_rng([3, side, index])
    shape, _ = list(unseen.SHAPES.values())[index % len(unseen.SHAPES)]
    points, turn = shape(rng), rng.uniform(0, 2 * np.pi)
    points = points @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = points * [1, rng.uniform(0.7, 1)]
    points = points - (points.max(0) + points.min(0)) / 2
    corners = (points * rng.uniform(0.3, 0.44) / np.abs(points).max() + 0.5) * side
    picture = np.full((side, side), 255, np.uint8)
    width = max(1, round(side / 128 * rng.uniform(1, 4)))
    how = cv2.LINE_AA if smooth else cv2.LINE_8
    cv2.polylines(picture, [np.round(corners * 256).astype(np.int32)], True, 0, width, how, 8)
    return picture


def closed(colorizer: Colorizer, side: int, smooth: bool) -> tuple[float, float]:
    """Shares of outlines filled right, and as a flood fill would in every pixel."""
    right, same = [], []
    for index in range(COUNT):
        picture = outline(index, side, smooth)
        found, flood = colorizer.coverage(picture), holes(picture)
        right.append(soft_iou(found / 255, flood / 255) >= RIGHT)
        same.append(np.array_equal(found > 127, flood > 127))
    return float(np.mean(right)), float(np.mean(same))


def across(colorizer: Colorizer, shape: str, side: int, gap: float) -> tuple[float, float]:
    """Pixels on the wrong side of the edge, for each pixel of the picture's side, and its width where it is soft."""
    line, truth = Image.new("L", (4 * side, 4 * side), 255), Image.new("L", (4 * side, 4 * side), 0)
    box = (0.6 * side, 0.6 * side, 3.4 * side, 3.4 * side)
    getattr(ImageDraw.Draw(line), shape)(box, outline=0, width=4 * side // 40)
    getattr(ImageDraw.Draw(truth), shape)(box, fill=255)
    gray = np.array(line.reduce(4))
    rows = slice(round((0.5 - gap / 2) * side), round((0.5 + gap / 2) * side))
    gray[rows, side // 2 :] = 255
    found = colorizer.coverage(gray)
    soft = is_partial(found)[rows, side // 2 :].sum(1).mean()
    return np.count_nonzero((found > 127) != (np.asarray(truth.reduce(4)) > 127)) / side, float(soft)


def main() -> None:
    colorizer = Colorizer(threads=1)
    print("| closed outlines, px | unsmoothed: right | equal in every pixel | smoothed: right |\n|---|---|---|---|")
    for side in SIDES:
        right, same = closed(colorizer, side, smooth=False)
        print(f"| {side} | {right:.1%} | {same:.1%} | {closed(colorizer, side, smooth=True)[0]:.1%} |", flush=True)
    gaps = " | ".join(f"{gap:.2f} of the side" for gap in GAPS)
    print(f"\n| gap; px wrong, soft | {gaps} |\n|---|{'---|' * len(GAPS)}")
    for shape in ("ellipse", "rectangle"):
        for side in (*SIDES[1:], LARGE):
            cells = ["{:.2f}, {:.1f}".format(*across(colorizer, shape, side, gap)) for gap in GAPS]
            print(f"| {shape}, {side} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
