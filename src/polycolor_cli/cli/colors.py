"""polycolor colors: the names of colours."""

import sys

EPILOG = "Example: polycolor colors"


def command() -> None:
    """List the colour names, with swatches."""
    from polycolor_cli.color import PALETTE, css_names, hex_of

    names = {**PALETTE, **css_names()}
    if not sys.stdout.isatty():
        for name, rgb in names.items():
            print(name, hex_of(rgb))
        return
    from rich.columns import Columns
    from rich.console import Console

    console = Console()
    console.print("[bold]The palette[/] (these names win over CSS)")
    console.print(Columns([swatch(name, rgb) for name, rgb in PALETTE.items()], equal=True))
    console.print("[bold]CSS names[/]")
    console.print(Columns([swatch(name, rgb) for name, rgb in css_names().items()], equal=True))
    console.print("Also: #rgb, #rrggbb, rgb(), hsl(), hwb(), lab(), lch(), oklab(), oklch(), as in CSS.")


def swatch(name: str, rgb: tuple[int, int, int]) -> str:
    """A name behind a block of its colour, in rich's markup."""
    red, green, blue = rgb
    return f"[on rgb({red},{green},{blue})]    [/] {name}"
