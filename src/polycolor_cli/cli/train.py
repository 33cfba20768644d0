"""polycolor train: teach a network, from a dataset, from synthetic drawings, or from both."""

import sys
import time
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polycolor_cli.cli import interrupt, settings
from polycolor_cli.errors import PolycolorError

if TYPE_CHECKING:
    from polycolor_cli.train.config import TrainConfig
    from polycolor_cli.train.loop import Progress

EPILOG = "Example: polycolor train dataset/ --epochs 60 --out runs/first"

_TRAINING, _MACHINES = "Training", "Machines and logs"


def command(
    ctx: typer.Context,
    dataset: settings.Dataset = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="RUN", help="New folder for the run.")] = None,
    synthetic: settings.Synthetic = False,
    shapes: settings.Shapes = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="RUN", help="Go on with a run; --epochs or --steps may set a new end."),
    ] = None,
    init_from: Annotated[
        str,
        typer.Option(
            "--init-from",
            metavar="MODEL",
            help="Start from the weights of a .safetensors model, made wider if --width asks for it.",
        ),
    ] = "",
    preset: Annotated[
        str,
        typer.Option(
            "--preset",
            metavar="polygon-unet|ayna|ayna-text",
            help="Settings of an earlier project on this task; others go first.",
        ),
    ] = "",
    from_study: Annotated[
        Path | None,
        typer.Option("--from-study", metavar="STUDY", help="Take the best settings that 'polycolor tune' found."),
    ] = None,
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE.toml",
            help="Settings from a file like the config.toml of a run, which may be some of them; options go first.",
        ),
    ] = None,
    epochs: settings.Epochs = 50,
    steps: Annotated[
        int,
        typer.Option(
            min=0, help="Optimiser steps, instead of --epochs.", show_default=False, rich_help_panel=_TRAINING
        ),
    ] = 0,
    batch_size: settings.BatchSize = 32,
    lr: settings.Lr = 2e-3,
    decay: settings.Decay = 0.4,
    loss: settings.Loss = "bce-dice",
    optimizer: settings.Optimizer = "adamw",
    weight_decay: Annotated[
        float, typer.Option(min=0, help="By how much weights are pulled towards zero.", rich_help_panel=_TRAINING)
    ] = 0.01,
    augment: Annotated[
        bool,
        typer.Option("--augment", help="Turn, mirror and wear the drawings of a dataset.", rich_help_panel=_TRAINING),
    ] = False,
    patience: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="EPOCHS",
            help="End early after so many that brought nothing better, in the loss or in what is filled right.",
            show_default=False,
            rich_help_panel=_TRAINING,
        ),
    ] = 0,
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
    devices: Annotated[
        int,
        typer.Option(
            min=0,
            help="Processes on each machine that share every step.",
            show_default="1, or what torchrun says",
            rich_help_panel=_MACHINES,
        ),
    ] = 0,
    num_nodes: Annotated[
        int,
        typer.Option(min=0, help="Machines.", show_default="1, or what torchrun says", rich_help_panel=_MACHINES),
    ] = 0,
    precision: Annotated[
        str,
        typer.Option(
            metavar="bf16-mixed|32",
            help="What is computed in.",
            show_default="whichever is quicker here",
            rich_help_panel=_MACHINES,
        ),
    ] = "",
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda|mps", help="What computes.", rich_help_panel=_MACHINES)
    ] = "auto",
    data_workers: Annotated[
        int,
        typer.Option(
            min=1,
            help="Processes that draw synthetic drawings, or threads that read a dataset's.",
            rich_help_panel=_MACHINES,
        ),
    ] = 1,
    log: Annotated[
        str,
        typer.Option(
            metavar="csv,tensorboard,wandb",
            help="Where the curves go, beside the metrics.csv of the run.",
            rich_help_panel=_MACHINES,
        ),
    ] = "",
) -> None:
    """Train a network on a dataset folder, on synthetic drawings, or on both.

    RUN holds the settings, curves, samples, a checkpoint to resume from, and the model in two files:
    model.onnx to run ('colorize --model RUN') and model.safetensors to train on, both of the best epoch, and
    last.safetensors of the last. On several machines run the same command on each through torchrun.
    """
    given = settings.given_in(ctx)
    if device not in ("auto", "cpu", "cuda", "mps"):
        raise PolycolorError(f"--device {device}: not one of auto, cpu, cuda, mps")
    from polycolor_cli.train.run import Run

    if resume is not None:
        run = Run(resume)
        config = _resumed(run, given, out)
    else:
        if out is None:
            raise PolycolorError("where to? Give a new folder with --out")
        run = Run(out)
        found = _found(from_study) if from_study else {}
        config = _new(run, found | _preset(preset) | _in_file(config_file) | given)
    _train(config, run, {"devices": devices, "num_nodes": num_nodes, "device": device, "data_workers": data_workers})


def _new(run: Any, given: dict[str, Any]) -> "TrainConfig":
    from polycolor_cli.train.config import dimensions_of

    # one that was ended before it had learnt anything is begun anew
    begun = run.config.is_file() and not run.has_checkpoint() and not run.metrics.exists()
    if not begun and run.folder.exists() and (not run.folder.is_dir() or any(run.folder.iterdir())):
        raise PolycolorError(
            f"{run.folder}: is there already and not empty; give a new --out, or --resume {run.folder}"
        )
    if not given.get("dataset") and not given.get("synthetic"):
        raise PolycolorError("nothing to learn from: give a dataset folder, or --synthetic, or both")
    if given.get("init_from"):
        given = dimensions_of(Path(given["init_from"]), given)
    return settings.configured(given)


