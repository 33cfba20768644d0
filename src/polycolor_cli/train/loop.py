"""The training loop, in plain sight."""

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from threading import Event

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from polycolor_cli.color import PALETTE, named, parse_color
from polycolor_cli.data.batch import RowStream, halved, training_batches
from polycolor_cli.data.dataset import DatasetError, Row, notes_on, read_dataset
from polycolor_cli.data.synthetic import TAUGHT, World
from polycolor_cli.errors import PolycolorError
from polycolor_cli.nn.export import load_weights
from polycolor_cli.nn.losses import loss_of
from polycolor_cli.nn.text import encoded
from polycolor_cli.nn.unet import UNet, doubled, exact, paint
from polycolor_cli.nn.widen import widened
from polycolor_cli.train.adversary import Adversary
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.logs import Logs
from polycolor_cli.train.parallel import finished, share_statistics, started
from polycolor_cli.train.pictures import draw_pictures
from polycolor_cli.train.run import Checkpoint, Measures, Run
from polycolor_cli.train.validate import color_input, merit, validate, validation_batches
from polycolor_cli.train.views import View, disagreement, with_view

EPOCH_DRAWINGS = 16_000
ASKED = 10
"""Steps after which a device that is not the CPU is asked how it stands."""
PICTURED = 30
"""Seconds after which an epoch's end draws samples and colours anew."""
SMALL_SHARE = 0.5
"""Share of a progressive training in which drawings are shrunk."""


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
    best_epoch: int | None = None


def train(
    config: TrainConfig,
    run: Run,
    report: Callable[[Progress], None] = lambda progress: None,
    stop: Event | None = None,
    world: World = TAUGHT,
    devices: int = 0,
    num_nodes: int = 0,
    device: str = "auto",
    data_workers: int = 1,
    note: Callable[[str], None] = lambda line: None,
) -> bool:
    """Train a network by `config` into the folder of `run`, from its checkpoint if it has one.

    Synthetic drawings come from `world`. `report` is called after every step; setting `stop` ends the
    training after the step under way, with everything saved. Returns whether the training came to its
    end. devices, num_nodes: how many processes on each of how many machines share every batch, 0 for what
    torchrun says, else 1; only the first reports and writes. device: auto, cpu, cuda or mps. data_workers: processes
    that draw synthetic drawings, or threads that read rows. note: called with a line for
    whatever is odd about the dataset. Raises DatasetError for a bad dataset and ValueError for
    a bad start before the folder is made, PolycolorError where the run was trained on other data or is being trained
    by another process, and FloatingPointError where the loss or what is measured stops being a number; nothing of that
    epoch is saved then.
    """
    splits = read_dataset(Path(config.dataset)) if config.dataset else None
    if splits:
        _check_fit(config, splits)
    fabric = started(config.precision, devices, num_nodes, device)
    if splits and fabric.is_global_zero:
        for line in notes_on(splits):
            note(f"{config.dataset}: {line}")
    with run.locked() if fabric.is_global_zero else nullcontext():
        return _trained(config, run, report, stop, world, fabric, splits, data_workers)


