"""A page that serves, as a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

POLYCOLOR = str(Path(sys.executable).with_name("polycolor"))


@dataclass
class Server:
    """A running page: where it is, its process, and the empty folder that it was begun in."""

    url: str
    process: subprocess.Popen[str]
    folder: Path

    def end(self) -> tuple[int, str]:
        """End it as Ctrl-C does; its exit code and what it said on stderr."""
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=30)[1]
        return self.process.returncode, said


@contextmanager
def serving(folder: Path, *options: object) -> Iterator[Server]:
    """A page begun in a folder, ended at the latest when it is no more needed."""
    command = [POLYCOLOR, "page", "--no-browser", "--port", "0", *map(str, options)]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, process.communicate()[1]
        yield Server(url, process, folder)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def house(side: int = 200) -> Image.Image:
    """A house of three regions, roof, wall and door, with a gap in its left wall."""
    image = Image.new("L", (side, side), 255)
    draw, step = ImageDraw.Draw(image), side / 200
    for points in (
        [(30, 90), (100, 20), (170, 90), (30, 90)],
        [(40, 90), (40, 130)],
        [(40, 137), (40, 180), (160, 180), (160, 90)],
        [(85, 180), (85, 130), (115, 130), (115, 180)],
    ):
        draw.line([(x * step, y * step) for x, y in points], fill=0, width=round(4 * step), joint="curve")
    return image
