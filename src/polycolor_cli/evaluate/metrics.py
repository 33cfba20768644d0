"""The numbers, each defined once. Everything is NumPy, coverages and pictures are floats in 0..1."""

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.05
RIGHT = 0.95
IDENTICAL = 100.0
"""What PSNR counts for two pictures without any difference, in dB."""


def soft_iou(coverage: NDArray, truth: NDArray) -> float:
    """Soft intersection over union of two coverages of one shape; 1 where both are empty, 0 for what is no number."""
    union = float(np.maximum(coverage, truth).sum())
    if not np.isfinite(union):
        return 0.0
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


def picture_accuracy(painted: NDArray, truth: NDArray) -> float:
    """Share of all channels of all pixels of the picture, paper included, that are within 0.05 of the truth.

    What an earlier project on this task calls its masked accuracy: its mask is the whole picture.
    """
    return float((np.abs(painted - truth) <= TOLERANCE).mean())


def mean_absolute_error(painted: NDArray, truth: NDArray) -> float:
    """Mean difference of all channels of all pixels, 0..1."""
    return float(np.abs(painted - truth).mean())


def psnr(painted: NDArray, truth: NDArray) -> float:
    """Peak signal-to-noise ratio in dB; 100 where the pictures are identical."""
    from skimage.metrics import peak_signal_noise_ratio

    same = np.array_equal(painted, truth)
    return IDENTICAL if same else min(IDENTICAL, float(peak_signal_noise_ratio(truth, painted, data_range=1)))


def ssim(painted: NDArray, truth: NDArray) -> float:
    """Structural similarity (Wang et al., IEEE TIP 2004) of two pictures (H, W, 3), at most 1.

    The window is 7 pixels, or what fits into a smaller picture.
    """
    from skimage.metrics import structural_similarity

    least = min(painted.shape[:2])
    window = min(7, least - (least + 1) % 2)
    if window < 3 or np.array_equal(painted, truth):
        return float(np.array_equal(painted, truth))
    return float(structural_similarity(truth, painted, data_range=1, channel_axis=-1, win_size=window))


def delta_e(painted: NDArray, truth: NDArray) -> float:
    """Mean CIEDE2000 colour difference over all pixels of two sRGB pictures (H, W, 3); 1 is just noticeable."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    differs = (painted != truth).any(-1)
    if not differs.any():
        return 0.0
    return float(deltaE_ciede2000(rgb2lab(truth[differs]), rgb2lab(painted[differs])).sum() / differs.size)
