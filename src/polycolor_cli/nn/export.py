"""A trained network -> one `.onnx` file to run and one `.safetensors` file to train on.

Each carries its configuration, palette and origin in its own metadata.
"""

import copy
import json
import logging
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.compose
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

import polycolor_cli
from polycolor_cli.color import PALETTE, named
from polycolor_cli.files.atomic import write_whole
from polycolor_cli.models.check import METADATA, with_digest
from polycolor_cli.nn.unet import Dimensions, UNet, exact


class _Fold(nn.Module):
    """`nn.PixelUnshuffle` as a convolution with ones and zeros, which ONNX Runtime computes far faster."""

    def __init__(self, patch: int) -> None:
        super().__init__()
        self.patch = patch

    def forward(self, planes: Tensor) -> Tensor:
        n = planes.shape[1]
        block = self.patch**2
        kernel = torch.eye(n * block).reshape(n * block, n, self.patch, self.patch)
        return F.conv2d(planes, kernel, stride=self.patch)


class _Unfold(nn.Module):
    """`nn.PixelShuffle` as a transposed convolution, for the same reason."""

    def __init__(self, patch: int) -> None:
        super().__init__()
        self.patch = patch

    def forward(self, planes: Tensor) -> Tensor:
        block = self.patch**2
        n = planes.shape[1] // block
        kernel = torch.eye(n * block).reshape(n, self.patch, self.patch, n * block).permute(3, 0, 1, 2)
        return F.conv_transpose2d(planes, kernel, stride=self.patch)


class _Look(nn.Module):
    """A whole network with its last step: a coverage whose ends are exact, or a picture."""

    def __init__(self, net: UNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, drawing: Tensor, color: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor]:
        answer = self.net(drawing, color).sigmoid()
        if self.net.dims.border:
            return exact(answer[:, :1]), answer[:, 1:]
        return exact(answer) if self.net.dims.outputs == 1 else answer


class _Edges(nn.Module):
    """The second look alone, over a guess of the coverage."""

    def __init__(self, net: UNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, drawing: Tensor, guess: Tensor) -> Tensor:
        return exact(self.net(drawing, guess=guess).sigmoid())


def describe(net: UNet, origin: dict[str, Any]) -> str:
    """What a model file says of itself, as JSON."""
    known = named() if net.dims.text_dim else PALETTE
    about = {"version": polycolor_cli.__version__, "config": net.dims.as_dict(), "palette": known, "origin": origin}
    return json.dumps(about)


def save_weights(net: UNet, path: Path, origin: dict[str, Any]) -> None:
    """Write the weights of a network as `.safetensors`, with its configuration."""
    tensors = {name: value.detach().contiguous() for name, value in net.state_dict().items()}
    write_whole(path, save(tensors, {METADATA: describe(net, origin)}))


def load_weights(path: Path) -> UNet:
    """The network in a `.safetensors` file that `save_weights` wrote, or in a run.

    Raises ValueError if there is none.
    """
    path = path / "model.safetensors" if path.is_dir() else path
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads(file.metadata()[METADATA])
            net = UNet(Dimensions(**about["config"]))
            net.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except Exception as error:
        raise ValueError(f"{path}: not a model to train on ({error})") from None
    return net


