from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from polycolor_cli.data.batch import synthetic_batch
from polycolor_cli.models.weights import read
from polycolor_cli.nn.export import export, load_weights, save_weights
from polycolor_cli.nn.unet import Dimensions, UNet, exact, paint


def small(**dims: object) -> UNet:
    torch.manual_seed(1)
    net = UNet(Dimensions(**{"width": 4, "depth": 3, "max_width": 12, **dims})).eval()  # type: ignore[arg-type]
    if net.refiner is not None:
        # a fresh second look changes nothing
        torch.nn.init.normal_(net.refiner.layers[-1].weight, std=0.3)  # type: ignore[arg-type]
    return net


def color_for(net: UNet, n: int) -> torch.Tensor | None:
    choices = {"coverage": None, "rgb": torch.rand(n, 3), "embedding": torch.randint(11, (n,))}
    return choices[net.dims.conditioning]


@pytest.mark.parametrize("conditioning", ["coverage", "rgb", "embedding"])
@pytest.mark.parametrize("upsampling", ["bilinear", "transposed"])
@pytest.mark.parametrize("patch", [1, 2])
def test_any_size_passes(conditioning: str, upsampling: str, patch: int) -> None:
    net = small(conditioning=conditioning, upsampling=upsampling, patch=patch)
    for size in [(1, 1), (7, 50), (64, 64), (33, 129)]:
        logits = net(torch.rand(2, 3, *size), color_for(net, 2))
        assert logits.shape == (2, 1 if conditioning == "coverage" else 3, *size)


def test_width_and_depth_are_what_was_asked_for() -> None:
    assert UNet(Dimensions(width=8, depth=4, max_width=32)).dims.widths == [8, 16, 32, 32]
    assert UNet(Dimensions(width=8, depth=1))(torch.rand(1, 3, 9, 9)).shape == (1, 1, 9, 9)


def test_upsampling_changes_the_network() -> None:
    count = {kind: sum(p.numel() for p in small(upsampling=kind).parameters()) for kind in ("bilinear", "transposed")}
    assert count["transposed"] > count["bilinear"]


@pytest.mark.parametrize("conditioning", ["rgb", "embedding"])
def test_the_colour_reaches_the_answer(conditioning: str) -> None:
    net = small(conditioning=conditioning)
    drawing = torch.rand(1, 3, 32, 32)
    one = torch.tensor([1]) if conditioning == "embedding" else torch.tensor([[1.0, 0, 0]])
    other = torch.tensor([2]) if conditioning == "embedding" else torch.tensor([[0.0, 1, 0]])
    assert not torch.allclose(net(drawing, one), net(drawing, other))
    with pytest.raises(ValueError, match="needs a colour"):
        net(drawing)


@pytest.mark.parametrize("wrong", [{"conditioning": "smell"}, {"upsampling": "bicubic"}, {"width": 0}, {"depth": 0}])
def test_dimensions_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Dimensions(**wrong)  # type: ignore[arg-type]


def test_exact_reaches_both_ends() -> None:
    ends = exact(torch.tensor([0.0, 0.099, 0.5, 0.901, 1.0]))
    assert ends.tolist() == pytest.approx([0, 0, 0.5, 1, 1])


