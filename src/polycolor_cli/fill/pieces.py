"""Small things on a large page, each to be looked at by itself.

A page is decided in a hundred or two pixels a side; in those a circle of five is a dot. Connected ink with little
around it is a piece; letters, which stand in rows close beside each other, are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

LONGEST = 1240
"""Longest side, in pixels, that a page is searched in for pieces."""
INK = 0.35
"""How far from the paper to the darkest ink a gray must be to be ink."""
JOINED = 5
"""Side of the square that ink is dilated by in the search: what a small gap parts is one piece."""
SMALLEST = 20
"""Pixels, on the page, that a piece must be long; smaller ones are dots."""
FEWEST = 4
"""Pieces from which on a page is one of many things."""
MOST = 2000
"""Pieces beyond which it is noise."""
CLOSE = 0.35
"""Parts of their height that letters of a row are apart at most."""
CLOSE_WORDS = 0.8
"""The same for those of different widths."""
SAME = 0.15
"""Share by which widths may differ and be the same."""
ALIKE = 2.2
"""Times as high as its neighbour that a letter may be."""
LONG = 4
"""Times as long as high that a piece may be; longer ones are words or lines."""
LETTERS = 60
"""Letters or words from which on a page may be one of text."""
TEXT = 0.85
"""Share of them that stand in rows."""
TALL = 5
"""Times as high as half of them that something is no letter, and the page not of text alone."""
ROWS = 5
"""Rows that they stand in at least."""
AROUND = 0.25
"""Paper that is looked at around a piece, in parts of its length."""


@dataclass(frozen=True)
class Piece:
    """A piece: the rows and columns of the page that show it, and its gray there, without what is beside it."""

    view: tuple[slice, slice]
    gray: Gray


def pieces(gray: Gray, longest: float) -> Iterator[Piece]:
    """The pieces of a page that are no longer than some pixels, where it has several. gray: uint8 (H, W)."""
    if min(gray.shape) < SMALLEST:
        return
    ink, step = _ink(gray)
    joined = cv2.dilate(ink, np.ones((JOINED, JOINED), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    boxes = stats[1:, :4] * step
    length = boxes[:, 2:].max(1)
    fit = (length >= SMALLEST) & (length <= longest) & (length < LONG * boxes[:, 2:].min(1))
    if not FEWEST <= np.count_nonzero(fit) <= MOST:
        return
    numbers = np.flatnonzero(fit)
    for number in numbers[~_in_rows(boxes[numbers], (JOINED - 1) * step)]:
        left, top, wide, high = boxes[number]
        margin = int(AROUND * max(wide, high)) + step
        view = (
            slice(max(top - margin, 0), min(top + high + margin, gray.shape[0])),
            slice(max(left - margin, 0), min(left + wide + margin, gray.shape[1])),
        )
        around = labels[
            view[0].start // step : -(-view[0].stop // step), view[1].start // step : -(-view[1].stop // step)
        ]
        others = ((around != 0) & (around != number + 1)).view(np.uint8)
        part = gray[view].copy()
        if others.any():
            others = np.kron(others, np.ones((step, step), np.uint8))
            others = others[view[0].start % step :, view[1].start % step :][: part.shape[0], : part.shape[1]]
            part[: others.shape[0], : others.shape[1]][others > 0] = int(np.median(part))
        yield Piece(view, part)


def is_text(gray: Gray) -> bool:
    """Whether a page is of printed text: many letters or words, nearly all of its ink, in several rows."""
    if min(gray.shape) < SMALLEST:
        return False
    ink, _ = _ink(gray)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    boxes = stats[1:, :4]
    # dots over letters and full stops are neither here nor there
    boxes = boxes[boxes[:, 3] > 0.3 * np.median(boxes[:, 3])] if len(boxes) else boxes
    if len(boxes) < LETTERS or boxes[:, 3].max() > TALL * np.median(boxes[:, 3]):
        return False
    if len(boxes) > MOST:
        return _rows_of_ink(ink) >= ROWS
    rows = boxes[_in_rows(boxes, 0)]
    lines = np.unique(rows[:, 1] // max(1, int(np.median(boxes[:, 3])))).size
    return len(rows) >= TEXT * len(boxes) and lines >= ROWS


def _ink(gray: Gray) -> tuple[NDArray[np.uint8], int]:
    """Where there is ink, 0 or 1, in the size that a page is searched in, and how many times smaller that is."""
    step = -(-max(gray.shape) // LONGEST)
    height, width = (side // step * step for side in gray.shape)
    small = gray[:height, :width].reshape(height // step, step, width // step, step).min((1, 3))
    paper, dark = int(np.median(small)), int(small.min())
    return (small < paper - INK * (paper - dark)).view(np.uint8), step


def _rows_of_ink(ink: NDArray[np.uint8]) -> int:
    """How many bands of ink there are from top to bottom, with nothing but paper between them."""
    inked = ink.max(1) > 0
    return int(np.count_nonzero(inked[1:] & ~inked[:-1]))


def _in_rows(boxes: NDArray[np.int32], dilated: int) -> NDArray[np.bool_]:
    """Which boxes (left, top, width, height), dilated by some pixels, stand in a row of three or more, like letters."""
    left, top, width, height = boxes.T
    width, height = width - dilated, height - dilated
    apart = left - (left + width)[:, None]
    differ = np.abs(width - width[:, None]) > SAME * np.maximum(width, width[:, None])
    close = np.where(differ, CLOSE_WORDS, CLOSE)
    overlap = np.minimum(top + height, (top + height)[:, None]) - np.maximum(top, top[:, None])
    lower, higher = np.minimum(height, height[:, None]), np.maximum(height, height[:, None])
    follows = (left > left[:, None]) & (apart < close * lower) & (overlap > lower / 2) & (higher < ALIKE * lower)
    middle = follows.any(0) & follows.any(1)
    return middle | follows[:, middle].any(1) | follows[middle].any(0)
