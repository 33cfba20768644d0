"""What follows from a drawing and from a first guess of its coverage, without a network.

Clean is a drawing of one ink on one paper, with half tones only between the two. Where no more is known
than that the paper is flat, closed ink still encloses, if the network agrees by half. And a fill is flat: an
area that the network cannot decide about is covered or bare as a whole.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Coverage = NDArray[np.uint8]

HALF = 12
"""How far from 0 and 255 the coverage of a pixel must be to be neither."""
HOLE = 0.5
"""Share of all that is covered from which on a hole in it is none."""
SETTLED = 1 << 20
"""Pixels up to which the paper of a picture of two grays is judged together, along itself."""
BUSY = 0.2
"""Share of neighbouring pixels, one ink and one paper, beyond which black and white are noise and no drawing."""
FLAT = 8
"""How many grays flat paper may vary to either side."""
CONTRAST = 0.65
"""How far from paper to ink a gray must be to be a wall on flat paper; printed rules are fainter."""
JUDGED = 1 << 22
"""Pixels up to which what is enclosed on flat paper is judged piece by piece."""
DARK = 0.3
"""How far from the darkest to the lightest gray of a picture dark paper may be."""
STRAY = 0.1
"""Share of the half tones that may lie elsewhere than between ink and paper in a clean drawing."""


def two_grays(gray: Gray) -> bool:
    """Whether a picture is of two grays at most."""
    return not ((gray > gray.min()) & (gray < gray.max())).any()


def is_negative(gray: Gray) -> bool:
    """Whether a picture is of light ink on dark paper, as far as its rim and its most frequent grays tell."""
    step = -(-max(gray.shape) // 64)
    rim = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    low = int(gray.min())
    dark = low + DARK * (int(gray.max()) - low)
    return all(2 * np.count_nonzero(some < dark) > some.size for some in (rim, gray[::step, ::step]))


def is_clean(gray: Gray) -> bool:
    """Whether a picture is of one ink on one paper, with half tones only between the two."""
    return _edges(gray)[1] is not None


def is_noise(gray: Gray) -> bool:
    """Whether a picture, cut in the middle of its grays, has too many edges for a drawing."""
    return not is_drawn(gray >= (int(gray.min()) + int(gray.max())) / 2)


def flat_paper(gray: Gray) -> int | None:
    """The gray of the paper, where at least half of a picture is of it, within a few."""
    counts = np.bincount(gray.ravel(), minlength=256)
    paper = int(counts.argmax())
    return paper if counts[max(0, paper - FLAT) : paper + FLAT + 1].sum() >= gray.size / 2 else None


def settled(gray: Gray, coverage: Coverage) -> Coverage:
    """The coverage of a clean drawing, where it follows from the drawing itself.

    Closed ink covers all that it encloses, as a flood fill around it would; and a pixel half of ink is half
    covered where the paper beside it is bare. What the network thinks, uint8 (H, W) like the gray, decides
    the rest: open outlines, above all. Of a drawing that is not even on flat paper it decides all.
    """
    edge, ends = _edges(gray)
    if ends is None:
        return _filled_up(gray, coverage)
    low, high = gray == ends[0], gray == ends[1]
    # nearly all ink is covered, and of the paper only what lies inside
    covered = coverage >= 128
    dark = _share(covered, low) > _share(covered, high)
    ink, paper = (low, high) if dark else (high, low)
    ink_gray, paper_gray = ends if dark else ends[::-1]
    answer = coverage.copy()
    wall = ink.copy()
    amount = (gray.ravel()[edge].astype(np.float32) - paper_gray) / (float(ink_gray) - paper_gray)
    wall.ravel()[edge] = amount >= 0.5
    answer[_enclosed(wall)] = 255
    if not edge.size:
        return _without_halves(ink, answer)
    answer[ink & covered] = 255
    beside, count = np.zeros((2, edge.size), np.float32)
    for near in neighbours(edge, *gray.shape):
        bare = paper.ravel()[near]
        beside += answer.ravel()[near] * bare
        count += bare
    judged = count > 0
    inked = amount[judged]
    answer.ravel()[edge[judged]] = np.round(255 * inked + (1 - inked) * beside[judged] / count[judged])
    return answer


def decided(coverage: Coverage, share: float = 0.5) -> Coverage:
    """The coverage with no veils: each is covered as a whole where it is by `share` on the mean, else bare.

    A veil is an area of halves at least three pixels wide and high; edges are narrower, and stay as they are.
    """
    import cv2

    veils = cv2.morphologyEx(halves(coverage).view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, pieces = cv2.connectedComponents(veils, connectivity=8)
    inside = veils > 0
    piece = pieces[inside]
    covered = np.bincount(piece, coverage[inside], count) >= 255 * share * np.bincount(piece, minlength=count)
    answer = coverage.copy()
    answer[inside] = covered[piece] * np.uint8(255)
    return answer


def without_holes(coverage: Coverage) -> Coverage:
    """The coverage with its holes covered: what ink encloses is, so there are none.

    A hole at least half as large as all that is covered stays: that is a page, and what is around it a frame.
    """
    covered = coverage >= 255 - HALF
    holes = ~(outside(covered) | covered)
    if not holes.any():
        return coverage
    import cv2

    count, pieces = cv2.connectedComponents(holes.view(np.uint8), connectivity=4)
    small = np.bincount(pieces.ravel(), minlength=count) < HOLE * np.count_nonzero(covered)
    small[0] = False
    return np.where(small[pieces], np.uint8(255), coverage)


def halves(coverage: Coverage) -> NDArray[np.bool_]:
    """Where a coverage is neither whole nor nothing."""
    return (coverage > HALF) & (coverage < 255 - HALF)


def _filled_up(gray: Gray, coverage: Coverage) -> Coverage:
    """The coverage with no veil left over what ink on flat paper encloses; unchanged where the paper is not flat."""
    paper = flat_paper(gray) if gray.size <= JUDGED else None
    if paper is None:
        return coverage
    reach = CONTRAST * max(paper - int(gray.min()), int(gray.max()) - paper)
    wall = np.abs(gray.astype(np.int16) - paper) >= max(reach, 3 * FLAT)
    enclosed = _enclosed(wall)
    if not enclosed.any():
        return coverage
    import cv2

    count, pieces = cv2.connectedComponents(enclosed.view(np.uint8), connectivity=4)
    size = np.bincount(pieces.ravel(), minlength=count)
    agreed = np.bincount(pieces.ravel(), coverage.ravel(), count) >= 127.5 * size
    agreed[0] = False
    filled = agreed[pieces]
    beside_bare = cv2.dilate((~(filled | wall)).view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.where(filled | (wall & (coverage >= 128) & ~beside_bare), np.uint8(255), coverage)


def _edges(gray: Gray) -> tuple[NDArray[np.intp], tuple[int, int] | None]:
    """Where the half tones of a picture are (flat), and its two ends, if it is a clean drawing of two grays."""
    low, high = int(gray.min()), int(gray.max())
    between = (gray != low) & (gray != high)
    edge = np.flatnonzero(between) if np.count_nonzero(between) < 0.3 * gray.size else np.zeros(0, np.intp)
    if low == high or (not edge.size and between.any()):
        return edge, None
    if not edge.size:
        return edge, (low, high)
    lows, highs = np.zeros((2, edge.size), bool)
    for near in neighbours(edge, *gray.shape):
        lows |= gray.ravel()[near] == low
        highs |= gray.ravel()[near] == high
    stray = np.count_nonzero(~(lows & highs))
    return edge, None if stray > STRAY * edge.size else (low, high)


def neighbours(flat: NDArray[np.intp], height: int, width: int, apart: int = 1) -> Iterator[NDArray[np.intp]]:
    """The pixels `apart` pixels away in each of eight ways, as flat indices; the rim is its own neighbour."""
    y, x = np.divmod(flat, width)
    rows = {way: (y + way * apart).clip(0, height - 1) * width for way in (-1, 0, 1)}
    columns = {way: (x + way * apart).clip(0, width - 1) for way in (-1, 0, 1)}
    for down, right in itertools.product(rows, columns):
        if down or right:
            yield rows[down] + columns[right]


def _enclosed(wall: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What no way leads to from the rim of the picture but through a wall."""
    if not is_drawn(wall):
        return np.zeros_like(wall)
    around = outside(wall)
    # a frame around the whole picture is no shape
    return ~(around | wall) if around.any() else around


