"""polycolor dataset: write a synthetic dataset to train on or to measure with."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from polycolor_cli.cli import settings

EPILOG = "Example: polycolor dataset shapes/ --train 56 --validation 8 --seed 1"


def command(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="New folder to write.")],
    train: Annotated[int, typer.Option("--train", metavar="N", min=1, help="Rows to train on.")] = 56,
    validation: Annotated[int, typer.Option("--validation", metavar="M", min=1, help="Rows to validate with.")] = 8,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same bytes.")] = 0,
    shapes: settings.Shapes = None,
    worn: Annotated[
        bool, typer.Option("--worn", help="All kinds of drawings and wear, not just clean outlines of 8 shapes.")
    ] = False,
    regions: Annotated[
        bool, typer.Option("--regions", help="Line art, and in every second row a point and one region filled.")
    ] = False,
) -> None:
    """Write a synthetic dataset of drawings and their filled pictures.

    Shapes and colours of the validation rows are never paired in the training rows.
    """
    from polycolor_cli.data.synthetic import TAUGHT
    from polycolor_cli.data.write import write_dataset

    world = None
    if shapes or regions:
        world = replace(settings.world_of(shapes) if shapes else TAUGHT, art_alone=True)
    write_dataset(folder, train, validation, seed, "worn" if worn or world else "plain", world, regions)
    print(f"{train} + {validation} drawings written to {folder}")
