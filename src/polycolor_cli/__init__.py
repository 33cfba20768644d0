"""polycolor: fill drawn shapes with a colour you name.

from polycolor_cli import colorize
colorize("star.png", "red").save("red-star.png")
"""

# typing's own takes longer to import than all else here
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from polycolor_cli.color import ColorError, parse_color
    from polycolor_cli.errors import PointError
    from polycolor_cli.files.picture import PictureError
    from polycolor_cli.fill.colorizer import Colorizer, colorize
    from polycolor_cli.fill.regions import Regions
    from polycolor_cli.models.check import ModelError

    __version__: str

_HOMES = {
    "colorize": "fill.colorizer",
    "Colorizer": "fill.colorizer",
    "parse_color": "color",
    "ColorError": "color",
    "PictureError": "files.picture",
    "PointError": "errors",
    "Regions": "fill.regions",
    "ModelError": "models.check",
}

__all__ = [
    "ColorError",
    "Colorizer",
    "ModelError",
    "PictureError",
    "PointError",
    "Regions",
    "__version__",
    "colorize",
    "parse_color",
]


def __getattr__(name: str) -> "Any":
    # a shell tool that only prints its help should not import NumPy
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"polycolor_cli.{_HOMES[name]}"), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("polycolor")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
