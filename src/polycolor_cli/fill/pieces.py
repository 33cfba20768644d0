"""Small things on a large page, each to be looked at by itself.

A page is decided in a hundred or two pixels a side; in those a circle of five is a dot. Connected ink with little
around it is a piece; letters, which stand in rows close beside each other, are not.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.masks import bounding_box, components, median, rim_of
from polycolor_cli.fill.planes import Coverage, Gray, Mask
from polycolor_cli.fill.rules import INK

LONGEST = 1240
"""Longest side, in pixels, that a page is searched in."""
JOINED = 5
"""Side of the square that ink is dilated by in the search: what a small gap parts is one piece, what is no longer than
four of them a dot."""
MOST = 2000
"""Pieces or letters beyond which a page is noise, or fine print."""
CLOSE = 0.35
"""Parts of their height that letters of a word are apart at most."""
CLOSE_WORDS = 0.8
"""The same for those of different widths; things of one width a little apart are no letters."""
SAME = 0.15
"""Share by which widths may differ and be the same."""
LETTERS = 60
"""Letters from which on a page may be one of text."""
TEXT = 0.75
"""Share of them that stand in rows."""
TALL = 5
"""Times as high as half of them that something is no letter, and the page not of text alone."""
AROUND = 0.25
"""Paper that is looked at around a piece, in parts of its length."""
FAINT = 0.5
"""Parts of a page's contrast under which a piece is faint, and may be the darker part of a ruled line."""
FAINTER = 0.15
"""The same from which on such a line is seen to go on."""


@dataclass(frozen=True)
class Piece:
    """A piece: the rows and columns of the page that show it, and its gray there, without what is beside it."""

    view: tuple[slice, slice]
    gray: Gray


