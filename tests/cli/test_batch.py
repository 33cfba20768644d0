import json
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


def test_two_colours_a_report_and_lines_of_json(tmp_path: Path, polycolor: Run) -> None:
    (tmp_path / "folder").mkdir()
    square().save(tmp_path / "folder" / "good.png")
    (tmp_path / "folder" / "bad.png").write_bytes(b"\x89PNG junk")
    arguments = ("batch", "folder", "-c", "red", "-c", "teal", "--report", "r.json", "--json", "--format", "webp")
    done = polycolor(*arguments, code=1)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["drawings"] == lines[:-1]
    assert report["summary"] == lines[-1]["summary"]
    assert {row["state"] for row in report["drawings"]} == {"filled", "failed"}
    assert report["summary"]["failed"] == 1
    for color, rgb in (("red", (255, 0, 0)), ("teal", (0, 128, 128))):
        assert Image.open(tmp_path / "folder-colored" / color / "good.webp").getpixel((64, 64)) == rgb
    again = [json.loads(line) for line in polycolor(*arguments, code=1).stdout.splitlines()]
    assert {row["state"] for row in again[:-1]} == {"kept", "failed"}


def test_quiet_all_failed_and_fail_fast(tmp_path: Path, polycolor: Run) -> None:
    (tmp_path / "folder").mkdir()
    for number in range(40):
        (tmp_path / "folder" / f"{number}.png").write_bytes(b"\x89PNG junk")
    done = polycolor("batch", "folder", "-c", "red", "-q", code=2)
    assert done.stdout == b""
    assert len(done.stderr.splitlines()) == 40
    done = polycolor("batch", "folder", "-c", "red", "--fail-fast", "--workers", "1", code=2)
    assert len(done.stderr.splitlines()) < 40


def test_refusals(tmp_path: Path, polycolor: Run) -> None:
    (tmp_path / "folder").mkdir()
    assert b"no pictures" in polycolor("batch", "folder", "-c", "red", code=2).stderr
    assert b"no such folder" in polycolor("batch", "missing", "-c", "red", code=2).stderr
    assert b"which colour?" in polycolor("batch", "folder", code=2).stderr
    assert b"give another -o" in polycolor("batch", "folder", "-c", "red", "-o", "folder", code=2).stderr
    assert (
        b"no transparency"
        in polycolor("batch", "folder", "-c", "red", "--format", "jpeg", "--background", "transparent", code=2).stderr
    )
    (tmp_path / "data.json").write_text("[]")
    assert b"brings its own colours" in polycolor("batch", "data.json", "-c", "red", "-o", "out", code=2).stderr
