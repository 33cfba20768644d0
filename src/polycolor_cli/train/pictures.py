"""How a training looks: its curves, fills of some drawings, and the colours that it paints."""

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from polycolor_cli.color import PALETTE
from polycolor_cli.data.batch import NAMES, Batch
from polycolor_cli.evaluate import metrics
from polycolor_cli.files.atomic import write_whole
from polycolor_cli.files.picture import write_picture
from polycolor_cli.nn.unet import UNet
from polycolor_cli.train.run import Run
from polycolor_cli.train.validate import color_input, painted_exactly

if TYPE_CHECKING:
    from matplotlib.figure import Figure

matplotlib.use("Agg")

SHOWN = 8
"""Drawings that are shown at most."""
Pixels = NDArray[np.uint8]


def draw_curves(run: Run) -> None:
    """Plot every column of metrics.csv over the epochs into curves.png, the best epoch marked."""
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    rows = run.rows()
    if not rows:
        return
    epochs, best = [row["epoch"] for row in rows], run.best_epoch
    shares = [name for name in ("masked_accuracy", "soft_iou", "filled_right") if name in rows[0]]
    losses = [name for name in rows[0] if name.endswith("_loss")]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for axes, names, title in ((left, losses, "loss"), (right, shares, "validation")):
        for name in names:
            axes.plot(epochs, [row[name] for row in rows], marker=".", label=name.replace("_", " "))
        if best in epochs:
            axes.axvline(best, color="gray", linestyle=":", label=f"best, epoch {best}")
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    if all(row[name] > 0 for row in rows for name in losses):
        left.set_yscale("log")
    write_whole(run.folder / "curves.png", _as_png(figure))
    pyplot.close(figure)


@torch.no_grad()
def draw_pictures(run: Run, net: UNet, batch: Batch) -> dict[str, Pixels]:
    """Write samples.png and colors.png, what a network makes of some drawings; returns both, RGB (H, W, 3), by name."""
    was_training = net.training
    net.eval()
    device = next(net.parameters()).device
    tensors: dict[str, Any] = {
        k: value[:SHOWN].to(device) for k, value in vars(batch).items() if torch.is_tensor(value)
    }
    few = replace(batch, **tensors)
    pictures = {"samples": _samples(net, few), "colors": _colors(net, few)}
    for name, picture in pictures.items():
        write_picture(Image.fromarray(picture), run.folder / f"{name}.png")
    net.train(was_training)
    return pictures


def _samples(net: UNet, batch: Batch) -> Pixels:
    """A column for each drawing: its colour, the drawing, the fill, the truth, and how much of the shape is right."""
    painted = painted_exactly(net(batch.drawing, color_input(net, batch)), batch)
    rows = [batch.gray.expand(-1, 3, -1, -1), painted, batch.painted]
    sheet = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
    pixels = (sheet.permute(1, 2, 0).cpu().numpy() * 255).round().astype(np.uint8)
    page = Image.new("RGB", (pixels.shape[1], pixels.shape[0] + 34), "white")
    page.paste(Image.fromarray(pixels), (0, 17))
    write = ImageDraw.Draw(page)
    width = batch.gray.shape[3]
    for number in range(len(batch)):
        got, wanted = (p[number].permute(1, 2, 0).cpu().numpy() for p in (painted, batch.painted))
        accuracy = metrics.masked_accuracy(got, wanted, batch.coverage[number, 0].cpu().numpy())
        write.text((number * width + 3, 2), NAMES[int(batch.name[number])], fill="black")
        write.text((number * width + 3, pixels.shape[0] + 19), f"{accuracy:.1%}", fill="black")
    return np.asarray(page)


def _colors(net: UNet, batch: Batch) -> Pixels:
    """For every name of the palette the colour asked for, and under it the mean colour painted into the shapes."""
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    inside = batch.coverage > 0.5
    figure, axes = pyplot.subplots(figsize=(9, 2.4), layout="constrained")
    for place, (name, rgb) in enumerate(PALETTE.items()):
        batch = replace(
            batch,
            color=torch.tensor([rgb], device=inside.device).expand(len(batch), 3) / 255,
            name=torch.full((len(batch),), place, device=inside.device),
        )
        painted = painted_exactly(net(batch.drawing, color_input(net, batch)), batch)
        mean = ((painted * inside).sum((0, 2, 3)) / inside.sum().clamp_min(1)).cpu().numpy()
        for height, color in ((1, np.array(rgb) / 255), (0, np.clip(np.nan_to_num(mean), 0, 1))):
            axes.add_patch(Rectangle((place, height), 0.96, 0.96, facecolor=color, edgecolor="gray", linewidth=0.5))
        codes = "".join(f"{round(255 * float(value)):02x}" if np.isfinite(value) else "--" for value in mean)
        axes.text(place + 0.48, -0.12, codes, ha="center", va="top", fontsize="x-small")
        axes.text(place + 0.48, 2.08, name, ha="center", va="bottom", fontsize="small")
    axes.set(xlim=(0, len(PALETTE)), ylim=(-0.4, 2.5), yticks=(0.48, 1.48), yticklabels=("painted", "asked"))
    axes.set_xticks([])
    axes.set_frame_on(False)
    axes.tick_params(length=0)
    picture = np.asarray(Image.open(BytesIO(_as_png(figure))).convert("RGB"))
    pyplot.close(figure)
    return picture


def _as_png(figure: "Figure") -> bytes:
    picture = BytesIO()
    figure.savefig(picture, dpi=110)
    return picture.getvalue()
