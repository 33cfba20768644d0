"""The options that say what a training is: those of train, and what tune fixes for all its trainings."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polycolor_cli.errors import PolycolorError

if TYPE_CHECKING:
    from polycolor_cli.data.synthetic import World
    from polycolor_cli.train.config import TrainConfig

_TRAINING, _NETWORK = "Training", "Network"

Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="Folder in the dataset layout.", show_default=False)]
Synthetic = Annotated[bool, typer.Option("--synthetic", help="Learn from endless synthetic drawings (too).")]
Shapes = Annotated[
    Path | None,
    typer.Option(
        "--shapes",
        metavar="FOLDER",
        help="SVGs whose line art is drawn, instead of the illustrations that the default model has learnt from.",
    ),
]
Epochs = Annotated[
    int,
    typer.Option(
        min=1,
        help="Rounds through the data (16,000 drawings a round without a dataset).",
        rich_help_panel=_TRAINING,
    ),
]
BatchSize = Annotated[int, typer.Option(min=1, help="Drawings per step.", rich_help_panel=_TRAINING)]
Lr = Annotated[float, typer.Option(min=0, help="Highest learning rate.", rich_help_panel=_TRAINING)]
Decay = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Last share of the training, over which it falls to zero.", rich_help_panel=_TRAINING
    ),
]
Loss = Annotated[str, typer.Option(metavar="bce-dice|l1|mse", help="What is minimised.", rich_help_panel=_TRAINING)]
Optimizer = Annotated[str, typer.Option(metavar="adamw|adam", help="How.", rich_help_panel=_TRAINING)]
Progressive = Annotated[
    str,
    typer.Option(
        metavar="SIDES",
        help="Shrink drawings at first: 32,64,128 begins at a quarter of the size.",
        rich_help_panel=_TRAINING,
    ),
]
Agreement = Annotated[
    float,
    typer.Option(
        min=0,
        metavar="WEIGHT",
        help="Also learn to answer the same when a drawing is turned, mirrored or moved, which this weighs.",
        show_default=False,
        rich_help_panel=_TRAINING,
    ),
]
Adversarial = Annotated[
    float,
    typer.Option(
        min=0,
        metavar="WEIGHT",
        help="Also learn to fool a discriminator, which this weighs.",
        show_default=False,
        rich_help_panel=_TRAINING,
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same training.", rich_help_panel=_TRAINING)]
Conditioning = Annotated[
    str,
    typer.Option(
        metavar="coverage|rgb|embedding|text-film",
        help="How the network is told the colour.",
        rich_help_panel=_NETWORK,
    ),
]
Width = Annotated[int, typer.Option(min=1, help="Channels at the finest level.", rich_help_panel=_NETWORK)]
Depth = Annotated[int, typer.Option(min=1, help="Levels.", rich_help_panel=_NETWORK)]
MaxWidth = Annotated[int, typer.Option(min=1, help="Most channels at any level.", rich_help_panel=_NETWORK)]
Patch = Annotated[
    int,
    typer.Option(
        min=1, help="Side of the pixel block folded into channels; 1 for a plain U-Net.", rich_help_panel=_NETWORK
    ),
]
Upsampling = Annotated[
    str, typer.Option(metavar="bilinear|transposed", help="How the decoder enlarges.", rich_help_panel=_NETWORK)
]
EmbedDim = Annotated[int, typer.Option(min=1, help="Numbers per colour name.", rich_help_panel=_NETWORK)]
TextEncoder = Annotated[
    str,
    typer.Option(
        metavar="NAME|DIR",
        help="For text-film: a text model on the Hugging Face hub or in a folder. [default: a CLIP]",
        rich_help_panel=_NETWORK,
    ),
]
Pooling = Annotated[
    str, typer.Option(metavar="cls|mean", help="For text-film: one vector of a text.", rich_help_panel=_NETWORK)
]
Residual = Annotated[bool, typer.Option("--residual", help="Shortcuts around convolutions.", rich_help_panel=_NETWORK)]
Attention = Annotated[
    str,
    typer.Option(
        metavar="none|bottleneck|coarse",
        help="Let positions look at each other, at the coarsest level or the three coarsest.",
        rich_help_panel=_NETWORK,
    ),
]


def given_in(ctx: typer.Context) -> dict[str, Any]:
    """The settings of a training that were typed."""
    from polycolor_cli.train.config import TrainConfig

    return {
        name: value
        for name, value in ctx.params.items()
        if name in TrainConfig.__dataclass_fields__ and ctx.get_parameter_source(name).name != "DEFAULT"  # type: ignore[union-attr]
    }


def say(line: str) -> None:
    """Say something about the data that ends nothing."""
    print(f"polycolor: {line}", file=sys.stderr)


def configured(given: dict[str, Any]) -> "TrainConfig":
    """The configuration of a training, complete and checked. Raises PolycolorError for what it cannot be."""
    from polycolor_cli.nn.text import width_of
    from polycolor_cli.train.config import CLIP, TrainConfig, best_precision

    for name in ("loss", "optimizer", "conditioning", "upsampling", "attention", "log"):
        # BCE+Dice, AdamW and L1 are how papers spell them
        if name in given:
            given[name] = given[name].lower().replace("+", "-")
    if given.get("shapes"):
        if not given.get("synthetic"):
            raise PolycolorError("--shapes: is drawn from by --synthetic, so give that too")
        given = given | {"shapes": str(Path(given["shapes"]).resolve())}
    if given.get("dataset"):
        # a run can be resumed from anywhere
        given = given | {"dataset": str(Path(given["dataset"]).resolve())}
    if given.get("conditioning") == "text-film" and not given.get("init_from"):
        encoder = given.get("text_encoder") or CLIP
        given = given | {"text_encoder": encoder, "text_dim": width_of(encoder)}
    if given.get("synthetic") and given.get("conditioning", "coverage") == "coverage":
        given = {"border": True} | given
    config = TrainConfig(**{"precision": best_precision()} | given)
    config.check()
    return config


def world_of(shapes: str | Path) -> "World":
    """The synthetic world with the line art of a folder's SVGs; those that cannot be used are named, and counted."""
    from dataclasses import replace

    from polycolor_cli.data.corpus import corpus_of
    from polycolor_cli.data.synthetic import TAUGHT

    passed: list[str] = []

    def report(line: str) -> None:
        passed.append(line)
        say(line)

    corpus = corpus_of(Path(shapes), report)
    if passed:
        print(f"polycolor: {len(passed)} SVG{'s' if len(passed) > 1 else ''} passed over", file=sys.stderr)
    return replace(TAUGHT, illustrations=corpus)
