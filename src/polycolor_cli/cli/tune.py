"""polycolor tune: search for training settings, over many short trainings."""

import multiprocessing
import signal
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polycolor_cli.cli import interrupt, settings
from polycolor_cli.errors import PolycolorError
from polycolor_cli.processes import cores, end_with_parent, left_to_parent

if TYPE_CHECKING:
    from polycolor_cli.tune.study import Study

EPILOG = "Example: polycolor tune dataset/ --grid polygon-unet --out studies/first"


def command(
    ctx: typer.Context,
    dataset: settings.Dataset = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="STUDY", help="Folder of the study.")] = None,
    grid: Annotated[
        str,
        typer.Option(
            "--grid", metavar="polygon-unet", help="Try every combination of a known grid, or --trials of them."
        ),
    ] = "",
    trials: Annotated[int, typer.Option(min=1, help="Trainings to begin, the worse half given up early.")] = 30,
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="Trainings at a time; they share the cores.")] = 1,
    storage: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Database of the study (postgresql://...): all machines that run this same command join it.",
        ),
    ] = "",
    synthetic: settings.Synthetic = False,
    epochs: settings.Epochs = 15,
    batch_size: settings.BatchSize = 32,
    lr: settings.Lr = 2e-3,
    decay: settings.Decay = 0.4,
    loss: settings.Loss = "bce-dice",
    optimizer: settings.Optimizer = "adamw",
    progressive: settings.Progressive = "",
    adversarial: settings.Adversarial = 0.0,
    agreement: settings.Agreement = 0.0,
    seed: settings.Seed = 0,
    conditioning: settings.Conditioning = "coverage",
    width: settings.Width = 16,
    depth: settings.Depth = 6,
    max_width: settings.MaxWidth = 96,
    patch: settings.Patch = 2,
    upsampling: settings.Upsampling = "bilinear",
    embed_dim: settings.EmbedDim = 16,
    text_encoder: settings.TextEncoder = "",
    pooling: settings.Pooling = "cls",
    residual: settings.Residual = False,
    attention: settings.Attention = "none",
) -> None:
    """Search for the training settings that fill best.

    Every trial is a short training with a run folder of its own below STUDY/runs. What an option fixes is
    not searched. Stopped and started again, the study goes on where it was. At the end STUDY holds
    summary.txt, trials.csv, plots, and the best run with its model; 'polycolor train --from-study' trains
    that one for longer.
    """
    if out is None:
        raise PolycolorError("where to? Give a folder with --out")
    if not dataset and not synthetic:
        raise PolycolorError("nothing to learn from: give a dataset folder, or --synthetic, or both")
    from dataclasses import replace

    from polycolor_cli.data.dataset import notes_on, read_dataset
    from polycolor_cli.tune.study import GRIDS, SETTINGS_THAT_MATTER, Study, conclude

    if grid and grid not in GRIDS:
        raise PolycolorError(f"--grid {grid}: not one of {', '.join(GRIDS)}")
    search = GRIDS[grid] if grid else SETTINGS_THAT_MATTER
    given = settings.given_in(ctx)
    values = {name: values for name, values in search.values.items() if name not in given}
    if not values:
        raise PolycolorError("every setting that is searched is fixed by an option: nothing is left to search")
    # so many of a grid, instead of all, are a search among its values
    whole = bool(grid) and ctx.get_parameter_source("trials").name == "DEFAULT"  # type: ignore[union-attr]
    search = replace(search, values=values, grid=whole, trials=trials, storage=storage)
    config = settings.configured({"epochs": epochs} | search.fixed | given)
    for note in notes_on(read_dataset(Path(config.dataset))) if config.dataset else ():
        settings.say(f"{config.dataset}: {note}")
    study = Study(out)
    study.begin(config if "precision" in given else study.in_its_precision(config), search)
    ended = _watch(study, workers)
    best = conclude(study)
    if not ended:
        print(f"stopped early; the same command goes on: {out}", file=sys.stderr)
        raise typer.Exit(interrupt.code())
    if best is None:
        raise PolycolorError(f"{out}: no training came to its end; see {out / 'summary.txt'}")
    print((out / "summary.txt").read_text(encoding="utf-8"), end="")
    print(f"best: {best.user_attrs['run']}, model: {out / 'best' / 'model.onnx'}")
    print(f"train it for longer: polycolor train --from-study {out} --epochs {5 * config.epochs} --out RUN")


def _watch(study: "Study", workers: int) -> bool:
    """Run the workers and show what they do; returns whether the study came to its end."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    threads = max(1, cores() // workers)
    processes = [context.Process(target=_work, args=(study.folder, threads, stop)) for _ in range(workers)]

    with interrupt.saves(stop, "stopping after these steps; everything is saved"):
        with left_to_parent():
            for process in processes:
                process.start()
        _show(study, processes)
        for process in processes:
            process.join()
    if any(process.exitcode for process in processes) and not study.is_complete():
        raise PolycolorError(f"{study.folder}: a worker died; the same command goes on from here")
    return study.is_complete()


def _work(folder: Path, threads: int, stop: Any) -> None:
    import torch

    from polycolor_cli.tune.study import Study, work

    # where it could not be left to the parent, which passes it on, before this process began
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    torch.set_num_threads(threads)
    try:
        work(Study(folder), stop)
    except PolycolorError as error:
        print(f"polycolor: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"polycolor: {folder}: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)


def _show(study: "Study", processes: list[Any]) -> None:
    """A live table of the trials on a terminal; elsewhere a line whenever one ends."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    began, shown = time.monotonic(), 0
    with Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else nullcontext() as live:
        while any(process.is_alive() for process in processes):
            if live is not None:
                live.update(_table(study, began), refresh=True)
            else:
                ended = [trial for trial in study.trials() if trial.state.is_finished()]
                for trial in ended[shown:]:
                    print(
                        f"{trial.user_attrs.get('run')}: {trial.state.name.lower()} {_value(trial)}",
                        file=sys.stderr,
                    )
                shown = len(ended)
            time.sleep(1)


def _value(trial: Any) -> str:
    return "" if trial.value is None else f"{trial.value:.4f}"


def _settings(trial: Any) -> dict[str, Any]:
    """What a trial tries, also before it has begun."""
    return {**trial.user_attrs.get("settings", {}), **trial.params}


def _table(study: "Study", began: float) -> Any:
    from rich.table import Table

    search, epochs, trials = study.search, study.config_epochs, study.trials()
    done = sum(len(trial.intermediate_values) for trial in trials)
    best = study.best()
    passed = time.monotonic() - began
    fresh = max(done - study.epochs_before, 0)
    left = passed / fresh * (search.size * epochs - done) if fresh else None
    clock = time.strftime("%H:%M:%S", time.gmtime(left)) if left is not None else "?"
    table = Table(
        title=f"{study.folder}: {sum(one.state.is_finished() for one in trials)} of {search.size}, {clock} left at most"
    )
    for heading in ("run", "state", *search.values, "epoch", "best so far"):
        table.add_column(heading)
    for trial in trials[-25:]:
        values = trial.intermediate_values
        table.add_row(
            trial.user_attrs.get("run", ""), trial.state.name.lower(),
            *(str(_settings(trial).get(name, "")) for name in search.values),
            f"{max(values, default=0)}/{epochs}", f"{min(values.values()):.4f}" if values else "",
            style="bold green" if best is not None and trial.number == best.number else None,
        )  # fmt: skip
    return table
