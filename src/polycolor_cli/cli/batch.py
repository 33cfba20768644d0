"""polycolor batch: fill every picture of a folder."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from polycolor_cli.cli import painting
from polycolor_cli.errors import PolycolorError

EPILOG = "Example: polycolor batch folder/ --color red"


def command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of drawings, searched through and through.")],
    color: painting.Color = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="Folder to write to  [default: FOLDER-colored]"),
    ] = None,
    lines: painting.Lines = "fill",
    background: painting.Background = "keep",
    mask: painting.Mask = False,
    model: painting.Model = "polycolor",
) -> None:
    """Fill the shapes in all pictures of a folder.

    A picture that cannot be read is named at the end and never stops the rest; the exit code is 1 then.
    """
    if color is None and not mask:
        raise PolycolorError("which colour? Give one with --color (see 'polycolor colors')")

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from polycolor_cli.batch import Job, fill_all, plan
    from polycolor_cli.fill import Colorizer, Paint

    how = None if mask else Paint(color or "", lines, background)  # type: ignore[arg-type]
    output = output or folder.resolve().with_name(f"{folder.resolve().name}-colored")
    jobs = plan(folder, output)
    if not jobs:
        raise PolycolorError(f"{folder}: there are no pictures in it")
    colorizer = Colorizer(model)

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(jobs))

        def report(number: int, job: Job) -> None:
            progress.update(task, description=job.source.name, completed=number)

        result = fill_all(jobs, colorizer, how, report)
        progress.update(task, description="", completed=len(jobs))

    for source in result.empty:
        print(f"polycolor: {source}: no shape found, nothing was filled", file=sys.stderr)
    for source, reason in result.failed:
        # most reasons begin with the file's name already
        print(f"polycolor: {reason if reason.startswith(str(source)) else f'{source}: {reason}'}", file=sys.stderr)
    print(f"{result.done} of {len(jobs)} pictures filled, in {output}")
    if result.failed:
        raise typer.Exit(1)
