"""Fills that need no model, to measure one against: what people use today.

Each takes a gray drawing, uint8 (H, W), and returns a coverage, uint8 (H, W). What lies inside comes
from the method; along the rim of it the ink's own soft edge is kept, so that none is marked down for
being jagged.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

Gray = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Fill = Callable[[Gray], NDArray[np.uint8]]

TOLERANCE = 64
"""Grays that a bucket takes for the same, of 255."""
BALL = 0.04
"""Radius of the trapped ball, as a share of the shorter side."""
CLOSING = 0.03
"""Radius of the closing: a larger one would swell into every corner."""


def bucket(gray: Gray) -> NDArray[np.uint8]:
    """Pillow's flood fill of the outside from a corner; the shape is what it does not reach."""
    image = Image.fromarray(np.pad(gray, 1, constant_values=gray[0, 0])).convert("RGB")
    ImageDraw.floodfill(image, (0, 0), (255, 0, 255), thresh=TOLERANCE)
    red, green, _ = image.split()
    return _soft(gray, np.asarray(red)[1:-1, 1:-1] == np.asarray(green)[1:-1, 1:-1])


def holes(gray: Gray) -> NDArray[np.uint8]:
    """Otsu's threshold, then every hole filled."""
    return _soft(gray, ndimage.binary_fill_holes(ink_of(gray)))


def closing(gray: Gray) -> NDArray[np.uint8]:
    """Otsu's threshold, morphological closing over gaps, then every hole filled."""
    return _soft(gray, _closed(ink_of(gray)))


def adaptive(gray: Gray) -> NDArray[np.uint8]:
    """For paper: denoised, thresholded against the neighbourhood, closed, filled."""
    calm = cv2.fastNlMeansDenoising(gray, None, 15)
    block = max(11, min(gray.shape) // 4 | 1)
    ink = cv2.adaptiveThreshold(calm, 1, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV, block, 10)
    found, count = ndimage.label(ink)
    sizes = ndimage.sum_labels(ink, found, np.arange(count + 1))
    kept = sizes[found] > 0.002 * gray.size
    return _soft(gray, _closed(kept & (ink > 0)))


def trapped_ball(gray: Gray) -> NDArray[np.uint8]:
    """A ball too large for the gaps rolls in from the border; what it never sweeps over is the shape.

    After Zhang et al., "Vectorizing Cartoon Animations" (IEEE TVCG 2009), with one radius.
    """
    ink = ink_of(gray)
    if not ink.any():
        return np.zeros_like(gray)
    radius = BALL * min(gray.shape)
    margin = int(radius) + 2
    free = ndimage.distance_transform_edt(np.pad(~ink, margin, constant_values=True)) > radius
    areas, _ = ndimage.label(free)
    swept = ndimage.distance_transform_edt(areas != areas[0, 0]) <= radius
    return _soft(gray, ~swept[margin:-margin, margin:-margin] | ink)


def hull(gray: Gray) -> NDArray[np.uint8]:
    """The convex hull of all ink."""
    inside = np.zeros(gray.shape, np.uint8)
    corners = np.argwhere(ink_of(gray))[:, ::-1].astype(np.int32)
    if len(corners):
        cv2.fillConvexPoly(inside, cv2.convexHull(corners), 1)
    return _soft(gray, inside > 0)


FILLS: dict[str, Fill] = {
    "bucket": bucket,
    "holes": holes,
    "closing": closing,
    "adaptive": adaptive,
    "trapped-ball": trapped_ball,
    "hull": hull,
}
"""Every classical fill by name."""


def ink_of(gray: Gray) -> Mask:
    """Otsu's threshold; ink is the side that the picture's border has less of."""
    level, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    dark = gray <= level
    return dark if np.median(border) > level else ~dark


def part_at(coverage: NDArray[np.uint8], gray: Gray, at: tuple[float, float]) -> NDArray[np.uint8]:
    """The part of a coverage under a point (x, y): connected paper, and the lines around it to their middle."""
    paper = (coverage >= 128) & ~ink_of(gray)
    label, count = ndimage.label(paper)
    if not count:
        return np.zeros_like(coverage)
    # lines are nearer to one of the two sides, the outside being one
    label[coverage < 128] = count + 1
    place = ndimage.distance_transform_edt(label == 0, return_distances=False, return_indices=True)
    nearest = label[tuple(place)]
    number = nearest[int(at[1]), int(at[0])]
    return np.where((nearest == number) & (number <= count), np.uint8(255), np.uint8(0))


def _closed(ink: Mask) -> Mask:
    radius = max(1, round(CLOSING * min(ink.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    around = np.pad(ink.astype(np.uint8), 2 * radius)
    closed = cv2.morphologyEx(around, cv2.MORPH_CLOSE, disc)[2 * radius : -2 * radius, 2 * radius : -2 * radius]
    return ndimage.binary_fill_holes(closed)


def _soft(gray: Gray, inside: Mask) -> NDArray[np.uint8]:
    """A mask as a coverage, whose outermost pixels are covered as far as they hold ink."""
    if not inside.any() or inside.all():
        return inside.astype(np.uint8) * np.uint8(255)
    paper = float(np.median(gray[~inside]))
    rim = inside & ~ndimage.binary_erosion(inside, border_value=True) | ndimage.binary_dilation(inside) & ~inside
    ink = float(np.percentile(np.abs(gray[inside] - paper), 98))
    held = np.clip(np.abs(gray - paper) / max(ink, 1.0), 0, 1)
    return np.round(np.where(rim, held, inside) * 255).astype(np.uint8)
