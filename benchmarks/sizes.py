"""What a fill costs at every size: time on one core and on two, and the memory of the whole process.

    python benchmarks/sizes.py

A 3 px outline in pictures of 32 to 4096 px a side, reading and writing not counted: closed, with a gap, and with one so
wide that the network is asked. Each figure comes from a process of its own, which keeps its memory as those of a batch
do; memory and soft IoU are those of the last.
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
from polycolor_cli.processes import keep_memory

SIDES = (32, 128, 256, 512, 1024, 2048, 4096)


GAPS = {"closed": 0.0, "gap": 1 / 40, "wide gap": 1 / 10}
"""Half the width of a gap, in parts of the side."""


def picture(side: int, gap: float = 0, fill: int | None = None) -> Image.Image:
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
        reach = gap * side
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)
    return image


def measure(side: int, threads: int, gap: float) -> str:
    """Median milliseconds, peak megabytes, and the soft IoU."""
    keep_memory()
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
        print(measure(int(sys.argv[1]), int(sys.argv[2]), GAPS[sys.argv[3]]))
        return
    columns = ("closed", "1"), ("gap", "1"), ("wide gap", "1"), ("wide gap", "2")
    print(
        "| side, px | closed, one core, ms (best) | gap | wide gap | the same, two cores | peak memory, MB | soft IoU |"
    )
    print("|---|---|---|---|---|---|---|")
    for side in SIDES:
        found = [
            subprocess.run(
                [sys.executable, __file__, str(side), threads, gap], capture_output=True, text=True, check=True
            ).stdout.split()
            for gap, threads in columns
        ]
        taken = " | ".join(f"{median} ({best})" for median, best, *_ in found)
        print(f"| {side} | {taken} | {found[-1][2]} | {found[-1][3]} |", flush=True)


if __name__ == "__main__":
    main()
