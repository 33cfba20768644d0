import numpy as np
import pytest
from PIL import Image

from conftest import square, square_truth
from polycolor_cli.evaluate import scores as evaluate
from polycolor_cli.evaluate.cases import Case, Truth, read_cases
from polycolor_cli.fill.paint import Paint, paint


@pytest.fixture
def cases(tmp_path) -> list[Case]:
    for place, image in (("in", square()), ("gt", Image.fromarray(square_truth()))):
        (tmp_path / place).mkdir()
        for name in ("a", "b"):
            image.save(tmp_path / place / f"{name}.png")
    return read_cases(tmp_path)


Answer = tuple[Image.Image, np.ndarray | None]


def perfect(drawing: Image.Image, color: tuple[int, int, int]) -> Answer:
    return Image.fromarray(paint(drawing, square_truth(), Paint(color))), square_truth()


def nothing(drawing: Image.Image, color: tuple[int, int, int]) -> Answer:
    return drawing.convert("RGB"), None


def test_a_perfect_fill_and_none_at_all(cases: list[Case]) -> None:
    scores = evaluate.evaluate({"here": cases}, {"perfect": perfect, "nothing": nothing})
    best, worst = (score.mean() for score in scores)
    assert [score.method for score in scores] == ["perfect", "nothing"]
    assert best | {"milliseconds": 0} == {
        "masked_accuracy": 1, "soft_iou": 1, "filled_right": 1, "mean_absolute_error": 0,
        "psnr": 100, "ssim": 1, "delta_e": 0, "milliseconds": 0,
    }  # fmt: skip
    assert worst["masked_accuracy"] == worst["soft_iou"] == worst["filled_right"] == 0
    assert worst["mean_absolute_error"] > 0.05
    assert worst["psnr"] < 20
    assert worst["ssim"] < 0.9
    assert worst["delta_e"] > 5


def test_what_a_trimap_does_not_know_does_not_count() -> None:
    truth = square_truth()
    known = np.zeros(truth.shape, bool)
    known[60:70, 60:70] = known[:5, :5] = True
    painted = np.asarray(perfect(square(), (255, 0, 255))[0])
    case = Truth(square(), (255, 0, 255), painted, truth / np.float32(255), known)

    def careless(drawing: Image.Image, color: tuple[int, int, int]) -> Answer:
        coverage = truth.copy()
        coverage[20:50, 5:100] = 90
        return Image.fromarray(paint(drawing, coverage, Paint(color))), None

    measures, _ = evaluate.measure(careless, case)
    assert measures["soft_iou"] == 1
    assert measures["psnr"] == 100


def test_the_sheet_shows_the_worst_first(cases: list[Case]) -> None:
    calls = iter([nothing, nothing, perfect])  # the first fill is a warm-up
    scores = evaluate.evaluate({"here": cases}, {"once": lambda drawing, color: next(calls)(drawing, color)})
    assert evaluate.worst(scores, "once", 1) == [("here", "a")]
    sheet = evaluate.sheet(cases, perfect)
    assert sheet.width == 2 * (evaluate.TILE + 8) + 8
    assert sheet.getpixel((8 + evaluate.TILE // 2, 8 + evaluate.TILE // 2)) == (255, 255, 255)
    assert sheet.getpixel((8 + evaluate.TILE // 2, 16 + evaluate.TILE + evaluate.TILE // 2)) == (255, 0, 255)
