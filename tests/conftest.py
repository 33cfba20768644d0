"""Fixtures: drawings made on the spot, and a runner for the real command."""

import os

# two idle cores spin for one another in networks as small as the tests'
os.environ.setdefault("OMP_NUM_THREADS", "1")

import signal
import subprocess
import sys

# a suite that runs in the background ignores Ctrl-C, and so would every command that it starts
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from polycolor_cli.cli import main
from polycolor_cli.fill.colorizer import Colorizer, Filled
from polycolor_cli.fill.paint import Paint

Run = Callable[..., subprocess.CompletedProcess[bytes]]
Refused = Callable[..., str]


def square(side: int = 128, width: int = 2) -> Image.Image:
    """A black square outline on white; its outer edge lies at a quarter and three quarters of the side."""
    image = Image.new("L", (side, side), 255)
    ImageDraw.Draw(image).rectangle((side // 4, side // 4, 3 * side // 4, 3 * side // 4), outline=0, width=width)
    return image


def square_truth(side: int = 128) -> np.ndarray:
    """The coverage of `square`, uint8 (side, side)."""
    truth = np.zeros((side, side), np.uint8)
    truth[side // 4 : 3 * side // 4 + 1, side // 4 : 3 * side // 4 + 1] = 255
    return truth


class Faulty(Colorizer):
    """Fails on pictures of 50 pixels a side, and takes its process down on those of 60."""

    def fill_each(self, image: Image.Image, hows: list[Paint | None]) -> Iterator[Filled]:
        if image.size == (50, 50):
            raise RuntimeError("what is this?\nlong story")
        if image.size == (60, 60):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fill_each(image, hows)


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    path = tmp_path / "shape.png"
    square().save(path)
    return path


@pytest.fixture
def polycolor(tmp_path: Path) -> Run:
    """Run the installed command in an empty folder of its own; `code` is the exit code it must have."""

    def run(*arguments: object, code: int = 0, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [str(Path(sys.executable).with_name("polycolor")), *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, cwd=tmp_path, timeout=300, check=False)
        assert done.returncode == code, done.stderr.decode()
        assert b"Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Refused:
    """Run the command in this process, which is quicker; it must refuse; what it says is returned."""

    def run(*arguments: object) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["polycolor", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2
        return capfd.readouterr().err

    return run


@pytest.fixture
def event_files_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorBoard reads files by name: of one second, the tenth of a process would come before its ninth."""
    writer = pytest.importorskip("tensorboard.summary.writer.event_file_writer")
    monkeypatch.setattr(writer, "_global_uid", writer.AtomicCounter(100))
