import numpy as np
import pytest

from polycolor_cli.evaluate.metrics import (
    delta_e,
    filled_right,
    masked_accuracy,
    mean_absolute_error,
    psnr,
    soft_iou,
    ssim,
)


def test_soft_iou() -> None:
    half = np.array([[0.0, 0.5], [1.0, 1.0]])
    assert soft_iou(half, half) == 1
    assert soft_iou(half, np.ones((2, 2))) == pytest.approx(2.5 / 4)
    assert soft_iou(np.zeros((2, 2)), np.zeros((2, 2))) == 1
    assert soft_iou(np.zeros((2, 2)), np.ones((2, 2))) == 0


def test_filled_right_begins_at_95_percent() -> None:
    truth = np.ones((10, 10))
    guess = truth.copy()
    guess[0, :5] = 0
    assert filled_right(guess, truth)
    guess[1, 0] = 0
    assert not filled_right(guess, truth)


def test_masked_accuracy_looks_only_inside() -> None:
    truth = np.zeros((2, 2, 3))
    painted = truth.copy()
    painted[0, 0] = [0, 0.051, 0]
    painted[1, 1] = 1
    inside = np.array([[1.0, 1.0], [1.0, 0.0]])
    assert masked_accuracy(painted, truth, inside) == pytest.approx(2 / 3)
    assert masked_accuracy(painted, truth, np.zeros((2, 2))) == 1


def test_pictures_that_differ_a_little_and_not_at_all() -> None:
    truth = np.zeros((32, 32, 3))
    truth[8:24, 8:24] = [1, 0, 1]
    assert [measure(truth, truth) for measure in (mean_absolute_error, psnr, ssim, delta_e)] == [0, 100, 1, 0]
    painted = truth.copy()
    painted[8:24, 8:24] = [1, 0.1, 1]
    assert mean_absolute_error(painted, truth) == pytest.approx(0.1 / 3 / 4)
    assert psnr(painted, truth) == pytest.approx(-10 * np.log10(0.01 / 3 / 4))
    assert 0.7 < ssim(painted, truth) < 1
    assert 0 < delta_e(painted, truth) < 3


def test_delta_e_of_a_published_pair() -> None:
    # pure red against pure green in sRGB, CIEDE2000
    red, green = np.zeros((1, 1, 3)), np.zeros((1, 1, 3))
    red[..., 0], green[..., 1] = 1, 1
    assert delta_e(red, green) == pytest.approx(86.6, abs=0.1)
