"""What training minimises, by name."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from polycolor_cli.data.batch import Batch
from polycolor_cli.nn.unet import paint

Loss = Literal["bce-dice", "l1", "mse"]

BORDER_WEIGHT = 0.8
"""What the border's loss counts beside the coverage's."""
GAP_WEIGHT = 1.0
"""What a pixel of a border without ink counts more than another: gaps are few, and all that the border is for."""


def loss_of(name: Loss, logits: Tensor, batch: Batch) -> Tensor:
    """The loss of a network's logits on a batch, a scalar.

    l1 and mse compare painted pictures. bce-dice is binary cross-entropy plus soft Dice (Milletari,
    Navab and Ahmadi, "V-Net", 3DV 2016), on the coverage where the network answers with one and on
    the picture's channels where it paints; a border adds the same on itself, where the batch knows it.
    """
    logits = logits.float()
    border = logits[:, 1:2] if logits.shape[1] == 2 else None
    if border is not None:
        logits = logits[:, :1]
    if name in ("l1", "mse"):
        compare = F.l1_loss if name == "l1" else F.mse_loss
        return compare(paint(logits, batch.gray, batch.color), batch.painted)
    truth, known = (batch.coverage, batch.known) if logits.shape[1] == 1 else (batch.painted, None)
    loss = _entropy_and_dice(logits, truth, known)
    if border is not None and batch.border is not None:
        weight = None if batch.gaps is None else 1 + GAP_WEIGHT * batch.gaps
        loss = loss + BORDER_WEIGHT * _entropy_and_dice(border, batch.border, None, weight)
    return loss


def _entropy_and_dice(logits: Tensor, truth: Tensor, known: Tensor | None, weight: Tensor | None = None) -> Tensor:
    entropy = F.binary_cross_entropy_with_logits(logits, truth, weight=known if weight is None else weight)
    guess = logits.sigmoid()
    if known is not None:
        guess, truth = guess * known, truth * known
    overlap = (guess * truth).sum((1, 2, 3))
    # a few pixels of slack: on an empty page a speck is a speck, not a total miss
    total = (guess + truth).sum((1, 2, 3))
    dice = 1 - (2 * overlap + 16) / (total + 16)
    return entropy + torch.mean(dice)
