"""What a training is: every setting, with its default, in one printable place."""

import json
import tomllib
from dataclasses import asdict, dataclass, fields
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from polycolor_cli.color import PALETTE, named
from polycolor_cli.errors import PolycolorError
from polycolor_cli.nn.export import load_weights
from polycolor_cli.nn.losses import Loss
from polycolor_cli.nn.text import Pooling
from polycolor_cli.nn.unet import Attention, Conditioning, Dimensions, Upsampling

Optimizer = Literal["adamw", "adam"]
LOGS = ("csv", "tensorboard", "wandb")
"""What a training can be logged to; the metrics.csv of its run is always written."""
Precision = Literal["bf16-mixed", "32"]


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training; `config.toml` of a run holds exactly these.

    dataset: folder in the dataset layout, or empty; synthetic: draw from the synthetic world; shapes: a folder of
    SVGs whose line art that world has, or empty for the usual illustrations.
    An epoch goes once through the dataset, or through 16,000 drawings without one.
    steps: optimiser steps, or 0 to train for `epochs`; patience: epochs without a smaller validation loss
    after which to end early, or 0. batch_size: drawings per step, of all processes together.
    augment: show the rows of a dataset turned, mirrored and worn, otherwise at each epoch.
    lr: the highest learning rate, reached after the first `warm_up` share of the training and brought to
    zero over the last `decay` share of it. clip: the longest a gradient may be, or 0. averaging: how much
    of the moving average of the weights, which is what becomes the model, is kept at each step; 0 for
    the weights as they are.
    progressive: sides that drawings are shrunk to first, as in `32,64,128`; empty for never.
    adversarial: weight of the loss of not fooling a discriminator, or 0.
    agreement: weight of the loss of answering otherwise to the same drawing turned, mirrored and moved, or 0; with it
    each step sees every drawing twice.
    text_encoder, pooling: where the vectors of `text_dim` come from that a `text-film` network is told.
    init_from: a `.safetensors` model to start from, or empty. log: what to log to beside metrics.csv.
    The others are explained at `Dimensions`.
    """

    dataset: str = ""
    synthetic: bool = False
    shapes: str = ""
    conditioning: Conditioning = "coverage"
    epochs: int = 50
    steps: int = 0
    patience: int = 0
    batch_size: int = 32
    lr: float = 2e-3
    loss: Loss = "bce-dice"
    optimizer: Optimizer = "adamw"
    weight_decay: float = 0.01
    width: int = 16
    depth: int = 6
    max_width: int = 96
    patch: int = 2
    upsampling: Upsampling = "bilinear"
    embed_dim: int = 16
    refine: int = 16
    residual: bool = False
    attention: Attention = "none"
    border: bool = False
    text_encoder: str = ""
    text_dim: int = 0
    pooling: Pooling = "cls"
    progressive: str = ""
    adversarial: float = 0.0
    agreement: float = 0.0
    warm_up: float = 0.03
    decay: float = 0.4
    augment: bool = False
    clip: float = 1.0
    averaging: float = 0.998
    precision: Precision = "32"
    seed: int = 0
    init_from: str = ""
    log: str = ""

    def dimensions(self) -> Dimensions:
        return Dimensions(
            conditioning=self.conditioning,
            width=self.width,
            depth=self.depth,
            max_width=self.max_width,
            patch=self.patch,
            upsampling=self.upsampling,
            embed_dim=self.embed_dim,
            colors=len(named() if self.conditioning == "text-film" else PALETTE),
            refine=self.refine,
            residual=self.residual,
            attention=self.attention,
            text_dim=self.text_dim if self.conditioning == "text-film" else 0,
            border=self.border,
        )

    @property
    def sides(self) -> list[int]:
        """The sides that drawings are shrunk to one after the other, the last being full size."""
        return [int(side) for side in self.progressive.split(",")] if self.progressive else []

    def save(self, path: Path) -> None:
        # a flat table of strings, numbers and booleans is the same in JSON and in TOML
        lines = [f"{key} = {json.dumps(value)}" for key, value in asdict(self).items()]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def check(self) -> None:
        """Raise PolycolorError for a setting that names nothing we have."""
        for name, choices in (
            ("loss", Loss), ("optimizer", Optimizer), ("pooling", Pooling), ("precision", Precision)
        ):  # fmt: skip
            if getattr(self, name) not in get_args(choices):
                raise PolycolorError(f"--{name} is {getattr(self, name)!r}, not one of {', '.join(get_args(choices))}")
        strange = [name for name in self.log.split(",") if self.log and name not in LOGS]
        if strange:
            raise PolycolorError(f"--log is {self.log!r}: {strange[0]!r} is not one of {', '.join(LOGS)}")
        missing = [name for name in self.log.split(",") if name not in ("", "csv") and find_spec(name) is None]
        if missing:
            raise PolycolorError(f"--log {missing[0]}: needs more; install polycolor[log]")
        try:
            sides = self.sides
        except ValueError:
            sides = [0]
        if any(small < 1 or large != 2 * small for small, large in pairwise([*sides, 2 * sides[-1]] if sides else [])):
            raise PolycolorError(
                f"--progressive is {self.progressive!r}: give sides that double, like 32,64,128, the last for full size"
            )
        try:
            self.dimensions()
        except ValueError as error:
            raise PolycolorError(str(error)) from None

    @classmethod
    def load(cls, path: Path) -> "TrainConfig":
        """The settings in a run's config.toml. Raises PolycolorError where it is damaged."""
        return cls(**settings_in(path))


