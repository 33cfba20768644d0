"""Files that are not models of ours, each refused before anything runs."""

import gc
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from polycolor_cli.models import weights
from polycolor_cli.models.check import METADATA, ModelError, check
from polycolor_cli.models.weights import read


def altered(change: Callable[[onnx.ModelProto], object]) -> bytes:
    model = onnx.load_model_from_string(read())
    change(model)
    return model.SerializeToString()


def tiny(*inputs: str, about: str | None = None) -> bytes:
    """A network that gives its first input back."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in inputs]
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", [inputs[0]], ["out"])], "g", values, [out])
    model = helper.make_model(graph)
    if about is not None:
        helper.set_model_props(model, {METADATA: about})
    return model.SerializeToString()


def outside(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == "else_branch":
                tensor = attribute.g.initializer[0]
                tensor.data_location = TensorProto.EXTERNAL
                entry = tensor.external_data.add()
                entry.key, entry.value = "location", "../../etc/passwd"


OURS = json.dumps({"config": {"conditioning": "coverage"}, "palette": {}})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not an ONNX file"),
        (b"hello, I am a model", "not an ONNX file"),
        (read()[:100_000], "not an ONNX file|without a network"),
        (pickle.dumps({"weights": [1, 2, 3]}), "a pickle"),
        (b"PK\x03\x04 what torch.save writes", "an archive"),
        (tiny("drawing"), "not a model of polycolor's"),
        (tiny("drawing", about="{}"), "cannot read"),
        (tiny("drawing", about="[1, 2"), "cannot read"),
        (tiny("drawing", about='{"config": {"conditioning": "telepathy"}, "palette": {}}'), "cannot read"),
        (tiny("picture", about=OURS), "takes picture"),
        (tiny("drawing", "secret", about=OURS), "takes drawing, secret"),
        (altered(outside), "in other files"),
        (altered(lambda model: setattr(model.graph.node[0], "domain", "evil")), "operators of 'evil'"),
    ],
)
def test_what_is_not_a_model_is_refused_with_a_reason(data: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=why) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_huge_file_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "MAX_BYTES", 1000)
    (tmp_path / "model.onnx").write_bytes(b"\0" * 2000)
    with pytest.raises(ModelError, match="over 0 MB"):
        read(tmp_path / "model.onnx")


def test_our_own_pass() -> None:
    assert check(read(), "polycolor") == read()


def test_a_flipped_byte_anywhere_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    whole = read()
    for place in (*range(0, len(whole), len(whole) // 40), len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 0x21
        path.write_bytes(damaged)
        with pytest.raises(ModelError, match=rf"^{path}: \w+"):
            read(path)


def test_metadata_made_to_harm() -> None:
    # what an earlier test has left is cleared away now, and not where nothing may be called any deeper
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(ModelError, match="cannot read"):
            check(tiny("drawing", about="[" * 100_000), "model")
    finally:
        gc.enable()
