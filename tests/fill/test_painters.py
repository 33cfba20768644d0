"""Models that are told the colour and paint the picture themselves, here a graph that paints whatever is light."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from polycolor_cli import Colorizer
from polycolor_cli.color import PALETTE
from polycolor_cli.fill.paint import Paint
from polycolor_cli.models.check import METADATA, ModelError, with_digest


def painter(path: Path, conditioning: str) -> Colorizer:
    """`picture` is the colour where the drawing is light, and the drawing elsewhere."""
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    told = conditioning == "rgb"
    nodes = [
        helper.make_node("Constant", [], ["half"], value_float=0.5),
        helper.make_node("Constant", [], ["axes"], value_ints=[2, 3]),
        helper.make_node("Greater", ["drawing", "half"], ["light"]),
        helper.make_node("Identity" if told else "Gather", ["color"] if told else ["table", "color"], ["rgb"]),
        helper.make_node("Unsqueeze", ["rgb", "axes"], ["everywhere"]),
        helper.make_node("Where", ["light", "everywhere", "drawing"], ["picture"]),
    ]
    table = np.array(list(PALETTE.values()), np.float32) / 255
    graph = helper.make_graph(
        nodes,
        "painter",
        [
            helper.make_tensor_value_info("drawing", number, ["n", 3, "h", "w"]),
            helper.make_tensor_value_info(
                "color", number if told else onnx.TensorProto.INT64, ["n", 3] if told else ["n"]
            ),
        ],
        [helper.make_tensor_value_info("picture", number, ["n", 3, "h", "w"])],
        [] if told else [onnx.numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    about = {"version": "0", "config": {"conditioning": conditioning}, "palette": PALETTE, "origin": {}}
    helper.set_model_props(model, {METADATA: json.dumps(about)})
    path.write_bytes(with_digest(model.SerializeToString()))
    return Colorizer(path)


@pytest.fixture
def drawing() -> np.ndarray:
    gray = np.full((100, 140), 20, np.uint8)
    gray[:, 35:] = 240
    return gray


@pytest.mark.parametrize("conditioning", ["rgb", "embedding"])
def test_what_the_network_paints_is_what_comes_out(tmp_path: Path, drawing: np.ndarray, conditioning: str) -> None:
    filled = painter(tmp_path / "m.onnx", conditioning).fill(Image.fromarray(drawing), Paint("orange"))
    assert filled.pixels.shape == (100, 140, 3)
    assert (filled.pixels[:, 35:] == PALETTE["orange"]).all()
    assert (filled.pixels[:, :35] == 20).all()
    assert painter(tmp_path / "m.onnx", conditioning).fill(
        Image.fromarray(np.dstack([drawing] * 3)), Paint("orange")
    ).share == pytest.approx(0.75)
    # blue has changed by more than a colour cast
    assert filled.share == pytest.approx(0.75)
    # a colour near the paper's changes little
    assert painter(tmp_path / "m.onnx", conditioning).fill(Image.fromarray(drawing), Paint("white")).share == 0


def test_what_such_a_model_cannot_do_is_said(
    tmp_path: Path, drawing: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, knows = painter(tmp_path / "rgb.onnx", "rgb"), painter(tmp_path / "embedding.onnx", "embedding")
    for paint in (Paint("red", lines="keep"), Paint("red", background="transparent")):
        with pytest.raises(
            ModelError,
            match=r"^this model is conditioned by rgb: it paints the whole picture itself, lines and background",
        ):
            told.fill(Image.fromarray(drawing), paint)
    with pytest.raises(ModelError, match=r"^this model is conditioned by rgb: .* knows no coverage"):
        told.coverage(drawing)
    with pytest.raises(ModelError, match=r"^this model only knows the colours red, green, .*white$"):
        knows.fill(Image.fromarray(drawing), Paint("#123456"))
    few = dict(list(PALETTE.items())[:3])
    monkeypatch.setattr(Colorizer, "palette", few)
    with pytest.raises(ModelError, match=r"^this model only knows the colours red, green, blue$"):
        knows.fill(Image.fromarray(drawing), Paint("#123456"))
    many = {f"color{k}": [k, k, k] for k in range(14)}
    monkeypatch.setattr(Colorizer, "palette", many)
    with pytest.raises(ModelError, match=r"color10 and 3 more \('polycolor colors'\)$"):
        knows.fill(Image.fromarray(drawing), Paint("#123456"))
    assert told.fill(Image.fromarray(drawing), Paint("#123456")).pixels[50, 80].tolist() == [0x12, 0x34, 0x56]
