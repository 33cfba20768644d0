"""The main job: drawing -> coverage -> painted picture.

    with a model:  gray -> planes -> network -> coverage
    by arithmetic: picture, coverage, colour -> painted picture

ONNX Runtime runs the network; torch is never imported.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from polycolor_cli import weights
from polycolor_cli.color import RGB, ColorError, parse_color
from polycolor_cli.errors import PolycolorError
from polycolor_cli.outline import Outlines, outlined, outlines, traced
from polycolor_cli.picture import (
    NOTHING,
    About,
    PictureError,
    Planes,
    Transparency,
    about,
    halved,
    in_profile,
    read_picture,
    seen,
    transparency,
)
from polycolor_cli.privacy import onnxruntime
from polycolor_cli.settle import (
    SETTLED,
    decided,
    flat_paper,
    halves,
    is_clean,
    is_negative,
    is_noise,
    neighbours,
    settled,
    without_holes,
)

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Lines = Literal["fill", "keep"]
Gray = NDArray[np.uint8]
Coverage = NDArray[np.uint8]
Pixels = NDArray[np.uint8]
"""(H, W) gray, (H, W, 3) RGB or (H, W, 4) RGBA."""

LARGEST = 255
"""Longest side, in pixels, that the network looks at as it is; a larger picture is halved until it is no longer.

One less than 256, so that pictures of 256, 512, ... are looked at in 128 pixels, where the network knows best."""
SMALLEST = 96
"""Shortest longest side: a smaller picture is enlarged first, and its coverage averaged down."""
ENLARGED = 128
"""Longest side that a small picture is enlarged to, at least."""

COARSEST = 16
"""Pixels that sides are rounded up to for the first look, by more of the rim: halving, the network loses odd ones."""

FOUND = 0.0001
"""Share of a picture that must be covered for a shape to count as found."""
DOUBT = 0.1
"""How much of what is covered may be neither covered nor bare, edges aside, before a fill counts as doubtful."""
HOPELESS = 0.12
"""How much of it before no guess is filled, and nothing at all where the paper is not even flat.

