"""What a drawing is on: paper, or rough ground, of which stones and stains are taken for things that are drawn."""

import cv2
import numpy as np

from polycolor_cli.fill.masks import median
from polycolor_cli.fill.planes import Coverage, Gray
from polycolor_cli.fill.rules import SOFT, paper_gray

SEEN = 512
"""Longest side, in pixels, in which ground is judged."""
NEAR = 31
"""Side of the square, in those pixels, whose mean is the paper's gray where light on it is uneven."""
EVEN = 0.7
"""Share of the pixels that are within a few grays of that on paper: gravel, wood and photographs are rougher."""
PALE = 0.75
"""How far from the ground's gray, in parts of the ink's distance, what is pale is at most."""
SOLID = 0.7
"""Share of that distance which the middle of a solid thing has at least; inside of an outline is ground."""


def is_paper(gray: Gray) -> bool:
    """Whether a picture, uint8 (H, W), is on paper that is flat, or would be in even light."""
    step = -(-max(gray.shape) // SEEN)
    seen = np.ascontiguousarray(gray[::step, ::step])
    if paper_gray(seen) is not None:
        return True
    even = cv2.absdiff(cv2.blur(seen, (NEAR, NEAR)), seen) <= SOFT
    return bool(np.count_nonzero(even) >= EVEN * seen.size)


def without_stones(gray: Gray, coverage: Coverage) -> Coverage:
    """The coverage of a drawing on rough ground, both uint8 (H, W), but bare where a pale, solid thing is.

    The ink is that of the largest thing; what is pale beside it and has no outline is of the ground.
    """
    covered = (coverage >= 128).view(np.uint8)
    count, thing, stats, _ = cv2.connectedComponentsWithStats(covered, connectivity=8)
    if count < 3:
        return coverage
    apart = cv2.absdiff(gray, float(median(gray)))
    answer, ink = coverage.copy(), 0.0
    for number in np.argsort(-stats[1:, cv2.CC_STAT_AREA]) + 1:
        left, top, width, height = stats[number, :4]
        # and its soft edge
        box = np.s_[max(top - 2, 0) : top + height + 2, max(left - 2, 0) : left + width + 2]
        alone = thing[box] == number
        strong, middle = np.quantile(apart[box][alone], (0.9, 0.5))
        ink = ink or strong
        if strong < PALE * ink and middle >= SOLID * strong:
            around = cv2.dilate(alone.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
            answer[box][around & (alone | (thing[box] == 0))] = 0
    return answer
