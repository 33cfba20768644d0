"""What a training leaves behind: the model in two files, curves, and sample pictures."""

import platform
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from polycolor_cli.data.dataset import read_dataset
from polycolor_cli.nn.export import export, save_weights
from polycolor_cli.nn.unet import UNet
from polycolor_cli.picture import write_picture, write_whole
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.loop import color_input, painted_exactly, validation_batches
from polycolor_cli.train.run import Run

matplotlib.use("Agg")


def finish(run: Run, config: TrainConfig) -> None:
    """Write model.onnx, model.safetensors, curves.png and samples.png from a run's checkpoint.

    The model is the moving average of the weights, which is what validation measured.
    """
    net = UNet(config.dimensions())
    averaged = load_file(run.checkpoint / "average.safetensors")
    net.load_state_dict({k.removeprefix("module."): v for k, v in averaged.items() if k != "n_averaged"})
    net.eval()
    about = origin(run, config)
    save_weights(net, run.folder / "model.safetensors", about)
    export(net, run.folder / "model.onnx", about)
    draw_curves(run)
    draw_samples(run, config, net)


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
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for axes, names, title in ((left, ["train_loss", "val_loss"], "loss"), (right, shares, "validation")):
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
def draw_samples(run: Run, config: TrainConfig, net: UNet, count: int = 8) -> None:
    """A column each for up to eight validation drawings: drawing, fill, truth."""
    splits = read_dataset(Path(config.dataset)) if config.dataset else None
    batch = validation_batches(config, splits)[0]
    painted = painted_exactly(net(batch.drawing, color_input(net, batch)), batch)
    rows = [batch.gray.expand(-1, 3, -1, -1), painted, batch.painted]
    sheet = torch.cat([torch.cat(list(row[:count]), 2) for row in rows], 1)
    pixels = (sheet.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    write_picture(Image.fromarray(pixels), run.folder / "samples.png")
