"""Whether a drawing is filled the same when it is turned, mirrored, moved, enlarged, inverted or saved as a JPEG.

    python benchmarks/consistency.py FOLDER [FOLDER ...] [--model MODEL]

Each picture of a folder is filled as it is and changed. Two answers agree when their soft IoU, at the size of the
picture as it is, is over 0.98; printed are the pairs that agree, for each change and over all, and the drawings that
agree under all changes.
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.models.weights import DEFAULT

Plane = NDArray[np.uint8]

AGREE = 0.98


def moved(plane: Plane, beside: int) -> Plane:
    """One pixel to the right and down."""
    return np.pad(plane, ((1, 0), (1, 0)), constant_values=beside)[:-1, :-1]


def twice(gray: Plane) -> Plane:
    height, width = gray.shape
    return np.asarray(Image.fromarray(gray).resize((2 * width, 2 * height), Image.Resampling.BICUBIC))


def as_jpeg(gray: Plane) -> Plane:
    file = io.BytesIO()
    Image.fromarray(gray).save(file, "JPEG", quality=90)
    return np.asarray(Image.open(file))


def same(plane: Plane) -> Plane:
    return plane


CHANGES: dict[str, tuple[Callable[[Plane], Plane], Callable[[Plane], Plane], Callable[[Plane], Plane]]] = {
    "turned by 90 degrees": (np.rot90, np.rot90, same),
    "mirrored": (np.fliplr, np.fliplr, same),
    "moved by a pixel": (lambda gray: moved(gray, int(gray[0, 0])), lambda answer: moved(answer, 0), same),
    "twice the size": (twice, same, lambda answer: np.asarray(Image.fromarray(answer).reduce(2))),
    "inverted": (lambda gray: 255 - gray, same, same),
    "as JPEG 90": (as_jpeg, same, same),
}
"""What is done to the drawing, to the answer that it had, and to the answer that it has then."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    given = parser.parse_args()
    for folder in given.folders:
        if not any(folder.glob("*.png")):
            parser.error(f"{folder}: holds no .png; give the folder that the drawings lie in")
    colorizer = Colorizer(given.model)
    print(f"| folder | {' | '.join(CHANGES)} | pairs | drawings |\n|---|{'---|' * (len(CHANGES) + 2)}")
    for folder in given.folders:
        agree: list[list[bool]] = []
        for path in sorted(folder.glob("*.png")):
            gray = np.asarray(Image.open(path).convert("L"))
            before = colorizer.coverage(gray)
            agree.append([])
            for change, expected, seen in CHANGES.values():
                after = seen(colorizer.coverage(np.ascontiguousarray(change(gray))))
                agree[-1].append(soft_iou(after / 255, expected(before) / 255) > AGREE)
        table = np.array(agree)
        shares = [*table.mean(0), table.mean(), table.all(1).mean()]
        print(f"| {folder}, {len(table)} | {' | '.join(f'{share:.1%}' for share in shares)} |", flush=True)


if __name__ == "__main__":
    main()
