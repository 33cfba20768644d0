from pathlib import Path

import torch

from polycolor_cli.data.batch import RowStream, synthetic_batch, training_batches
from polycolor_cli.data.dataset import read_dataset
from polycolor_cli.data.write import write_dataset


def test_a_synthetic_batch_is_painted_from_its_coverage() -> None:
    batch = synthetic_batch(1, 7, 4, (64, 64))
    assert batch.drawing.shape == (4, 3, 64, 64)
    assert (batch.drawing[:, 0] <= batch.drawing[:, 1] + 1e-6).all()
    inside = (batch.coverage == 1).expand(-1, 3, -1, -1)
    color = batch.color[:, :, None, None].expand_as(batch.painted)
    assert torch.allclose(batch.painted[inside], color[inside])


def test_the_stream_can_be_entered_anywhere() -> None:
    stream = training_batches(None, True, seed=5, batch_size=2, start=3)
    batches = [next(stream) for _ in range(2)]
    stream.close()
    for number, batch in zip((3, 4), batches, strict=True):
        assert torch.equal(batch.drawing, synthetic_batch(5, number, 2).drawing)


def test_an_epoch_has_every_row_once(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", 7, 1, seed=1)
    stream = RowStream(read_dataset(tmp_path / "d")["training"], seed=1, batch_size=3)
    assert stream.epoch == 3
    first, second = ([row for rows in stream.in_epoch(epoch) for row in rows] for epoch in (0, 1))
    assert {row.drawing for row in first} == {row.drawing for row in second}
    assert len(first) == 7
    assert [row.drawing for row in first] != [row.drawing for row in second]
    assert torch.equal(stream[4].drawing, stream[4].drawing)
