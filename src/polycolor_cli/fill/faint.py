"""Faint ink, of a hard pencil or a bad copy, made as dark as most ink is: what is hardly seen is hardly filled."""

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.fill.planes import Gray
from polycolor_cli.fill.rules import SOFT

COUNTED = 256
"""Longest side, in pixels, in which grays are counted."""
FLAT = 0.85
"""Share of the pixels that are within a few grays of the paper where it is flat: stains are no ink."""
DARKEST = 0.1
"""Share of what is darker than the paper that is darker than what counts as the ink's gray, at most."""
INKED = 0.002
"""The same of all pixels: beside a shadow, a few dark lines are the ink."""
FAINT = 128
"""Levels of 255 from the paper to the ink below which it is faint."""
FAINTEST = 20
"""Levels of 255 below which it is no ink: creases, and what shows through."""
DARK = 200
"""Levels of 255 that faint ink is brought to."""
LIT = 64
"""Longest side, in pixels, in which the light on the paper is looked for."""
WIDEST = 21
"""Pixels of that side that lines are narrower than."""


def with_dark_ink(gray: Gray) -> Gray:
    """A drawing in faint ink on light paper with its ink as dark as most is; any other unchanged, uint8 (H, W).

    The paper must be flat, or be so in even light. Half tones keep their place between ink and paper.
    """
    import cv2

    step = -(-max(gray.shape) // COUNTED)
    seen = np.ascontiguousarray(gray[::step, ::step])
    paper, ink, is_flat = _paper_and_ink(seen)
    if not FAINTEST <= paper - ink < FAINT:
        return gray
    if not is_flat:
        light = _light(seen)
        paper, ink, is_flat = _paper_and_ink(_in_even_light(seen, light))
        if not is_flat or not FAINTEST <= paper - ink < FAINT:
            return gray
        gray = _in_even_light(gray, light)
    darker = max(paper, DARK) - (paper - np.arange(256)) * (DARK / (paper - ink))
    return cv2.LUT(gray, np.clip(np.round(darker), 0, 255).astype(np.uint8))


def _paper_and_ink(gray: Gray) -> tuple[int, int, bool]:
    """The gray of most of a picture, that of what is darker, and whether the first is flat paper."""
    import cv2

    counts = cv2.calcHist([gray], [0], None, [256], [0, 256]).ravel()
    paper = int(counts.argmax())
    darker = counts[: max(0, paper - SOFT)].cumsum()
    ink = int(np.searchsorted(darker, min(DARKEST * darker[-1], INKED * gray.size))) if darker.any() else paper
    return paper, ink, bool(counts[max(0, paper - SOFT) : paper + SOFT + 1].sum() >= FLAT * gray.size)


def _light(gray: Gray) -> NDArray[np.float32]:
    """How light the paper is, float32 (h, w), as a surface of the second degree.

    As in flat-field correction, but from the picture alone.
    """
    import cv2

    height, width = gray.shape
    size = (max(1, round(LIT * width / max(gray.shape))), max(1, round(LIT * height / max(gray.shape))))
    paper = cv2.medianBlur(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), WIDEST)
    y, x = np.meshgrid(*(np.linspace(-1, 1, length) for length in paper.shape), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    weights = np.linalg.lstsq(terms.reshape(-1, 6), paper.ravel(), rcond=None)[0]
    return (terms @ weights).astype(np.float32)


def _in_even_light(gray: Gray, light: NDArray[np.float32]) -> Gray:
    """A picture as it would be were all of its paper as light as the lightest."""
    import cv2

    there = cv2.resize(light, gray.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(gray, float(light.max()) / np.maximum(there, 1), dtype=cv2.CV_8U)
