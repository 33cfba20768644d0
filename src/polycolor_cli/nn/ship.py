"""Make a trained run one of the published models: python -m polycolor_cli.nn.ship RUN [NAME].

Run from the top of the repository. The file to run computes in 8-bit integers, with ranges measured on
synthetic drawings; it lies in the package for the default model, and in `models/` to be uploaded for any
other. The file to train on holds the weights in 16 bits, in `models/`; git ignores those of the others, which
are large.
"""

import hashlib
import json
import sys
from pathlib import Path

from safetensors import safe_open

from polycolor_cli.data.batch import synthetic_batch
from polycolor_cli.models.check import METADATA
from polycolor_cli.models.weights import DEFAULT
from polycolor_cli.nn.export import export, load_weights, save_weights

CALIBRATION_SEED = 1 << 33
PACKAGE = Path("src/polycolor_cli/models")
RELEASE = Path("models")


def ship(run: Path, name: str = DEFAULT) -> list[Path]:
    """Write a run's network as the model `name`: the file to run, and the one to train on."""
    source = run / "model.safetensors"
    with safe_open(source, framework="pt") as file:
        origin = json.loads(file.metadata()[METADATA])["origin"]
    to_run = (PACKAGE if name == DEFAULT else RELEASE) / f"{name}.onnx"
    to_train_on = RELEASE / f"{name}.safetensors"
    for path in (to_run, to_train_on):
        path.parent.mkdir(exist_ok=True)
    net = load_weights(source)
    drawings = (synthetic_batch(CALIBRATION_SEED, number, 16, (128, 128)).drawing.numpy() for number in range(12))
    export(net, to_run, origin, drawings)
    save_weights(net.half(), to_train_on, origin)
    return [to_run, to_train_on]


if __name__ == "__main__":
    for made in ship(Path(sys.argv[1]), *sys.argv[2:]):
        data = made.read_bytes()
        # what models/registry.toml wants to know
        print(f"{made}  size = {len(data)}  sha256 = {hashlib.sha256(data).hexdigest()}")
