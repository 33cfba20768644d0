"""Trainings on several processes: real ones, started by the command itself and by torchrun; and each part alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.distributed
from lightning_fabric import Fabric
from safetensors.torch import load_file
from torch import nn

from conftest import Run as Command
from polycolor_cli.data.write import write_dataset
from polycolor_cli.train import parallel
from polycolor_cli.train.run import Run

# a network of one look is exported quickly
TINY = ("--width", "4", "--depth", "2", "--conditioning", "rgb")
SMALL = (*TINY, "--batch-size", "5", "--precision", "32", "--decay", "0")


def apart(one: Path, other: Path) -> float:
    """The largest difference between the weights of two runs."""
    a, b = (load_file(path / "checkpoint" / "net.safetensors") for path in (one, other))
    assert a.keys() == b.keys()
    return max((a[key].float() - b[key].float()).abs().max().item() for key in a)


@pytest.mark.slow
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


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_an_epoch_at_most(tmp_path: Path, polycolor: Command) -> None:
    write_dataset(tmp_path / "data", 6, 2, seed=1)
    # which precision is quicker is measured anew by every command, and two may differ
    arguments = ("data", "--epochs", "60", *TINY, "--batch-size", "3", "--precision", "32")
    polycolor("train", *arguments, "--out", "whole")
    command = [str(Path(sys.executable).with_name("polycolor")), "train", *arguments, "--out", "broken"]
    kills = 0
    for pause in (0.05, 0.2, 0.4):
        training = subprocess.Popen(command, cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL)
        before = done = len(Run(tmp_path / "broken").rows())
        # the first epoch is measured before there is a checkpoint
        while training.poll() is None and not (done > before and Run(tmp_path / "broken").has_checkpoint()):
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


LEAVING = """
import os
import sys

import torch
from polycolor_cli.train.parallel import finished

def trained(rank, number):
    torch.distributed.init_process_group("gloo", f"file://{sys.argv[1]}/{number}", rank=rank, world_size=2)
    net = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(8, 8))
    net(torch.rand(3, 8)).sum().backward()
    finished()

def process(rank):
    torch.set_num_threads(1)
    for number in range(200):
        trained(rank, number)
    os._exit(0)

if __name__ == "__main__":
    torch.multiprocessing.spawn(process, nprocs=2)
