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
    assert right < 0.05
    assert right < min(blank, everything) / 3


def test_what_is_not_known_does_not_count() -> None:
    batch = synthetic_batch(1, 0, 2, (64, 64))
    batch.known[:, :, :32] = 0
    one, other = torch.zeros_like(batch.coverage), torch.zeros_like(batch.coverage)
    other[:, :, :32] = 5
    assert loss_of("bce-dice", one, batch) == loss_of("bce-dice", other, batch)
