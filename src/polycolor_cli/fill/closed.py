"""Clean drawings of closed outlines: what lies inside of them needs no network.

Closed is an outline with all its ink along what it encloses, and no end in the open. A network that looks for gaps
takes the bays of such an outline for gaps too; a flood fill does not, and is quicker.
"""

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.bites import without_bites
from polycolor_cli.fill.masks import background, bounding_box, dilated, distance_to, rim_of, touches_rim
from polycolor_cli.fill.planes import Coverage, Gray, Mask
from polycolor_cli.fill.rules import INK, SOFT, Tones, is_line_art, paper_gray, soft_edges

REACH = 1.5
"""Line widths that ink may lie away from what it encloses; ink farther off belongs to a loose end."""
THINNEST = 0.6
"""Thinnest place of a line, of its usual width, at which it is whole; two pixels less it may always be."""
SMALLEST = 48
"""Shortest longest side of a picture that is traced, in pixels; in fewer, loose ends are hardly longer than wide."""


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
    enclosed = _enclosed(ink, around)
    if not enclosed.any():
        return None
    depth = distance_to(enclosed)
    if _shapes(ink, around, depth)[1].any():
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


def bare_beside_closed(gray: Gray, coverage: Coverage, tones: Tones) -> Coverage:
    """A coverage without what is beyond a closed outline and belongs to nothing else: the bays of a star or a C.

    Other things on the page are open, or no network would have been asked; all as of `closed_coverage`.
    """
    if tones.ends is None or (paper := paper_gray(gray)) is None:
        return coverage
    import cv2

    contrast = cv2.absdiff(gray, float(paper))
    ink = contrast >= max(2 * SOFT, INK * int(contrast.max()))
    around = background(ink)
    beyond = around & (coverage >= 128)
    if not beyond.any() or not is_line_art(ink):
        return coverage
    depth = distance_to(_enclosed(ink, around))
    shape, is_open = _shapes(ink, around, depth)
    # what the picture's rim cuts off, or is pale somewhere, may go on
    is_open[rim_of(shape)] = True
    is_open[shape[background(contrast >= int(contrast.max()) / 2) & ~(ink | around)]] = True
    side = ink & dilated(around)
    of_side, thickness = shape[side], depth[side]
    for number in np.flatnonzero(~is_open):
        is_open[number] = _is_bitten(thickness[of_side == number])
    count, piece = cv2.connectedComponents((coverage >= 128).view(np.uint8), connectivity=8)
    in_piece, number = np.unique(np.stack([piece[side], of_side]), axis=1)
    is_alone = np.bincount(in_piece, minlength=count) == 1
    is_alone[in_piece[is_open[number]]] = False
    is_alone[0] = False
    return np.where(beyond & is_alone[piece], np.uint8(0), coverage)


def _enclosed(ink: Mask, around: Mask) -> Mask:
    """What ink encloses; a pinhole in a line is no inside."""
    import cv2

    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return ~(around | (cv2.morphologyEx(ink.view(np.uint8), cv2.MORPH_CLOSE, cross) > 0))


def _shapes(ink: Mask, around: Mask, depth: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The connected shapes by number, 0 around them, and which are no closed outlines.

    depth: pixels to the nearest one that is enclosed.
    """
    import cv2

    count, shape = cv2.connectedComponents((~around).view(np.uint8), connectivity=8)
    is_open = np.zeros(count, np.bool_)
    at = np.flatnonzero(ink)
    of_shape = shape.ravel()[at]
    inked = np.bincount(of_shape, minlength=count)
    # across a line of width w, the distance to its sides is w / 4 on the mean, and half a pixel
    width = 4 * np.bincount(of_shape, distance_to(~ink).ravel()[at], count) / np.maximum(inked, 1) - 1
    is_far = depth.ravel()[at] > REACH * width[of_shape]
    if is_far.any():
        far = np.zeros_like(ink)
        far.ravel()[at] = is_far
        piece = cv2.connectedComponents(far.view(np.uint8), connectivity=8)[1].ravel()[at[is_far]]
        # what is smaller than a square of the line's width is the tip of a sharp corner
        is_open[of_shape[is_far][np.bincount(piece)[piece] > width[of_shape[is_far]] ** 2]] = True
    return shape, is_open


def _is_bitten(thickness: NDArray[np.float32]) -> bool:
    """Whether a line, by how thick it is at each pixel of its outer side, is so thin somewhere that a piece is gone."""
    if not thickness.size:
        return True
    usual = np.median(thickness)
    return bool(thickness.min() < min(THINNEST * usual, usual - 2))
