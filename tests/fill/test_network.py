"""The network on pictures of any size: what it is shown of them."""

import pickle
from typing import Any

import cv2
import numpy as np
import pytest

from conftest import square
from polycolor_cli import Colorizer
from polycolor_cli.evaluate.metrics import soft_iou
from polycolor_cli.fill import planes
from polycolor_cli.fill.network import Network, doublings, enlargement, length_of
from polycolor_cli.models.weights import read


@pytest.mark.parametrize(
    ("longest", "enlarged", "halved", "halved_as_photograph"),
    [
        (1, 128, 0, 0), (40, 4, 0, 0), (64, 2, 0, 0), (95, 2, 0, 0), (96, 1, 0, 0), (199, 1, 0, 0), (200, 1, 1, 0),
        (255, 1, 1, 0), (256, 1, 1, 1), (398, 1, 1, 1), (399, 1, 2, 1), (511, 1, 2, 2), (4096, 1, 5, 5),
    ],
)  # fmt: skip
def test_every_picture_is_looked_at_in_some_hundred_pixels(
    longest: int, enlarged: int, halved: int, halved_as_photograph: int
) -> None:
    assert enlargement(longest) == enlarged
    assert doublings(np.full((longest, longest), 240, np.uint8)) == halved
    assert 96 <= longest * enlarged / 2**halved <= 199
    assert doublings(np.full((longest, longest), 240, np.uint8), paints=True) == halved_as_photograph
    # whatever is flat nowhere
    ramp = np.linspace(0, 255, longest).astype(np.uint8)[None].repeat(longest, 0)
    assert longest == 1 or doublings(ramp) == halved_as_photograph


@pytest.mark.parametrize(
    ("shape", "length"),
    [((300, 400), 400), ((300, 600), 600), ((150, 1200), 300), ((2000, 200), 400), ((60_000, 20), 3750), ((1, 1), 1)],
)
def test_oblong_pictures_are_looked_at_in_more_pixels_along(shape: tuple[int, int], length: int) -> None:
    assert length_of(np.zeros(shape, np.uint8)) == length


@pytest.mark.parametrize("is_upright", [False, True])
def test_a_long_row_of_open_stars_is_filled(is_upright: bool) -> None:
    # eight pixels of each were seen, and all were left bare
    row = np.full((64, 20 * 64), 255, np.uint8)
    stars = np.zeros_like(row)
    turn = np.pi / 5 * np.arange(10) - np.pi / 2
    star = np.stack([np.cos(turn), np.sin(turn)], 1) * np.where(np.arange(10) % 2, 0.45, 1)[:, None] * 26 + 32
    for left in range(0, row.shape[1], 64):
        corners = np.round(16 * (star + [left, 0])).astype(np.int32)
        cv2.polylines(row, [corners], True, 0, 2, cv2.LINE_AA, 4)
        cv2.fillPoly(stars, [corners], 255, cv2.LINE_AA, 4)
        cv2.polylines(stars, [corners], True, 255, 2, cv2.LINE_AA, 4)
        cv2.circle(row, (left + 48, 24), 4, 255, -1)
    turned = (row.T.copy(), stars.T) if is_upright else (row, stars)
    assert soft_iou(Colorizer().coverage(turned[0]) / 255, turned[1] / 255) > 0.985


