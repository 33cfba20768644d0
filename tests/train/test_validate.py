"""What validation measures, and which row of measures is the better."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from polycolor_cli.data import unseen
from polycolor_cli.data.batch import Batch, synthetic_batch
from polycolor_cli.data.dataset import read_dataset
from polycolor_cli.data.write import write_dataset
from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.nn.losses import loss_of
from polycolor_cli.nn.unet import Dimensions
from polycolor_cli.train import validate as validation
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.validate import (
    VALIDATION_SEED,
    color_input,
    merit,
    painted_exactly,
    validate,
    validation_batches,
)


class Knowing(nn.Module):
    """A network that answers with given logits, one batch after the other."""

    def __init__(self, answers: list[Tensor], conditioning: str = "coverage") -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.dims = Dimensions(conditioning=conditioning)  # type: ignore[arg-type]
        self.answers, self.modes, self.colors = iter(answers), [], []

    def forward(self, drawing: Tensor, color: Tensor | None) -> Tensor:
        self.modes.append(self.training)
        self.colors.append(color)
        return next(self.answers)


def batches() -> list[Batch]:
    return [synthetic_batch(3, number, count, (48, 48)) for number, count in ((0, 4), (1, 2))]


def logits_of(coverage: Tensor) -> Tensor:
    return torch.logit(0.1 + 0.8 * coverage)


def test_a_perfect_answer_measures_as_one() -> None:
    given = batches()
    net = Knowing([logits_of(batch.coverage) for batch in given])
    row = validate(net, TrainConfig(), given)  # type: ignore[arg-type]
    assert row["masked_accuracy"] == row["filled_right"] == 1
    assert row["soft_iou"] == pytest.approx(1, abs=1e-4)
    assert row["mean_error"] == pytest.approx(0, abs=1e-4)
    assert net.modes == [False, False]
    # and the training goes on
    assert net.training


def test_every_drawing_counts_the_same_and_is_measured_by_itself() -> None:
    given = batches()
    first, second = logits_of(given[0].coverage), -logits_of(given[1].coverage)
    first[0] = -9
    row = validate(Knowing([first, second]), TrainConfig(), given)  # type: ignore[arg-type]
    losses = [loss_of("bce-dice", *pair).item() for pair in zip((first, second), given, strict=True)]
    assert row["val_loss"] == pytest.approx((4 * losses[0] + 2 * losses[1]) / 6)
    assert row["filled_right"] == pytest.approx(3 / 6)
    guesses = torch.cat([first, second]).sigmoid()[:, 0]
    truth = torch.cat([batch.coverage for batch in given])[:, 0]
    guesses = ((guesses - 0.1) / 0.8).clamp(0, 1)
    iou = [soft_iou(*pair) for pair in zip(guesses.numpy(), truth.numpy(), strict=True)]
    assert row["soft_iou"] == pytest.approx(np.mean(iou), abs=1e-5)
    assert row["mean_error"] > 0.05
    assert 0.3 < row["masked_accuracy"] < 0.9


def test_a_painter_has_no_coverage_to_measure() -> None:
    (given, _) = batches()
    wrong = given.painted.clone()
    wrong[0] = 1 - wrong[0]
    net = Knowing([torch.logit(wrong, 1e-6)], "rgb")
    row = validate(net, TrainConfig(loss="l1"), [given])  # type: ignore[arg-type]
    assert set(row) == {"val_loss", "mean_error", "masked_accuracy"}
    assert row["masked_accuracy"] == pytest.approx(0.75, abs=0.01)
    assert row["mean_error"] == pytest.approx(float((wrong - given.painted).abs().mean()), abs=1e-4)
    assert torch.equal(net.colors[0], given.color)


def test_validation_rows_come_from_the_dataset_all_of_them_once(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", 8, 6, seed=1)
    splits = read_dataset(tmp_path / "data")
    read = validation_batches(TrainConfig(batch_size=4), splits)
    assert [len(batch) for batch in read] == [4, 2] or [len(batch) for batch in read] == [2, 4]
    again = validation_batches(TrainConfig(batch_size=4), splits)
    assert all(torch.equal(a.drawing, b.drawing) for a, b in zip(read, again, strict=True))


def test_without_a_dataset_it_is_a_world_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple] = []
    monkeypatch.setattr(validation, "synthetic_batch", lambda *given: drawn.append(given))
    validation_batches(TrainConfig(batch_size=4), None)
    # the same 256 drawings whatever the batch size
    assert drawn == [(VALIDATION_SEED, number, 32, (128, 128), unseen.WORLD) for number in range(8)]


def test_more_that_is_right_is_better_then_less_error() -> None:
    rows = [
        {"soft_iou": math.nan, "mean_error": 0.0},
        {"soft_iou": 0.5, "masked_accuracy": 0.9, "mean_error": 0.1},
        {"masked_accuracy": 0.6, "mean_error": 0.3},
        {"masked_accuracy": 0.6, "mean_error": 0.2},
        {"soft_iou": 0.7, "mean_error": 0.9},
    ]
    merits = [merit(row) for row in rows]
    assert merits == sorted(merits)
    assert len(set(merits)) == len(merits)
    assert merit({}) == (0, 0)
    # one that is no number is below every number
    assert merits[0] < merit({"soft_iou": 0.0, "mean_error": 1.0})


def test_each_conditioning_gets_the_colour_in_its_form() -> None:
    (batch, _) = batches()
    ways = {
        conditioning: color_input(Knowing([], conditioning), batch)  # type: ignore[arg-type]
        for conditioning in ("coverage", "rgb", "embedding")
    }
    assert ways["coverage"] is None
    assert ways["rgb"] is batch.color
    assert ways["embedding"] is batch.name
    told = Knowing([])
    told.dims = Dimensions(conditioning="text-film", text_dim=4)
    assert color_input(told, batch) is batch.name  # type: ignore[arg-type]


def test_what_is_painted_is_exactly_the_colour_or_the_paper() -> None:
    (batch, _) = batches()
    full = replace(batch, coverage=torch.ones_like(batch.coverage))
    sure = torch.full((4, 1, 48, 48), 3.0)
    assert torch.equal(painted_exactly(sure, full), batch.color[:, :, None, None].expand(-1, -1, 48, 48))
    assert torch.equal(painted_exactly(-sure, full), batch.gray.expand(-1, 3, -1, -1))
    # the border's plane changes nothing
    assert torch.equal(painted_exactly(torch.cat([sure, -sure], 1), full), painted_exactly(sure, full))
    painted = torch.randn(4, 3, 48, 48)
    assert torch.equal(painted_exactly(painted, full), painted.sigmoid())
