"""What a training leaves behind, and what its model says of where it comes from."""

import json
import platform
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from polycolor_cli.data.write import write_dataset
from polycolor_cli.models.check import METADATA
from polycolor_cli.nn.export import load_weights
from polycolor_cli.train import finish as finishing
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.finish import finish, origin
from polycolor_cli.train.loop import train
from polycolor_cli.train.run import Run

TINY = TrainConfig(width=4, depth=2, max_width=8, batch_size=4, conditioning="rgb", epochs=2, lr=0.1, seed=5)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, TrainConfig]:
    folder = tmp_path_factory.mktemp("finish")
    write_dataset(folder / "my data", 8, 4, seed=1)
    config = replace(TINY, dataset=str(folder / "my data"))
    run = Run(folder / "run")
    train(config, run)
    finish(run, config)
    return run, config


def test_each_file_says_where_it_comes_from(trained: tuple[Run, TrainConfig]) -> None:
    run, config = trained
    wanted = {
        "dataset": "my data", "synthetic": False, "seed": 5, "torch": torch.__version__,
        "machine": platform.machine(), "best_epoch": run.best_epoch, "last": run.rows()[-1],
    }  # fmt: skip
    assert origin(run, config) == wanted
    for name in ("last", "model"):
        with safe_open(run.folder / f"{name}.safetensors", "pt") as file:
            about = json.loads(file.metadata()[METADATA])
        assert about["origin"] == wanted
        assert about["config"] == config.dimensions().as_dict()
    (said,) = [p.value for p in onnx.load(run.folder / "model.onnx").metadata_props if p.key == METADATA]
    assert json.loads(said)["origin"] == wanted


@pytest.mark.parametrize(
    ("dataset", "name"), [("a/b/shapes/", "shapes"), ("C:\\me\\shapes", "shapes"), ("shapes", "shapes"), ("", "")]
)
def test_a_dataset_is_named_without_the_folders_of_its_owner(tmp_path: Path, dataset: str, name: str) -> None:
    about = origin(Run(tmp_path / "run"), replace(TINY, dataset=dataset, synthetic=not dataset))
    assert about["dataset"] == name
    assert about["synthetic"] == (not dataset)
    # of a run that never measured anything
    assert (about["best_epoch"], about["last"]) == (None, {})


def test_the_model_computes_what_its_weights_say(trained: tuple[Run, TrainConfig]) -> None:
    run, _ = trained
    from polycolor_cli.fill.colorizer import Colorizer

    net = load_weights(run.folder / "model.safetensors").eval()
    drawing, color = np.random.default_rng(0).integers(0, 256, (96, 96), np.uint8), (255, 0, 128)
    given = torch.from_numpy(drawing)[None, None].expand(-1, 3, -1, -1) / 255
    with torch.no_grad():
        wanted = net(given, torch.tensor([color]) / 255).sigmoid()[0].permute(1, 2, 0).numpy() * 255
    painted = np.asarray(Colorizer(run.folder / "model.onnx")(drawing, color))
    assert np.abs(painted - wanted).max() < 1


def test_pictures_are_of_drawings_that_were_held_back(
    trained: tuple[Run, TrainConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, config = trained
    seen = []
    monkeypatch.setattr(finishing, "draw_pictures", lambda *given: seen.append(given))
    monkeypatch.setattr(finishing, "export", lambda *_: None)
    finish(run, config)
    ((of_run, net, batch),) = seen
    assert of_run is run
    assert not net.training
    best = load_file(run.folder / "model.safetensors")
    assert all(torch.equal(value, best[name]) for name, value in net.state_dict().items())
    from polycolor_cli.data.dataset import read_dataset
    from polycolor_cli.train.validate import validation_batches

    held_back = validation_batches(config, read_dataset(Path(config.dataset)))[0]
    assert torch.equal(batch.drawing, held_back.drawing)
    for name in ("curves", "samples", "colors"):
        assert (run.folder / f"{name}.png").exists()


def test_a_run_that_measured_nothing_yet_leaves_its_last_weights(
    trained: tuple[Run, TrainConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, config = trained
    monkeypatch.setattr(finishing, "export", lambda *_: None)
    kept = run.best.read_bytes()
    run.best.unlink()
    finish(run, config)
    last, model = (load_file(run.folder / f"{name}.safetensors") for name in ("last", "model"))
    assert all(torch.equal(value, model[name]) for name, value in last.items())
    run.best.write_bytes(kept)
