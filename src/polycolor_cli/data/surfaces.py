"""What drawings lie on, and pictures that are none: photographs, gravel, desks, pages seen aslant."""

import cv2
import numpy as np
from numpy.typing import NDArray

from polycolor_cli.data import shapes, wear
from polycolor_cli.data.marks import place
from polycolor_cli.data.strokes import box_around

Rng = np.random.Generator


def on_surface(rng: Rng, ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ink on something that is no paper: wood, stone, a wall, a pavement, whatever a photograph shows."""
    ground = _gravel(rng, ink.shape) if rng.random() < 0.3 else photograph(rng, ink.shape)
    low, high = np.percentile(ground, [2, 98])
    span = rng.uniform(20, 110)
    ground = np.clip((ground - low) / max(high - low, 1.0), -0.2, 1.2) * span
    # the ink stands out from most of it, not from all
    if rng.random() < 0.6:
        dark, light = rng.uniform(10, 110), rng.uniform(205, 255)
    else:
        dark, light = rng.uniform(245 - span, 255 - 0.5 * span), rng.uniform(0, 50)
    ground = ground + dark
    tooth = np.clip(1 + rng.normal(0, 0.2) * rng.standard_normal(ink.shape).astype(np.float32), 0.3, 1)
    return (ground + (np.float32(light) - ground) * ink * tooth).astype(np.float32)


def _gravel(rng: Rng, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Pebbles of all sizes in sand: asphalt, plaster, a garden path."""
    least = min(shape)
    gray = 40 * _natural(rng, shape, rng.uniform(0.3, 1.2))
    largest, spread = rng.uniform(0.02, 0.16) * least, rng.uniform(20, 90)
    for _ in range(int(rng.integers(40, 260))):
        size = np.maximum(largest * rng.uniform(0.1, 1) ** 1.5 * rng.uniform(0.4, 1, 2), 0.6)
        at, turn = rng.uniform(0, 1, 2) * shape[::-1], rng.uniform(0, 360)
        cv2.ellipse(gray, (tuple(at), tuple(2 * size), turn), float(rng.normal(0, spread)), -1, cv2.LINE_AA)
    gray = cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.3, 1.0))
    return gray + rng.uniform(1, 10) * rng.standard_normal(shape, np.float32)


def viewpoint(rng: Rng, width: int, height: int) -> NDArray[np.float64]:
    """The homography (3, 3) of a page photographed at a slant; pixels of the flat page to pixels of the photo."""
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    slant = rng.uniform(-0.14, 0.14, (4, 2)) * [width, height]
    return cv2.getPerspectiveTransform(flat, (flat + slant).astype(np.float32))


def desk(rng: Rng, gray: NDArray[np.float32], page: NDArray[np.float32]) -> NDArray[np.float32]:
    """What lies around a photographed page; page: float32 (H, W), 1 on it and 0 beside it."""
    desk = rng.uniform(20, 230) + rng.uniform(0, 40) * (wear.clouds(rng, gray.shape, int(rng.integers(2, 12))) - 0.5)
    return (desk + (gray - desk) * page).astype(np.float32)


def _natural(rng: Rng, shape: tuple[int, int], slope: float) -> NDArray[np.float32]:
    """A random field of mean 0 and deviation 1 whose amplitudes fall as 1 / frequency ** slope.

    Natural images have slopes near 1 (Field, "Relations between the statistics of natural images and
    the response properties of cortical cells", JOSA A 1987).
    """
    h, w = shape
    frequency = np.hypot(np.fft.fftfreq(h)[:, None] * h, np.arange(w // 2 + 1)).astype(np.float32)
    wave = np.fft.rfft2(rng.standard_normal(shape, np.float32)) / np.maximum(frequency, 1) ** slope
    wave[0, 0] = 0
    field = np.fft.irfft2(wave, shape).astype(np.float32)
    return field / (field.std() + np.float32(1e-6))


def _leaf(rng: Rng, shape: tuple[int, int], radius: float) -> NDArray[np.uint8]:
    """1 where some shape of that radius lies, somewhere in the picture."""
    mask = np.zeros(shape, np.uint8)
    path = place(shapes.outline(rng), rng.uniform(0, 1, 2) * shape[::-1], radius)
    cv2.fillPoly(mask, [np.round(path).astype(np.int32)], 1)
    return mask


def photograph(rng: Rng, shape: tuple[int, int]) -> NDArray[np.float32]:
    """A picture of no drawing: noise, clouds and grass, things of all sizes upon each other, or a few large ones.

    Things of all sizes are dead leaves (Lee, Mumford and Huang, "Occlusion Models for Natural Images",
    IJCV 2001): shapes whose sizes follow a power law, each with its own shading and grain.
    """
    kind, least = rng.random(), min(shape)
    if kind < 0.2:
        noise = rng.standard_normal(shape, np.float32)
        if rng.random() < 0.3:
            noise = 3.4 * rng.random(shape, np.float32) - np.float32(1.7)
        return rng.uniform(60, 200) + rng.uniform(25, 90) * cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.1, 2.5))
    gray = rng.uniform(40, 220) + rng.uniform(10, 60) * _natural(rng, shape, rng.uniform(0.7, 2))
    if kind < 0.6:
        for _ in range(int(rng.integers(60, 240))):
            shade, contrast = rng.uniform(0, 255), rng.uniform(0, 120)
            clouds = wear.clouds(rng, shape, int(rng.integers(1, 4)))
            leaf = _leaf(rng, shape, 0.03 * least * rng.uniform(0.02, 1) ** -0.55)
            part = box_around(leaf)
            np.copyto(gray[part], shade + contrast * (clouds[part] - 0.5), where=leaf[part].view(np.bool_))
    elif kind < 0.85:
        for _ in range(int(rng.integers(2, 12))):
            light = rng.uniform(0, 150) * (wear.clouds(rng, shape, int(rng.integers(1, 3))) - 0.5)
            skin = rng.uniform(0, 255) + light + rng.uniform(0, 30) * _natural(rng, shape, rng.uniform(0.3, 1.5))
            mask = _leaf(rng, shape, rng.uniform(0.08, 0.6) * least).astype(np.float32)
            mask = cv2.GaussianBlur(mask, (0, 0), float(rng.choice([0.5, rng.uniform(0.5, 4)])))
            gray = gray + (skin - gray) * mask
    return cv2.GaussianBlur(gray.astype(np.float32), (0, 0), rng.uniform(0.3, 1.5))
