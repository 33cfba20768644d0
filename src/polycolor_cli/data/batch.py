"""Batches of drawings as tensors: from a dataset folder, from the synthetic world, or from both.

A stream is a pure function of its seed: batch number `n` is the same whichever process makes it
and wherever a training starts, which is what makes resuming exact.
"""

from __future__ import annotations

import itertools
import multiprocessing.util
import os
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from polycolor_cli.color import PALETTE, RGB, named, parse_color
from polycolor_cli.data.dataset import DatasetError, Row, coverage_between
from polycolor_cli.data.synthetic import TAUGHT, Drawing, World, drawing
from polycolor_cli.data.wear import wear
from polycolor_cli.processes import left_to_parent

READ_AHEAD = 4
"""Batches of a dataset that are read before their turn, at least."""

INSIDE = 0.9
"""Coverage from which on a pixel of a painted region is inside of it, and not of its lines."""

NAMES = list(PALETTE)
PALETTE_RGB = np.array([PALETTE[name] for name in NAMES], np.float32) / 255

SYNTHETIC_SIZES: list[tuple[tuple[int, int], float]] = [
    ((128, 128), 0.33),
    ((96, 96), 0.04),
    ((160, 160), 0.06),
    ((96, 160), 0.03),
    ((160, 96), 0.03),
    ((192, 192), 0.09),
    ((256, 256), 0.22),
    ((160, 256), 0.03),
    ((256, 160), 0.03),
    ((384, 384), 0.05),
    ((64, 192), 0.02),
    ((192, 64), 0.02),
    ((64, 320), 0.02),
    ((320, 64), 0.01),
    ((96, 288), 0.01),
    ((288, 96), 0.01),
]
"""Sizes (height, width) of synthetic batches, and how often each comes."""


