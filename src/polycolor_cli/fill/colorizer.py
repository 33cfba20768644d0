"""The main job: drawing -> coverage -> painted picture."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from polycolor_cli.color import RGB, ColorError
from polycolor_cli.files.picture import NOTHING, About, PictureError, about, read_picture, seen
from polycolor_cli.fill.bridges import bridged
from polycolor_cli.fill.clean import cleaned
from polycolor_cli.fill.closed import bare_beside_closed, closed_coverage
from polycolor_cli.fill.enlarged import SOFTER, enlarged, reduced, times_enlarged
from polycolor_cli.fill.frames import inside_frame
from polycolor_cli.fill.gaps import coverage_across_gaps
from polycolor_cli.fill.gray import dark_on_light
from polycolor_cli.fill.ground import is_paper, without_stones
from polycolor_cli.fill.letters import has_letters, without_letters
from polycolor_cli.fill.masks import median
from polycolor_cli.fill.network import Network, doublings
from polycolor_cli.fill.paint import Holes, Lines, Only, Paint, Pixels, paint, paper_around, rgb_of
from polycolor_cli.fill.pieces import Page, Parts, is_text, pieces, searched
from polycolor_cli.fill.planes import Coverage, Gray
from polycolor_cli.fill.rims import with_soft_rim
from polycolor_cli.fill.rules import (
    Tones,
    decide_soft_areas,
    ends_on_paper,
    exact_where_clean,
    fill_holes,
    ink_first,
    is_noise,
    paper_gray,
    soft_edges,
    tones_of,
    without_veils,
)
from polycolor_cli.models import weights
from polycolor_cli.models.check import ModelError

if TYPE_CHECKING:
    from polycolor_cli.fill.paint_regions import By, LabelMap, RegionPaint
    from polycolor_cli.fill.regions import Regions

    # what becomes of a picture: a painting, a label map (uint16), or its coverage in gray
    How = Paint | RegionPaint | LabelMap | None

State = Literal["filled", "empty", "doubtful"]

FOUND = 0.0001
"""Share of a picture that must be covered for a shape to count as found."""
UNCLEAR = 0.02
"""How much of what is covered may be a guess before a drawing is looked at more closely; what is open is lost there."""
HOPELESS = 0.12
"""How much of what is covered may be a guess before a fill is doubtful, and no guess filled."""
GUESSWORK = 0.3
"""How much may be, where the paper is not even flat, before nothing is filled at all: photographs are such pictures."""

DOT = 40
"""Longest side, in the pixels in which the network sees a page, of things that are looked at once more, larger."""

WARNINGS = {
    "empty": "no shape found, nothing was filled",
    "doubtful": "no clear shape found, look at the result (is it a drawing?)",
}
"""What a person should know of a fill, by its state."""


def state_of(share: float, guessed: float) -> "State":
    """What became of a drawing of which some share is covered, and some of that a guess."""
    return "empty" if share < FOUND else "doubtful" if guessed > HOPELESS else "filled"


@dataclass(frozen=True)
class Look:
    """What a colorizer sees in a drawing, for a face that paints by itself.

    coverage: uint8 (H, W); rimmed: the same, and what of its ink is soft beside it, for a fill on the drawing's paper;
    regions: those of the drawing; state: what would become of the drawing; warning: what a person should know of it,
    if anything.
    """

    coverage: Coverage
    rimmed: Coverage
    regions: "Regions"
    state: "State"

    @property
    def warning(self) -> str | None:
        return WARNINGS.get(self.state)


@dataclass(frozen=True)
class Filled:
    """A painted picture, how much of it the shape covers (0..1), and how much of that is a guess (0..1).

    about: what its file says beside the pixels, as the drawing's did.
    """

    pixels: Pixels | NDArray[np.uint16]
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
    def state(self) -> "State":
        """What became of the drawing."""
        return state_of(self.share, self.guessed)

    @property
    def warning(self) -> str | None:
        """What a person should know of this fill, if anything."""
        return WARNINGS.get(self.state)


@dataclass(frozen=True)
class _Decision:
    """What was decided of a drawing.

    gray: its gray, dark ink on light paper. coverage: what its shape covers; guessed: the share of that which is a
    guess, 0..1. is_closed: whether it is a clean drawing of closed outlines, and no network was asked. follows_ink:
    whether each half tone at an edge is as much covered as it is of ink.
    """

    gray: Gray
    coverage: Coverage
    guessed: float
    is_closed: bool = False
    follows_ink: bool = False


class Colorizer:
    """A model, loaded once, for many drawings.

    model: a model's name, the path of an `.onnx` file or of a run, or a URL. threads: cores to use, 0 for
    all of them. offline, progress: as in `polycolor_cli.models.weights.read`.
    Raises `polycolor_cli.models.ModelError` where the model cannot be used.
    """

    def __init__(
        self,
        model: str | Path = weights.DEFAULT,
        threads: int = 0,
        offline: bool = False,
        progress: weights.Progress | None = None,
    ) -> None:
        self._network = Network(str(model), weights.read(model, offline, progress), threads)
        if str(model) != weights.DEFAULT:
            # the model that ships is known to be sound, and a drawing that is traced never asks it
            _ = self._network.about

    def __reduce__(self) -> tuple[Any, ...]:
        # to another process go the bytes of the model; no file is read a second time
        return _with_network, (type(self), self._network.name, self._network.data, self._network.threads)

    @property
    def config(self) -> dict[str, Any]:
        """The settings that the model was trained with."""
        return self._network.config

    @property
    def palette(self) -> dict[str, list[int]]:
        """The colours that the model was trained with, by name."""
        return self._network.palette

    @property
    def conditioning(self) -> str:
        """How the model is told the colour, `coverage` where it is not told at all."""
        return self._network.conditioning

    def __call__(
        self,
        picture: str | Path | Image.Image | NDArray,
        color: str | RGB | None = None,
        *,
        lines: Lines | None = None,
        background: str | RGB = "keep",
        at: Sequence[tuple[tuple[float, float], str | RGB]] = (),
        each: str | Sequence[str | RGB] = (),
        by: "By" = "region",
        holes: Holes = "fill",
        only: Only = "all",
    ) -> Image.Image:
        """A picture with its shape filled: mode RGB, or RGBA with a transparent background.

        picture: a path, a Pillow image, or pixels, (H, W) gray, (H, W, 3) RGB or (H, W, 4) RGBA.
        at: points (x, y) in pixels with the colour of the region that each lies in, which alone are filled then.
        each: colours, or the name of a palette, for every region or, `by="shape"`, every shape; neighbours differ.
        holes, only: as of `polycolor_cli.fill.paint.Paint`.
        lines: `fill` paints over them, which is usual, `keep` leaves them upon the colour, usual with `at` and `each`.
        Raises ColorError, PictureError, PointError for a point in no region, and ModelError where the model cannot do
        what is asked.
        """
        if at or each:
            from polycolor_cli.fill.paint_regions import Point, RegionPaint, palette

            points = tuple((Point(*point), color) for point, color in at)
            names = palette(each) if isinstance(each, str) else tuple(map(rgb_of, each))
            return self.fill(as_image(picture), RegionPaint(points, names, by, lines or "keep", background)).image
        if color is None:
            raise ColorError("which colour? Give one, or points (at), or colours for each region (each)")
        return self.fill(as_image(picture), Paint(color, lines or "fill", background, holes, only)).image

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that no other model has."""
        return hashlib.blake2b(self._network.data, digest_size=8).hexdigest()

    def fill(self, image: Image.Image, how: "How") -> Filled:
        """Fill the shape in a picture of mode `L` or `RGB`; without a `how`, show its coverage in gray."""
        return next(self.fill_each(image, [how]))

    def fill_each(self, image: Image.Image, hows: Sequence["How"]) -> Iterator[Filled]:
        """`fill` for several paints, one after the other; the network looks once, where it does not paint itself."""
        said = about(image)
        hows = [how and how.under(said.profile) for how in hows]
        if self.conditioning != "coverage" and all(isinstance(how, Paint) for how in hows):
            return (self._painted_by_network(image, how) for how in hows if isinstance(how, Paint))
        gray = self._gray_of(image)
        decision = self._decide(gray)
        coverage, guessed = decision.coverage, decision.guessed
        share = share_of(coverage)
        rimmed, around = coverage, None
        if any(how is not None and how.on_paper for how in hows):
            rimmed = _with_soft_rim(gray, decision, coverage)
            around = paper_around(image, rimmed)
        # a mask is no picture of colours
        masked = replace(said, profile=b"")

        @cache
        def regions(by: "By") -> "Regions":
            return self._regions(decision, by)

        def filled(how: "How") -> Filled:
            if how is None:
                return Filled(coverage, share, guessed, masked)
            if isinstance(how, Paint):
                if how.holes == "fill" and how.only == "all":
                    return Filled(paint(image, rimmed if how.on_paper else coverage, how, around), share, guessed, said)
                part = self._part(decision, how, regions("region"))
                painted = _with_soft_rim(gray, decision, part) if how.on_paper else part
                return Filled(paint(image, painted, how), share_of(part), guessed, said)
            # nothing of regions is loaded where none is asked for
            from polycolor_cli.fill.paint_regions import LabelMap, paint_regions

            if isinstance(how, LabelMap):
                return Filled(regions(how.by).labels, share, guessed, masked)
            if how.on_paper:
                painted = paint_regions(image, rimmed, regions(how.by), how, around)
            else:
                painted = paint_regions(image, coverage, regions(how.by), how)
            return Filled(painted, share, guessed, said)

        return map(filled, hows)

    def regions(self, picture: str | Path | Image.Image | NDArray, by: "By" = "region") -> "Regions":
        """The regions of a drawing, or with `by="shape"` its whole shapes, numbered in reading order.

        One look of the network serves however many points are asked for. Raises PictureError, and ModelError where
        the model knows no borders.
        """
        return self._regions(self._decide(self._gray_of(as_image(picture))), by)

    def look(self, picture: str | Path | Image.Image | NDArray) -> Look:
        """What is covered in a drawing, and its regions, by one look. Raises as `regions` does."""
        gray = self._gray_of(as_image(picture))
        decision = self._decide(gray)
        state = state_of(share_of(decision.coverage), decision.guessed)
        rimmed = _with_soft_rim(gray, decision, decision.coverage)
        return Look(decision.coverage, rimmed, self._regions(decision, "region"), state)

    def _part(self, decision: _Decision, how: Paint, regions: "Regions") -> Coverage:
        """The part of a coverage that a paint is for."""
        from polycolor_cli.fill.regions import enclosing_alone, without_holes_of

        coverage = decision.coverage
        part = enclosing_alone(regions, coverage) if how.only == "enclosed" else coverage
        return part if how.holes == "fill" else without_holes_of(regions, part, decision.gray)

    def _regions(self, decision: _Decision, by: "By") -> "Regions":
        from polycolor_cli.fill.regions import found, of_closed, shapes

        if by == "shape":
            return shapes(decision.coverage)
        if decision.is_closed and (regions := of_closed(decision.gray, decision.coverage)) is not None:
            return regions
        return found(*self._network.border(decision.gray), decision.coverage)

    def coverage(self, picture: str | Path | Image.Image | NDArray) -> Coverage:
        """How much of each pixel the shape covers: uint8 (H, W), 0 for nothing and 255 for all."""
        return self._decide(self._gray_of(as_image(picture))).coverage

    def guess(self, picture: str | Path | Image.Image | NDArray) -> Coverage:
        """What the network alone says that the shape covers: no outline is traced, nothing decided."""
        gray = dark_on_light(as_image(picture))
        return self._network.look(gray, {}, tones_of(gray, softest=1).ends)[0][0]

    def _gray_of(self, image: Image.Image) -> Gray:
        """The gray in which the drawing of a picture is decided. Raises ModelError where the model decides of none."""
        if self.conditioning != "coverage":
            raise ModelError(
                f"this model is conditioned by {self.conditioning}: it paints a picture and knows no coverage"
            )
        return dark_on_light(image)

    def _decide(self, gray: Gray) -> _Decision:
        as_meant, tones = _as_meant(gray)
        decision = self._decide_page(as_meant, tones)
        # what is seen is softer than what is meant
        return decision if as_meant is gray else replace(decision, follows_ink=False)

    def _decide_page(self, gray: Gray, tones: Tones) -> _Decision:
        """What is decided of a drawing, but for the letters and the frame of a page that it is on."""
        decision = self._decide_drawing(gray, tones)
        if (view := inside_frame(gray, decision.coverage)) is not None:
            inside = np.ascontiguousarray(gray[view])
            part = self._decide(inside)
            # a box with things in it may be what is meant; one with text in it is a page
            if has_letters(inside, part.coverage):
                without_frame, coverage = np.full_like(gray, median(gray)), np.zeros_like(gray)
                without_frame[view], coverage[view] = part.gray, part.coverage
                return _Decision(without_frame, coverage, part.guessed, part.is_closed)
        rest = without_letters(gray, decision.coverage)
        return decision if rest is None else self._decide_drawing(rest, tones_of(rest))

    def _decide_drawing(self, gray: Gray, tones: Tones) -> _Decision:
        half, clean, soft = tones
        if (closed := closed_coverage(gray, tones)) is not None:
            return _Decision(gray, closed, 0.0, is_closed=True, follows_ink=True)
        if (times := times_enlarged(gray, tones)) > 1:
            return self._decide_enlarged(gray, tones, times)
        if clean is not None and (closed := coverage_across_gaps(gray, tones)) is not None:
            return _Decision(gray, closed, 0.0, follows_ink=True)
        if soft > 1:
            clean = None  # edges are drawn by the network
        answer, guessed = self._network.look(gray, {}, clean)
        is_large = doublings(gray) > 0
        if guessed > UNCLEAR and is_large:
            # what is fine drowns in few pixels, and what is open is lost in many
            closer, guessed_closer = self._network.look(gray, {}, clean, closer=True)
            if guessed_closer < guessed:
                answer, guessed = closer, guessed_closer
        coverage = answer[0]
        noise = guessed > HOPELESS and is_noise(gray)
        hopeless = noise or (guessed > HOPELESS and clean is None)
        page = searched(gray) if is_large and not hopeless else None
        guesswork = noise or (hopeless and guessed > GUESSWORK and paper_gray(gray) is None)
        # letters are no shapes, and a row of them is none either
        if guesswork or (page is not None and is_text(page)):
            return _Decision(gray, np.zeros_like(coverage), guessed)
        if clean is not None:
            clean = ink_first(gray, coverage, clean)
            coverage = bare_beside_closed(gray, coverage, clean)
            coverage = exact_where_clean(gray, coverage, half, clean)
        if guessed:
            coverage = without_veils(decide_soft_areas(coverage, share=1 if hopeless else 0.5))
        coverage = fill_holes(coverage)
        if (ends := clean or ends_on_paper(gray)) is not None:
            coverage = bridged(gray, coverage, ends)
        if not is_paper(gray):
            coverage = without_stones(gray, coverage)
        elif page is not None:
            guessed *= 1 - self._add_pieces(page, coverage)
        return _Decision(gray, coverage, guessed, follows_ink=clean is not None)

    def _decide_enlarged(self, gray: Gray, tones: Tones, times: int) -> _Decision:
        """What is decided of a clean drawing as it was before it was enlarged, with its edges of now."""
        assert tones.ends is not None
        decision = self._decide_drawing(*_as_meant(reduced(gray, times)))
        coverage = enlarged(decision.coverage, times, gray.shape)
        ends = ink_first(gray, coverage, tones.ends)
        # where paper on both sides of a line is near, the mean of both says nothing
        coverage = np.maximum(coverage, soft_edges(gray, coverage, tones.half, *ends, tones.soft))
        return _Decision(gray, coverage, decision.guessed)

    def _add_pieces(self, page: Page, coverage: Coverage) -> float:
        """Put into the coverage of a page what is covered of small things that were dots when the network saw all.

        What was covered of such a thing alone goes. Returns the share of all that is covered that was decided so.
        """
        decided_here, parts = 0, None
        for piece in pieces(page, DOT << doublings(page.gray)):
            piece_of = self._decide_drawing(piece.gray, tones_of(piece.gray))
            if piece_of.guessed <= HOPELESS:
                parts = parts or Parts(page, coverage)
                parts.remove(piece)
                np.maximum(coverage[piece.view], piece_of.coverage, out=coverage[piece.view])
                decided_here += int(piece_of.coverage.sum(dtype=np.int64))
        return min(1.0, decided_here / max(int(coverage.sum(dtype=np.int64)), 1))

    def _painted_by_network(self, image: Image.Image, how: Paint) -> Filled:
        if how.lines != "fill" or how.background != "keep":
            raise ModelError(
                f"this model is conditioned by {self.conditioning}: it paints the whole picture itself, "
                "lines and background included"
            )
        color = np.array([how.rgb], np.float32) / 255 if self.conditioning == "rgb" else self._index(how.rgb)
        gray = np.asarray(image.convert("L"))
        painted = np.ascontiguousarray(self._network.look(gray, {"color": color})[0].transpose(1, 2, 0))
        changed = np.abs(painted.astype(np.int16) - gray[:, :, None]).max(-1) > 96
        return Filled(painted, float(changed.mean()))

    def _index(self, color: RGB) -> NDArray[np.int64]:
        names = [tuple(rgb) for rgb in self.palette.values()]
        if color not in names:
            first = list(self.palette)[:11]
            more = f" and {len(names) - len(first)} more ('polycolor colors')" if len(names) > len(first) else ""
            raise ModelError(f"this model only knows the colours {', '.join(first)}{more}")
        return np.array([names.index(color)], np.int64)


def _with_soft_rim(gray: Gray, decision: _Decision, coverage: Coverage) -> Coverage:
    """A part of what was decided to be covered, and what of its ink is soft beside it, if that is not in it already."""
    return coverage if decision.follows_ink else with_soft_rim(gray, coverage)


def _as_meant(gray: Gray) -> tuple[Gray, Tones]:
    """A drawing without the wear that can be taken off it, and its tones."""
    tones = tones_of(gray)
    is_clean = tones.ends is not None and (tones.soft < 2 * SOFTER or times_enlarged(gray, tones) > 1)
    if not is_clean and (as_meant := cleaned(gray)) is not None:
        return as_meant, tones_of(as_meant, softest=1)
    return gray, tones


def _with_network(kind: type[Colorizer], name: str, data: bytes, threads: int) -> Colorizer:
    colorizer = kind.__new__(kind)
    colorizer._network = Network(name, data, threads)
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


def share_of(coverage: Coverage) -> float:
    """The covered share of a picture, 0..1."""
    import cv2

    return cv2.mean(coverage)[0] / 255


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
