"""polycolor batch beside other tools, on 1,000 drawings of 128 px, all in one session.

    python benchmarks/batch.py                          (ImageMagick is measured where it is installed)
    python benchmarks/batch.py --drawings A --gapped B  (copies of the pictures of two folders instead)

Prints drawings per second and ratios. The drawings are closed outlines, but for two rows, where each has a gap:
about one in seven of those polycolor asks its network about. The flood fills are given a point inside each drawing,
which polycolor finds by itself. Every run writes to a new folder, and nothing is deleted before the end: for minutes
ext4 passes by the inodes of what was deleted, one by one, whenever a file is made.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from polycolor_cli.data.write import SHAPES, plain_drawing
from polycolor_cli.files.picture import encode, read_picture

POLYCOLOR = str(Path(sys.executable).with_name("polycolor"))
CORES = len(os.sched_getaffinity(0))


def make(folder: Path, count: int, gap: int = 0) -> None:
    folder.mkdir()
    for number in range(count):
        picture = Image.fromarray(plain_drawing(9, number, SHAPES[number % len(SHAPES)]).picture)
        if gap:
            y, x = np.argwhere(np.asarray(picture) < 128)[0]
            ImageDraw.Draw(picture).ellipse((x - gap, y - gap, x + gap, y + gap), fill=255)
        picture.convert("RGB").save(folder / f"{number:04}.png")


def copies(of: Path, folder: Path, count: int) -> None:
    folder.mkdir()
    pictures = sorted(of.glob("*.png"))
    for number in range(count):
        # RGB like the others: what fills in red has to
        Image.open(pictures[number % len(pictures)]).convert("RGB").save(folder / f"{number:04}.png")


def inside(gray: np.ndarray) -> tuple[int, int]:
    ink = np.argwhere(gray < 128)
    y, x = ink.mean(0).astype(int)
    return int(x), int(y)


def again_by_pillow(path: Path, out: Path) -> None:
    """Decode and encode, nothing else."""
    Image.open(path).convert("RGB").save(out / path.name, compress_level=1)


def again(path: Path, out: Path) -> None:
    """The same as polycolor does it."""
    (out / path.name).write_bytes(encode(np.asarray(read_picture(path).convert("RGB")), fast=True))


def pillow(path: Path, out: Path) -> None:
    image = Image.open(path).convert("RGB")
    ImageDraw.floodfill(image, inside(np.asarray(image.convert("L"))), (255, 0, 0), thresh=100)
    image.save(out / path.name)


def opencv(path: Path, out: Path) -> None:
    image = cv2.imread(str(path))
    assert image is not None
    cv2.floodFill(image, None, inside(image[:, :, 0]), (0, 0, 255), (60,) * 3, (60,) * 3)
    cv2.imwrite(str(out / path.name), image)


def pooled(one: Callable[[Path, Path], None], folder: Path, out: Path) -> None:
    with multiprocessing.Pool(CORES) as pool:
        pool.starmap(one, [(path, out) for path in sorted(folder.iterdir())], chunksize=20)


def batch(folder: Path, out: Path, *arguments: str) -> None:
    subprocess.run([POLYCOLOR, "batch", str(folder), "-o", str(out), "-q", *arguments], check=True)


def mogrify(folder: Path, out: Path) -> None:
    """One single-threaded process a core: its own threads mostly wait for each other."""
    how = ["-path", str(out), "-fuzz", "20%", "-fill", "red", "-draw", "color 64,64 floodfill"]
    names = "\0".join(map(str, sorted(folder.iterdir())))
    each = ["xargs", "-0", "-P", str(CORES), "-n", "125", "mogrify", *how]
    subprocess.run(each, input=names, text=True, check=True, env=os.environ | {"MAGICK_THREAD_LIMIT": "1"})


def first(folder: Path, out: Path) -> float:
    """Seconds from the start of the command to its first finished drawing."""
    began = time.perf_counter()
    command = [POLYCOLOR, "batch", str(folder), "-c", "red", "-o", str(out), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["state"] == "filled"
        passed = time.perf_counter() - began
        process.kill()
    return passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--drawings", type=Path)
    parser.add_argument("--gapped", type=Path)
    given = parser.parse_args()
    if (given.drawings is None) != (given.gapped is None):
        parser.error("give --drawings and --gapped together")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / "in"
        gapped = folder.parent / "gapped"
        if given.drawings:
            copies(given.drawings, folder, given.count)
            copies(given.gapped, gapped, given.count)
        else:
            make(folder, given.count)
            make(gapped, given.count, gap=4)
        eight = [
            f for color in ("red", "green", "blue", "yellow", "cyan", "pink", "teal", "navy") for f in ("-c", color)
        ]
        runs: dict[str, Callable[[Path], object]] = {
            "polycolor, all cores": lambda out: batch(folder, out, "-c", "red"),
            "polycolor, one worker": lambda out: batch(folder, out, "-c", "red", "--workers", "1"),
            "polycolor, all cores, gaps": lambda out: batch(gapped, out, "-c", "red"),
            "polycolor, one worker, gaps": lambda out: batch(gapped, out, "-c", "red", "--workers", "1"),
            "polycolor, 8 colours": lambda out: batch(folder, out, *eight),
            "decode and encode alone, Pillow": lambda out: pooled(again_by_pillow, folder, out),
            "decode and encode alone, as polycolor": lambda out: pooled(again, folder, out),
            "Pillow floodfill, pool": lambda out: pooled(pillow, folder, out),
            "OpenCV floodFill, pool": lambda out: pooled(opencv, folder, out),
        }
        if shutil.which("mogrify"):
            runs["ImageMagick mogrify, one a core"] = lambda out: mogrify(folder, out)
            runs["ImageMagick mogrify, one a core, gaps"] = lambda out: mogrify(gapped, out)
        best = dict.fromkeys(runs, float("inf"))
        starts = []
        for number in range(given.rounds):
            for name, run in runs.items():
                out = Path(temporary) / f"{name} {number}"
                out.mkdir()
                # nor does anybody wait for what another has left to be written down
                os.sync()
                began = time.perf_counter()
                run(out)
                best[name] = min(best[name], time.perf_counter() - began)
            starts.append(first(folder, Path(temporary) / f"first {number}"))
        base = best["polycolor, all cores"]
        print(f"| {CORES} cores, {given.count} drawings | drawings/s | time / polycolor's |\n|---|---|---|")
        for name, seconds in best.items():
            print(f"| {name} | {given.count / seconds:.0f} | {seconds / base:.2f} |")
        print(f"\nstart to first finished drawing: {min(starts):.2f} s")
        for kind in ("", ", gaps"):
            workers = best[f"polycolor, one worker{kind}"] / best[f"polycolor, all cores{kind}"]
            print(f"all cores against one worker{kind}: {workers:.2f} x")
        print(f"8 colours against one: {best['polycolor, 8 colours'] / base:.2f} x the time")


if __name__ == "__main__":
    main()
