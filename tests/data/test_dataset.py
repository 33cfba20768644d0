import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from polycolor_cli.data.batch import from_rows
from polycolor_cli.data.dataset import DatasetError, coverage_between, read_dataset
from polycolor_cli.data.synthetic import TAUGHT
from polycolor_cli.data.write import COLORS, SHAPES, write_dataset
from polycolor_cli.errors import PolycolorError


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def pairs(folder: Path) -> list[tuple[str, str]]:
    rows = json.loads((folder / "data.json").read_text())
    return [(row["input_polygon"].split("-")[0], row["colour"]) for row in rows]


def test_a_written_dataset_is_read_back(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", 5, 3, seed=4)
    splits = read_dataset(tmp_path / "d")
    assert {name: len(rows) for name, rows in splits.items()} == {"training": 5, "validation": 3}
    gray, painted = splits["training"][0].load()
    assert (gray.shape, painted.shape) == ((128, 128), (128, 128, 3))
    assert set(np.unique(gray)) == {0, 255}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed, style in (
        ("a", 4, "plain"),
        ("b", 4, "plain"),
        ("c", 5, "plain"),
        ("d", 4, "worn"),
        ("e", 4, "worn"),
    ):
        write_dataset(tmp_path / name, 6, 2, seed, style)
    a, b, c, d, e = (contents(tmp_path / name) for name in "abcde")
    assert a == b != c
    assert d == e


def test_validation_pairs_never_occur_in_training(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", 120, 16, seed=9)
    training, validation = pairs(tmp_path / "d" / "training"), pairs(tmp_path / "d" / "validation")
    assert len(set(training)) == 56
    assert not set(training) & set(validation)
    assert {shape for shape, _ in validation} == set(SHAPES)
    assert {color for _, color in validation} == set(COLORS)


def test_never_writes_into_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(PolycolorError, match="not empty"):
        write_dataset(tmp_path, 1, 1, seed=0)


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    write_dataset(folder, 6, 1, seed=2)
    listing = folder / "training" / "data.json"
    rows = json.loads(listing.read_text())
    (folder / "training" / "inputs" / rows[0]["input_polygon"]).unlink()
    (folder / "training" / "outputs" / rows[1]["output_image"]).write_bytes(b"junk")
    Image.new("RGB", (64, 32)).save(folder / "training" / "outputs" / rows[2]["output_image"])
    rows[3]["colour"] = "magneta"
    del rows[4]["colour"]
    listing.write_text(json.dumps(rows))
    (folder / "validation" / "data.json").write_text("[{]")
    with pytest.raises(DatasetError) as error:
        read_dataset(folder)
    problems = error.value.problems
    assert len(problems) == 6
    for problem, words in zip(
        problems,
        (
            "row 1: .*no such file",
            "row 2: .*not a PNG",
            "row 3: .*is 128 x 128 pixels and .* is 64 x 32",
            "row 4: unknown colour 'magneta': did you mean magenta",
            "row 5: no 'colour'",
            "validation.*not JSON",
        ),
        strict=True,
    ):
        assert re.search(words, problem), problem


@pytest.mark.parametrize("table", ["{}", "[]", "[3]", '"x"'])
def test_odd_listings_are_refused(tmp_path: Path, table: str) -> None:
    write_dataset(tmp_path / "d", 1, 1, seed=2)
    (tmp_path / "d" / "training" / "data.json").write_text(table)
    with pytest.raises(DatasetError, match=r"training.data\.json"):
        read_dataset(tmp_path / "d")


def test_coverage_is_found_between_a_drawing_and_its_painted_picture() -> None:
    gray = np.array([[255, 0, 128]], np.uint8)
    painted = np.array([[[255, 0, 255], [0, 0, 0], [192, 64, 192]]], np.uint8)
    coverage, known = coverage_between(gray, painted, (255, 0, 255))
    assert coverage == pytest.approx(np.array([[1, 0, 0.5]]), abs=0.01)
    assert known.all()
    assert not coverage_between(gray, painted, (255, 255, 255))[1][0, 0]


def test_rows_with_a_point_mean_a_region(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", 12, 4, seed=3, style="worn", world=replace(TAUGHT, art_alone=True), regions=True)
    rows = read_dataset(tmp_path / "d")["training"]
    pointed = [row for row in rows if row.at]
    around = []
    for row in pointed:
        assert row.at is not None
        gray, painted = row.load()
        x, y = map(int, row.at)
        changed = (painted != gray[:, :, None]).any(2)
        batch = from_rows([row])
        known, coverage = batch.known[0, 0].numpy() > 0, batch.coverage[0, 0].numpy()
        around.append(known[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].mean())
        # inside of the region all is covered, and of the rest nothing is said
        assert (coverage[known] > 0.9).all()
        assert not known[~changed].any()
    # on gravel and the like, dark pixels are everywhere, and the colour is darkened like the ground
    assert np.mean(np.array(around) > 0.5) > 0.7


@pytest.mark.parametrize(
    ("at", "why"),
    [("7", "not a point"), ("[1]", "not a point"), ("[1, -2]", "not a point"), ("[1, NaN]", "not a point"),
     ("[true, 1]", "not a point"), ("[128, 5]", "outside of")],
)  # fmt: skip
def test_bad_points_are_named(tmp_path: Path, at: str, why: str) -> None:
    write_dataset(tmp_path / "d", 1, 1, seed=2)
    listing = tmp_path / "d" / "training" / "data.json"
    listing.write_text(listing.read_text().replace('"colour"', f'"at": {at}, "colour"'))
    with pytest.raises(DatasetError, match=f"row 1: 'at' is .*{why}"):
        read_dataset(tmp_path / "d")
