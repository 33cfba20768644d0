"""A run folder: config.toml, metrics.csv, checkpoint/, pictures of how it went, the model files."""

import csv
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn

from polycolor_cli.errors import PolycolorError
from polycolor_cli.files.atomic import write_whole
from polycolor_cli.train.config import TrainConfig

if TYPE_CHECKING:
    from polycolor_cli.train.adversary import Adversary

Measures = dict[str, float]


class Checkpoint:
    """What of a training is kept in a checkpoint: networks and optimisers, by name."""

    def __init__(
        self, net: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, adversary: "Adversary | None"
    ) -> None:
        self.modules = {"net": net, "average": average}
        self.optimizers = {"optimizer": optimizer}
        if adversary is not None:
            self.modules["discriminator"] = adversary.net
            self.optimizers["discriminator-optimizer"] = adversary.optimizer


class Run:
    """The folder of one training."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoint = folder / "checkpoint"

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.csv"

    def begin(self, config: TrainConfig) -> None:
        """Make the folder, and write what is going to happen in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config.save(self.config)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from training the same run meanwhile. Raises PolycolorError where one does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise PolycolorError(f"{self.folder}: is being trained by another process") from None
        try:
            yield
        finally:
            lock.release()

    def append(self, row: Measures) -> None:
        """Add a row to metrics.csv."""
        there = self.metrics.read_text(encoding="utf-8") if self.metrics.exists() else ""
        text = StringIO(newline="")
        writer = csv.DictWriter(text, list(row), lineterminator="\n")
        if not there:
            writer.writeheader()
        writer.writerow({key: f"{value:.6g}" for key, value in row.items()})
        write_whole(self.metrics, (there + text.getvalue()).encode())

    def rows(self) -> list[Measures]:
        """The rows of metrics.csv so far. Raises PolycolorError where it is damaged."""
        if not self.metrics.exists():
            return []
        with self.metrics.open(newline="", encoding="utf-8") as file:
            try:
                rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
            except (ValueError, TypeError, AttributeError, csv.Error):
                rows = [{}]
        if any(not {"epoch", "step"} <= set(row) for row in rows):
            raise PolycolorError(f"{self.metrics}: is damaged; without it the run goes on, its old measures are lost")
        return rows

    def rewind(self, step: int) -> None:
        """Drop rows of metrics.csv after `step`: they will be measured again."""
        rows = self.rows()
        kept = sum(row["step"] <= step for row in rows)
        if kept < len(rows):
            lines = self.metrics.read_text(encoding="utf-8").splitlines(keepends=True)
            write_whole(self.metrics, "".join(lines[: kept + 1]).encode())

    def save(self, training: Checkpoint, state: dict[str, Any]) -> None:
        """Write everything a training needs to go on, whole or not at all."""
        fresh = self.folder / "checkpoint.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for name, module in training.modules.items():
            _save(module.state_dict(), fresh / f"{name}.safetensors")
        for name, optimizer in training.optimizers.items():
            moments = {
                f"{index}.{key}": value
                for index, values in optimizer.state_dict()["state"].items()
                for key, value in values.items()
            }
            _save(moments, fresh / f"{name}.safetensors")
        (fresh / "state.json").write_text(json.dumps(state), encoding="utf-8")
        old = self.folder / "checkpoint.old"
        shutil.rmtree(old, ignore_errors=True)
        if self.checkpoint.exists():
            self.checkpoint.rename(old)
        fresh.rename(self.checkpoint)
        shutil.rmtree(old, ignore_errors=True)

    def load(self, training: Checkpoint) -> dict[str, Any]:
        """Put a checkpoint's weights and moments back in place; returns its state.

        Raises PolycolorError where the checkpoint is damaged.
        """
        folder = self.last_checkpoint
        name = ""
        try:
            for name, module in training.modules.items():
                module.load_state_dict(load_file(folder / f"{name}.safetensors"))
            for name, optimizer in training.optimizers.items():
                table = optimizer.state_dict()
                table["state"] = _moments(folder / f"{name}.safetensors", optimizer)
                optimizer.load_state_dict(table)
        except (SafetensorError, RuntimeError, ValueError, KeyError, IndexError, FileNotFoundError):
            raise PolycolorError(
                f"{folder / name}.safetensors: is damaged; begin a new run, with --init-from a model that is whole"
            ) from None
        try:
            state: dict[str, Any] = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            _ = state["step"], state["drawings"], state["sums"], state["data"]
        except (ValueError, KeyError, TypeError, FileNotFoundError, RecursionError):
            raise PolycolorError(f"{folder / 'state.json'}: is damaged; begin a new run") from None
        return state

    def keep_best(self, average: nn.Module, epoch: int) -> None:
        """Keep the weights that measure best so far, after some epoch: what becomes the model."""
        _save(average.state_dict(), self.folder / "best.safetensors.new", {"epoch": str(epoch)})
        (self.folder / "best.safetensors.new").replace(self.best)

    @property
    def best_epoch(self) -> int | None:
        """The epoch after which the weights measured best, if one is known."""
        try:
            with safe_open(self.best, "pt") as file:
                return int((file.metadata() or {})["epoch"])
        except (OSError, SafetensorError, KeyError, ValueError):
            return None

    @property
    def best(self) -> Path:
        return self.folder / "best.safetensors"

    @property
    def last_checkpoint(self) -> Path:
        # a crash between two renames leaves the last good one under its old name
        return self.checkpoint if self.checkpoint.exists() else self.folder / "checkpoint.old"

    def has_checkpoint(self) -> bool:
        return self.checkpoint.exists() or (self.folder / "checkpoint.old").exists()


def _moments(path: Path, optimizer: torch.optim.Optimizer) -> dict[int, dict[str, torch.Tensor]]:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in load_file(path).items():
        index, name = key.split(".", 1)
        if value.shape == parameters[int(index)].shape:
            # a fused optimiser walks through memory: moments must lie as their weights do
            value = torch.empty_like(parameters[int(index)]).copy_(value)
        moments.setdefault(int(index), {})[name] = value
    return moments


def _save(tensors: dict[str, torch.Tensor], path: Path, about: dict[str, str] | None = None) -> None:
    # written here and not by safetensors, whose error for a full disk is no OSError
    path.write_bytes(save({key: value.detach().contiguous() for key, value in tensors.items()}, about))
