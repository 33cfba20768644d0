"""Edges of a clean drawing: they run along its ink, and no network need draw them, but for those across gaps."""

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.rules import INK

REACH = 3
"""Pixels by which an edge may be off in a coverage at twice its size."""


def along_ink(
    gray: NDArray[np.uint8], guess: NDArray[np.uint8], ends: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The coverage of tiles of a clean drawing, uint8 (N, H, W), right in some of them, and in which: bool (N,).

    gray: the mean gray of the tiles, uint8 (N, H, W), and of more than `REACH` pixels around each; guess: the coverage
    at twice the size that it was decided in; ends: the grays of ink and of paper. What is surely bare and what is
    surely covered spread over the paper as far as an edge may be off. Where the two meet there is a gap in the ink, and
    where neither comes nothing is known: such tiles are for the network.
    """
    import cv2

    # one tile under the other; what spreads into the next one stays in the rim
    count, height, width = gray.shape
    plane, coverage = (each.reshape(count * height, width) for each in (gray, guess))
    # a line thinner than a pixel is ink too, or there would be gaps in it
    paper = (plane > ends[1] - INK * (ends[1] - ends[0])).view(np.uint8)
    is_bare = coverage == 0
    if 2 * np.count_nonzero(paper[is_bare]) < np.count_nonzero(is_bare):
        # a light shape on a dark page
        return guess, np.zeros(count, np.bool_)
    ink = 1 - paper
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))

    def spread(part: NDArray[np.uint8], ground: NDArray[np.uint8]) -> NDArray[np.uint8]:
        for _ in range(REACH):
            part = part | cv2.dilate(part, cross) & ground
        return part

    bare, covered = spread(paper & is_bare, paper), spread(paper & (coverage == 255), paper)
    # ink beside what is covered is covered, as far as the edge may be off
    inked = spread(covered | ink & (coverage >= 128), ink)
    unknown = (bare & covered) | (paper & ~(bare | covered))
    inner = slice(REACH + 1, -REACH - 1)
    is_unknown = unknown.reshape(count, height, width)[:, inner, inner].any((1, 2))
    answer = np.where(inked > 0, np.uint8(255), np.uint8(0))
    return answer.reshape(count, height, width), np.logical_not(is_unknown)
