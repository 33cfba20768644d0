"""Painting by regions: some of them that somebody points at, or each in its own colour."""

import colorsys
import re
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from polycolor_cli.color import RGB, parse_color
from polycolor_cli.errors import PointError, PolycolorError
from polycolor_cli.files.picture import in_profile
from polycolor_cli.fill.paint import Lines, Pixels, blend, ink_share, pixels_of, rgb_of, under_ink
from polycolor_cli.fill.planes import Coverage
from polycolor_cli.fill.regions import Regions, colored

By = Literal["region", "shape"]
COLORS = 12
"""Colours of a palette that is made and not named."""
GOLDEN = 0.618034
"""The golden ratio's fraction: hues that far apart stay apart, however many there are."""


@dataclass(frozen=True)
class Point:
    """A point of a picture: pixels from its upper left corner, or shares of its width and height."""

    x: float
    y: float
    relative: bool = False

    def on(self, width: int, height: int) -> tuple[float, float]:
        """The same in pixels."""
        return (self.x * width, self.y * height) if self.relative else (self.x, self.y)

    @classmethod
    def parse(cls, text: str) -> "Point":
        """A point as a person types it: 120,80 or 40%,25%. Raises PointError."""
        number = r"\s*(\d+(?:\.\d+)?|\.\d+)"
        if found := re.fullmatch(rf"{number}%\s*,{number}%\s*", text):
            return cls(float(found[1]) / 100, float(found[2]) / 100, True)
        if found := re.fullmatch(rf"{number}\s*,{number}\s*", text):
            return cls(float(found[1]), float(found[2]))
        raise PointError(f"{text!r}: not a point; give pixels like 120,80, or shares like 40%,25%")


@dataclass(frozen=True)
class LabelMap:
    """The label map of a picture instead of a painting."""

    by: By = "region"
    slug = "regions"
    on_paper = False

    def under(self, profile: bytes) -> "LabelMap":
        """The same: numbers are no colours."""
        return self


@dataclass(frozen=True)
class RegionPaint:
    """How regions are painted: those `at` some points in their colours, or `each` in one of a palette.

    by: whether a `region` is painted by itself or a whole `shape`. lines, background: as of `Paint`.
    """

    at: tuple[tuple[Point, str | RGB], ...] = ()
    each: tuple[RGB, ...] = ()
    by: By = "region"
    lines: Lines = "keep"
    background: str | RGB = "keep"
    slug = "filled"

    def __post_init__(self) -> None:
        for name, value, choices in (("by", self.by, By), ("lines", self.lines, Lines)):
            if value not in get_args(choices):
                raise PolycolorError(f"{name} is {value!r}, not one of {', '.join(get_args(choices))}")
        if bool(self.at) == bool(self.each):
            raise PolycolorError("say either which regions get which colours (at), or a palette for each of them")
        _ = [rgb_of(color) for _, color in self.at], self.outside

    @property
    def outside(self) -> RGB | None:
        """The colour that replaces whatever is outside of all regions, if one does."""
        return None if self.background in ("keep", "transparent") else rgb_of(self.background)

    @property
    def on_paper(self) -> bool:
        """As of `Paint`."""
        return self.lines == "fill" and self.background == "keep"

    def under(self, profile: bytes) -> "RegionPaint":
        """The same with its colours, which are sRGB's, as the values that mean them under an ICC profile."""
        if not profile:
            return self
        return replace(
            self,
            at=tuple((point, in_profile(rgb_of(color), profile)) for point, color in self.at),
            each=tuple(in_profile(color, profile) for color in self.each),
            background=self.background if self.outside is None else in_profile(self.outside, profile),
        )

    def colors(self, regions: Regions) -> dict[int, RGB]:
        """The colour of each region that gets one, by its number. Raises PointError for points that lie in none."""
        if self.each:
            return dict(enumerate(colored(regions, list(self.each)), 1))
        height, width = regions.labels.shape
        given: dict[int, RGB] = {}
        for point, color in self.at:
            x, y = point.on(width, height)
            number = regions.at(x, y)
            if given.setdefault(number, rgb_of(color)) != rgb_of(color):
                raise PointError(f"{x:g},{y:g}: lies in a region that gets another colour already")
        return given


