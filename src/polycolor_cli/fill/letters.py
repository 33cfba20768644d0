"""Letters beside a shape: a caption, the lines of a worksheet, the length of a side. They are no shapes, and stay ink.

Letters stand in rows, on a line or under one, close beside each other; most of them bend around paper, as strokes and
dots do not, and are of more ink than of paper that they enclose, as shapes are not. Those that stand alone, as at the
corners of a triangle, are known by each other: they are as high, and different.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.masks import SQUARE, components, dilated, distance_to, fraction
from polycolor_cli.fill.pieces import LONGEST, Page, searched
from polycolor_cli.fill.planes import Coverage, Gray, Mask
from polycolor_cli.fill.rules import paper_gray

SMALL = 0.25
"""How high letters are at most, in parts of the longest ink on the page."""
LEGIBLE = 6
"""How high they are at least, in pixels of the page as it is searched."""
WIDE = 4
"""Times its height that a letter is wide at most; in some fonts three are joined."""
MOST = 5000
"""Things as small beyond which a page is one of noise."""
ROW = 3
"""Letters of which a row is made at least."""
COLUMN = 6
"""The same of one written sideways, which dashes and stains one below the other look like, too."""
LINE = 0.15
"""Parts of their height by which their upper or lower ends may differ; always may a pixel and a half."""
CLOSE = 1.6
"""Parts of their height that they are apart at most, words too."""
SAME = 0.1
"""Share by which widths and heights may differ and be the same; a row of things of one size is one of shapes."""
OVERLAP = 0.35
"""Parts of its width by which one may reach under the next."""
ALIKE = 2.6
"""Times as high as the next that one may be: a capital, a comma."""
STRAIGHT = 0.9
"""Share of its convex hull that is ink, from which on something is a stroke or a dot."""
INKED = 0.65
"""Share of what they enclose, themselves among it, that is ink, on the mean; of outlined shapes it is less."""
BARE = 0.4
"""Share of what is covered where they are that is ink, on the mean; of outlines that are open it is less."""
HIGHER = 1.5
"""Times as high as others that a letter is at most, where all stand alone: as b is beside a."""
WIDER = 1.5
"""Times as wide as high that one is at most there."""
BENT = 0.75
"""Share of their convex hulls that is ink, in the middle, at most: short strokes, rays for instance, are thicker."""
OPEN = 0.08
"""Share of the edge of one, of what is covered within it, that is not drawn: a C is so open, and hardly an outline."""
DIFFERENT = 0.22
"""Share by which letters that stand alone differ at least, in what is covered of them or how far they are spread."""
THICK = 0.35
"""Parts of their height that their strokes are thick at most, where all stand alone: small solid shapes are thicker."""
MARK = 0.5
"""Parts of their height that a dot, a stop or a dash is long, and away from a letter, at most."""
AS_HIGH = 0.15
"""Parts of their height by which a letter that stands alone may be lower or higher than those in rows."""
PEN = 0.3
"""Parts of its thickness by which the thickest stroke of one that is hollow may differ from theirs, or a pixel."""


def without_letters(gray: Gray, coverage: Coverage) -> Gray | None:
    """A drawing without the letters beside its shapes; None where none of them is covered.

    gray: uint8 (H, W), dark ink on light paper; coverage: what was decided of it.
    """
    step = -(-max(gray.shape) // LONGEST)
    covered = cv2.threshold(coverage[::step, ::step], 127, 1, cv2.THRESH_BINARY)[1]
    outlines, _ = cv2.findContours(covered, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if len(outlines) < 2:
        return None
    boxes = np.array([cv2.boundingRect(outline) for outline in outlines])
    # words are low, or narrow, beside what is drawn
    if 2 * boxes[:, 2:].min() > boxes[:, 2:].max():
        return None
    page = searched(gray)
    at, is_letter = _searched_part(page), _all_letters(page, coverage)
    if not (coverage[at][is_letter] >= 128).any():
        return None
    mask = cv2.resize(is_letter.view(np.uint8), None, fx=step, fy=step, interpolation=cv2.INTER_NEAREST)
    # and their soft edges
    mask = cv2.dilate(mask, SQUARE, iterations=2)
    mask = cv2.copyMakeBorder(
        mask, 0, gray.shape[0] - mask.shape[0], 0, gray.shape[1] - mask.shape[1], cv2.BORDER_CONSTANT
    )
    if (paper := paper_gray(gray)) is not None:
        return np.where(mask > 0, np.uint8(paper), gray)
    # in uneven light, the mean of the paper around
    side = 2 * int(components(is_letter)[1][:, 2:].max()) + 1
    bare = 1 - cv2.dilate(is_letter.view(np.uint8), SQUARE, iterations=2).astype(np.float32)
    light = cv2.blur(gray[at] * bare, (side, side))
    around = np.round(light / np.maximum(cv2.blur(bare, (side, side)), 1e-6)).astype(np.uint8)
    return np.where(mask > 0, cv2.resize(around, gray.shape[::-1], interpolation=cv2.INTER_LINEAR), gray)


def has_letters(gray: Gray, coverage: Coverage) -> bool:
    """Whether there are letters beside the shapes of a drawing, covered or not; both as of `without_letters`."""
    return bool(_all_letters(searched(gray), coverage).any())


def _searched_part(page: Page) -> tuple[slice, slice]:
    """The pixels of a page that are those of its ink."""
    height, width = (side * page.step for side in page.ink.shape)
    return slice(0, height, page.step), slice(0, width, page.step)


def _all_letters(page: Page, coverage: Coverage) -> Mask:
    """Where on a page letters are beside its shapes, in rows or in columns, as what is written sideways is."""
    turned = replace(page, gray=page.gray.T, ink=np.ascontiguousarray(page.ink.T))
    down = np.r_[False, _letters(turned, coverage.T, is_turned=True)][turned.label].T
    # those are no things among which a caption would be one of few
    rest = replace(page, ink=page.ink & ~down) if down.any() else page
    return down | np.r_[False, _letters(rest, coverage)][rest.label]


def _letters(page: Page, coverage: Coverage, is_turned: bool = False) -> Mask:
    """Which connected ink of a page is a letter, and beside its shapes.

    is_turned: whether the page lies on its side; then none is a letter that stands alone.
    """
    least = COLUMN if is_turned else ROW
    answer = np.zeros(len(page.boxes), np.bool_)
    if not len(answer):
        return answer
    is_covered = coverage[_searched_part(page)] >= 128
    piece = cv2.connectedComponents(is_covered.view(np.uint8), connectivity=8)[1]
    left, top, width, height = page.boxes.T
    length = page.boxes[:, 2:].max(1)
    is_large = (length > SMALL * length.max()) & (height >= LEGIBLE)
    # what is in one piece with something large is a detail of it
    has_large = np.zeros(int(piece.max()) + 1, np.bool_)
    has_large[piece[np.r_[False, is_large][page.label]]] = True
    has_large[0] = False
    is_beside = ~has_large[piece[top + height // 2, left + width // 2]]
    fits = (height >= LEGIBLE) & (height <= SMALL * length.max()) & (width <= WIDE * height) & is_beside
    few = np.flatnonzero(fits)
    if not least <= len(few) <= MOST:
        return answer
    measured = np.array([_measured(page, is_covered, int(number)) for number in few])
    ink, enclosed, covered, hull = measured.T
    row, most = _rows(page.boxes[few]), len(few)
    members = np.bincount(row, minlength=most)
    is_text = (members >= least) & (2 * np.bincount(row, ink < STRAIGHT * hull, most) >= members)
    is_text &= np.bincount(row, ink / enclosed, most) >= INKED * members
    is_text &= np.bincount(row, ink / covered, most) >= BARE * members
    is_text &= ~_are_alike(page.boxes[few, 2:], row)
    in_row = is_text[row]
    if not is_turned and 2 * np.count_nonzero(in_row) < len(few):
        in_row = _labels(page, is_covered, few, measured, in_row | (members[row] < ROW))
    if in_row.any():
        low, high = (1 - AS_HIGH) * height[few][in_row].min(), (1 + AS_HIGH) * height[few][in_row].max()
        alone = ~(in_row | is_turned) & (height[few] >= low) & (height[few] <= high) & (width[few] <= WIDER * high)
        # what is hollow is no shape if it is drawn with the same pen
        pen = np.median([_stroke(page, number)[0] for number in few[in_row]])
        for one in np.flatnonzero(alone & (ink < INKED * enclosed)):
            alone[one] = abs(_stroke(page, few[one])[0] - pen) <= max(1.0, PEN * pen)
        answer[few[in_row | alone]] = True
        answer |= _marks(page, answer, is_beside)
    return answer


def _labels(page: Page, is_covered: Mask, few: NDArray[np.intp], measured: NDArray[np.float64], may_be: Mask) -> Mask:
    """Which of a few things are letters that stand alone, as at the corners of a triangle: as high, thin, different.

    measured, may_be: as of `_measured`, and whether it is in no row that is none of letters, for each.
    """
    left, top, width, height = page.boxes[few].T
    highest, (rows, columns) = height.max(), page.ink.shape
    is_cut_off = (left == 0) | (top == 0) | (left + width == columns) | (top + height == rows)
    are_labels = may_be & ~is_cut_off & (height * HIGHER >= highest) & (width <= WIDER * highest)
    ink, _, covered, hull = measured[are_labels].T
    none = np.zeros_like(are_labels)
    if len(ink) < ROW or 2 * len(ink) < len(few) or np.median(ink / hull) > BENT:
        return none
    own = np.mean(ink / covered)
    # what is open a little, or not at all, may be an outline
    if own < BARE or (own < INKED and max(_open(page, is_covered, number) for number in few[are_labels]) < OPEN):
        return none
    thickness, spread = np.array([_stroke(page, number) for number in few[are_labels]]).T
    if np.median(thickness) > THICK * highest:
        return none
    # the same thing again and again, turned or not, is an ornament
    alike = all(each.min() >= (1 - DIFFERENT) * each.max() for each in (covered / hull, spread))
    return none if alike else are_labels


def _ink_of(page: Page, number: int, margin: int = 0) -> tuple[tuple[slice, slice], Mask]:
    """The rows and columns of some connected ink, and it alone there."""
    left, top, width, height = page.boxes[number]
    rows = slice(max(top - margin, 0), top + height + margin)
    box = rows, slice(max(left - margin, 0), left + width + margin)
    return box, page.label[box] == number + 1


def _open(page: Page, is_covered: Mask, number: int) -> float:
    """The share of the edge of what is covered of some connected ink, and within it, along which there is no ink."""
    box, ink = _ink_of(page, number, margin=1)
    piece = cv2.connectedComponents((is_covered[box] | ink).view(np.uint8), connectivity=8)[1]
    covered = piece == piece[ink][0]
    edge = covered & ~(cv2.erode(covered.view(np.uint8), SQUARE, borderValue=0) > 0)
    return fraction(~dilated(ink), edge)


def _stroke(page: Page, number: int) -> tuple[float, float]:
    """How thick the thickest stroke of some connected ink is, in pixels, and how far it all is spread.

    The latter is the first invariant of M. K. Hu, "Visual pattern recognition by moment invariants" (1962).
    """
    ink = _ink_of(page, number)[1]
    moments = cv2.moments(ink.view(np.uint8), True)
    return 2 * float(distance_to(~np.pad(ink, 1)).max()) - 1, moments["nu20"] + moments["nu02"]


def _marks(page: Page, is_letter: Mask, is_beside: Mask) -> Mask:
    """Which connected ink is a mark of letters: a dot, a stop, a dash, a line to write on."""
    left, top, width, height = page.boxes.T
    reach = int(MARK * np.median(height[is_letter]))
    near = np.zeros_like(page.ink)
    for x, y, wide, high in page.boxes[is_letter]:
        near[max(y - reach, 0) : y + high + reach, max(x - reach, 0) : x + wide + reach] = 1
    beside = near[top + height // 2, left + width // 2] > 0
    # a line to write on begins or ends a word's space away
    near = cv2.dilate(near, np.ones((1, 2 * int(CLOSE / MARK * reach - reach) + 1), np.uint8))
    begins, ends = (near[top + height // 2, x] > 0 for x in (left, left + width - 1))
    is_line = (2 * height <= reach) & (width > reach) & (begins | ends)
    return is_beside & (is_line | beside & (np.maximum(width, height) <= reach))


def _rows(boxes: NDArray[np.int32]) -> NDArray[np.intp]:
    """The row that each box (left, top, width, height) stands in, by number."""
    row, in_order = np.arange(len(boxes)), np.argsort(boxes[:, 1], kind="stable")
    tops = boxes[in_order, 1]
    for one, (x, y, wide, high) in enumerate(boxes):
        # no other stands on the same line or hangs from it
        near = in_order[slice(*np.searchsorted(tops, (y - ALIKE * high, y + ALIKE * high)))]
        left, top, width, height = boxes[near].T
        higher = np.maximum(height, high)
        off = np.minimum(np.abs(top - y), np.abs(top + height - y - high))
        apart = left - x - wide
        follows = (left > x) & (apart < CLOSE * higher) & (apart > -OVERLAP * np.minimum(width, wide))
        follows &= (higher <= ALIKE * np.minimum(height, high)) & (off <= np.maximum(LINE * higher, 1.5))
        for next_one in near[follows]:
            row[row == row[next_one]] = row[one]
    return row


def _are_alike(sizes: NDArray[np.int32], row: NDArray[np.intp]) -> Mask:
    """Whether all things in a row are of one size; sizes: (width, height) of each."""
    smallest, largest = np.full_like(sizes, np.iinfo(sizes.dtype).max), np.zeros_like(sizes)
    np.minimum.at(smallest, row, sizes)
    np.maximum.at(largest, row, sizes)
    return np.all(smallest >= (1 - SAME) * largest, axis=1)


def _measured(page: Page, covered: Mask, number: int) -> tuple[float, float, float, float]:
    """Pixels of some connected ink: its own, with what it encloses, covered or not, and within its box and hull."""
    box, ink = _ink_of(page, number)
    (outline, *_), _ = cv2.findContours(ink.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(outline)
    # an outline runs through the middles of pixels
    enclosed = cv2.contourArea(outline) + len(outline) / 2 + 1
    within_hull = cv2.contourArea(hull) + cv2.arcLength(hull, True) / 2 + 1
    return float(np.count_nonzero(ink)), enclosed, float(np.count_nonzero(ink | covered[box])), within_hull