def _preset(name: str) -> dict[str, Any]:
    from polycolor_cli.train.config import PRESETS

    if name and name not in PRESETS:
        raise PolycolorError(f"--preset {name}: not one of {', '.join(PRESETS)}")
    return PRESETS[name] if name else {}


def _in_file(path: Path | None) -> dict[str, Any]:
    from polycolor_cli.train.config import settings_in

    return settings_in(path) if path else {}


def _found(study: Path) -> dict[str, Any]:
    """The settings of a study's best run."""
    from dataclasses import asdict

    from polycolor_cli.train.config import TrainConfig

    best = study / "best" / "config.toml"
    if not best.is_file():
        raise PolycolorError(f"{study}: no finished study (there is no {best})")
    settings = asdict(TrainConfig.load(best))
    del settings["precision"]
    return settings


def _resumed(run: Any, given: dict[str, Any], out: Path | None) -> "TrainConfig":
    from dataclasses import replace

    from polycolor_cli.train.config import TrainConfig

    others = sorted(set(given) - {"epochs", "steps", "dataset"})
    if others or out is not None:
        raise PolycolorError(
            f"a resumed run keeps its settings: leave out {', '.join(others) or '--out'} "
            "(only --epochs and --steps can change, and where its dataset lies)"
        )
    if not run.config.is_file():
        raise PolycolorError(f"{run.folder}: there is no run to resume here (no config.toml)")
    if given.get("dataset"):
        given = given | {"dataset": str(Path(given["dataset"]).resolve())}
    # one without a checkpoint, ended in its first epoch, begins from the start
    config = replace(TrainConfig.load(run.config), **given)
    config.check()
    return config


def _train(config: "TrainConfig", run: Any, machines: dict[str, Any]) -> None:
    stop = Event()
    from polycolor_cli.data.synthetic import TAUGHT
    from polycolor_cli.train.finish import finish
    from polycolor_cli.train.loop import train
    from polycolor_cli.train.parallel import is_first, is_shared, leave

    try:
        with interrupt.saves(stop, "stopping after this step; everything is saved"), _Display() as display:
            world = settings.world_of(config.shapes) if config.shapes else TAUGHT
            complete = train(config, run, display.update, stop, world, **machines, note=settings.say)
    except (FloatingPointError, OSError, PolycolorError) as error:
        if not is_first():
            # the first process says it
            leave(2)
        raise _as_error(error, run, config) from None
    except RuntimeError:
        if not is_shared():
            raise
        if is_first():
            lost = OSError("another process of this training has ended")
            print(f"polycolor: {_as_error(lost, run, config)}", file=sys.stderr)
        leave(2)
    if not is_first():
        leave(0)
    print("writing the model and its pictures …", file=sys.stderr)
    finish(run, config)
    if complete:
        print(f"model: {run.folder / 'model.onnx'}")
    else:
        print(f"stopped early; go on with: polycolor train --resume {run.folder}")
        raise typer.Exit(interrupt.code())


def _as_error(error: Exception, run: Any, config: "TrainConfig") -> PolycolorError:
    """What ended a training, and what is left of it."""
    from polycolor_cli.train.finish import finish

    if isinstance(error, FloatingPointError):
        kept = ""
        if run.has_checkpoint():
            finish(run, config)
            kept = f"; the model of the last good epoch is {run.folder / 'model.onnx'}"
        return PolycolorError(f"{run.folder}: {error}{kept}")
    if isinstance(error, PolycolorError):
        return error
    kept = f"; what is saved goes on with --resume {run.folder}" if run.has_checkpoint() else ""
    return PolycolorError(f"{run.folder}: {getattr(error, 'strerror', None) or error}{kept}")


class _Display:
    """A progress bar on a terminal; elsewhere a plain line every few seconds."""

    def __enter__(self) -> "_Display":
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        from polycolor_cli.train.parallel import is_first

        self.console = Console(stderr=True, quiet=not is_first())
        columns = (
            TextColumn("epoch {task.fields[epoch]}{task.fields[best]}"),
            BarColumn(),
            TextColumn("{task.description}"),
        )
        self.bar = Progress(*columns, console=self.console, disable=not self.console.is_terminal)
        self.bar.start()
        self.task = self.bar.add_task("starting", total=None, epoch=1, best="")
        self.printed = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def update(self, at: "Progress") -> None:
        left = time.strftime("%H:%M:%S", time.gmtime(at.seconds_left))
        text = f"step {at.step}/{at.steps}  loss {at.loss:.4f}  {at.drawings_per_second:.0f} drawings/s  {left} left"
        best = f" (best {at.best_epoch})" if at.best_epoch else ""
        self.bar.update(self.task, total=at.steps, completed=at.step, description=text, epoch=at.epoch, best=best)
        if at.row:
            measured = "  ".join(f"{key} {value:.4f}" for key, value in at.row.items() if key not in _KNOWN)
            mark = "  best so far" if at.best_epoch == at.epoch else ""
            self.console.print(f"epoch {at.epoch}: {measured}{mark}", highlight=False, soft_wrap=True)
        if not self.console.is_terminal and (time.monotonic() - self.printed > 5 or at.step == at.steps):
            self.printed = time.monotonic()
            print(f"epoch {at.epoch}  {text}", file=sys.stderr, flush=True)


_KNOWN = ("epoch", "step", "drawings", "lr")
