"""What a person sees of a training: its curves, fills beside their truth, colours beside what was asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.figure
import numpy as np
import pytest
import torch
from matplotlib import pyplot
from PIL import Image, ImageDraw

from polycolor_cli.color import PALETTE
from polycolor_cli.data.batch import NAMES, Batch, synthetic_batch
from polycolor_cli.nn.unet import Dimensions, UNet
from polycolor_cli.train import pictures
from polycolor_cli.train.run import Run

COVERAGE = UNet(Dimensions(width=4, depth=2, max_width=8))
PAINTER = UNet(Dimensions(width=4, depth=2, max_width=8, conditioning="rgb"))


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that are drawn, open still."""
    kept: list[Any] = []
    monkeypatch.setattr(pyplot, "close", kept.append)
    yield kept
    monkeypatch.undo()
    pyplot.close("all")


def run_of(folder: Path, *rows: dict[str, float]) -> Run:
    run = Run(folder / "run")
    run.folder.mkdir()
    for row in rows:
        run.append(row)
    return run


def row(epoch: int, loss: float) -> dict[str, float]:
    return {"epoch": epoch, "step": 9 * epoch, "drawings": 90 * epoch, "train_loss": loss, "val_loss": 2 * loss,
            "mean_error": 0.4, "masked_accuracy": 0.1 * epoch, "soft_iou": 0.2 * epoch, "filled_right": 0.3 * epoch,
            "lr": 0.1}  # fmt: skip


def test_curves_are_losses_beside_what_is_right(tmp_path: Path, figures: list[Any]) -> None:
    run = run_of(tmp_path, row(1, 0.9), row(2, 0.5), row(3, 0.3))
    run.keep_best(COVERAGE, 2)
    pictures.draw_curves(run)
    (figure,) = figures
    left, right = figure.axes
    assert (left.get_title(), right.get_title()) == ("loss", "validation")
    assert (left.get_xlabel(), right.get_xlabel()) == ("epoch", "epoch")
    drawn = [{line.get_label(): line.get_xydata().tolist() for line in axes.lines} for axes in (left, right)]
    assert drawn[0]["train loss"] == [[1, 0.9], [2, 0.5], [3, 0.3]]
    assert drawn[0]["val loss"] == [[1, 1.8], [2, 1.0], [3, 0.6]]
    assert drawn[1]["masked accuracy"] == [[1, 0.1], [2, 0.2], [3, 0.3]]
    assert drawn[1]["soft iou"] == [[1, 0.2], [2, 0.4], [3, 0.6]]
    assert drawn[1]["filled right"] == [[1, 0.3], [2, 0.6], [3, 0.9]]
    for axes, curves in zip((left, right), drawn, strict=True):
        assert curves.pop("best, epoch 2") == [[2, 0], [2, 1]]
        assert sorted(text.get_text() for text in axes.get_legend().get_texts()) == sorted([*curves, "best, epoch 2"])
        # there is no epoch and a half
        assert all(float(tick).is_integer() for tick in axes.get_xticks())
        # a point for an epoch, so that one epoch alone can be seen
        assert {line.get_marker() for line in axes.lines if line.get_label() in curves} == {"."}
        assert axes.xaxis.get_gridlines()[0].get_visible()
    assert (len(drawn[0]), len(drawn[1])) == (2, 3)
    assert (left.get_yscale(), right.get_yscale()) == ("log", "linear")
    with Image.open(run.folder / "curves.png") as picture:
        assert picture.width > 2 * picture.height > 800


def test_a_loss_of_nothing_is_drawn_too_and_no_best_where_none_is_known(tmp_path: Path, figures: list[Any]) -> None:
    pictures.draw_curves(run_of(tmp_path, row(1, 0.9), row(2, 0.0)))
    left, right = figures[0].axes
    assert left.get_yscale() == "linear"
    assert not [line for axes in (left, right) for line in axes.lines if line.get_label().startswith("best")]


def test_a_run_without_an_epoch_has_no_curves(tmp_path: Path, figures: list[Any]) -> None:
    run = run_of(tmp_path)
    pictures.draw_curves(run)
    assert not figures
    assert not (run.folder / "curves.png").exists()


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[int, int], str]]:
    """What is written into sheets, and where."""
    written: list[tuple[tuple[int, int], str]] = []

    def watched(self: ImageDraw.ImageDraw, at: tuple[int, int], text: str, **how: object) -> None:
        written.append((at, text))
        assert how == {"fill": "black"}

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", watched)
    return written


def batch(count: int) -> Batch:
    return synthetic_batch(5, 1, count, (64, 96))


