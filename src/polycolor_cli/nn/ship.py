"""Make a trained run the model that the package ships: python -m polycolor_cli.nn.ship RUN."""

import json
import sys
from pathlib import Path

from safetensors import safe_open

from polycolor_cli.nn.export import METADATA, export, load_weights
from polycolor_cli.weights import DEFAULT, resolve


def ship(run: Path) -> Path:
    """Export a run's weights, stored in 16 bits, to where the default model lies; returns that path."""
    source = run / "model.safetensors"
    with safe_open(source, framework="pt") as file:
        origin = json.loads(file.metadata()[METADATA])["origin"]
    target = resolve(DEFAULT)
    target.parent.mkdir(exist_ok=True)
    export(load_weights(source), target, origin, half=True)
    return target


if __name__ == "__main__":
    print(ship(Path(sys.argv[1])))
