"""The arithmetic: picture, coverage and colour -> painted picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from numbers import Integral
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from polycolor_cli.color import RGB, ColorError, hex_of, parse_color, slug
from polycolor_cli.errors import PolycolorError
from polycolor_cli.files.picture import Transparency, in_profile, transparency
from polycolor_cli.fill.masks import dilated, median
from polycolor_cli.fill.planes import Coverage, Mask

Lines = Literal["fill", "keep"]
Holes = Literal["fill", "keep"]
Only = Literal["all", "enclosed"]
Pixels = NDArray[np.uint8]
"""(H, W) gray, (H, W, 3) RGB or (H, W, 4) RGBA."""

MARK = "fill"
"""What the files of results say of themselves, beside who made them."""
INK = 0.1
"""How much darker than its paper, of 1, a pixel must be at least to be ink; all of it counts from twice that on."""
NOISE = 4
"""Times the paper's own noise that it must be darker."""
BLACKED = 0.35
"""Share of the page's brightness below which a whole area is ink, and no paper of another colour."""
EDGES_AT_ONCE = 1 << 16
"""Pixels whose neighbours are looked at together, so that memory does not grow with the picture."""
LIGHT = 128
"""Longest side, in pixels, at which the paper's light and colour are looked at."""
WIDEST_LINE = 15
"""Side of the square, in those pixels, that no line fills."""


@dataclass(frozen=True)
class Paint:
    """How a coverage is turned into a picture.

    lines: `fill` covers the ink with the colour too, `keep` leaves it visible.
    background: `keep`, `transparent`, or a colour that replaces whatever is outside the shape.
    holes: `keep` leaves bare what a second outline inside of a shape encloses, and so on alternately, as of rings and
    letters. only: `enclosed` leaves ink alone that encloses nothing and stands apart.
    """

    color: str | RGB
    lines: Lines = "fill"
    background: str | RGB = "keep"
    holes: Holes = "fill"
    only: Only = "all"

    def __post_init__(self) -> None:
        for name, choices in (("lines", Lines), ("holes", Holes), ("only", Only)):
            if getattr(self, name) not in get_args(choices):
                raise PolycolorError(f"{name} is {getattr(self, name)!r}, not {' or '.join(get_args(choices))}")
        # a colour that means nothing is refused here, before any picture is touched
        _ = self.rgb, self.outside

    @property
    def rgb(self) -> RGB:
        """The colour to fill with."""
        return rgb_of(self.color)

    @property
    def slug(self) -> str:
        """The word that a result's file name ends in."""
        return slug(self.color if isinstance(self.color, str) else hex_of(self.rgb))

    def under(self, profile: bytes) -> "Paint":
        """The same with its colours, which are sRGB's, as the values that mean them under an ICC profile."""
        if not profile:
            return self
        outside = self.background if self.outside is None else in_profile(self.outside, profile)
        return replace(self, color=in_profile(self.rgb, profile), background=outside)

    @property
    def on_paper(self) -> bool:
        """Whether the paper of the picture stays around the shape, and its lines do not."""
        return self.lines == "fill" and self.background == "keep"

    @property
    def outside(self) -> RGB | None:
        """The colour that replaces whatever is outside the shape, if one does."""
        return None if self.background in ("keep", "transparent") else rgb_of(self.background)


def rgb_of(color: str | RGB) -> RGB:
    """A colour as RGB, 0 to 255 each, however it is given. Raises ColorError."""
    if isinstance(color, str):
        return parse_color(color)
    if (
        not isinstance(color, Sequence | np.ndarray)
        or len(color) != 3
        or not all(isinstance(value, Integral) and 0 <= value <= 255 for value in color)
    ):
        raise ColorError(f"{color!r}: not a red, a green and a blue of 0 to 255 each")
    red, green, blue = (int(value) for value in color)
    return red, green, blue


