"""What a training leaves behind: the model in two files, curves, and sample pictures."""

import platform
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from polycolor_cli.color import PALETTE
from polycolor_cli.data.batch import Batch
from polycolor_cli.data.dataset import read_dataset
from polycolor_cli.files.atomic import write_whole
from polycolor_cli.files.picture import write_picture
from polycolor_cli.nn.export import export, save_weights
from polycolor_cli.nn.unet import UNet
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.run import Run
from polycolor_cli.train.validate import color_input, painted_exactly, validation_batches

matplotlib.use("Agg")


def finish(run: Run, config: TrainConfig) -> None:
    """Write model.onnx, model.safetensors, curves.png, samples.png and colors.png from a run's checkpoint.

    The model is the moving average of the weights, which is what validation measured, after the last epoch
    or, of a training that may end early, after its best one.
    """
    net = UNet(config.dimensions())
    best = config.patience and run.best.exists()
    averaged = load_file(run.best if best else run.last_checkpoint / "average.safetensors")
    net.load_state_dict({k.removeprefix("module."): v for k, v in averaged.items() if k != "n_averaged"})
    net.eval()
    about = origin(run, config)
    save_weights(net, run.folder / "model.safetensors", about)
    export(net, run.folder / "model.onnx", about)
    draw_curves(run)
    splits = read_dataset(Path(config.dataset)) if config.dataset else None
    batches = validation_batches(config, splits)
    draw_samples(run, net, batches[0])
    draw_colors(run, net, batches[0])


def origin(run: Run, config: TrainConfig) -> dict[str, Any]:
    """Where a model comes from: its data, seed, length and last figures."""
    rows = run.rows()
    return {
        "dataset": config.dataset.replace("\\", "/").rstrip("/").split("/")[-1],
        "synthetic": config.synthetic,
        "seed": config.seed,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "last": rows[-1] if rows else {},
    }


def draw_curves(run: Run) -> None:
    """Plot every column of metrics.csv over the steps into curves.png."""
    from matplotlib import pyplot

    rows = run.rows()
    if not rows:
        return
    steps = [row["step"] for row in rows]
    shares = [name for name in ("masked_accuracy", "soft_iou", "filled_right") if name in rows[0]]
    losses = [name for name in rows[0] if name.endswith("_loss")]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for axes, names, title in ((left, losses, "loss"), (right, shares, "validation")):
        for name in names:
            axes.plot(steps, [row[name] for row in rows], marker=".", label=name.replace("_", " "))
        axes.set(title=title, xlabel="step")
        axes.grid(alpha=0.3)
        axes.legend()
    left.set_yscale("log")
    picture = BytesIO()
    figure.savefig(picture, dpi=110)
    write_whole(run.folder / "curves.png", picture.getvalue())
    pyplot.close(figure)


@torch.no_grad()
def draw_samples(run: Run, net: UNet, batch: Batch, count: int = 8) -> None:
    """A column each for up to eight drawings: drawing, fill, truth."""
    painted = painted_exactly(net(batch.drawing, color_input(net, batch)), batch)
    rows = [batch.gray.expand(-1, 3, -1, -1), painted, batch.painted]
    sheet = torch.cat([torch.cat(list(row[:count]), 2) for row in rows], 1)
    pixels = (sheet.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    write_picture(Image.fromarray(pixels), run.folder / "samples.png")


@torch.no_grad()
def draw_colors(run: Run, net: UNet, batch: Batch, count: int = 8) -> None:
    """For every name of the palette the colour asked for, and under it the mean colour painted into the shapes."""
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    tensors: dict[str, Any] = {k: value[:count] for k, value in vars(batch).items() if torch.is_tensor(value)}
    few = replace(batch, **tensors)
    inside = few.coverage > 0.5
    figure, axes = pyplot.subplots(figsize=(9, 2.4), layout="constrained")
    for place, (name, rgb) in enumerate(PALETTE.items()):
        few.color = torch.tensor([rgb]).expand(len(few), 3) / 255
        few.name = torch.full((len(few),), place)
        painted = painted_exactly(net(few.drawing, color_input(net, few)), few)
        mean = (painted * inside).sum((0, 2, 3)) / inside.sum().clamp_min(1)
        for height, color in ((1, np.array(rgb) / 255), (0, mean.numpy())):
            axes.add_patch(Rectangle((place, height), 0.96, 0.96, facecolor=color, edgecolor="gray", linewidth=0.5))
        codes = "".join(f"{round(255 * float(value)):02x}" for value in mean)
        axes.text(place + 0.48, -0.12, codes, ha="center", va="top", fontsize="x-small")
        axes.text(place + 0.48, 2.08, name, ha="center", va="bottom", fontsize="small")
    axes.set(xlim=(0, len(PALETTE)), ylim=(-0.4, 2.5), yticks=(0.48, 1.48), yticklabels=("painted", "asked"))
    axes.set_xticks([])
    axes.set_frame_on(False)
    axes.tick_params(length=0)
    picture = BytesIO()
    figure.savefig(picture, dpi=110)
    write_whole(run.folder / "colors.png", picture.getvalue())
    pyplot.close(figure)
