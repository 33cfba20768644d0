"""The training loop, in plain sight."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from polycolor_cli import metrics
from polycolor_cli.color import parse_color
from polycolor_cli.data import unseen
from polycolor_cli.data.batch import Batch, RowStream, from_rows, palette_index, synthetic_batch, training_batches
from polycolor_cli.data.dataset import DatasetError, Row, read_dataset
from polycolor_cli.data.synthetic import TAUGHT, World
from polycolor_cli.nn.export import load_weights
from polycolor_cli.nn.losses import loss_of
from polycolor_cli.nn.unet import UNet, doubled, exact, halved
from polycolor_cli.nn.widen import widened
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.run import Measures, Run

WARM_UP = 0.03
EPOCH_DRAWINGS = 16_000
AVERAGING = 0.998
VALIDATION_SEED = 1 << 32


@dataclass
class Progress:
    """Where a training stands."""

    epoch: int
    step: int
    steps: int
    loss: float
    drawings: int
    drawings_per_second: float
    seconds_left: float
    row: Measures | None = None


def train(
    config: TrainConfig,
    run: Run,
    report: Callable[[Progress], None] = lambda progress: None,
    stop: Event | None = None,
    world: World = TAUGHT,
) -> bool:
    """Train a network by `config` into the folder of `run`, from its checkpoint if it has one.

    Synthetic drawings come from `world`. `report` is called after every step; setting `stop` ends the
    training after the step under way, with everything saved. Returns whether the training came to its
    end. Raises DatasetError for a bad dataset and ValueError for a bad start before the folder is made,
    and FloatingPointError where the loss stops being a number.
    """
    torch.manual_seed(config.seed)
    splits = read_dataset(Path(config.dataset)) if config.dataset else None
    rows = RowStream(splits["training"], config.seed, config.batch_size) if splits else None
    per_epoch = rows.epoch * (2 if config.synthetic else 1) if rows else max(1, EPOCH_DRAWINGS // config.batch_size)
    if splits:
        _check_fit(config, splits)
    steps = config.steps or config.epochs * per_epoch
    net = UNet(config.dimensions())
    if config.init_from:
        net = widened(load_weights(Path(config.init_from)), net.dims)
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    run.begin(config)
    average = AveragedModel(net, multi_avg_fn=_moving_average, use_buffers=True)
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    optimizer = kind(net.parameters(), lr=config.lr, fused=True)
    step, loss_sum, loss_count, drawings = 0, 0.0, 0, 0
    if run.has_checkpoint():
        state = run.load_checkpoint(net, average, optimizer)
        step, loss_sum, loss_count, drawings = (state[k] for k in ("step", "loss_sum", "loss_count", "drawings"))
        run.rewind(step)

    def save() -> None:
        state = {"step": step, "loss_sum": loss_sum, "loss_count": loss_count, "drawings": drawings}
        run.save_checkpoint(net, average, optimizer, state)

    validation = validation_batches(config, splits)
    net.train()
    began, at_start, from_step = time.perf_counter(), drawings, step
    batches = training_batches(rows, config.synthetic, config.seed, config.batch_size, step, world)
    while step < steps:
        batch = next(batches)
        for group in optimizer.param_groups:
            group["lr"] = config.lr * schedule(step / steps, config.decay)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=config.precision == "bf16"):
            first, last = looks(net, batch)
        loss = loss_of(config.loss, last, batch)
        if first is not last:
            loss = loss + 0.5 * loss_of(config.loss, first, batch)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()} at step {step}; try a smaller --lr")
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(net)

        step += 1
        loss_sum, loss_count, drawings = loss_sum + loss.item(), loss_count + 1, drawings + len(batch)
        row: Measures | None = None
        if step % per_epoch == 0 or step == steps:
            row = {"epoch": -(-step // per_epoch), "step": step, "drawings": drawings}
            row |= {"train_loss": loss_sum / loss_count, **validate(average.module, config, validation)}
            row["lr"] = optimizer.param_groups[0]["lr"]
            loss_sum, loss_count = 0.0, 0
            run.append(row)
            save()
        passed = time.perf_counter() - began
        report(
            Progress(
                epoch=(step - 1) // per_epoch + 1,
                step=step,
                steps=steps,
                loss=loss.item(),
                drawings=drawings,
                drawings_per_second=(drawings - at_start) / passed,
                seconds_left=passed / (step - from_step) * (steps - step),
                row=row,
            )
        )
        if stop is not None and stop.is_set() and step < steps:
            save()
            break
    return step >= steps


def _check_fit(config: TrainConfig, splits: dict[str, list[Row]]) -> None:
    """Raise DatasetError where a good dataset does not suit the network that it is to teach."""
    problems = []
    rows = splits["training"] + splits["validation"]
    if config.conditioning == "embedding":
        strange = sorted({row.colour for row in rows if palette_index(parse_color(row.colour)) is None})
        problems += [
            f"colour {name!r} is not in the palette, all that --conditioning embedding knows" for name in strange
        ]
    reach = config.patch * 2 ** (config.depth - 1)
    groups = RowStream(splits["training"], config.seed, config.batch_size).groups
    for (width, height), group in groups.items():
        # normalisation needs two values of each channel, also at the coarsest level of a lone drawing
        if len(group) % config.batch_size == 1 % config.batch_size and max(width, height) <= reach:
            problems.append(
                f"a lone drawing of {width} x {height} pixels is too small for --depth {config.depth}: "
                "make it shallower, or change --batch-size"
            )
    if problems:
        raise DatasetError(problems)


@torch.no_grad()
def _moving_average(average: Sequence[Tensor], current: Sequence[Tensor], count: Tensor | int) -> None:
    # a short memory at first: the average must not remember the weights nobody trained
    keep = min(AVERAGING, (1 + float(count)) / (10 + float(count)))
    for old, new in zip(average, current, strict=True):
        if old.is_floating_point():
            old.lerp_(new, 1 - keep)
        else:
            old.copy_(new)


def schedule(done: float, decay: float) -> float:
    """Share of the highest learning rate when the share `done` of a training is over.

    Rises over the first 3 %, holds, and falls to zero over the last `decay`.
    """
    return min(1.0, (done + 1e-4) / WARM_UP, (1 - done) / decay if decay else 1.0)


def looks(net: UNet, batch: Batch) -> tuple[Tensor, Tensor]:
    """The logits of a network's first look at a batch and of its last, both at full size."""
    drawing = batch.drawing.contiguous(memory_format=torch.channels_last)
    if net.refiner is None:
        logits = net(drawing, color_input(net, batch))
        return logits, logits
    if batch.from_half:
        half = halved(drawing)
        first = net(half)
        # less exact than what is exported: nothing is learnt from where the ends are cut off
        return doubled(first), net(drawing, guess=doubled(exact(first.sigmoid(), 0.02)))
    first = net.look(drawing)
    return first, net(drawing, guess=first.sigmoid())


