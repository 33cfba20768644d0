"""What TensorBoard and Weights & Biases are told, and how a resumed run goes on with both."""

import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from polycolor_cli.errors import PolycolorError
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.logs import Logs
from polycolor_cli.train.run import Run

ROW = {"epoch": 2.0, "step": 9.0, "val_loss": 0.25, "soft_iou": 0.5}
PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "my run")
    run.folder.mkdir()
    return run


def told(run: Run) -> EventAccumulator:
    return EventAccumulator(str(run.folder / "tensorboard")).Reload()


class Wandb(SimpleNamespace):
    """Keeps what it is told; the real one needs an account or a minute."""

    class Error(Exception):
        pass

    def __init__(self) -> None:
        self.told: list[Any] = []
        super().__init__(Image=lambda pixels: ("image", pixels), Settings=lambda **given: given, Error=Wandb.Error)

    def init(self, **given: Any) -> "Wandb":
        self.told.append(given)
        return self

    def log(self, values: dict[str, Any], step: int) -> None:
        self.told.append((values, step))

    def finish(self) -> None:
        self.told.append("finished")


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> Wandb:
    fake = Wandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    return fake


def test_nothing_is_logged_where_nothing_is_asked_for(run: Run) -> None:
    for log in ("", "csv"):
        logs = Logs(TrainConfig(log=log), run, 0)
        assert (logs.board, logs.wandb) == (None, None)
        logs.tell(ROW)
        logs.show({"samples": PICTURE}, 9)
        logs.close()
    assert not list(run.folder.iterdir())


def test_tensorboard_has_every_measure_and_picture_at_its_step(run: Run) -> None:
    logs = Logs(TrainConfig(log="csv,tensorboard"), run, 0)
    assert logs.wandb is None
    logs.tell(ROW)
    # at once: who looks does not wait for the end
    assert [(event.step, event.value) for event in told(run).Scalars("val_loss")] == [(9, 0.25)]
    logs.show({"samples": PICTURE, "colors": PICTURE[:10]}, 11)
    logs.close()
    events = told(run)
    assert {name: events.Scalars(name)[0].value for name in events.Tags()["scalars"]} == {
        name: value for name, value in ROW.items() if name != "step"
    }
    sizes = {name: events.Images(name)[0] for name in events.Tags()["images"]}
    assert {(name, seen.step, seen.height, seen.width) for name, seen in sizes.items()} == {
        ("samples", 11, 20, 30), ("colors", 11, 10, 30),
    }  # fmt: skip


@pytest.mark.usefixtures("event_files_in_order")
@pytest.mark.parametrize(("goes_on_from", "kept"), [(0, [9, 9]), (8, [9]), (9, [9, 9])])
def test_what_came_after_the_checkpoint_is_told_once(run: Run, goes_on_from: int, kept: list[int]) -> None:
    for step in (0, goes_on_from):
        logs = Logs(TrainConfig(log="tensorboard"), run, step)
        logs.tell(ROW)
        logs.close()
    assert [event.step for event in told(run).Scalars("val_loss")] == kept


def test_wandb_knows_the_run_again(run: Run, wandb: Wandb) -> None:
    config = TrainConfig(log="wandb", lr=0.5)
    logs = Logs(config, run, 0)
    assert logs.board is None
    logs.tell(ROW)
    logs.show({"samples": PICTURE}, 11)
    logs.close()
    begun, row, shown, last = wandb.told
    assert (begun["project"], begun["name"], begun["resume"], begun["dir"]) == (
        "polycolor", "my run", "allow", run.folder,
    )  # fmt: skip
    assert begun["config"] == asdict(config)
    # it prints nothing into our progress bar
    assert begun["settings"] == {"silent": True, "console": "off"}
    assert row == ({name: value for name, value in ROW.items() if name != "step"}, 9)
    assert shown == ({"samples": ("image", PICTURE)}, 11)
    assert last == "finished"
    Logs(config, run, 9)
    assert wandb.told[4]["id"] == begun["id"] == (run.folder / "wandb-id").read_text()
    other = Run(run.folder.parent / "other")
    other.folder.mkdir()
    Logs(config, other, 0)
    assert wandb.told[5]["id"] != begun["id"]
    assert len(begun["id"]) == 8


def test_wandb_without_an_account_is_one_line(run: Run, wandb: Wandb, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**given: Any) -> None:
        raise wandb.Error("no API key")

    monkeypatch.setattr(wandb, "init", refuse)
    with pytest.raises(
        PolycolorError, match=r"^--log wandb: no API key \(WANDB_MODE=offline logs without an account\)$"
    ):
        Logs(TrainConfig(log="wandb"), run, 0)
