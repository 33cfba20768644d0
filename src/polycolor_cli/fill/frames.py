"""A frame around a page, which is no shape: a box of thin lines along the edges of the picture."""

import numpy as np

from polycolor_cli.fill.pieces import searched
from polycolor_cli.fill.planes import Coverage, Gray

SEEN = 64
"""Longest side, in pixels, in which coverage is counted."""
COVERED = 0.6
"""Share of a picture that a frame encloses at least."""
MARGIN = 0.1
"""Parts of a side of the picture that a frame is away from it at most."""
THIN = 0.03
"""Parts of the shorter side that its lines are thick, and aslant, at most."""
WHOLE = 0.95
"""Share of each of its sides that is drawn at least."""


def inside_frame(gray: Gray, coverage: Coverage) -> tuple[slice, slice] | None:
    """The rows and columns inside the frame around a page, both uint8 (H, W); None where there is no frame."""
    every = -(-max(coverage.shape) // SEEN)
    seen = coverage[::every, ::every]
    if np.count_nonzero(seen >= 128) < COVERED * seen.size:
        return None
    page = searched(gray)
    height, width = page.ink.shape
    for number in np.flatnonzero(page.boxes[:, 2:].prod(1) >= COVERED * page.ink.size):
        left, top, wide, high = (int(side) for side in page.boxes[number])
        if max(left, width - left - wide) > MARGIN * width or max(top, height - top - high) > MARGIN * height:
            continue
        ink = page.label[top : top + high, left : left + wide] == number + 1
        thick = int(THIN * min(height, width)) + 1
        if min(ink.shape) <= 4 * thick or ink[thick:-thick, thick:-thick].any():
            continue
        sides = ink[:thick].any(0), ink[-thick:].any(0), ink[:, :thick].any(1), ink[:, -thick:].any(1)
        if min(np.mean(side) for side in sides) >= WHOLE:
            rows = slice((top + thick) * page.step, (top + high - thick) * page.step)
            return rows, slice((left + thick) * page.step, (left + wide - thick) * page.step)
    return None