"""


@pytest.mark.slow
def test_processes_that_leave_each_other_never_wait_for_one_another(tmp_path: Path) -> None:
    # one in a hundred did, for ever, where the threads of their group had not come to their end
    (tmp_path / "leaving.py").write_text(LEAVING)
    subprocess.run([sys.executable, "leaving.py", str(tmp_path)], cwd=tmp_path, check=True, timeout=200)


@pytest.fixture
def group(tmp_path: Path) -> Iterator[None]:
    """A group of one process."""
    torch.distributed.init_process_group("gloo", f"file://{tmp_path}/group", rank=0, world_size=1)
    yield
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def shared(net: nn.Module, processes: int = 2, device: str = "cpu") -> nn.Module:
    of_many: Any = SimpleNamespace(world_size=processes, device=torch.device(device))
    return parallel.share_statistics(net, of_many)


def test_shared_statistics_are_those_of_all_drawings(group: None) -> None:
    torch.manual_seed(0)
    plain, other = nn.BatchNorm2d(3, momentum=0.3), nn.BatchNorm2d(3, momentum=0.3)
    with torch.no_grad():
        for net in (plain, other):
            net.weight.copy_(torch.tensor([0.5, 1, 2]))
            net.bias.copy_(torch.tensor([3.0, 2, 1]))
    assert shared(other) is other
    assert type(other) is not nn.BatchNorm2d
    for _ in range(3):
        x = torch.rand(4, 3, 5, 6) * 4 + 1
        one, two = (x.clone().requires_grad_() for _ in range(2))
        answers = plain(one), other(two)
        assert torch.allclose(*answers, atol=1e-5)
        for answer in answers:
            (answer * torch.linspace(0, 1, 6)).square().sum().backward()
        assert one.grad is not None
        assert two.grad is not None
        assert torch.allclose(one.grad, two.grad, atol=1e-3)
    for name, value in plain.state_dict().items():
        assert torch.allclose(value.float(), other.state_dict()[name].float(), atol=1e-5), name
    for net in (plain, other):
        net.eval()
    assert torch.allclose(plain(x), other(x), atol=1e-5)
    # half precision in, half precision out, and sums that do not lose what is small
    half = shared(nn.BatchNorm2d(3))(x.bfloat16())
    assert half.dtype == torch.bfloat16


def test_statistics_are_shared_where_there_is_somebody_to_share_with() -> None:
    alone = shared(nn.Sequential(nn.BatchNorm2d(2)), processes=1)
    assert [type(part) for part in alone] == [nn.BatchNorm2d]  # type: ignore[attr-defined]
    on_gpus = shared(nn.Sequential(nn.BatchNorm2d(2), nn.ReLU()), device="cuda")
    assert [type(part) for part in on_gpus] == [nn.SyncBatchNorm, nn.ReLU]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("environment", "given", "asked"),
    [
        ({}, {}, {"devices": 1, "num_nodes": 1}),
        ({}, {"devices": 3, "num_nodes": 2}, {"devices": 3, "num_nodes": 2}),
        # torchrun: six processes, two on each machine
        ({"LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "6"}, {}, {"devices": 2, "num_nodes": 3}),
        ({"LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "6"}, {"devices": 4}, {"devices": 4, "num_nodes": 3}),
        # what Fabric tells the processes that it started itself
        ({"WORLD_SIZE": "6"}, {}, {"devices": 1, "num_nodes": 1}),
    ],
)
def test_it_is_started_as_asked_or_as_torchrun_says(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], given: dict[str, int], asked: dict[str, int]
) -> None:
    for name in ("RANK", "NODE_RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    launched: list[dict[str, Any]] = []

    def fabric(**settings: Any) -> Any:
        return SimpleNamespace(launch=lambda: launched.append(settings))

    monkeypatch.setattr(parallel, "Fabric", fabric)
    for precision, means in (("32", "32-true"), ("bf16-mixed", "bf16-mixed")):
        parallel.started(precision, device="cpu", **given)
        assert launched.pop() == asked | {"accelerator": "cpu", "precision": means}
    parallel.started("32", **given)
    assert launched.pop()["accelerator"] == "auto"


@pytest.mark.parametrize(
    ("environment", "first"),
    [({}, True), ({"RANK": "0"}, True), ({"RANK": "1"}, False), ({"NODE_RANK": "1"}, False),
     ({"LOCAL_RANK": "2"}, False), ({"RANK": "0", "NODE_RANK": "0", "LOCAL_RANK": "1"}, False)],
)  # fmt: skip
def test_one_of_them_speaks(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], first: bool) -> None:
    for name in ("RANK", "NODE_RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert parallel.is_first() == first


def test_one_process_is_not_several(group: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not parallel.is_shared()
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    assert parallel.is_shared()
    monkeypatch.undo()
    parallel.finished()
    assert not torch.distributed.is_initialized()
    assert not parallel.is_shared()
    # and once more where there is no group to leave
    parallel.finished()


def test_a_real_start_alone() -> None:
    fabric = parallel.started("32", 1, 1, "cpu")
    assert isinstance(fabric, Fabric)
    assert (fabric.world_size, fabric.device.type) == (1, "cpu")


@pytest.mark.parametrize(
    ("environment", "watches"),
    [
        ({}, False),
        ({"LOCAL_RANK": "1"}, True),
        ({"LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "2"}, False),
    ],
)
def test_those_that_another_started_end_with_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], watches: bool
) -> None:
    for name in ("RANK", "NODE_RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    watched: list[int] = []
    monkeypatch.setattr(parallel, "_end_with", watched.append)
    monkeypatch.setattr(parallel, "Fabric", lambda **_: SimpleNamespace(launch=lambda: None))
    parallel.started("32")
    assert watched == ([os.getppid()] if watches else [])


def test_it_ends_when_its_parent_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    parents, slept, ended = iter([7, 7, 1]), list[float](), list[int]()
    monkeypatch.setattr(parallel.os, "getppid", lambda: next(parents))
    monkeypatch.setattr(parallel.os, "_exit", ended.append)
    monkeypatch.setattr(parallel.time, "sleep", slept.append)
    parallel._end_with(7)
    assert (slept, ended) == ([0.5, 0.5], [1])
