"""What a worker does with one request: bytes and words in, bytes and a status out."""

import json
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
from PIL import Image

from polycolor_cli.color import hex_of
from polycolor_cli.errors import FileError, PolycolorError
from polycolor_cli.files.picture import PictureError, encode, opened, seen
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import MARK, Paint, ink_share, paper_around
from polycolor_cli.fill.paint_regions import LabelMap, Point, RegionPaint, palette

if TYPE_CHECKING:
    from polycolor_cli.fill.colorizer import How

MOST_PIXELS = 40_000_000
"""The largest picture that is taken: A4 at 600 dots an inch, and a little more."""
PNG, JSON, PLANES = "image/png", "application/json", "application/octet-stream"


@dataclass(frozen=True)
class Job:
    """One request: what is wanted of a picture, its file's bytes and name, and the other fields of the form."""

    what: str
    picture: bytes
    name: str
    fields: tuple[tuple[str, str], ...] = ()

    def word(self, name: str, usual: str = "") -> str:
        """The value of a field, or what is usual without it."""
        return dict(self.fields).get(name, usual)

    def words(self, name: str) -> list[str]:
        """All values of a field that may be given several times."""
        return [value for key, value in self.fields if key == name]


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    body: bytes
    media_type: str = JSON
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def refusal(status: int, line: str) -> Answer:
    """An answer that says in one line why there is none."""
    return Answer(json.dumps({"error": line}, ensure_ascii=False).encode(), JSON, status)


def answer(colorizer: Colorizer, job: Job) -> Answer:
    """The answer to a job; what the sender can mend is a status of 4xx and the line that `colorize` would print."""
    try:
        image = opened(job.picture, job.name)
        if image.width * image.height > MOST_PIXELS:
            size = f"{image.width} x {image.height}"
            return refusal(413, f"{job.name}: {size} is over the page's {MOST_PIXELS // 10**6} million pixels")
        return _JOBS[job.what](colorizer, job, seen(image, job.name))
    except PictureError as error:
        # it names the picture itself
        return refusal(413 if "over the limit" in str(error) else 422, str(error))
    except PolycolorError as error:
        return refusal(422, f"{FileError(job.name)}: {error}")
    except MemoryError:
        return refusal(413, f"{FileError(job.name)}: there is not enough memory for this")
    except Exception as error:
        what = (str(error).splitlines() or [""])[0]
        return refusal(500, f"{FileError(job.name)}: {type(error).__name__}: {what} (a fault of polycolor's)")


def _fill(colorizer: Colorizer, job: Job, image: Image.Image) -> Answer:
    how = _how(job)
    filled = colorizer.fill(image, how)
    name = f"{PurePosixPath(job.name).stem}-{how.slug if how else 'mask'}.png"
    headers = {"X-Polycolor-State": filled.state, "Content-Disposition": _attachment(name)}
    return Answer(encode(filled.pixels, mark=MARK, about=filled.about), PNG, headers=headers)


def _how(job: Job) -> "How":
    """What the fields of a form ask for. Raises PolycolorError."""
    if job.word("mask") in ("1", "true", "on"):
        return None
    color, at, each = job.word("color"), job.words("at"), job.word("each")
    lines, background, by = job.word("lines"), job.word("background", "keep"), job.word("by", "region")
    if at and each:
        raise PolycolorError("at and each do different things: give one of them")
    if not (at or each):
        if not color:
            raise PolycolorError("which colour? Give color, or at, or each")
        holes, only = job.word("holes", "fill"), job.word("only", "all")
        return Paint(color, lines or "fill", background, holes, only)  # type: ignore[arg-type]
    points = []
    for one in at:
        place, equals, own = one.partition("=")
        if not (equals or color):
            raise PolycolorError(f"at {one}: in which colour? Say {one}=red, or give color")
        points.append((Point.parse(place), own if equals else color))
    names = palette(each) if each else ()
    return RegionPaint(tuple(points), names, by, lines or "keep", background)  # type: ignore[arg-type]


def _regions(colorizer: Colorizer, job: Job, image: Image.Image) -> Answer:
    by, each = job.word("by", "region"), job.word("each")
    how = RegionPaint(each=palette(each), by=by) if each else LabelMap(by)  # type: ignore[arg-type]
    regions = colorizer.regions(image, how.by)
    if job.word("accept") != JSON:
        return Answer(encode(regions.labels), PNG)
    table = regions.table()
    if isinstance(how, RegionPaint):
        for number, color in how.colors(regions).items():
            table[number - 1]["color"] = hex_of(color)
    return Answer(json.dumps({"count": regions.count, "regions": table}).encode())


def _planes(colorizer: Colorizer, job: Job, image: Image.Image) -> Answer:
    """All that a face needs to show any fill of a picture by itself: a length, a header, and planes as PNGs.

    The length of the header is its first four bytes, the lowest first; the header is JSON and names the planes in
    their order, with how many bytes each has and 2 where it is gray, 3 where it is RGB: `picture`; `around`,
    (1 - rimmed) * paper; `ink`, what ink leaves of a colour under it; `coverage`; `rimmed`, that of a fill on the
    drawing's paper; `regions`, whose red and green are the number of the nearest region, the low byte first, and whose
    blue is 0 outside of it, 128 in it, 255 where colour runs that keeps lines.
    """
    look = colorizer.look(image)
    ink, is_dark = ink_share(image, look.coverage)
    around, regions = paper_around(image, look.rimmed), look.regions
    inside = np.where(regions.inner > 0, np.uint8(255), np.where(regions.labels > 0, np.uint8(128), np.uint8(0)))
    low, high = (regions.reaching & 255).astype(np.uint8), (regions.reaching >> 8).astype(np.uint8)
    planes = {
        "picture": np.asarray(image),
        "around": around if image.mode == "RGB" else np.ascontiguousarray(around[:, :, 0]),
        "ink": ink,
        "coverage": look.coverage,
        "rimmed": look.rimmed,
        "regions": np.dstack([low, high, inside]),
    }
    pngs = {name: encode(plane, fast=True) for name, plane in planes.items()}
    header = {
        "width": image.width,
        "height": image.height,
        "state": look.state,
        "warning": look.warning,
        "dark": is_dark,
        "regions": regions.table(),
        "planes": [[name, len(png), planes[name].ndim] for name, png in pngs.items()],
    }
    said = json.dumps(header).encode()
    return Answer(len(said).to_bytes(4, "little") + said + b"".join(pngs.values()), PLANES)


_JOBS = {"fill": _fill, "regions": _regions, "planes": _planes}


def _attachment(name: str) -> str:
    """A header that offers a file under its own name (RFC 6266)."""
    plain = re.sub(r'[^ -~]|["\\%]', "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