def paint(image: Image.Image, coverage: Coverage, how: Paint, around: Pixels | None = None) -> Pixels:
    """`(1 - coverage) * paper + coverage * colour`, in bytes, exact at both ends: (H, W, 3), or 4 if transparent.

    The paper is the picture itself, but where a line's soft edge darkens a pixel that the shape covers
    in part: there it is what lies beside the line, or a dirty fringe would stay around every fill.

    Where the picture is transparent, what the shape does not cover stays so: then it is (H, W, 4) too.

    image: mode `L` or `RGB`; coverage: uint8 (H, W); around: `(1 - coverage) * paper`, where another colour's
    painting has come to it already.
    """
    import cv2

    inside = how.rgb if how.lines == "fill" else under_ink(how.rgb, 255, *ink_share(image, coverage))
    if how.background == "transparent":
        return cv2.merge([*cv2.split(_multiplied(inside, np.full_like(coverage, 255))), coverage])
    if how.on_paper:
        around = paper_around(image, coverage) if around is None else around
    else:
        around = _multiplied(pixels_of(image) if how.outside is None else how.outside, 255 - coverage)
    painted = cv2.add(around, _multiplied(inside, coverage))
    transparent = transparency(image)
    return painted if transparent is None or how.background != "keep" else _lifted(painted, coverage, transparent)


def _lifted(painted: Pixels, coverage: Coverage, transparent: Transparency) -> Pixels:
    """A painting of a transparent picture, (H, W, 4), without the paper that the picture was laid on."""
    share, covered = transparent.opacity.astype(np.float32) / 255, coverage.astype(np.float32) / 255
    whole = covered + (1 - covered) * share
    color = (painted - (1 - whole)[:, :, None] * np.float32(transparent.paper)) / np.maximum(whole, 1 / 255)[:, :, None]
    return np.dstack([np.clip(np.round(color), 0, 255), np.round(whole * 255)]).astype(np.uint8)


def pixels_of(image: Image.Image | Pixels) -> Pixels:
    """The pixels of a picture in RGB."""
    import cv2

    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else cv2.merge([pixels] * 3)


def _multiplied(what: RGB | Pixels, share: Coverage | Pixels) -> Pixels:
    """A colour, or a picture, gray or RGB, times shares (255 is all) of each pixel, or of each of its channels."""
    import cv2

    if not isinstance(what, tuple) and what.ndim == share.ndim == 2:
        return cv2.merge([cv2.multiply(what, share, scale=1 / 255)] * 3)
    shares = [share] * 3 if share.ndim == 2 else cv2.split(share)
    if isinstance(what, tuple):
        # 255 times a share is that share
        return cv2.merge(
            [each if value == 255 else cv2.LUT(each, _ramp(value)) for each, value in zip(shares, what, strict=True)]
        )
    return cv2.multiply(what, cv2.merge(shares), scale=1 / 255)


@lru_cache
def _ramp(value: int) -> NDArray[np.uint8]:
    """A value times each share."""
    return np.round(np.arange(256) * value / 255).astype(np.uint8)


def paper_around(image: Image.Image, coverage: Coverage) -> Pixels:
    """`(1 - coverage) * paper`, where the paper of pixels covered in part has the mean colour of what lies beside."""
    import cv2

    pixels, edge, bare = np.asarray(image), (coverage > 0) & (coverage < 255), coverage == 0
    if edge.any():
        pixels = pixels.copy()
        paper = tuple(pixels.reshape(coverage.size, -1)[bare.argmax()].tolist())
        if (bare & (cv2.inRange(pixels, paper, paper) == 0)).any():
            _lay_paper(pixels, np.flatnonzero(edge), bare)
        else:
            # flat paper has one colour to give, however soft an edge is
            outer = edge & dilated(bare)
            if np.count_nonzero(outer) < np.count_nonzero(edge):
                piece = cv2.connectedComponents(edge.view(np.uint8), connectivity=8)[1]
                outer = edge & np.isin(piece, piece[outer])
            pixels[outer] = paper
    return _multiplied(pixels, 255 - coverage)


