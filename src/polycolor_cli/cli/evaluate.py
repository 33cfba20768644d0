"""polycolor evaluate: measure models, and classical fills, on drawings with truth."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from polycolor_cli.cli import outputs, painting
from polycolor_cli.errors import PolycolorError

EPILOG = "Example: polycolor evaluate dataset/ --against bucket,closing,trapped-ball --sheet worst.png"

REPORT = b'[\n {\n  "dataset": '
"""How a report begins, and what tells it from other files."""
SHEET = "sheet"
"""What a sheet says of itself, beside who made it."""


def command(
    datasets: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATASET...",
            help="Datasets, or folders of drawings (in/) beside their coverage (gt/).",
            show_default=False,
        ),
    ],
    models: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="M", help="Model to measure: a name, an .onnx file or a run. May be repeated."),
    ] = None,
    offline: painting.Offline = False,
    against: Annotated[
        str,
        typer.Option(
            "--against",
            metavar="FILL,...",
            help="Classical fills beside it: bucket, holes, closing, adaptive, trapped-ball, hull; or all.",
        ),
    ] = "",
    alone: Annotated[
        bool,
        typer.Option(
            "--network-alone", help="Measure what the network says, without tracing outlines that are closed anyway."
        ),
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--json", metavar="F.json", help="Write the measures of every drawing.")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="F.png", help="Draw the worst drawings: drawing, fill, truth."),
    ] = None,
) -> None:
    """Measure how well models fill drawings whose truth is known.

    A dataset is measured on its validation rows. All measures are means over the drawings; the time is
    a median, without reading and writing files.
    """
    from rich.box import MARKDOWN
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Table

    from polycolor_cli.evaluate import scores
    from polycolor_cli.evaluate.cases import read_cases
    from polycolor_cli.evaluate.classical import FILLS
    from polycolor_cli.files.atomic import write_whole
    from polycolor_cli.files.picture import write_picture
    from polycolor_cli.models.weights import DEFAULT

    names = list(FILLS) if against == "all" else [name for name in against.split(",") if name]
    for name in names:
        if name not in FILLS:
            raise PolycolorError(f"--against {name}: not one of {', '.join(FILLS)}, or all")
    if report is not None:
        outputs.check_json(report, REPORT)
    if page is not None:
        outputs.check_picture(page, SHEET)
    models = models or [DEFAULT]
    maps = [folder for folder in datasets if (folder / "labels").is_dir()]
    datasets = [folder for folder in datasets if folder not in maps]
    if maps:
        _regions(maps, models, names, offline)
    if not datasets:
        return
    folders = {str(folder).rstrip("/"): read_cases(folder) for folder in datasets}
    methods = {model: scores.by_model(painting.colorizer(model, offline=offline), alone) for model in models}
    methods |= {name: scores.by_hand(name) for name in names}

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=sum(map(len, folders.values())))
        results = scores.evaluate(folders, methods, lambda name: progress.update(task, description=name, advance=1))

    plain = Console(file=sys.stdout, width=80, highlight=False)
    for folder, cases in folders.items():
        table = Table(box=MARKDOWN, padding=(0, 0))
        for heading in ("fill", *scores.MEASURES.values()):
            table.add_column(heading, justify="left" if heading == "fill" else "right", overflow="fold")
        for row in scores.rows([score for score in results if score.folder == folder]):
            table.add_row(*row)
        print(f"{folder}: {len(cases)} drawing{'s' if len(cases) != 1 else ''}")
        plain.print(table)
    if report is not None:
        entries = [
            {"dataset": score.folder, "fill": score.method, "mean": score.mean(), "drawings": score.drawings}
            for score in results
        ]
        write_whole(report, json.dumps(entries, indent=1).encode() + b"\n")
    if page is not None:
        by_name = {(folder, case.name): case for folder, cases in folders.items() for case in cases}
        chosen = [by_name[key] for key in scores.worst(results, models[0])]
        write_picture(scores.sheet(chosen, methods[models[0]]), page, SHEET)


def _regions(folders: list[Path], models: list[str], names: list[str], offline: bool) -> None:
    """Measure how well regions are told apart, and print a table for each folder."""
    from rich.box import MARKDOWN
    from rich.console import Console
    from rich.table import Table

    from polycolor_cli.evaluate import regions

    methods = {model: regions.by_model(painting.colorizer(model, offline=offline)) for model in models}
    methods |= {name: regions.METHODS[name] for name in names if name in regions.METHODS}
    plain = Console(file=sys.stdout, width=80, highlight=False)
    for folder in folders:
        cases = regions.cases(folder)
        table = Table(box=MARKDOWN, padding=(0, 0))
        for heading in ("regions by", *regions.MEASURES):
            table.add_column(heading, justify="left" if heading == "regions by" else "right", overflow="fold")
        for name, method in methods.items():
            table.add_row(name, *regions.row([regions.measure(method, *case) for case in cases]))
        print(f"{folder}: {len(cases)} drawing{'s' if len(cases) != 1 else ''}")
        plain.print(table)
