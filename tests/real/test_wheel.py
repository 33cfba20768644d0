"""The installed package, as a person meets it: in an empty folder, with no source tree in reach."""

import json
from importlib.metadata import distribution
from pathlib import Path

from PIL import Image

import polycolor_cli
from conftest import Run, square


def test_what_is_tested_is_installed_and_not_the_source_tree() -> None:
    home = Path(polycolor_cli.__file__)
    editable = json.loads(distribution("polycolor").read_text("direct_url.json") or "{}").get("dir_info", {})
    assert "site-packages" in home.parts or editable.get("editable"), home


def test_the_first_use(tmp_path: Path, polycolor: Run) -> None:
    assert not list(tmp_path.iterdir())
    square().save(tmp_path / "shape.png")
    polycolor("colorize", "shape.png", "--color", "magenta", "-o", "out.png")
    assert Image.open(tmp_path / "out.png").getpixel((64, 64)) == (255, 0, 255)


def test_the_package_is_typed_and_carries_its_model() -> None:
    files = {Path(str(file)).name for file in distribution("polycolor").files or []}
    home = Path(polycolor_cli.__file__).parent
    assert (home / "py.typed").is_file()
    assert 0 < (home / "models" / "polycolor.onnx").stat().st_size < 4_000_000
    assert {"METADATA", "entry_points.txt"} <= files
