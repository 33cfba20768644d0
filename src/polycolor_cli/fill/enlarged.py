"""Drawings that were enlarged: they show no more than they did before, and are decided as they were."""

import cv2
import numpy as np

from polycolor_cli.fill.planes import Coverage, Gray
from polycolor_cli.fill.rules import Tones

SOFTER = 2
"""Pixels by which edges are softer for each time that a drawing was enlarged."""
OFF = 20
"""Levels of 255 that its half tones are off on the mean, at most, once it is reduced and enlarged again."""


def times_enlarged(gray: Gray, tones: Tones) -> int:
    """How many times a clean drawing, uint8 (H, W), was enlarged, by how soft its edges are; 1 where it was not.

    A JPEG's ripples lie as far from ink as the half tones of soft edges do; but beside sharp ones, which are lost where
    a picture is reduced.
    """
    times = tones.soft // SOFTER
    if tones.ends is None or times < 2:
        return 1
    again = enlarged(reduced(gray, times), times, gray.shape)
    return times if cv2.norm(gray, again, cv2.NORM_L1) <= OFF * tones.half.size else 1


def reduced(gray: Gray, times: int) -> Gray:
    """A picture so many times smaller, of the means of its pixels; its rim goes on where they do not go round."""
    rest = (-side % times for side in gray.shape)
    whole = cv2.copyMakeBorder(gray, 0, next(rest), 0, next(rest), cv2.BORDER_REPLICATE)
    return cv2.resize(whole, None, fx=1 / times, fy=1 / times, interpolation=cv2.INTER_AREA)


def enlarged(coverage: Coverage, times: int, shape: tuple[int, ...]) -> Coverage:
    """What was found of a picture that was `reduced`, in the size that it had."""
    size = tuple(side * times for side in coverage.shape[::-1])
    return np.ascontiguousarray(cv2.resize(coverage, size, interpolation=cv2.INTER_CUBIC)[: shape[0], : shape[1]])
