"""The dataset layout on disk: `training/` and `validation/`, each with pictures and a data.json.

Each split holds `inputs/`, `outputs/` and `data.json`, a list of rows
`{"input_polygon": "star.png", "colour": "yellow", "output_image": "yellow_star.png"}`. A row may carry
`"at": [x, y]`, a point in pixels: its colour then means the region that the point lies in.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.color import ColorError, parse_color
from polycolor_cli.errors import PolycolorError
from polycolor_cli.files.picture import PictureError, read_picture

SPLITS = ("training", "validation")
_KEYS = ("input_polygon", "colour", "output_image")


ASTRAY = 64
"""How far, of 255, a pixel must be from anything between the drawing and the colour to be neither."""


class DatasetError(PolycolorError):
    """A dataset that cannot be used; `problems` has one line for each thing wrong."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Row:
    """One row of a data.json: a drawing, a colour, and the picture to come out.

    at: a point (x, y) in the region that the colour is for; None where it is for the whole shape.
    """

    drawing: Path
    colour: str
    painted: Path
    at: tuple[float, float] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the drawing, in pixels."""
        return read_picture(self.drawing).size

    def load(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The drawing as gray uint8 (H, W), and the painted picture as RGB uint8 (H, W, 3)."""
        gray = read_picture(self.drawing).convert("L")
        return np.asarray(gray), np.asarray(read_picture(self.painted).convert("RGB"))


def read_split(folder: Path) -> tuple[list[Row], list[str]]:
    """The rows of one split, and a line for every problem found in it.

    Every picture is opened: nothing that this passes can fail later for being bad data.
    """
    return _listed(folder / "data.json", _check)


def read_rows(listing: Path) -> list[Row]:
    """The rows of a data.json, whose pictures need not exist. Raises DatasetError for a bad listing or colour."""
    rows, problems = _listed(listing, _check_color)
    if problems:
        raise DatasetError(problems)
    return rows


