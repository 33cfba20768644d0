"""A run folder: config.toml, metrics.csv, checkpoint/, pictures of how it went, the model files."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from polycolor_cli.picture import write_whole
from polycolor_cli.train.config import TrainConfig

Measures = dict[str, float]


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

    def append(self, row: Measures) -> None:
        """Add a row to metrics.csv."""
        new = not self.metrics.exists() or not self.metrics.stat().st_size
        with self.metrics.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow({key: f"{value:.6g}" for key, value in row.items()})

    def rows(self) -> list[Measures]:
        """The rows of metrics.csv so far."""
        if not self.metrics.exists():
            return []
        with self.metrics.open(newline="", encoding="utf-8") as file:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]

    def rewind(self, step: int) -> None:
        """Drop rows of metrics.csv after `step`: they will be measured again."""
        lines = self.metrics.read_text(encoding="utf-8").splitlines(keepends=True) if self.metrics.exists() else []
        kept = [row for row in self.rows() if row["step"] <= step]
        write_whole(self.metrics, "".join(lines[: len(kept) + 1]).encode())

    def save_checkpoint(
        self, net: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]
    ) -> None:
        """Write everything a training needs to go on, whole or not at all."""
        fresh = self.folder / "checkpoint.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        _save(net.state_dict(), fresh / "net.safetensors")
        _save(average.state_dict(), fresh / "average.safetensors")
        moments = {
            f"{index}.{name}": value
            for index, values in optimizer.state_dict()["state"].items()
            for name, value in values.items()
        }
        _save(moments, fresh / "optimizer.safetensors")
        (fresh / "state.json").write_text(json.dumps(state), encoding="utf-8")
        old = self.folder / "checkpoint.old"
        shutil.rmtree(old, ignore_errors=True)
        if self.checkpoint.exists():
            self.checkpoint.rename(old)
        fresh.rename(self.checkpoint)
        shutil.rmtree(old, ignore_errors=True)

    def load_checkpoint(self, net: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        """Put a checkpoint's weights and moments back in place; returns its state."""
        # a crash between two renames leaves the last good one under its old name
        folder = self.checkpoint if self.checkpoint.exists() else self.folder / "checkpoint.old"
        net.load_state_dict(load_file(folder / "net.safetensors"))
        average.load_state_dict(load_file(folder / "average.safetensors"))
        table = optimizer.state_dict()
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in load_file(folder / "optimizer.safetensors").items():
            index, name = key.split(".", 1)
            if value.shape == parameters[int(index)].shape:
                # a fused optimiser walks through memory: moments must lie as their weights do
                value = torch.empty_like(parameters[int(index)]).copy_(value)
            moments.setdefault(int(index), {})[name] = value
        table["state"] = moments
        optimizer.load_state_dict(table)
        state: dict[str, Any] = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        return state

    def has_checkpoint(self) -> bool:
        return self.checkpoint.exists() or (self.folder / "checkpoint.old").exists()


def _save(tensors: dict[str, torch.Tensor], path: Path) -> None:
    save_file({key: value.detach().contiguous() for key, value in tensors.items()}, path)
