"""A trained network -> a wider one that answers the same, to learn on from there.

Net2WiderNet (Chen, Goodfellow and Shlens, "Net2Net: Accelerating Learning via Knowledge Transfer",
ICLR 2016): new channels repeat old ones, and whatever reads a repeated channel takes a share of it.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from polycolor_cli.nn.unet import Dimensions, UNet

NOISE = 0.02
"""Deviation of the factors that tell copies apart, so that they can learn different things."""


def widened(net: UNet, dims: Dimensions, noise: float = NOISE) -> UNet:
    """The network at the width of `dims`, which must be no smaller, and otherwise the same.

    Raises ValueError where `dims` differ from the network's in more than width.
    """
    if dims.border and not net.dims.border:
        net = _with_border(net)
    if net.dims == dims:
        return net
    if net.dims.residual or net.dims.attention != "none" or net.dims.text_dim:
        raise ValueError("a network with shortcuts, attention or a text encoder's vectors cannot be widened")
    like = replace(net.dims, width=dims.width, max_width=dims.max_width)
    if like != dims or any(new < old for new, old in zip(dims.widths, net.dims.widths, strict=True)):
        raise ValueError(f"a network of {net.dims} cannot be widened to {dims}")
    wide = UNet(dims)
    generator = torch.Generator().manual_seed(0)
    levels = [_repeats(old, new, generator) for old, new in zip(net.dims.widths, dims.widths, strict=True)]
    stem = torch.arange(dims.planes * dims.patch**2 + dims.color_planes)

    def convolution(old: nn.Module, new: nn.Module, inputs: Tensor, outputs: Tensor) -> None:
        weight = old.get_parameter("weight").detach()[outputs][:, inputs]
        weight = weight / torch.bincount(inputs)[inputs][None, :, None, None]
        new.get_parameter("weight").data = weight * (1 + noise * torch.randn(weight.shape, generator=generator))
        if getattr(old, "bias", None) is not None:
            new.get_parameter("bias").data = old.get_parameter("bias").detach()[outputs]

    def block(old: nn.Module, new: nn.Module, inputs: Tensor, outputs: Tensor) -> None:
        for first, (a, b) in enumerate(zip(old.children(), new.children(), strict=True)):
            if isinstance(a, nn.Conv2d):
                convolution(a, b, outputs if first else inputs, outputs)
            elif isinstance(a, nn.BatchNorm2d):
                b.load_state_dict({k: v[outputs] if v.dim() else v for k, v in a.state_dict().items()})

    for level, (old, new) in enumerate(zip(net.encoder, wide.encoder, strict=True)):
        block(old, new, levels[level - 1] if level else stem, levels[level])
    for level, (old, new) in enumerate(zip(net.decoder, wide.decoder, strict=True)):
        below, skip = levels[level + 1], levels[level]
        beside = torch.cat([skip, net.dims.widths[0] + stem]) if level == 0 else skip
        block(old, new, torch.cat([below, net.dims.widths[level + 1] + beside]), skip)
    for level, (old, new) in enumerate(zip(net.enlarge, wide.enlarge, strict=True)):
        if isinstance(old, nn.ConvTranspose2d):
            # its weight is (inputs, outputs, 2, 2)
            channels = levels[level + 1]
            share = torch.bincount(channels)[channels][:, None, None, None]
            new.get_parameter("weight").data = old.weight.detach()[channels][:, channels] / share
            new.get_parameter("bias").data = old.get_parameter("bias").detach()[channels]
    convolution(net.head, wide.head, levels[0], torch.arange(net.head.out_channels))
    for name in ("embedding", "refiner"):
        part = getattr(net, name)
        if part is not None:
            getattr(wide, name).load_state_dict(part.state_dict())
    return wide


def _with_border(net: UNet) -> UNet:
    """The network with a border beside its coverage, which at first it sees nowhere."""
    taught = UNet(replace(net.dims, border=True))
    state = net.state_dict()
    for name, value in (("head.weight", 0.0), ("head.bias", -2.0)):
        old = state[name]
        state[name] = torch.cat([old, torch.full_like(old, value)])
    taught.load_state_dict(state)
    return taught


def _repeats(old: int, new: int, generator: torch.Generator) -> Tensor:
    """For each of `new` channels the one of `old` that it repeats; the first are themselves."""
    return torch.cat([torch.arange(old), torch.randint(old, (new - old,), generator=generator)])