def _trained(
    config: TrainConfig,
    run: Run,
    report: Callable[[Progress], None],
    stop: Event | None,
    world: World,
    fabric: Fabric,
    splits: dict[str, list[Row]] | None,
    data_workers: int,
) -> bool:
    first, ranks = fabric.is_global_zero, fabric.world_size
    part = slice(fabric.global_rank, None, ranks)
    torch.manual_seed(config.seed)
    rows = RowStream(splits["training"], config.seed, config.batch_size, part, config.augment) if splits else None
    per_epoch = rows.epoch * (2 if config.synthetic else 1) if rows else max(1, EPOCH_DRAWINGS // config.batch_size)
    steps = config.steps or config.epochs * per_epoch
    net: UNet = share_statistics(_network(config, run), fabric).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    fabric.barrier()
    if first:
        run.begin(config)
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    optimizer = kind(net.parameters(), lr=config.lr, weight_decay=config.weight_decay, fused=True)
    looks, stepper = fabric.setup(Looks(net), optimizer)
    average = AveragedModel(net, multi_avg_fn=partial(_moving_average, config.averaging), use_buffers=True)
    adversary = Adversary(fabric, config.lr) if config.adversarial else None
    everything = Checkpoint(net, average, optimizer, adversary)

    data = _data_id(splits)
    step, drawings, best = 0, 0, None
    names = _losses(config)
    # summed up where they are computed: a device that is asked after every step waits for the answer
    kind_of_sum = torch.float32 if fabric.device.type == "mps" else torch.float64
    sums = torch.zeros(len(names), dtype=kind_of_sum, device=fabric.device)
    if run.has_checkpoint():
        state = run.load(everything)
        if state["data"] != data:
            raise PolycolorError(f"{config.dataset}: is not the data that {run.folder} was trained on; begin a new run")
        step, drawings, best = state["step"], state["drawings"], state.get("best")
        sums += torch.tensor([state["sums"][name] for name in names], dtype=kind_of_sum, device=fabric.device)
    if first:
        # also of a run that was ended between its first row and its first checkpoint
        run.rewind(step)
    fabric.barrier()
    log = Logs(config, run, step) if first else None

    def save() -> None:
        if first:
            totals = dict(zip(names, sums.tolist(), strict=True))
            run.save(everything, {"step": step, "drawings": drawings, "sums": totals, "data": data, "best": best})
        fabric.barrier()

    validation = validation_batches(config, splits)
    net.train()
    began, at_start, from_step = time.perf_counter(), drawings, step
    complete = step >= steps
    batches = training_batches(rows, config.synthetic, config.seed, config.batch_size, step, world, part, data_workers)
    shown, pictured = 0.0, time.perf_counter()
    while not complete:
        batch = next(batches).shrunk(times_smaller(config.sides, step / steps)).to(fabric.device)
        drawn, view = batch.whole or len(batch), None
        if config.agreement:
            side = batch.drawing.shape[2:]
            view = View.sample(np.random.default_rng([config.seed, 1 << 42, step]), side[0] == side[1])
            batch = with_view(batch, view)
        rate = schedule(step / steps, config.warm_up, config.decay)
        for group in optimizer.param_groups:
            group["lr"] = config.lr * rate
        early, last = looks(batch.drawing, color_input(net, batch), batch.from_half)
        loss = loss_of(config.loss, last, batch)
        # the gradient is the mean over processes: one that holds more of the batch counts more
        weight = len(batch) * ranks / batch.whole if len(batch) < batch.whole else 1.0
        # of the last look alone, as it is measured in validation
        parts = [loss.detach() * weight]
        if net.refiner is not None:
            loss = loss + 0.5 * loss_of(config.loss, early, batch)
        if view is not None:
            differ = disagreement(last, view)
            parts.append(differ.detach() * weight)
            loss = loss + config.agreement * differ
        if adversary is not None:
            painted = paint(last.float(), batch.gray, batch.color)
            unfooled = adversary.unfooled(batch.gray, painted)
            parts.append(unfooled.detach() * weight)
            loss = loss + config.adversarial * unfooled
        stepper.zero_grad()
        fabric.backward(loss * weight)
        if config.clip:
            nn.utils.clip_grad_norm_(net.parameters(), config.clip)
        stepper.step()
        if adversary is not None:
            learnt = adversary.learn(batch.gray, painted, batch.painted, weight, rate)
            parts.append(torch.tensor(learnt * weight, device=fabric.device))
        average.update_parameters(net)

        step += 1
        drawings += drawn
        row: Measures | None = None
        complete = step >= steps
        ends = step % per_epoch == 0 or complete
        halt = float(stop is not None and stop.is_set())
        values = torch.stack([*parts, parts[0].new_ones(())])
        if ranks > 1:
            # all of them stop at the same step, and none before it is asked for
            *parts, _, halting = fabric.all_reduce(torch.stack([*values, parts[0].new_tensor(halt)]))
            values = torch.stack([*parts, parts[0].new_ones(())])
        sums += values.to(sums.dtype)
        if fabric.device.type == "cpu" or ends or step % ASKED == 0:
            shown = values[0].item()
            halt = halting.item() if ranks > 1 else halt
            if not bool(torch.isfinite(values).all()):
                raise FloatingPointError(f"the loss is {shown} at step {step}; try a smaller --lr")
        elif ranks > 1:
            halt = 0.0

        if ends:
            epoch = -(-step // per_epoch)
            row = {"epoch": epoch, "step": step, "drawings": drawings}
            *totals, count = sums.tolist()
            row |= {name: total / count for name, total in zip(names, totals, strict=False)}
            if first:
                assert isinstance(average.module, UNet)
                row |= validate(average.module, config, validation)
                row["lr"] = optimizer.param_groups[0]["lr"]
            if not fabric.broadcast(all(map(math.isfinite, row.values()))):
                raise FloatingPointError(f"what is measured after epoch {epoch} is no number; try a smaller --lr")
            if first:
                assert log is not None
                run.append(row)
                log.tell(row)
                best = best or {"merit": [-1.0, 0.0], "epoch": 0, "loss": math.inf, "moved": 0}
                # a loss may rise while more is filled right, and fall long before anything is
                if merit(row) > tuple(best["merit"]) or row["val_loss"] < best["loss"]:
                    best |= {"moved": epoch, "loss": min(row["val_loss"], best["loss"])}
                if merit(row) > tuple(best["merit"]):
                    best |= {"merit": list(merit(row)), "epoch": epoch}
                    run.keep_best(average, epoch)
                complete = complete or (config.patience > 0 and epoch - best["moved"] >= config.patience)
                if time.perf_counter() - pictured > PICTURED or complete:
                    assert isinstance(average.module, UNet)
                    log.show(draw_pictures(run, average.module, validation[0]), step)
                    pictured = time.perf_counter()
            complete = fabric.broadcast(complete)
            sums = torch.zeros_like(sums)
            save()
        if first:
            passed = time.perf_counter() - began
            report(
                Progress(
                    epoch=(step - 1) // per_epoch + 1,
                    step=step,
                    steps=steps,
                    loss=shown,
                    drawings=drawings,
                    drawings_per_second=(drawings - at_start) / passed,
                    seconds_left=passed / (step - from_step) * (steps - step),
                    row=row,
                    best_epoch=best["epoch"] if best else None,
                )
            )
        if ranks == 1:
            # who is told how it stands may have set it just now
            halt = stop is not None and stop.is_set()
        if halt and not complete:
            save()
            break
    if log is not None:
        log.close()
    finished()
    return complete


class Looks(nn.Module):
    """A network's first look at a drawing and its last, both at full size, as one module that processes can share."""

    def __init__(self, net: UNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, drawing: Tensor, color: Tensor | None, from_half: bool) -> tuple[Tensor, Tensor]:
        """The logits of both; the same ones for a network without a second look."""
        drawing = drawing.contiguous(memory_format=torch.channels_last)
        if self.net.refiner is None:
            logits = self.net(drawing, color)
            return logits, logits
        if from_half:
            first = self.net(halved(drawing))
            # less exact than what is exported: nothing is learnt from where the ends are cut off
            return doubled(first), self.net(drawing, guess=doubled(exact(first[:, :1].sigmoid(), 0.02)))
        first = self.net.look(drawing)
        return first, self.net(drawing, guess=first[:, :1].sigmoid())


def _network(config: TrainConfig, run: Run) -> UNet:
    net = UNet(config.dimensions())
    if config.init_from:
        net = widened(load_weights(Path(config.init_from)), net.dims)
    elif net.dims.text_dim and not run.has_checkpoint():
        net.get_buffer("texts").copy_(encoded(list(named()), config.text_encoder, config.pooling))
    return net


def _losses(config: TrainConfig) -> list[str]:
    """What is summed up over an epoch."""
    return [
        "train_loss",
        *(["disagreement"] if config.agreement else []),
        *(["adversarial_loss", "discriminator_loss"] if config.adversarial else []),
        "steps",
    ]


def _check_fit(config: TrainConfig, splits: dict[str, list[Row]]) -> None:
    """Raise DatasetError where a good dataset does not suit the network that it is to teach."""
    problems = []
    rows = splits["training"] + splits["validation"]
    known = {"embedding": PALETTE, "text-film": named()}.get(config.conditioning)
    if known is not None:
        strange = sorted({row.colour for row in rows if parse_color(row.colour) not in known.values()})
        where = "the palette" if known is PALETTE else "the colours with a name"
        problems += [
            f"colour {name!r} is not in {where}, all that --conditioning {config.conditioning} knows"
            for name in strange
        ]
    if all(row.at for row in splits["training"]):
        problems.append("every row has an 'at', and regions say nothing of what is bare; add whole shapes")
    if any(row.at for row in rows) and config.conditioning != "coverage":
        problems.append(f"rows with an 'at' teach a coverage; leave --conditioning {config.conditioning} out")
    reach = config.patch * 2 ** (config.depth - 1) * times_smaller(config.sides, 0)
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


def _data_id(splits: dict[str, list[Row]] | None) -> str:
    """What a run may only go on with: the rows of its dataset, and the bytes of their pictures."""

    @cache
    def digest(path: Path) -> str:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()

    lines = [
        f"{split} {row.drawing.name} {row.colour} {row.painted.name} {row.at} "
        f"{digest(row.drawing)} {digest(row.painted)}"
        for split, rows in (splits or {}).items()
        for row in rows
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() if splits else ""


@torch.no_grad()
def _moving_average(
    averaging: float, average: Sequence[Tensor], current: Sequence[Tensor], count: Tensor | int
) -> None:
    # a short memory at first: the average must not remember the weights nobody trained
    keep = min(averaging, (1 + float(count)) / (10 + float(count)))
    for old, new in zip(average, current, strict=True):
        if old.is_floating_point():
            old.lerp_(new, 1 - keep)
        else:
            old.copy_(new)


def schedule(done: float, warm_up: float, decay: float) -> float:
    """Share of the highest learning rate when the share `done` of a training is over.

    Rises over the first `warm_up` of it, holds, and falls to zero over the last `decay`.
    """
    rising = (done + 1e-4) / warm_up if warm_up else 1.0
    falling = (1 - done) / decay if decay else 1.0
    return min(1.0, rising, falling)


def times_smaller(sides: list[int], done: float) -> int:
    """How many times drawings are shrunk when the share `done` of a progressive training is over.

    The smaller `sides` share the first half of it, the last has the rest; never where there are none.
    """
    if not sides:
        return 1
    stage = min(len(sides) - 1, int(done / SMALL_SHARE * (len(sides) - 1)))
    return sides[-1] // sides[stage]
