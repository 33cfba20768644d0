"""polycolor models: the published models, and those that are on this machine."""

from typing import Annotated

import typer

from polycolor_cli.cli.quick import QuickCommand, QuickGroup
from polycolor_cli.errors import PolycolorError

HELP = "List and download models."

app = typer.Typer(
    name="models", cls=QuickGroup, help=HELP, rich_markup_mode=None, invoke_without_command=True,
    epilog="Example: polycolor models",
)  # fmt: skip

Name = Annotated[str, typer.Argument(metavar="NAME", help="A published model (see 'polycolor models').")]


@app.callback()
def models(context: typer.Context) -> None:
    """List the published models: size, where each is, and how well it fills."""
    if context.invoked_subcommand is not None:
        return
    from polycolor_cli.models.weights import published

    for entry in published().values():
        where = "in the package" if entry.ships else "downloaded" if entry.path.is_file() else "to be downloaded"
        print(f"{entry.name}: {entry.about}")
        print(f"  {entry.size / 1e6:.1f} MB, {entry.licence}, {where}")
        print(f"  filled right: {', '.join(f'{name} {value:g} %' for name, value in entry.figures.items())}")


@app.command("download", cls=QuickCommand, epilog="Example: polycolor models download polycolor")
def download(name: Name) -> None:
    """Download a model to the user's cache, unless it is there."""
    from polycolor_cli.cli.download import progress
    from polycolor_cli.models.weights import read

    entry = _published(name)
    with progress() as show:
        read(entry, progress=show)
    path(name)


@app.command("path", cls=QuickCommand, epilog="Example: polycolor models path polycolor")
def path(name: Name) -> None:
    """Print where a model's file is."""
    from polycolor_cli.models.weights import published

    entry = published()[_published(name)]
    if not entry.path.is_file():
        raise PolycolorError(f"{name}: not downloaded yet; run: polycolor models download {name}")
    print(entry.path)


@app.command("clear", cls=QuickCommand, epilog="Example: polycolor models clear")
def clear() -> None:
    """Remove all downloaded models from the user's cache."""
    from polycolor_cli.models import weights

    freed = weights.clear()
    print(f"{freed / 1e6:.1f} MB removed from {weights.cache()}")


def _published(name: str) -> str:
    from polycolor_cli.models.weights import published

    if name not in published():
        raise PolycolorError(f"{name}: no published model; there are {', '.join(published())}")
    return name
