"""Edges across gaps on flat paper go on as the lines beside them do, in a bend or to a corner.

What the network draws there is a guess, and wavers; a person would draw the line on.
"""

import numpy as np

from polycolor_cli.fill.leads import (
    BLUNT,
    FEWEST,
    LEG_SEEN,
    MOST_SEEN,
    Gap,
    Ink,
    Points,
    bend_of,
    corner_of,
    cross,
    gaps,
    rounded_off,
    rounding_of_corners,
    turn_of,
)
from polycolor_cli.fill.masks import SQUARE
from polycolor_cli.fill.planes import Coverage, Gray
from polycolor_cli.fill.rules import is_partial, share_of_ink

WIDE = 3
"""Width of a gap in line widths; a bend across a narrower one the network draws as well, if it is small too."""
SMALL = 20
"""Width of such a gap, in pixels."""
LONGEST = 0.12
"""Share of an outline that a bend may be; how a longer part went on is for the network to say."""
LONGEST_CORNER = 0.16
"""The same of a corner: two straight lines say more of it."""
LEG = 2
"""How many times as long as what is seen of a line its way to a tip may be, where the guess goes round the ends."""
CAP = 0.5
"""Line widths before the end of a line that are its cap, and do not show where it leads."""
CAP_AROUND = 1.2
"""The same where the guess may go round the ends, as at a missing tip of a star; only straight lines tell there."""
TURN = 60
"""Degrees by which an edge turns across a gap in one bend, at most."""
LOPSIDED = 20
"""Degrees by which it may turn more on one half of the way than on the other, where there is no guess."""
STRAYING = 2
"""How far beside that way the edge of a line may be halfway along its cap, in pixels, where there is no guess."""
ROUNDED = 0.4
"""Share of a corner, cut off from end to end of its lines, that is covered by the guess where it is a rounded one."""
APART = 0.17
"""How far from the guess a bend may be: the area between the two, in squares of the gap's width."""
SHARP = 0.7
"""Parts of those from its tip at which a corner may begin to be rounded and still be a sharp one."""
TIP = 2
"""What tells a joint where lines turn by more than a right angle, whose ends an outline goes round, from any other."""
FINE = 4
"""How many times as large as the picture an edge is drawn, to be smooth."""


def bridged(gray: Gray, coverage: Coverage, ends: tuple[int, int]) -> Coverage:
    """The coverage of a drawing on flat paper with its edges across gaps where the outer edges of its lines lead.

    gray, coverage: uint8 (H, W), the coverage without holes; ends: the grays of ink and of paper. Where the lines at
    a gap lead to no edge, or to one that is far from the guess, the guess stays.
    """
    ink, answer = ink_of(gray, ends), coverage.copy()
    for gap in gaps(ink, coverage):
        for find, cap in ((_edge_across, gap.cap(CAP)), (_tip, gap.cap(CAP_AROUND))):
            path = find(gap, cap, coverage, ink)
            if path is not None:
                _draw(answer, gray, ends, gap, cap, path)
                break
    return _as_sharp(answer, coverage)


