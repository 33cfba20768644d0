"""Nothing leaves the machine, and nothing is written but where somebody asked for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import ImageDraw

from conftest import square
from polycolor_cli.privacy import SILENCED

POLYCOLOR = str(Path(sys.executable).with_name("polycolor"))


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with an empty home, where no library thinks that it is being tested."""
    (tmp_path / "home").mkdir()
    drawing = square(200)
    ImageDraw.Draw(drawing).rectangle((80, 40, 100, 60), fill=255)  # a gap: the network is asked
    drawing.save(tmp_path / "gap.png")
    quiet = {"CI", "GITHUB_ACTIONS", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", *SILENCED}
    kept = {name: value for name, value in os.environ.items() if name not in quiet}
    return kept | {"HOME": str(tmp_path / "home"), "PYTHONDONTWRITEBYTECODE": "1"}


COMMANDS = {
    "colorize": [POLYCOLOR, "colorize", "gap.png", "-c", "red", "-o", "out.png"],
    "batch": [POLYCOLOR, "batch", "gap.png", "-c", "red", "-o", "out"],
    "python": [sys.executable, "-c", "import polycolor_cli as p; p.colorize('gap.png', 'red').save('out.png')"],
    "pickled": [
        sys.executable,
        "-c",
        "import pickle, polycolor_cli as p; pickle.loads(pickle.dumps(p.Colorizer()))('gap.png', 'red')",
    ],
}


@pytest.mark.parametrize("way", COMMANDS)
def test_a_fill_leaves_nothing_in_an_empty_home(way: str, home: dict[str, str], tmp_path: Path) -> None:
    subprocess.run(COMMANDS[way], env=home, cwd=tmp_path, check=True, capture_output=True)
    assert [str(path) for path in (tmp_path / "home").rglob("*")] == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("way", COMMANDS)
def test_a_fill_opens_no_connection(way: str, home: dict[str, str], tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-e", "trace=network", "-o", str(trace)]
    done = subprocess.run([*strace, *COMMANDS[way]], env=home, cwd=tmp_path, capture_output=True, check=False)
    if b"ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    assert done.returncode == 0
    calls = [line for line in trace.read_text().splitlines() if "AF_INET" in line]
    assert calls == []


def test_what_a_program_has_decided_for_itself_stays(home: dict[str, str], tmp_path: Path) -> None:
    program = (
        "import os; os.environ['ORT_DISABLE_TELEMETRY'] = '0'\n"
        "import polycolor_cli as p; p.colorize('gap.png', 'red')\n"
        "assert os.environ['ORT_DISABLE_TELEMETRY'] == '0'\n"
        "assert 'RAY_USAGE_STATS_ENABLED' not in os.environ\n"
    )
    subprocess.run([sys.executable, "-c", program], env=home, cwd=tmp_path, check=True)
