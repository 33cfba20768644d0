import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file

from polycolor_cli.color import parse_color
from polycolor_cli.data.batch import RowStream, synthetic_batch
from polycolor_cli.data.dataset import DatasetError, read_dataset
from polycolor_cli.data.write import write_dataset
from polycolor_cli.nn.losses import loss_of
from polycolor_cli.nn.unet import UNet
from polycolor_cli.train import loop
from polycolor_cli.train.adversary import Adversary
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.finish import finish
from polycolor_cli.train.loop import schedule, train
from polycolor_cli.train.run import Run

TINY = TrainConfig(width=4, depth=2, max_width=8, batch_size=4, steps=7, lr=1e-3)


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    write_dataset(tmp_path / "data", 10, 4, seed=1)
    return str(tmp_path / "data")


def trained(config: TrainConfig, folder: Path, stop_after: int = 0) -> Run:
    run = Run(folder)
    folder.mkdir(exist_ok=True)
    stop = Event()
    train(config, run, lambda at: stop.set() if at.step == stop_after else None, stop)
    return run


@pytest.mark.slow
@pytest.mark.parametrize("synthetic", [False, True])
def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path: Path, dataset: str, synthetic: bool) -> None:
    config = replace(TINY, dataset="" if synthetic else dataset, synthetic=synthetic)
    straight = trained(config, tmp_path / "straight")
    broken = trained(config, tmp_path / "broken", stop_after=4)
    assert "step" in (broken.checkpoint / "state.json").read_text()
    trained(config, tmp_path / "broken")
    for name in ("net", "average", "optimizer"):
        one = load_file(straight.checkpoint / f"{name}.safetensors")
        other = load_file(broken.checkpoint / f"{name}.safetensors")
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one), name
    assert straight.metrics.read_text() == broken.metrics.read_text()


def test_rows_and_synthetic_drawings_take_turns(tmp_path: Path, dataset: str) -> None:
    run = trained(replace(TINY, dataset=dataset, synthetic=True, steps=0, epochs=1), tmp_path / "run")
    assert [row["step"] for row in run.rows()] == [6]


@pytest.mark.parametrize(("optimizer", "loss"), [("adamw", "bce-dice"), ("adam", "l1"), ("adamw", "mse")])
def test_it_learns(tmp_path: Path, dataset: str, loss: str, optimizer: str) -> None:
    config = replace(TINY, dataset=dataset, steps=0, epochs=18, loss=loss, optimizer=optimizer, lr=1e-2)  # type: ignore[arg-type]
    rows = trained(config, tmp_path / "run").rows()
    assert rows[-1]["train_loss"] < 0.7 * rows[0]["train_loss"]


@pytest.mark.parametrize("conditioning", ["rgb", "coverage"])
def test_every_look_is_minimised_and_the_last_is_told(
    tmp_path: Path, dataset: str, monkeypatch: pytest.MonkeyPatch, conditioning: str
) -> None:
    gradients: list[torch.Tensor] = []

    def step(self: torch.optim.Optimizer, *given: object) -> None:
        gradients.extend(p.grad.flatten() for group in self.param_groups for p in group["params"])

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    config = replace(TINY, dataset=dataset, conditioning=conditioning, steps=1, clip=0)  # type: ignore[arg-type]
    run = trained(config, tmp_path / "run")
    torch.manual_seed(config.seed)
    net = UNet(config.dimensions()).train()
    batch = RowStream(read_dataset(Path(dataset))["training"], config.seed, config.batch_size)[0]
    if conditioning == "rgb":
        last = minimised = loss_of(config.loss, net(batch.drawing, batch.color), batch)
    else:
        first = net.look(batch.drawing)
        last = loss_of(config.loss, net(batch.drawing, guess=first.sigmoid()), batch)
        minimised = last + 0.5 * loss_of(config.loss, first, batch)
    # what validation measures, too
    assert run.rows()[-1]["train_loss"] == pytest.approx(last.item(), rel=1e-4)
    minimised.backward()
    expected = torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None])
    assert torch.cosine_similarity(torch.cat(gradients), expected, 0) > 0.9999


