"""Illustrations taken apart into areas and the arcs between them, and line art drawn of them."""

import json
from pathlib import Path

import numpy as np
import pytest

from conftest import Run
from polycolor_cli.data import illustrations, lineart, synthetic, unseen
from polycolor_cli.data.corpus import corpus_of
from polycolor_cli.data.illustrations import from_pixels, from_svg, load, mask_of, save
from polycolor_cli.data.strokes import Canvas
from polycolor_cli.errors import PolycolorError

FACE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">
<circle cx="50" cy="50" r="40" fill="#ffcc00"/><rect x="30" y="55" width="40" height="15" fill="#800000"/></svg>"""
GRADIENT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><linearGradient id="g">
<stop stop-color="#f00"/><stop offset="1" stop-color="#00f"/></linearGradient>
<rect x="10" y="10" width="80" height="80" fill="url(#g)"/></svg>"""


def test_a_picture_is_its_areas_and_the_arcs_between_them() -> None:
    face = from_svg(FACE)
    assert face is not None
    # the face's outline, and the mouth's
    assert len(face.arcs) == 2
    assert sorted(face.is_outer.tolist()) == [False, True]
    outline = face.arcs[int(face.is_outer.argmax())]
    assert np.allclose(np.hypot(*(outline - 0.5).T), 0.5, atol=0.01)
    assert (outline[0] == outline[-1]).all()


def test_three_areas_meet_at_two_corners() -> None:
    pixels = np.zeros((90, 90, 4), np.uint8)
    pixels[20:70, 20:70] = (255, 0, 0, 255)
    pixels[20:70, 45:70] = (0, 0, 255, 255)
    halves = from_pixels(pixels)
    assert halves is not None
    assert len(halves.arcs) == 3
    ends = {tuple(np.round(point, 2)) for arc in halves.arcs for point in (arc[0], arc[-1])}
    assert len(ends) == 2


def test_a_gradient_is_one_area_and_nothing_is_none() -> None:
    shaded = from_svg(GRADIENT)
    assert shaded is not None
    assert len(shaded.arcs) == 1
    assert from_svg('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>') is None
    with pytest.raises(PolycolorError, match="not a readable SVG"):
        from_svg("<svg")


def test_what_is_kept_is_what_was_there(tmp_path: Path) -> None:
    face = from_svg(FACE)
    assert face is not None
    save([face, face], tmp_path / "two.npz")
    again = load(tmp_path / "two.npz")
    assert len(again) == 2
    for one in again:
        assert all(np.allclose(a, b, atol=1e-3) for a, b in zip(one.arcs, face.arcs, strict=True))
        assert (one.sides == face.sides).all()


def test_the_two_corpora_are_apart_and_say_whose_they_are() -> None:
    assert len(load(illustrations.CORPUS)) == 4907
    assert unseen.WORLD.illustrations is not None
    assert len(load(unseen.WORLD.illustrations)) == 1130
    assert "Apache 2.0" in illustrations.CORPUS.with_suffix(".md").read_text()


@pytest.mark.parametrize("gaps", [0, 4])
def test_the_truth_of_line_art_is_what_its_areas_cover(gaps: int) -> None:
    corpus, differ = load(), 0
    for number in range(12):
        rng = np.random.default_rng(number)
        art = corpus[number * 400]
        canvas = Canvas(128, 128, 2)
        place = lineart.placed(rng, art, 128, 128, (0.8, 0.9))
        style = lineart.Style(1.0, 0.0, gaps, 0.2, 0, (1.0, 0.0), (0.0, 0.0), 0.0, 0, 0)
        lineart.draw(canvas, rng, art, place, 2.0, lambda path, on=canvas: on.stroke(path, 2.0), style)
        covered, border = canvas.coverage() > 0, canvas.border() > 0
        scaled = place * 2 - [[0, 0, 0.5], [0, 0, 0.5]]
        assert (covered | ~(mask_of(art, scaled, covered.shape) > 0)).all()
        # the border runs on where the pen left gaps
        differ += int(np.count_nonzero(border & ~(canvas.ink > 0)))
        assert (border[canvas.ink > 0]).all()
    assert (differ > 0) == (gaps > 0)


def test_every_drawing_knows_its_border() -> None:
    for number in range(40):
        one = synthetic.drawing(5, number)
        assert one.border.shape == one.coverage.shape
        # the line that is meant is half outside of what is meant to be covered, where nobody has drawn it
        meant = one.border > 250
        assert not meant.any() or np.mean(one.coverage[meant] > 128) > 0.4


@pytest.mark.slow
def test_a_folder_of_svgs_is_drawn_from(tmp_path: Path, polycolor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYCOLOR_CACHE", str(tmp_path / "cache"))
    art = tmp_path / "art"
    (art / "deep").mkdir(parents=True)
    (art / "deep" / "face.svg").write_text(FACE)
    (art / "broken.svg").write_text("<svg")
    (art / "empty.svg").touch()
    lines: list[str] = []
    corpus = corpus_of(art, lines.append)
    assert len(load(corpus)) == 1
    assert len(lines) == 2
    done = polycolor("dataset", "data", "--shapes", "art", "--train", 3, "--validation", 1, "--seed", 1)
    assert done.stdout == b"3 + 1 drawings written to data\n"
    assert len(json.loads((tmp_path / "data" / "training" / "data.json").read_text())) == 3
    (art / "deep" / "face.svg").unlink()
    assert b"no SVG with flat areas" in polycolor("dataset", "more", "--shapes", "art", code=2).stderr
    assert b"no such folder" in polycolor("train", "--synthetic", "--shapes", "none", "--out", "r", code=2).stderr
    assert b"give that too" in polycolor("train", "data", "--shapes", "art", "--out", "r", code=2).stderr