def _listed(listing: Path, check: Callable[[Row], Iterator[str]]) -> tuple[list[Row], list[str]]:
    """The rows of a data.json, and a line for every entry that is none or that `check` finds fault with."""
    folder = listing.parent
    try:
        table = json.loads(listing.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [], [f"{listing}: no such file"]
    except (OSError, UnicodeDecodeError) as error:
        return [], [f"{listing}: cannot be read ({error})"]
    except json.JSONDecodeError as error:
        return [], [f"{listing}: not JSON (line {error.lineno}: {error.msg})"]
    except RecursionError:
        return [], [f"{listing}: no list of rows (nested too deep)"]
    if not isinstance(table, list) or not table:
        return [], [f"{listing}: must be a list with at least one row"]
    rows, problems = [], []
    for number, entry in enumerate(table, 1):
        missing = [key for key in _KEYS if not isinstance(entry, dict) or not isinstance(entry.get(key), str)]
        if missing:
            problems.append(f"{listing}: row {number}: no {' and no '.join(repr(key) for key in missing)}")
            continue
        if "\0" in entry["input_polygon"] + entry["output_image"]:
            problems.append(f"{listing}: row {number}: no file has a null character in its name")
            continue
        at = entry.get("at")
        if at is not None and not _is_point(at):
            problems.append(f"{listing}: row {number}: 'at' is {json.dumps(at)[:40]}, not a point [x, y] in pixels")
            continue
        drawing, painted = folder / "inputs" / entry["input_polygon"], folder / "outputs" / entry["output_image"]
        rows.append(Row(drawing, entry["colour"], painted, at and (float(at[0]), float(at[1]))))
        problems += [f"{listing}: row {number}: {problem}" for problem in check(rows[-1])]
    return rows, problems


def _is_point(at: Any) -> bool:
    numbers = isinstance(at, list) and all(isinstance(one, int | float) and not isinstance(one, bool) for one in at)
    return numbers and len(at) == 2 and all(math.isfinite(one) and one >= 0 for one in at)


def _check_color(row: Row) -> Iterator[str]:
    try:
        parse_color(row.colour)
    except ColorError as error:
        yield str(error)


def _check(row: Row) -> Iterator[str]:
    bad_color = list(_check_color(row))
    yield from bad_color
    sizes = []
    for path in (row.drawing, row.painted):
        try:
            sizes.append(read_picture(path).size)
        except PictureError as error:
            yield str(error)
    if len(set(sizes)) == 2:
        (w, h), (w2, h2) = sizes
        yield f"{row.drawing.name} is {w} x {h} pixels and {row.painted.name} is {w2} x {h2}"
    elif len(sizes) == 2 and not bad_color:
        yield from _check_painting(row)
    if row.at and sizes and not (row.at[0] < sizes[0][0] and row.at[1] < sizes[0][1]):
        yield f"'at' is {row.at[0]:g},{row.at[1]:g}, outside of {row.drawing.name}, {sizes[0][0]} x {sizes[0][1]}"


def _check_painting(row: Row) -> Iterator[str]:
    """Whether the painted picture is the drawing with some of it in the colour of the row."""
    gray, painted = row.load()
    color = np.array(parse_color(row.colour), np.float32)
    coverage, known = coverage_between(gray, painted, parse_color(row.colour))
    drawn = gray[:, :, None].astype(np.float32)
    share = coverage[:, :, None]
    astray = np.abs(painted - ((1 - share) * drawn + share * color)).max(2) > ASTRAY
    changed = np.abs(painted - drawn).max(2) > ASTRAY / 2
    ink = np.abs(gray.astype(np.int16) - int(np.median(gray))) > ASTRAY
    if changed.any() and astray[changed].mean() > 0.5:
        yield f"{row.painted.name} is not painted in {row.colour}"
    elif not row.at and ink.any() and astray[ink].mean() > 0.3:
        yield f"{row.painted.name} does not show the drawing {row.drawing.name}"
    elif known.all() and coverage.mean() > 0.995:
        yield f"{row.painted.name} is painted all over"


def _is_bare(row: Row) -> bool:
    gray, painted = row.load()
    return not bool((np.abs(painted.astype(np.int16) - gray[:, :, None]) > ASTRAY / 2).any())


def notes_on(splits: dict[str, list[Row]]) -> list[str]:
    """What is odd about a dataset that can be learnt from, a line each."""
    notes = []
    contents: dict[str, set[bytes]] = {}
    for split, rows in splits.items():
        names = [(row.drawing, row.colour, row.at) for row in rows]
        if len(names) > len(set(names)):
            notes.append(f"{split}: {len(names) - len(set(names))} of {len(names)} rows are there twice")
        bare = sum(_is_bare(row) for row in rows)
        if bare:
            notes.append(f"{split}: {bare} of {len(rows)} rows have nothing painted in them")
        contents[split] = {hashlib.blake2b(row.drawing.read_bytes()).digest() for row in rows}
    colors = {row.colour for row in splits["training"]}
    if len(colors) == 1 and len(splits["training"]) > 1:
        notes.append(f"training: all rows are {colors.pop()}, and nothing tells what another colour is")
    if both := len(contents["training"] & contents["validation"]):
        notes.append(f"validation: {both} of its {len(contents['validation'])} drawings are in training too")
    return notes


def read_dataset(folder: Path) -> dict[str, list[Row]]:
    """The rows of both splits. Raises DatasetError with every problem of both at once."""
    if not folder.is_dir():
        raise DatasetError([f"{folder}: no such folder"])
    splits, problems = {}, []
    for split in SPLITS:
        splits[split], found = read_split(folder / split)
        problems += found
    if problems:
        raise DatasetError(problems)
    return splits


def coverage_between(
    gray: NDArray[np.uint8], painted: NDArray[np.uint8], color: tuple[int, int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The coverage (H, W) in 0..1 that turns a drawing into its painted picture, and where it is known.

    Where the paper already has the colour asked for, painting changes nothing and nothing is known.
    """
    paper = np.repeat(gray[:, :, None].astype(np.float32), 3, 2) / 255
    way = np.array(color, np.float32) / 255 - paper
    length = (way**2).sum(-1)
    known = length > 0.02
    moved = ((painted.astype(np.float32) / 255 - paper) * way).sum(-1)
    return np.clip(moved / np.where(known, length, 1), 0, 1).astype(np.float32), known