def _lay_paper(pixels: Pixels, edge: NDArray[np.intp], bare: Mask) -> None:
    """Give pixels at an edge (flat) the mean colour of the bare ones beside them, those farther in that of these."""
    height, width = bare.shape
    colors, is_free = pixels.reshape(height * width, -1), bare.ravel().copy()
    ways = np.array([(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right])
    down, right = ways.T[:, :, None]
    while edge.size:
        is_laid = np.zeros(edge.size, np.bool_)
        for start in range(0, edge.size, EDGES_AT_ONCE):
            chunk = edge[start : start + EDGES_AT_ONCE]
            y, x = np.divmod(chunk, width)
            # the rim is its own neighbour
            near, far = (
                (y + apart * down).clip(0, height - 1) * width + (x + apart * right).clip(0, width - 1)
                for apart in (1, 2)
            )
            free = is_free[near]
            # best two pixels away, for a trace of ink too faint to count may lie in the next one
            for at, counts in ((near, free), (far, free & is_free[far])):
                count = counts.sum(0, dtype=np.uint8)
                found = count > 0
                total = (colors[at] * counts[:, :, None]).sum(0, dtype=np.uint16)
                colors[chunk[found]] = np.round(total[found] / count[found, None].astype(np.float32))
                is_laid[start : start + EDGES_AT_ONCE] |= found
        if not is_laid.any():
            return
        is_free[edge[is_laid]] = True
        edge = edge[~is_laid]


def under_ink(color: RGB | Pixels, amount: int | Coverage, share: Coverage | Pixels, is_dark: bool) -> Pixels:
    """A colour, or one for each pixel, under a picture's ink, which is as dark on it as it was on its paper.

    Where there is no ink the colour is untouched. On dark paper the ink is light, and all is turned over.
    amount: by how much, of 255, the colour has been multiplied already; share, is_dark: the picture's `ink_share`.
    """
    if not is_dark:
        return _multiplied(color, share)
    import cv2

    whole = np.full(share.shape[:2], 255, np.uint8) if isinstance(amount, int) else amount
    whole = cv2.merge([whole] * 3)
    missing = whole - np.array(color, np.uint8)
    return whole - _multiplied(missing, share)


def ink_share(image: Image.Image, coverage: Coverage) -> tuple[Pixels, bool]:
    """What is left of a colour under a picture's ink, of 255, (H, W) or (H, W, 3), and whether its paper is dark.

    On dark paper, where the ink is light, it is what is left of what the colour lacks of white.
    """
    pixels, outside = np.asarray(image), np.asarray(image.convert("L"))[coverage == 0]
    is_dark = bool(outside.size) and median(outside) < 128
    return _ink_share(255 - pixels if is_dark else pixels, coverage), is_dark


def blend(inside: Pixels, outside: RGB, coverage: Coverage) -> Pixels:
    """A picture where it is covered, and a colour elsewhere."""
    import cv2

    return cv2.add(_multiplied(inside, coverage), _multiplied(outside, 255 - coverage))


def _ink_share(pixels: Pixels, coverage: Coverage) -> Pixels:
    """What is left of a colour under the ink, of 255, in each channel of a picture: all where there is none."""
    import cv2

    paper = _paper(pixels)
    share = cv2.divide(pixels, paper, scale=255)
    if share.ndim == 3:
        # a channel that the paper lacks says nothing: it is as dark as the one that the paper has most of
        most = np.maximum.reduce(cv2.split(paper))
        lacks = paper < most[:, :, None] // 8
        if lacks.any():
            leading = np.take_along_axis(share, paper.argmax(2)[:, :, None], 2)
            share = np.where(lacks, leading, share)
    darkness = 255 - np.minimum.reduce(cv2.split(share))
    inside = darkness[coverage == 255]
    noise = 1.4826 * median(cv2.absdiff(inside, float(median(inside)))) if inside.size else 0.0
    least = min(max(INK * 255, NOISE * noise), 0.5 * 255)
    ink = cv2.LUT(darkness, np.round(255 * np.clip((np.arange(256) - least) / least, 0, 1)).astype(np.uint8))
    return 255 - cv2.multiply(255 - share, ink if share.ndim == 2 else cv2.merge([ink] * 3), scale=1 / 255)


def _paper(pixels: Pixels) -> Pixels:
    """What a picture would be without its ink, of the same shape: light, shadows, and areas of other colours."""
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, LIGHT / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((WIDEST_LINE, WIDEST_LINE), np.uint8))
    page = np.median(closed, (0, 1))
    black = (closed if closed.ndim == 2 else closed.max(2)) < BLACKED * page.max()
    closed[black] = page
    closed = cv2.GaussianBlur(closed, (0, 0), 1.5)
    return np.maximum(cv2.resize(closed, (width, height), interpolation=cv2.INTER_LINEAR), 1)
