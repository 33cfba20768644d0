"""A training's curves, told to TensorBoard and Weights & Biases as they come."""

import uuid
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polycolor_cli.errors import PolycolorError
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.run import Measures, Run


class Logs:
    """What `config.log` names, opened for one run; a resumed run goes on in the same logs."""

    def __init__(self, config: TrainConfig, run: Run, step: int) -> None:
        names = config.log.split(",")
        self.board = _tensorboard(run, step) if "tensorboard" in names else None
        self.wandb = _wandb(config, run) if "wandb" in names else None

    def tell(self, row: Measures) -> None:
        """Log a row of metrics.csv."""
        step = int(row["step"])
        values = {name: value for name, value in row.items() if name != "step"}
        if self.board is not None:
            for name, value in values.items():
                self.board.add_scalar(name, value, step)
            self.board.flush()
        if self.wandb is not None:
            self.wandb.log(values, step=step)

    def show(self, pictures: dict[str, NDArray[np.uint8]], step: int) -> None:
        """Log pictures, RGB (H, W, 3), by name."""
        if self.board is not None:
            for name, picture in pictures.items():
                self.board.add_image(name, picture, step, dataformats="HWC")
        if self.wandb is not None:
            import wandb

            self.wandb.log({name: wandb.Image(picture) for name, picture in pictures.items()}, step=step)

    def close(self) -> None:
        if self.board is not None:
            self.board.close()
        if self.wandb is not None:
            self.wandb.finish()


def _tensorboard(run: Run, step: int) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    # what was logged after the checkpoint that the run goes on from will be logged again
    return SummaryWriter(run.folder / "tensorboard", purge_step=step + 1 if step else None)


def _wandb(config: TrainConfig, run: Run) -> Any:
    import wandb

    known = run.folder / "wandb-id"
    identity = known.read_text(encoding="utf-8") if known.is_file() else uuid.uuid4().hex[:8]
    known.write_text(identity, encoding="utf-8")
    try:
        return wandb.init(
            project="polycolor",
            name=run.folder.resolve().name,
            id=identity,
            resume="allow",
            dir=run.folder,
            config=asdict(config),
            settings=wandb.Settings(silent=True, console="off"),
        )
    except wandb.Error as error:
        raise PolycolorError(f"--log wandb: {error} (WANDB_MODE=offline logs without an account)") from None
