"""What a training is: every setting, with its default, in one printable place."""

import json
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from polycolor_cli.color import PALETTE
from polycolor_cli.errors import PolycolorError
from polycolor_cli.nn.export import load_weights
from polycolor_cli.nn.losses import Loss
from polycolor_cli.nn.unet import Conditioning, Dimensions, Upsampling

Optimizer = Literal["adamw", "adam"]


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training; `config.toml` of a run holds exactly these.

    dataset: folder in the dataset layout, or empty; synthetic: draw from the synthetic world.
    An epoch goes once through the dataset, or through 16,000 drawings without one.
    steps: optimiser steps, or 0 to train for `epochs`. lr: the highest learning rate, reached after
    a short warm-up and brought to zero over the last `decay` share of the training.
    precision: `bf16` or `fp32`. init_from: a `.safetensors` model to start from, or empty.
    """

    dataset: str = ""
    synthetic: bool = False
    conditioning: Conditioning = "coverage"
    epochs: int = 50
    steps: int = 0
    batch_size: int = 32
    lr: float = 2e-3
    loss: Loss = "bce-dice"
    optimizer: Optimizer = "adamw"
    width: int = 16
    depth: int = 6
    max_width: int = 96
    patch: int = 2
    upsampling: Upsampling = "bilinear"
    embed_dim: int = 16
    refine: int = 16
    decay: float = 0.4
    precision: str = "fp32"
    seed: int = 0
    init_from: str = ""

    def dimensions(self) -> Dimensions:
        return Dimensions(
            conditioning=self.conditioning,
            width=self.width,
            depth=self.depth,
            max_width=self.max_width,
            patch=self.patch,
            upsampling=self.upsampling,
            embed_dim=self.embed_dim,
            colors=len(PALETTE),
            refine=self.refine,
        )

    def save(self, path: Path) -> None:
        # a flat table of strings, numbers and booleans is the same in JSON and in TOML
        lines = [f"{key} = {json.dumps(value)}" for key, value in asdict(self).items()]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def check(self) -> None:
        """Raise PolycolorError for a setting that names nothing we have."""
        for name, choices in (("loss", Loss), ("optimizer", Optimizer)):
            if getattr(self, name) not in get_args(choices):
                raise PolycolorError(f"--{name} is {getattr(self, name)!r}, not one of {', '.join(get_args(choices))}")
        try:
            self.dimensions()
        except ValueError as error:
            raise PolycolorError(str(error)) from None

    @classmethod
    def load(cls, path: Path) -> "TrainConfig":
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        known = {f.name for f in fields(cls)}
        return cls(**{key: value for key, value in table.items() if key in known})


def best_precision() -> str:
    """`bf16` where this machine multiplies in it by hardware, else `fp32`."""
    native = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return "bf16" if native else "fp32"


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
    names = {f.name for f in fields(TrainConfig)} & set(dims)
    for name in sorted(names & set(given)):
        if given[name] != dims[name]:
            option = name.replace("_", "-")
            raise PolycolorError(f"--{option} {given[name]}: {model} has {dims[name]}, and a start keeps it")
    return given | {name: dims[name] for name in names}
