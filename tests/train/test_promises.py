"""What train promises: nothing learnt is lost, nothing wrong is learnt, and who is at fault is told in one line."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from PIL import Image

from conftest import Refused
from conftest import Run as Command
from polycolor_cli.data.batch import RowStream
from polycolor_cli.data.dataset import DatasetError, notes_on, read_dataset
from polycolor_cli.data.write import write_dataset
from polycolor_cli.errors import PolycolorError
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.loop import train
from polycolor_cli.train.run import Run

TINY = TrainConfig(width=4, depth=2, max_width=8, batch_size=4, conditioning="rgb", steps=6, lr=1e-3)
SMALL = ("--width", "4", "--depth", "2", "--conditioning", "rgb", "--batch-size", "4", "--precision", "32")
POLYCOLOR = str(Path(sys.executable).with_name("polycolor"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_dataset(tmp_path / "data", 8, 2, seed=1)
    return tmp_path / "data"


def trained(config: TrainConfig, folder: Path, stop_after: int = 0) -> Run:
    stop = Event()
    train(config, Run(folder), lambda at: stop.set() if at.step == stop_after else None, stop)
    return Run(folder)


def begun(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    """A training without an end that has learnt for an epoch."""
    command = [POLYCOLOR, "train", "data", "--out", "run", "--epochs", "9999", *SMALL, *more]
    training = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, start_new_session=True)
    assert training.stderr is not None
    for line in training.stderr:
        if line.startswith(b"epoch 1:"):
            break
    return training


def finite(run: Run) -> bool:
    return all(np.isfinite(value) for row in run.rows() for value in row.values())


def test_a_rate_far_too_large_ends_in_one_line_with_the_last_good_epoch(
    data: Path, tmp_path: Path, refused: Refused
) -> None:
    said = refused("train", "data", "--out", "run", "--lr", "1e6", "--epochs", "60", *SMALL)
    assert "try a smaller --lr" in said
    run = Run(tmp_path / "run")
    assert finite(run)
    if run.has_checkpoint():
        assert "last good epoch" in said
        assert (run.folder / "model.onnx").exists()


def test_an_epoch_that_measures_as_no_number_is_not_saved(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from polycolor_cli.train import loop

    measured = iter([0.5, float("nan")])
    monkeypatch.setattr(loop, "validate", lambda *_: {"val_loss": next(measured), "masked_accuracy": 0.5})
    with pytest.raises(FloatingPointError, match="after epoch 2"):
        trained(replace(TINY, dataset=str(data), steps=0, epochs=3), tmp_path / "run")
    run = Run(tmp_path / "run")
    assert [row["epoch"] for row in run.rows()] == [1]
    assert json.loads((run.checkpoint / "state.json").read_text())["step"] == 2
    assert run.best_epoch == 1


@pytest.mark.slow
def test_a_changed_dataset_is_noticed_and_a_moved_one_can_be_named(
    data: Path, tmp_path: Path, polycolor: Command, refused: Refused
) -> None:
    polycolor("train", "data", "--out", "run", "--epochs", "1", *SMALL)
    data.rename(tmp_path / "elsewhere")
    assert "no such folder" in refused("train", "--resume", "run", "--epochs", "2")
    polycolor("train", "elsewhere", "--resume", "run", "--epochs", "2")
    assert len(Run(tmp_path / "run").rows()) == 2
    # the same names and colours, and other pictures: two rows change places
    one, other = sorted((tmp_path / "elsewhere" / "training" / "inputs").iterdir())[:2]
    rows = {row["input_polygon"]: row for row in json.loads((one.parents[1] / "data.json").read_text())}
    one.rename(one.with_suffix(".x"))
    other.rename(one)
    one.with_suffix(".x").rename(other)
    outputs = one.parents[1] / "outputs"
    for drawing in (one, other):
        picture = Image.open(drawing).convert("RGB")
        Image.new("RGB", picture.size, rows[drawing.name]["colour"]).save(outputs / rows[drawing.name]["output_image"])
        picture.paste(rows[drawing.name]["colour"], (40, 40, 80, 80))
        picture.save(outputs / rows[drawing.name]["output_image"])
    said = refused("train", "elsewhere", "--resume", "run", "--epochs", "3")
    assert "is not the data that run was trained on" in said or "does not show" in said


def test_two_processes_do_not_train_one_run(data: Path, tmp_path: Path, refused: Refused) -> None:
    first = begun(tmp_path)
    try:
        assert "is being trained by another process" in refused("train", "--resume", "run")
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
    # and one that was killed holds nothing
    with Run(tmp_path / "run").locked():
        pass


@pytest.mark.parametrize(
    "file",
    ["config.toml", "metrics.csv", "checkpoint/state.json", "checkpoint/net.safetensors",
     "checkpoint/optimizer.safetensors"],
)  # fmt: skip
def test_a_damaged_run_is_one_line_that_names_the_file(data: Path, tmp_path: Path, refused: Refused, file: str) -> None:
    run = trained(replace(TINY, dataset=str(data)), tmp_path / "run")
    path = run.folder / file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] + b"\x00]][[")
    assert file.split("/")[-1] in refused("train", "--resume", "run", "--epochs", "9")


@pytest.mark.slow
def test_one_that_was_killed_before_its_first_checkpoint_is_begun_again(
    data: Path, tmp_path: Path, polycolor: Command
) -> None:
    for way in (("data", "--out", "run", "--epochs", "1", *SMALL), ("--resume", "run")):
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        Run(tmp_path / "run").begin(replace(TINY, dataset=str(data), steps=0, epochs=1))
        polycolor("train", *way)
        assert (tmp_path / "run" / "model.onnx").exists()


@pytest.mark.usefixtures("event_files_in_order")
def test_tensorboard_loses_no_point_when_a_run_is_resumed(data: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = replace(TINY, dataset=str(data), steps=0, log="tensorboard")
    for epochs in (2, 3, 4):
        run = trained(replace(config, epochs=epochs), tmp_path / "run")
    events = EventAccumulator(str(run.folder / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("val_loss")] == [2, 4, 6, 8]
    assert {"samples", "colors"} <= set(events.Tags()["images"])


@pytest.mark.slow
def test_a_killed_peer_is_one_line_and_leaves_no_process(data: Path, tmp_path: Path) -> None:
    training = begun(tmp_path, "--devices", "2")
    others = subprocess.run(
        ["pgrep", "-P", str(training.pid), "-f", "--", "--out run"], capture_output=True, text=True, check=True
    )
    os.kill(int(others.stdout.split()[0]), signal.SIGKILL)
    _, errors = training.communicate(timeout=60)
    assert training.returncode == 2
    assert errors.splitlines()[-1].startswith(b"polycolor: run: another process of this training has ended")
    assert b"Traceback" not in errors


@pytest.mark.slow
def test_the_peers_of_a_killed_training_end_with_it(data: Path, tmp_path: Path) -> None:
    training = begun(tmp_path, "--devices", "2")
    training.kill()
    # the pipe closes when the last of them has gone
    training.communicate(timeout=30)


def wrong_colour(split: Path, row: dict) -> None:
    path = split / "outputs" / row["output_image"]
    pixels = np.asarray(Image.open(path).convert("RGB"))
    Image.fromarray(np.ascontiguousarray(pixels[:, :, [1, 2, 0]])).save(path)


def other_drawing(split: Path, row: dict) -> None:
    picture = Image.new("RGB", (128, 128), "white")
    picture.paste(row["colour"], (100, 100, 120, 120))
    picture.save(split / "outputs" / row["output_image"])


def all_painted(split: Path, row: dict) -> None:
    Image.new("RGB", (128, 128), row["colour"]).save(split / "outputs" / row["output_image"])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(wrong_colour, "is not painted in"), (other_drawing, "does not show the drawing"),
     (all_painted, "is painted all over")],
)  # fmt: skip
def test_a_row_that_is_well_formed_and_wrong_is_named(tmp_path: Path, spoil, words: str) -> None:
    write_dataset(tmp_path / "data", 8, 2, seed=1)
    split = tmp_path / "data" / "training"
    rows = json.loads((split / "data.json").read_text())
    spoil(split, next(row for row in rows if row["colour"] in ("red", "green", "blue")))
    with pytest.raises(DatasetError, match=words):
        read_dataset(tmp_path / "data")


@pytest.mark.parametrize("style", ["plain", "worn"])
def test_good_rows_are_not_found_fault_with(tmp_path: Path, style) -> None:
    write_dataset(tmp_path / "data", 120, 40, seed=4, style=style)
    notes = notes_on(read_dataset(tmp_path / "data"))
    # an empty page is worn as any other
    assert [note for note in notes if "nothing painted" not in note] == []
    assert bool(notes) == (style == "worn")


@pytest.mark.slow
def test_what_is_odd_about_a_dataset_is_said(data: Path, polycolor: Command) -> None:
    listing = data / "training" / "data.json"
    rows = json.loads(listing.read_text())
    listing.write_text(json.dumps([rows[0], rows[0]]))
    shutil.rmtree(data / "validation")
    shutil.copytree(data / "training", data / "validation")
    (data / "validation" / "data.json").write_text(json.dumps(rows[:2]))
    bare = data / "validation"
    shutil.copy(bare / "inputs" / rows[1]["input_polygon"], bare / "outputs" / rows[1]["output_image"])
    said = polycolor("train", "data", "--out", "run", "--epochs", "1", *SMALL).stderr.decode()
    for words in (
        "training: 1 of 2 rows are there twice", f"all rows are {rows[0]['colour']}",
        "of its 2 drawings are in training too", "validation: 1 of 2 rows have nothing painted",
    ):  # fmt: skip
        assert words in said


def test_augmented_rows_are_other_each_epoch_and_the_same_again(data: Path) -> None:
    rows = read_dataset(data)["training"]
    plain = RowStream(rows, 0, 4)
    one, again = (RowStream(rows, 0, 4, augment=True) for _ in range(2))
    for number in range(6):
        assert torch.equal(one[number].drawing, again[number].drawing)
    assert not torch.equal(one[0].drawing, plain[0].drawing)
    assert not torch.equal(one[0].drawing, one[2].drawing)
    for number in range(6):
        batch = one[number]
        # what is painted is still the drawing with its coverage in the colour
        wanted = (1 - batch.coverage) * batch.gray + batch.coverage * batch.color[:, :, None, None]
        assert (batch.painted - wanted).abs().max() < 0.01
        assert batch.coverage.mean(dim=(1, 2, 3)).min() > 0.02


@pytest.mark.slow
def test_settings_come_from_a_file_too(data: Path, tmp_path: Path, polycolor: Command, refused: Refused) -> None:
    (tmp_path / "mine.toml").write_text('width = 4\ndepth = 2\nlr = 1\nconditioning = "rgb"\nclip = 0.5\n')
    polycolor("train", "data", "--out", "run", "--config", "mine.toml", "--lr", "0.002", "--epochs", "1")
    config = TrainConfig.load(tmp_path / "run" / "config.toml")
    assert (config.width, config.lr, config.clip) == (4, 0.002, 0.5)
    for text, words in (("widht = 4", "no setting 'widht'"), ('width = "4"', "which is no int"), ("[", "no readable")):
        (tmp_path / "mine.toml").write_text(text)
        assert words in refused("train", "data", "--out", "no", "--config", "mine.toml")
    assert "no such file" in refused("train", "data", "--out", "no", "--config", "missing.toml")
    assert "not one of auto" in refused("train", "data", "--out", "no", "--device", "abacus")


@pytest.mark.slow
@pytest.mark.parametrize("synthetic", [False, True])
def test_data_workers_change_nothing_that_is_learnt(data: Path, tmp_path: Path, synthetic: bool) -> None:
    config = replace(TINY, dataset="" if synthetic else str(data), synthetic=synthetic, steps=3)
    for workers in (1, 2):
        train(config, Run(tmp_path / str(workers)), data_workers=workers)
    assert (tmp_path / "1" / "metrics.csv").read_text() == (tmp_path / "2" / "metrics.csv").read_text()


def test_a_run_that_is_locked_is_not_touched(data: Path, tmp_path: Path) -> None:
    with Run(tmp_path / "run").locked(), pytest.raises(PolycolorError, match="another process"):
        trained(replace(TINY, dataset=str(data)), tmp_path / "run")