@pytest.mark.parametrize(
    ("side", "seen"),
    [
        (50, 160),
        (64, 128),
        (90, 192),
        (100, 112),
        (128, 128),
        (199, 208),
        (200, 112),
        (256, 128),
        (300, 160),
        (600, 160),
    ],
)
def test_what_it_sees(monkeypatch: pytest.MonkeyPatch, side: int, seen: int) -> None:
    shapes: list[tuple[int, ...]] = []

    def run(self: Network, drawing: np.ndarray, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        shapes.append(drawing.shape)
        if "guess" in inputs:
            # the second look leaves edges where they are
            return [inputs["guess"]]
        # all is covered to the left of the middle
        answer = np.zeros((len(drawing), 1, *drawing.shape[2:]), np.float32)
        answer[..., : drawing.shape[3] // 2] = 1
        return [answer]

    monkeypatch.setattr(Network, "_run", run)
    picture = np.full((side, side), 255, np.uint8)
    picture[side // 3, side // 3 :] = 0
    answer, guessed = Network("polycolor", read()).look(picture, {})
    assert shapes[0] == (1, 3, seen, seen)
    assert answer.shape[1:] == (side, side)
    assert guessed == 0
    assert (answer[0, side // 4, 2], answer[0, side // 4, -2]) == (255, 0)
    if side in (50, 64, 90):
        # enlarged smoothly, and averaged down again
        assert answer[0, 0, side // 2 - 2] == 255


def test_beyond_the_rim_of_a_picture_its_rim_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[np.ndarray] = []

    def run(self: Network, drawing: np.ndarray, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        shown.append(drawing)
        return [inputs["guess"] if "guess" in inputs else np.ones((1, 1, *drawing.shape[2:]), np.float32) * half]

    half = np.repeat([0, 1], 80).astype(np.float32)
    monkeypatch.setattr(Network, "_run", run)
    answer, _ = Network("polycolor", read()).look(np.full((602, 610), 200, np.uint8), {})
    assert answer.shape == (1, 602, 610)
    # of the first look, and of the tiles along the edge at both larger sizes, where it lies between two of them
    assert [len(drawing) for drawing in shown] == [1, 5, 20]
    assert all((drawing == 200).all() for drawing in shown)


def test_a_negative_is_guessed_as_its_drawing_is() -> None:
    colorizer = Colorizer()
    drawing = np.asarray(square(128, 3)).copy()
    drawing[30:36, 60:68] = 255
    assert np.array_equal(colorizer.guess(drawing), colorizer.guess(255 - drawing))
    assert colorizer.guess(drawing)[64, 64] > 200


def test_a_colorizer_goes_to_another_process_with_all_it_needs() -> None:
    there = pickle.loads(pickle.dumps(Colorizer(threads=1)))
    drawing = np.asarray(square(128, 3)).copy()
    drawing[30:36, 60:68] = 255
    assert np.array_equal(there.coverage(drawing), Colorizer().coverage(drawing))
    assert there.fingerprint == Colorizer().fingerprint
    assert (there._network.name, there._network.threads) == ("polycolor", 1)


@pytest.mark.parametrize("is_walled", [False, True])
def test_what_is_in_doubt_is_looked_at_mirrored_too(monkeypatch: pytest.MonkeyPatch, is_walled: bool) -> None:
    shown: list[np.ndarray] = []
    border = np.zeros((1, 1, 128, 128), np.float32)
    # half a wall in the drawing, the other half in its mirror image
    border[..., 15:65, 15:18], border[..., 15:18, 15:113], border[..., 62:65, 15:113] = 1, 1, 1

    def answers(self: Network, drawing: np.ndarray, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        shown.append(drawing)
        # not sure of what it always sees at the same place
        answer = np.zeros((1, 1, *drawing.shape[2:]), np.float32)
        answer[..., 20:60, 20:60], answer[..., 20:60, 60:100] = 0.9, 1.0
        return [answer, border] if is_walled else [answer]

    monkeypatch.setattr(Network, "_run", answers)
    picture = np.full((128, 128), 255, np.uint8)
    picture[30, 10:50] = 0
    answer, guessed = Network("polycolor", read()).look(picture, {})
    assert len(shown) == 2
    np.testing.assert_array_equal(shown[1], shown[0][..., ::-1])
    # the mean of 0.9 and of what lies there mirrored, columns 28 to 107; of a room nearly full all is
    mean = [115, 242, 242, 115]
    assert [int(answer[0, 40, x]) for x in (22, 40, 80, 104)] == ([255] * 4 if is_walled else mean)
    # which is no less a guess
    assert guessed > 0.5


def borders_that_answer(monkeypatch: pytest.MonkeyPatch, *answers: np.ndarray) -> tuple[Network, list[np.ndarray]]:
    """A network that answers so whatever it is shown, and what it is shown."""
    network, shown = Colorizer(threads=1)._network, []

    def answered(drawing: np.ndarray, inputs: dict) -> list[np.ndarray]:
        shown.append(drawing)
        return list(answers)

    monkeypatch.setattr(network, "_run", answered)
    return network, shown


def test_a_border_is_what_a_small_drawing_or_its_mirror_image_has(monkeypatch: pytest.MonkeyPatch) -> None:
    coverage, border = np.random.default_rng(0).random((2, 2, 1, 320, 320), np.float32)
    network, shown = borders_that_answer(monkeypatch, coverage, border)
    # paper alone, which has no ink to be a wall
    page = np.full((320, 320), 255, np.uint8)
    wall, covered, levels = network.border(page)
    assert np.array_equal(wall, np.maximum(border[0, 0], border[1, 0, :, ::-1]))
    assert np.allclose(covered, (coverage[0, 0] + coverage[1, 0, :, ::-1]) / 2)
    assert levels == []
    page[:, :100] = 250
    network.border(page)
    assert np.array_equal(shown[-1][1], shown[-1][0][:, :, ::-1])
    assert np.array_equal(shown[-1][0], np.stack([page] * 3))


def test_of_a_larger_drawing_a_border_is_what_one_look_has(monkeypatch: pytest.MonkeyPatch) -> None:
    # sides are rounded up for the look, and what is beyond the picture is left out again
    coverage, border = np.random.default_rng(0).random((2, 1, 1, 336, 304), np.float32)
    network, shown = borders_that_answer(monkeypatch, coverage, border)
    wall, covered, levels = network.border(np.full((321, 300), 255, np.uint8))
    assert [drawing.shape for drawing in shown] == [(1, 3, 336, 304)]
    assert np.array_equal(wall, border[0, 0, :321, :300])
    assert np.array_equal(covered, coverage[0, 0, :321, :300])
    assert levels == []


@pytest.mark.parametrize(
    ("size", "seen", "larger"),
    [
        ((100, 60), (320, 192), []),
        ((64, 48), (224, 176), []),
        ((400, 300), (400, 304), []),
        ((1101, 1303), (288, 336), [(1104, 1304), (552, 652)]),
        ((1000, 480), (512, 240), [(1000, 480)]),
        ((513, 100), (832, 160), []),
    ],
)
def test_for_borders_a_picture_is_seen_in_more_pixels(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], seen: tuple[int, int], larger: list[tuple[int, int]]
) -> None:
    network = Colorizer(threads=1)._network
    shown = []

    def answers(drawing: np.ndarray, inputs: dict) -> list[np.ndarray]:
        shown.append(drawing)
        return [np.zeros((len(drawing), 1, *drawing.shape[2:]), np.float32)] * 2

    monkeypatch.setattr(network, "_run", answers)
    page = np.full(size, 240, np.uint8)
    page[: size[0] // 2, : size[1] // 2] = 40
    wall, covered, levels = network.border(page)
    assert [drawing.shape for drawing in shown] == [(2 if max(seen) <= 320 else 1, 3, *seen)]
    assert [plane.shape for planes in levels for plane in planes] == [shape for shape in larger for _ in range(3)]
    assert covered.shape == wall.shape
    # ink on flat paper is a wall, as much of one as it is dark; enlarged, an edge is darker than its ink
    assert wall[0, 0] == (1 if min(size) > 128 else pytest.approx(0.88, abs=0.015))
    assert (wall[-1, -1], wall.dtype) == (0, np.float32)
    assert 0 <= wall.min() <= wall.max() <= 1


def test_what_is_sure_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    colorizer = Colorizer(threads=1)
    looks: list[bool] = []
    doubt = [0.0]
    real = colorizer._network.look

    def look(gray: np.ndarray, inputs: dict, clean: Any = None, closer: bool = False) -> tuple[np.ndarray, float]:
        looks.append(closer)
        answer, _ = real(gray, inputs, clean, closer)
        return answer, doubt[0]

    monkeypatch.setattr(colorizer._network, "look", look)
    drawing = np.full((300, 300), 255, np.uint8)
    drawing[60:240, 60:64] = drawing[60:240, 236:240] = drawing[60:64, 60:150] = drawing[236:240, 60:240] = 0
    for doubt[0], wanted in ((0.01, [False]), (0.05, [False, True])):
        looks.clear()
        colorizer.coverage(drawing)
        assert looks == wanted
    # and a small one has no more pixels to look at
    looks.clear()
    colorizer.coverage(drawing[::2, ::2])
    assert looks == [False]


def test_a_network_that_paints_is_shown_as_much_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []

    def run(self: Network, drawing: np.ndarray, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        shapes.append(drawing.shape[2:])
        return [np.zeros((1, 3, *drawing.shape[2:]), np.float32)]

    monkeypatch.setattr(Network, "_run", run)
    painted, _ = Network("painter", b"").look(np.asarray(square(side=220)), {"color": np.zeros((1, 3), np.float32)})
    assert shapes == [(224, 224)]
    assert painted.shape == (3, 220, 220)


def test_the_edge_of_a_larger_picture_runs_along_a_line_much_thinner_than_a_pixel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(*_: object) -> np.ndarray:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(Network, "_run", run)
    monkeypatch.setattr(Network, "_refines", True)
    picture = np.full((1024, 1024), 255, np.uint8)
    picture[:, 400] = 0
    level = planes.halved(planes.halved((picture, picture, picture)))
    # decided at half of that size, three pixels of the level beside the line
    coarse = np.zeros((1, 128, 128), np.uint8)
    coarse[0, :, 51:], coarse[0, :, 50] = 255, 128
    coverage = Network("thin", b"")._doubled(coarse, level, (0, 255), (0, 255))[0]
    wanted = np.zeros((256, 256), np.uint8)
    wanted[:, 100:] = 255
    assert np.array_equal(coverage, wanted)
