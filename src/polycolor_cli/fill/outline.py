"""Closed outlines: what lies inside of them, and what does not, needs no guess.

Closed is an outline with all its ink along what it encloses, and no end in the open. A network that looks for gaps
takes the bays of such an outline for gaps too, and gets lost in long bands; a flood fill does neither.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.planes import Planes
from polycolor_cli.fill.settle import (
    CONTRAST,
    FLAT,
    HALF,
    Coverage,
    Gray,
    flat_paper,
    is_clean,
    is_drawn,
    outside,
    settled,
    two_grays,
)

Mask = NDArray[np.bool_]

FAINT = 0.25
"""How far from paper to the darkest ink a gray must be to count as ink."""
COVERED = 64
"""Coverage from which on a pixel beside ink is more than the soft edge of a line."""
HOLLOW = 0.15
"""Paper that ink encloses, for each pixel of it, from which on it is an outline and not a filled shape."""
LINED = 1.5
"""Widths of a line that its ink may lie away from what it encloses."""
SPIKE = 3
"""Squares as wide as the line that may lie beyond: the tip of a sharp corner, not the end of a line."""
BITE = 3
"""Squares as wide as the line that may be covered outside of it: a bite out of the line, mended."""
EVEN = 0.6
"""How thin a line may be, of its usual width, and have no bite out of it; two pixels thinner it may always be."""
AGREED = 0.1
"""Share of what a closed outline encloses that the network must cover for all of it to be."""


@dataclass(frozen=True)
class Outlines:
    """Ink on flat paper, and what it encloses, in connected shapes; all planes are of the box that they lie in."""

    box: tuple[slice, slice]
    """Rows and columns of the picture with all ink and, but at its rim, what is beside it."""
    contrast: Gray
    """How far each pixel is from the gray of the paper."""
    ink: Mask
    around: Mask
    """What a way leads to from the rim of the picture, not through ink."""
    shape: NDArray[np.int32]
    """The number of each pixel's shape, 0 around them."""
    width: NDArray[np.float64]
    """Of the lines of each shape, in pixels."""
    closed: Mask
    """Whether each shape is a closed outline."""
    depth: NDArray[np.float32]
    """How many pixels each pixel is away from the nearest one that is enclosed."""


def outlines(planes: Planes) -> Outlines | None:
    """The outlines of a drawing; None on paper that is not flat, and where ink encloses nothing.

    planes: smallest, mean and largest gray, uint8 (H, W) each; three times the same where nothing was shrunk.
    """
    paper = flat_paper(planes[1])
    if paper is None:
        return None
    import cv2

    contrast = cv2.absdiff(planes[0], float(paper))
    if planes[2] is not planes[0]:
        contrast = np.maximum(contrast, cv2.absdiff(planes[2], float(paper)))
    ink = contrast >= max(3 * FLAT, FAINT * int(contrast.max()))
    if not ink.any() or not is_drawn(ink):
        return None
    box = _box(ink)
    contrast, ink = (np.ascontiguousarray(plane[box]) for plane in (contrast, ink))
    around = outside(ink)
    enclosed = ~(around | ink)
    if not enclosed.any():
        return None
    count, shape = cv2.connectedComponents((ink | enclosed).view(np.uint8), connectivity=8)
    at = np.flatnonzero(ink)
    mine = shape.ravel()[at]
    inked = np.bincount(mine, minlength=count)
    # across a line of width w, the distance to its sides is w / 4 on the mean, and half a pixel
    width = 4 * np.bincount(mine, _distance(~ink).ravel()[at], count) / np.maximum(inked, 1) - 1
    closed = np.bincount(shape.ravel(), minlength=count) - inked >= HOLLOW * inked
    closed[0] = False
    depth = _distance(enclosed)
    beyond = depth.ravel()[at] > LINED * width[mine]
    if beyond.any():
        far = np.zeros_like(ink)
        far.ravel()[at] = beyond
        _, part = cv2.connectedComponents(far.view(np.uint8), connectivity=8)
        loose = far & (np.bincount(part.ravel())[part] > SPIKE * width[shape] ** 2)
        closed[shape[loose]] = False
    return Outlines(box, contrast, ink, around, shape, width, closed, depth)