def test_a_diverging_loss_stops_with_words(tmp_path: Path, dataset: str) -> None:
    with pytest.raises(FloatingPointError, match="smaller --lr"):
        trained(replace(TINY, dataset=dataset, lr=1e30, steps=50), tmp_path / "run")


def test_a_dataset_must_suit_the_network(tmp_path: Path, dataset: str) -> None:
    listing = Path(dataset) / "training" / "data.json"
    rows = json.loads(listing.read_text())
    rows[0]["colour"] = "teal"
    picture = Image.open(Path(dataset) / "training" / "inputs" / rows[0]["input_polygon"]).convert("RGB")
    ImageDraw.floodfill(picture, (64, 64), (0, 128, 128))
    picture.save(Path(dataset) / "training" / "outputs" / rows[0]["output_image"])
    listing.write_text(json.dumps(rows))
    trained(replace(TINY, dataset=dataset, steps=1, conditioning="rgb"), tmp_path / "rgb")
    with pytest.raises(DatasetError, match="'teal' is not in the palette"):
        trained(replace(TINY, dataset=dataset, conditioning="embedding"), tmp_path / "embedding")
    with pytest.raises(DatasetError, match="too small for --depth 8"):
        trained(replace(TINY, dataset=dataset, depth=8, batch_size=3), tmp_path / "deep")


def test_the_learning_rate_rises_holds_and_falls() -> None:
    rates = [schedule(step / 1000, 0.03, 0.4) for step in range(1000)]
    assert rates[0] < 0.01
    assert rates[100] == rates[500] == 1
    assert rates[800] == pytest.approx(0.5)
    assert rates[-1] < 0.01


def test_a_configuration_is_written_and_read(tmp_path: Path) -> None:
    config = replace(TINY, dataset='odd "name"\\', synthetic=True, lr=3e-4)
    config.save(tmp_path / "config.toml")
    assert TrainConfig.load(tmp_path / "config.toml") == config


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, other[key]) for key, value in one.items() if value.is_floating_point())


def averaged(path: Path) -> dict[str, torch.Tensor]:
    return {key.removeprefix("module."): value for key, value in load_file(path).items() if key != "n_averaged"}


def test_the_measures_of_what_is_done_again_are_written_once(tmp_path: Path, dataset: str) -> None:
    config = replace(TINY, dataset=dataset, steps=0, epochs=4)
    run = trained(config, tmp_path / "run", stop_after=6)
    kept = (run.checkpoint, tmp_path / "kept")
    shutil.copytree(*kept)
    trained(config, tmp_path / "run")
    # killed after its last epochs were measured and before their checkpoint was written
    shutil.rmtree(run.checkpoint)
    shutil.copytree(*reversed(kept))
    trained(config, tmp_path / "run")
    assert [row["epoch"] for row in run.rows()] == [1, 2, 3, 4]
    # and before its first one was
    shutil.rmtree(run.checkpoint)
    trained(config, tmp_path / "run")
    assert [row["epoch"] for row in run.rows()] == [1, 2, 3, 4]


def test_what_is_validated_and_kept_is_the_moving_average(
    tmp_path: Path, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, torch.Tensor]] = []

    def measured(net: UNet, *given: object) -> dict[str, float]:
        seen.append({key: value.clone() for key, value in net.state_dict().items()})
        return {"val_loss": 1.0}

    monkeypatch.setattr(loop, "validate", measured)
    run = trained(replace(TINY, dataset=dataset, lr=0.1), tmp_path / "run")
    average, last = averaged(run.checkpoint / "average.safetensors"), load_file(run.checkpoint / "net.safetensors")
    assert same(seen[-1], average)
    assert not same(average, last)
    as_it_is = trained(replace(TINY, dataset=dataset, lr=0.1, averaging=0.0), tmp_path / "plain")
    assert same(
        averaged(as_it_is.checkpoint / "average.safetensors"), load_file(as_it_is.checkpoint / "net.safetensors")
    )


