"""Pointing at a region beside a plain fill of the same drawing: as commands, and on one core of a process that runs.

python benchmarks/regions.py
"""

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from polycolor_cli import Colorizer
from polycolor_cli.fill.paint import Paint
from polycolor_cli.fill.paint_regions import Point, RegionPaint

SIDES = (128, 512, 1024, 4096)
ROUNDS = 11


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


def commands(image: Image.Image) -> list[float]:
    """Milliseconds of a fill and of pointing at a region, from the shell, in turn."""
    times: list[list[float]] = [[], []]
    with tempfile.TemporaryDirectory() as folder:
        image.save(Path(folder) / "panes.png")
        for _ in range(ROUNDS):
            for words, taken in zip(([], ["--at", "30%,30%"]), times, strict=True):
                began = time.perf_counter()
                command = ["polycolor", "colorize", "panes.png", "--color", "red", *words, "-o", "out.png"]
                subprocess.run(command, cwd=folder, check=True, capture_output=True)
                taken.append(time.perf_counter() - began)
    return [float(np.median(taken)) * 1000 for taken in times]


def table(title: str, times: Callable[[Image.Image], list[float]], digits: int) -> None:
    print(f"| {title} | closed: fill, ms | --at | times | gaps: fill, ms | --at | times |")
    print("|---|---|---|---|---|---|---|")
    for side in SIDES:
        cells = []
        for gap in (False, True):
            fill, point = times(panes(side, gap))
            cells += [f"{fill:.{digits}f}", f"{point:.{digits}f}", f"{point / fill:.2f}"]
        print(f"| {side} px | {' | '.join(cells)} |", flush=True)
    print()


def main() -> None:
    colorizer = Colorizer(threads=1)
    at = RegionPaint(at=((Point(0.3, 0.3, True), "red"),))
    table("a command", commands, 0)
    table("in a process", lambda image: [timed(colorizer, image, how) for how in (Paint("red"), at)], 1)


if __name__ == "__main__":
    main()
