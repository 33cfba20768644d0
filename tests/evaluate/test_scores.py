import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from conftest import square, square_truth
from polycolor_cli.evaluate import scores as evaluate
from polycolor_cli.evaluate.cases import Case, Truth, read_cases
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint, paint


@pytest.fixture
def cases(tmp_path) -> list[Case]:
    for place, image in (("in", square()), ("gt", Image.fromarray(square_truth()))):
        (tmp_path / place).mkdir()
        for name in ("a", "b"):
            image.save(tmp_path / place / f"{name}.png")
    return read_cases(tmp_path)


Answer = tuple[Image.Image, np.ndarray | None]


def perfect(drawing: Image.Image, color: tuple[int, int, int], at: object) -> Answer:
    return Image.fromarray(paint(drawing, square_truth(), Paint(color))), square_truth()


def nothing(drawing: Image.Image, color: tuple[int, int, int], at: object) -> Answer:
    return drawing.convert("RGB"), None


def test_a_perfect_fill_and_none_at_all(cases: list[Case]) -> None:
    scores = evaluate.evaluate({"here": cases}, {"perfect": perfect, "nothing": nothing})
    best, worst = (score.mean() for score in scores)
    assert [score.method for score in scores] == ["perfect", "nothing"]
    assert best | {"milliseconds": 0} == {
        "masked_accuracy": 1, "soft_iou": 1, "filled_right": 1, "picture_accuracy": 1, "mean_absolute_error": 0,
        "psnr": 100, "ssim": 1, "delta_e": 0, "milliseconds": 0,
    }  # fmt: skip
    assert worst["masked_accuracy"] == worst["soft_iou"] == worst["filled_right"] == 0
    assert worst["mean_absolute_error"] > 0.05
    assert worst["psnr"] < 20
    assert worst["ssim"] < 0.9
    assert worst["delta_e"] > 5


def test_a_drawing_is_filled_in_its_own_colours(tmp_path: Path) -> None:
    # a closed blue square on red paper, both of one luma
    ink = np.asarray(square())[:, :, None] < 128
    drawing = np.where(ink, (0, 90, 255), (200, 17, 17)).astype(np.uint8)
    for place, pixels in (("in", drawing), ("gt", square_truth())):
        (tmp_path / place).mkdir()
        Image.fromarray(pixels).save(tmp_path / place / "a.png")
    assert np.ptp(np.asarray(Image.fromarray(drawing).convert("L"))) <= 12
    cases, model = read_cases(tmp_path), evaluate.by_model(Colorizer(threads=1))
    methods = {"model": model, "bucket": evaluate.by_hand("bucket")}
    scores = evaluate.evaluate({"here": cases}, methods)
    assert scores[0].mean()["filled_right"] == 1
    assert scores[0].mean()["masked_accuracy"] > 0.99


def test_what_a_trimap_does_not_know_does_not_count() -> None:
    truth = square_truth()
    known = np.zeros(truth.shape, bool)
    known[60:70, 60:70] = known[:5, :5] = True
    painted = np.asarray(perfect(square(), (255, 0, 255), None)[0])
    case = Truth(square(), (255, 0, 255), painted, truth / np.float32(255), known)

    def careless(drawing: Image.Image, color: tuple[int, int, int], at: object) -> Answer:
        coverage = truth.copy()
        coverage[20:50, 5:100] = 90
        return Image.fromarray(paint(drawing, coverage, Paint(color))), None

    measures, _ = evaluate.measure(careless, case)
    assert measures["soft_iou"] == 1
    assert measures["psnr"] == 100


def test_the_sheet_shows_the_worst_first(cases: list[Case]) -> None:
    calls = iter([nothing, nothing, perfect])  # the first fill is a warm-up
    scores = evaluate.evaluate({"here": cases}, {"once": lambda *given: next(calls)(*given)})
    assert evaluate.worst(scores, "once", 1) == [("here", "a")]
    sheet = evaluate.sheet(cases, perfect)
    assert sheet.width == 2 * (evaluate.TILE + 8) + 8
    assert sheet.getpixel((8 + evaluate.TILE // 2, 8 + evaluate.TILE // 2)) == (255, 255, 255)
    assert sheet.getpixel((8 + evaluate.TILE // 2, 16 + evaluate.TILE + evaluate.TILE // 2)) == (255, 0, 255)


def test_a_row_with_a_point_is_measured_by_its_region(tmp_path: Path) -> None:
    two = Image.new("L", (128, 128), 255)
    for left in (10, 70):
        ImageDraw.Draw(two).rectangle((left, 20, left + 40, 100), outline=0, width=3)
    painted = np.repeat(np.asarray(two)[:, :, None], 3, 2).copy()
    painted[23:98, 73:108] = (255, 0, 255)
    for folder, picture in (("inputs", two), ("outputs", Image.fromarray(painted))):
        (tmp_path / folder).mkdir()
        picture.save(tmp_path / folder / "a.png")
    row = {"input_polygon": "a.png", "colour": "magenta", "output_image": "a.png"}
    accuracies = {}
    for at in ([90, 60], [30, 60], [60, 5]):
        (tmp_path / "data.json").write_text(json.dumps([row | {"at": at}]))
        methods = {"model": evaluate.by_model(Colorizer()), "bucket": evaluate.by_hand("holes")}
        scores = evaluate.evaluate({"rows": read_cases(tmp_path)}, methods)
        accuracies[at[0]] = [score.mean()["masked_accuracy"] for score in scores]
    assert accuracies[90] == pytest.approx([1, 1], abs=0.02)
    assert accuracies[30] == accuracies[60] == pytest.approx([0, 0], abs=0.02)
