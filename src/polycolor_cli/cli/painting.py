"""The painting options that `colorize` and `batch` share."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from polycolor_cli.fill.colorizer import Colorizer

Color = Annotated[
    str | None,
    typer.Option(
        "--color",
        "--colour",
        "-c",
        metavar="COLOR",
        help="Colour to fill with: a name, #rrggbb, rgb(), hsl(), oklch() …",
    ),
]
Lines = Annotated[
    str,
    typer.Option(
        "--lines",
        metavar="fill|keep",
        help="Paint over the drawn lines, or keep them visible.",
        rich_help_panel="Paint",
    ),
]
Background = Annotated[
    str,
    typer.Option(
        "--background",
        metavar="keep|white|transparent|COLOR",
        help="What lies outside the shape.",
        rich_help_panel="Paint",
    ),
]
Mask = Annotated[
    bool,
    typer.Option("--mask", help="Write the coverage as a gray picture instead of painting.", rich_help_panel="Paint"),
]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="NAME|PATH|URL",
        help="Model to use: a name (see 'polycolor models'), an .onnx file, a run of 'train', or a URL.",
        rich_help_panel="Model",
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never download a model.", rich_help_panel="Model")]


def colorizer(model: str, threads: int = 0, offline: bool = False) -> "Colorizer":
    """The model by its name, its download shown where it has to be downloaded."""
    from polycolor_cli.cli.download import progress
    from polycolor_cli.fill.colorizer import Colorizer
    from polycolor_cli.models.weights import DEFAULT

    if model == DEFAULT:
        return Colorizer(threads=threads)
    with progress() as show:
        return Colorizer(model, threads, offline, show)