def test_patience_keeps_the_epoch_that_fills_best(
    tmp_path: Path, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, torch.Tensor]] = []

    def measured(net: UNet, *given: object) -> dict[str, float]:
        seen.append({key: value.clone() for key, value in net.state_dict().items()})
        # the loss rises all the time, and differences are smaller than what metrics.csv keeps
        fills = [0.5, 0.8, 0.80000002, 0.80000001, 0.7][len(seen) - 1]
        return {"val_loss": 1.0 + len(seen), "soft_iou": fills, "mean_error": 0.1}

    monkeypatch.setattr(loop, "validate", measured)
    run = trained(replace(TINY, dataset=dataset, steps=0, epochs=9, patience=2, lr=0.1), tmp_path / "run")
    assert len(run.rows()) == 5
    assert same(averaged(run.best), seen[2])
    assert not same(averaged(run.best), seen[1])
    assert run.best_epoch == 3
    # patience or not, both are kept, and the best becomes the model
    monkeypatch.undo()
    # (the file to run is exported elsewhere)
    monkeypatch.setattr("polycolor_cli.train.finish.export", lambda *_: None)
    config = replace(TINY, dataset=dataset, steps=0, epochs=9, lr=0.1)
    finish(run, config)
    assert same(load_file(run.folder / "model.safetensors"), seen[2])
    assert same(load_file(run.folder / "last.safetensors"), seen[4])


@pytest.mark.parametrize("clip", [0.0, 0.01])
def test_no_gradient_is_longer_than_it_may_be(
    tmp_path: Path, dataset: str, monkeypatch: pytest.MonkeyPatch, clip: float
) -> None:
    lengths: list[float] = []

    def step(self: torch.optim.Optimizer, *given: object) -> None:
        gradients = [p.grad for group in self.param_groups for p in group["params"] if p.grad is not None]
        lengths.append(float(torch.cat([gradient.flatten() for gradient in gradients]).norm()))

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    trained(replace(TINY, dataset=dataset, steps=2, clip=clip), tmp_path / "run")
    assert lengths
    assert (max(lengths) <= 0.0101) == (clip > 0)


def rows_of(dataset: str, change: Callable[[list[dict]], None]) -> None:
    """Change the listing of a dataset's training rows."""
    listing = Path(dataset) / "training" / "data.json"
    rows = json.loads(listing.read_text())
    change(rows)
    listing.write_text(json.dumps(rows))