def led_across(gray: Gray, coverage: Coverage, ends: tuple[int, int], joints: Ink) -> Coverage | None:
    """The coverage with its edges led across the gaps at some joints; None where the lines do not say alone how.

    gray, coverage, ends: as of `bridged`, the coverage here straight from line to line; joints: where it is no more
    than that, `TIP` or 1, else 0. Straight lines meet in a corner as sharp as others of the outline are.
    """
    import cv2

    ink, answer = ink_of(gray, ends), coverage.copy()
    bare = joints * (1 - ink)
    # slivers beside lines are no gaps, but between the ends at a tip there may be no more
    wide = cv2.morphologyEx(bare, cv2.MORPH_OPEN, SQUARE[:2, :2])
    number = cv2.connectedComponents(cv2.dilate(joints, SQUARE))[1]
    joints, wide = (cv2.dilate(plane, SQUARE) for plane in (np.where(bare == TIP, bare, wide), wide))
    for gap in gaps(ink, coverage, (number, joints, wide)):
        x, y = gap.mouth[len(gap.mouth) // 2].astype(int)
        is_tip = joints[y, x] == TIP
        path = _only_way_across(gap, coverage, is_tip)
        if path is None:
            return None
        _draw(answer, gray, ends, gap, gap.cap(CAP_AROUND if is_tip else CAP), path)
    return _as_sharp(answer, coverage)


def ink_of(gray: Gray, ends: tuple[int, int]) -> Ink:
    """Where a drawing of these grays of ink and of paper has more ink than paper."""
    middle = (ends[0] + ends[1]) / 2
    return (gray < middle if ends[0] < ends[1] else gray > middle).view(np.uint8)


def _as_sharp(answer: Coverage, coverage: Coverage) -> Coverage:
    """An answer whose edges are unsmoothed where those of the coverage are."""
    return answer if is_partial(coverage).any() else (answer >= 128) * np.uint8(255)


def _edge_across(gap: Gap, cap: int, coverage: Coverage, ink: Ink) -> Points | None:
    """The edge across a gap, from end to end of its lines: to a corner, or in a bend; None for none."""
    if gap.stop - gap.start < FEWEST:
        return None
    is_wide = gap.open_by >= WIDE * gap.width
    may_bend = is_wide or gap.open_by >= SMALL
    leads = gap.leads(cap, coverage, ink, only_straight=not may_bend)
    if leads is None:
        return None
    turn, corner = turn_of(*leads), corner_of(*leads)
    if corner is not None and ((is_wide and turn > TURN) or not _is_rounded(gap.mouth, corner[1])):
        return corner if gap.is_spanned(corner, *leads, LONGEST_CORNER) else None
    if turn > TURN or not may_bend:
        return None
    bend, straight = bend_of(*leads, turn), leads[1].end - leads[0].end
    is_near = _area_between(gap.mouth[1:-1], bend) <= APART * np.square(straight).sum()
    return bend if is_near and gap.is_spanned(bend, *leads, LONGEST) else None


def _tip(gap: Gap, cap: int, coverage: Coverage, ink: Ink) -> Points | None:
    """The corner that two straight lines lead to, whose ends the guess goes round; None for none."""
    leads = gap.leads(cap, coverage, ink, only_straight=True)
    corner = corner_of(*leads) if leads is not None else None
    if leads is None or corner is None or _is_rounded(gap.mouth, corner[1]):
        return None
    is_near = all(np.hypot(*(corner[1] - lead.end)) - lead.cap <= LEG * lead.seen for lead in leads)
    return corner if is_near and gap.is_spanned(corner, *leads, LONGEST_CORNER) else None


def _only_way_across(gap: Gap, coverage: Coverage, is_tip: bool) -> Points | None:
    """The edge across a gap that its lines say without a guess, at a tip or not: to a corner or in a bend, or None."""
    leads = gap.leads(gap.cap(CAP_AROUND if is_tip else CAP), coverage, only_straight=is_tip)
    # of a wide gap little of a line tells nothing, nor does what is behind its last corner
    least = min(gap.open_by / LEG, round(MOST_SEEN * gap.width))
    if leads is None or any(lead.seen < least or lead.off > STRAYING for lead in leads):
        return None
    turn, corner, straight = turn_of(*leads), corner_of(*leads), leads[1].end - leads[0].end
    leg = gap.open_by if corner is None else float(np.hypot(*np.diff(corner, axis=0).T).mean())
    rounding = rounding_of_corners(gap.outline, turn, max(LEG_SEEN, round(leg))) if turn > BLUNT else np.inf
    if corner is not None and rounding is not None and rounding < np.inf:
        path = corner if rounding < SHARP * LEG_SEEN else rounded_off(corner, rounding)
        return path if gap.is_spanned(corner, *leads, LONGEST_CORNER) else None
    # an arc turns by as much from one line to the chord as from there to the other
    halves = [np.degrees(np.arctan2(cross(straight, way), straight @ way)) for way in (leads[0].way, -leads[1].way)]
    if rounding != np.inf or is_tip or turn > TURN or abs(halves[0] + halves[1]) > LOPSIDED:
        return None
    bend = bend_of(*leads, turn)
    return bend if gap.is_spanned(bend, *leads, LONGEST) else None


def _is_rounded(guess: Points, tip: Points) -> bool:
    """Whether a guess from end to end of two lines covers as much of the corner between them as a rounded one does."""
    import cv2

    guessed, sharp = (
        cv2.contourArea(loop.astype(np.float32), oriented=True)
        for loop in (guess, np.stack([guess[0], tip, guess[-1]]))
    )
    return guessed * np.sign(sharp) > ROUNDED * abs(sharp)


def _area_between(one: Points, other: Points) -> int:
    """How many pixels lie between two paths with about the same ends."""
    import cv2

    loop = np.concatenate([one, other[::-1]])
    low = loop.min(0)
    plane = np.zeros(np.ceil(loop.max(0) - low).astype(int)[::-1] + 2, np.uint8)
    cv2.fillPoly(plane, [np.round(loop - low).astype(np.int32)], 1)
    return cv2.countNonZero(plane)


def _draw(coverage: Coverage, gray: Gray, ends: tuple[int, int], gap: Gap, cap: int, path: Points) -> None:
    """Draw a path into a coverage, in place, for its edge across a gap and the caps beside it; ink stays covered."""
    import cv2

    outline, start, stop = gap.outline, gap.start - cap, gap.stop + cap
    changed = np.concatenate([outline.part(start, stop), path[::-1]])
    whole = np.concatenate([path, outline.part(stop, start + len(outline.points))])
    low = np.maximum(np.floor(changed.min(0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(changed.max(0)).astype(int) + 3, coverage.shape[::-1])
    view = np.s_[low[1] : high[1], low[0] : high[0]]

    def drawn(loop: Points) -> Coverage:
        plane = np.zeros((high - low)[::-1] * FINE, np.uint8)
        # the middle of a pixel lies in the middle of its finer ones
        cv2.fillPoly(plane, [np.round((loop - low + 0.5) * FINE - 0.5).astype(np.int32)], 255)
        return cv2.resize(plane, tuple((high - low).tolist()), interpolation=cv2.INTER_AREA)

    part = coverage[view]
    inked = np.where(part >= 128, 255 * share_of_ink(gray[view], *ends).clip(0, 1), 0).astype(np.uint8)
    np.copyto(part, np.maximum(drawn(whole), inked), where=cv2.dilate(drawn(changed), SQUARE) > 0)
