"""Trainings on several processes: real ones, started by the command itself and by torchrun."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from conftest import Run as Command
from polycolor_cli.data.write import write_dataset
from polycolor_cli.train.run import Run

pytestmark = pytest.mark.slow

# a network of one look is exported quickly
TINY = ("--width", "4", "--depth", "2", "--conditioning", "rgb")
SMALL = (*TINY, "--batch-size", "5", "--precision", "32", "--decay", "0")


def apart(one: Path, other: Path) -> float:
    """The largest difference between the weights of two runs."""
    a, b = (load_file(path / "checkpoint" / "net.safetensors") for path in (one, other))
    assert a.keys() == b.keys()
    return max((a[key].float() - b[key].float()).abs().max().item() for key in a)


def test_two_processes_come_to_what_one_comes_to(tmp_path: Path, polycolor: Command) -> None:
    # 11 drawings by fives: of the last batch, one drawing, there is none for the second process
    write_dataset(tmp_path / "data", 11, 3, seed=1)
    polycolor("train", "data", "--out", "one", "--epochs", "2", *SMALL)
    polycolor("train", "data", "--out", "two", "--epochs", "2", *SMALL, "--devices", "2")
    one, two = (Run(tmp_path / name).rows() for name in ("one", "two"))
    assert [row["drawings"] for row in one] == [row["drawings"] for row in two] == [11, 22]
    for name in ("train_loss", "val_loss", "mean_error"):
        assert two[-1][name] == pytest.approx(one[-1][name], rel=0.02)
    assert apart(tmp_path / "one", tmp_path / "two") < 0.02
    # and a run goes on with another number of processes, here through torchrun
    torchrun = [str(Path(sys.executable).with_name("torchrun")), "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "-m", "polycolor_cli", "train", "--resume", "one", "--epochs", "3"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=200)
    polycolor("train", "--resume", "two", "--epochs", "3")
    assert Run(tmp_path / "one").rows()[-1]["val_loss"] == pytest.approx(
        Run(tmp_path / "two").rows()[-1]["val_loss"], rel=0.02
    )


def test_killed_at_any_moment_it_loses_an_epoch_at_most(tmp_path: Path, polycolor: Command) -> None:
    write_dataset(tmp_path / "data", 6, 2, seed=1)
    arguments = ("data", "--epochs", "60", *TINY, "--batch-size", "3")
    polycolor("train", *arguments, "--out", "whole")
    command = [str(Path(sys.executable).with_name("polycolor")), "train", *arguments, "--out", "broken"]
    kills = 0
    for pause in (0.05, 0.2, 0.4):
        training = subprocess.Popen(command, cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL)
        before = done = len(Run(tmp_path / "broken").rows())
        while training.poll() is None and done <= before:
            done = len(Run(tmp_path / "broken").rows())
        time.sleep(pause)
        if training.poll() is None:
            os.killpg(training.pid, signal.SIGKILL)
            kills += 1
        training.wait()
        command = [command[0], "train", "--resume", "broken"]
        state = (Run(tmp_path / "broken").last_checkpoint / "state.json").read_text()
        epochs = int(state.split('"step": ')[1].split(",")[0]) // 2
        assert epochs >= len(Run(tmp_path / "broken").rows()) - 1
    assert kills
    polycolor("train", "--resume", "broken")
    assert apart(tmp_path / "whole", tmp_path / "broken") == 0
    assert (tmp_path / "whole" / "metrics.csv").read_text() == (tmp_path / "broken" / "metrics.csv").read_text()
