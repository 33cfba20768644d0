"""Make a trained run the model that the package ships: python -m polycolor_cli.nn.ship RUN.

Run from the top of the repository. Both files hold the weights in 16 bits.
"""

import json
import sys
from pathlib import Path

from safetensors import safe_open

from polycolor_cli.nn.export import METADATA, export, load_weights, save_weights
from polycolor_cli.weights import DEFAULT, resolve


def ship(run: Path) -> list[Path]:
    """Write a run's network to where the default model lies, and to `models/` for training to start from."""
    source = run / "model.safetensors"
    with safe_open(source, framework="pt") as file:
        origin = json.loads(file.metadata()[METADATA])["origin"]
    to_run, to_train_on = resolve(DEFAULT), Path("models") / f"{DEFAULT}.safetensors"
    for path in (to_run, to_train_on):
        path.parent.mkdir(exist_ok=True)
    net = load_weights(source)
    export(net, to_run, origin, half=True)
    save_weights(net.half(), to_train_on, origin)
    return [to_run, to_train_on]


if __name__ == "__main__":
    print(*ship(Path(sys.argv[1])), sep="\n")
