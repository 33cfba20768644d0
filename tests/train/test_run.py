"""A run's folder: what is written is read again, to the bit, and a crash between two steps loses nothing."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from polycolor_cli.errors import PolycolorError
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.run import Checkpoint, Run

STATE = {"step": 3, "drawings": 12, "sums": {"loss": 0.5}, "data": "abc", "best": None}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "runs" / "mine")
    run.begin(TrainConfig(width=7))
    return run


def training(seed: int, learnt: int = 2) -> Checkpoint:
    """A small training after some steps."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)
    average = nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.1, fused=True)
    for _ in range(learnt):
        optimizer.zero_grad()
        net(torch.rand(2, 3, 8, 8)).square().sum().backward()
        optimizer.step()
    return Checkpoint(net, average, optimizer, None)


def tensors(of: Checkpoint) -> dict[str, torch.Tensor]:
    found = {f"{name}.{key}": value for name, net in of.modules.items() for key, value in net.state_dict().items()}
    for index, moments in of.optimizers["optimizer"].state_dict()["state"].items():
        found |= {f"{index}.{key}": value for key, value in moments.items()}
    return found


def same(one: Checkpoint, other: Checkpoint) -> bool:
    a, b = tensors(one), tensors(other)
    return a.keys() == b.keys() and all(torch.equal(value, b[key]) for key, value in a.items())


def test_a_run_says_what_it_is_going_to_do(run: Run) -> None:
    assert TrainConfig.load(run.config) == TrainConfig(width=7)
    assert (run.config.name, run.metrics.name) == ("config.toml", "metrics.csv")
    # one that goes on has its folder already
    run.begin(TrainConfig(width=8))
    assert TrainConfig.load(run.config).width == 8


def test_measures_are_kept_row_by_row(run: Run) -> None:
    assert run.rows() == []
    run.append({"epoch": 1, "step": 10, "val_loss": 0.123456789})
    run.append({"epoch": 2, "step": 20, "val_loss": 1e-9})
    assert run.metrics.read_bytes() == b"epoch,step,val_loss\n1,10,0.123457\n2,20,1e-09\n"
    assert run.rows() == [
        {"epoch": 1, "step": 10, "val_loss": 0.123457}, {"epoch": 2, "step": 20, "val_loss": 1e-9},
    ]  # fmt: skip


def test_measures_after_a_step_are_dropped(run: Run) -> None:
    run.rewind(10)
    assert run.rows() == []
    for epoch in (1, 2, 3):
        run.append({"epoch": epoch, "step": 10 * epoch})
    run.rewind(20)
    assert [row["step"] for row in run.rows()] == [10, 20]
    run.rewind(19)
    assert run.metrics.read_bytes() == b"epoch,step\n1,10\n"
    run.rewind(0)
    assert run.rows() == []
    run.append({"epoch": 1, "step": 10})
    assert run.metrics.read_bytes() == b"epoch,step\n1,10\n"


@pytest.mark.parametrize(
    "text", ["epoch,step\n1,x\n", "epoch,step\n1\n", "epoch,step\n1,2,3\n", "epoch,loss\n1,2\n", "epoch,step\n1,\x00\n"]
)
def test_damaged_measures_are_named_with_what_to_do(run: Run, text: str) -> None:
    run.metrics.write_text(text)
    with pytest.raises(PolycolorError) as refused:
        run.rows()
    assert str(refused.value) == (f"{run.metrics}: is damaged; without it the run goes on, its old measures are lost")


def test_a_checkpoint_puts_everything_back(run: Run) -> None:
    assert not run.has_checkpoint()
    kept, other = training(1), training(2)
    run.save(kept, STATE)
    assert run.has_checkpoint()
    assert not same(kept, other)
    assert run.load(other) == STATE
    assert same(kept, other)
    # moments lie in memory as their weights do, or a fused step goes wrong
    (weight, *_) = kept.modules["net"].parameters()
    state = other.optimizers["optimizer"].state_dict()["state"]
    assert state[0]["exp_avg"].stride() == weight.stride()
    # and both go on to the same
    for one in (kept, other):
        torch.manual_seed(3)
        one.optimizers["optimizer"].zero_grad()
        one.modules["net"](torch.rand(2, 3, 8, 8)).square().sum().backward()
        one.optimizers["optimizer"].step()
    assert same(kept, other)


