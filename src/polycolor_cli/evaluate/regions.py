"""How well regions are told apart: label maps against true ones, beside the fills that people use for that.

A set is a folder with drawings in `in/` and their regions in `labels/`: gray pictures of 16 bits, 0 outside, 1..N the
regions, 65535 what does not count.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from polycolor_cli.data.dataset import DatasetError
from polycolor_cli.evaluate.classical import ink_of
from polycolor_cli.files.picture import read_picture
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.masks import rim_of

Labels = NDArray[np.uint16]
Method = Callable[[Image.Image], Labels]
"""Tells the regions of a drawing apart."""

SKIPPED = 65535
"""The label of what does not count."""
RIGHT = 0.9
"""IoU from which on a region is right."""
RADII = (8, 6, 4, 3, 2, 1, 0)
"""Radii of the trapped balls, in pixels, largest first."""
MEASURES = ("regions right", "drawings right", "IoU", "Rand", "variation")


def by_model(colorizer: Colorizer) -> Method:
    """A model as a method to measure."""
    return lambda drawing: colorizer.regions(drawing).labels


def bucket(drawing: Image.Image) -> Labels:
    """Connected paper, as every paint bucket has it."""
    ink = ink_of(np.asarray(drawing.convert("L")))
    return _inside(_spread(ndimage.label(~ink)[0]))


def trapped_balls(drawing: Image.Image) -> Labels:
    """Balls of falling radius, each in the paper that larger ones could not reach.

    After Zhang et al., "Vectorizing Cartoon Animations" (IEEE TVCG 2009).
    """
    free = np.pad(~ink_of(np.asarray(drawing.convert("L"))), 2 * RADII[0], constant_values=True)
    areas, count = np.zeros(free.shape, int), 0
    for radius in RADII:
        left = free & (areas == 0)
        deep = ndimage.distance_transform_edt(left) > radius
        found, number = ndimage.label(deep)
        swept = left & (ndimage.distance_transform_edt(~deep) <= radius + 0.5)
        areas = np.where(swept, _spread(found) + count, areas) if number else areas
        count += number
    margin = 2 * RADII[0]
    return _inside(_spread(areas)[margin:-margin, margin:-margin])


METHODS: dict[str, Method] = {"bucket": bucket, "trapped-ball": trapped_balls}


def _spread(areas: NDArray) -> NDArray:
    """Each pixel's own area, or the nearest one's."""
    place = ndimage.distance_transform_edt(areas == 0, return_distances=False, return_indices=True)
    return areas[tuple(place)]


def _inside(areas: NDArray) -> Labels:
    """Areas that touch the rim of the picture are no regions."""
    rim = np.unique(rim_of(areas))
    return (
        np.unique(np.where(np.isin(areas, rim), 0, areas), return_inverse=True)[1]
        .reshape(areas.shape)
        .astype(np.uint16)
    )


def cases(folder: Path) -> list[tuple[Path, Path]]:
    """The drawings of a set with their true regions. Raises DatasetError."""
    pairs = [(drawing, folder / "labels" / f"{drawing.stem}.png") for drawing in sorted((folder / "in").glob("*.png"))]
    problems = [f"{drawing}: has no regions in labels/" for drawing, truth in pairs if not truth.is_file()]
    if problems or not pairs:
        raise DatasetError(problems or [f"{folder / 'in'}: there are no pictures in it"])
    return pairs


def measure(method: Method, drawing: Path, truth: Path) -> dict[str, float]:
    """How a method does on one drawing: `right` and `regions` (counts), and three measures in 0..1 and above.

    A region is right with an IoU of 0.9 with the label that it overlaps most. Rand is the adapted Rand index (1 is
    best), variation that of information (0 is best), both of scikit-image, over what counts.
    """
    from skimage.metrics import adapted_rand_error, variation_of_information

    with Image.open(truth) as image:
        wanted = np.asarray(image).astype(np.int64)
    counts = wanted != SKIPPED
    got, wanted = method(read_picture(drawing))[counts].astype(np.int64), wanted[counts]
    ious = []
    for number in np.unique(wanted[wanted > 0]):
        mine = wanted == number
        best = int(np.bincount(got[mine]).argmax())
        theirs = got == best
        ious.append(float((mine & theirs).sum() / (mine | theirs).sum()) if best else 0.0)
    return {
        "regions": len(ious),
        "right": sum(iou >= RIGHT for iou in ious),
        "iou": sum(ious),
        "rand": 1 - float(adapted_rand_error(wanted + 1, got + 1)[0]),
        "variation": float(sum(variation_of_information(wanted + 1, got + 1))),
    }


def row(measures: list[dict[str, float]]) -> list[str]:
    """The means over drawings, in the order of `MEASURES`, as text."""
    regions = max(sum(one["regions"] for one in measures), 1)
    whole = np.mean([one["right"] == one["regions"] for one in measures])
    return [
        f"{sum(one['right'] for one in measures) / regions:.1%}",
        f"{whole:.1%}",
        f"{sum(one['iou'] for one in measures) / regions:.3f}",
        f"{np.mean([one['rand'] for one in measures]):.3f}",
        f"{np.mean([one['variation'] for one in measures]):.3f}",
    ]
