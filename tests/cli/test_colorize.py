import os
import pty
import select
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Run, square, square_truth


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_the_main_job(drawing: Path, polycolor: Run) -> None:
    done = polycolor("colorize", "shape.png", "--color", "magenta", "-o", "out.png")
    assert done.stdout.decode().strip() == "out.png"
    painted = pixels(drawing.with_name("out.png"))
    assert (painted[40:90, 40:90] == (255, 0, 255)).all()
    assert (painted[square_truth() == 0] == 255).all()


def test_without_an_output_it_writes_beside_the_drawing(drawing: Path, polycolor: Run) -> None:
    polycolor("colorize", drawing, "-c", "Dark Red")
    polycolor("colorize", drawing, "-c", "hsl(120 100% 50%)")
    polycolor("colorize", drawing, "--mask")
    names = {path.name for path in drawing.parent.iterdir()}
    assert names == {"shape.png", "shape-darkred.png", "shape-00ff00.png", "shape-mask.png"}
    assert Image.open(drawing.with_name("shape-mask.png")).mode == "L"


def test_several_pictures_go_to_a_folder(drawing: Path, polycolor: Run) -> None:
    square(64).save(drawing.with_name("other.jpg"))
    polycolor("colorize", "shape.png", "other.jpg", "-c", "red", "-o", "filled")
    assert Image.open(drawing.parent / "filled" / "shape.png").size == (128, 128)
    assert Image.open(drawing.parent / "filled" / "other.png").size == (64, 64)


def test_pipes(drawing: Path, polycolor: Run) -> None:
    done = polycolor("colorize", "-", "-c", "cyan", stdin=drawing.read_bytes())
    drawing.with_name("piped.png").write_bytes(done.stdout)
    assert (pixels(drawing.with_name("piped.png"))[64, 64] == (0, 255, 255)).all()
    done = polycolor("colorize", "shape.png", "-c", "cyan", "-o", "-")
    assert done.stdout.startswith(b"\x89PNG")


def test_painting_options(drawing: Path, polycolor: Run) -> None:
    polycolor("colorize", "shape.png", "-c", "red", "--lines", "keep", "--background", "transparent", "-o", "cut.webp")
    image = Image.open(drawing.with_name("cut.webp"))
    assert image.mode == "RGBA"
    assert image.getpixel((64, 64)) == (255, 0, 0, 255)
    assert image.getpixel((2, 2))[3] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.png", "-c", "red"], "missing.png: no such file"),
        (["notes.txt", "-c", "red"], "notes.txt: not a PNG"),
        (["empty.png", "-c", "red"], "empty.png: the file is empty"),
        (["shape.png", "-c", "magneta"], "did you mean magenta"),
        (["shape.png", "-c", "#ff000080"], "partly transparent"),
        (["shape.png"], "which colour?"),
        (["shape.png", "-c", "red", "-o", "out.xyz"], "unknown extension '.xyz'"),
        (["shape.png", "-c", "red", "-o", "no/such/out.png"], "there is no folder"),
        (["shape.png", "-c", "red", "-o", "shape.png"], "would be overwritten"),
        (["shape.png", "-c", "red", "-o", "."], "would be overwritten"),
        (["shape.png", "shape.png", "-c", "red", "-o", "folder"], "would both be written"),
        (["shape.png", "-c", "red", "--lines", "dashed"], "not fill or keep"),
        (["shape.png", "-c", "red", "--background", "glas"], "unknown colour"),
        (["shape.png", "-c", "red", "--background", "transparent", "-o", "out.jpg"], "no transparency"),
        (["shape.png", "-c", "red", "--model", "nobody"], "no such model"),
        (["shape.png", "-c", "red", "--model", "notes.txt"], "not an ONNX file"),
    ],
)
def test_bad_input_is_one_clear_line(drawing: Path, polycolor: Run, arguments: list[str], words: str) -> None:
    drawing.with_name("notes.txt").write_text("hello")
    drawing.with_name("empty.png").touch()
    before = drawing.read_bytes()
    done = polycolor("colorize", *arguments, code=1 if words in done_late(words) else 2)
    lines = done.stderr.decode().strip().splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert drawing.read_bytes() == before
    left = {path.name for path in drawing.parent.iterdir()} - {"folder"}
    assert left == {"shape.png", "notes.txt", "empty.png"}


def done_late(words: str) -> str:
    """Faults of single pictures end with 1, faults of the command with 2."""
    late = ("missing.png: no such file", "notes.txt: not a PNG", "empty.png: the file is empty")
    return words if words in late else ""


def test_one_bad_picture_does_not_stop_the_others(drawing: Path, polycolor: Run) -> None:
    done = polycolor("colorize", "missing.png", "shape.png", "-c", "red", "-o", "filled", code=1)
    assert b"missing.png: no such file" in done.stderr
    assert (drawing.parent / "filled" / "shape.png").exists()


def test_says_so_when_there_is_no_shape(tmp_path: Path, polycolor: Run) -> None:
    Image.new("L", (100, 100), 255).save(tmp_path / "blank.png")
    done = polycolor("colorize", "blank.png", "-c", "red", "-o", "out.png")
    assert b"no shape found" in done.stderr


def test_on_a_terminal_it_asks_for_the_colour(drawing: Path) -> None:
    command = str(Path(sys.executable).with_name("polycolor"))
    child, terminal = pty.fork()
    if child == 0:
        os.execve(command, [command, "colorize", str(drawing)], {**os.environ, "TERM": "xterm-256color"})
    seen = read_until(terminal, "Colour (")
    assert "magenta" in seen
    assert "\x1b[" in seen  # swatches
    os.write(terminal, b"blurple\n")
    assert "did you mean" in read_until(terminal, "Colour (")
    os.write(terminal, b"blue\n")
    read_until(terminal, "shape-blue.png")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (pixels(drawing.with_name("shape-blue.png"))[64, 64] == (0, 0, 255)).all()


def read_until(terminal: int, words: str) -> str:
    seen, end = "", time.monotonic() + 60
    while words not in seen.replace("\r\n", "") and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            try:
                seen += os.read(terminal, 4096).decode()
            except OSError:
                break
    assert words in seen.replace("\r\n", ""), seen
    return seen
