"""polycolor beside classical fills, on drawings worn by code of its own, which neither training nor validation shares.

    python benchmarks/wear.py FOLDER [FOLDER ...] [--count 60]

A FOLDER is one that `polycolor evaluate` reads; drawings larger than 128 px are shrunk to it first. Prints, for
every kind of wear, the share of drawings filled right by polycolor, its mean soft IoU, and the best classical fill.
"""

import argparse
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from polycolor_cli import Colorizer
from polycolor_cli.evaluate import classical, metrics
from polycolor_cli.evaluate.cases import read_cases

Rng = np.random.Generator
Plane = NDArray[np.float64]
SIDE = 128


def bumps(rng: Rng, shape: tuple[int, ...], radius: float) -> Plane:
    """A smooth random field in 0..1 with bumps of a radius in pixels."""
    field = cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), radius)
    return (field - field.min()) / np.ptp(field)


def sloping(rng: Rng, shape: tuple[int, ...]) -> Plane:
    """A plane, -1..1 or so from one side of the picture to the other, in any direction."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.linspace(-1, 1, shape[0])[:, None], np.linspace(-1, 1, shape[1])
    return x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.3, 0.3)


def crayon(rng: Rng, gray: Plane) -> Plane:
    """Wax that catches the paper's tooth."""
    return 245 - (255 - gray) / 255 * 150 * np.clip(2.2 * bumps(rng, gray.shape, 0.7) - 0.35, 0.1, 1)


def marker(rng: Rng, gray: Plane) -> Plane:
    """Wet, wide ink in stripes."""
    ink = np.clip(1.4 * cv2.GaussianBlur(1 - gray / 255, (0, 0), 0.8), 0, 1)
    stripes = 7 * np.sin(np.arange(gray.shape[1]) / 2.5)
    return 240 - ink * (130 + stripes) + rng.normal(0, 2, gray.shape)


def pencil(rng: Rng, gray: Plane) -> Plane:
    """Uneven pressure on rough paper."""
    pressure = 0.25 + 0.75 * bumps(rng, gray.shape, 6)
    return 235 - (1 - gray / 255) * pressure * 140 + cv2.GaussianBlur(rng.normal(0, 14, gray.shape), (0, 0), 0.8)


def faint(rng: Rng, gray: Plane) -> Plane:
    """Hardly any contrast, and noise."""
    return 200 - (255 - gray) * 0.18 + rng.normal(0, 4, gray.shape)


def shadow(rng: Rng, gray: Plane) -> Plane:
    """A shadow over half the page."""
    return gray * 0.9 * (1 - 0.5 / (1 + np.exp(-sloping(rng, gray.shape) / 0.05))) + rng.normal(0, 3, gray.shape)


def halftone(rng: Rng, gray: Plane) -> Plane:
    """A newspaper's screen, black and white only."""
    y, x = np.mgrid[: gray.shape[0], : gray.shape[1]]
    turn, pitch = rng.uniform(0.2, 0.7), rng.uniform(3, 4)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    screen = 127.5 * (1 + np.cos(2 * np.pi * along / pitch) * np.cos(2 * np.pi * across / pitch))
    return np.where(0.8 * cv2.GaussianBlur(gray, (0, 0), 0.6) + 25 > screen, 255.0, 0.0)


def ruled(rng: Rng, gray: Plane) -> Plane:
    """Ruled paper."""
    pitch, lined = int(rng.integers(7, 14)), gray.copy()
    lines = lined[rng.integers(pitch) :: pitch]
    np.minimum(lines, rng.uniform(120, 200), out=lines)
    return lined


def squared(rng: Rng, gray: Plane) -> Plane:
    """Squared paper."""
    return ruled(rng, ruled(rng, gray).T).T


def fax(rng: Rng, gray: Plane) -> Plane:
    """Noise, then black or white."""
    return np.where(cv2.GaussianBlur(gray, (0, 0), 0.7) + rng.normal(0, 25, gray.shape) > 140, 255.0, 0.0)


def jpeg(rng: Rng, gray: Plane) -> Plane:
    """JPEG of quality 18."""
    code = io.BytesIO()
    Image.fromarray(gray.astype(np.uint8)).save(code, "JPEG", quality=18)
    return np.asarray(Image.open(code), float)


def blurred(rng: Rng, gray: Plane) -> Plane:
    """Out of focus."""
    return cv2.GaussianBlur(gray, (0, 0), 1.4)