def settings_in(path: Path) -> dict[str, Any]:
    """The settings in a TOML file, which may be some of them. Raises PolycolorError for a bad file or setting."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PolycolorError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolycolorError(f"{path}: no readable TOML ({error})") from None
    kinds = {f.name: type(f.default) for f in fields(TrainConfig)}
    for name, value in table.items():
        if name not in kinds:
            raise PolycolorError(f"{path}: there is no setting {name!r}; there are {', '.join(kinds)}")
        if kinds[name] is float and type(value) is int:
            table[name] = float(value)
        elif type(value) is not kinds[name]:
            raise PolycolorError(f"{path}: {name} is {value!r}, which is no {kinds[name].__name__}")
    return table


CLIP = "openai/clip-vit-base-patch32"
"""The text encoder that is asked where none is named."""

_AS_THEY_DID = {"optimizer": "adam", "epochs": 50, "warm_up": 0.0, "decay": 0.0, "clip": 0.0, "averaging": 0.0}
_PLAIN_UNET = {"width": 64, "depth": 4, "max_width": 512, "patch": 1}

PRESETS: dict[str, dict[str, Any]] = {
    "polygon-unet": _AS_THEY_DID
    | _PLAIN_UNET
    | {
        "conditioning": "embedding",
        "embed_dim": 16,
        "upsampling": "bilinear",
        "loss": "mse",
        "lr": 1e-3,
        "batch_size": 8,
    },
    "ayna": _AS_THEY_DID
    | _PLAIN_UNET
    | {"conditioning": "rgb", "upsampling": "transposed", "loss": "l1", "lr": 1e-4, "batch_size": 1},
    "ayna-text": _AS_THEY_DID
    | _PLAIN_UNET
    | {
        "conditioning": "text-film",
        "text_encoder": CLIP,
        "pooling": "mean",
        "upsampling": "transposed",
        "loss": "l1",
        "lr": 1e-4,
        "batch_size": 1,
    },
}
"""The recipes of two earlier projects on this task, by name: a plain U-Net of three halvings on 128 x 128 pictures,
a constant learning rate, the weights as they are. `polygon-unet` is the best of its grid (R23); `ayna` is what its
project came to, the colour as three planes beside the drawing, and `ayna-text` the way that it gave up.
"""


SPENT = 0.2
"""Seconds in which a precision is timed."""


def best_precision() -> Precision:
    """`bf16-mixed` where this machine is quicker in it, else `32`: measured where hardware has it."""
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32"
    if not (torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()):
        return "32"
    return "bf16-mixed" if _seconds_of_a_step(True) < _seconds_of_a_step(False) else "32"


def _seconds_of_a_step(in_bf16: bool) -> float:
    """How long convolutions as of a training take here, forward and backward, on one core: the best of many times."""
    from torch.utils.benchmark import Timer

    net = torch.nn.Sequential(*(torch.nn.Conv2d(32, 32, 3, padding=1) for _ in range(3)))
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    drawings = torch.zeros(8, 32, 64, 64).contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=in_bf16):
            net(drawings).float().sum().backward()

    # on more than one, cores that are busy with something else are waited for, and the answer is a guess
    return min(Timer("step()", globals={"step": step}, num_threads=1).blocked_autorange(min_run_time=SPENT).times)


def dimensions_of(model: Path, given: dict[str, Any]) -> dict[str, Any]:
    """Settings completed with the dimensions of a model to start from; a larger width makes it wider all over.

    Raises PolycolorError where the model cannot be read or a given setting contradicts it.
    """
    try:
        dims = load_weights(model).dims.as_dict()
    except ValueError as error:
        raise PolycolorError(str(error)) from None
    width = given.get("width", 0)
    if width > dims["width"]:
        dims |= {"width": width, "max_width": round(dims["max_width"] * width / dims["width"])}
    # synthetic drawings tell where borders are, so a start learns to see them beside what it knows
    dims["border"] = dims["border"] or (dims["conditioning"] == "coverage" and bool(given.get("synthetic")))
    names = {f.name for f in fields(TrainConfig)} & set(dims)
    for name in sorted(names & set(given)):
        if given[name] != dims[name]:
            option = name.replace("_", "-")
            raise PolycolorError(f"--{option} {given[name]}: {model} has {dims[name]}, and a start keeps it")
    return given | {name: dims[name] for name in names}
