"""A model against drawings with truth, and against the bucket."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from polycolor_cli.color import RGB
from polycolor_cli.data.dataset import coverage_between
from polycolor_cli.errors import PointError
from polycolor_cli.evaluate import metrics
from polycolor_cli.evaluate.cases import Case, Truth
from polycolor_cli.evaluate.classical import FILLS, part_at
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint, paint

Point = tuple[float, float]
Method = Callable[[Image.Image, RGB, Point | None], tuple[Image.Image, NDArray[np.uint8] | None]]
"""Fills the shape in a drawing with a colour, or the region under a point alone: the painted picture, and the coverage
where one is known."""

MEASURES = {
    "masked_accuracy": "accuracy",
    "soft_iou": "soft IoU",
    "filled_right": "right",
    "picture_accuracy": "whole",
    "mean_absolute_error": "error",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "delta_e": "ΔE2000",
    "milliseconds": "ms",
}
"""What is measured of each drawing, and what people call it."""

TILE = 160
"""Side, in pixels, of a picture in a sheet."""


@dataclass
class Score:
    """How one method did on one folder of drawings: the measures of each by name, in the order of `MEASURES`."""

    folder: str
    method: str
    drawings: dict[str, dict[str, float]] = field(default_factory=dict)

    def mean(self) -> dict[str, float]:
        """The mean of each measure; for the time, which has outliers on a busy machine, the median."""
        table = {key: np.array([measures[key] for measures in self.drawings.values()]) for key in MEASURES}
        return {key: float(np.median(v) if key == "milliseconds" else v.mean()) for key, v in table.items()}


def by_model(colorizer: Colorizer, alone: bool = False) -> Method:
    """A model as a method to measure; `alone` without what follows from a drawing and needs no network."""

    def method(drawing: Image.Image, color: RGB, at: Point | None) -> tuple[Image.Image, NDArray[np.uint8] | None]:
        if at:
            from polycolor_cli.fill.paint_regions import Point as At
            from polycolor_cli.fill.paint_regions import RegionPaint

            try:
                return colorizer.fill(drawing, RegionPaint(((At(*at), color),))).image, None
            except PointError:
                return drawing, None
        if colorizer.conditioning != "coverage":
            return colorizer.fill(drawing, Paint(color)).image, None
        if alone:
            guess = colorizer.guess(drawing)
            return Image.fromarray(paint(drawing, guess, Paint(color))), guess
        painted, coverage = colorizer.fill_each(drawing, [Paint(color), None])
        return painted.image, np.asarray(coverage.pixels, np.uint8)

    return method


def by_hand(name: str) -> Method:
    """A classical fill as a method to measure."""

    def method(drawing: Image.Image, color: RGB, at: Point | None) -> tuple[Image.Image, NDArray[np.uint8] | None]:
        gray = np.asarray(drawing.convert("L"))
        coverage = FILLS[name](gray)
        if at:
            coverage = part_at(coverage, gray, at)
        return Image.fromarray(paint(drawing, coverage, Paint(color, "keep" if at else "fill"))), coverage

    return method


def measure(method: Method, truth: Truth) -> tuple[dict[str, float], Image.Image]:
    """Every measure of a method on one drawing, and the picture that it painted.

    Where the truth is not known, nothing counts.
    """
    began = time.perf_counter()
    picture, known_coverage = method(truth.drawing, truth.color, truth.at)
    passed = time.perf_counter() - began
    painted = np.asarray(picture.convert("RGB"))
    coverage, seen = coverage_between(np.asarray(truth.drawing.convert("L")), painted, truth.color)
    if known_coverage is not None:
        coverage, seen = known_coverage.astype(np.float32) / np.float32(255), np.ones_like(seen)
    known = truth.known & seen
    got = _floats(np.where(truth.known[:, :, None], painted, truth.painted))
    wanted = _floats(truth.painted)
    iou = metrics.soft_iou(coverage[known], truth.coverage[known])
    values = {
        "masked_accuracy": metrics.masked_accuracy(got, wanted, truth.coverage * truth.known),
        "soft_iou": iou,
        "filled_right": float(iou >= metrics.RIGHT),
        "picture_accuracy": metrics.picture_accuracy(got, wanted),
        "mean_absolute_error": metrics.mean_absolute_error(got, wanted),
        "psnr": metrics.psnr(got, wanted),
        "ssim": metrics.ssim(got, wanted),
        "delta_e": metrics.delta_e(got, wanted),
        "milliseconds": passed * 1000,
    }
    return values, picture


def evaluate(
    folders: dict[str, list[Case]], methods: dict[str, Method], report: Callable[[str], None] = lambda name: None
) -> list[Score]:
    """Measure every method on every drawing of every folder; `report` is called with each drawing's name."""
    scores = [Score(folder, method) for folder in folders for method in methods]
    at = {(score.folder, score.method): score for score in scores}
    for folder, cases in folders.items():
        for number, case in enumerate(cases):
            report(case.name)
            truth = case.load()
            for name, method in methods.items():
                if number == 0:
                    # the first fill of a size pays for memory that the next ones find ready
                    method(truth.drawing, truth.color, truth.at)
                at[folder, name].drawings[case.name] = measure(method, truth)[0]
    return scores


def worst(scores: list[Score], method: str, count: int = 12) -> list[tuple[str, str]]:
    """Folder and name of the drawings that a method fills worst, worst first."""
    table = [
        (measures["soft_iou"], score.folder, name)
        for score in scores
        if score.method == method
        for name, measures in score.drawings.items()
    ]
    return [(folder, name) for _, folder, name in sorted(table)[:count]]


def sheet(cases: list[Case], method: Method) -> Image.Image:
    """A column for each drawing: the drawing, the fill, the truth, and the soft IoU above its name."""
    page = Image.new("RGB", (len(cases) * (TILE + 8) + 8, 3 * (TILE + 8) + 36), "gray")
    write = ImageDraw.Draw(page)
    for column, case in enumerate(cases):
        truth = case.load()
        measures, filled = measure(method, truth)
        x = column * (TILE + 8) + 8
        for row, picture in enumerate((truth.drawing, filled, _known(truth))):
            y = row * (TILE + 8) + 8
            page.paste(_fitted(picture.convert("RGB")), (x, y))
        write.text((x, 3 * (TILE + 8) + 6), f"{measures['soft_iou']:.3f}\n{case.name[:24]}", fill="white")
    return page


def _known(truth: Truth) -> Image.Image:
    """The true picture, gray where nothing is known."""
    return Image.fromarray(np.where(truth.known[:, :, None], truth.painted, np.uint8(128)))


def _fitted(picture: Image.Image) -> Image.Image:
    scale = TILE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
    return picture.resize(size, how)


def _floats(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return picture.astype(np.float32) / np.float32(255)


def rows(scores: list[Score]) -> Iterator[list[str]]:
    """A table as text, a row for each score: the method and its mean measures."""
    digits = {"psnr": ".1f", "delta_e": ".3f", "milliseconds": ".1f", "filled_right": ".1%"}
    for score in scores:
        mean = score.mean()
        values = [format(mean[key], digits.get(key, ".4f")) for key in MEASURES]
        yield [score.method, *values]
