"""A discriminator that learns to tell painted pictures from true ones, and what not fooling it costs."""

import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn

WIDTH = 32


class Discriminator(nn.Module):
    """A drawing (N, 1, H, W) and a picture (N, 3, H, W) -> logits of each patch being true.

    PatchGAN after Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks" (CVPR 2017):
    patches of 34 x 34 pixels are judged, one by one.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 4
        for stride, width in ((2, WIDTH), (2, 2 * WIDTH), (1, 4 * WIDTH)):
            layers += [nn.Conv2d(inputs, width, 4, stride, padding=1), nn.GroupNorm(8, width), nn.LeakyReLU(0.2)]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Conv2d(inputs, 1, 4, padding=1))

    def forward(self, gray: Tensor, picture: Tensor) -> Tensor:
        return self.layers(torch.cat([gray, picture], 1))


class Adversary:
    """The discriminator of one training, with an optimiser of its own."""

    def __init__(self, fabric: Fabric, lr: float) -> None:
        self.fabric = fabric
        self.net = Discriminator()
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=lr, betas=(0.5, 0.999))
        self.lr = lr
        self.shared, self.stepper = fabric.setup(self.net, self.optimizer)

    def unfooled(self, gray: Tensor, painted: Tensor) -> Tensor:
        """The loss of a painter, a scalar: how sure the discriminator is that its pictures are painted ones."""
        # the network itself, not what shares gradients: here it is judged by, not taught
        with self.fabric.autocast():
            seen = self.net(gray, painted).float()
        return F.binary_cross_entropy_with_logits(seen, torch.ones_like(seen))

    def learn(self, gray: Tensor, painted: Tensor, true: Tensor, weight: float, rate: float) -> float:
        """Take a step towards telling `painted` pictures from `true` ones; returns the loss before it.

        rate: share of the highest learning rate to learn at.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * rate
        self.optimizer.zero_grad()
        seen = self.shared(gray.repeat(2, 1, 1, 1), torch.cat([painted.detach(), true])).float()
        truth = torch.zeros_like(seen)
        truth[len(gray) :] = 1
        loss = F.binary_cross_entropy_with_logits(seen, truth)
        self.fabric.backward(loss * weight)
        self.stepper.step()
        return loss.item()