Of drawings beyond, not one in ten would come out right; photographs are the rest."""

DOT = 40
"""Longest side, in the pixels in which the network sees a page, of things that are looked at once more, larger."""

TILE = 64
"""Side, in pixels, of the tiles in which edges are drawn on large pictures."""
MARGIN = 4
"""Pixels around a tile that its edges are judged by."""
TILES_AT_ONCE = 64


@dataclass(frozen=True)
class Paint:
    """How a coverage is turned into a picture.

    lines: `fill` covers the ink with the colour too, `keep` leaves it visible.
    background: `keep`, `transparent`, or a colour that replaces whatever is outside the shape.
    """

    color: str | RGB
    lines: Lines = "fill"
    background: str | RGB = "keep"

    def __post_init__(self) -> None:
        if self.lines not in get_args(Lines):
            raise PolycolorError(f"lines is {self.lines!r}, not fill or keep")
        # a colour that means nothing is refused here, before any picture is touched
        _ = self.rgb, self.outside

    @property
    def rgb(self) -> RGB:
        """The colour to fill with."""
        return _rgb(self.color)

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
        return None if self.background in ("keep", "transparent") else _rgb(self.background)


def _rgb(color: str | RGB) -> RGB:
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


WARNINGS = {
    "empty": "no shape found, nothing was filled",
    "doubtful": "no clear shape found, look at the result (is it a drawing?)",
}
"""What a person should know of a fill, by its state."""


@dataclass(frozen=True)
class Filled:
    """A painted picture, how much of it the shape covers (0..1), and how much of that is a guess (0..1).

    about: what its file says beside the pixels, as the drawing's did.
    """

    pixels: Pixels
    share: float
    guessed: float = 0.0
    about: About = NOTHING

    @property
    def image(self) -> Image.Image:
        """The picture, in mode L, RGB or RGBA; its `info` holds what its file says beside the pixels."""
        image = Image.fromarray(self.pixels)
        image.info.update(self.about.as_info())
        return image

    @property
    def found(self) -> bool:
        """Whether there was a shape at all."""
        return self.share >= FOUND

    @property
    def state(self) -> Literal["filled", "empty", "doubtful"]:
        """What became of the drawing."""
        return "empty" if not self.found else "doubtful" if self.guessed > DOUBT else "filled"

    @property
    def warning(self) -> str | None:
        """What a person should know of this fill, if anything."""
        return WARNINGS.get(self.state)


class Colorizer:
    """A model, loaded once, for many drawings.

    model: a model's name, the path of an `.onnx` file or of a run, or a URL. threads: cores to use, 0 for
    all of them. offline, progress: as in `polycolor_cli.weights.read`.
    Raises `polycolor_cli.weights.ModelError` where the model cannot be used.
    """

    def __init__(
        self,
        model: str | Path = weights.DEFAULT,
        threads: int = 0,
        offline: bool = False,
        progress: weights.Progress | None = None,
    ) -> None:
        self._load(str(model), weights.read(model, offline, progress), threads)
        if self._name != weights.DEFAULT:
            # the model that ships is known to be sound, and a drawing that is traced never asks it
            _ = self._about

    def __reduce__(self) -> tuple[Any, ...]:
        # to another process go the bytes of the model; no file is read a second time
        return _loaded, (type(self), self._name, self._data, self._threads)

    def _load(self, model: str, data: bytes, threads: int) -> None:
        self._name, self._data, self._threads = model, data, threads

    @cached_property
    def _session(self) -> "InferenceSession":
        """The network, loaded when it is first asked. Raises ModelError."""
        runtime = onnxruntime()  # a third of the start of a command
        options = runtime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        try:
            return runtime.InferenceSession(self._data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise weights.ModelError(f"{self._name}: cannot be loaded ({reason})") from None

    @cached_property
    def _about(self) -> dict[str, Any]:
        """What the model says of itself. Raises ModelError."""
        said = self._session.get_modelmeta().custom_metadata_map
        try:
            about = json.loads(said[weights.METADATA])
            _ = about["config"]["conditioning"], about["palette"]
        except (KeyError, ValueError, TypeError):
            raise weights.ModelError(f"{self._name}: an ONNX file, but not a model of polycolor's") from None
        return about

    @property
    def config(self) -> dict[str, Any]:
        """The settings that the model was trained with."""
        return self._about["config"]

    @property
    def palette(self) -> dict[str, list[int]]:
        """The colours that the model was trained with, by name."""
        return self._about["palette"]

    @cached_property
    def conditioning(self) -> str:
        """How the model is told the colour, `coverage` where it is not told at all."""
        return "coverage" if self._name == weights.DEFAULT else self.config["conditioning"]

    @cached_property
    def _refines(self) -> bool:
        return "guess" in {given.name for given in self._session.get_inputs()}

    def __call__(
        self,
        picture: str | Path | Image.Image | NDArray,
        color: str | RGB,
        *,
        lines: Lines = "fill",
        background: str | RGB = "keep",
    ) -> Image.Image:
        """A picture with its shape filled: mode RGB, or RGBA with a transparent background.

        picture: a path, a Pillow image, or uint8 pixels, (H, W) gray or (H, W, 3) RGB.
        Raises ColorError, PictureError, and ModelError where the model cannot do what is asked.
        """
        return self.fill(as_image(picture), Paint(color, lines, background)).image

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that no other model has."""
        return hashlib.blake2b(self._data, digest_size=8).hexdigest()

    def fill(self, image: Image.Image, how: Paint | None) -> Filled:
        """Fill the shape in a picture of mode `L` or `RGB`; without a `how`, show its coverage in gray."""
        return next(self.fill_each(image, [how]))

    def fill_each(self, image: Image.Image, hows: list[Paint | None]) -> Iterator[Filled]:
        """`fill` for several paints, one after the other; the network looks once, where it does not paint itself."""
        said = about(image)
        hows = [how and how.under(said.profile) for how in hows]
        if self.conditioning != "coverage" and None not in hows:
            return (self._painted_by_network(image, how) for how in hows if how is not None)
        coverage, guessed = self._decide(image)
        share = share_of(coverage)
        around = _around(image, coverage) if any(how is not None and how.on_paper for how in hows) else None
        # a mask is no picture of colours
        masked = replace(said, profile=b"")
        return (
            Filled(coverage, share, guessed, masked)
            if how is None
            else Filled(paint(image, coverage, how, around), share, guessed, said)
            for how in hows
        )

    def coverage(self, picture: str | Path | Image.Image | NDArray) -> Coverage:
        """How much of each pixel the shape covers: uint8 (H, W), 0 for nothing and 255 for all."""
        return self._decide(as_image(picture))[0]

    def _decide(self, image: Image.Image) -> tuple[Coverage, float]:
        """The coverage of a picture, and the share of it that is a guess."""
        if self.conditioning != "coverage":
            raise weights.ModelError(
                f"this model is conditioned by {self.conditioning}: it paints a picture and knows no coverage"
            )
        gray = np.asarray(image.convert("L"))
        return self._decide_gray(~gray if is_negative(gray) else gray)

    def _decide_gray(self, gray: Gray) -> tuple[Coverage, float]:
        """The same for dark ink on light paper."""
        found = outlines((gray, gray, gray)) if max(gray.shape) >= SMALLEST and gray.size <= SETTLED else None
        if found and (coverage := traced(gray, found)) is not None:
            return coverage, 0.0
        answer, guessed = self._look(gray, {}, found)
        coverage = answer[0]
        noise = guessed > HOPELESS and is_noise(gray)
        hopeless = noise or (guessed > HOPELESS and not is_clean(gray))
        if noise or (hopeless and flat_paper(gray) is None):
            return np.zeros_like(coverage), guessed
        coverage = settled(gray, coverage)
        if guessed:
            coverage = decided(coverage, share=1 if hopeless else 0.5)
        if max(gray.shape) <= LARGEST:
            coverage = without_holes(coverage)
        elif not hopeless:
            guessed *= 1 - self._add_pieces(gray, coverage)
        return coverage, guessed

    def _add_pieces(self, gray: Gray, coverage: Coverage) -> float:
        """Add to the coverage of a page what is covered of small things that were dots when the network saw all.

        Returns the share of all that is covered that was decided so and not before.
        """
        from polycolor_cli.pieces import pieces

        decided_here = 0

        for piece in pieces(gray, DOT << _doublings(max(gray.shape))):
            covered, guessed = self._decide_gray(piece.gray)
            if guessed <= DOUBT:
                np.maximum(coverage[piece.view], covered, out=coverage[piece.view])
                decided_here += int(covered.sum(dtype=np.int64))
        return min(1.0, decided_here / max(int(coverage.sum(dtype=np.int64)), 1))

    def _painted_by_network(self, image: Image.Image, how: Paint) -> Filled:
        if how.lines != "fill" or how.background != "keep":
            raise weights.ModelError(
                f"this model is conditioned by {self.conditioning}: it paints the whole picture itself, "
                "lines and background included"
            )
        color = np.array([how.rgb], np.float32) / 255 if self.conditioning == "rgb" else self._index(how.rgb)
        gray = np.asarray(image.convert("L"))
        painted = np.ascontiguousarray(self._look(gray, {"color": color})[0].transpose(1, 2, 0))
        changed = np.abs(painted.astype(np.int16) - gray[:, :, None]).max(-1) > 96
        return Filled(painted, float(changed.mean()))

    def _index(self, color: RGB) -> NDArray[np.int64]:
        names = [tuple(rgb) for rgb in self.palette.values()]
        if color not in names:
            some = list(self.palette)[:11]
            more = f" and {len(names) - len(some)} more ('polycolor colors')" if len(names) > len(some) else ""
            raise weights.ModelError(f"this model only knows the colours {', '.join(some)}{more}")
        return np.array([names.index(color)], np.int64)

    def _look(
        self, gray: Gray, inputs: dict[str, NDArray], found: Outlines | None = None
    ) -> tuple[NDArray[np.uint8], float]:
        """The network's answer, uint8 (C, H, W), at the size of the picture, and how much of its first look is a guess.

        Edges drawn later, pixel by pixel, look certain wherever they are. found: the picture's outlines, where known.
        """
        height, width = gray.shape
        longest = max(height, width)
        enlarge = _enlargement(longest)
        if enlarge > 1:
            larger = _resized(gray, width * enlarge, height * enlarge, Image.Resampling.BICUBIC)
            answer, guessed = self._first_look((larger, larger, larger), inputs)
            averages = answer.reshape(-1, height, enlarge, width, enlarge).mean((2, 4))
            return np.round(averages).astype(np.uint8), guessed
        doublings = _doublings(longest)
        step = 1 << doublings
        whole = np.pad(gray, ((0, -height % step), (0, -width % step)), "edge") if doublings else gray
        levels: list[Planes] = [(whole, whole, whole)]
        for _ in range(doublings):
            levels.append(halved(levels[-1]))
        coarse, guessed = self._first_look(levels.pop(), inputs, None if doublings else found)
        if doublings and self.conditioning == "coverage":
            coarse = without_holes(coarse[0])[None]
        while levels:
            coarse = self._doubled(coarse, levels.pop())
        return coarse[:, :height, :width], guessed

    def _first_look(
        self, planes: Planes, inputs: dict[str, NDArray], found: Outlines | None = None
    ) -> tuple[NDArray[np.uint8], float]:
        """The network's answer at the size it looks at, uint8 (C, H, W), and how much of it is a guess."""
        height, width = planes[0].shape
        rim = ((0, 0), (0, -height % COARSEST), (0, -width % COARSEST))
        whole = np.stack(planes)
        whole = (np.pad(whole, rim, "edge") if any(map(sum, rim)) else whole)[None]
        answer = np.ascontiguousarray(_bytes(self._run(whole, inputs)[0])[:, :height, :width])
        if self.conditioning == "coverage" and (found := found or outlines(planes)):
            answer = outlined(found, answer[0])[None]
        return answer, _guessed(answer[0])

    def _doubled(self, coarse: NDArray[np.uint8], level: Planes) -> NDArray[np.uint8]:
        """An answer at twice its size; where a coverage is undecided, its edge is drawn from the pixels there."""
        height, width = level[0].shape
        fine = np.stack([_resized(plane, width, height) for plane in coarse])
        if not self._refines:
            return fine
        coverage = fine[0]
        corners = _undecided(coarse[0])
        for start in range(0, len(corners), TILES_AT_ONCE):
            some = corners[start : start + TILES_AT_ONCE]
            drawing = np.stack([[_tile(plane, y, x) for plane in level] for y, x in some])
            guess = np.stack([_tile(coverage, y, x) for y, x in some])[:, None].astype(np.float32) / 255
            drawn = _bytes(self._run(drawing, {"guess": guess})[:, 0, MARGIN:-MARGIN, MARGIN:-MARGIN])
            for (y, x), tile in zip(some, drawn, strict=True):
                into = fine[0, y : y + TILE, x : x + TILE]
                into[:] = tile[: into.shape[0], : into.shape[1]]
        return fine

    def _run(self, drawing: NDArray[np.uint8], inputs: dict[str, NDArray]) -> NDArray[np.float32]:
        """Run the network over planes, uint8 (N, 3, H, W)."""
        nothing = {"guess": np.zeros((0, 1, 0, 0), np.float32)} if self._refines else {}
        given = {"drawing": drawing.astype(np.float32) / np.float32(255), **nothing, **inputs}
        try:
            answer = self._session.run(None, given)[0]
        except Exception as error:
            raise weights.ModelError(f"{self._name}: fails while running ({str(error).splitlines()[0]})") from None
        if not np.isfinite(answer.sum()):
            raise weights.ModelError(f"{self._name}: answers with what is no number; its weights are damaged")
        return answer


