"""polycolor colorize: fill the shape in one picture, or in a few."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polycolor_cli.cli import painting
from polycolor_cli.errors import FileError, PolycolorError

if TYPE_CHECKING:
    from polycolor_cli.fill.colorizer import Colorizer, How

EPILOG = "Example: polycolor colorize shape.png --color magenta -o out.png"


def command(
    pictures: Annotated[list[str], typer.Argument(metavar="PICTURE", help="Drawings to fill; - reads one from stdin.")],
    color: painting.Color = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="OUT", help="File to write, a folder for several pictures, or - for stdout."
        ),
    ] = None,
    lines: painting.Lines = None,
    background: painting.Background = "keep",
    holes: painting.Holes = "fill",
    only: painting.Only = "all",
    mask: painting.Mask = False,
    at: painting.At = None,
    each: painting.Each = None,
    by: painting.Whole = "region",
    regions: painting.RegionMap = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="A line of JSON for every picture on stdout: its regions, their areas, boxes, and a point in each.",
            rich_help_panel="Regions",
        ),
    ] = False,
    model: painting.Model = "polycolor",
    offline: painting.Offline = False,
) -> None:
    """Fill the shape in a drawing with a colour.

    Without -o the result is written beside the drawing: shape.png becomes shape-magenta.png.
    """
    partly = painting.by_regions([color] if color else None, lines, background, at, each, by, regions)
    if as_json and (output == "-" or "-" in pictures):
        raise PolycolorError("--json: goes to stdout, where a picture would go too; give -o a file")
    if color is None and not mask and not partly and not as_json:
        color = _ask()
    # everything that can be refused is refused before the first picture is read
    from polycolor_cli.errors import PointError
    from polycolor_cli.fill.paint import Paint

    how: How = partly
    if not partly and not mask and color:
        how = Paint(color, lines or "fill", background, holes, only)  # type: ignore[arg-type]
    name = how.slug if how else "mask"
    jobs = [(source, _target(source, output, name, many=len(pictures) > 1)) for source in pictures]
    _refuse_collisions(jobs)
    if background == "transparent" and not mask:
        _refuse_opaque(jobs)
    colorizer = painting.colorizer(model, offline=offline)
    failed = False
    for source, target in jobs:
        try:
            if as_json:
                _tell(source, colorizer, by)
            if not as_json or color or mask or partly:
                _one(source, target, colorizer, how, quiet=as_json)
        except PointError as error:
            # where somebody points nowhere, nothing can be done at all
            print(f"polycolor: {FileError(source)}: {error}", file=sys.stderr)
            raise typer.Exit(2) from None
        except PolycolorError as error:
            failed = True
            print(f"polycolor: {error}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _tell(source: str, colorizer: "Colorizer", by: str) -> None:
    """A line of JSON for a picture's regions."""
    from polycolor_cli.files.picture import read_picture

    regions = colorizer.regions(read_picture(Path(source)), by)  # type: ignore[arg-type]
    print(json.dumps({"source": source, "count": regions.count, "regions": regions.table()}))


def _one(source: str, target: Path | None, colorizer: "Colorizer", how: "How", quiet: bool) -> None:
    from polycolor_cli.files.picture import encode, read_bytes, read_picture, write_picture
    from polycolor_cli.fill.paint import MARK

    if target is not None:
        _refuse_foreign(target)
    given = read_bytes(sys.stdin.buffer, "stdin") if source == "-" else Path(source)
    filled = colorizer.fill(read_picture(given, "stdin" if source == "-" else None), how)
    if filled.warning:
        print(f"polycolor: {FileError(source)}: {filled.warning}", file=sys.stderr)
    if target is None:
        sys.stdout.buffer.write(encode(filled.pixels, mark=MARK, about=filled.about))
        sys.stdout.buffer.flush()
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    write_picture(filled.pixels, target, MARK, filled.about)
    if quiet:
        return
    # the name itself, whatever letters the terminal knows: a program may read it
    sys.stdout.buffer.write(os.fsencode(target) + b"\n")
    sys.stdout.buffer.flush()


def _refuse_opaque(jobs: list[tuple[str, Path | None]]) -> None:
    from polycolor_cli.files.picture import OPAQUE, format_of

    for _, target in jobs:
        if target is not None and format_of(target) in OPAQUE:
            raise FileError(f"{target}: {format_of(target)} has no transparency; write a PNG or a WebP")


def _refuse_foreign(target: Path) -> None:
    """Raise FileError where something lies in the place of a result that is none itself."""
    from polycolor_cli.files.picture import can_be_marked, mark_of

    found = mark_of(target)
    if found is None or found not in ("", "sheet"):
        return
    if can_be_marked(target) or target.read_bytes()[:2] != b"BM":
        raise FileError(f"{target}: is there already, and not by polycolor; move it or give another -o")


def _target(source: str, output: str | None, name: str, many: bool) -> Path | None:
    """Where the result of a picture goes; None is stdout."""
    if output == "-" or (output is None and source == "-"):
        if many:
            raise PolycolorError("several pictures cannot go to stdout: give -o a folder")
        return None
    stem = "stdin" if source == "-" else Path(source).stem
    if output is None:
        return Path(source).with_name(f"{stem}-{name}.png")
    path = Path(output)
    if many and path.exists() and not path.is_dir():
        raise FileError(f"{output}: must be a folder, for there are several pictures")
    if path.is_dir() or many or output.endswith("/"):
        return path / f"{stem}.png"
    from polycolor_cli.files.picture import format_of

    format_of(path)
    if not path.parent.is_dir():
        raise FileError(f"{output}: there is no folder {str(path.parent)!r}")
    return path


def _refuse_collisions(jobs: list[tuple[str, Path | None]]) -> None:
    # not pathlib's resolve, which some versions of Python let fail on links in circles
    inputs = {os.path.realpath(source) for source, _ in jobs if source != "-"}
    taken: dict[str, str] = {}
    for source, target in jobs:
        if target is None:
            continue
        whole = os.path.realpath(target)
        if whole in inputs:
            raise FileError(f"{target}: is one of the drawings, and would be overwritten; give another -o")
        if whole in taken:
            raise FileError(f"{taken[whole]} and {source} would both be written to {target}")
        taken[whole] = source


def _ask() -> str:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise PolycolorError("which colour? Give one with --color (see 'polycolor colors')")
    from rich.columns import Columns
    from rich.console import Console

    from polycolor_cli.cli.colors import swatch
    from polycolor_cli.color import PALETTE, parse_color

    console = Console(stderr=True, highlight=False)
    console.print(Columns([swatch(name, rgb) for name, rgb in PALETTE.items()], equal=True))
    while True:
        typed = console.input("Colour (a name, #rrggbb, hsl() …): ").strip()
        try:
            parse_color(typed)
            return typed
        except PolycolorError as error:
            console.print(f"[red]{error}[/]")
