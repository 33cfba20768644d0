"""polycolor page: a page in the browser, on this machine, to drop drawings on and click."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from polycolor_cli.cli import interrupt, painting
from polycolor_cli.errors import FileError, PolycolorError

EPILOG = "Example: polycolor page drawings/"
PANEL = "Server"


def command(
    pictures: Annotated[
        list[str] | None, typer.Argument(metavar="PICTURE", help="Pictures, or folders of them, to begin with.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65535, help="Port to listen at, 0 for any.  [default: 8425]", rich_help_panel=PANEL
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            "--host", help="Address to listen at; any but the usual one lets others in.", rich_help_panel=PANEL
        ),
    ] = "127.0.0.1",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Open no browser; the address is printed.", rich_help_panel=PANEL)
    ] = False,
    api_only: Annotated[
        bool, typer.Option("--api-only", help="The HTTP API alone, without a page.", rich_help_panel=PANEL)
    ] = False,
    model: painting.Model = "polycolor",
    offline: painting.Offline = False,
) -> None:
    """Fill drawings in a browser: drop them, pick a colour, click.

    Nothing leaves this machine. Ctrl-C ends it.
    """
    given = _given(pictures or [])
    if given and api_only:
        raise PolycolorError("--api-only: there is no page to show pictures on")
    from polycolor_cli.page.serve import Page, show

    colorizer = painting.colorizer(model, threads=1, offline=offline)
    if colorizer.conditioning != "coverage":
        raise PolycolorError(f"--model {model}: paints by itself and knows no coverage, which the page needs")
    page = Page(colorizer, host, port, given, page=not api_only)

    def ready() -> None:
        print(page.url, flush=True)
        if sys.stderr.isatty():
            print("Ctrl-C ends it", file=sys.stderr)
        if not page.is_local:
            print("polycolor: everybody who can reach this machine can use it", file=sys.stderr)
        if not (no_browser or api_only):
            show(page.url)

    with interrupt.flags(page, lambda: "stopped"):
        page.run(ready)
    raise interrupt.Interrupted


def _given(names: list[str]) -> list[Path]:
    """The pictures that are named, and those in the folders that are. Raises FileError."""
    from polycolor_cli.files.picture import READABLE

    found: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            seen = (one for one in path.iterdir() if not one.name.startswith("."))
            inside = sorted(one for one in seen if one.suffix.lower() in READABLE and one.is_file())
            if not inside:
                raise FileError(f"{name}: there are no pictures in this folder")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise FileError(f"{name}: no such file")
    return found
