"""Pieces bitten out of the outer side of a closed line: there it is as wide as it is elsewhere."""

import numpy as np

from polycolor_cli.fill.masks import runs
from polycolor_cli.fill.planes import Coverage, Mask

WHOLE = 0.85
"""Share of its usual width from which on a line is whole."""
EVEN = 0.85
"""Share of an outline, at least, along which a line is of its usual width, if it has one."""
UNEVEN = 0.25
"""By how much of that it may differ there, and by a pixel more."""
LONGEST = 3
"""Widths of the line from lip to lip of a bite, at most; how a longer part went on is for the network to say."""
DEEP = 0.1
"""Area of a bite, at least, in squares of the distance between its lips; else it is the inner side that is bitten."""


def without_bites(coverage: Coverage, inside: Mask, enclosed: Mask, soft: int = 1) -> Coverage | None:
    """The coverage of closed outlines with their lines whole; None where that cannot be told.

    coverage: uint8 (H, W); inside: where the lines are and what they enclose; enclosed: the latter alone; soft: over
    how many pixels ink ends. The inner side of a line says where its outer side was.
    """
    import cv2

    to_enclosed = (~enclosed).view(np.uint8)
    distance, nearest = cv2.distanceTransformWithLabels(to_enclosed, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    is_sharp, answer = not ((coverage > 0) & (coverage < 255)).any(), coverage.copy()
    for found in cv2.findContours(inside.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
        points = found[:, 0]
        width = distance[points[:, 1], points[:, 0]]
        usual = float(np.median(width))
        is_whole = width >= WHOLE * usual - 0.25
        if is_whole.all():
            continue
        if np.count_nonzero(np.abs(width - usual) <= UNEVEN * usual + 1) < EVEN * len(points):
            return None
        first = int(is_whole.argmax())  # no bite is then parted
        points, width, is_whole = (np.roll(values, -first, 0) for values in (points, width, is_whole))
        # so far from what each pixel is nearest to, the outer edge is
        edge = np.zeros(int(nearest.max()) + 1, np.float32)
        for start, stop in runs(~is_whole):
            bite = points[np.arange(start - 1, stop + 1) % len(points)]
            apart = float(np.hypot(*(bite[-1] - bite[0])))
            if apart > LONGEST * usual + 2:
                return None
            if cv2.contourArea(bite, oriented=True) >= DEEP * apart**2:
                beside = np.r_[start - round(usual) : start, stop : stop + round(usual)] % len(points)
                # where its lips are soft, they are part of it
                whole = points[np.arange(start - soft, stop + soft) % len(points)]
                edge[nearest[whole[:, 1], whole[:, 0]]] = np.median(width[beside][is_whole[beside]]) + 1
        as_wide = np.clip(edge[nearest] - distance, 0, 1)
        as_wide = (as_wide >= 0.5) * np.uint8(255) if is_sharp else np.round(255 * as_wide).astype(np.uint8)
        answer = np.maximum(answer, as_wide)
    return answer
