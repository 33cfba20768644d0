"""The network on a picture of any size, by ONNX Runtime; torch is never imported.

A picture is looked at once, in some hundred pixels a side, shrunk by the smallest, mean and largest gray under each
pixel, so that thin ink survives; its edges are then drawn from the pixels at each size up to its own, in tiles.
"""

import json
import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from polycolor_cli.fill.edges import along_ink, smoothed_on_paper
from polycolor_cli.fill.masks import SQUARE
from polycolor_cli.fill.planes import Coverage, Gray, Planes, halved
from polycolor_cli.fill.rules import ends_on_paper, is_partial, paper_gray
from polycolor_cli.models import weights
from polycolor_cli.models.check import METADATA, ModelError
from polycolor_cli.privacy import onnxruntime

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

LARGEST = 255
"""Longest side, in pixels, that the network looks at as it is; a larger picture is halved until it is no longer.

One less than 256, so that pictures of 256, 512, ... are looked at in 128 pixels, where the network knows best."""
LARGEST_ON_FLAT_PAPER = 199
"""The same for what is no photograph, and as clear in fewer pixels: between 100 and 199 the network knows it best."""
OBLONG = 2
"""Times as long as it is wide that a picture counts at most: a row of ten things is no square of ten by ten."""
LONGEST = 16
"""Times as many pixels that are looked at along it for that, at most."""
COUNTED = 128
"""Longest side, in pixels, in which grays are counted to know flat paper."""
LARGEST_FOR_REGIONS = 512
"""The same where regions are parted: lines between them are finer than what is inside of all."""
ENLARGED_FOR_REGIONS = 320
"""Longest side that a picture is enlarged to where regions are parted; up to it the mirror image is asked too."""
MOST_ENLARGED = 3.5
"""How many times as large a picture is made there at most: with pixels farther apart, less is seen in it."""
SMALLEST = 96
"""Shortest longest side: a smaller picture is enlarged first, and its coverage averaged down."""
ENLARGED = 128
"""Longest side that a small picture is enlarged to, at least."""
UNSURE = 0.01
"""How much of what is covered may be neither covered nor bare, edges aside, before it is looked at mirrored as well."""

COARSEST = 16
"""Pixels that sides are rounded up to for the first look, by more of the rim: halving, the network loses odd ones."""

TILE = 64
"""Side, in pixels, of the tiles in which edges are drawn on large pictures."""
MARGIN = 4
"""Pixels around a tile that its edges are judged by."""
TILES_AT_ONCE = 64


