from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import square
from polycolor_cli.batch import fill_all, plan
from polycolor_cli.errors import PolycolorError
from polycolor_cli.fill import Colorizer, Paint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "folder"
    (top / "deep" / "er").mkdir(parents=True)
    (top / ".hidden").mkdir()
    for name in ("a.png", "a.jpg", "b.PNG", "deep/er/c.webp", ".secret.png", ".hidden/d.png"):
        square().save(top / name)
    (top / "notes.txt").write_text("no picture")
    return top


def test_the_tree_is_mirrored_and_nothing_collides(folder: Path) -> None:
    out = folder / "out"
    (out / "old").mkdir(parents=True)
    square().save(out / "old" / "earlier.png")
    targets = [str(job.target.relative_to(out)) for job in plan(folder, out)]
    assert targets == ["a.jpg.png", "a.png.png", "b.png", "deep/er/c.png"]


def test_refuses_to_write_over_the_drawings(folder: Path) -> None:
    with pytest.raises(PolycolorError, match="is the folder of the drawings"):
        plan(folder, folder)
    with pytest.raises(PolycolorError, match="no such folder"):
        plan(folder / "missing", folder)


def test_a_bad_picture_stops_nothing(folder: Path) -> None:
    (folder / "bad.png").write_bytes(b"broken")
    Image.new("L", (64, 64), 255).save(folder / "empty.png")
    out = folder.with_name("out")
    report = fill_all(plan(folder, out), Colorizer(), Paint("cyan"))
    assert report.done == 5
    assert [source.name for source in report.empty] == ["empty.png"]
    assert [source.name for source, _ in report.failed] == ["bad.png"]
    assert not (out / "bad.png").exists()
    assert (np.asarray(Image.open(out / "deep" / "er" / "c.png"))[64, 64] == (0, 255, 255)).all()