def test_one_is_loaded_into_a_training_that_has_not_begun(run: Run) -> None:
    kept, fresh = training(1), training(2, learnt=0)
    run.save(kept, STATE)
    run.load(fresh)
    assert same(kept, fresh)


def test_a_new_checkpoint_takes_the_place_of_the_old_one(run: Run) -> None:
    for step, left in enumerate((None, "checkpoint.new", "checkpoint.old")):
        if left:
            # what a crash left behind
            shutil.copytree(run.checkpoint, run.folder / left)
            (run.folder / left / "strange.file").touch()
        kept = training(step)
        run.save(kept, STATE | {"step": step})
        assert {path.name for path in run.folder.iterdir()} == {"config.toml", "checkpoint"}
        assert {path.name for path in run.checkpoint.iterdir()} == {
            "net.safetensors", "average.safetensors", "optimizer.safetensors", "state.json",
        }  # fmt: skip
        other = training(9)
        assert run.load(other)["step"] == step
        assert same(kept, other)


def test_a_crash_between_two_renames_loses_nothing(run: Run) -> None:
    kept, other = training(1), training(2)
    run.save(kept, STATE)
    run.checkpoint.rename(run.folder / "checkpoint.old")
    assert run.has_checkpoint()
    assert run.last_checkpoint == run.folder / "checkpoint.old"
    run.load(other)
    assert same(kept, other)
    # the next one leaves no second
    run.save(kept, STATE)
    assert run.last_checkpoint == run.checkpoint
    assert not (run.folder / "checkpoint.old").exists()


@pytest.mark.parametrize("file", ["net.safetensors", "average.safetensors", "optimizer.safetensors"])
@pytest.mark.parametrize("how", ["gone", "cut", "of another network"])
def test_weights_that_are_damaged_are_named(run: Run, file: str, how: str) -> None:
    run.save(training(1), STATE)
    path = run.checkpoint / file
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-8])
    else:
        # a name that no network has
        path.write_bytes(path.read_bytes().replace(b"weight", b"wEight").replace(b"0.exp_", b"9.exp_"))
    with pytest.raises(PolycolorError) as refused:
        run.load(training(2))
    assert str(refused.value) == f"{path}: is damaged; begin a new run, with --init-from a model that is whole"


INCOMPLETE = [
    {key: value for key, value in STATE.items() if key != gone} for gone in ("step", "drawings", "sums", "data")
]


@pytest.mark.parametrize("text", ["", "[]", "{", *map(json.dumps, INCOMPLETE), "[" * 99999])
def test_a_state_that_is_damaged_is_named(run: Run, text: str) -> None:
    run.save(training(1), STATE)
    path = run.checkpoint / "state.json"
    path.write_text(text)
    with pytest.raises(PolycolorError) as refused:
        run.load(training(2))
    assert str(refused.value) == f"{path}: is damaged; begin a new run"


def test_the_best_weights_are_kept_with_their_epoch(run: Run) -> None:
    assert run.best_epoch is None
    net = nn.Linear(2, 2)
    run.keep_best(net, 4)
    assert run.best_epoch == 4
    run.keep_best(net, 6)
    assert run.best_epoch == 6
    assert {path.name for path in run.folder.iterdir()} == {"config.toml", "best.safetensors"}
    run.best.write_bytes(b"")
    assert run.best_epoch is None
    from safetensors.torch import save_file

    for about in (None, {}, {"epoch": "six"}):
        save_file(net.state_dict(), run.best, about)
        assert run.best_epoch is None


def test_only_one_trains_a_run(run: Run) -> None:
    with run.locked():
        with pytest.raises(PolycolorError) as refused, Run(run.folder).locked():
            pass
        assert str(refused.value) == f"{run.folder}: is being trained by another process"
    with Run(run.folder).locked(), Run(run.folder.parent / "not" / "there").locked():
        pass
    with pytest.raises(ZeroDivisionError), run.locked():
        raise ZeroDivisionError
    with run.locked():
        pass