def traced(gray: Gray, found: Outlines) -> Coverage | None:
    """The coverage of a clean drawing of nothing but closed outlines, as a flood fill has it; None for any other.

    gray: uint8 (H, W); found: its outlines. A line of uneven width may have been bitten; it counts as any other.
    """
    rim = (found.ink[0], found.ink[-1], found.ink[:, 0], found.ink[:, -1])
    sharp = two_grays(gray)
    if not found.closed[1:].all() or any(side.any() for side in rim) or not (sharp or is_clean(gray)):
        return None
    # a line that is pale somewhere may be meant as open there
    dark = found.contrast >= int(found.contrast.max()) / 2
    if not sharp and not np.array_equal(outside(dark) & ~found.ink, found.around):
        return None
    outer = np.sort(found.depth[found.ink & _beside(found.around)])
    usual = outer[outer.size // 2]
    if outer[0] < min(EVEN * usual, usual - 2):
        return None
    covered = np.zeros_like(gray)
    covered[found.box] = np.where(found.around, np.uint8(0), np.uint8(255))
    return covered if sharp else settled(gray, covered)


def outlined(found: Outlines, coverage: Coverage) -> Coverage:
    """The coverage, uint8 (H, W), with closed outlines filled whole, and nothing beside them.

    Beside any other ink, and at the rim of the picture, it stays; so it does where it mends a bite out of a line.
    """
    found = _in_picture(found, coverage.shape)
    return _without_bays(found, _filled(found, coverage))


def _in_picture(found: Outlines, shape: tuple[int, ...]) -> Outlines:
    """The same, its planes those of the whole picture."""
    planes = {"contrast": 0, "ink": False, "around": True, "shape": 0, "depth": np.inf}
    whole = {}
    for name, beyond in planes.items():
        part = getattr(found, name)
        whole[name] = np.full(shape, beyond, part.dtype)
        whole[name][found.box] = part
    return replace(found, box=np.s_[:, :], **whole)


def _filled(found: Outlines, coverage: Coverage) -> Coverage:
    """The coverage, with what closed outlines enclose covered where it is at all."""
    import cv2

    if not (~(found.around | found.ink) & (coverage < 255 - HALF)).any():
        return coverage
    wall = found.contrast >= max(3 * FLAT, CONTRAST * int(found.contrast.max()))
    inside = ~(outside(wall) | wall) & found.closed[found.shape]
    _, piece = cv2.connectedComponents(inside.view(np.uint8), connectivity=4)
    size = np.bincount(piece.ravel())
    agreed = np.bincount(piece.ravel(), coverage.ravel()) >= 255 * AGREED * size
    return np.where(inside & agreed[piece], np.uint8(255), coverage)


def _without_bays(found: Outlines, coverage: Coverage) -> Coverage:
    """The coverage without what is covered outside of closed outlines."""
    import cv2

    covered = found.around & (coverage > np.where(_beside(found.ink), COVERED, HALF))
    if not covered.any():
        return coverage
    keeps = _beside(found.ink & ~found.closed[found.shape])
    keeps[[0, -1]] = keeps[:, [0, -1]] = True
    count, piece = cv2.connectedComponents(covered.view(np.uint8), connectivity=4)
    width = cv2.dilate(np.where(found.ink, found.width[found.shape], 0), np.ones((3, 3), np.uint8))
    widest = np.zeros(count)
    np.maximum.at(widest, piece[covered], width[covered])
    bay = np.bincount(piece.ravel(), minlength=count) > BITE * widest**2
    bay[piece[covered & keeps]] = False
    bay[0] = False
    return np.where(bay[piece], np.uint8(0), coverage)


def _box(some: Mask) -> tuple[slice, slice]:
    """The smallest box around some pixels and all beside them."""
    import cv2

    left, top, width, height = cv2.boundingRect(some.view(np.uint8))
    return slice(max(top - 1, 0), top + height + 1), slice(max(left - 1, 0), left + width + 1)


def _beside(some: Mask) -> Mask:
    """These pixels and all eight beside each."""
    import cv2

    return cv2.dilate(some.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)


def _distance(to: Mask) -> NDArray[np.float32]:
    """How many pixels each pixel is away from the nearest one of some; around the picture is none of them."""
    import cv2

    return cv2.distanceTransform((~to).view(np.uint8), cv2.DIST_L2, 3)
