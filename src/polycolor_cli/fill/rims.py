"""Soft ink around a coverage: where a drawing is out of focus, its lines end in a ramp, and a fill in its middle.

What lies beyond would stay as a gray fringe around the fill.
"""

import cv2
import numpy as np

from polycolor_cli.fill.masks import SQUARE, bounding_box, median
from polycolor_cli.fill.planes import Coverage, Gray
from polycolor_cli.fill.rules import SOFT, paper_gray

WIDEST = 6
"""Pixels that such a ramp reaches beyond what is covered, at most; in large pictures more."""
LARGE = 100
"""Pixels of the picture's longest side for each of those that it reaches there."""
INKED = 0.7
"""Share of ink from which on a pixel beyond is ink of something else."""
PALER = 0.9
"""Share of that of the pixel before that is left in each at most: strokes and stains beside a line are no ramp."""
GRAIN = 3
"""Times as far from the paper's gray as half of what is bare farther off that something is still paper."""
CONTRAST = 48
"""Levels of 255 between ink and paper below which nothing is said of either."""


def with_soft_rim(gray: Gray, coverage: Coverage) -> Coverage:
    """A coverage, and beside it as much of each pixel as is of the ink that is covered and grows paler outwards.

    gray: uint8 (H, W), dark ink on light paper, like the coverage.
    """
    paper = paper_gray(gray)
    covered = cv2.threshold(coverage, 127, 255, cv2.THRESH_BINARY)[1]
    if paper is not None:
        next_to = cv2.dilate(cv2.threshold(coverage, 0, 255, cv2.THRESH_BINARY)[1], SQUARE)
        if int(gray[(next_to > 0) & (coverage == 0)].min(initial=255)) > paper - 2 * SOFT:
            return coverage
    if not covered.any():
        return coverage
    widest = max(WIDEST, max(gray.shape) // LARGE)
    answer, box = coverage.copy(), bounding_box(covered > 0, 3 * widest)
    near, gray, covered = answer[box], np.ascontiguousarray(gray[box]), np.ascontiguousarray(covered[box])
    around = np.ones((2 * widest + 1, 2 * widest + 1), np.uint8)
    light = cv2.dilate(cv2.blur(gray, (3, 3)), around) if paper is None else np.full_like(gray, paper)
    # unsigned bytes end at 0, where something is lighter than its paper
    depth, contrast = cv2.subtract(light, gray), cv2.subtract(light, cv2.erode(gray, around))
    share = cv2.divide(depth, contrast, scale=255)
    beyond = depth[cv2.dilate(near, around) == 0]
    grain = GRAIN * median(beyond) if beyond.size else 0
    share[(depth <= grain) | (share > 255 * INKED) | (contrast < CONTRAST)] = 0
    reached = covered
    for _ in range(widest):
        beside = cv2.convertScaleAbs(cv2.dilate(reached, SQUARE), alpha=PALER)
        paler = np.where((share <= beside) & (reached == 0), share, np.uint8(0))
        if not paler.any():
            break
        np.maximum(near, paler, out=near)
        reached = reached | paler
    return answer