def _loaded(kind: type[Colorizer], *given: Any) -> Colorizer:
    colorizer = kind.__new__(kind)
    colorizer._load(*given)
    return colorizer


@lru_cache(maxsize=4)
def _colorizer(model: str | Path) -> Colorizer:
    return Colorizer(model)


def colorize(
    picture: str | Path | Image.Image | NDArray,
    color: str | RGB,
    *,
    lines: Lines = "fill",
    background: str | RGB = "keep",
    model: str | Path = weights.DEFAULT,
) -> Image.Image:
    """Fill the shape in one picture; the model stays loaded for the next one.

    See `Colorizer` for the parameters, and for what is returned and raised.
    """
    return _colorizer(model)(picture, color, lines=lines, background=background)


def _enlargement(longest: int) -> int:
    """How many times a picture is enlarged before the network looks at it, by its longest side."""
    return -(-ENLARGED // longest) if longest < SMALLEST else 1


def _doublings(longest: int) -> int:
    """How many times a picture is halved before the network looks at it, by its longest side."""
    return max(0, math.ceil(math.log2(longest / LARGEST)))


def _resized(
    plane: NDArray[np.uint8], width: int, height: int, how: Image.Resampling = Image.Resampling.BILINEAR
) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(plane).resize((width, height), how))


