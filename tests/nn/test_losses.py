from dataclasses import replace

import pytest
import torch

from polycolor_cli.data.batch import synthetic_batch
from polycolor_cli.nn.losses import Loss, loss_of


@pytest.mark.parametrize("name", ["bce-dice", "l1", "mse"])
def test_the_truth_has_the_least_loss(name: Loss) -> None:
    batch = synthetic_batch(1, 0, 4, (64, 64))
    truth = torch.logit(batch.coverage, 1e-6)
    right, blank, everything = (
        loss_of(name, logits, batch).item() for logits in (truth, torch.full_like(truth, -9), torch.full_like(truth, 9))
    )
    assert right < 0.1
    assert right < min(blank, everything) / 3


def test_what_is_not_known_does_not_count() -> None:
    batch = synthetic_batch(1, 0, 2, (64, 64))
    batch.known[:, :, :32] = 0
    one, other = torch.zeros_like(batch.coverage), torch.zeros_like(batch.coverage)
    other[:, :, :32] = 5
    assert loss_of("bce-dice", one, batch) == loss_of("bce-dice", other, batch)


def test_the_loss_is_cross_entropy_plus_dice() -> None:
    """Milletari, Navab and Ahmadi (2016), with 16 pixels of slack; half of it without either part would pass for it."""
    batch = synthetic_batch(1, 0, 3, (32, 32))
    logits = torch.randn(batch.coverage.shape, generator=torch.Generator().manual_seed(0))
    guess, truth = logits.sigmoid(), batch.coverage
    entropy = -(truth * guess.log() + (1 - truth) * (1 - guess).log()).mean()
    both, total = (guess * truth).sum((1, 2, 3)), (guess + truth).sum((1, 2, 3))
    dice = (1 - (2 * both + 16) / (total + 16)).mean()
    assert loss_of("bce-dice", logits, batch).item() == pytest.approx((entropy + dice).item(), rel=1e-4)


def test_a_border_adds_its_own_loss_where_it_is_known() -> None:
    batch = synthetic_batch(1, 0, 3, (32, 32))
    coverage = torch.zeros_like(batch.coverage)
    assert batch.border is not None
    right = torch.cat([coverage, torch.logit(batch.border, 1e-4)], 1)
    wrong = torch.cat([coverage, -torch.logit(batch.border, 1e-4)], 1)
    alone = loss_of("bce-dice", coverage, batch)
    assert loss_of("bce-dice", right, batch) < alone + 0.3 < loss_of("bce-dice", wrong, batch)
    assert loss_of("bce-dice", wrong, replace(batch, border=None)) == alone
