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
        drawing = Path(folder) / "shape.png"
        image = Image.new("L", (128, 128), 255)
        ImageDraw.Draw(image).ellipse((20, 30, 100, 90), outline=0, width=2)
        image.save(drawing)
        commands = {
            "colorize": [polycolor, "colorize", str(drawing), "-c", "red", "-o", str(Path(folder) / "out.png")],
            "what colorize imports": [sys.executable, "-c", "import numpy, PIL.Image, onnxruntime, typer"],
            "--help": [polycolor, "--help"],
            "what --help imports": [sys.executable, "-c", "import typer, rich"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                began = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                seconds[name].append(time.perf_counter() - began)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    print("| command | median s | its imports alone | ratio |\n|---|---|---|---|")
    for name, base in (("colorize", "what colorize imports"), ("--help", "what --help imports")):
        own, alone = median[name], median[base]
        print(f"| {name} | {own:.3f} | {alone:.3f} | {own / alone:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
