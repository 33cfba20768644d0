from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import square, square_truth
from polycolor_cli.data.dataset import DatasetError
from polycolor_cli.data.write import write_dataset
from polycolor_cli.evaluate.cases import read_cases


def test_a_dataset_or_one_split_of_it(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", 3, 2, 1)
    whole = read_cases(tmp_path / "d")
    assert whole == read_cases(tmp_path / "d" / "validation")
    assert len(read_cases(tmp_path / "d" / "training")) == 3
    truth = whole[0].load()
    assert truth.painted.shape == (128, 128, 3)
    assert truth.known.all()
    assert set(np.unique(truth.coverage)) == {0, 1}
    assert (truth.painted[truth.coverage == 1] == truth.color).all()


def test_coverages_and_trimaps_beside_drawings(tmp_path: Path) -> None:
    for folder in ("in", "gt", "trimap"):
        (tmp_path / folder).mkdir()
    square().save(tmp_path / "in" / "a.png")
    square().save(tmp_path / "in" / "b.png")
    Image.fromarray(square_truth()).save(tmp_path / "gt" / "a.png")
    trimap = square_truth()
    trimap[:20] = 128
    Image.fromarray(trimap).save(tmp_path / "trimap" / "b.png")
    a, b = (case.load() for case in read_cases(tmp_path))
    assert a.known.all()
    assert np.array_equal(a.coverage * 255, square_truth())
    assert not b.known[:20].any()
    assert b.known[20:].all()


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        read_cases(tmp_path / "none")
    with pytest.raises(DatasetError, match="neither a dataset"):
        read_cases(tmp_path)
    (tmp_path / "in").mkdir()
    with pytest.raises(DatasetError, match="no pictures"):
        read_cases(tmp_path)
    for name in "ab":
        square().save(tmp_path / "in" / f"{name}.png")
    with pytest.raises(DatasetError) as error:
        read_cases(tmp_path)
    assert len(error.value.problems) == 2


def test_a_truth_of_another_size_is_refused(tmp_path: Path) -> None:
    for place, side in (("in", 64), ("gt", 65)):
        (tmp_path / place).mkdir()
        square(side).save(tmp_path / place / "a.png")
    with pytest.raises(DatasetError, match=r"64.*65"):
        read_cases(tmp_path)[0].load()
