"""Pointing at a region beside a plain fill of the same drawing, one core.

python benchmarks/regions.py
"""

import time

import numpy as np
from PIL import Image, ImageDraw

from polycolor_cli import Colorizer
from polycolor_cli.fill.paint import Paint
from polycolor_cli.fill.paint_regions import Point, RegionPaint

SIDES = (128, 512, 1024, 4096)
ROUNDS = 7


def panes(side: int, gap: bool) -> Image.Image:
    """A window of four panes; with a gap in the line between two of them, and one in the outline."""
    image = Image.new("L", (side, side), 255)
    draw, unit = ImageDraw.Draw(image), side / 128
    width = max(2, round(3 * unit))
    low, middle, high = (round(value * unit) for value in (20, 64, 108))
    draw.rectangle((low, low, high, high), outline=0, width=width)
    draw.line((middle, low, middle, high), fill=0, width=width)
    draw.line((low, middle, high, middle), fill=0, width=width)
    if gap:
        for box in ((60, 36, 69, 44), (36, 16, 44, 26)):
            draw.rectangle([round(value * unit) for value in box], fill=255)
    return image.resize((side, side))


def timed(colorizer: Colorizer, image: Image.Image, how: Paint | RegionPaint) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        colorizer.fill(image, how)
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1000


def main() -> None:
    colorizer = Colorizer(threads=1)
    print(
        "| side, px | closed: fill, ms | --at | times | gaps: fill, ms | --at | times |\n|---|---|---|---|---|---|---|"
    )
    for side in SIDES:
        cells = []
        for gap in (False, True):
            image = panes(side, gap)
            at = RegionPaint(at=((Point(0.3, 0.3, True), "red"),))
            fill, point = timed(colorizer, image, Paint("red")), timed(colorizer, image, at)
            cells += [f"{fill:.1f}", f"{point:.1f}", f"{point / fill:.1f}"]
        print(f"| {side} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
