"""Edges run along the ink of a clean drawing, and across wide gaps as guessed; on flat paper none is jagged."""

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.rules import INK

REACH = 3
"""Pixels by which an edge may be off in a coverage at twice its size."""
GAP = 9
"""How far from all ink some of what is unsure is, in pixels, where an edge crosses a gap and is not one that is off."""
AREA = 5
"""Side of the square, in pixels, that what is unsure as a whole has room for, and an edge has not."""
BLUR = 9
"""Pixels over which the edge across a gap is smoothed."""
STEEPER = 3
"""How many times as steep it is made then: as narrow as it was at half the size, and smoothed."""

BESIDE = 2
"""How far from ink, in pixels, an edge is the ink's and not smoothed."""

Tiles = NDArray[np.uint8]


def along_ink(gray: Tiles, guess: Tiles, ends: tuple[int, int]) -> tuple[Tiles, NDArray[np.bool_]]:
    """The coverage of tiles of a clean drawing, uint8 (N, H, W), right in some of them, and in which: bool (N,).

    gray: the tiles, uint8 (N, H, W), and `REACH` + 1 pixels around each; where the picture is larger, the darkest gray
    under each pixel, so that there are no gaps in a line thinner than one. guess: the coverage at twice the size that
    it was decided in; ends: the grays of ink and of paper. What is surely bare and what is surely covered spread over
    the paper as far as an edge may be off. Where the two meet far from ink there is a gap, and the edge is where it was
    guessed. Where they meet beside ink, or neither comes, nothing is known: such tiles are for the network.
    """
    import cv2

    # one tile under the other; what spreads into the next one stays in the rim
    plane, coverage = _stacked(gray), _stacked(guess)
    paper, is_bare = _paper(plane, ends), (coverage == 0).view(np.uint8)
    bare = paper & is_bare
    if 2 * cv2.countNonZero(bare) < cv2.countNonZero(is_bare):
        # a light shape on a dark page
        return guess, np.zeros(len(gray), np.bool_)
    ink = 1 - paper
    bare, covered = _spread(bare, paper), _spread(paper & (coverage == 255), paper)
    neither = paper & ~(bare | covered)
    # ink beside what is covered is covered, as far as the edge may be off
    answer = (_spread(covered | ink & (coverage >= 128), covered | ink) * np.uint8(255)).reshape(gray.shape)
    inner = (slice(None), slice(REACH + 1, -REACH - 1), slice(REACH + 1, -REACH - 1))
    unsure = np.zeros_like(gray)
    unsure[inner] = (bare & covered | neither).reshape(gray.shape)[inner]
    known = np.logical_not(unsure.any((1, 2)))
    if not known.all():
        few = np.flatnonzero(~known)
        given = ink.reshape(gray.shape), neither.reshape(gray.shape), unsure, guess, answer
        answer[few], known[few] = _across_gaps(*(each[few] for each in given))
    return answer, known


def _across_gaps(
    ink: Tiles, neither: Tiles, unsure: Tiles, guess: Tiles, answer: Tiles
) -> tuple[Tiles, NDArray[np.bool_]]:
    """The coverage of tiles with edges across gaps, and where these are all that was `unsure`.

    neither: where nothing certain comes to; answer: the coverage elsewhere.
    """
    import cv2

    beside_ink = cv2.dilate(_stacked(ink), np.ones((2 * GAP + 1, 2 * GAP + 1), np.uint8))
    piece = cv2.connectedComponents(_stacked(unsure), connectivity=8)[1]
    is_gap = np.zeros(int(piece.max()) + 1, np.uint8)
    is_gap[piece[beside_ink == 0]] = 1
    is_gap[0] = 0
    # what is in doubt as an area is no edge
    gap = is_gap[piece] & ~cv2.morphologyEx(_stacked(neither), cv2.MORPH_OPEN, np.ones((AREA, AREA), np.uint8))
    around = np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)
    across = np.where(cv2.dilate(gap, around) & ~_stacked(ink), _smoothed(_stacked(guess)), _stacked(answer))
    left = _stacked(unsure) & ~gap
    return across.reshape(guess.shape), np.logical_not(left.reshape(guess.shape).any((1, 2)))


def smoothed_on_paper(gray: Tiles, drawn: Tiles, ends: tuple[int, int]) -> Tiles:
    """Tiles of a drawing on flat paper as a network drew them, with edges smoothed where no ink is near to follow.

    All as of `along_ink`. A network draws an edge on bare paper as jagged as its guess was.
    """
    import cv2

    beside_ink = cv2.dilate(1 - _paper(_stacked(gray), ends), np.ones((2 * BESIDE + 1, 2 * BESIDE + 1), np.uint8))
    return np.where(beside_ink, _stacked(drawn), _smoothed(_stacked(drawn))).reshape(drawn.shape)


def _paper(plane: Tiles, ends: tuple[int, int]) -> Tiles:
    """Where there is no ink: 1, elsewhere 0."""
    return (plane > int(ends[1] - INK * (ends[1] - ends[0]))).view(np.uint8)


def _smoothed(coverage: Tiles) -> Tiles:
    """A coverage over `BLUR` pixels, its edges no softer by that."""
    import cv2

    narrower = np.clip((np.arange(256) - 127.5) * STEEPER + 127.5, 0, 255).round().astype(np.uint8)
    return cv2.LUT(cv2.GaussianBlur(coverage, (BLUR, BLUR), 0), narrower)


def _spread(part: Tiles, ground: Tiles) -> Tiles:
    """A part of the ground, both 0 or 1, and what else of it is at most `REACH` pixels from there."""
    import cv2

    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    for _ in range(REACH):
        part = cv2.dilate(part, cross) & ground
    return part


def _stacked(tiles: Tiles) -> Tiles:
    """Tiles (N, H, W) one under the other, (N * H, W)."""
    return tiles.reshape(-1, tiles.shape[2])
