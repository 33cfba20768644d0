"""Basins: paper between walls, each of which is inside as a whole, or outside.

Walls are where lines run or were meant to run, 0..1 (H, W). Basins are flooded from their deepest points (watershed:
Vincent and Soille, "Watersheds in Digital Spaces", IEEE PAMI 1991).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.flood import flooded
from polycolor_cli.fill.masks import SQUARE, rim_of
from polycolor_cli.fill.planes import Coverage

Wall = NDArray[np.float32]

FREE = 0.3
"""Share of a wall from which on a pixel is no more free paper."""
DEEP = 2.0
"""Pixels by which a basin must be wider than its way out to be one of its own."""
FAR = 20
"""Pixels from the nearest wall beyond which paper is as good as any."""
PAPER = 0.7
"""Share of a wall up to which what is covered of a basin counts, and changes."""
PARTED = 0.8
"""Mean share of a wall along the rim of two basins from which on each is decided by itself."""
CLEAR = 0.7
"""Share of a basin, covered or bare, from which on all of it is."""


def basins_of(wall: Wall) -> NDArray[np.int32]:
    """Basins of paper, numbered from 1, each flooded from where it is farthest from all walls."""
    away = cv2.distanceTransform((wall < FREE).view(np.uint8), cv2.DIST_L2, 5)
    # a tenth of a pixel is one; what is wider than twice FAR is wide enough
    depth = np.round(10 * np.minimum(away, FAR)).astype(np.uint8)
    # maxima of that height, by reconstruction (Vincent, IEEE TIP 1993); scikit-image takes ten times as long
    reached = cv2.subtract(depth, 10 * DEEP)
    while not np.array_equal(reached, grown := cv2.min(cv2.dilate(reached, SQUARE), depth)):
        reached = grown
    _, deepest = cv2.connectedComponents((depth - reached >= 10 * DEEP).view(np.uint8))
    # a fifth of all heights is the paper's, the rest the walls'
    ground = np.round(205 * wall + (10 * FAR - depth) / (0.2 * FAR)).astype(np.uint8)
    return flooded(deepest, deepest == 0, ground)


def merged(basins: NDArray[np.int32], wall: Wall, parted: float) -> NDArray[np.int32]:
    """Basins as one where the wall along the rim of two is less than `parted` of one on the mean."""
    width = basins.shape[1]
    numbers, heights = basins.ravel(), wall.ravel()
    # the upper or left one of two pixels that are no more the same basin, and by how much the other one lies behind it
    to_the_right = np.flatnonzero(numbers[:-1] != numbers[1:])
    to_the_right = to_the_right[(to_the_right + 1) % width > 0]
    below = np.flatnonzero(numbers[:-width] != numbers[width:])
    first, second = np.concatenate([to_the_right, below]), np.concatenate([to_the_right + 1, below + width])
    one, other = numbers[first], numbers[second]
    count = int(basins.max()) + 1
    pair = np.minimum(one, other).astype(np.int64) * count + np.maximum(one, other)
    pairs, place = np.unique(pair, return_inverse=True)
    mean = np.bincount(place, np.maximum(heights[first], heights[second])) / np.bincount(place)
    number = np.arange(count, dtype=np.int32)
    for low, high in zip(*np.divmod(pairs[mean < parted], count), strict=True):
        number[number == number[high]] = number[low]
    return number[basins]


def decide_basins(coverage: Coverage, wall: Wall) -> Coverage:
    """The coverage with each basin that is clearly one of the two covered as a whole, or bare: `CLEAR`.

    Others are left as they are, and so are walls and what reaches the rim.
    """
    basins = merged(basins_of(wall), wall, PARTED)
    paper = wall < PAPER
    numbers = basins[paper]
    count = int(basins.max()) + 1
    share = np.bincount(numbers, coverage[paper], count) / (255 * np.maximum(np.bincount(numbers, minlength=count), 1))
    is_clear = (share >= CLEAR) | (share <= 1 - CLEAR)
    is_clear[rim_of(basins)] = False
    decided = is_clear[basins] & paper
    answer = coverage.copy()
    answer[decided] = np.where(share >= 0.5, np.uint8(255), np.uint8(0))[basins[decided]]
    return answer
