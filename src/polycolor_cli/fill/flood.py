"""Flooding: numbers that spread from where they are known, over the lowest ground first.

It is OpenCV's watershed, which is there already: to import scikit-image's takes longer than a whole command.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.planes import Mask


def flooded(numbers: NDArray[np.int32], unknown: Mask, ground: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Numbers (H, W), 0 and above, those that are unknown taken from the pixels beside them, lowest ground first.

    ground: heights, uint8 (H, W). What no known number reaches keeps its own.
    Watershed by flooding (Meyer, "Color image segmentation", ICIP 1992).
    """
    height, width = numbers.shape
    # OpenCV floods by how far two pixels beside each other differ in any channel. One of them is even, the other odd:
    # each has its height in a channel in which the other has none, and they differ by the height of the higher one
    heights = np.zeros((height + 2, width + 2, 3), np.uint8)
    for row in (0, 1):
        for column in (0, 1):
            heights[1 + row : -1 : 2, 1 + column : -1 : 2, (row + column) % 2] = ground[row::2, column::2]
    found = np.zeros((height + 2, width + 2), np.int32)
    found[1:-1, 1:-1] = np.where(unknown, 0, numbers + 1)
    cv2.watershed(heights, found)
    # a line where two floods meet belongs to neither: its pixels go to where the ground beside them is lowest
    lines = np.flatnonzero((found <= 0) & np.pad(unknown, 1))
    beside = lines[:, None] + [-width - 2, -1, 1, width + 2]
    flat = found.ravel()
    higher = np.where(flat[beside] > 0, np.pad(ground, 1).ravel()[beside].astype(np.int16), 256)
    flat[lines] = np.take_along_axis(flat[beside], higher.argmin(1, keepdims=True), 1)[:, 0]
    found = found[1:-1, 1:-1]
    return np.where(found > 0, found - 1, numbers)