def paint_regions(
    image: Image.Image, coverage: Coverage, regions: Regions, how: RegionPaint, around: Pixels | None = None
) -> Pixels:
    """A picture with regions painted, uint8 (H, W, 3), or (H, W, 4) with a transparent background.

    Colour runs under lines to their middle where they are kept, so that two regions leave no seam; else over them.
    around: `(1 - coverage) * paper`, as of `paint`; where it is given no dirty fringe stays around a painted region.
    Raises PointError as `RegionPaint.colors` does.
    """
    import cv2

    colors = how.colors(regions)
    table = np.zeros((regions.count + 1, 4), np.uint8)
    for number, color in colors.items():
        table[number] = *color, 255
    keeps = how.lines == "keep"
    # over the lines, what is covered says where the colour ends, and a region reaches as far as nobody else's
    labels = regions.inner if keeps else regions.reaching
    # nothing else is gone through than the box around what gets a colour
    box = _around(regions.boxes[[number - 1 for number in colors]]) if keeps and colors else np.s_[:, :]
    # four bytes looked up as one number
    layer = table.view(np.uint32)[labels[box]].view(np.uint8)
    layer = cv2.blur(layer, (3, 3), borderType=cv2.BORDER_REPLICATE)
    is_whole = cv2.extractChannel(layer, 3) == 255
    if not keeps or how.by == "shape":
        layer = cv2.multiply(layer, cv2.merge([coverage[box]] * 4), scale=1 / 255)
    inside, amount = cv2.cvtColor(layer, cv2.COLOR_BGRA2BGR), cv2.extractChannel(layer, 3)
    if keeps:
        share, is_dark = ink_share(image, coverage)
        inside = under_ink(inside, amount, share[box], is_dark)
    painted = np.array(pixels_of(image))
    outside = cv2.multiply(painted[box], cv2.merge([255 - amount] * 3), scale=1 / 255)
    if around is not None:
        # a line that a painted region shares with one that is not stays one
        np.copyto(outside, around[box], where=is_whole[:, :, None])
    painted[box] = cv2.add(outside, inside)
    if how.background == "transparent":
        opacity = coverage.copy()
        np.maximum(opacity[box], amount, out=opacity[box])
        return np.dstack([painted, opacity])
    return painted if how.outside is None else blend(painted, how.outside, coverage)


def _around(boxes: NDArray[np.int64]) -> tuple[slice, slice]:
    """The box around boxes (left, top, right, bottom), (N, 4), and all pixels beside it."""
    left, top = boxes[:, :2].min(0) - 1
    right, bottom = boxes[:, 2:].max(0) + 1
    return slice(max(int(top), 0), int(bottom)), slice(max(int(left), 0), int(right))


def palette(words: str) -> tuple[RGB, ...]:
    """Colours that a person names: red,gold,teal, or `pastel`, `bright`, `random:SEED`. Raises ColorError."""
    kind, _, seed = words.strip().lower().partition(":")
    if kind in ("pastel", "bright") and not seed:
        light, strong = (0.82, 0.75) if kind == "pastel" else (0.55, 0.9)
        return tuple(_hue(k * GOLDEN, light, strong) for k in range(COLORS))
    if kind == "random" and seed.isdigit():
        rng = np.random.default_rng(int(seed))
        hues, lights = rng.random(COLORS), rng.uniform(0.4, 0.75, COLORS)
        return tuple(_hue(hue, light, 0.75) for hue, light in zip(hues, lights, strict=True))
    # commas part colours, but not the numbers of rgb(1, 2, 3)
    return tuple(parse_color(word) for word in re.split(r",(?![^(]*\))", words))


def _hue(hue: float, lightness: float, saturation: float) -> RGB:
    red, green, blue = (round(255 * value) for value in colorsys.hls_to_rgb(hue % 1, lightness, saturation))
    return red, green, blue
