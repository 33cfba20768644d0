from pathlib import Path

import numpy as np
from PIL import Image

from conftest import Run, square


def test_a_folder_is_filled_beside_itself(tmp_path: Path, polycolor: Run) -> None:
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    square().save(tmp_path / "folder" / "a.png")
    square().save(tmp_path / "folder" / "sub" / "b.jpg")
    done = polycolor("batch", "folder", "--color", "red")
    assert b"2 of 2 pictures filled" in done.stdout
    for name in ("a.png", "sub/b.png"):
        painted = np.asarray(Image.open(tmp_path / "folder-colored" / name))
        assert (painted[64, 64] == (255, 0, 0)).all()


def test_a_bad_file_is_named_and_the_rest_is_done(tmp_path: Path, polycolor: Run) -> None:
    (tmp_path / "folder").mkdir()
    square().save(tmp_path / "folder" / "good.png")
    (tmp_path / "folder" / "bad.png").write_bytes(b"\x89PNG junk")
    done = polycolor("batch", "folder", "--color", "red", "-o", "out", code=1)
    assert b"bad.png: " in done.stderr
    assert b"1 of 2 pictures filled" in done.stdout
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.png"]


def test_refusals(tmp_path: Path, polycolor: Run) -> None:
    (tmp_path / "folder").mkdir()
    assert b"no pictures" in polycolor("batch", "folder", "-c", "red", code=2).stderr
    assert b"no such folder" in polycolor("batch", "missing", "-c", "red", code=2).stderr
    assert b"which colour?" in polycolor("batch", "folder", code=2).stderr
    assert b"give another -o" in polycolor("batch", "folder", "-c", "red", "-o", "folder", code=2).stderr