@dataclass(frozen=True)
class Page:
    """A page in which ink was searched for.

    ink: where there is some, 0 or 1, in a size `step` times smaller than the page's gray. paper, dark: the gray of
    most there, and the darkest.
    """

    gray: Gray
    ink: NDArray[np.uint8]
    step: int
    paper: int = 255
    dark: int = 0

    @property
    def label(self) -> NDArray[np.int32]:
        """Its connected pixels by number."""
        return self._connected[0]

    @property
    def boxes(self) -> NDArray[np.int32]:
        """The box (left, top, width, height) of each of these."""
        return self._connected[1]

    @cached_property
    def _connected(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        return components(self.ink.view(np.bool_))

    @cached_property
    def length_of_one(self) -> int | None:
        """How long all ink is in pixels of the page, where it is one piece, which is known in a fourth of the time."""
        rows, columns = bounding_box(self.ink.view(np.bool_), margin=0)
        size = [max(1, side // 2) for side in self.ink.shape[::-1]]
        # an average loses no pixel
        joined = cv2.resize(255 * self.ink, size, interpolation=cv2.INTER_AREA)
        longest = max(rows.stop - rows.start, columns.stop - columns.start)
        return longest * self.step if cv2.connectedComponents(joined, connectivity=8)[0] == 2 else None


def searched(gray: Gray) -> Page:
    """A page, uint8 (H, W), and its ink. In one too narrow for anything there is none."""
    step = -(-max(gray.shape) // LONGEST)
    if min(gray.shape) < max(4 * JOINED, step):
        nothing = np.zeros((1, 1), np.uint8)
        return Page(gray, nothing, 1)
    height, width = (side // step * step for side in gray.shape)
    # the darkest of each square, so that no line is lost
    rows = functools.reduce(np.minimum, (gray[row:height:step] for row in range(step)))
    small = functools.reduce(np.minimum, (rows[:, column:width:step] for column in range(step)))
    paper, dark = median(small), int(small.min())
    return Page(gray, _is_ink(small, paper, dark).view(np.uint8), step, paper, dark)


def _is_ink(gray: Gray, paper: int, dark: int) -> Mask:
    return gray < paper - INK * (paper - dark)


def pieces(page: Page, longest: float) -> Iterator[Piece]:
    """The pieces of a page that are no longer than some pixels, letters left out."""
    gray, step = page.gray, page.step
    if page.length_of_one is not None and page.length_of_one > longest:
        return
    label, boxes = page.label, page.boxes
    # what is joined is no smaller than its parts
    if not 0 < len(boxes) <= MOST or boxes[:, 2:].max(1).min() * step > longest:
        return
    ink, is_letter = page.ink, np.r_[False, _in_rows(boxes)]
    if is_letter.any():
        ink = np.where(is_letter[label], np.uint8(0), ink)
    label, boxes = components(cv2.dilate(ink, np.ones((JOINED, JOINED), np.uint8)).view(np.bool_))
    boxes = boxes * step
    length = boxes[:, 2:].max(1, initial=0)
    for number in np.flatnonzero((length >= 4 * JOINED) & (length <= longest)):
        left, top, width, height = boxes[number]
        margin = int(AROUND * length[number]) + step
        rows = slice(max(top - margin, 0), min(top + height + margin, gray.shape[0]))
        columns = slice(max(left - margin, 0), min(left + width + margin, gray.shape[1]))
        if 4 * max(gray[rows, columns].shape) > 3 * max(gray.shape):
            continue  # hardly more is seen of what fills the page, which would be a piece of itself for ever
        part = gray[rows, columns].copy()
        searched = label[rows.start // step : -(-rows.stop // step), columns.start // step : -(-columns.stop // step)]
        others = ((searched != 0) & (searched != number + 1)).view(np.uint8)
        if others.any():
            others = np.kron(others, np.ones((step, step), np.uint8))
            others = others[rows.start % step :, columns.start % step :][: part.shape[0], : part.shape[1]]
            part[: others.shape[0], : others.shape[1]][others > 0] = median(part)
        if not _goes_on(part, page.paper - page.dark):
            yield Piece((rows, columns), part)


class Parts:
    """The connected parts of a page's coverage, of which those that are a piece's alone can be taken out."""

    def __init__(self, page: Page, coverage: Coverage) -> None:
        self._page, self._coverage = page, coverage
        self._label, self._boxes = components(coverage >= 128)
        is_ink = _is_ink(page.gray, page.paper, page.dark)
        self._inked = np.bincount(self._label[is_ink], minlength=len(self._boxes) + 1)
        # what the rim cuts off is more than is seen of it, and what is not covered is no part
        self._inked[np.r_[0, rim_of(self._label)]] = -1

    def remove(self, piece: Piece) -> None:
        """Take out of the coverage the parts that have no other ink than a piece."""
        here = self._label[piece.view][_is_ink(piece.gray, self._page.paper, self._page.dark)]
        inked = np.bincount(here, minlength=len(self._inked))
        for number in np.flatnonzero((inked > 0) & (inked == self._inked)):
            left, top, width, height = self._boxes[number - 1]
            box = np.s_[top : top + height, left : left + width]
            self._coverage[box][self._label[box] == number] = 0


def _goes_on(part: Gray, contrast: int) -> bool:
    """Whether a piece is faint, and the ink of which it is goes on beyond what is shown around it: the rules of paper.

    contrast: grays between ink and paper of the page.
    """
    paper, (dark, _, at, _) = median(part), cv2.minMaxLoc(part)
    if paper - dark >= FAINT * contrast:
        return False
    label = cv2.connectedComponents((part < paper - FAINTER * contrast).view(np.uint8), connectivity=8)[1]
    return bool((rim_of(label) == label[at[::-1]]).any())


def is_text(page: Page) -> bool:
    """Whether a page is of printed text: many letters, nearly all of its ink, standing in rows."""
    if page.length_of_one is not None:
        return False
    boxes = page.boxes
    # dots over letters and full stops are neither here nor there
    boxes = boxes[boxes[:, 3] > 0.3 * np.median(boxes[:, 3])] if len(boxes) else boxes
    if len(boxes) < LETTERS or boxes[:, 3].max() > TALL * np.median(boxes[:, 3]):
        return False
    # the first so many tell of all; they come in the order of their rows
    return bool(_in_rows(boxes[:MOST]).mean() >= TEXT)


def _in_rows(boxes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which boxes (left, top, width, height) stand in a row of three or more, close beside each other, like letters."""
    left, top, width, height = boxes.T
    apart = left - (left + width)[:, None]
    differ = np.abs(width - width[:, None]) > SAME * np.maximum(width, width[:, None])
    close = np.where(differ, CLOSE_WORDS, CLOSE)
    overlap = np.minimum(top + height, (top + height)[:, None]) - np.maximum(top, top[:, None])
    lower = np.minimum(height, height[:, None])
    follows = (left > left[:, None]) & (apart < close * lower) & (overlap > lower / 2)
    middle = follows.any(0) & follows.any(1)
    return middle | follows[:, middle].any(1) | follows[middle].any(0)
