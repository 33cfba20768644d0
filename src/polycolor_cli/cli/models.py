"""polycolor models: the published models, and those that are on this machine."""

import sys
from typing import Annotated

import typer

from polycolor_cli.cli.quick import QuickCommand, QuickGroup
from polycolor_cli.errors import PolycolorError

HELP = "List and download models."

app = typer.Typer(name="models", cls=QuickGroup, help=HELP, rich_markup_mode=None, invoke_without_command=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A published model (see 'polycolor models').")]


@app.callback()
def models(context: typer.Context) -> None:
    """List the published models: size, where each is, and how well it fills."""
    if context.invoked_subcommand is not None:
        return
    from rich.box import MARKDOWN
    from rich.console import Console
    from rich.table import Table

    from polycolor_cli.weights import published

    entries = published().values()
    figures = list(dict.fromkeys(name for entry in entries for name in entry.figures))
    table = Table(box=MARKDOWN)
    for heading in ("model", "MB", "where", *figures, "licence", ""):
        table.add_column(heading, justify="right" if heading in ("MB", *figures) else "left", no_wrap=True)
    for entry in entries:
        where = "in the package" if entry.ships else "downloaded" if entry.path.is_file() else "to be downloaded"
        measured = [f"{entry.figures[name]:g}" if name in entry.figures else "" for name in figures]
        table.add_row(entry.name, f"{entry.size / 1e6:.1f}", where, *measured, entry.licence, entry.about)
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200).print(table)


@app.command("download", cls=QuickCommand)
def download(name: Name) -> None:
    """Download a model to the user's cache, unless it is there."""
    from polycolor_cli.cli.download import progress
    from polycolor_cli.weights import read

    entry = _published(name)
    with progress() as show:
        read(entry, progress=show)
    path(name)


@app.command("path", cls=QuickCommand)
def path(name: Name) -> None:
    """Print where a model's file is."""
    from polycolor_cli.weights import published

    entry = published()[_published(name)]
    if not entry.path.is_file():
        raise PolycolorError(f"{name}: not downloaded yet; run: polycolor models download {name}")
    print(entry.path)


@app.command("clear", cls=QuickCommand)
def clear() -> None:
    """Remove all downloaded models from the user's cache."""
    from polycolor_cli import weights

    freed = weights.clear()
    print(f"{freed / 1e6:.1f} MB removed from {weights.cache()}")


def _published(name: str) -> str:
    from polycolor_cli.weights import published

    if name not in published():
        raise PolycolorError(f"{name}: no published model; there are {', '.join(published())}")
    return name
