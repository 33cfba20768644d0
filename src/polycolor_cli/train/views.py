"""Another view of the same drawings, turned, mirrored and moved, and how far apart the answers to both are."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from polycolor_cli.data.batch import Batch

MOVE = 3
"""Pixels that a view is moved by in each direction, at most."""
RIM = MOVE + 1
"""Pixels at the rim that are not compared: what is moved out of the picture is gone."""
UPRIGHT = 0.75
"""Share of views that are not turned: where a thing ends without a line, which end is the lower one counts."""


@dataclass(frozen=True)
class View:
    """A plane (N, C, H, W) moved `down` and `right` by some pixels, then mirrored or not, then turned."""

    down: int
    right: int
    is_mirrored: bool
    quarter_turns: int

    @classmethod
    def sample(cls, rng: np.random.Generator, is_square: bool) -> "View":
        """Any view that leaves the size of a picture as it is, upright more often than not."""
        down, right = rng.integers(-MOVE, MOVE + 1, 2)
        turns = 0 if rng.random() < UPRIGHT else rng.integers(4) if is_square else 2 * rng.integers(2)
        return cls(int(down), int(right), bool(rng.random() < 0.5), int(turns))

    def of(self, plane: Tensor) -> Tensor:
        """The plane in this view; what is moved in from beyond the rim is like the rim."""
        plane = _moved(plane, self.down, self.right)
        return torch.rot90(plane.flip(3) if self.is_mirrored else plane, self.quarter_turns, (2, 3))

    def undone(self, plane: Tensor) -> Tensor:
        """What is in this view, as it was."""
        plane = torch.rot90(plane, -self.quarter_turns, (2, 3))
        return _moved(plane.flip(3) if self.is_mirrored else plane, -self.down, -self.right)


def _moved(plane: Tensor, down: int, right: int) -> Tensor:
    height, width = plane.shape[2:]
    padded = F.pad(plane, (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0)), mode="replicate")
    return padded[:, :, max(-down, 0) :, max(-right, 0) :][:, :, :height, :width]


def with_view(batch: Batch, view: View) -> Batch:
    """The drawings of a batch, and after them all of them in another view."""
    tensors: dict[str, Any] = {
        name: torch.cat([value, view.of(value) if value.dim() == 4 else value])
        for name, value in vars(batch).items()
        if isinstance(value, Tensor)
    }
    return replace(batch, whole=2 * batch.whole, **tensors)


def disagreement(logits: Tensor, view: View) -> Tensor:
    """How far apart answers to drawings and to the same in another view are: 1 - soft Dice, a scalar.

    logits: (2 N, C, H, W), as a network answers to `with_view`.
    """
    straight, seen = logits.float().sigmoid().chunk(2)
    inner = slice(RIM, -RIM)
    one, other = straight[:, :, inner, inner], view.undone(seen)[:, :, inner, inner]
    both, each = (one * other).sum((2, 3)), (one.square() + other.square()).sum((2, 3)) / 2
    # a few pixels of slack, as for the truth
    return torch.mean(1 - (both + 8) / (each + 8))
