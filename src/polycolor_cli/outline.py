"""Closed outlines: what lies inside of them, and what does not, needs no guess.

Closed is an outline with all its ink along what it encloses, and no end in the open. A network that looks for gaps
takes the bays of such an outline for gaps too, and gets lost in long bands; a flood fill does neither.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.picture import Planes
from polycolor_cli.settle import CONTRAST, FLAT, HALF, Coverage, flat_paper, is_drawn, outside, seen, with_neighbours

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
AGREED = 0.1
"""Share of what a closed outline encloses that the network must cover for all of it to be."""


@dataclass(frozen=True)
class _Shapes:
    """Ink and what it encloses, in connected shapes; 0 is what is around them."""

    shape: NDArray[np.int32]
    width: NDArray[np.float64]
    """Of the lines of each shape, in pixels."""
    closed: Mask
    """Whether each shape is a closed outline."""


def outlined(planes: Planes, coverage: Coverage) -> Coverage:
    """The coverage with closed outlines filled whole, and nothing beside them.

    planes: the drawing, each uint8 (H, W) like the coverage. Beside any other ink, and at the rim of the picture,
    the coverage stays; so it does where it mends a bite out of a line, and on paper that is not flat.
    """
    paper = flat_paper(planes[1])
    if paper is None:
        return coverage
    contrast = np.maximum(*(np.abs(plane.astype(np.int16) - paper) for plane in (planes[0], planes[2])))
    most = int(contrast.max())
    ink = contrast >= max(3 * FLAT, FAINT * most)
    if not _in_doubt(ink, coverage) or not is_drawn(ink):
        return coverage
    import cv2

    around = outside(ink)
    found = _shapes(ink, ~(around | ink))
    answer = coverage.copy()

    wall = contrast >= max(3 * FLAT, CONTRAST * most)
    inside = ~(outside(wall) | wall) & found.closed[found.shape]
    _, piece = cv2.connectedComponents(inside.view(np.uint8), connectivity=4)
    size = np.bincount(piece.ravel())
    answer[inside & (np.bincount(piece.ravel(), coverage.ravel()) >= 255 * AGREED * size)[piece]] = 255

    near = np.ones((3, 3), np.uint8)
    beside = cv2.dilate(np.where(ink, found.width[found.shape], 0), near)
    covered = around & (coverage > np.where(beside > 0, COVERED, HALF))
    keeps = cv2.dilate((ink & ~found.closed[found.shape]).view(np.uint8), near) > 0
    keeps[[0, -1]] = keeps[:, [0, -1]] = True
    count, piece = cv2.connectedComponents(covered.view(np.uint8), connectivity=4)
    widest = np.zeros(count)
    np.maximum.at(widest, piece[covered], beside[covered])
    bay = np.bincount(piece.ravel(), minlength=count) > BITE * widest**2
    bay[piece[covered & keeps]] = False
    bay[0] = False
    answer[bay[piece]] = 0
    return answer


def _in_doubt(ink: Mask, coverage: Coverage) -> bool:
    """Whether the coverage may not be what a flood fill would say; where none is needed to tell, none is made."""
    open_air = seen(ink)
    hidden = ~(open_air | ink)
    around_corners = with_neighbours(np.pad(open_air, 1), np.logical_or) & hidden
    veiled = hidden & (coverage < 255 - HALF)
    return bool(((coverage > COVERED) & open_air).any() or veiled.any() or around_corners.any())


def _shapes(ink: Mask, enclosed: Mask) -> _Shapes:
    import cv2

    count, shape = cv2.connectedComponents((ink | enclosed).view(np.uint8), connectivity=8)
    inked = np.bincount(shape[ink], minlength=count)
    depth = _distance(~ink)
    # across a line of width w, the distance to its sides is w / 4 on the mean, and half a pixel
    width = 4 * np.bincount(shape.ravel(), depth.ravel(), count) / np.maximum(inked, 1) - 1
    beyond = ink & (_distance(enclosed) > LINED * width[shape])
    _, part = cv2.connectedComponents(beyond.view(np.uint8), connectivity=8)
    loose = beyond & (np.bincount(part.ravel())[part] > SPIKE * width[shape] ** 2)
    closed = np.bincount(shape[enclosed], minlength=count) >= HOLLOW * inked
    closed[shape[loose]] = False
    closed[0] = False
    return _Shapes(shape, width, closed)


def _distance(to: Mask) -> NDArray[np.float32]:
    """How many pixels each pixel is away from the nearest one of some; around the picture is none of them."""
    import cv2

    return cv2.distanceTransform((~to).view(np.uint8), cv2.DIST_L2, 3)
