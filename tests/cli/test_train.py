import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from conftest import Run
from polycolor_cli.train.config import TrainConfig

TINY = ["--width", "4", "--depth", "2", "--max-width", "8", "--batch-size", "4"]


@pytest.mark.parametrize("conditioning", ["coverage", "rgb", "embedding"])
def test_a_trained_model_runs_in_colorize(drawing: Path, tmp_path: Path, polycolor: Run, conditioning: str) -> None:
    polycolor("dataset", "data", "--train", "8", "--validation", "2", "--seed", "1")
    done = polycolor(
        "train", "data", "--out", "run", "--epochs", "2", "--conditioning", conditioning, "--loss", "BCE+Dice", *TINY
    )
    assert b"drawings/s" in done.stderr
    made = {path.name for path in (tmp_path / "run").iterdir()}
    assert made == {
        "config.toml", "metrics.csv", "curves.png", "samples.png", "checkpoint", "model.onnx", "model.safetensors"
    }  # fmt: skip
    assert len((tmp_path / "run" / "metrics.csv").read_text().splitlines()) == 3
    assert Image.open(tmp_path / "run" / "samples.png").size == (2 * 128, 3 * 128)
    polycolor("colorize", "shape.png", "-c", "red", "--model", "run", "-o", "out.png")
    assert Image.open(tmp_path / "out.png").size == (128, 128)
    if conditioning == "embedding":
        done = polycolor("colorize", "shape.png", "-c", "teal", "--model", "run", "-o", "teal.png", code=1)
        assert b"only knows the colours" in done.stderr
    if conditioning == "rgb":
        done = polycolor("colorize", "shape.png", "--mask", "--model", "run", code=1)
        assert b"knows no coverage" in done.stderr
    if conditioning == "coverage":
        polycolor(
            "train", "data", "--out", "on", "--epochs", "1", "--init-from", "run/model.safetensors", "--batch-size", "4"
        )
        wider = ("train", "data", "--out", "wide", "--epochs", "1", "--width", "9", "--batch-size", "4")
        polycolor(*wider, "--init-from", "run/model.safetensors")
        assert TrainConfig.load(tmp_path / "wide" / "config.toml").width == 9
        done = polycolor("train", "data", "--out", "no", "--width", "2", "--init-from", "run/model.safetensors", code=2)
        assert b"--width 2" in done.stderr


def test_ctrl_c_saves_and_resume_goes_on(tmp_path: Path, polycolor: Run) -> None:
    command = [str(Path(sys.executable).with_name("polycolor")), "train", "--synthetic", "--out", "run"]
    training = subprocess.Popen(
        [*command, "--steps", "100000", *TINY], cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True
    )
    assert training.stderr is not None
    for line in training.stderr:
        if b"step" in line:
            break
    time.sleep(1)
    # as a terminal does it: to every process of the group
    os.killpg(training.pid, signal.SIGINT)
    _, errors = training.communicate(timeout=120)
    assert training.returncode == 130
    assert b"Traceback" not in errors
    assert (tmp_path / "run" / "model.onnx").exists()
    step = int((tmp_path / "run" / "checkpoint" / "state.json").read_text().split('"step": ')[1].split(",")[0])
    done = polycolor("train", "--resume", "run", "--steps", step + 2)
    assert f"step {step + 2}/{step + 2}".encode() in done.stderr


def test_refusals(tmp_path: Path, polycolor: Run) -> None:
    polycolor("dataset", "data", "--train", "3", "--validation", "1")
    (tmp_path / "data" / "training" / "data.json").write_text('[{"input_polygon": "a.png"}, 3]')
    for arguments, words in (
        ([], b"--out"),
        (["--out", "run"], b"nothing to learn from"),
        (["missing", "--out", "run"], b"no such folder"),
        (["data", "--out", "run"], b"row 2"),
        (["--synthetic", "--out", "run", "--loss", "l3"], b"not one of"),
        (["--synthetic", "--out", "run", "--conditioning", "taste"], b"not one of"),
        (["--synthetic", "--out", "data"], b"not empty"),
        (["--resume", "data"], b"no run to resume"),
        (["--resume", "data", "--lr", "1"], b"leave out lr"),
        (["--synthetic", "--out", "run", "--init-from", "nothing"], b"no such file"),
    ):
        done = polycolor("train", *arguments, code=2)
        assert words in done.stderr, done.stderr
        assert not (tmp_path / "run").exists(), arguments
