"""Drawings with their truth, to measure fills with: a split of a dataset, or pictures beside their coverages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from polycolor_cli.color import RGB, parse_color
from polycolor_cli.data.dataset import DatasetError, Row, coverage_between, read_split
from polycolor_cli.files.picture import read_picture
from polycolor_cli.fill.paint import Paint, paint

COLOR: RGB = (255, 0, 255)
"""The colour that drawings without one of their own are filled with: no gray comes near it."""
UNKNOWN = 128
"""The gray of a trimap that says: this pixel does not count."""


@dataclass(frozen=True)
class Truth:
    """A drawing and what should become of it.

    drawing: mode L or RGB; color: what to fill with; painted: uint8 (H, W, 3); coverage: float32 (H, W) in 0..1;
    known: bool (H, W), where the truth is certain. at: a point (x, y) in the region that is meant, if not the shape.
    """

    drawing: Image.Image
    color: RGB
    painted: NDArray[np.uint8]
    coverage: NDArray[np.float32]
    known: NDArray[np.bool_]
    at: tuple[float, float] | None = None


@dataclass(frozen=True)
class Case:
    """One drawing with its truth on disk: a row of a dataset, or a drawing and its coverage."""

    name: str
    files: Row | tuple[Path, Path]

    def load(self) -> Truth:
        """Read both pictures. Raises PictureError for a bad one and DatasetError where their sizes differ."""
        if isinstance(self.files, Row):
            row = self.files
            gray, painted = row.load()
            color = parse_color(row.colour)
            coverage, known = coverage_between(gray, painted, color)
            return Truth(Image.fromarray(gray), color, painted, coverage, known, row.at)
        # in its own colours, as it would be filled: blue on red of the same luma is a drawing too
        drawing, truth = read_picture(self.files[0]), read_picture(self.files[1]).convert("L")
        if drawing.size != truth.size:
            raise DatasetError([f"{self.files[0]} is {drawing.size} pixels and {self.files[1]} is {truth.size}"])
        level = np.asarray(truth)
        known = level != UNKNOWN if self.files[1].parent.name == "trimap" else np.ones(level.shape, bool)
        painted = paint(drawing, level, Paint(COLOR))
        return Truth(drawing, COLOR, painted, level.astype(np.float32) / np.float32(255), known)


def read_cases(folder: Path) -> list[Case]:
    """The cases of a folder.

    The folder is a dataset (its `validation/` is taken), one split of it, or holds `in/NAME.png` beside
    `gt/NAME.png` (the coverage, 0..255) or `trimap/NAME.png` (255 inside, 0 outside, 128 does not count).
    Raises DatasetError with every problem at once.
    """
    if not folder.is_dir():
        raise DatasetError([f"{folder}: no such folder"])
    if (folder / "in").is_dir():
        return _paired(folder)
    split = folder if (folder / "data.json").exists() else folder / "validation"
    if not split.is_dir():
        raise DatasetError([f"{folder}: neither a dataset (validation/data.json) nor drawings with truth (in/, gt/)"])
    rows, problems = read_split(split)
    if problems:
        raise DatasetError(problems)
    return [Case(row.painted.stem, row) for row in rows]


def _paired(folder: Path) -> list[Case]:
    """The drawings of `in/`, each with its truth of the same name."""
    truths = {path.stem: path for kind in ("trimap", "gt") for path in _pictures(folder / kind)}
    cases, problems = [], []
    for drawing in _pictures(folder / "in"):
        if drawing.stem in truths:
            cases.append(Case(drawing.stem, (drawing, truths[drawing.stem])))
        else:
            problems.append(f"{drawing}: has no truth in gt/ or trimap/")
    if not cases and not problems:
        problems = [f"{folder / 'in'}: there are no pictures in it"]
    if problems:
        raise DatasetError(problems)
    return cases


def _pictures(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")