def test_painting_is_the_mix_of_picture_and_colour() -> None:
    logits = torch.tensor([-100.0, 0.0, 100.0]).reshape(1, 1, 1, 3)
    painted = paint(logits, torch.full((1, 1, 1, 3), 0.5), torch.tensor([[1.0, 0.0, 0.0]]))
    assert painted[0, :, 0].T.tolist() == [[0.5, 0.5, 0.5], [0.75, 0.25, 0.25], [1.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("conditioning", "upsampling"),
    [
        ("coverage", "bilinear"),
        pytest.param("rgb", "transposed", marks=pytest.mark.slow),
        pytest.param("embedding", "bilinear", marks=pytest.mark.slow),
    ],
)
def test_onnx_runtime_agrees_with_torch(tmp_path: Path, conditioning: str, upsampling: str) -> None:
    net = small(conditioning=conditioning, upsampling=upsampling)
    # running statistics of a fresh network are too tame to catch a mistake
    net.train()
    for _ in range(3):
        net(torch.rand(4, 3, 48, 48), color_for(net, 4))
    net.eval()
    export(net, tmp_path / "model.onnx", {"why": "a test"})
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert "a test" in session.get_modelmeta().custom_metadata_map["polycolor"]
    rng = np.random.default_rng(0)
    for _ in range(12):
        n, h, w = rng.integers(1, 4), *rng.integers(1, 150, 2)
        drawing, color = torch.rand(int(n), 3, int(h), int(w)), color_for(net, int(n))
        with torch.no_grad():
            truth = net(drawing, color).sigmoid()
        truth = exact(truth) if conditioning == "coverage" else truth
        inputs = {"drawing": drawing.numpy()}
        if color is not None:
            inputs["color"] = color.numpy()
        if conditioning == "coverage":
            inputs["guess"] = np.zeros((0, 1, 0, 0), np.float32)
        assert np.abs(session.run(None, inputs)[0] - truth.numpy()).max() < 1e-4
        if conditioning == "coverage":
            guess = torch.rand(int(n), 1, int(h), int(w))
            with torch.no_grad():
                truth = exact(net(drawing, guess=guess).sigmoid())
            inputs["guess"] = guess.numpy()
            assert np.abs(session.run(None, inputs)[0] - truth.numpy()).max() < 1e-4


def test_a_fresh_second_look_changes_nothing() -> None:
    net = UNet(Dimensions(width=4, depth=2, max_width=8)).eval()
    drawing = torch.rand(1, 3, 31, 40)
    assert torch.allclose(net(drawing).sigmoid(), net.look(drawing).sigmoid(), atol=2e-3)


@pytest.mark.slow
def test_in_integers_it_is_smaller_and_answers_nearly_the_same(tmp_path: Path) -> None:
    net = small(width=16, max_width=32)
    net.train()
    drawings = [synthetic_batch(1, number, 8, (64, 64)).drawing for number in range(4)]
    for drawing in drawings:
        net(drawing)
    net.eval()
    export(net, tmp_path / "float.onnx", {})
    export(net, tmp_path / "integer.onnx", {}, [drawing.numpy() for drawing in drawings])
    sizes = [(tmp_path / f"{kind}.onnx").stat().st_size for kind in ("float", "integer")]
    assert sizes[1] < 0.6 * sizes[0]
    inputs = {"guess": np.zeros((0, 1, 0, 0), np.float32), "drawing": drawings[0].numpy()[:, :, :51, :40]}
    exactly, nearly = (
        onnxruntime.InferenceSession(tmp_path / f"{kind}.onnx").run(None, inputs)[0] for kind in ("float", "integer")
    )
    assert np.abs(exactly - nearly).mean() < 0.3 * np.std(exactly)
    assert "NhwcMaxPool" in operations(onnx.load(tmp_path / "integer.onnx").graph)
    assert "NhwcMaxPool" not in operations(onnx.load(tmp_path / "float.onnx").graph)


def operations(graph: onnx.GraphProto) -> set[str]:
    """The operations of a graph and of its branches."""
    branches = [attribute.g for node in graph.node for attribute in node.attribute if attribute.HasField("g")]
    return {node.op_type for node in graph.node}.union(*map(operations, branches))


def test_what_ships_has_none_of_the_operations_that_are_slow() -> None:
    # each has another that answers the same, in a tenth of the time
    assert not operations(onnx.load_from_string(read()).graph) & {"MaxPool", "DepthToSpace", "SpaceToDepth"}


def test_weights_keep_their_configuration(tmp_path: Path) -> None:
    net = small(conditioning="embedding", embed_dim=5)
    save_weights(net, tmp_path / "net.safetensors", {})
    again = load_weights(tmp_path / "net.safetensors")
    assert again.dims == net.dims
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), again.state_dict().values(), strict=True))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such file"):
        load_weights(tmp_path / "none.safetensors")
    (tmp_path / "fake.safetensors").write_bytes(b"\x80\x04pickle")
    with pytest.raises(ValueError, match="not a model"):
        load_weights(tmp_path / "fake.safetensors")