def hairline(rng: Rng, gray: Plane) -> Plane:
    """Lines half as wide."""
    return (gray + cv2.dilate(gray, np.ones((2, 2)))) / 2


def phone(rng: Rng, gray: Plane, *truths: Plane) -> list[Plane]:
    """A phone's photo of the page on a darker desk: at a slant, half in the shadow, dark towards the corners."""
    height, width = gray.shape
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    seen = flat + rng.uniform(-0.08, 0.08, (4, 2)) * [width, height]
    seen = 0.92 * (seen - seen.mean(0)) + seen.mean(0)
    slant = cv2.getPerspectiveTransform(flat.astype(np.float32), seen.astype(np.float32))
    page = cv2.warpPerspective(gray * 0.85, slant, (width, height), borderValue=rng.uniform(60, 120))
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    light = (1 - 0.4 / (1 + np.exp(-sloping(rng, gray.shape) / 0.08))) * (1 - 0.1 * (x**2 + y**2))
    photo = page * light + rng.normal(0, 4, gray.shape)
    return [photo, *(cv2.warpPerspective(truth, slant, (width, height)) for truth in truths)]


def wide(rng: Rng, gray: Plane, *truths: Plane) -> list[Plane]:
    """A page half as wide again, the drawing anywhere on it."""
    before = int(rng.integers(gray.shape[1] // 2))
    room = ((0, 0), (before, gray.shape[1] // 2 - before))
    return [np.pad(gray, room, constant_values=255), *(np.pad(truth, room) for truth in truths)]


def cut(rng: Rng, gray: Plane, *truths: Plane) -> list[Plane]:
    """Cut off on the right where the shape's ink ends: the outline lies on the border."""
    inked = np.flatnonzero((gray < 128).any(0))
    end = int(inked[-1]) + 1 if inked.size else gray.shape[1]
    return [plane[:, :end] for plane in (gray, *truths)]


STILL: dict[str, Callable[[Rng, Plane], Plane]] = {
    "none": lambda rng, gray: gray,
    **{f.__name__: f for f in (crayon, marker, pencil, faint, hairline, blurred, jpeg, fax, halftone)},
    **{f.__name__: f for f in (ruled, squared, shadow)},
}
"""Wear that leaves the shape where it is."""
MOVING: dict[str, Callable[..., list[Plane]]] = {f.__name__: f for f in (phone, wide, cut)}
"""Wear that moves the shape, and its truth with it."""


def drawings(folder: Path, count: int) -> Iterator[tuple[Plane, Plane, Plane]]:
    """Gray 0..255, coverage 0..1, and 1 where that is known, of drawings spread over a folder."""
    cases = read_cases(folder)
    for case in cases[:: max(1, len(cases) // count)][:count]:
        truth = case.load()
        shrink = max(1, max(truth.drawing.size) // SIDE)
        planes = (np.asarray(truth.drawing.convert("L"), np.float32), truth.coverage, truth.known.astype(np.float32))
        yield tuple(np.asarray(Image.fromarray(plane).reduce(shrink), float) for plane in planes)  # type: ignore[misc]


def worn(kind: str, number: int, planes: tuple[Plane, Plane, Plane]) -> list[Plane]:
    rng = np.random.default_rng([7, number])
    gray, coverage, known = planes
    return [STILL[kind](rng, gray), coverage, known] if kind in STILL else MOVING[kind](rng, *planes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=60)
    given = parser.parse_args()
    fills = {"polycolor": Colorizer().coverage, **classical.FILLS}
    print("| drawings | wear | filled right | soft IoU | best classical |\n|---|---|---:|---:|---|")
    for folder in given.folders:
        for kind in (*STILL, *MOVING):
            scores: dict[str, list[float]] = {name: [] for name in fills}
            for number, planes in enumerate(drawings(folder, given.count)):
                gray, coverage, known = worn(kind, number, planes)
                picture, counts = np.clip(np.round(gray), 0, 255).astype(np.uint8), known > 0.99
                for name, fill in fills.items():
                    scores[name].append(metrics.soft_iou(fill(picture)[counts] / 255, coverage[counts]))
            right = {name: np.mean(np.array(some) >= metrics.RIGHT) for name, some in scores.items()}
            best = max(classical.FILLS, key=lambda name: right[name])
            mean = np.mean(scores["polycolor"])
            print(
                f"| {folder.name} | {kind} | {right['polycolor']:.0%} | {mean:.3f} | {right[best]:.0%} ({best}) |",
                flush=True,
            )


if __name__ == "__main__":
    main()
