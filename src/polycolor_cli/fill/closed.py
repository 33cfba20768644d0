"""Clean drawings of closed outlines: what lies inside of them needs no network.

Closed is an outline with all its ink along what it encloses, and no end in the open. A network that looks for gaps
takes the bays of such an outline for gaps too; a flood fill does not, and is quicker.
"""

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.bites import without_bites
from polycolor_cli.fill.masks import (
    SQUARE,
    background,
    bounding_box,
    components,
    dilated,
    distance_to,
    touches_rim,
)
from polycolor_cli.fill.planes import Coverage, Gray, Mask
from polycolor_cli.fill.rules import INK, SOFT, Tones, is_line_art, paper_gray, soft_edges, tones_of

REACH = 1.5
"""Line widths that ink may lie away from what it encloses; ink farther off belongs to a loose end."""
THINNEST = 0.6
"""Thinnest place of a line, of its usual width, at which it is whole; two pixels less it may always be."""
SMALLEST = 48
"""Shortest longest side of a picture that is traced, in pixels; in fewer, loose ends are hardly longer than wide."""
MOST = 64
"""Things on a page that are traced one by one, at most."""
COUNTED = 512
"""Longest side, in pixels, in which these are counted."""
AROUND = 3
"""Paper that is seen around each, in pixels."""


def closed_coverage(gray: Gray, tones: Tones) -> Coverage | None:
    """The coverage of a clean drawing of nothing but closed outlines, as a flood fill has it; None for any other.

    gray: uint8 (H, W), dark ink on light paper; tones: those of the gray.
    """
    if tones.ends is None or max(gray.shape) < SMALLEST or (paper := paper_gray(gray)) is None:
        return None
    import cv2

    contrast = cv2.absdiff(gray, float(paper))
    ink = contrast >= max(2 * SOFT, INK * int(contrast.max()))
    if not ink.any() or touches_rim(ink) or not is_line_art(ink):
        return None
    is_sharp = not tones.half.size
    box = bounding_box(ink)
    contrast, ink = (np.ascontiguousarray(plane[box]) for plane in (contrast, ink))
    around = background(ink)
    # a line that is pale somewhere may be meant as open there
    if not is_sharp and not np.array_equal(background(contrast >= int(contrast.max()) / 2) & ~ink, around):
        return None
    # a pinhole in a line is no inside
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    enclosed = ~(around | (cv2.morphologyEx(ink.view(np.uint8), cv2.MORPH_CLOSE, cross) > 0))
    if not enclosed.any():
        return None
    depth = distance_to(enclosed)
    if not _all_closed(ink, around, depth):
        return None
    covered = np.zeros_like(gray)
    covered[box] = ~around * np.uint8(255)
    if not is_sharp:
        covered = soft_edges(gray, covered, tones.half, *tones.ends, tones.soft)
    if _is_bitten(depth[ink & dilated(around)]):
        whole = without_bites(covered[box], ~around, enclosed, tones.soft)
        if whole is None:
            return None
        covered[box] = whole
    return covered


def bare_beside_closed(gray: Gray, coverage: Coverage, ends: tuple[int, int]) -> Coverage:
    """A coverage without what is beyond a closed outline and belongs to nothing else: the bays of a star or a C.

    gray, coverage: uint8 (H, W); ends: the grays of ink and of paper. Other things on the page are open, or no network
    would have been asked.
    """
    import cv2

    # one thing alone is open, which is soon seen
    step = -(-max(gray.shape) // COUNTED)
    seen = cv2.threshold(coverage[::step, ::step], 127, 1, cv2.THRESH_BINARY)[1]
    if not 2 < cv2.connectedComponents(seen, connectivity=8)[0] <= MOST:
        return coverage
    label, boxes = components(coverage >= 128)
    answer = coverage.copy()
    for number, (left, top, width, height) in enumerate(boxes[:MOST].tolist(), 1):
        if max(width, height) + 2 * AROUND < SMALLEST:
            continue
        part = np.s_[max(top - AROUND, 0) : top + height + AROUND, max(left - AROUND, 0) : left + width + AROUND]
        mine = cv2.dilate((label[part] == number).view(np.uint8), SQUARE, iterations=AROUND - 1) > 0
        alone = np.where(mine, gray[part], np.uint8(ends[1]))
        if (closed := closed_coverage(alone, tones_of(alone))) is not None:
            answer[part][mine] = closed[mine]
    return answer


def _all_closed(ink: Mask, around: Mask, depth: NDArray[np.float32]) -> bool:
    """Whether each connected shape is a closed outline; depth: pixels to the nearest one that is enclosed."""
    import cv2

    count, shape = cv2.connectedComponents((~around).view(np.uint8), connectivity=8)
    at = np.flatnonzero(ink)
    of_shape = shape.ravel()[at]
    inked = np.bincount(of_shape, minlength=count)
    # across a line of width w, the distance to its sides is w / 4 on the mean, and half a pixel
    width = 4 * np.bincount(of_shape, distance_to(~ink).ravel()[at], count) / np.maximum(inked, 1) - 1
    is_far = depth.ravel()[at] > REACH * width[of_shape]
    if not is_far.any():
        return True
    far = np.zeros_like(ink)
    far.ravel()[at] = is_far
    piece = cv2.connectedComponents(far.view(np.uint8), connectivity=8)[1].ravel()[at[is_far]]
    # what is smaller than a square of the line's width is the tip of a sharp corner
    return not (np.bincount(piece)[piece] > width[of_shape[is_far]] ** 2).any()


def _is_bitten(thickness: NDArray[np.float32]) -> bool:
    """Whether a line, by how thick it is at each pixel of its outer side, is so thin somewhere that a piece is gone."""
    usual = np.median(thickness)
    return bool(thickness.min() < min(THINNEST * usual, usual - 2))
