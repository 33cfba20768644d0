import json
from pathlib import Path

import pytest
from PIL import Image

from conftest import Run


def test_a_table_a_json_and_a_sheet(tmp_path: Path, polycolor: Run) -> None:
    polycolor("dataset", "shapes", "--train", 2, "--validation", 3, "--seed", 5)
    done = polycolor("evaluate", "shapes", "--against", "bucket,hull", "--json", "all.json", "--sheet", "worst.png")
    lines = [line for line in done.stdout.decode().splitlines() if line.strip()]
    assert lines[0] == "shapes: 3 drawings"
    assert [line.split("|")[1].strip() for line in lines[3:]] == ["polycolor", "bucket", "hull"]
    assert max(len(line) for line in lines) <= 80
    table = json.loads((tmp_path / "all.json").read_text())
    assert [entry["fill"] for entry in table] == ["polycolor", "bucket", "hull"]
    assert table[0]["mean"]["masked_accuracy"] == table[0]["mean"]["soft_iou"] == 1
    assert set(table[0]["drawings"]) == {p.stem for p in (tmp_path / "shapes" / "validation" / "outputs").iterdir()}
    assert Image.open(tmp_path / "worst.png").width > 400


def test_what_cannot_be_measured_is_one_line(tmp_path: Path, polycolor: Run) -> None:
    assert b"none: no such folder" in polycolor("evaluate", "none", code=2).stderr
    polycolor("dataset", "shapes", "--train", 1, "--validation", 1)
    assert b"not one of bucket" in polycolor("evaluate", "shapes", "--against", "sponge", code=2).stderr
    assert b"unknown extension" in polycolor("evaluate", "shapes", "--sheet", "a.pdf", code=2).stderr
    assert b"no such model" in polycolor("evaluate", "shapes", "--model", "nobody", code=2).stderr


@pytest.mark.slow
def test_the_network_alone_is_measured_where_that_is_asked(tmp_path: Path, polycolor: Run) -> None:
    polycolor("dataset", "shapes", "--train", 8, "--validation", 3, "--seed", 5)
    # a network that has learnt nothing, and outlines that are closed anyway
    small = ("--width", 4, "--depth", 2, "--conditioning", "coverage")
    polycolor("train", "shapes", "--out", "run", "--epochs", 1, *small)
    means = []
    for more in ((), ("--network-alone",)):
        polycolor("evaluate", "shapes", "--model", "run", "--json", "all.json", *more)
        means.append(json.loads((tmp_path / "all.json").read_text())[0]["mean"])
    assert means[0]["soft_iou"] == 1
    assert means[1]["soft_iou"] < 0.9
    assert means[0]["picture_accuracy"] == 1 > means[1]["picture_accuracy"]
