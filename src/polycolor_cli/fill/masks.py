"""What is asked of masks, and of the pixels beside others; OpenCV is imported where it is needed.

It takes longer to import than a small picture takes to fill.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.planes import Mask

SQUARE = np.ones((3, 3), np.uint8)
"""A pixel and the eight beside it."""


def background(wall: Mask) -> Mask:
    """What a flood fill from around the picture reaches, not through a wall."""
    import cv2

    padded = cv2.copyMakeBorder(wall.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(padded, None, (0, 0), 2)
    return padded[1:-1, 1:-1] == 2


def sum_around(plane: NDArray[np.uint8], reach: int = 1) -> NDArray[np.float32]:
    """The sum over each pixel and those so near in rows and columns; the rim is its own neighbour."""
    import cv2

    return cv2.boxFilter(
        plane, cv2.CV_32F, (2 * reach + 1, 2 * reach + 1), normalize=False, borderType=cv2.BORDER_REPLICATE
    )


def rim_of(plane: NDArray[Any]) -> NDArray[Any]:
    """The pixels at the rim of a picture (H, W), those of its corners twice: (2 H + 2 W,)."""
    return np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])


def touches_rim(mask: Mask) -> bool:
    """Whether a mask reaches the rim of the picture."""
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())


def bounding_box(mask: Mask, margin: int = 1) -> tuple[slice, slice]:
    """The smallest box around the pixels of a mask and all that are no more than a margin beside them."""
    import cv2

    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    rows = slice(max(top - margin, 0), top + height + margin)
    return rows, slice(max(left - margin, 0), left + width + margin)


def components(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Connected pixels of a mask by number, 0 where there is none, and the box (left, top, width, height) of each."""
    import cv2

    # what lies around all of them need not be gone through
    number, box = np.zeros(mask.shape, np.int32), bounding_box(mask)
    # the same as the usual way, whose boxes take three times as long
    found = cv2.connectedComponentsWithStatsWithAlgorithm(mask[box].view(np.uint8), 8, cv2.CV_32S, cv2.CCL_GRANA)
    _, number[box], stats, _ = found
    return number, stats[1:, :4] + np.array([box[1].start, box[0].start, 0, 0], np.int32)


def dilated(mask: Mask) -> Mask:
    """A mask and all pixels beside it."""
    import cv2

    return cv2.dilate(mask.view(np.uint8), SQUARE).view(np.bool_)


def distance_to(mask: Mask) -> NDArray[np.float32]:
    """How many pixels each pixel is away from the nearest one of a mask; around the picture is none of it."""
    import cv2

    return cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3)


def steps_to(mask: Mask) -> NDArray[np.float32]:
    """The same in steps to one of the eight pixels beside each."""
    import cv2

    return cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_C, 3)


def fraction(mask: Mask, among: Mask) -> float:
    """The share of a mask, `among`, that another covers."""
    return int(np.count_nonzero(mask & among)) / max(int(np.count_nonzero(among)), 1)


def runs(flags: Mask) -> list[tuple[int, int]]:
    """From where to where (exclusive) flags (N,) are set without a break."""
    steps = np.diff(np.r_[False, flags, False].astype(np.int8))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def median(values: NDArray[np.uint8]) -> int:
    """The median of bytes, which are quicker counted than sorted."""
    import cv2

    counts = cv2.calcHist([values.ravel()], [0], None, [256], [0, 256])
    return int(np.searchsorted(counts.ravel().cumsum(dtype=np.int64), (values.size + 1) // 2))
