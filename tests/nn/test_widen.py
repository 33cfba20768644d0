from dataclasses import replace

import pytest
import torch

from polycolor_cli.nn.unet import Dimensions, UNet
from polycolor_cli.nn.widen import widened


@pytest.mark.parametrize("upsampling", ["bilinear", "transposed"])
def test_a_widened_network_answers_the_same(upsampling: str) -> None:
    torch.manual_seed(3)
    net = UNet(Dimensions(width=6, depth=4, max_width=20, upsampling=upsampling)).eval()  # type: ignore[arg-type]
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()  # type: ignore[union-attr, operator]
            module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr, operator]
    wide = widened(net, replace(net.dims, width=9, max_width=31), noise=0.0).eval()
    assert wide.dims.widths == [9, 18, 31, 31]
    drawing = torch.rand(2, 3, 37, 50)
    assert torch.allclose(net(drawing), wide(drawing), atol=1e-3)
    assert not torch.allclose(net(drawing), widened(net, wide.dims).eval()(drawing), atol=1e-3)


def test_refuses_all_but_width() -> None:
    net = UNet(Dimensions(width=6, depth=3, max_width=20))
    for other in (replace(net.dims, depth=4), replace(net.dims, width=5), replace(net.dims, patch=1)):
        with pytest.raises(ValueError, match="cannot be widened"):
            widened(net, other)
