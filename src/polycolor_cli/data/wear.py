"""Wear: what the world does to a drawing before somebody hands it to us.

Each kind takes a random generator and a gray picture, float32 (H, W) in 0..255, and returns one of
the same kind. None of them moves the shape: the coverage of the drawing stays true.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator
Gray = NDArray[np.float32]
Kinds = dict[str, tuple[Callable[[Rng, Gray], Gray], float]]


def clouds(rng: Rng, shape: tuple[int, int], cells: int) -> Gray:
    """A smooth random field in 0..1, `cells` bumps across."""
    field = rng.random((cells + 1, cells + 1), np.float32)
    return np.clip(cv2.resize(field, shape[::-1], interpolation=cv2.INTER_CUBIC), 0, 1)


def uneven_light(rng: Rng, gray: Gray) -> Gray:
    """Light that falls off across the page."""
    return gray * (1 - rng.uniform(0.1, 0.5) * clouds(rng, gray.shape, int(rng.integers(1, 4))))


def shadow(rng: Rng, gray: Gray) -> Gray:
    """The soft straight edge of a shadow, as on a phone photo."""
    h, w = gray.shape
    angle, soft = rng.uniform(0, 2 * np.pi), rng.uniform(0.01, 0.3)
    x, y = np.arange(w, dtype=np.float32) / w - 0.5, np.arange(h, dtype=np.float32)[:, None] / h - 0.5
    side = (x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.4, 0.4)) / soft
    return gray * (1 - rng.uniform(0.1, 0.5) * np.clip(side + 0.5, 0, 1)).astype(np.float32)


def grain(rng: Rng, gray: Gray) -> Gray:
    """The tooth of paper: noise with a little width."""
    noise = rng.standard_normal(gray.shape, np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, 1.2))
    return gray + noise * rng.uniform(3, 22)


def sensor_noise(rng: Rng, gray: Gray) -> Gray:
    """Independent noise in every pixel."""
    return gray + rng.standard_normal(gray.shape, np.float32) * rng.uniform(2, 40)


def salt_and_pepper(rng: Rng, gray: Gray) -> Gray:
    """Single pixels gone white or black."""
    chance = rng.random(gray.shape, np.float32)
    share = rng.uniform(0.001, 0.03)
    return np.where(chance < share, np.float32(0), np.where(chance > 1 - share, np.float32(255), gray))


def blur(rng: Rng, gray: Gray) -> Gray:
    """Out of focus."""
    return cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.3, 1.5))


def motion_blur(rng: Rng, gray: Gray) -> Gray:
    """A shaken camera."""
    n = int(rng.integers(2, 5))
    kernel = np.zeros((n, n), np.float32)
    kernel[n // 2, :] = 1 / n
    return cv2.filter2D(gray, -1, kernel if rng.random() < 0.5 else kernel.T, borderType=cv2.BORDER_REPLICATE)


def jpeg(rng: Rng, gray: Gray) -> Gray:
    """Blocks and ringing of a JPEG at quality 12 to 90."""
    quality = int(rng.integers(12, 91))
    _, code = cv2.imencode(".jpg", np.clip(gray, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    return decoded.astype(np.float32)


def threshold(rng: Rng, gray: Gray) -> Gray:
    """A fax: black or white, nothing between."""
    middle = (float(gray.min()) + float(gray.max())) / 2
    return np.where(gray > middle + rng.uniform(-25, 40), np.float32(255), np.float32(0))


def halftone(rng: Rng, gray: Gray) -> Gray:
    """Dots of print: an ordered screen over the gray."""
    pitch = int(rng.integers(2, 5))
    screen = rng.permutation(pitch * pitch).reshape(pitch, pitch).astype(np.float32)
    h, w = gray.shape
    tiled = np.tile((screen + 0.5) / pitch**2 * 255, (h // pitch + 1, w // pitch + 1))[:h, :w]
    return gray + (np.where(gray > tiled, np.float32(255), np.float32(0)) - gray) * rng.uniform(0.2, 0.9)


def dots_of_print(rng: Rng, gray: Gray) -> Gray:
    """A newspaper's round dots, turned by some angle."""
    h, w = gray.shape
    pitch, angle = rng.uniform(2, 5), rng.uniform(0, np.pi / 2)
    x, y = np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32)[:, None]
    turn = 2 * np.pi / pitch
    across, along = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    screen = 127.5 + 63.75 * (np.cos(turn * across) + np.cos(turn * along))
    dotted = np.clip((gray - screen) * rng.uniform(2, 12) + 127.5, 0, 255)
    return (gray + (dotted - gray) * rng.uniform(0.2, 0.9)).astype(np.float32)


def ruled_paper(rng: Rng, gray: Gray) -> Gray:
    """Lines or squares printed on the page, fainter than the ink."""
    h, w = gray.shape
    pitch = rng.uniform(0.05, 0.2) * min(h, w)
    thick = 1 if pitch < 10 else int(rng.integers(1, 3))
    faint = 1 - rng.uniform(0.08, 0.5)
    lined = gray.copy()
    for y in np.arange(rng.uniform(0, pitch), h, pitch).astype(int):
        lined[y : y + thick] *= faint
    if rng.random() < 0.5:
        for x in np.arange(rng.uniform(0, pitch), w, pitch).astype(int):
            lined[:, x : x + thick] *= faint
    return lined


def dirt(rng: Rng, gray: Gray) -> Gray:
    """Specks and crumbs, smaller than any stroke."""
    dirty = gray.copy()
    h, w = gray.shape
    for _ in range(int(rng.integers(1, 12))):
        centre = (int(rng.integers(w)), int(rng.integers(h)))
        cv2.circle(dirty, centre, int(rng.integers(0, 2)), float(rng.uniform(60, 220)), -1)
    return dirty


KINDS: Kinds = {
    "ruled_paper": (ruled_paper, 0.09),
    "uneven_light": (uneven_light, 0.25),
    "shadow": (shadow, 0.1),
    "grain": (grain, 0.25),
    "dirt": (dirt, 0.06),
    "motion_blur": (motion_blur, 0.04),
    "blur": (blur, 0.2),
    "halftone": (halftone, 0.03),
    "dots_of_print": (dots_of_print, 0.03),
    "sensor_noise": (sensor_noise, 0.25),
    "salt_and_pepper": (salt_and_pepper, 0.05),
    "jpeg": (jpeg, 0.2),
    "threshold": (threshold, 0.07),
}
"""Each kind of wear by name with how often it strikes, in the order in which it happens."""


def wear(rng: Rng, gray: Gray, kinds: Kinds = KINDS) -> Gray:
    """A random selection of wear, in the order in which the world applies it."""
    for kind, share in kinds.values():
        if rng.random() < share:
            gray = kind(rng, gray)
    return gray
