"""What commands write replaces its own kind and nothing else, whatever files are called and streams can say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Refused, Run, square

POLYCOLOR = str(Path(sys.executable).with_name("polycolor"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "b"):
        square(64).save(folder / f"{name}.png")
    return folder


def test_a_report_replaces_reports_alone(folder: Path, polycolor: Run) -> None:
    before = (folder / "a.png").read_bytes()
    for place in ("in/a.png", "in/new.png"):
        assert b"report" in polycolor("batch", "in", "-c", "red", "--report", place, code=2).stderr
    (folder.parent / "mine.json").write_text('{"my": "data"}')
    assert b"no report" in polycolor("batch", "in", "-c", "red", "--report", "mine.json", code=2).stderr
    assert (folder / "a.png").read_bytes() == before
    assert (folder.parent / "mine.json").read_text() == '{"my": "data"}'
    for _ in range(2):
        polycolor("batch", "in", "-c", "red", "--report", "all.json")
    assert json.loads((folder.parent / "all.json").read_text())["summary"]["kept"] == 2


def test_what_evaluate_writes_replaces_its_own_kind_alone(tmp_path: Path, polycolor: Run, refused: Refused) -> None:
    polycolor("dataset", "shapes", "--train", 1, "--validation", 1)
    square(64).save(tmp_path / "drawing.png")
    before = (tmp_path / "drawing.png").read_bytes()
    for option in ("--json", "--sheet"):
        refused("evaluate", "shapes", option, "drawing.png")
    assert (tmp_path / "drawing.png").read_bytes() == before
    for _ in range(2):
        polycolor("evaluate", "shapes", "--json", "all.json", "--sheet", "sheet.png")


@pytest.mark.parametrize("options", [[], ["--mask"]])
def test_a_fill_replaces_fills_alone(folder: Path, polycolor: Run, options: list[str]) -> None:
    (folder.parent / "notes.png").write_text("not a picture at all")
    square(50).save(folder.parent / "drawn.png")
    for name in ("notes.png", "drawn.png"):
        before = (folder.parent / name).read_bytes()
        done = polycolor("colorize", "in/a.png", "-c", "red", "-o", name, *options, code=1)
        assert b"not by polycolor" in done.stderr
        assert (folder.parent / name).read_bytes() == before
    for _ in range(2):
        polycolor("colorize", "in/a.png", "-c", "red", "-o", "out.png", *options)


STRANGE = [
    b"\xff\xfe\x80.png",
    "é ü 漢.png".encode(),
    b"line\nbreak.png",
    b"-dash.png",
    b"%s[red].png",
    b"a\x1b[31m.png",
]


@pytest.mark.parametrize(
    "way",
    [
        {},
        pytest.param({"LC_ALL": "C"}, marks=pytest.mark.slow),
        pytest.param({"PYTHONIOENCODING": "ascii"}, marks=pytest.mark.slow),
        pytest.param({"PYTHONUTF8": "0", "LC_ALL": "POSIX"}, marks=pytest.mark.slow),
    ],
)
def test_any_name_that_the_file_system_holds(tmp_path: Path, way: dict[str, str]) -> None:
    data = (tmp_path / "d.png", square(64).save(tmp_path / "d.png"))[0].read_bytes()
    folder = os.fsencode(tmp_path / "in")
    os.mkdir(folder)  # noqa: PTH102
    for name in STRANGE:
        with open(os.path.join(folder, name), "wb") as file:  # noqa: PTH118, PTH123
            file.write(data)

    def run(*words: object) -> subprocess.CompletedProcess[bytes]:
        command = [POLYCOLOR.encode(), *(word if isinstance(word, bytes) else str(word).encode() for word in words)]
        done = subprocess.run(command, cwd=tmp_path, env=os.environ | way, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr
        return done

    lines = run("batch", "in", "-c", "red", "--json", "--report", "all.json").stdout.splitlines()
    names = {os.fsencode(Path(json.loads(line)["source"]).name) for line in lines[:-1]}
    assert names == set(STRANGE)
    report = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert {os.fsencode(Path(entry["source"]).name) for entry in report["drawings"]} == set(STRANGE)
    for name in STRANGE:
        written = run("colorize", b"in/" + name, "-c", "blue", "-o", "single/").stdout
        assert written == b"single/" + name + b"\n"


def test_states_are_what_a_person_would_call_them_and_stay(folder: Path, polycolor: Run) -> None:
    Image.new("L", (100, 100), 255).save(folder / "blank.png")
    rng = np.random.default_rng(0)
    (folder / "bad.png").write_bytes(b"\x89PNG broken")
    Image.fromarray(rng.integers(0, 255, (100, 100), np.uint8)).save(folder / "noise.png")
    for filled, kept in ((2, 0), (0, 2)):
        done = polycolor("batch", "in", "-c", "red", "--report", "all.json", code=1)
        table = json.loads((folder.parent / "all.json").read_text())
        states = {Path(entry["source"]).stem: entry["state"] for entry in table["drawings"]}
        assert states["blank"] == states["noise"] == "empty"
        assert states["bad"] == "failed"
        assert states["a"] == ("filled" if filled else "kept")
        assert {name: table["summary"][name] for name in ("filled", "kept", "empty", "failed")} == {
            "filled": filled, "kept": kept, "empty": 2, "failed": 1,
        }  # fmt: skip
        assert b"2 of 5 pictures filled" in done.stdout
        assert b"2 empty" in done.stdout
        assert done.stderr.count(b"no shape found") == 2


def test_results_are_never_the_next_drawings(folder: Path, polycolor: Run) -> None:
    polycolor("batch", "in", "-c", "red", "-o", "in/here/there")
    polycolor("colorize", "in/a.png", "-c", "blue")
    done = polycolor("batch", "in", "-c", "green", "-o", "elsewhere")
    assert done.stdout.startswith(b"2 of 2 pictures filled")
    assert {path.name for path in (folder.parent / "elsewhere").rglob("*.png")} == {"a.png", "b.png"}


def test_a_drawing_reached_by_two_ways_is_done_once(folder: Path, polycolor: Run) -> None:
    done = polycolor("batch", "in", "in/a.png", "./in/../in/b.png", "in/*.png", "-c", "red", "-o", "out")
    assert done.stdout.startswith(b"2 of 2 pictures filled")


def test_a_linked_folder_that_is_passed_over_is_named(folder: Path, polycolor: Run) -> None:
    (folder.parent / "other").mkdir()
    (folder / "link").symlink_to(folder.parent / "other")
    assert b"in/link: a linked folder, passed over" in polycolor("batch", "in", "-c", "red").stderr


def closed(number: int, *words: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Run the command with one of its streams closed."""
    script = f'exec "$0" "$@" {number}{"<" if number == 0 else ">"}&-'
    return subprocess.run(["sh", "-c", script, POLYCOLOR, *words], cwd=cwd, capture_output=True, check=False)