def _undecided(coarse: Coverage) -> list[tuple[int, int]]:
    """Corners (y, x) at twice the size of the tiles that are not all covered or all bare, rims included."""
    low, high = coarse.copy(), coarse.copy()
    for best, plane in ((np.minimum, low), (np.maximum, high)):
        for lines in (plane, plane.T):
            before = lines[:-1].copy()
            best(lines[:-1], lines[1:], out=lines[:-1])
            best(lines[1:], before, out=lines[1:])
    side = TILE // 2
    rim = ((0, -coarse.shape[0] % side), (0, -coarse.shape[1] % side))
    low, high = np.pad(low, rim, "edge"), np.pad(high, rim, "edge")
    blocks = (low.shape[0] // side, side, low.shape[1] // side, side)
    mixed = low.reshape(blocks).min((1, 3)) != high.reshape(blocks).max((1, 3))
    return [(int(y) * TILE, int(x) * TILE) for y, x in np.argwhere(mixed)]


def _tile(plane: NDArray[np.uint8], y: int, x: int) -> NDArray[np.uint8]:
    """The tile with its corner at (y, x) and a margin around it, its rim repeated beyond the picture."""
    height, width = plane.shape
    top, left, bottom, right = y - MARGIN, x - MARGIN, y + TILE + MARGIN, x + TILE + MARGIN
    inside = plane[max(top, 0) : bottom, max(left, 0) : right]
    if inside.shape == (bottom - top, right - left):
        return inside
    rim = ((max(-top, 0), max(bottom - height, 0)), (max(-left, 0), max(right - width, 0)))
    return np.pad(inside, rim, "edge")


def _bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(values * 255).astype(np.uint8)


def _guessed(coverage: Coverage) -> float:
    """How much of what is covered lies among halves alone, which no edge explains: 0..1 and above."""
    height, width = coverage.shape
    half = np.zeros((height + 2, width + 2), np.bool_)
    half[1:-1, 1:-1] = halves(coverage)
    rows = half[:height] & half[1 : height + 1] & half[2:]
    veiled = rows[:, :width] & rows[:, 1 : width + 1] & rows[:, 2:]
    return float(veiled.sum()) * 255 / max(float(coverage.sum(dtype=np.int64)), 1.0)


def share_of(coverage: Coverage) -> float:
    """The covered share of a picture, 0..1."""
    return float(coverage.mean(dtype=np.float64)) / 255


def as_image(picture: str | Path | Image.Image | NDArray) -> Image.Image:
    """Whatever a caller has, as an image of mode `L` or `RGB`."""
    if isinstance(picture, str | Path):
        return read_picture(Path(picture))
    if isinstance(picture, np.ndarray):
        return seen(Image.fromarray(_pixels_of(picture)), "the array")
    if not isinstance(picture, Image.Image):
        kind = type(picture).__name__
        raise PictureError(f"a picture is a path, a Pillow image or a NumPy array, not {kind}")
    if not picture.width or not picture.height:
        raise PictureError(f"the picture is empty: {picture.width} x {picture.height} pixels")
    return picture if "about" in picture.info else seen(picture, "the picture")


def _pixels_of(array: NDArray) -> Pixels:
    """An array that means a picture, as bytes: (H, W) gray, (H, W, 3) RGB or (H, W, 4) RGBA. Raises PictureError."""
    wanted = "give (H, W) gray, (H, W, 3) RGB or (H, W, 4) RGBA"
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        first = ", channels first" if array.ndim == 3 and array.shape[0] in (1, 3, 4) else ""
        raise PictureError(f"an array of shape {array.shape}{first}: {wanted}")
    if not array.size:
        raise PictureError(f"an array of shape {array.shape} is empty: {wanted}")
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return np.round(array / 257).astype(np.uint8)
    if array.dtype.kind == "f":
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise PictureError("an array of floats holds values outside of 0 to 1, or none: scale it, or give uint8")
        return np.round(array * 255).astype(np.uint8)
    if array.dtype != np.uint8:
        raise PictureError(f"an array of {array.dtype}: give uint8, uint16, bool, or floats of 0 to 1")
    return np.ascontiguousarray(array)


def paint(image: Image.Image, coverage: Coverage, how: Paint, around: Pixels | None = None) -> Pixels:
    """`(1 - coverage) * paper + coverage * colour`, in bytes, exact at both ends: (H, W, 3), or 4 if transparent.

    The paper is the picture itself, but where a line's soft edge darkens a pixel that the shape covers
    in part: there it is what lies beside the line, or a dirty fringe would stay around every fill.

    Where the picture is transparent, what the shape does not cover stays so: then it is (H, W, 4) too.

    image: mode `L` or `RGB`; coverage: uint8 (H, W); around: `(1 - coverage) * paper`, where another colour's
    painting has come to it already.
    """
    import cv2

    inside = how.rgb if how.lines == "fill" else _with_lines(image, coverage, how.rgb)
    if how.background == "transparent":
        return cv2.merge([*cv2.split(_times(inside, np.full_like(coverage, 255))), coverage])
    if how.on_paper:
        around = _around(image, coverage) if around is None else around
    else:
        around = _times(_pixels(image) if how.outside is None else how.outside, 255 - coverage)
    painted = cv2.add(around, _times(inside, coverage))
    transparent = transparency(image)
    return painted if transparent is None or how.background != "keep" else _lifted(painted, coverage, transparent)


def _lifted(painted: Pixels, coverage: Coverage, transparent: Transparency) -> Pixels:
    """A painting of a transparent picture, (H, W, 4), without the paper that the picture was laid on."""
    share, covered = transparent.opacity.astype(np.float32) / 255, coverage.astype(np.float32) / 255
    whole = covered + (1 - covered) * share
    color = (painted - (1 - whole)[:, :, None] * np.float32(transparent.paper)) / np.maximum(whole, 1 / 255)[:, :, None]
    return np.dstack([np.clip(np.round(color), 0, 255), np.round(whole * 255)]).astype(np.uint8)


def _pixels(image: Image.Image) -> Pixels:
    """The pixels of a picture in RGB."""
    import cv2

    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else cv2.merge([pixels] * 3)


def _times(what: RGB | Pixels, share: Coverage | Pixels) -> Pixels:
    """A colour, or a picture, times shares (255 is all) of each pixel, or of each of its channels."""
    import cv2

    shares = [share] * 3 if share.ndim == 2 else cv2.split(share)
    if isinstance(what, tuple):
        return cv2.merge([cv2.LUT(each, _ramp(value)) for each, value in zip(shares, what, strict=True)])
    return cv2.multiply(what, cv2.merge(shares), scale=1 / 255)


@lru_cache
def _ramp(value: int) -> NDArray[np.uint8]:
    """A value times each share."""
    return np.round(np.arange(256) * value / 255).astype(np.uint8)


def _around(image: Image.Image, coverage: Coverage) -> Pixels:
    """`(1 - coverage) * paper`, where the paper of pixels covered in part has the mean colour of what lies beside."""
    pixels, (height, width) = _pixels(image), coverage.shape
    edge = np.flatnonzero((coverage > 0) & (coverage < 255))
    if edge.size:
        pixels = pixels.copy()
        colors, bare = pixels.reshape(-1, 3), coverage.ravel() == 0
        total, count = np.zeros((2, edge.size, 3), np.float32), np.zeros((2, edge.size, 1), np.float32)
        for near, far in zip(neighbours(edge, height, width), neighbours(edge, height, width, 2), strict=True):
            free = bare[near]
            for k, at, counts in ((0, far, free & bare[far]), (1, near, free)):
                weight = counts[:, None].astype(np.float32)
                total[k] += colors[at] * weight
                count[k] += weight
        # best two pixels away, for a trace of ink too faint to count may lie in the next one
        best = np.where(count[0] > 0, 0, 1)[:, 0], np.arange(edge.size)
        found = count[best][:, 0] > 0
        colors[edge[found]] = np.round(total[best][found] / count[best][found])
    return _times(pixels, 255 - coverage)


INK = 0.1
"""How much darker than its paper, of 1, a pixel must be at least to be ink; all of it counts from twice that on."""
NOISE = 4
"""Times the paper's own noise that it must be darker."""
BLACKED = 0.35
"""Share of the page's brightness below which a whole area is ink, and no paper of another colour."""
LIGHT = 128
"""Longest side, in pixels, at which the paper's light and colour are looked at."""
WIDEST_LINE = 15
"""Side of the square, in those pixels, that no line fills."""


def _with_lines(image: Image.Image, coverage: Coverage, color: RGB) -> Pixels:
    """The colour, with the drawing's ink upon it as dark as it was against its paper; where there is none, untouched.

    On dark paper the ink is light, and all is turned over.
    """

    pixels, outside = _pixels(image), np.asarray(image.convert("L"))[coverage == 0]
    if outside.size and np.median(outside) < 128:
        red, green, blue = (255 - value for value in color)
        return 255 - _inked(255 - pixels, coverage, (red, green, blue))
    return _inked(pixels, coverage, color)


def _inked(pixels: Pixels, coverage: Coverage, color: RGB) -> Pixels:
    import cv2

    paper = _paper(pixels)
    share = cv2.divide(pixels, paper, scale=255)
    # a channel that the paper lacks says nothing: it is as dark as the one that the paper has most of
    most = paper.max(2)
    leading = np.take_along_axis(share, paper.argmax(2)[:, :, None], 2)
    share = np.where(paper < most[:, :, None] // 8, leading, share)
    darkness = 255 - share.min(2)
    inside = darkness[coverage == 255]
    noise = float(np.median(np.abs(inside - np.median(inside)))) * 1.4826 if inside.size else 0.0
    least = min(max(INK * 255, NOISE * noise), 0.5 * 255)
    ink = np.clip((darkness.astype(np.float32) - least) / least, 0, 1)
    return _times(color, 255 - np.round((255 - share) * ink[:, :, None]).astype(np.uint8))


def _paper(pixels: Pixels) -> Pixels:
    """What a picture would be without its ink, (H, W, 3): light, shadows, and areas of other colours."""
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, LIGHT / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((WIDEST_LINE, WIDEST_LINE), np.uint8))
    page = np.median(closed.reshape(-1, 3), 0)
    black = closed.max(2) < BLACKED * page.max()
    closed[black] = page
    closed = cv2.GaussianBlur(closed, (0, 0), 1.5)
    return np.maximum(cv2.resize(closed, (width, height), interpolation=cv2.INTER_LINEAR), 1)