def outside(wall: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What a way leads to from around the picture, not through a wall."""
    import cv2  # takes longer to import than a small picture takes to fill

    around = cv2.copyMakeBorder(wall.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(around, None, (0, 0), 2)
    return around[1:-1, 1:-1] == 2


def is_drawn(wall: NDArray[np.bool_]) -> bool:
    """Whether walls are those of a drawing, and not noise."""
    return all(np.count_nonzero(view[1:] != view[:-1]) <= BUSY * wall.size for view in (wall, wall.T))


def _without_halves(ink: NDArray[np.bool_], coverage: Coverage) -> Coverage:
    """The coverage of unsmoothed ink on paper, which covers a pixel wholly or not at all.

    What the network thinks of a paper pixel is averaged with what it thinks of the paper around it,
    ink being a wall, so that along a closed line the answer on each side is that of its whole side.
    """
    if ink.size > SETTLED:
        return np.where(coverage >= 128, np.uint8(255), np.uint8(0))
    height, width = ink.shape
    paper, belief = np.zeros((2, height + 2, width + 2), np.float32)
    paper[1:-1, 1:-1] = ~ink
    np.multiply(coverage, ~ink, out=belief[1:-1, 1:-1])
    share = paper[1:-1, 1:-1] / np.maximum(with_neighbours(paper, np.add), 1)
    for _ in range(6):
        belief[1:-1, 1:-1] = with_neighbours(belief, np.add) * share
    belief[1:-1, 1:-1][ink] = coverage[ink]
    covered = belief >= 128
    beside = with_neighbours(covered, np.logical_or)
    return np.where(np.where(ink, beside, covered[1:-1, 1:-1]), np.uint8(255), np.uint8(0))


def with_neighbours(padded: NDArray, join: np.ufunc) -> NDArray:
    """Each value joined with the four beside it; (H + 2, W + 2) -> (H, W)."""
    joined = join(padded[:-2, 1:-1], padded[2:, 1:-1])
    for plane in (padded[1:-1, :-2], padded[1:-1, 2:], padded[1:-1, 1:-1]):
        join(joined, plane, out=joined)
    return joined


def _share(some: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return int(np.count_nonzero(some & among)) / max(int(np.count_nonzero(among)), 1)