@dataclass
class Batch:
    """Drawings with their truth; every value is float32 in 0..1 but `name`.

    drawing (N, 3, H, W): smallest, mean and largest gray; gray (N, 1, H, W): the mean alone.
    color (N, 3): RGB asked for; name (N,): its index in the palette.
    coverage (N, 1, H, W): what the shape covers; known (N, 1, H, W): 1 where that is certain.
    border, gaps (N, 1, H, W): where lines run or were meant to run, and what of it has no ink; none where nobody knows.
    painted (N, 3, H, W): the picture to come out.
    from_half: whether the network is to look at half the size first, as it does at large pictures.
    whole: how many drawings all processes that share the batch have together, 0 for just these.
    """

    drawing: Tensor
    gray: Tensor
    color: Tensor
    name: Tensor
    coverage: Tensor
    known: Tensor
    painted: Tensor
    border: Tensor | None = None
    gaps: Tensor | None = None
    from_half: bool = False
    whole: int = 0

    def __len__(self) -> int:
        return len(self.drawing)

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        tensors: dict[str, Any] = {
            # without waiting where the memory is pinned
            name: value.to(device, non_blocking=True)
            for name, value in vars(self).items()
            if isinstance(value, Tensor)
        }
        return replace(self, **tensors)

    def pin_memory(self) -> Batch:
        """The same in memory that a GPU copies from on its own."""
        tensors: dict[str, Any] = {
            name: value.pin_memory() for name, value in vars(self).items() if isinstance(value, Tensor)
        }
        return replace(self, **tensors)

    def shrunk(self, times: int) -> Batch:
        """The same at 1 / `times` of the size, a power of two."""
        if times == 1:
            return self
        small = replace(self, drawing=halved(self.drawing))
        for name in ("gray", "coverage", "known", "painted", "border", "gaps"):
            plane = getattr(self, name)
            setattr(small, name, None if plane is None else F.avg_pool2d(plane, 2))
        return small.shrunk(times // 2)


ALL = slice(0, None, 1)
"""The part of each batch that the only process takes; of three, the second takes slice(1, None, 3)."""


def _part_of(count: int, part: slice) -> slice:
    """Which of `count` drawings a process takes: all, where they do not go round."""
    return ALL if count < part.step else part


def synthetic_batch(
    seed: int,
    number: int,
    batch_size: int,
    size: tuple[int, int] | None = None,
    world: World = TAUGHT,
    part: slice = ALL,
) -> Batch:
    """Batch `number` of a synthetic world's drawings under `seed`.

    With no `size` one is drawn, and the batch holds as many drawings as cost about what
    `batch_size` drawings of 128 x 128 do. Colours come from the palette. Of them all, only `part` is drawn.
    """
    rng = np.random.default_rng([seed, 1 << 40, number])
    if size is None:
        size = SYNTHETIC_SIZES[rng.choice(len(SYNTHETIC_SIZES), p=[share for _, share in SYNTHETIC_SIZES])][0]
        count = max(2, round(batch_size * 128 * 128 / (size[0] * size[1])))
    else:
        count = batch_size
    # drawings of different batches never share an index
    part = _part_of(count, part)
    drawings = [drawing(seed, number * 4096 + i, size, world) for i in range(count)[part]]
    batch = from_drawings(drawings, rng.integers(len(NAMES), size=count)[part])
    batch.from_half = min(size) >= 160 and bool(rng.random() < 0.5)
    batch.whole = count
    return batch


def planes(gray: NDArray[np.uint8], shrink: int = 1) -> NDArray[np.float32]:
    """The smallest, mean and largest gray under each pixel of a picture shrunk `shrink` times.

    gray: uint8 (H, W), both multiples of `shrink`. Returns float32 (3, H / shrink, W / shrink), 0..255.
    """
    if shrink == 1:
        return np.broadcast_to(gray, (3, *gray.shape)).astype(np.float32)

    def blocks(plane: NDArray, joined: np.ufunc) -> NDArray:
        # whole rows at a time, which is ten times as quick as block by block
        rows = reduce(joined, (plane[row::shrink] for row in range(shrink)))
        return reduce(joined, (rows[:, column::shrink] for column in range(shrink)))

    mean = blocks(gray.astype(np.uint16), np.add) / np.float32(shrink**2)
    return np.stack([blocks(gray, np.minimum), mean, blocks(gray, np.maximum)], dtype=np.float32)


def from_drawings(drawings: list[Drawing], names: np.ndarray) -> Batch:
    """A batch of synthetic drawings of one size, each with a palette colour (an index)."""
    stack = np.stack([planes(d.picture, d.shrink) for d in drawings])
    coverage, border, gaps = (
        torch.from_numpy(np.stack([getattr(d, plane) for d in drawings])[:, None]).float() / 255
        for plane in ("coverage", "border", "gaps")
    )
    given = torch.from_numpy(stack).float() / 255
    gray = given[:, 1:2].clone()
    color = torch.from_numpy(PALETTE_RGB[names])
    painted = (1 - coverage) * gray + coverage * color[:, :, None, None]
    known = torch.ones_like(coverage)
    return Batch(given, gray, color, torch.from_numpy(names), coverage, known, painted, border, gaps)


def index_of(color: RGB) -> int | None:
    """The place of a colour among those with a name, which the palette begins, if it has one."""
    return _PLACES.get(color)


_PLACES = {rgb: place for place, rgb in enumerate(named().values())}


def from_rows(rows: list[Row], rng: np.random.Generator | None = None) -> Batch:
    """A batch of dataset rows whose pictures have one size; with an `rng` they are turned, mirrored and worn."""
    given: list[NDArray] = []
    coverages, knowns, painted, colors, names = [], [], [], [], []
    for row in rows:
        gray, picture = row.load()
        if picture.shape[:2] != gray.shape or any(gray.shape != others.shape[1:] for others in given[:1]):
            raise DatasetError([f"{row.drawing} or {row.painted}: changed its size since the training began"])
        color = parse_color(row.colour)
        coverage, known = coverage_between(gray, picture, color)
        if row.at:
            # a region says what is inside, and of what is beside it nothing
            known &= coverage > INSIDE
        if rng is not None:
            gray, coverage, known = _augmented(rng, gray, coverage, known)
            picture = _painted(gray, coverage, color)
        given.append(planes(gray))
        coverages.append(coverage)
        knowns.append(known)
        painted.append(picture)
        colors.append(color)
        names.append(index_of(color) or 0)
    drawing = torch.from_numpy(np.stack(given)).float() / 255
    return Batch(
        drawing=drawing,
        gray=drawing[:, 1:2].clone(),
        color=torch.tensor(colors, dtype=torch.float32) / 255,
        name=torch.tensor(names),
        coverage=torch.from_numpy(np.stack(coverages)[:, None]),
        known=torch.from_numpy(np.stack(knowns)[:, None]).float(),
        painted=torch.from_numpy(np.stack(painted)).permute(0, 3, 1, 2).float() / 255,
    )


def _augmented(
    rng: np.random.Generator, gray: NDArray[np.uint8], coverage: NDArray, known: NDArray
) -> tuple[NDArray[np.uint8], NDArray, NDArray]:
    """A drawing with its coverage, turned by right angles and mirrored, and every second one worn."""
    turns = int(rng.integers(4)) if gray.shape[0] == gray.shape[1] else 2 * int(rng.integers(2))
    mirrored = bool(rng.random() < 0.5)
    gray, coverage, known = (
        np.ascontiguousarray(np.fliplr(np.rot90(plane, turns)) if mirrored else np.rot90(plane, turns))
        for plane in (gray, coverage, known)
    )
    if rng.random() < 0.5:
        gray = np.clip(np.round(wear(rng, gray.astype(np.float32))), 0, 255).astype(np.uint8)
    return gray, coverage, known


def _painted(gray: NDArray[np.uint8], coverage: NDArray, color: RGB) -> NDArray[np.uint8]:
    share = coverage[:, :, None]
    return np.round((1 - share) * gray[:, :, None] + share * np.array(color, np.float32)).astype(np.uint8)


def halved(drawing: Tensor) -> Tensor:
    """A drawing's planes (N, 3, H, W) at half the size: smallest of the smallest, mean, largest of the largest."""
    smallest, mean, largest = drawing.unbind(1)
    return torch.stack([-F.max_pool2d(-smallest, 2), F.avg_pool2d(mean, 2), F.max_pool2d(largest, 2)], 1)


class SyntheticStream(torch.utils.data.IterableDataset[Batch]):
    """The endless stream of synthetic batches from number `start` on."""

    def __init__(self, seed: int, batch_size: int, start: int = 0, world: World = TAUGHT, part: slice = ALL) -> None:
        self.seed, self.batch_size, self.start, self.world, self.part = seed, batch_size, start, world, part

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        number, step = self.start, 1
        if worker is not None:
            number, step = self.start + worker.id, worker.num_workers
        while True:
            yield synthetic_batch(self.seed, number, self.batch_size, world=self.world, part=self.part)
            number += step


class RowStream:
    """Batches of dataset rows, shuffled anew each epoch; rows of one size share a batch.

    Pictures are read when their batch comes: a dataset may be larger than memory.
    """

    def __init__(self, rows: list[Row], seed: int, batch_size: int, part: slice = ALL, augment: bool = False) -> None:
        self.rows, self.seed, self.batch_size, self.part, self.augment = rows, seed, batch_size, part, augment
        self.groups: dict[tuple[int, int], list[int]] = {}
        for i, row in enumerate(rows):
            self.groups.setdefault(row.size, []).append(i)
        self.epoch = sum(-(-len(group) // batch_size) for group in self.groups.values())

    @lru_cache(maxsize=1)  # noqa: B019
    def in_epoch(self, epoch: int) -> list[list[Row]]:
        """The batches of one epoch, in their order."""
        rng = np.random.default_rng([self.seed, epoch])
        batches = []
        for group in self.groups.values():
            order = rng.permutation(group)
            batches += [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]
        return [[self.rows[i] for i in batches[b]] for b in rng.permutation(len(batches))]

    def __getitem__(self, number: int) -> Batch:
        rows = self.in_epoch(number // self.epoch)[number % self.epoch]
        part = _part_of(len(rows), self.part)
        rng = np.random.default_rng([self.seed, 1 << 41, number, part.start]) if self.augment else None
        return replace(from_rows(rows[part], rng), whole=len(rows))

    def ahead(self, start: int, workers: int = 1) -> Iterator[Batch]:
        """Batches from number `start` on, in their order, read ahead in threads of their own."""
        with ThreadPoolExecutor(workers) as reader:
            ahead = max(READ_AHEAD, 2 * workers)
            coming = deque(reader.submit(self.__getitem__, start + i) for i in range(ahead))
            try:
                for number in itertools.count(start + ahead):
                    yield coming.popleft().result()
                    coming.append(reader.submit(self.__getitem__, number))
            finally:
                reader.shutdown(wait=False, cancel_futures=True)


def _prepare(worker: int) -> None:
    # where it could not be left to the training before this process began
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # native threads that are still there when the interpreter is taken down would abort the process;
    # after the queues, which are closed at priority -5, nothing is left to take down
    multiprocessing.util.Finalize(None, os._exit, args=(0,), exitpriority=-100)


def synthetic_batches(
    seed: int, batch_size: int, start: int, world: World = TAUGHT, part: slice = ALL, workers: int = 1
) -> Iterator[Batch]:
    """Synthetic batches from number `start` on, in their order, made ahead in processes of their own."""
    loader = torch.utils.data.DataLoader(
        SyntheticStream(seed, batch_size, start, world, part),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=6,
        pin_memory=torch.cuda.is_available(),
        # a forked OpenCV waits for threads that were not forked with it
        multiprocessing_context="spawn",
        worker_init_fn=_prepare,
    )
    with left_to_parent():
        batches = iter(loader)
    yield from batches


def training_batches(
    rows: RowStream | None,
    synthetic: bool,
    seed: int,
    batch_size: int,
    start: int,
    world: World = TAUGHT,
    part: slice = ALL,
    workers: int = 1,
) -> Iterator[Batch]:
    """The endless stream of training batches from number `start` on, or `part` of each.

    Rows of a dataset, synthetic drawings, or the two in turn.
    """
    if rows is None:
        yield from synthetic_batches(seed, batch_size, start, world, part, workers)
    elif not synthetic:
        yield from rows.ahead(start, workers)
    else:
        read, drawn = (
            rows.ahead(-(-start // 2), workers),
            synthetic_batches(seed, batch_size, start // 2, world, part, workers),
        )
        for number in itertools.count(start):
            yield next(drawn if number % 2 else read)
