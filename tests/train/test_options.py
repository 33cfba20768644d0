"""What others wished for: every option changes the network or the training as named, and its model colours."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from conftest import Refused, square
from polycolor_cli.data.batch import synthetic_batch
from polycolor_cli.data.write import write_dataset
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint
from polycolor_cli.train import loop
from polycolor_cli.train.config import PRESETS, TrainConfig
from polycolor_cli.train.finish import finish
from polycolor_cli.train.run import Run
from polycolor_cli.train.validate import merit

TINY = TrainConfig(width=4, depth=3, max_width=8, batch_size=4, steps=6, lr=1e-3)


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    write_dataset(tmp_path / "data", 8, 4, seed=1)
    return str(tmp_path / "data")


def trained(folder: Path, dataset: str, **settings: Any) -> Run:
    run = Run(folder)
    loop.train(replace(TINY, dataset=dataset, **settings), run)
    return run


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.checkpoint / "net.safetensors")


def colorizes(run: Run, dataset: str, **settings: Any) -> None:
    finish(run, replace(TINY, dataset=dataset, **settings))
    filled = Colorizer(run.folder / "model.onnx").fill(square(90), Paint((255, 0, 0))).image
    assert filled.size == (90, 90)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"residual": True},
        {"attention": "bottleneck"},
        {"attention": "coarse"},
        {"conditioning": "rgb", "residual": True, "attention": "coarse", "loss": "l1", "upsampling": "transposed"},
        {"progressive": "32,64,128"},
        {"adversarial": 0.5},
        {"agreement": 0.5},
        {"precision": "bf16-mixed"},
    ],
    ids=str,
)
def test_an_option_changes_what_is_learnt_and_the_model_colours(
    tmp_path: Path, dataset: str, settings: dict[str, Any]
) -> None:
    plain, other = trained(tmp_path / "plain", dataset), trained(tmp_path / "other", dataset, **settings)
    before, after = weights(plain), weights(other)
    assert before.keys() != after.keys() or any(not torch.equal(before[key], after[key]) for key in before)
    colorizes(other, dataset, **settings)


def test_progressive_training_begins_small(tmp_path: Path, dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sides = []
    real = loop.loss_of

    def watched(name: Any, logits: torch.Tensor, batch: Any) -> torch.Tensor:
        sides.append(logits.shape[-1])
        assert batch.coverage.shape[-1] == batch.painted.shape[-1] == logits.shape[-1]
        return real(name, logits, batch)

    monkeypatch.setattr(loop, "loss_of", watched)
    trained(tmp_path / "run", dataset, progressive="32,64,128", steps=8, refine=0)
    assert sides == [32, 32, 64, 64, 128, 128, 128, 128]


def test_a_shrunk_batch_keeps_its_extremes_and_its_coverage() -> None:
    batch = synthetic_batch(1, 3, 2, (64, 64))
    small = batch.shrunk(4)
    assert small.drawing.shape == (2, 3, 16, 16)
    assert small.drawing[:, 0].min() == batch.drawing[:, 0].min()
    assert small.drawing[:, 2].max() == batch.drawing[:, 2].max()
    assert torch.allclose(small.coverage.mean(), batch.coverage.mean(), atol=1e-5)


def test_an_adversary_is_in_the_curves(tmp_path: Path, dataset: str) -> None:
    row = trained(tmp_path / "run", dataset, adversarial=0.5).rows()[-1]
    assert row["discriminator_loss"] > 0
    assert row["adversarial_loss"] > 0


@pytest.mark.slow
def test_a_stopped_adversary_goes_on_to_the_same_bits(tmp_path: Path, dataset: str) -> None:
    from threading import Event

    config = replace(TINY, dataset=dataset, adversarial=0.5, agreement=0.5)
    straight, broken, stop = Run(tmp_path / "straight"), Run(tmp_path / "broken"), Event()
    loop.train(config, straight)
    loop.train(config, broken, lambda at: stop.set() if at.step == 3 else None, stop)
    loop.train(config, broken)
    for name in ("net", "discriminator", "discriminator-optimizer"):
        one, other = (load_file(run.checkpoint / f"{name}.safetensors") for run in (straight, broken))
        assert all(torch.equal(one[key], other[key]) for key in one), name


@pytest.mark.slow
def test_it_ends_early_with_its_best_model(tmp_path: Path, dataset: str) -> None:
    settings = {"steps": 0, "epochs": 40, "patience": 2, "lr": 0.3, "decay": 0.0, "averaging": 0.0}
    run = trained(tmp_path / "run", dataset, **settings)
    merits = [merit(row) for row in run.rows()]
    assert len(merits) < 40
    losses = [row["val_loss"] for row in run.rows()]
    assert run.best_epoch == merits.index(max(merits)) + 1
    assert len(merits) - 2 == max(merits.index(max(merits)), losses.index(min(losses))) + 1
    best = {k.removeprefix("module."): v for k, v in load_file(run.best).items()}
    finish(run, replace(TINY, dataset=dataset, **settings))
    kept = load_file(run.folder / "model.safetensors")
    assert all(torch.equal(best[key], kept[key]) for key in kept)
    last = weights(run)
    assert any(not torch.equal(last[key], kept[key]) for key in kept)


def test_curves_go_to_tensorboard_and_to_wandb(tmp_path: Path, dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.setenv("WANDB_MODE", "offline")
    run = trained(tmp_path / "run", dataset, log="csv,tensorboard,wandb")
    events = EventAccumulator(str(run.folder / "tensorboard")).Reload()
    assert events.Scalars("val_loss")[-1].step == 6
    assert events.Scalars("val_loss")[-1].value == pytest.approx(run.rows()[-1]["val_loss"], rel=1e-4)
    assert list((run.folder / "wandb").glob("offline-run-*/*.wandb"))


def test_what_a_log_needs_is_asked_for_before_anything_is_made(
    tmp_path: Path, dataset: str, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    monkeypatch.setattr("polycolor_cli.train.config.find_spec", lambda name: None if name == "wandb" else name)
    said = refused("train", dataset, "--out", "run", "--log", "csv,wandb")
    assert said == "polycolor: --log wandb: needs more; install polycolor[log]\n"
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_colours_are_drawn_as_asked_and_as_painted(tmp_path: Path, dataset: str) -> None:
    run = trained(tmp_path / "run", dataset)
    finish(run, replace(TINY, dataset=dataset))
    pixels = np.asarray(Image.open(run.folder / "colors.png").convert("RGB")).reshape(-1, 3)
    asked = {tuple(pixel) for pixel in np.unique(pixels, axis=0).tolist()}
    assert {(255, 0, 0), (0, 255, 0), (128, 0, 128)} <= asked


def test_presets_are_what_the_projects_did() -> None:
    polygon, ayna = (TrainConfig(**PRESETS[name]) for name in ("polygon-unet", "ayna-text"))
    assert (polygon.conditioning, polygon.loss, polygon.lr, polygon.batch_size) == ("embedding", "mse", 1e-3, 8)
    assert (ayna.conditioning, ayna.loss, ayna.lr, ayna.batch_size) == ("text-film", "l1", 1e-4, 1)
    planes = TrainConfig(**PRESETS["ayna"])
    assert (planes.conditioning, planes.loss, planes.lr) == ("rgb", "l1", 1e-4)
    for config in (polygon, ayna, planes):
        assert config.epochs == 50
        assert replace(config, text_dim=4 * (config is ayna)).dimensions().widths == [64, 128, 256, 512]
        # constant rate, unclipped, and the last weights instead of an average
        assert (config.warm_up, config.decay, config.clip, config.averaging) == (0, 0, 0, 0)
