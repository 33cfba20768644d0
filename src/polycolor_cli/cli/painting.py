"""The painting options that `colorize` and `batch` share."""

from typing import TYPE_CHECKING, Annotated

import typer

from polycolor_cli.errors import PointError, PolycolorError

if TYPE_CHECKING:
    from polycolor_cli.fill.colorizer import Colorizer
    from polycolor_cli.fill.paint_regions import LabelMap, RegionPaint

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
    str | None,
    typer.Option(
        "--lines",
        metavar="fill|keep",
        help="Paint over the drawn lines, or keep them visible.  [default: fill; keep with --at and --each]",
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
Holes = Annotated[
    str,
    typer.Option(
        "--holes",
        metavar="fill|keep",
        help="Keep bare what a second outline inside of a shape encloses: rings, letters.",
        rich_help_panel="Paint",
    ),
]
Only = Annotated[
    str,
    typer.Option(
        "--only",
        metavar="all|enclosed",
        help="Leave ink alone that encloses nothing and stands apart: captions, arrows.",
        rich_help_panel="Paint",
    ),
]
At = Annotated[
    list[str] | None,
    typer.Option(
        "--at",
        metavar="X,Y[=COLOR]",
        help="Fill the region under a point alone, in pixels or as 40%,25%; may be repeated.",
        rich_help_panel="Regions",
    ),
]
Each = Annotated[
    str | None,
    typer.Option(
        "--each",
        metavar="COLOR,...|pastel|bright|random:SEED",
        help="Give every region a colour, neighbours different ones.",
        rich_help_panel="Regions",
    ),
]
Whole = Annotated[
    str,
    typer.Option(
        "--by", metavar="region|shape", help="What --each and --regions take as one.", rich_help_panel="Regions"
    ),
]
RegionMap = Annotated[
    bool,
    typer.Option(
        "--regions", help="Write region numbers as a gray picture of 16 bits instead.", rich_help_panel="Regions"
    ),
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


def by_regions(
    colors: list[str] | None,
    lines: str | None,
    background: str,
    at: list[str] | None,
    each: str | None,
    by: str,
    regions: bool,
) -> "RegionPaint | LabelMap | None":
    """How regions are painted, or their map; None where nothing was said of regions. Raises PolycolorError."""
    if not (at or each or regions):
        if by != "region":
            raise PolycolorError("--by: says what --each and --regions take as one; give one of them")
        return None
    from polycolor_cli.fill.paint_regions import LabelMap, Point, RegionPaint, palette

    if sum(map(bool, (at, each, regions))) > 1:
        raise PolycolorError("--at, --each and --regions do different things: give one of them")
    if by not in ("region", "shape"):
        raise PolycolorError(f"--by {by}: not region or shape")
    if regions:
        return LabelMap(by)  # type: ignore[arg-type]
    if each and colors:
        raise PolycolorError("--each brings its own colours; leave --color out")
    points = []
    for one in at or []:
        place, equals, color = one.partition("=")
        if not equals and not colors:
            raise PointError(f"--at {one}: in which colour? Say --at {one}=red, or give --color")
        points.append((Point.parse(place), color if equals else (colors or [""])[0]))
    given = palette(each) if each else ()
    return RegionPaint(tuple(points), given, by, lines or "keep", background)  # type: ignore[arg-type]


def colorizer(model: str, threads: int = 0, offline: bool = False) -> "Colorizer":
    """The model by its name, its download shown where it has to be downloaded."""
    from polycolor_cli.cli.download import progress
    from polycolor_cli.fill.colorizer import Colorizer
    from polycolor_cli.models.weights import DEFAULT

    if model == DEFAULT:
        return Colorizer(threads=threads)
    with progress() as show:
        return Colorizer(model, threads, offline, show)
