"""Make a trained run the model that the package ships: python -m polycolor_cli.nn.ship RUN.

Run from the top of the repository. The file to run computes in 8-bit integers, with ranges measured on
synthetic drawings; the file to train on holds the weights in 16 bits.
"""

import json
import sys
from pathlib import Path

from safetensors import safe_open

from polycolor_cli.data.batch import synthetic_batch
from polycolor_cli.nn.export import METADATA, export, load_weights, save_weights
from polycolor_cli.weights import DEFAULT, resolve

CALIBRATION_SEED = 1 << 33


def ship(run: Path) -> list[Path]:
    """Write a run's network to where the default model lies, and to `models/` for training to start from."""
    source = run / "model.safetensors"
    with safe_open(source, framework="pt") as file:
        origin = json.loads(file.metadata()[METADATA])["origin"]
    to_run, to_train_on = resolve(DEFAULT), Path("models") / f"{DEFAULT}.safetensors"
    for path in (to_run, to_train_on):
        path.parent.mkdir(exist_ok=True)
    net = load_weights(source)
    drawings = (synthetic_batch(CALIBRATION_SEED, number, 16, (128, 128)).drawing.numpy() for number in range(12))
    export(net, to_run, origin, drawings)
    save_weights(net.half(), to_train_on, origin)
    return [to_run, to_train_on]


if __name__ == "__main__":
    print(*ship(Path(sys.argv[1])), sep="\n")
