"""What a person types -> RGB.

The palette's names come first, then CSS: every CSS Color 4 name, hex, and functional notation.
Colours outside sRGB are brought into it the way CSS does. A fill is opaque, so a colour that is
partly transparent is refused rather than quietly changed.
"""

import re
from functools import lru_cache

from polycolor_cli.errors import PolycolorError

RGB = tuple[int, int, int]

PALETTE: dict[str, RGB] = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "orange": (255, 165, 0),
    "purple": (128, 0, 128),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "pink": (255, 192, 203),
    "black": (0, 0, 0),
    "white": (255, 255, 255),
}
"""Names that mean what they mean in the field's datasets: `green` is pure green, not CSS's darker one."""


class ColorError(PolycolorError):
    """A colour that cannot be understood; the message says what would be."""


def css_names() -> dict[str, RGB]:
    """Every CSS Color 4 name with its RGB, the palette's names left out."""
    from PIL import ImageColor

    return {name: _hex(value) for name, value in ImageColor.colormap.items() if name not in PALETTE}


def named() -> dict[str, RGB]:
    """Every colour that has a name, once: the palette, then what CSS adds, in an order that stays."""
    known = dict(PALETTE)
    for name, rgb in sorted(css_names().items()):
        if rgb not in known.values():
            known[name] = rgb
    return known


@lru_cache(maxsize=256)
def parse_color(text: str) -> RGB:
    """RGB, each 0..255, for what a person typed: a name, hex, or CSS functional notation.

    Raises ColorError for anything else, naming the nearest names, and for colours with alpha.
    """
    if not isinstance(text, str):
        raise ColorError(f"a colour is a text or (red, green, blue), not {type(text).__name__}")
    typed = text.strip().lower()
    if typed in ("", "#"):
        # to a shell an unquoted # begins a comment
        raise ColorError("the colour is empty: put a #rrggbb in quotes, or leave its # out")
    name = re.sub(r"[\s_-]+", "", typed)
    if name in PALETTE:
        return PALETTE[name]
    if re.fullmatch(r"#?([0-9a-f]{3}|[0-9a-f]{6})", name) and not name.isalpha():
        return _hex(name)
    if re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{3}f|[0-9a-f]{6}ff)", name):
        return _hex(name)
    if name.isalpha() and name != "transparent":
        names = css_names()
        if name in names:
            return names[name]
        if re.fullmatch(r"[0-9a-f]{3}|[0-9a-f]{6}", name):
            return _hex(name)
        raise ColorError(f"unknown colour {_short(text)}{_nearest(name, [*PALETTE, *names])}")
    return _functional(text, typed)


def _functional(text: str, typed: str) -> RGB:
    # ColorAide reads all of CSS Color 4; it is only imported for what needs it
    from coloraide import Color

    try:
        color = Color(re.sub(r"\s*([(,)])\s*", r"\1", re.sub(r"\s+", " ", typed)))
    except ValueError:
        raise ColorError(
            f"cannot read the colour {_short(text)}: type a name (see 'polycolor colors'), #rrggbb, "
            "rgb(), hsl(), hwb(), lab() or oklch()"
        ) from None
    if color.alpha(nans=False) < 1:
        raise ColorError(f"the colour {_short(text)} is partly transparent, and a fill is opaque: leave the alpha out")
    # CSS clamps what its older notations name out of range, and brings other spaces' colours into sRGB by their chroma
    old = color.space() in ("srgb", "hsl", "hwb", "--hsl", "--hwb")
    fitted = color.convert("srgb").fit("srgb", method="clip" if old else "oklch-chroma")
    red, green, blue = (round(255 * min(1.0, max(0.0, channel))) for channel in fitted.coords(nans=False))
    return red, green, blue


def _hex(code: str | RGB) -> RGB:
    if isinstance(code, tuple):
        # Pillow keeps a name that somebody used before as numbers
        return code
    digits = code.lstrip("#")
    if len(digits) < 6:
        digits = "".join(2 * digit for digit in digits)
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _short(text: str) -> str:
    return repr(text.strip() if len(text) < 60 else f"{text.strip()[:50]}…")


def _nearest(name: str, names: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    return f": did you mean {' or '.join(close)}?" if close else ": see 'polycolor colors' for the names"


def slug(color: str) -> str:
    """A colour as part of a file name: the name that was typed, or its hex digits."""
    code = hex_of(parse_color(color))
    typed = color.strip().lower().replace(" ", "")
    return typed if typed.isalpha() else code.removeprefix("#")


def hex_of(rgb: RGB) -> str:
    """A colour as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)