def test_closed_streams(folder: Path) -> None:
    cwd = folder.parent
    done = closed(0, "colorize", "-", "-c", "red", "-o", "out.png", cwd=cwd)
    assert (done.returncode, done.stderr) == (1, b"polycolor: stdin: the file is empty\n")
    done = closed(2, "colorize", "missing.png", "-c", "red", cwd=cwd)
    assert (done.returncode, done.stdout) == (1, b"")
    done = closed(2, "batch", "in", "-c", "nonsense", cwd=cwd)
    assert (done.returncode, done.stdout) == (2, b"")
    assert closed(1, "colorize", "in/a.png", "-c", "red", cwd=cwd).returncode == 0


def test_few_open_files(folder: Path) -> None:
    for command in ("colorize in/a.png -c red", "batch in -c red", "batch in -c red --workers 1"):
        script = f"ulimit -n 20; exec {POLYCOLOR} {command}"
        done = subprocess.run(["sh", "-c", script], cwd=folder.parent, capture_output=True, check=False, timeout=60)
        assert b"Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 3


@pytest.mark.parametrize("thread", ["_ExecutorManagerThread", "QueueFeederThread"])
def test_no_memory_for_a_thread(folder: Path, thread: str) -> None:
    (folder.parent / "sitecustomize.py").write_text(
        "import threading\n"
        "start = threading.Thread.start\n"
        "def begin(self):\n"
        f"    if {thread!r} in (self.name, type(self).__name__):\n"
        '        raise RuntimeError("can\'t start new thread")\n'
        "    start(self)\n"
        "threading.Thread.start = begin\n"
    )
    command = [POLYCOLOR, "batch", "in", "-c", "red", "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": str(folder.parent)}
    done = subprocess.run(command, cwd=folder.parent, env=environment, capture_output=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (2, b"polycolor: there is not enough memory for this\n")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '[{"input_polygon": "a\\u0000.png", "colour": "red", "output_image": "b.png"}]']
)
def test_listings_made_to_harm(tmp_path: Path, polycolor: Run, text: str) -> None:
    (tmp_path / "data.json").write_text(text)
    done = polycolor("batch", "data.json", "-o", "out", code=2)
    assert len(done.stderr.splitlines()) == 1


def test_a_hash_that_the_shell_took(folder: Path, polycolor: Run) -> None:
    assert b"needs quotes" in polycolor("colorize", "in/a.png", "--color", code=2).stderr
    polycolor("colorize", "in/a.png", "--colour", "ff0000", "-o", "out.png")


def test_a_place_of_no_kind(folder: Path, polycolor: Run) -> None:
    assert b"no such kind of place" in polycolor("batch", "foo://bar", "-c", "red", "-o", "out", code=2).stderr


def test_a_report_on_a_full_disk_is_named(folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    script = f"ulimit -f 1; trap '' XFSZ; exec {POLYCOLOR} batch in -c red --report all.json"
    for number in range(30):
        square(64).save(folder / f"{'long-name-' * 9}{number}.png")
    done = subprocess.run(["bash", "-c", script], cwd=folder.parent, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"all.json: the report cannot be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["models", "evaluate shapes --against bucket", "colors"])
def test_every_table_reads_at_80_columns(tmp_path: Path, polycolor: Run, command: str) -> None:
    polycolor("dataset", "shapes", "--train", 1, "--validation", 1)
    assert max(len(line) for line in polycolor(*command.split()).stdout.decode().splitlines()) <= 80


COMMANDS = "colorize,batch,colors,train,tune,dataset,evaluate,models,models download,models path,models clear"


@pytest.mark.parametrize("command", COMMANDS.split(","))
def test_help_is_in_words_with_an_example(polycolor: Run, command: str) -> None:
    said = polycolor(*command.split(), "--help").stdout.decode()
    assert "Example: polycolor" in said
    assert not any(kind in said for kind in ("<str", "<int", "<list", "<float", "<Path", "<path"))
