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
    width = numbers.shape[1] + 2
    # OpenCV floods by how far two pixels beside each other differ in any channel. One of them is even, the other odd:
    # each has its height in a channel in which the other has none, and they differ by the height of the higher one
    even, odd = ground.copy(), ground.copy()
    even[0::2, 1::2] = even[1::2, 0::2] = odd[0::2, 0::2] = odd[1::2, 1::2] = 0
    # around the picture is nothing that could be flooded
    heights = cv2.copyMakeBorder(cv2.merge([even, odd, odd]), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    found = cv2.copyMakeBorder(numbers + 1, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    flat = found.ravel()
    sought = np.flatnonzero(cv2.copyMakeBorder(unknown.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT))
    flat[sought] = 0
    cv2.watershed(heights, found)
    # a line where two floods meet belongs to neither: its pixels go to where the ground beside them is lowest
    lines = sought[flat[sought] <= 0]
    beside = lines[:, None] + [-width, -1, 1, width]
    higher = np.where(flat[beside] > 0, heights.reshape(-1, 3)[beside].max(2).astype(np.int16), 256)
    flat[lines] = np.take_along_axis(flat[beside], higher.argmin(1, keepdims=True), 1)[:, 0]
    answer = numbers.copy()
    reached = flat[sought]
    answer[unknown] = np.where(reached > 0, reached - 1, numbers[unknown])
    return answer
