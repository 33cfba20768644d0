"""What follows from a drawing itself, and needs no guess.

A coverage comes about so: the network says what is inside, and draws the edges. An area that it cannot decide about is
covered or bare as a whole, a hole in what is covered is covered too, and nothing is a little covered but an edge. Where
a drawing is clean, one ink on one paper with half tones only between the two, closed ink covers all that it encloses,
and a pixel half of ink is half covered.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.masks import SQUARE, background, bounding_box, dilated, fraction, rim_of, steps_to, sum_around
from polycolor_cli.fill.planes import Coverage, Gray, Mask

SOFT = 12
"""Levels of 255 within which a coverage is as good as none or all, and a gray as good as that of flat paper."""
EDGE = 2
"""How far beyond what is half covered the outer side of an edge is soft, in pixels."""
INK = 0.35
"""How far from the paper to the darkest ink a gray must be to be ink."""
NOISY = 0.2
"""Share of neighbouring pixels, one ink and one paper, from which on black and white are noise and no drawing."""
SOFTEST = 10
"""Pixels that half tones lie away from ink and from paper at most where a drawing was enlarged."""
ENLARGED = 0.9
"""Share of its half tones that do."""
DARK_PAPER = 0.3
"""How far from the darkest to the lightest gray of a picture dark paper may be."""


class Tones(NamedTuple):
    """The half tones of a picture (flat indices), its two grays if it is a clean drawing, and how soft its edges are.

    soft: how many pixels a half tone is away from ink and from paper, at most.
    """

    half: NDArray[np.intp]
    ends: tuple[int, int] | None
    soft: int = 1


def is_negative(gray: Gray) -> bool:
    """Whether a picture is of light ink on dark paper: its rim and its most frequent grays are dark."""
    step = -(-max(gray.shape) // 64)
    rim = rim_of(gray)
    low = int(gray.min())
    dark = low + DARK_PAPER * (int(gray.max()) - low)
    return all(2 * np.count_nonzero(pixels < dark) > pixels.size for pixels in (rim, gray[::step, ::step]))


def is_noise(gray: Gray) -> bool:
    """Whether a picture, thresholded in the middle of its grays, has too many edges for a drawing."""
    return not is_line_art(gray >= (int(gray.min()) + int(gray.max())) / 2)


def is_line_art(ink: Mask) -> bool:
    """Whether ink is that of a drawing, and not noise."""
    return all(np.count_nonzero(view[1:] != view[:-1]) <= NOISY * ink.size for view in (ink, ink.T))


def paper_gray(gray: Gray) -> int | None:
    """The gray of flat paper, which at least half of a picture shows within a few grays; None on any other."""
    import cv2

    counts = cv2.calcHist([gray], [0], None, [256], [0, 256])
    paper = int(counts.argmax())
    return paper if counts[max(0, paper - SOFT) : paper + SOFT + 1].sum() >= gray.size / 2 else None


def ends_on_paper(gray: Gray) -> tuple[int, int] | None:
    """The grays of the darkest ink and of the paper, where that is flat."""
    paper = paper_gray(gray)
    return None if paper is None else (int(gray.min()), paper)


def ink_first(gray: Gray, coverage: Coverage, ends: tuple[int, int]) -> tuple[int, int]:
    """The two grays of a clean drawing, that of its ink first.

    Nearly all ink is covered, and of the paper only what lies inside.
    """
    covered = coverage >= 128
    return ends if fraction(covered, gray == ends[0]) > fraction(covered, gray == ends[1]) else ends[::-1]


def exact_where_clean(gray: Gray, coverage: Coverage, half: NDArray[np.intp], ends: tuple[int, int]) -> Coverage:
    """The coverage of a clean drawing, exact where that follows from its pixels.

    Closed ink covers what it encloses, as a flood fill around it would, and a half tone is as covered as it is of ink
    where the paper beside it is bare. What the network thinks, uint8 (H, W) like the gray, decides the rest.
    half: the half tones, flat indices; ends: the grays of ink and of paper.
    """
    ink = gray == ends[0]
    answer, wall = coverage.copy(), ink.copy()
    wall.ravel()[half] = share_of_ink(gray.ravel()[half], *ends) >= 0.5
    _cover(answer, _enclosed(wall))
    if not half.size:
        # unsmoothed ink covers a pixel wholly or not at all
        return (answer >= 128) * np.uint8(255)
    _cover(answer, ink & (coverage >= 128))
    return soft_edges(gray, answer, half, *ends)


def soft_edges(
    gray: Gray, coverage: Coverage, edge: NDArray[np.intp], ink_gray: int, paper_gray: int, soft: int = 1
) -> Coverage:
    """The coverage of a clean drawing, each half tone on its `edge` covered by as much as it is of ink.

    What is not of ink is as covered as the paper beside it, where there is some.
    """
    answer, bare = coverage.copy(), (gray == paper_gray).view(np.uint8)
    beside, count = (sum_around(plane, soft).ravel()[edge] for plane in (coverage * bare, bare))
    judged = count > 0
    inked = share_of_ink(gray.ravel()[edge[judged]], ink_gray, paper_gray)
    answer.ravel()[edge[judged]] = np.round(255 * inked + (1 - inked) * beside[judged] / count[judged])
    return answer


def share_of_ink(grays: NDArray[np.uint8], ink_gray: int, paper_gray: int) -> NDArray[np.float32]:
    """How far from the paper's gray to the ink's some grays are, 0..1."""
    return (grays.astype(np.float32) - paper_gray) / (float(ink_gray) - paper_gray)


def decide_soft_areas(coverage: Coverage, share: float = 0.5) -> Coverage:
    """The coverage with each soft area covered as a whole where its mean is at least `share`, else bare.

    A soft area is one of partial coverage at least three pixels wide and high; edges are narrower, and stay.
    """
    import cv2

    soft = cv2.morphologyEx(is_partial(coverage).view(np.uint8), cv2.MORPH_OPEN, SQUARE)
    box, answer = bounding_box(soft.view(np.bool_)), coverage.copy()
    soft, part = np.ascontiguousarray(soft[box]), answer[box]
    inside = soft > 0
    label = cv2.connectedComponents(soft, connectivity=8)[1][inside]
    covered = np.bincount(label, part[inside]) >= 255 * share * np.bincount(label)
    part[inside] = covered[label] * np.uint8(255)
    return answer


def fill_holes(coverage: Coverage) -> Coverage:
    """The coverage with its holes covered, and all that is not at its edge covered whole.

    What ink encloses is covered, so there are no holes but the one of a frame around a page, larger than the frame.
    """
    import cv2

    covered = coverage >= 255 - SOFT
    if not covered.any():
        return coverage
    # beyond what is covered there is nothing to fill
    box = bounding_box(covered)
    covered = np.ascontiguousarray(covered[box])
    holes = ~(background(covered) | covered)
    if holes.any():
        label = cv2.connectedComponents(holes.view(np.uint8), connectivity=4)[1][holes]
        covered[holes] = (np.bincount(label) < np.count_nonzero(covered))[label]
    inside = cv2.erode(covered.view(np.uint8), SQUARE).view(np.bool_)
    answer = coverage.copy()
    _cover(answer[box], inside | (holes & covered))
    return answer


def _cover(coverage: Coverage, mask: Mask) -> None:
    """Cover all of a mask, in place."""
    coverage |= mask * np.uint8(255)


def without_veils(coverage: Coverage) -> Coverage:
    """The coverage, but bare where it is less than half, farther from what is more than an edge is soft.

    Such is the rim of a soft area that was decided to be bare: a faint stain to the eye.
    """
    import cv2

    half = cv2.threshold(coverage, 127, 255, cv2.THRESH_BINARY)[1]
    return coverage & cv2.dilate(half, np.ones((2 * EDGE + 1, 2 * EDGE + 1), np.uint8))


def is_partial(coverage: Coverage) -> Mask:
    """Where a coverage is neither whole nor nothing."""
    return (coverage > SOFT) & (coverage < 255 - SOFT)


def tones_of(gray: Gray, softest: int = SOFTEST) -> Tones:
    """The tones of a picture; a clean drawing is of one ink on one paper, with half tones only between the two.

    softest: how soft the edges of a clean drawing may be, in pixels.
    """
    low, high = int(gray.min()), int(gray.max())
    between = (gray != low) & (gray != high)
    count = np.count_nonzero(between)
    if low != high and not count:
        return Tones(np.zeros(0, np.intp), (low, high))
    half = np.flatnonzero(between) if count < 0.3 * gray.size else np.zeros(0, np.intp)
    if low == high or half.size != count:
        return Tones(half, None)
    ink, paper = gray == low, gray == high
    # most half tones of a clean drawing lie between ink and paper
    if 2 * np.count_nonzero(dilated(ink) & dilated(paper) & between) >= count:
        return Tones(half, (low, high))
    if np.count_nonzero(ink) < count or softest == 1:
        return Tones(half, None)
    # nearly all of one that was enlarged lie between them, too, but farther from both
    far = np.maximum(*(steps_to(mask).ravel()[half] for mask in (ink, paper)))
    soft = int(np.partition(far, int(ENLARGED * count))[int(ENLARGED * count)])
    return Tones(half, (low, high) if soft <= softest else None, soft)


def _enclosed(wall: Mask) -> Mask:
    """What no way leads to from the rim of the picture but through a wall."""
    answer = np.zeros_like(wall)
    if is_line_art(wall):
        box = bounding_box(wall)
        around = background(wall[box])
        # a frame around the whole picture is no shape
        answer[box] = ~(around | wall[box]) if around.any() else around
    return answer
