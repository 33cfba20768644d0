"""The commands, and what `polycolor` says without one."""

import typer

from polycolor_cli.cli import batch, colorize, colors, dataset, evaluate, models, page, train, tune
from polycolor_cli.cli.quick import QuickCommand, QuickGroup

app = typer.Typer(
    name="polycolor",
    cls=QuickGroup,
    help="Fill drawn shapes with a colour you name.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_PANELS = {"Fill": (colorize, batch, page, colors), "Teach": (train, tune, dataset, evaluate)}
for panel, modules in _PANELS.items():
    for module in modules:
        name = module.__name__.rpartition(".")[2]
        app.command(name, cls=QuickCommand, rich_help_panel=panel, epilog=module.EPILOG)(module.command)
app.add_typer(models.app, name="models", help=models.HELP, rich_help_panel="Teach")


def _version(wanted: bool) -> None:
    if wanted:
        from polycolor_cli import __version__

        print(f"polycolor {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Fill drawn shapes with a colour you name."""
