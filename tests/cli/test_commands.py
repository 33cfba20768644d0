"""What holds for the command line as a whole."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Run, square


def imported(*arguments: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    code = (
        "import sys\n"
        "from polycolor_cli.cli import main\n"
        f"sys.argv = ['polycolor', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("command", ["colorize", "batch", "colors", "train", "dataset", "evaluate"])
def test_help_is_grouped_has_an_example_and_is_quick(command: str, polycolor: Run) -> None:
    text = polycolor(command, "--help").stdout.decode()
    assert re.search(rf"Example: polycolor {command}", text)
    modules = imported(command, "--help")
    assert not modules & {"numpy", "torch", "onnxruntime", "PIL", "matplotlib", "cv2"}


def test_commands_load_no_more_than_a_drawing_needs(drawing: Path) -> None:
    never = {"torch", "matplotlib", "coloraide", "pydantic", "requests"}
    out = drawing.with_name("out.png")
    modules = imported("colorize", str(drawing), "-c", "red", "-o", str(out))
    assert out.exists()
    assert not modules & {*never, "onnxruntime"}
    gapped = square()
    gapped.paste(255, (40, 28, 88, 36))
    gapped.save(drawing)
    modules = imported("colorize", str(drawing), "-c", "red", "-o", str(out))
    assert "onnxruntime" in modules
    assert not modules & never
    for workers in ("1", "2"):
        arguments = (str(drawing.parent), "-c", "red", "-o", str(drawing.parent / workers), "--workers", workers)
        # whoever gives a number pays for Typer's reading it
        assert not imported("batch", *arguments) & (never - {"pydantic"})
    assert not imported("batch", str(drawing.parent), "-c", "red", "-o", str(drawing.parent / "o")) & never


def test_colors_lists_every_name(polycolor: Run) -> None:
    lines = polycolor("colors").stdout.decode().splitlines()
    assert lines[1] == "green #00ff00"
    assert len(lines) == 148


def test_version_and_no_arguments(polycolor: Run) -> None:
    assert re.fullmatch(rb"polycolor \d+\.\d+\.\d+\n", polycolor("--version").stdout)
    assert b"Usage: polycolor" in polycolor(code=2).stderr


def test_a_dataset_is_written_and_never_over_another(tmp_path: Path, polycolor: Run) -> None:
    polycolor("dataset", "shapes", "--train", "3", "--validation", "2", "--seed", "1")
    assert len(list((tmp_path / "shapes" / "training" / "inputs").iterdir())) == 3
    done = polycolor("dataset", "shapes", code=2)
    assert b"not empty" in done.stderr
