from pathlib import Path

import pytest

from polycolor_cli.weights import DEFAULT, ModelError, resolve


def test_the_default_model_ships_with_the_package_and_is_small() -> None:
    assert 100_000 < resolve(DEFAULT).stat().st_size < 3_000_000


def test_a_path_is_a_model_and_so_is_a_run(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"")
    assert resolve(model) == resolve(str(model)) == resolve(tmp_path) == model


def test_says_which_model_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        resolve(tmp_path / "none.onnx")
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"")
    with pytest.raises(ModelError, match=r"\.onnx file beside it"):
        resolve(weights)