def test_samples_are_the_drawing_the_fill_and_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: list[tuple[tuple[int, int], str]]
) -> None:
    drawings = batch(10)
    # a network that paints all of it right but for the second drawing
    right = drawings.painted[:8].clone()
    right[1] = 1 - right[1]
    monkeypatch.setattr(pictures, "painted_exactly", lambda logits, few: right)
    run = run_of(tmp_path)
    sheet = pictures.draw_pictures(run, COVERAGE, drawings)["samples"]
    assert np.array_equal(np.asarray(Image.open(run.folder / "samples.png")), sheet)
    # eight of the ten, between a line of words above and one below
    assert sheet.shape == (17 + 3 * 64 + 17, 8 * 96, 3)
    assert (sheet[:17] == 255).all()
    assert (sheet[-17:] == 255).all()
    rows = sheet[17:-17].reshape(3, 64, 8, 96, 3).transpose(0, 2, 1, 3, 4)
    for drawn, wanted in zip(rows, (drawings.gray[:8].expand(-1, 3, -1, -1), right, drawings.painted[:8]), strict=True):
        assert np.array_equal(drawn, (wanted.permute(0, 2, 3, 1).numpy() * 255).round().astype(np.uint8))
    assert texts[::2] == [((96 * k + 3, 2), NAMES[int(drawings.name[k])]) for k in range(8)]
    assert texts[1::2] == [((96 * k + 3, 17 + 3 * 64 + 2), "0.0%" if k == 1 else "100.0%") for k in range(8)]


@pytest.mark.parametrize("net", [COVERAGE, PAINTER], ids=["coverage", "rgb"])
@pytest.mark.parametrize("training", [False, True])
def test_pictures_leave_a_network_as_it_was(tmp_path: Path, net: UNet, training: bool) -> None:
    net.train(training)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    seen = []
    hook = net.register_forward_hook(lambda module, *_: seen.append(module.training))
    drawn = pictures.draw_pictures(run_of(tmp_path), net, batch(2))
    hook.remove()
    assert net.training == training
    assert seen
    assert not any(seen)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert sorted(drawn) == ["colors", "samples"]


def test_each_colour_is_asked_for_and_stands_over_what_was_painted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: list[matplotlib.figure.Figure]
) -> None:
    drawings = batch(3)
    asked = []

    def painted(logits: torch.Tensor, few: Batch) -> torch.Tensor:
        asked.append((few.color.clone(), few.name.clone()))
        # half of the colour inside of the shapes, and what must not count beside them
        inside = (few.coverage > 0.5).float()
        return inside * few.color[:, :, None, None] / 2 + (1 - inside)

    monkeypatch.setattr(pictures, "painted_exactly", painted)
    run = run_of(tmp_path)
    sheet = pictures.draw_pictures(run, COVERAGE, drawings)["colors"]
    assert np.array_equal(np.asarray(Image.open(run.folder / "colors.png")), sheet)
    assert sheet.shape[1] > 3 * sheet.shape[0]
    # the first was for the samples
    for place, ((colors, names), rgb) in enumerate(zip(asked[1:], PALETTE.values(), strict=True)):
        assert torch.allclose(colors * 255, torch.tensor([rgb]).float().expand(3, 3))
        assert names.tolist() == [place] * 3
    (axes,) = figures[0].axes
    squares = {(patch.get_x(), patch.get_y()): patch for patch in axes.patches}
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    for place, (name, rgb) in enumerate(PALETTE.items()):
        over, under = squares[place, 1], squares[place, 0]
        assert np.allclose(over.get_facecolor()[:3], np.array(rgb) / 255)
        assert np.allclose(under.get_facecolor()[:3], np.array(rgb) / 510, atol=1e-3)
        assert (over.get_width(), over.get_height()) == (under.get_width(), under.get_height()) == (0.96, 0.96)
        assert texts[place + 0.48, 2.08] == name
        codes = texts[place + 0.48, -0.12]
        assert np.allclose([int(codes[k : k + 2], 16) for k in (0, 2, 4)], np.array(rgb) / 2, atol=1)
    assert axes.get_xlim() == (0, len(PALETTE))
    assert axes.get_yticks().tolist() == [0.48, 1.48]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["painted", "asked"]
    assert len(axes.get_xticks()) == 0
    assert not axes.get_frame_on()


def test_a_colour_that_is_no_number_is_dashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: list[matplotlib.figure.Figure]
) -> None:
    monkeypatch.setattr(
        pictures, "painted_exactly", lambda logits, few: few.painted * torch.tensor([1, float("nan"), 1])[:, None, None]
    )
    pictures._colors(COVERAGE, batch(2))
    axes = figures[0].axes[0]
    codes = [text.get_text() for text in axes.texts if text.get_position()[1] < 0]
    assert {code[2:4] for code in codes} == {"--"}
    assert all(patch.get_facecolor()[1] == 0 for patch in axes.patches if patch.get_y() == 0)


def test_drawings_of_nothing_have_a_colour_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: list[matplotlib.figure.Figure]
) -> None:
    empty = batch(2)
    empty = replace(empty, coverage=torch.zeros_like(empty.coverage))
    monkeypatch.setattr(pictures, "painted_exactly", lambda logits, few: few.painted)
    pictures._colors(COVERAGE, empty)
    assert {text.get_text() for text in figures[0].axes[0].texts if text.get_position()[1] < 0} == {"000000"}
