"""Tried to destruction: damaged files, strange sizes and names, full disks, kills. Counts are in docs/reliability.md.

POLYCOLOR_FAULTS=N multiplies the number of damaged files and kills.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from conftest import Run, square
from polycolor_cli.batch.plan import plan
from polycolor_cli.batch.run import run
from polycolor_cli.files.picture import PictureError, read_picture
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint

pytestmark = pytest.mark.slow

TIMES = int(os.environ.get("POLYCOLOR_FAULTS", "1"))
POLYCOLOR = str(Path(sys.executable).with_name("polycolor"))


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


SAMPLES = {
    "png": encoded(square(40), "PNG"),
    "palette.png": encoded(square(40).convert("P"), "PNG", transparency=0),
    "16-bit.png": encoded(Image.fromarray(np.asarray(square(40)).astype(np.uint16) * 257), "PNG"),
    "interlaced-size.png": encoded(square(40).convert("RGBA"), "PNG"),
    "jpeg": encoded(square(40), "JPEG"),
    "progressive.jpeg": encoded(square(40).convert("CMYK"), "JPEG", progressive=True),
    "webp": encoded(square(40), "WEBP"),
    "lossless.webp": encoded(square(40), "WEBP", lossless=True),
    "bmp": encoded(square(40), "BMP"),
    "tiff": encoded(square(40), "TIFF", compression="tiff_deflate"),
    "lzw.tiff": encoded(square(40), "TIFF", compression="tiff_lzw"),
    "gif": encoded(square(40), "GIF", save_all=True, append_images=[square(40, 5)]),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_pictures_are_read_or_refused(name: str) -> None:
    sample = SAMPLES[name]
    ends: Counter[str] = Counter()

    @settings(
        max_examples=250 * TIMES, deadline=5000, derandomize=TIMES == 1, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        cut=st.one_of(st.none(), st.integers(0, len(sample))),
        flips=st.lists(st.tuples(st.integers(0, len(sample) - 1), st.integers(1, 255)), max_size=8),
        added=st.binary(max_size=20),
    )
    def one(cut: int | None, flips: list[tuple[int, int]], added: bytes) -> None:
        data = bytearray(sample)
        for place, change in flips:
            data[place] ^= change
        try:
            image = read_picture(bytes(data[:cut]) + added, "damaged")
        except PictureError as error:
            ends["refused"] += 1
            ends["lines"] += str(error).count("\n")
        else:
            assert image.mode in ("L", "RGB")
            ends["read"] += 1

    one()
    assert ends["lines"] == 0
    assert ends["read"] > 0
    assert ends["refused"] > 0


def test_bombs_are_refused_before_they_go_off(tmp_path: Path, polycolor: Run) -> None:
    bomb = bytearray(encoded(Image.new("1", (30_000, 30_000)), "PNG"))
    (tmp_path / "bomb.png").write_bytes(bomb)
    (tmp_path / "bomb.gif").write_bytes(b"GIF89a" + (65_535).to_bytes(2, "little") * 2 + b"\x00\x00\x00,")
    for name in ("bomb.png", "bomb.gif"):
        began = time.monotonic()
        done = polycolor("colorize", name, "-c", "red", code=1)
        assert b"limit" in done.stderr or b"picture" in done.stderr
        assert time.monotonic() - began < 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bomb.gif", "bomb.png"]


KINDS: dict[str, Callable[[], Image.Image]] = {
    "one.png": lambda: Image.new("L", (1, 1), 255),
    "wide.png": lambda: Image.new("L", (20_000, 1), 255),
    "tall.png": lambda: Image.new("L", (1, 20_000), 255),
    "deep.png": lambda: Image.fromarray(np.asarray(square()).astype(np.uint16) * 257),
    "print.tiff": lambda: square().convert("CMYK"),
    "clear.png": lambda: square().convert("RGBA"),
    "bits.png": lambda: square().convert("1"),
    "float.tiff": lambda: Image.fromarray(np.asarray(square()).astype(np.float32) / 255),
}


def test_strange_pictures(tmp_path: Path, polycolor: Run) -> None:
    (tmp_path / "in").mkdir()
    for name, make in KINDS.items():
        make().save(tmp_path / "in" / name)
    (tmp_path / "in" / "moving.gif").write_bytes(SAMPLES["gif"])
    polycolor("batch", "in", "-c", "red")
    for name in ("deep", "print", "clear", "bits", "float"):
        filled = np.asarray(Image.open(tmp_path / "in-colored" / f"{name}.png").convert("RGB"))
        assert (filled[40:90, 40:90] == (255, 0, 0)).all(), name
    assert Image.open(tmp_path / "in-colored" / "wide.png").size == (20_000, 1)


NAMES = (
    "with space.png", "two\nlines.png", "🌟.png", "-dash.png", "--color.png", "[red]markup[bold].png", "*.png", "ü.png",
    "%s.png", "a" * 246 + ".png", "quote'\".png",
)  # fmt: skip


def test_strange_names(tmp_path: Path, polycolor: Run) -> None:
    (tmp_path / "in").mkdir()
    for name in NAMES:
        square(64).save(tmp_path / "in" / name)
    polycolor("batch", "in", "-c", "red")
    assert {path.name for path in (tmp_path / "in-colored").iterdir()} == set(NAMES)
    for name in NAMES[:4]:
        polycolor("colorize", "-c", "red", "-o", "out.png", "--", f"in/{name}")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_in_circles_end(tmp_path: Path, polycolor: Run) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    square(64).save(tmp_path / "in" / "deep" / "a.png")
    (tmp_path / "in" / "deep" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self.png").symlink_to(tmp_path / "in" / "self.png")
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "in" / "deep" / "a.png")
    polycolor("batch", "in", "-c", "red")
    assert {path.name for path in (tmp_path / "in-colored").rglob("*.png")} == {"a.png", "link.png"}


def test_a_folder_that_goes_away_midway(tmp_path: Path) -> None:
    source = tmp_path / "in"
    for folder in ("a", "b"):
        (source / folder).mkdir(parents=True)
        for number in range(30):
            square(64).save(source / folder / f"{number:02}.png")
    outcomes = []
    jobs = plan([source], tmp_path / "out", {"red": Paint("red")})
    for number, outcome in enumerate(run(jobs, Colorizer(threads=1), 2)):
        outcomes.append(outcome)
        if number == 3:
            for path in (source / "a").iterdir():
                path.unlink()
    states = Counter(outcome.state for outcome in outcomes)
    assert len(outcomes) == 60
    assert states["filled"] >= 30
    assert all("cannot be read" in (o.reason or "") for o in outcomes if o.state == "failed")


def test_a_folder_that_loses_its_permissions_midway(tmp_path: Path) -> None:
    # root may read everything unless it gives that up
    before = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if before and not shutil.which("setpriv"):
        pytest.skip("running as root, and setpriv is not installed")
    for folder in ("a", "z"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        for number in range(120):
            square(64, 1 + number % 3).save(tmp_path / "in" / folder / f"{number:03}.png")
    command = [*before, POLYCOLOR, "batch", str(tmp_path / "in"), "-c", "red", "--workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not list(tmp_path.glob("in-colored/a/*.png")) and time.monotonic() < until:
        time.sleep(0.01)
    (tmp_path / "in" / "z").chmod(0)
    try:
        _, errors = process.communicate(timeout=120)
    finally:
        (tmp_path / "in" / "z").chmod(0o755)
    done = {path.parent.name: len(list(path.parent.iterdir())) for path in tmp_path.glob("in-colored/*/*.png")}
    assert process.returncode == 1, errors.decode()
    assert b"Permission denied" in errors
    assert b"Traceback" not in errors
    assert done["a"] == 120
    assert done.get("z", 0) < 120
    assert subprocess.run([*command, "-q"], check=False).returncode == 0
    assert len(list(tmp_path.glob("in-colored/z/*.png"))) == 120
    assert not list(tmp_path.glob("in-colored/**/.*"))


def test_a_disk_that_fills_up_and_is_emptied_again(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    for number in range(12):
        # half of them need more than the room there is
        noisy = np.asarray(square(200)).astype(int) + rng.integers(-9 * (number % 2), 1, (200, 200))
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(tmp_path / "in" / f"{number:02}.png")
    command = [POLYCOLOR, "batch", "in", "-c", "red", "-q", "--lines", "keep"]

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    full = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, preexec_fn=little_room)
    assert full.returncode == 1
    assert full.stderr.count("cannot be written") == 6
    assert "Traceback" not in full.stderr
    assert len(list((tmp_path / "in-colored").iterdir())) == 6
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
    assert len(list((tmp_path / "in-colored").iterdir())) == 12


def test_killed_again_and_again_every_byte_is_right_in_the_end(tmp_path: Path) -> None:
    drawings, kills = 150 * TIMES, 4 * TIMES
    (tmp_path / "in").mkdir()
    for number in range(drawings):
        square(48 + number % 80, 1 + number % 3).save(tmp_path / "in" / f"{number:04}.png")
    command = [POLYCOLOR, "batch", str(tmp_path / "in"), "-c", "red", "-q"]
    calm, wild = tmp_path / "calm", tmp_path / "wild"
    assert subprocess.run([*command, "-o", str(calm)], check=False).returncode == 0
    rng = random.Random(TIMES)
    torn = under_way = 0
    for _ in range(kills):
        # a batch that has nothing left to do would be no batch to kill
        for path in sorted(wild.glob("*.png")):
            if rng.random() < 0.5:
                path.unlink()
        process = subprocess.Popen([*command, "-o", str(wild)], start_new_session=True, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.25, 0.5 + drawings / 2500))
        under_way += process.poll() is None
        # the whole group, as when the power goes, or the parent alone, as when somebody kills it
        if rng.random() < 0.5:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        time.sleep(0.3)
        for path in wild.glob("*.png"):
            torn += path.read_bytes() != (calm / path.name).read_bytes()
    print(f"{under_way} of {kills} kills met a batch that was not done")
    assert torn == 0
    assert under_way >= kills / 4
    assert subprocess.run([*command, "-o", str(wild)], check=False).returncode == 0
    assert {p.name: p.read_bytes() for p in wild.iterdir()} == {p.name: p.read_bytes() for p in calm.iterdir()}


def test_two_batches_on_one_folder_at_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(60):
        square(64 + number).save(tmp_path / "in" / f"{number:02}.png")
    both = [
        subprocess.Popen([POLYCOLOR, "batch", "in", "-c", color, "-o", "out", "-q"], cwd=tmp_path)
        for color in ("red", "red")
    ]
    assert [process.wait() for process in both] == [0, 0]
    made = list((tmp_path / "out").iterdir())
    assert len(made) == 60
    assert all(Image.open(path).convert("RGB").getpixel((32, 32)) == (255, 0, 0) for path in made)
