import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from conftest import Refused, Run
from polycolor_cli.data.write import write_dataset
from polycolor_cli.train.config import TrainConfig

TINY = ["--width", "4", "--depth", "2", "--max-width", "8", "--batch-size", "4"]
# a network of one look is exported quickly
PLAIN = [*TINY, "--conditioning", "rgb"]


@pytest.mark.parametrize(
    "conditioning",
    [pytest.param("coverage", marks=pytest.mark.slow), "rgb", pytest.param("embedding", marks=pytest.mark.slow)],
)
def test_a_trained_model_runs_in_colorize(drawing: Path, tmp_path: Path, polycolor: Run, conditioning: str) -> None:
    polycolor("dataset", "data", "--train", "8", "--validation", "2", "--seed", "1")
    done = polycolor(
        "train", "data", "--out", "run", "--epochs", "2", "--conditioning", conditioning, "--loss", "BCE+Dice", *TINY
    )
    assert b"drawings/s" in done.stderr
    made = {path.name for path in (tmp_path / "run").iterdir()}
    assert made == {
        "config.toml", "metrics.csv", "curves.png", "samples.png", "colors.png", "checkpoint", "model.onnx",
        "model.safetensors", "last.safetensors", "best.safetensors", ".lock",
    }  # fmt: skip
    assert len((tmp_path / "run" / "metrics.csv").read_text().splitlines()) == 3
    assert Image.open(tmp_path / "run" / "samples.png").size == (2 * 128, 3 * 128 + 34)
    polycolor("colorize", "shape.png", "-c", "red", "--model", "run", "-o", "out.png")
    assert Image.open(tmp_path / "out.png").size == (128, 128)
    if conditioning == "embedding":
        done = polycolor("colorize", "shape.png", "-c", "teal", "--model", "run", "-o", "teal.png", code=1)
        assert b"only knows the colours" in done.stderr
    if conditioning == "rgb":
        done = polycolor("colorize", "shape.png", "--mask", "--model", "run", code=1)
        assert b"knows no coverage" in done.stderr
    if conditioning == "coverage":
        wider = ("train", "data", "--out", "wide", "--epochs", "1", "--width", "9", "--batch-size", "4")
        polycolor(*wider, "--init-from", "run/model.safetensors")
        assert TrainConfig.load(tmp_path / "wide" / "config.toml").width == 9
        done = polycolor("train", "data", "--out", "no", "--width", "2", "--init-from", "run/model.safetensors", code=2)
        assert b"--width 2" in done.stderr


