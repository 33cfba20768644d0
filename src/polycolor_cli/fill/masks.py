"""What is asked of masks, and of the pixels beside others; OpenCV is imported where it is needed.

It takes longer to import than a small picture takes to fill.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.planes import Mask


def background(wall: Mask) -> Mask:
    """What a flood fill from around the picture reaches, not through a wall."""
    import cv2

    padded = cv2.copyMakeBorder(wall.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(padded, None, (0, 0), 2)
    return padded[1:-1, 1:-1] == 2


def neighbours(flat: NDArray[np.intp], height: int, width: int, apart: int = 1) -> Iterator[NDArray[np.intp]]:
    """The pixels `apart` pixels away in each of eight ways, as flat indices; the rim is its own neighbour."""
    y, x = np.divmod(flat, width)
    rows = {way: (y + way * apart).clip(0, height - 1) * width for way in (-1, 0, 1)}
    columns = {way: (x + way * apart).clip(0, width - 1) for way in (-1, 0, 1)}
    for down, right in itertools.product(rows, columns):
        if down or right:
            yield rows[down] + columns[right]


def touches_rim(mask: Mask) -> bool:
    """Whether a mask reaches the rim of the picture."""
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())


def bounding_box(mask: Mask) -> tuple[slice, slice]:
    """The smallest box around the pixels of a mask and all beside them."""
    import cv2

    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return slice(max(top - 1, 0), top + height + 1), slice(max(left - 1, 0), left + width + 1)


def dilated(mask: Mask) -> Mask:
    """A mask and all pixels beside it."""
    import cv2

    return cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)


def distance_to(mask: Mask) -> NDArray[np.float32]:
    """How many pixels each pixel is away from the nearest one of a mask; around the picture is none of it."""
    import cv2

    return cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3)


def fraction(mask: Mask, among: Mask) -> float:
    """The share of a mask, `among`, that another covers."""
    return int(np.count_nonzero(mask & among)) / max(int(np.count_nonzero(among)), 1)
