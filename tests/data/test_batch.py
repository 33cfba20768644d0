import tracemalloc
from pathlib import Path

import torch

from polycolor_cli.color import PALETTE
from polycolor_cli.data.batch import RowStream, from_rows, synthetic_batch, training_batches
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


def test_a_dataset_is_read_as_it_is_needed(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", 48, 1, seed=1)
    stream = RowStream(read_dataset(tmp_path / "d")["training"], seed=1, batch_size=4)
    pixels = 128 * 128
    tracemalloc.start()
    try:
        batches = stream.ahead(0)
        for _ in range(3 * stream.epoch):
            next(batches)
        batches.close()
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # the pixels alone of all drawings, as bytes, are four times as many as what is ever held of them
    assert kept < 48 * 4 * pixels / 4
    assert peak < 48 * 4 * pixels * 4


def test_parts_of_a_batch_are_the_batch() -> None:
    whole = synthetic_batch(4, 2, 5, (64, 64))
    parts = [synthetic_batch(4, 2, 5, (64, 64), part=slice(rank, None, 2)) for rank in range(2)]
    assert torch.equal(whole.drawing[0::2], parts[0].drawing)
    assert torch.equal(whole.painted[1::2], parts[1].painted)
    assert [(len(part), part.whole) for part in parts] == [(3, 5), (2, 5)]
    # where there are fewer drawings than processes each takes all
    assert torch.equal(synthetic_batch(4, 2, 2, (64, 64), part=slice(4, None, 5)).name, whole.name[:2])


def test_every_colour_is_its_own_place_in_the_palette(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", 12, 1, 1)
    rows = read_dataset(tmp_path / "data")["training"]
    names = list(PALETTE)
    assert len({row.colour for row in rows}) > 4
    assert from_rows(rows).name.tolist() == [names.index(row.colour) for row in rows]
