"""What stays of a drawing's lines around its fill where these are soft: out of focus, or enlarged.

    python benchmarks/fringes.py FOLDER [FOLDER ...] [--every N]

Each picture of a folder is filled and then changed, and changed and then filled. Printed is how far the one is from the
other on the mean, in levels of 255 for each pixel and channel: 0 where no gray fringe stays and no edge is moved.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from polycolor_cli import Colorizer


def blurred(image: Image.Image, pixels: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(pixels))


def larger(image: Image.Image, times: float, way: Image.Resampling) -> Image.Image:
    return image.resize((int(image.width * times), int(image.height * times)), way)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "blurred by .5 px": partial(blurred, pixels=0.5),
    "1 px": partial(blurred, pixels=1),
    "2 px": partial(blurred, pixels=2),
    "twice as large (bicubic)": partial(larger, times=2, way=Image.Resampling.BICUBIC),
    "twice (bilinear)": partial(larger, times=2, way=Image.Resampling.BILINEAR),
    "3.3 times (bicubic)": partial(larger, times=3.3, way=Image.Resampling.BICUBIC),
    "4 times (Lanczos)": partial(larger, times=4, way=Image.Resampling.LANCZOS),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    for folder in given.folders:
        if not any(folder.glob("*.png")):
            parser.error(f"{folder}: holds no .png; give the folder that the drawings lie in")
    colorizer = Colorizer()
    print(f"| folder | {' | '.join(CHANGES)} |\n|---|{'---|' * len(CHANGES)}")
    for folder in given.folders:
        rows = []
        for path in sorted(folder.glob("*.png"))[:: given.every]:
            drawing = Image.open(path).convert("L")
            filled = colorizer(drawing, "yellow")
            pairs = [(change(filled), colorizer(change(drawing), "yellow")) for change in CHANGES.values()]
            rows.append([np.abs(np.subtract(*(np.asarray(one, np.int16) for one in pair))).mean() for pair in pairs])
        print(f"| {folder}, {len(rows)} | {' | '.join(f'{off:.2f}' for off in np.mean(rows, 0))} |", flush=True)


if __name__ == "__main__":
    main()