@pytest.mark.slow
def test_ctrl_c_saves_and_resume_goes_on(tmp_path: Path, polycolor: Run) -> None:
    command = [str(Path(sys.executable).with_name("polycolor")), "train", "--synthetic", "--out", "run"]
    training = subprocess.Popen(
        [*command, "--steps", "100000", *PLAIN], cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True
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


def test_refusals(tmp_path: Path, polycolor: Run, refused: Refused) -> None:
    polycolor("dataset", "data", "--train", "3", "--validation", "1")
    (tmp_path / "data" / "training" / "data.json").write_text('[{"input_polygon": "a.png"}, 3]')
    for arguments, words in (
        ([], "--out"),
        (["--out", "run"], "nothing to learn from"),
        (["missing", "--out", "run"], "no such folder"),
        (["data", "--out", "run"], "row 2"),
        (["--synthetic", "--out", "run", "--loss", "l3"], "not one of"),
        (["--synthetic", "--out", "run", "--conditioning", "taste"], "not one of"),
        (["--synthetic", "--out", "data"], "not empty"),
        (["--resume", "data"], "no run to resume"),
        (["--resume", "data", "--lr", "1"], "leave out lr"),
        (["--synthetic", "--out", "run", "--init-from", "nothing"], "no such file"),
    ):
        said = refused("train", *arguments)
        assert words in said, said
        assert not (tmp_path / "run").exists(), arguments


@pytest.mark.slow
def test_what_goes_wrong_on_the_way_is_one_line_and_loses_little(
    tmp_path: Path, polycolor: Run, refused: Refused
) -> None:
    polycolor("dataset", "data", "--train", "8", "--validation", "2", "--seed", "1")
    polycolor("train", "data", "--out", "run", "--epochs", "1", *PLAIN)

    # a loss that is none any more, after a good epoch
    settings = (tmp_path / "run" / "config.toml").read_text()
    (tmp_path / "run" / "config.toml").write_text(settings.replace("lr = 0.002", "lr = 1e+30"))
    (tmp_path / "run" / "model.onnx").unlink()
    done = polycolor("train", "--resume", "run", "--epochs", "30", code=2)
    assert b"try a smaller --lr" in done.stderr.splitlines()[-1]
    assert b"the model of the last good epoch is run/model.onnx" in done.stderr.splitlines()[-1]
    assert (tmp_path / "run" / "model.onnx").exists()
    (tmp_path / "run" / "config.toml").write_text(settings)

    # other settings
    assert "a resumed run keeps its settings: leave out width" in refused("train", "--resume", "run", "--width", "8")

    # a full disk: no file may grow beyond what a few metrics need
    command = [str(Path(sys.executable).with_name("polycolor")), "train", "data", "--out", "full", *PLAIN]
    limited = f"ulimit -f 8; exec {' '.join(command)}"
    full = subprocess.run(["bash", "-c", limited], cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert full.returncode == 2
    assert b"File too large" in full.stderr.splitlines()[-1]
    assert b"Traceback" not in full.stderr

    # a picture that is not what it was when the training began, and a dataset of other rows
    shape = tmp_path / "data" / "training" / "inputs"
    Image.new("L", (40, 40), 255).save(next(shape.iterdir()))
    assert "is 40 x 40 pixels" in refused("train", "--resume", "run", "--epochs", "2")
    polycolor("dataset", "other", "--train", "9", "--validation", "2", "--seed", "2")
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "other").rename(tmp_path / "data")
    assert "is not the data that run was trained on" in refused("train", "--resume", "run", "--epochs", "2")


@pytest.mark.slow
def test_a_dataset_that_changes_under_a_run_is_one_line(tmp_path: Path, polycolor: Run) -> None:
    polycolor("dataset", "data", "--train", "40", "--validation", "2", "--seed", "1")
    command = [str(Path(sys.executable).with_name("polycolor")), "train", "data", "--out", "run", "--epochs", "999"]
    training = subprocess.Popen([*command, *PLAIN], cwd=tmp_path, stderr=subprocess.PIPE)
    assert training.stderr is not None
    for line in training.stderr:
        if line.startswith(b"epoch 1:"):
            break
    for path in (tmp_path / "data" / "training" / "inputs").iterdir():
        path.unlink()
    _, errors = training.communicate(timeout=60)
    assert training.returncode == 2
    assert b"no such file" in errors.splitlines()[-1]
    assert b"Traceback" not in errors
    assert (tmp_path / "run" / "checkpoint" / "state.json").exists()


@pytest.mark.slow
def test_a_preset_is_trained_with_what_is_said_beside_it(tmp_path: Path, polycolor: Run) -> None:
    polycolor("dataset", "data", "--train", "8", "--validation", "2", "--seed", "1")
    polycolor("train", "data", "--out", "run", "--preset", "polygon-unet", "--epochs", "1", "--width", "4")
    config = TrainConfig.load(tmp_path / "run" / "config.toml")
    assert (config.conditioning, config.loss, config.width, config.epochs) == ("embedding", "mse", 4, 1)


def test_refusals_of_options(tmp_path: Path, refused: Refused) -> None:
    write_dataset(tmp_path / "data", 4, 2, seed=1)
    for arguments, words in (
        (["--preset", "mine"], "not one of polygon-unet, ayna, ayna-text"),
        (["--progressive", "32,100"], "sides that double"),
        (["--log", "paper"], "not one of csv, tensorboard, wandb"),
        (["--attention", "please"], "not one of none, bottleneck, coarse"),
        (["--precision", "8"], "not one of bf16-mixed, 32"),
        (["--conditioning", "text-film", "--text-encoder", "./none"], "no such folder"),
    ):
        said = refused("train", "data", "--out", "no", *arguments)
        assert words in said, said
        assert len(said.splitlines()) == 1
        assert not (tmp_path / "no").exists(), arguments
