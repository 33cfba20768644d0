"""What matters: one small training for each thing left out or changed, measured on drawings nobody trained on.

    python benchmarks/ablation.py OUT --steps 300

OUT keeps the runs; started again, only what is missing is trained. The table of what the network loses
without each of its parts is printed, and written to OUT/ablation.md. Ways of telling a network the colour
are compared by comparison.py.
"""

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from polycolor_cli.data import batch, unseen
from polycolor_cli.data.batch import Batch, training_batches
from polycolor_cli.data.synthetic import TAUGHT, World, drawing
from polycolor_cli.evaluate import metrics
from polycolor_cli.fill import network
from polycolor_cli.fill import planes as planes_
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.train import loop
from polycolor_cli.train.config import TrainConfig, best_precision
from polycolor_cli.train.finish import finish
from polycolor_cli.train.run import Run
from polycolor_cli.train.validate import validation_batches

CLEAN = replace(unseen.WORLD, wear={}, steady=True, whole=True)
GAPPED = replace(unseen.WORLD, wear={}, steady=True)


@contextlib.contextmanager
def means_only() -> Iterator[None]:
    """Shrinking by averages alone: the three planes of a drawing are all its mean."""

    def batches(*given: Any) -> Iterator[Batch]:
        for some in training_batches(*given):
            some.drawing = some.gray.expand(-1, 3, -1, -1).clone()
            yield some

    def validation(*given: Any) -> Sequence[Batch]:
        made = validation_batches(*given)
        for some in made:
            some.drawing = some.gray.expand(-1, 3, -1, -1).clone()
        return made

    with (
        mock.patch.object(loop, "training_batches", batches),
        mock.patch.object(loop, "validation_batches", validation),
        mock.patch.object(loop, "halved", lambda planes: batch.halved(planes)[:, 1:2].expand(-1, 3, -1, -1)),
        mock.patch.object(network, "halved", lambda planes: (planes_.halved(planes)[1],) * 3),
    ):
        yield


VARIANTS: dict[str, tuple[dict[str, object], World, Callable[[], contextlib.AbstractContextManager[None]]]] = {
    "all of it": ({}, TAUGHT, contextlib.nullcontext),
    "shrunk by the mean alone": ({}, TAUGHT, means_only),
    "no second look": ({"refine": 0}, TAUGHT, contextlib.nullcontext),
    "steady hands only": ({}, replace(TAUGHT, steady=True), contextlib.nullcontext),
    "no gaps rubbed out": ({}, replace(TAUGHT, whole=True), contextlib.nullcontext),
    "loss L1": ({"loss": "l1"}, TAUGHT, contextlib.nullcontext),
    "width 8": ({"width": 8, "max_width": 48}, TAUGHT, contextlib.nullcontext),
}
"""What each training changes: settings, the synthetic world, and what else."""


def trained(folder: Path, steps: int, settings: dict[str, object], world: World) -> Path:
    """The model of one variant, trained unless it is there already."""
    model = folder / "model.onnx"
    if not model.exists():
        config = TrainConfig(synthetic=True, steps=steps, seed=3, precision=best_precision())
        config = replace(config, **settings)  # type: ignore[arg-type]
        run = Run(folder)
        loop.train(config, run, world=world)
        finish(run, config)
    return model


def shrunk(picture: np.ndarray, times: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).reduce(times)) if times > 1 else picture


def filled_right(colorizer: Colorizer, world: World, side: int, count: int) -> str:
    """Share filled right and mean soft IoU on drawings of a world that hold a shape."""
    scores = []
    for index in range(count):
        made = drawing(2026, index, (side, side), world)
        if made.coverage.mean() < 2:
            continue
        coverage = colorizer.coverage(shrunk(made.picture, made.shrink)) / 255
        scores.append(metrics.soft_iou(coverage, made.coverage / 255))
    return f"{np.mean(np.array(scores) >= metrics.RIGHT):.1%} / {np.mean(scores):.3f}"


def large(colorizer: Colorizer, count: int) -> str:
    """The same on clean pictures of 512 px, judged at 128."""
    scores = []
    for index in range(100 * count):
        made = drawing(2027, index, (128, 128), CLEAN)
        if made.shrink < 4 or made.coverage.mean() < 2:
            continue
        coverage = shrunk(colorizer.coverage(made.picture), made.shrink) / 255
        scores.append(metrics.soft_iou(coverage, made.coverage / 255))
        if len(scores) == count:
            break
    return f"{np.mean(np.array(scores) >= metrics.RIGHT):.1%} / {np.mean(scores):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--count", type=int, default=400, help="drawings to measure each figure on")
    given = parser.parse_args()
    lines = ["| training | unseen world | clean | gaps | 512 px |", "|---|---|---|---|---|"]
    for name, (settings, world, changed) in VARIANTS.items():
        with changed():
            colorizer = Colorizer(trained(given.out / name.replace(" ", "-"), given.steps, settings, world))
            figures = [filled_right(colorizer, w, 128, given.count) for w in (unseen.WORLD, CLEAN, GAPPED)]
            lines.append(f"| {name} | {' | '.join([*figures, large(colorizer, given.count // 4)])} |")
        print(lines[-1], file=sys.stderr, flush=True)
        (given.out / "ablation.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
