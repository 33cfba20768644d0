"""A discriminator that learns, and what not fooling it costs."""

import math

import pytest
import torch
from lightning_fabric import Fabric

from polycolor_cli.train.adversary import Adversary, Discriminator


@pytest.fixture
def adversary() -> Adversary:
    torch.manual_seed(0)
    return Adversary(Fabric(accelerator="cpu", devices=1), lr=1e-3)


def pictures() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    gray, painted = (torch.rand(4, n, 64, 64, generator=generator) for n in (1, 3))
    return gray, painted, painted * 0.1 + 0.9


def test_each_patch_of_a_drawing_with_its_picture_is_judged() -> None:
    gray, painted, _ = pictures()
    net = Discriminator()
    judged = net(gray, painted)
    assert judged.shape == (4, 1, 14, 14)
    # a pixel is seen by the patches of 34 x 34 that hold it and, but for the statistics, by no others
    other = painted.clone()
    other[:, :, :8, :8] = 0
    changed = (net(gray, other) - judged).abs().amax((0, 1))
    assert changed[0, 0] > 10 * changed[-1, -1]
    assert not torch.equal(net(1 - gray, painted), judged)


def test_it_learns_to_tell_painted_from_true_and_fooling_it_gets_dear(adversary: Adversary) -> None:
    gray, painted, true = pictures()
    before = adversary.unfooled(gray, painted).item()
    losses = [adversary.learn(gray, painted, true, 1.0, 1.0) for _ in range(25)]
    assert losses[0] == pytest.approx(math.log(2), abs=0.3)
    assert losses[-1] < 0.3 * losses[0]
    assert adversary.unfooled(gray, painted).item() > 2 * before
    # and true pictures would fool it
    assert adversary.unfooled(gray, true).item() < 0.5 * before


def test_a_painter_is_taught_and_the_discriminator_is_not(adversary: Adversary) -> None:
    gray, painted, true = pictures()
    painted.requires_grad_()
    adversary.unfooled(gray, painted).backward()
    assert painted.grad is not None
    assert painted.grad.abs().max() > 0
    painted.grad = None
    adversary.learn(gray, painted, true, 1.0, 1.0)
    # what it learns from says nothing to the painter
    assert painted.grad is None


def test_what_it_learnt_before_a_step_is_not_learnt_again(adversary: Adversary) -> None:
    gray, painted, true = pictures()
    # the painter's loss leaves gradients in the discriminator, and so does the step before
    for _ in range(2):
        adversary.unfooled(gray, painted.requires_grad_()).backward()
        seen = adversary.net(gray.repeat(2, 1, 1, 1), torch.cat([painted.detach(), true]))
        truth = torch.zeros_like(seen)
        truth[4:] = 1
        loss = torch.nn.functional.binary_cross_entropy_with_logits(seen, truth)
        wanted = [gradient.clone() for gradient in torch.autograd.grad(loss, list(adversary.net.parameters()))]
        assert adversary.learn(gray, painted, true, 0.5, 1.0) == pytest.approx(loss.item(), rel=1e-5)
        for parameter, gradient in zip(adversary.net.parameters(), wanted, strict=True):
            assert parameter.grad is not None
            # a process that holds less of the batch counts less
            assert torch.allclose(parameter.grad, gradient * 0.5, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("rate", [1.0, 0.25])
def test_it_learns_at_the_rate_of_the_training(adversary: Adversary, rate: float) -> None:
    adversary.learn(*pictures(), 1.0, rate)
    assert [group["lr"] for group in adversary.optimizer.param_groups] == [1e-3 * rate]
    assert adversary.optimizer.param_groups[0]["betas"] == (0.5, 0.999)
