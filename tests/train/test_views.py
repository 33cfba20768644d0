"""Other views of the same drawings, and how far apart two answers are."""

from pathlib import Path

import numpy as np
import pytest
import torch

from polycolor_cli.data.batch import synthetic_batch
from polycolor_cli.data.write import write_dataset
from polycolor_cli.train import loop
from polycolor_cli.train.config import TrainConfig
from polycolor_cli.train.run import Run
from polycolor_cli.train.views import MOVE, RIM, View, disagreement, with_view

VIEWS = [
    View(down, right, mirrored, turns)
    for down, right in ((0, 0), (2, -3), (-1, 3))
    for mirrored in (False, True)
    for turns in range(4)
]


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_a_view_is_undone_but_for_the_rim(view: View) -> None:
    plane = torch.rand(2, 3, 40, 40)
    seen = view.of(plane)
    assert seen.shape == plane.shape
    inner = (slice(None), slice(None), slice(RIM, -RIM), slice(RIM, -RIM))
    assert torch.equal(view.undone(seen)[inner], plane[inner])
    assert torch.equal(seen, plane) == (view == View(0, 0, False, 0))


def test_views_keep_the_size_and_are_of_all_kinds() -> None:
    rng = np.random.default_rng(1)
    oblong, square = ([View.sample(rng, is_square) for _ in range(200)] for is_square in (False, True))
    assert {view.quarter_turns for view in oblong} == {0, 2}
    assert {view.quarter_turns for view in square} == {0, 1, 2, 3}
    assert {view.down for view in square} == {view.right for view in square} == set(range(-MOVE, MOVE + 1))
    assert {view.is_mirrored for view in square} == {False, True}
    assert all(view.of(torch.rand(1, 1, 30, 50)).shape == (1, 1, 30, 50) for view in oblong)


def test_a_batch_is_seen_twice_with_its_truth() -> None:
    view = View(1, -2, True, 1)
    batch = synthetic_batch(3, 1, 4, (64, 64))
    both = with_view(batch, view)
    assert (len(both), both.whole) == (8, 8)
    assert both.border is not None
    for name in ("drawing", "coverage", "border", "painted"):
        one, other = getattr(both, name).chunk(2)
        assert torch.equal(one, getattr(batch, name))
        assert torch.equal(other, view.of(one))
    assert torch.equal(both.color[4:], batch.color)
    # and what is painted is still the mix
    mixed = (1 - both.coverage) * both.gray + both.coverage * both.color[:, :, None, None]
    assert torch.allclose(mixed, both.painted, atol=1e-6)


def test_answers_that_turn_with_the_drawing_agree_and_others_do_not() -> None:
    view = View(2, 1, False, 1)
    answer = torch.full((1, 1, 48, 48), -9.0)
    answer[:, :, 10:20, 12:36] = 9.0
    assert disagreement(torch.cat([answer, view.of(answer)]), view) < 0.01
    assert disagreement(torch.cat([answer, answer]), view) > 0.4


@pytest.mark.slow
def test_training_with_it_agrees_more(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", 16, 4, seed=1)
    config = TrainConfig(
        dataset=str(tmp_path / "data"), width=4, depth=3, max_width=8, batch_size=8, lr=5e-3, steps=60, agreement=1.0
    )
    run = Run(tmp_path / "run")
    loop.train(config, run)
    rows = run.rows()
    assert rows[-1]["disagreement"] < 0.7 * rows[0]["disagreement"]
    # drawings are counted once
    assert rows[-1]["drawings"] == 60 * 8
