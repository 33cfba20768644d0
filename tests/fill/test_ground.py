"""Paper and rough ground, and what on the latter is no drawing."""

import cv2
import numpy as np
import pytest

from polycolor_cli import Colorizer
from polycolor_cli.fill import colorizer as colorizing
from polycolor_cli.fill.ground import is_paper, without_stones


def page(shape: tuple[int, int] = (600, 400)) -> np.ndarray:
    """A circle on white, float32 (H, W)."""
    white = np.full(shape, 255, np.uint8)
    cv2.circle(white, (shape[1] // 2, shape[0] // 2), min(shape) // 3, 0, 4)
    return white.astype(np.float32)


def gravel(shape: tuple[int, int] = (600, 400)) -> np.ndarray:
    """Soft patches of about ten pixels, float32 (H, W) around 1."""
    noise = np.random.default_rng(1).normal(0, 1, shape).astype(np.float32)
    return 1 + 4 * cv2.GaussianBlur(noise, (0, 0), 6)


def test_white_paper_is_paper_and_so_it_is_in_uneven_light_with_grain() -> None:
    assert is_paper(page().astype(np.uint8))
    y, x = np.indices((600, 400), np.float32)
    # from 0.95 to 0.45 of the light across the page, which leaves no gray that half of it has
    light = 0.95 - 0.25 * (x / 400 + y / 600)
    grain = np.random.default_rng(0).normal(0, 4, (600, 400))
    assert is_paper(np.clip(page() * light + grain, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("size", [1, 4])
def test_gravel_is_no_paper_in_any_size(size: int) -> None:
    ground = np.clip(0.6 * page() * gravel(), 0, 255).astype(np.uint8)
    assert not is_paper(np.kron(ground, np.ones((size, size), np.uint8)))


@pytest.mark.parametrize("is_negative", [False, True])
def test_what_is_pale_and_solid_is_a_stone_and_what_is_dark_or_outlined_is_drawn(is_negative: bool) -> None:
    gray = np.full((200, 200), 160, np.uint8)
    coverage = np.zeros_like(gray)
    cv2.circle(gray, (60, 60), 40, 20, 4)
    cv2.circle(coverage, (60, 60), 42, 255, -1)
    # a stone, a paler shape with an outline, a mark in the same ink, and a stone in the shape, which is of it
    cv2.circle(gray, (150, 50), 15, 90, -1)
    cv2.circle(gray, (150, 150), 25, 90, 4)
    cv2.line(gray, (30, 150), (70, 150), 20, 4)
    cv2.circle(gray, (60, 60), 10, 90, -1)
    stone = np.zeros_like(gray)
    cv2.circle(stone, (150, 50), 15, 255, -1)
    cv2.circle(coverage, (150, 150), 27, 255, -1)
    cv2.line(coverage, (30, 150), (70, 150), 255, 4)
    soft = cv2.GaussianBlur(stone, (3, 3), 0)
    assert soft.any()
    given = 255 - gray if is_negative else gray
    assert np.array_equal(without_stones(given, np.maximum(coverage, soft)), coverage)
    # what is covered alone is the drawing, however pale
    assert np.array_equal(without_stones(given, soft), soft)


@pytest.mark.parametrize("is_rough", [False, True])
def test_small_things_are_looked_at_on_paper_and_stones_looked_for_on_gravel(
    monkeypatch: pytest.MonkeyPatch, is_rough: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(colorizing, "pieces", lambda page, longest: asked.append("pieces") or iter(()))
    monkeypatch.setattr(colorizing, "without_stones", lambda gray, coverage: asked.append("stones") or coverage)
    drawing = page()
    drawing[425:445, 130:270] = 255  # a gap too wide to be closed without the network
    ground = 0.6 * drawing * gravel() if is_rough else drawing
    Colorizer(threads=1).coverage(np.clip(ground, 0, 255).astype(np.uint8))
    assert asked == ["stones" if is_rough else "pieces"]
