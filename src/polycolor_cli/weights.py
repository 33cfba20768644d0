"""A model's name -> a verified file (shipped with the package, or a path)."""

from pathlib import Path

from polycolor_cli.errors import PolycolorError

DEFAULT = "polycolor"


class ModelError(PolycolorError):
    """A model that cannot be found or used; the message says why."""


def resolve(model: str | Path) -> Path:
    """The file of a model: a name that ships with the package, or a path to an `.onnx` file.

    Raises ModelError where there is none.
    """
    if str(model) == DEFAULT:
        return Path(__file__).with_name("models") / f"{DEFAULT}.onnx"
    path = Path(model)
    if path.suffix == ".safetensors" and path.exists():
        raise ModelError(f"{model}: this file is to train on; give the .onnx file beside it")
    if path.is_dir() and (path / "model.onnx").is_file():
        return path / "model.onnx"
    if not path.is_file():
        raise ModelError(f"{model}: no such model; give {DEFAULT!r} or the path of an .onnx file")
    return path