def color_input(net: UNet, batch: Batch) -> Tensor | None:
    """The colour in the form the network is conditioned on."""
    return {"coverage": None, "rgb": batch.color, "embedding": batch.name}[net.dims.conditioning]


def validation_batches(config: TrainConfig, splits: dict[str, list[Row]] | None) -> list[Batch]:
    """The dataset's validation rows, or 256 drawings of a synthetic world apart from the training's."""
    if splits is not None:
        return [from_rows(rows) for rows in RowStream(splits["validation"], 0, config.batch_size).in_epoch(0)]
    return [synthetic_batch(VALIDATION_SEED, number, 32, (128, 128), unseen.WORLD) for number in range(8)]


@torch.no_grad()
def validate(net: nn.Module, config: TrainConfig, batches: list[Batch]) -> Measures:
    """Mean loss, masked pixel accuracy, soft IoU and share filled right over some batches."""
    assert isinstance(net, UNet)
    net.eval()
    losses, accuracy, iou = [], [], []
    for batch in batches:
        logits = net(batch.drawing, color_input(net, batch)).float()
        losses += [loss_of(config.loss, logits, batch).item()] * len(batch)
        painted = painted_exactly(logits, batch)
        for i in range(len(batch)):
            truth = batch.coverage[i, 0].numpy()
            accuracy.append(
                metrics.masked_accuracy(
                    painted[i].permute(1, 2, 0).numpy(), batch.painted[i].permute(1, 2, 0).numpy(), truth
                )
            )
            if logits.shape[1] == 1:
                iou.append(metrics.soft_iou(exact(logits[i, 0].sigmoid()).numpy(), truth))
    row = {"val_loss": float(np.mean(losses)), "masked_accuracy": float(np.mean(accuracy))}
    if iou:
        row |= {"soft_iou": float(np.mean(iou)), "filled_right": float(np.mean(np.array(iou) >= metrics.RIGHT))}
    net.train()
    return row


def painted_exactly(logits: Tensor, batch: Batch) -> Tensor:
    """The painted pictures (N, 3, H, W) as the tool would write them."""
    if logits.shape[1] == 3:
        return logits.sigmoid()
    coverage = exact(logits.sigmoid())
    return (1 - coverage) * batch.gray + coverage * batch.color[:, :, None, None]
