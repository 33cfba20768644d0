"""How fast the shell tool starts, as ratios against bare imports in the same run.

usage: python benchmarks/startup.py [ROUNDS]

Each round runs every command once, cold processes in turn, so that a noisy machine slows all of
them alike; the ratio is of the medians.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageDraw


def main(rounds: int) -> None:
    polycolor = str(Path(sys.executable).with_name("polycolor"))
    with tempfile.TemporaryDirectory() as folder:
        image = Image.new("L", (128, 128), 255)
        ImageDraw.Draw(image).ellipse((20, 30, 100, 90), outline=0, width=2)
        image.save(Path(folder) / "closed.png")
        ImageDraw.Draw(image).rectangle((55, 25, 63, 35), fill=255)
        image.save(Path(folder) / "gap.png")
        ImageDraw.Draw(image).rectangle((40, 25, 80, 45), fill=255)
        image.save(Path(folder) / "wide.png")

        def colorize(name: str) -> list[str]:
            return [polycolor, "colorize", f"{folder}/{name}.png", "-c", "red", "-o", f"{folder}/out.png"]

        def imports(modules: str) -> list[str]:
            return [sys.executable, "-c", f"import {modules}"]

        commands = {
            "colorize, closed outline": (colorize("closed"), imports("numpy, PIL.Image, cv2, typer")),
            "colorize, a gap": (colorize("gap"), imports("numpy, PIL.Image, cv2, typer")),
            "colorize, a wide gap": (colorize("wide"), imports("numpy, PIL.Image, cv2, typer, onnxruntime")),
            "--help": ([polycolor, "--help"], imports("typer, rich")),
        }
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, (own, alone) in commands.items():
                seconds[name].append((timed(own), timed(alone)))
    print("| command | median s | its imports alone | ratio |\n|---|---|---|---|")
    for name, pairs in seconds.items():
        own, alone = (statistics.median(values) for values in zip(*pairs, strict=True))
        print(f"| {name} | {own:.3f} | {alone:.3f} | {own / alone:.2f} |")


def timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
