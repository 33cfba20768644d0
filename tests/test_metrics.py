import numpy as np
import pytest

from polycolor_cli.metrics import filled_right, masked_accuracy, soft_iou


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
