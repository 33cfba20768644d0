"""The painting options that `colorize` and `batch` share."""

from typing import Annotated

import typer

Color = Annotated[
    str | None,
    typer.Option(
        "--color", "-c", metavar="COLOR", help="Colour to fill with: a name, #rrggbb, rgb(), hsl(), oklch() …"
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
        metavar="NAME|PATH",
        help="Model to use: a name, or an .onnx file or run of 'train'.",
        rich_help_panel="Model",
    ),
]
