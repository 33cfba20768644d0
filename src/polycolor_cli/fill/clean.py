"""Line art that was clean before it was saved as a JPEG, scanned or copied: its two grays, and the half tones between.

A clean drawing is of one ink on one paper, and much is certain of it that is a guess elsewhere. Noise, a JPEG's ripples
beside lines, the other side of the sheet that shines through and rules on the paper leave ink and paper far enough
apart to be told from each other; pencil and shadows do not.
"""

import cv2
import numpy as np

from polycolor_cli.fill.masks import SQUARE, median, rim_of
from polycolor_cli.fill.planes import Gray
from polycolor_cli.fill.rules import SOFT, paper_gray

CERTAIN = 0.3
"""How far from the ink's gray or the paper's, in parts of the way between them, a pixel is of it."""
LIGHTER = 0.9
"""Parts of that distance by which a pixel may be lighter than the paper."""
DARKEST = 0.35
"""How far up from the darkest gray to the paper's the ink's is looked for."""
BETWEEN = 0.08
"""Pixels between the two and not at an edge, for each one at an edge, beyond which a drawing is no line art."""
EXACT = 0.06
"""How far off a pixel at an edge may be and still be exactly of ink or of paper: no half tone."""
RIM = 0.2
"""Share of a picture's rim that may be ink: the table around a page is more."""
FAR = 7
"""Side of the square around what is no paper in which half tones and ripples are."""
WORN = 0.1
"""Pixels beyond those that are off the paper's gray, for each one at an edge, from which on wear is taken off."""


def cleaned(gray: Gray) -> Gray | None:
    """A drawing, uint8 (H, W), dark ink on light paper, without its wear; None where it has none, or is no line art."""
    low = int(gray.min())
    paper = paper_gray(gray)
    paper = median(gray) if paper is None else paper
    counts = cv2.calcHist([gray], [0], None, [256], [0, 256]).ravel()
    ink = low + int(counts[low : int(low + DARKEST * (paper - low)) + 1].argmax())
    certain = CERTAIN * (paper - ink)
    if certain < SOFT:
        return None
    is_ink = (gray <= ink + certain).view(np.uint8)
    if rim_of(is_ink).mean() > RIM:
        return None  # a page on a dark table
    is_paper = (gray >= paper - certain).view(np.uint8)
    at_edge = cv2.dilate(is_ink, SQUARE) & cv2.dilate(is_paper, SQUARE)
    edges = cv2.countNonZero(at_edge)
    if counts[int(paper + LIGHTER * certain) + 1 :].sum() > BETWEEN * edges:
        return None  # white on gray
    if cv2.countNonZero((1 - is_ink) & (1 - is_paper) & (1 - at_edge)) > BETWEEN * edges:
        return None
    beside = cv2.dilate(1 - is_paper, np.ones((FAR, FAR), np.uint8))
    if np.count_nonzero((gray != paper) & (beside == 0)) < WORN * edges:
        return None
    half = (at_edge > 0) & (gray > ink + EXACT * (paper - ink)) & (gray < paper - EXACT * (paper - ink))
    return np.where(half, gray, np.where(gray < (ink + paper) / 2, np.uint8(ink), np.uint8(paper)))