class Network:
    """A model's network, loaded when it is first asked.

    name: what errors call it; data: the bytes of its file; threads: cores to use, 0 for all of them.
    """

    def __init__(self, name: str, data: bytes, threads: int = 0) -> None:
        self.name, self.data, self.threads = name, data, threads

    @cached_property
    def _session(self) -> "InferenceSession":
        """The network, loaded when it is first asked. Raises ModelError."""
        runtime = onnxruntime()  # a third of the start of a command
        options = runtime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        try:
            return runtime.InferenceSession(self.data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(f"{self.name}: cannot be loaded ({reason})") from None

    @cached_property
    def about(self) -> dict[str, Any]:
        """What the model says of itself. Raises ModelError."""
        said = self._session.get_modelmeta().custom_metadata_map
        try:
            said_of_itself = json.loads(said[METADATA])
            _ = said_of_itself["config"]["conditioning"], said_of_itself["palette"]
        except (KeyError, ValueError, TypeError):
            raise ModelError(f"{self.name}: an ONNX file, but not a model of polycolor's") from None
        return said_of_itself

    @property
    def config(self) -> dict[str, Any]:
        """The settings that the model was trained with."""
        return self.about["config"]

    @property
    def palette(self) -> dict[str, list[int]]:
        """The colours that the model was trained with, by name."""
        return self.about["palette"]

    @cached_property
    def conditioning(self) -> str:
        """How the model is told the colour, `coverage` where it is not told at all."""
        return "coverage" if self.name == weights.DEFAULT else self.config["conditioning"]

    @cached_property
    def _refines(self) -> bool:
        return "guess" in {given.name for given in self._session.get_inputs()}

    def look(
        self, gray: Gray, inputs: dict[str, NDArray], clean: tuple[int, int] | None = None, closer: bool = False
    ) -> tuple[NDArray[np.uint8], float]:
        """The network's answer, uint8 (C, H, W), at the size of the picture, and how much of its first look is a guess.

        Edges drawn later, pixel by pixel, look certain wherever they are. clean: the two grays of a clean drawing.
        closer: look first in twice as many pixels a side as is usual, where the picture has them.
        """
        height, width = gray.shape
        enlarge = enlargement(length_of(gray))
        if enlarge > 1:
            larger = _resized(gray, width * enlarge, height * enlarge, Image.Resampling.BICUBIC)
            answer, guessed = self._first_look((larger, larger, larger), inputs)
            averages = answer.reshape(-1, height, enlarge, width, enlarge).mean((2, 4))
            return np.round(averages).astype(np.uint8), guessed
        halvings = max(0, doublings(gray, paints=bool(inputs)) - closer)
        step = 1 << halvings
        whole = np.pad(gray, ((0, -height % step), (0, -width % step)), "edge") if halvings else gray
        levels: list[Planes] = [(whole, whole, whole)]
        for _ in range(halvings):
            levels.append(halved(levels[-1]))
        coarse, guessed = self._first_look(levels.pop(), inputs)
        flat = (clean or ends_on_paper(gray)) if levels else None
        while levels:
            coarse = self._doubled(coarse, levels.pop(), clean, flat)
        return coarse[:, :height, :width], guessed

    def border(self, gray: Gray) -> tuple[NDArray[np.float32], NDArray[np.float32], list[Planes]]:
        """Where lines run or were meant to run, and what is covered, 0..1 (h, w) each, and the larger sizes.

        It looks at more pixels than for a coverage: what parts two regions is finer than what is inside of all.
        The planes are those of each size above (h, w), largest first; a small picture is enlarged, and has none.
        Raises ModelError where the model knows no borders.
        """
        if "border" not in {answer.name for answer in self._session.get_outputs()}:
            raise ModelError(f"{self.name}: knows no borders, which regions need; train it anew with --synthetic")
        is_flat = paper_gray(gray) is not None
        enlarge = min(max(1.0, ENLARGED_FOR_REGIONS / length_of(gray)), MOST_ENLARGED)
        if enlarge > 1:
            height, width = gray.shape
            gray = _resized(gray, round(width * enlarge), round(height * enlarge), Image.Resampling.BICUBIC)
        halvings = max(0, math.ceil(math.log2(length_of(gray) / LARGEST_FOR_REGIONS)))
        step = 1 << halvings
        planes: Planes = (np.pad(gray, ((0, -gray.shape[0] % step), (0, -gray.shape[1] % step)), "edge"),) * 3
        levels = []
        for _ in range(halvings):
            levels.append(planes)
            planes = halved(planes)
        height, width = planes[0].shape
        rim = ((0, 0), (0, -height % COARSEST), (0, -width % COARSEST))
        whole = np.pad(np.stack(planes), rim, "edge")
        # a line that was meant is seen in a small drawing or in its mirror image; of a larger one a look is enough
        ways = (1, -1) if max(height, width) <= ENLARGED_FOR_REGIONS else (1,)

        def turned_back(answer: NDArray[np.float32]) -> list[NDArray[np.float32]]:
            return [plane[0, :height, ::way][:, :width] for plane, way in zip(answer, ways, strict=True)]

        coverage, border = self._run(np.stack([whole[:, :, ::way] for way in ways]), {})[:2]
        covered, wall = np.mean(turned_back(coverage), 0), np.max(turned_back(border), 0)
        if is_flat:
            # ink on flat paper is certain; on grain and in shadows the network sees better
            paper, dark = float(np.median(planes[2])), float(planes[0].min())
            wall = np.maximum(wall, ((paper - planes[0]) / max(paper - dark, 1.0)).astype(np.float32))
        return np.ascontiguousarray(wall), np.ascontiguousarray(covered), levels

    def _first_look(self, planes: Planes, inputs: dict[str, NDArray]) -> tuple[NDArray[np.uint8], float]:
        """The network's answer at the size it looks at, uint8 (C, H, W), and how much of it is a guess."""
        whole = np.stack(planes)
        answer, wall = self._answer(whole, inputs)
        guessed = _guessed(answer[0])
        if guessed > UNSURE and not inputs:
            # what it says of the same thing mirrored counts as much
            mirrored, mirrored_wall = (plane[..., ::-1] for plane in self._answer(whole[:, :, ::-1], inputs))
            answer = ((answer.astype(np.uint16) + mirrored) // 2).astype(np.uint8)
            guessed = _guessed(answer[0])
            if wall.size:
                from polycolor_cli.fill.basins import decide_basins

                answer = decide_basins(answer[0], np.maximum(wall, mirrored_wall))[None]
        return answer, guessed

    def _answer(
        self, planes: NDArray[np.uint8], inputs: dict[str, NDArray]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The network's answer on planes, uint8 (3, H, W), of any size, and its border, empty where it knows none."""
        height, width = planes.shape[1:]
        rim = ((0, 0), (0, -height % COARSEST), (0, -width % COARSEST))
        whole = np.pad(planes, rim, "edge") if any(map(sum, rim)) else planes
        answer, *border = self._run(whole[None], inputs)
        wall = border[0][0, 0, :height, :width] if border else np.zeros((0, 0), np.float32)
        return np.ascontiguousarray(_bytes(answer[0])[:, :height, :width]), wall

    def _doubled(
        self, coarse: NDArray[np.uint8], level: Planes, clean: tuple[int, int] | None, flat: tuple[int, int] | None
    ) -> NDArray[np.uint8]:
        """An answer at twice its size; where a coverage is undecided, its edge is drawn from the pixels there.

        clean, flat: the grays of ink and paper of a clean drawing, and of any on flat paper.
        """
        import cv2

        size = level[0].shape[::-1]
        fine = np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in coarse])
        if not self._refines or not (corners := _undecided(coarse[0])):
            return fine
        coverage = fine[0]
        # at the picture's own size the three planes are one, and where no tile is asked about the others are not needed
        guess, frames = _framed(coverage), {id(level[0]): _framed(level[0])}
        for start in range(0, len(corners), TILES_AT_ONCE):
            tiles = corners[start : start + TILES_AT_ONCE]
            drawn, known = _tiles(guess, tiles), np.zeros(len(tiles), np.bool_)
            if clean is not None:
                drawn, known = along_ink(_tiles(frames[id(level[0])], tiles), drawn, clean)
            if asked := [tile for tile, is_known in zip(tiles, known, strict=True) if not is_known]:
                frames |= {id(plane): _framed(plane) for plane in level if id(plane) not in frames}
                drawing = np.stack([_tiles(frames[id(plane)], asked) for plane in level], 1)
                guesses = _tiles(guess, asked)[:, None].astype(np.float32) / 255
                answers = _bytes(self._run(drawing, {"guess": guesses})[0][:, 0])
                drawn[~known] = answers if flat is None else smoothed_on_paper(drawing[:, 0], answers, flat)
            for (y, x), tile in zip(tiles, drawn[:, MARGIN:-MARGIN, MARGIN:-MARGIN], strict=True):
                into = coverage[y : y + TILE, x : x + TILE]
                into[:] = tile[: into.shape[0], : into.shape[1]]
        return fine

    def _run(self, drawing: NDArray[np.uint8], inputs: dict[str, NDArray]) -> list[NDArray[np.float32]]:
        """All that the network answers on planes, uint8 (N, 3, H, W)."""
        nothing = {"guess": np.zeros((0, 1, 0, 0), np.float32)} if self._refines else {}
        given = {"drawing": drawing.astype(np.float32) / np.float32(255), **nothing, **inputs}
        try:
            answers = self._session.run(None, given)
        except Exception as error:
            raise ModelError(f"{self.name}: fails while running ({str(error).splitlines()[0]})") from None
        if not np.isfinite(answers[0].sum()):
            raise ModelError(f"{self.name}: answers with what is no number; its weights are damaged")
        return answers


def length_of(gray: Gray) -> int:
    """The side of a picture by which it is shrunk or enlarged to be looked at: its longest, unless it is oblong."""
    longest, shortest = max(gray.shape), min(gray.shape)
    return max(min(longest, OBLONG * shortest), longest // LONGEST)


def enlargement(longest: int) -> int:
    """How many times a picture is enlarged before the network looks at it, by its `length_of`."""
    return -(-ENLARGED // longest) if longest < SMALLEST else 1


def doublings(gray: Gray, paints: bool = False) -> int:
    """How many times a picture is halved before the network looks at it.

    paints: whether it paints the picture itself; it draws no edges anew then, and is shown as much as may be.
    """
    step = -(-max(gray.shape) // COUNTED)
    is_flat = not paints and paper_gray(np.ascontiguousarray(gray[::step, ::step])) is not None
    return max(0, math.ceil(math.log2(length_of(gray) / (LARGEST_ON_FLAT_PAPER if is_flat else LARGEST))))


def _resized(
    plane: NDArray[np.uint8], width: int, height: int, how: Image.Resampling = Image.Resampling.BILINEAR
) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(plane).resize((width, height), how))


def _undecided(coarse: Coverage) -> list[tuple[int, int]]:
    """Corners (y, x) at twice the size of the tiles that are not all covered or all bare, rims included."""
    import cv2

    side = TILE // 2
    # what is not all the same has somewhere two neighbours that are not
    steps = cv2.morphologyEx(coarse, cv2.MORPH_GRADIENT, SQUARE)
    steps = cv2.copyMakeBorder(steps, 0, -steps.shape[0] % side, 0, 0, cv2.BORDER_CONSTANT)
    rows = steps.reshape(-1, side, steps.shape[1]).max(1)
    mixed = np.maximum.reduceat(rows, np.arange(0, rows.shape[1], side), 1)
    return [(int(y) * TILE, int(x) * TILE) for y, x in np.argwhere(mixed)]


def _framed(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A plane and what tiles show around it, where its rim goes on."""
    import cv2

    height, width = plane.shape
    beyond = (MARGIN, MARGIN + -height % TILE, MARGIN, MARGIN + -width % TILE)
    return cv2.copyMakeBorder(plane, *beyond, cv2.BORDER_REPLICATE)


def _tiles(framed: NDArray[np.uint8], corners: list[tuple[int, int]]) -> NDArray[np.uint8]:
    """The tiles of a framed plane with their corners at (y, x) and a margin around each, (N, H, W)."""
    side = TILE + 2 * MARGIN
    return np.stack([framed[y : y + side, x : x + side] for y, x in corners])


def _bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(values * 255).astype(np.uint8)


def _guessed(coverage: Coverage) -> float:
    """How much of what is covered lies among halves alone, which no edge explains: 0..1 and above."""
    import cv2

    half = is_partial(coverage).view(np.uint8)
    veiled = cv2.erode(half, SQUARE, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.count_nonzero(veiled) * 255 / max(float(coverage.sum(dtype=np.int64)), 1.0)