def inside_of(dataset: str, row: dict) -> list[int]:
    """A point that is painted."""
    painted = np.asarray(Image.open(Path(dataset) / "training" / "outputs" / row["output_image"]).convert("RGB"))
    wanted = (painted == np.array(parse_color(row["colour"]))).all(2)
    y, x = np.argwhere(wanted)[len(np.argwhere(wanted)) // 2]
    return [int(x), int(y)]


def problems(config: TrainConfig, folder: Path) -> list[str]:
    with pytest.raises(DatasetError) as refused:
        trained(config, folder)
    return str(refused.value).splitlines()


def test_points_teach_what_is_inside_and_nothing_else(tmp_path: Path, dataset: str) -> None:
    def one(rows: list[dict]) -> None:
        rows[0]["at"] = inside_of(dataset, rows[0])

    def all_of_them(rows: list[dict]) -> None:
        for row in rows:
            row["at"] = inside_of(dataset, row)

    rows_of(dataset, one)
    config = replace(TINY, dataset=dataset, steps=1)
    trained(config, tmp_path / "some")
    assert problems(replace(config, conditioning="rgb"), tmp_path / "rgb") == [
        "rows with an 'at' teach a coverage; leave --conditioning rgb out"
    ]
    rows_of(dataset, all_of_them)
    assert problems(config, tmp_path / "all") == [
        "every row has an 'at', and regions say nothing of what is bare; add whole shapes"
    ]
    assert not (tmp_path / "all" / "config.toml").exists()


@pytest.mark.parametrize(
    ("conditioning", "where"), [("embedding", "the palette"), ("text-film", "the colours with a name")]
)
def test_a_colour_that_a_network_cannot_know_is_named(
    tmp_path: Path, dataset: str, conditioning: str, where: str
) -> None:
    def strange(rows: list[dict]) -> None:
        for row in rows[:2]:
            path = Path(dataset) / "training" / "outputs" / row["output_image"]
            painted = np.asarray(Image.open(path).convert("RGB")).copy()
            painted[(painted == np.array(parse_color(row["colour"]))).all(2)] = (1, 2, 250)
            Image.fromarray(painted).save(path)
            row["colour"] = "#0102fa"

    rows_of(dataset, strange)
    config = replace(TINY, dataset=dataset, conditioning=conditioning, text_dim=4 * (conditioning == "text-film"))  # type: ignore[arg-type]
    assert problems(config, tmp_path / "run") == [
        f"colour '#0102fa' is not in {where}, all that --conditioning {conditioning} knows"
    ]


@pytest.mark.parametrize("patience", [1, 2])
def test_patience_is_counted_in_epochs(
    tmp_path: Path, dataset: str, monkeypatch: pytest.MonkeyPatch, patience: int
) -> None:
    monkeypatch.setattr(loop, "validate", lambda *_: {"val_loss": 1.0, "soft_iou": 0.5, "mean_error": 0.1})
    run = trained(replace(TINY, dataset=dataset, steps=0, epochs=9, patience=patience), tmp_path / "run")
    assert len(run.rows()) == 1 + patience
    # of epochs that are equally good the first is kept
    assert run.best_epoch == 1


def test_a_large_drawing_is_looked_at_in_half_and_its_edges_in_full() -> None:
    torch.manual_seed(0)
    net = UNet(TINY.dimensions()).eval()
    assert net.refiner is not None
    for parameter in net.refiner.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    batch = synthetic_batch(1, 0, 2, (64, 96))
    with torch.no_grad():
        early, last = loop.Looks(net)(batch.drawing, None, True)
        half = net(batch.shrunk(2).drawing)
        guess = ((half.sigmoid() - 0.02) / 0.96).clamp(0, 1)
        guess = torch.nn.functional.interpolate(guess, scale_factor=2, mode="bilinear")
        assert torch.allclose(early, torch.nn.functional.interpolate(half, scale_factor=2, mode="bilinear"), atol=1e-5)
        assert torch.allclose(last, net(batch.drawing, guess=guess), atol=1e-4)
        early, last = loop.Looks(net)(batch.drawing, None, False)
        assert torch.allclose(early, net.look(batch.drawing), atol=1e-5)
        assert torch.allclose(last, net(batch.drawing), atol=1e-4)
        assert not torch.equal(early, last)
        # a network of one look has one answer
        plain = UNet(replace(TINY, refine=0).dimensions()).eval()
        early, last = loop.Looks(plain)(batch.drawing, None, True)
        assert torch.equal(early, last)


@pytest.mark.parametrize(
    ("sides", "done", "times"),
    [([], 0.0, 1), ([128], 0.0, 1), ([64, 128], 0.0, 2), ([64, 128], 0.49, 2), ([64, 128], 0.5, 1),
     ([32, 64, 128], 0.24, 4), ([32, 64, 128], 0.25, 2), ([32, 64, 128], 0.5, 1), ([32, 64, 128], 1.0, 1)],
)  # fmt: skip
def test_drawings_grow_in_the_first_half(sides: list[int], done: float, times: int) -> None:
    assert loop.times_smaller(sides, done) == times


@pytest.mark.parametrize(
    ("done", "warm_up", "decay", "rate"),
    [(0.0, 0.1, 0.4, 0.001), (0.05, 0.1, 0.4, 0.501), (0.3, 0.1, 0.4, 1.0), (0.9, 0.1, 0.4, 0.25), (0.0, 0.0, 0.0, 1.0),
     (1.0, 0.0, 0.0, 1.0), (1.0, 0.1, 0.4, 0.0)],
)  # fmt: skip
def test_the_learning_rate_at_each_time(done: float, warm_up: float, decay: float, rate: float) -> None:
    assert schedule(done, warm_up, decay) == pytest.approx(rate, abs=1e-6)


def test_an_average_has_a_short_memory_at_first() -> None:
    old, new = [torch.zeros(3), torch.tensor(1)], [torch.ones(3), torch.tensor(7)]
    for count, keep in ((0, 0.1), (8, 0.5), (10**6, 0.9)):
        average = [value.clone() for value in old]
        loop._moving_average(0.9, average, new, count)
        assert torch.allclose(average[0], torch.full((3,), 1 - keep), atol=1e-6)
        # a count is not averaged
        assert average[1] == 7


def test_an_epoch_of_synthetic_drawings_is_as_long_as_it_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [synthetic_batch(2, number, 4, (64, 64)) for number in range(9)]
    monkeypatch.setattr(loop, "training_batches", lambda *given: iter(few[given[4] :]))
    monkeypatch.setattr(loop, "validation_batches", lambda *_: few[:1])
    monkeypatch.setattr(loop, "EPOCH_DRAWINGS", 13)
    run = trained(replace(TINY, synthetic=True, steps=0, epochs=3), tmp_path / "run")
    assert [(row["epoch"], row["step"], row["drawings"]) for row in run.rows()] == [(1, 3, 12), (2, 6, 24), (3, 9, 36)]
    # an epoch has a step, however large a batch is
    monkeypatch.setattr(loop, "EPOCH_DRAWINGS", 2)
    run = trained(replace(TINY, synthetic=True, steps=0, epochs=2), tmp_path / "other")
    assert [row["step"] for row in run.rows()] == [1, 2]


def test_the_loss_of_not_fooling_counts_as_much_as_is_said(
    tmp_path: Path, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Easily(Adversary):
        """Is fooled the better, the darker a picture is."""

        def unfooled(self, gray: torch.Tensor, painted: torch.Tensor) -> torch.Tensor:
            return painted.mean()

    gradients: list[torch.Tensor] = []

    def step(self: torch.optim.Optimizer, *given: object) -> None:
        gradients.append(torch.cat([p.grad.flatten() for group in self.param_groups for p in group["params"]]))

    monkeypatch.setattr(loop, "Adversary", Easily)
    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    config = replace(TINY, dataset=dataset, conditioning="rgb", steps=1, clip=0, adversarial=1e5)
    row = trained(config, tmp_path / "run").rows()[-1]
    torch.manual_seed(config.seed)
    net = UNet(config.dimensions()).train()
    batch = RowStream(read_dataset(Path(dataset))["training"], config.seed, config.batch_size)[0]
    brightness = net(batch.drawing, batch.color).sigmoid().mean()
    (1e5 * brightness).backward()
    wanted = torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None])
    assert torch.cosine_similarity(gradients[0], wanted, 0) > 0.999
    assert gradients[0].norm().item() == pytest.approx(wanted.norm().item(), rel=0.01)
    assert row["adversarial_loss"] == pytest.approx(brightness.item(), rel=1e-3)
    assert row["discriminator_loss"] > 0


def test_a_lone_drawing_must_be_large_enough_when_it_is_shrunk_too(tmp_path: Path, dataset: str) -> None:
    # ten rows, three together: the last one is alone
    config = replace(TINY, dataset=dataset, depth=5, batch_size=3, steps=1)
    trained(config, tmp_path / "whole")
    assert problems(replace(config, progressive="32,64,128"), tmp_path / "shrunk") == [
        "a lone drawing of 128 x 128 pixels is too small for --depth 5: make it shallower, or change --batch-size"
    ]
