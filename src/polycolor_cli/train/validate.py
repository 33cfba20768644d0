"""How good a network is on drawings that it does not learn from."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from polycolor_cli.data import unseen
from polycolor_cli.data.batch import Batch, RowStream, from_rows, synthetic_batch
from polycolor_cli.data.dataset import Row
from polycolor_cli.evaluate import metrics
from polycolor_cli.nn.losses import loss_of
from polycolor_cli.nn.unet import UNet, exact
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.run import Measures

VALIDATION_SEED = 1 << 32


def validation_batches(config: TrainConfig, splits: dict[str, list[Row]] | None) -> Sequence[Batch]:
    """The dataset's validation rows, read when asked for, or 256 drawings of a world apart from the training's."""
    if splits is not None:
        return _Rows(RowStream(splits["validation"], 0, config.batch_size).in_epoch(0))
    return [synthetic_batch(VALIDATION_SEED, number, 32, (128, 128), unseen.WORLD) for number in range(8)]


class _Rows(Sequence[Batch]):
    def __init__(self, batches: list[list[Row]]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number):  # type: ignore[no-untyped-def]
        return from_rows(self.batches[number])


@torch.no_grad()
def validate(net: UNet, config: TrainConfig, batches: Sequence[Batch]) -> Measures:
    """Mean loss, error, masked pixel accuracy, soft IoU and share filled right over some batches."""
    net.eval()
    device = next(net.parameters()).device
    losses, errors, accuracy, iou = [], [], [], []
    for given in batches:
        batch = given.to(device)
        logits = net(batch.drawing, color_input(net, batch)).float()
        losses += [loss_of(config.loss, logits, batch).item()] * len(batch)
        painted, asked = (
            pictures.permute(0, 2, 3, 1).cpu().numpy() for pictures in (painted_exactly(logits, batch), batch.painted)
        )
        truth = batch.coverage[:, 0].cpu().numpy()
        for i in range(len(batch)):
            errors.append(metrics.mean_absolute_error(painted[i], asked[i]))
            accuracy.append(metrics.masked_accuracy(painted[i], asked[i], truth[i]))
        if logits.shape[1] != 3:
            guess = exact(logits[:, 0].sigmoid()).cpu().numpy()
            iou += [metrics.soft_iou(*pair) for pair in zip(guess, truth, strict=True)]
    row = {
        "val_loss": float(np.mean(losses)),
        "mean_error": float(np.mean(errors)),
        "masked_accuracy": float(np.mean(accuracy)),
    }
    if iou:
        row |= {"soft_iou": float(np.mean(iou)), "filled_right": float(np.mean(np.array(iou) >= metrics.RIGHT))}
    net.train()
    return row


def merit(row: Measures) -> tuple[float, float]:
    """How good a row of measures is, the larger the better: by what is filled right, then by the error of the picture.

    Not by the loss, which may rise while a network still learns.
    """
    right = row.get("soft_iou", row.get("masked_accuracy", 0.0))
    return (right, -row.get("mean_error", 0.0)) if math.isfinite(right) else (-1.0, -math.inf)


def color_input(net: UNet, batch: Batch) -> Tensor | None:
    """The colour in the form the network is conditioned on."""
    ways = {"coverage": None, "rgb": batch.color, "embedding": batch.name, "text-film": batch.name}
    return ways[net.dims.conditioning]


def painted_exactly(logits: Tensor, batch: Batch) -> Tensor:
    """The painted pictures (N, 3, H, W) as the tool would write them."""
    if logits.shape[1] == 3:
        return logits.sigmoid()
    coverage = exact(logits[:, :1].sigmoid())
    return (1 - coverage) * batch.gray + coverage * batch.color[:, :, None, None]
