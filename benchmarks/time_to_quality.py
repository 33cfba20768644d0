"""How long a training takes to fill well: an earlier project's recipe and ours, one after the other.

    python benchmarks/time_to_quality.py OUT

Both learn from dataset/ on one thread, and are measured after each epoch on its validation drawings: masked pixel
accuracy at 0.05. Prints the times to the accuracy that the earlier project published, or where it does not get
there to its own best, and their ratio; draws both curves into OUT/time-to-quality.png. They are kept in
OUT/times.json: started again, it only tells and draws.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch

from polycolor_cli.train.config import PRESETS, TrainConfig, best_precision
from polycolor_cli.train.loop import Progress, train
from polycolor_cli.train.run import Run

PUBLISHED = 0.885
DATASET = str(Path(__file__).parent.parent / "dataset")

RECIPES = {
    "polygon-unet": TrainConfig(dataset=DATASET, **PRESETS["polygon-unet"]),
    "polycolor": TrainConfig(dataset=DATASET, synthetic=True, epochs=40, precision=best_precision()),
}

Curve = list[tuple[float, float]]


def curve(config: TrainConfig, run: Run) -> Curve:
    """Seconds since the start and masked accuracy, after each epoch."""
    began, points = time.perf_counter(), []

    def report(at: Progress) -> None:
        if at.row:
            points.append((time.perf_counter() - began, at.row["masked_accuracy"]))
            print(f"{run.folder.name} epoch {at.epoch}: {points[-1]}", file=sys.stderr, flush=True)

    train(config, run, report)
    return points


def reached(points: Curve, accuracy: float) -> float | None:
    """Seconds to the first epoch with at least this accuracy."""
    return next((seconds for seconds, value in points if value >= accuracy), None)


def draw(curves: dict[str, Curve], goal: float, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    for name, points in curves.items():
        axes.plot(*zip(*points, strict=True), marker=".", label=name)
    axes.axhline(goal, color="gray", linestyle="--", linewidth=1)
    axes.set(xscale="log", xlabel="seconds of training, one thread", ylabel="masked pixel accuracy @ 0.05")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    times = given.out / "times.json"
    if not times.exists():
        curves = {name: curve(config, Run(given.out / name)) for name, config in RECIPES.items()}
        times.write_text(json.dumps(curves), encoding="utf-8")
    curves = json.loads(times.read_text(encoding="utf-8"))
    best = max(value for _, value in curves["polygon-unet"])
    goal = min(PUBLISHED, best)
    draw(curves, goal, given.out / "time-to-quality.png")
    whole = curves["polygon-unet"][-1][0]
    print(f"polygon-unet: {best:.3f} at its best, {whole:.0f} s in all")
    for accuracy in sorted({goal, PUBLISHED}):
        theirs, ours = (reached(points, accuracy) for points in curves.values())
        if ours is None:
            print(f"to {accuracy:.3f}: polycolor never")
        elif theirs is None:
            print(f"to {accuracy:.3f}: polygon-unet never, polycolor {ours:.0f} s: more than {whole / ours:.0f} times")
        else:
            print(f"to {accuracy:.3f}: polygon-unet {theirs:.0f} s, polycolor {ours:.0f} s: {theirs / ours:.1f} times")


if __name__ == "__main__":
    main()
