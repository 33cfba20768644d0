"""What a fill costs at every size: time on one core and on two, and the memory of the whole process.

    python benchmarks/sizes.py

A 3 px outline in pictures of 32 to 4096 px a side, closed and with a gap, reading and writing not counted; each
figure comes from a process of its own. Memory and soft IoU are those of the one with the gap.
"""

import resource
import statistics
import subprocess
import sys
import time

import numpy as np
from PIL import Image, ImageDraw

from polycolor_cli import Colorizer
from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.fill.paint import Paint

SIDES = (32, 128, 256, 512, 1024, 2048, 4096)


def picture(side: int, gap: bool = False, fill: int | None = None) -> Image.Image:
    """A star-like polygon, outlined 3 px wide; or its truth."""
    image = Image.new("L", (side, side), 255 if fill is None else 0)
    radii = (0.42, 0.24) * 5
    corners = [
        (side / 2 + side * r * np.sin(k * np.pi / 5), side / 2 - side * r * np.cos(k * np.pi / 5))
        for k, r in enumerate(radii)
    ]
    draw = ImageDraw.Draw(image)
    if fill is not None:
        draw.polygon(corners, fill=fill)
    draw.line([*corners, corners[0], corners[1]], fill=0 if fill is None else 255, width=3 if side > 64 else 1)
    if gap:
        x, y = (np.array(corners[4]) + corners[5]) / 2
        draw.ellipse((x - side / 40, y - side / 40, x + side / 40, y + side / 40), fill=255)
    return image


def measure(side: int, threads: int, gap: bool) -> str:
    """Median milliseconds, peak megabytes, and the soft IoU."""
    colorizer, image = Colorizer(threads=threads), picture(side, gap)
    times = []
    for _ in range(5 if side > 1000 else 60):
        began = time.perf_counter()
        filled = colorizer.fill(image, Paint("red"))
        times.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    iou = soft_iou(colorizer.coverage(image) / 255, np.asarray(picture(side, fill=255)) / 255)
    assert filled.state != "empty"
    return f"{statistics.median(times) * 1000:.1f} {min(times) * 1000:.1f} {peak:.0f} {iou:.4f}"


def main() -> None:
    if len(sys.argv) == 4:
        side, threads, gap = map(int, sys.argv[1:])
        print(measure(side, threads, bool(gap)))
        return
    print("| side, px | closed, one core, ms (best) | gap, one core | gap, two cores | peak memory, MB | soft IoU |")
    print("|---|---|---|---|---|---|")
    for side in SIDES:
        closed, one, two = (
            subprocess.run(
                [sys.executable, __file__, str(side), *given], capture_output=True, text=True, check=True
            ).stdout.split()
            for given in (("1", "0"), ("1", "1"), ("2", "1"))
        )
        taken = " | ".join(f"{median} ({best})" for median, best, *_ in (closed, one, two))
        print(f"| {side} | {taken} | {two[2]} | {two[3]} |", flush=True)


if __name__ == "__main__":
    main()
