"""What a training leaves behind: the model in two files, the weights that it ended with, and pictures."""

import platform
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from polycolor_cli.data.dataset import read_dataset
from polycolor_cli.nn.export import export, save_weights
from polycolor_cli.nn.unet import UNet
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.pictures import draw_curves, draw_pictures
from polycolor_cli.train.run import Run
from polycolor_cli.train.validate import validation_batches


def finish(run: Run, config: TrainConfig) -> None:
    """Write model.onnx, model.safetensors, last.safetensors and the pictures of a run from its checkpoint.

    The model is the moving average of the weights, which is what validation measured, after its best epoch;
    last.safetensors is the same after the last one.
    """
    about = origin(run, config)
    last = _averaged(run.last_checkpoint / "average.safetensors", config)
    save_weights(last, run.folder / "last.safetensors", about)
    net = _averaged(run.best, config) if run.best.exists() else last
    save_weights(net, run.folder / "model.safetensors", about)
    export(net, run.folder / "model.onnx", about)
    draw_curves(run)
    splits = read_dataset(Path(config.dataset)) if config.dataset else None
    draw_pictures(run, net, validation_batches(config, splits)[0])


def _averaged(path: Path, config: TrainConfig) -> UNet:
    """The network with the weights that a training keeps the moving average of."""
    net = UNet(config.dimensions())
    tensors = {key.removeprefix("module."): value for key, value in load_file(path).items() if key != "n_averaged"}
    net.load_state_dict(tensors)
    return net.eval()


def origin(run: Run, config: TrainConfig) -> dict[str, Any]:
    """Where a model comes from: its data, seed, length and last figures."""
    rows = run.rows()
    return {
        "dataset": config.dataset.replace("\\", "/").rstrip("/").split("/")[-1],
        "synthetic": config.synthetic,
        "seed": config.seed,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "best_epoch": run.best_epoch,
        "last": rows[-1] if rows else {},
    }