def export(
    net: UNet, path: Path, origin: dict[str, Any], drawings: Iterable[NDArray[np.float32]] | None = None
) -> None:
    """Write a network as one ONNX file that says of itself what it is.

    A `coverage` network with a second look takes `drawing` (N, planes, H, W) in 0..1 and `guess`
    (N, 1, H, W), and answers with `coverage` (N, 1, H, W): from scratch where the guess is empty
    (0, 1, 0, 0), else with the guess's edges drawn anew. One that knows borders answers with `border` (N, 1, H, W)
    too, in 0..1 and from scratch only: to a guess it is empty. Others take `drawing`, and where they are
    told the colour `color`: RGB (N, 3) in 0..1, or the index (N,) among the names they know; those answer with
    `picture` (N, 3, H, W). Given some `drawings` to measure by, a network with a second look is made
    small and quick: its first look computes in 8-bit integers.
    """
    drawing = torch.rand(2, net.dims.planes, 70, 90)
    net = copy.deepcopy(net)
    net.fold, net.unfold = _Fold(net.dims.patch), _Unfold(net.dims.patch)
    answers = ["coverage", "border"] if net.dims.border else ["coverage"]
    if net.refiner is not None:
        look = _traced(_Look(net), {"drawing": drawing}, *answers)
        edges = _traced(_Edges(net), {"drawing": drawing, "guess": torch.rand(2, 1, 70, 90)}, "coverage")
        if drawings is None:
            model = _either(look, edges, net.dims.planes)
        else:
            from polycolor_cli.nn.quantize import fused, quantized

            model = fused(_either(quantized(look, drawings), edges, net.dims.planes))
    elif net.dims.conditioning == "coverage":
        model = _traced(_Look(net), {"drawing": drawing}, *answers)
    else:
        color = torch.rand(2, 3) if net.dims.conditioning == "rgb" else torch.zeros(2, dtype=torch.long)
        model = _traced(_Look(net), {"drawing": drawing, "color": color}, "picture")
    onnx.helper.set_model_props(model, {METADATA: describe(net, origin)})
    onnx.checker.check_model(model)
    write_whole(path, with_digest(model.SerializeToString()))


def _traced(module: nn.Module, inputs: dict[str, Tensor], *outputs: str) -> onnx.ModelProto:
    any_size = torch.export.Dim.DYNAMIC
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger = logging.getLogger("torch.onnx")
        level = logger.level
        logger.setLevel(logging.ERROR)
        program = torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=tuple({k: any_size for k in range(t.dim()) if k != 1} for t in inputs.values()),
            dynamo=True,
            verbose=False,
        )
        logger.setLevel(level)
    assert program is not None
    return program.model_proto


def _either(look: onnx.ModelProto, edges: onnx.ModelProto, planes: int) -> onnx.ModelProto:
    """One model of two: the first where the guess is empty, else the second."""

    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    answers = [answer.name for answer in look.graph.output]
    nothing = helper.make_tensor("nothing", number, [0, 1, 0, 0], [])

    def branch(model: onnx.ModelProto, prefix: str) -> onnx.GraphProto:
        # names must differ between the branches, and stay what they are for the inputs they share
        graph = onnx.compose.add_prefix(model, prefix).graph
        shared = {prefix + given.name: given.name for given in model.graph.input}
        for node in graph.node:
            for k, name in enumerate(node.input):
                node.input[k] = shared.get(name, name)
        if len(graph.output) < len(answers):
            graph.node.append(helper.make_node("Constant", [], [prefix + "border"], value=nothing))
            graph.output.append(helper.make_tensor_value_info(prefix + "border", number, [0, 1, 0, 0]))
        del graph.input[:], graph.value_info[:]
        return graph

    nodes = [
        helper.make_node("Size", ["guess"], ["size"]),
        helper.make_node("Constant", [], ["none"], value_int=0),
        helper.make_node("Greater", ["size", "none"], ["guessed"]),
        helper.make_node(
            "If",
            ["guessed"],
            answers,
            then_branch=branch(edges, "edges."),
            else_branch=branch(look, "look."),
        ),
    ]
    inputs = [
        helper.make_tensor_value_info("drawing", number, ["n", planes, "h", "w"]),
        helper.make_tensor_value_info("guess", number, ["guesses", 1, "guess_h", "guess_w"]),
    ]
    outputs = [helper.make_tensor_value_info(name, number, ["n", 1, "h", "w"]) for name in answers]
    graph = helper.make_graph(nodes, "polycolor", inputs, outputs)
    return helper.make_model(graph, opset_imports=look.opset_import, ir_version=look.ir_version)
