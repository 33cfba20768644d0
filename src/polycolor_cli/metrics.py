"""The numbers, each defined once. Everything is NumPy, coverages and pictures are floats in 0..1."""

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.05
RIGHT = 0.95


def soft_iou(coverage: NDArray, truth: NDArray) -> float:
    """Soft intersection over union of two coverages (H, W); 1 where both are empty."""
    union = float(np.maximum(coverage, truth).sum())
    return float(np.minimum(coverage, truth).sum()) / union if union > 0 else 1.0


def filled_right(coverage: NDArray, truth: NDArray) -> bool:
    """Whether the soft IoU is at least 0.95."""
    return soft_iou(coverage, truth) >= RIGHT


def masked_accuracy(painted: NDArray, truth: NDArray, coverage: NDArray) -> float:
    """Share of the pixels inside the true shape whose every channel is within 0.05 of the truth.

    painted, truth: pictures (H, W, 3); coverage: the true one (H, W), inside being above a half.
    1 where the shape is empty.
    """
    inside = coverage > 0.5
    if not inside.any():
        return 1.0
    return float((np.abs(painted - truth)[inside].max(-1) <= TOLERANCE).mean())
