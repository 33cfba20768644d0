"""Any number of signals at any moment: the command ends within two seconds, in one line, with nothing half-written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Run, square

pytestmark = pytest.mark.slow

POLYCOLOR = str(Path(sys.executable).with_name("polycolor"))
INT, TERM = signal.SIGINT, signal.SIGTERM


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawings that take a while: small ones, and some that the network needs long for."""
    folder = tmp_path_factory.mktemp("signals") / "in"
    folder.mkdir()
    noise = np.random.default_rng(1).normal(0, 20, (1600, 1600))
    large = np.asarray(square(1600, 9), float)
    large[390:410, 700:760] = 255
    for number in range(150):
        square(64 + number % 7).save(folder / f"{number:03}.png")
    for number in range(12):
        Image.fromarray(np.clip(large + noise, 0, 255).astype(np.uint8)).save(folder / f"z{number:02}.png")
    return folder


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("after", "signals"),
    [
        (0.15, [INT]),
        (0.5, [INT]),
        (1.5, [INT]),
        (0.7, [INT, INT]),
        (1.5, [INT, INT, INT]),
        (0.3, [INT] * 8),
        (0.45, [TERM]),
        (0.7, [TERM]),
        (1.5, [TERM, INT]),
        (1.5, [INT, TERM, TERM]),
    ],
)
def test_any_number_of_signals_at_any_moment(
    drawings: Path, tmp_path: Path, after: float, signals: list[signal.Signals], workers: int
) -> None:
    out = tmp_path / "out"
    command = [POLYCOLOR, "batch", str(drawings), "-c", "red", "-o", str(out), "--workers", str(workers)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, start_new_session=True
    )
    time.sleep(after)
    assert process.poll() is None
    for one in signals:
        os.killpg(process.pid, one)
        time.sleep(0.1)
    sent = time.monotonic()
    said = process.communicate(timeout=20)[1].decode()
    assert time.monotonic() - sent < 2.5
    assert process.returncode == 128 + signals[0]
    assert len(said.splitlines()) == 1
    assert "stopped" in said or "interrupted" in said
    left = list(out.rglob("*")) if out.exists() else []
    assert not [path.name for path in left if path.name.endswith(".tmp")]
    for path in left:
        Image.open(path).load()


def test_what_was_stopped_goes_on(drawings: Path, tmp_path: Path, polycolor: Run) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for path in sorted(drawings.iterdir())[:60]:
        (few / path.name).write_bytes(path.read_bytes())
    process = subprocess.Popen([POLYCOLOR, "batch", str(few), "-c", "red"], cwd=tmp_path, stderr=subprocess.PIPE)
    time.sleep(0.45)
    process.send_signal(INT)
    process.communicate(timeout=20)
    assert polycolor("batch", "few", "-c", "red").stdout.startswith(b"60 of 60 pictures filled")


@pytest.mark.parametrize("sent", [INT, TERM])
@pytest.mark.parametrize("after", [0.0, 1.2, 4.0])
def test_a_search_that_is_stopped_while_its_worker_loads_ends_in_order(
    tmp_path: Path, after: float, sent: signal.Signals
) -> None:
    command = [POLYCOLOR, "tune", "--synthetic", "--trials", "2", "--width", "4", "--out", "study"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True)
    while not (tmp_path / "study").is_dir():
        time.sleep(0.02)
    time.sleep(after)
    os.killpg(process.pid, sent)
    said = process.communicate(timeout=60)[1].decode().splitlines()
    assert process.returncode == 128 + sent
    assert said in (
        ["polycolor: interrupted"],
        [
            "polycolor: stopping after these steps; everything is saved",
            "stopped early; the same command goes on: study",
        ],
    )


def test_other_commands_end_in_one_line_too(tmp_path: Path) -> None:
    command = [POLYCOLOR, "dataset", "data", "--train", "5000", "--worn"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE)
    time.sleep(2.5)
    for _ in range(3):
        process.send_signal(TERM)
        time.sleep(0.05)
    said = process.communicate(timeout=20)[1].decode()
    assert said == "polycolor: interrupted\n"
    assert process.returncode == 128 + TERM


@pytest.mark.parametrize("after", [1.0, 1.8])
@pytest.mark.parametrize("sent", [INT, TERM])
def test_artwork_that_is_being_read_is_let_go_of(tmp_path: Path, after: float, sent: signal.Signals) -> None:
    artwork = tmp_path / "artwork"
    artwork.mkdir()
    for number in range(1500):
        ways = "".join(
            f'<path fill="#{number:03x}{i:03x}" d="M{i} {number % 90}C90 {i} {i * 3} 9 {number % 80} 70Z"/>'
            for i in range(25)
        )
        (artwork / f"{number}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{ways}</svg>'
        )
    process = subprocess.Popen(
        [POLYCOLOR, "dataset", "data", "--train", "5", "--shapes", str(artwork)],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )
    time.sleep(after)
    assert process.poll() is None
    os.killpg(process.pid, sent)
    *passed_over, last = process.communicate(timeout=20)[1].decode().splitlines()
    assert all("passed over" in line for line in passed_over)
    assert last == "polycolor: interrupted"
    assert process.returncode == 128 + sent
