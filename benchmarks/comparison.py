"""Every way of telling a network the colour, and everything others wished for, trained at one equal budget.

    python benchmarks/comparison.py OUT --steps 500 --text-encoder DIR

All learn from the same drawings: the usual pictures of eight shapes in the colours of the palette and, in turn with
them, the synthetic world with its gaps. OUT keeps the runs; started again, only what is missing is trained. The table
is printed and written to OUT/comparison.md.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from ablation import CLEAN, GAPPED, filled_right, shrunk
from PIL import Image

from polycolor_cli.color import PALETTE, RGB, parse_color
from polycolor_cli.data import unseen
from polycolor_cli.data.synthetic import World, drawing
from polycolor_cli.data.write import SHAPES, plain_drawing, write_dataset
from polycolor_cli.evaluate import metrics
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint
from polycolor_cli.models.check import ModelError
from polycolor_cli.nn.export import load_weights
from polycolor_cli.nn.text import width_of
from polycolor_cli.train.config import TrainConfig, best_precision
from polycolor_cli.train.finish import finish
from polycolor_cli.train.loop import train
from polycolor_cli.train.run import Run

ROWS: dict[str, dict[str, Any]] = {
    "coverage": {},
    "rgb": {"conditioning": "rgb"},
    "embedding 16": {"conditioning": "embedding"},
    "text-film, cls": {"conditioning": "text-film", "pooling": "cls"},
    "text-film, mean": {"conditioning": "text-film", "pooling": "mean"},
    "coverage, residual": {"residual": True},
    "coverage, progressive": {"progressive": "32,64,128"},
    "coverage, adversarial": {"adversarial": 0.1},
    "coverage, attention: bottleneck": {"attention": "bottleneck"},
    "coverage, attention: coarse": {"attention": "coarse"},
    "coverage, transposed": {"upsampling": "transposed"},
}


def settings_of(name: str, base: TrainConfig, encoder: str) -> TrainConfig:
    config = replace(base, **ROWS[name])
    if config.conditioning == "text-film":
        config = replace(config, text_encoder=encoder, text_dim=width_of(encoder))
    return config


def milliseconds(colorizer: Colorizer) -> float:
    """The best of some rounds over the eight usual shapes, per drawing."""
    pictures = [Image.fromarray(plain_drawing(2029, i, shape).picture) for i, shape in enumerate(SHAPES)]
    rounds = []
    for _ in range(6):
        began = time.perf_counter()
        for picture in pictures:
            colorizer.fill(picture, Paint((255, 0, 0)))
        rounds.append((time.perf_counter() - began) / len(pictures))
    return 1000 * min(rounds)


def painted_right(colorizer: Colorizer, world: World | None, colors: list[RGB], count: int) -> str:
    """Mean masked pixel accuracy of painted pictures; no world means the usual pictures of eight shapes."""
    scores = []
    for index in range(count):
        if world is None:
            made = plain_drawing(2028, index, SHAPES[index % len(SHAPES)])
        else:
            made = drawing(2028, index, (128, 128), world)
        if made.coverage.mean() < 2:
            continue
        gray, color = shrunk(made.picture, made.shrink), colors[index % len(colors)]
        try:
            picture = colorizer.fill(Image.fromarray(gray), Paint(color)).image
        except ModelError:
            return "cannot"
        solid = Image.new("RGB", picture.size, color)
        truth = Image.composite(solid, Image.fromarray(gray).convert("RGB"), Image.fromarray(made.coverage))
        painted, true = (np.asarray(image, np.float32) / 255 for image in (picture, truth))
        scores.append(metrics.masked_accuracy(painted, true, made.coverage / 255))
    return f"{np.mean(scores):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--count", type=int, default=200, help="drawings to measure each figure on")
    parser.add_argument("--text-encoder", default="", help="a folder or hub name; without it text-film is left out")
    given = parser.parse_args()
    data = given.out / "data"
    if not data.exists():
        write_dataset(data, 3000, 64, seed=5)
    base = TrainConfig(dataset=str(data), synthetic=True, steps=given.steps, seed=4, precision=best_precision())
    seen = list(PALETTE.values())[:8]
    # they have names, which a text encoder knows
    unseen_colors = [parse_color(name) for name in ("tan", "teal", "salmon", "indigo", "olive", "skyblue")]
    lines = [
        "| training | usual pictures, seen colours | unseen colours | unseen shapes | the same with gaps "
        "| unseen world, right / IoU | parameters | ms a drawing | minutes to train |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in ROWS:
        if name.startswith("text-film") and not given.text_encoder:
            continue
        run = Run(given.out / name.replace(",", "").replace(":", "").replace(" ", "-"))
        minutes = run.folder / "minutes"
        if not (run.folder / "model.onnx").exists():
            config = settings_of(name, base, given.text_encoder)
            began = time.perf_counter()
            train(config, run)
            minutes.write_text(f"{(time.perf_counter() - began) / 60:.1f}", encoding="utf-8")
            finish(run, config)
        colorizer = Colorizer(run.folder / "model.onnx")
        cells = [
            painted_right(colorizer, world, colors, given.count)
            for world, colors in ((None, seen), (None, unseen_colors), (CLEAN, seen), (GAPPED, seen))
        ]
        covers = colorizer.conditioning == "coverage"
        cells.append(filled_right(colorizer, unseen.WORLD, 128, given.count) if covers else "no coverage")
        count = sum(parameter.numel() for parameter in load_weights(run.folder).parameters())
        cells += [f"{count / 1e6:.2f} M", f"{milliseconds(colorizer):.1f}", minutes.read_text(encoding="utf-8")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], file=sys.stderr, flush=True)
        (given.out / "comparison.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
