import cv2
import numpy as np
import pytest

from polycolor_cli.data import shapes, synthetic, unseen, wear
from polycolor_cli.data.marks import notes
from polycolor_cli.data.pen import Pen
from polycolor_cli.data.scenes import SCENES
from polycolor_cli.data.strokes import Canvas, Hand
from polycolor_cli.data.synthetic import drawing


def test_a_drawing_depends_on_seed_and_index_alone() -> None:
    first = [drawing(3, i, (96, 64)) for i in range(20)]
    again = [drawing(3, i, (96, 64)) for i in reversed(range(20))][::-1]
    for a, b in zip(first, again, strict=True):
        assert a.picture.tobytes() == b.picture.tobytes()
        assert a.coverage.tobytes() == b.coverage.tobytes()
    assert any(a.picture.tobytes() != drawing(4, i, (96, 64)).picture.tobytes() for i, a in enumerate(first))


@pytest.mark.parametrize("size", [(16, 16), (64, 200), (128, 128), (256, 160)])
def test_sizes(size: tuple[int, int]) -> None:
    for index in range(30):
        made = drawing(1, index, size)
        assert made.coverage.shape == size
        assert made.picture.shape == (size[0] * made.shrink, size[1] * made.shrink)
        assert made.picture.dtype == made.coverage.dtype == np.uint8


def test_the_world_is_varied() -> None:
    made = [drawing(5, i) for i in range(300)]
    shares = np.array([d.coverage.mean() / 255 for d in made])
    assert (shares == 0).any()
    assert (shares > 0.4).any()
    assert 0.05 < np.median(shares) < 0.5
    assert {d.shrink for d in made} == {1, 2, 4}
    assert any(np.median(d.picture) < 100 for d in made)
    assert any(len(np.unique(d.picture)) == 2 for d in made)
    assert any(len(np.unique(d.picture)) > 100 for d in made)


ALL_SHAPES = shapes.SHAPES | unseen.SHAPES
ALL_WEAR = wear.KINDS | unseen.KINDS


def test_validation_is_another_world() -> None:
    assert len(ALL_SHAPES) == len(shapes.SHAPES) + len(unseen.SHAPES)
    assert len(ALL_WEAR) == len(wear.KINDS) + len(unseen.KINDS)
    assert drawing(1, 1).picture.tobytes() != drawing(1, 1, world=unseen.WORLD).picture.tobytes()


@pytest.mark.parametrize("kind", sorted(ALL_SHAPES))
def test_every_shape_encloses_something(kind: str) -> None:
    for seed in range(20):
        contour = ALL_SHAPES[kind][0](np.random.default_rng(seed))
        assert np.abs(contour).max() < 1.6
        canvas = Canvas(64, 64, 2)
        canvas.stroke(contour * 26 + 32, 1.0, closed=True)
        assert canvas.coverage().sum() > 1.1 * canvas.ink.sum()


def test_loose_ink_covers_only_itself() -> None:
    canvas = Canvas(64, 64, 1)
    canvas.stroke(np.array([[10.0, 10], [50, 10], [50, 50]]), 2)
    assert np.array_equal(canvas.coverage(), canvas.ink)


def test_a_gap_in_the_outline_is_covered_as_meant() -> None:
    rng = np.random.default_rng(0)
    contour = np.array([[10.0, 10], [50, 10], [50, 50], [10, 50]])
    strokes, regions = Hand(edges=True, gap=0.15).draw(rng, contour, 28)
    canvas = Canvas(64, 64, 1)
    for region in regions:
        canvas.fill(region)
    for path, closed in strokes:
        canvas.stroke(path, 1, closed)
    assert len(strokes) == 4
    assert (canvas.coverage()[12:48, 12:48] == 255).all()


@pytest.mark.parametrize("kind", sorted(ALL_WEAR))
def test_every_wear_changes_the_picture_and_nothing_else(kind: str) -> None:
    gray = np.full((64, 48), 230, np.float32)
    gray[20:40, 10:30] = 30
    before = gray.copy()
    changed = False
    for seed in range(5):
        worn = ALL_WEAR[kind][0](np.random.default_rng(seed), gray)
        assert worn.shape == gray.shape
        changed |= not np.array_equal(worn, gray)
    assert changed
    assert np.array_equal(gray, before)


def test_every_scene_can_be_drawn() -> None:
    for scene, _ in SCENES.values():
        for seed in range(15):
            rng = np.random.default_rng(seed)
            canvas = Canvas(64, 96, 2)
            scene(canvas, rng, Pen(2.0, Hand.sample(rng), outlines=[]))
            assert canvas.coverage().shape == (192, 128)


def test_an_outline_drawn_over_again_encloses_what_each_stroke_does() -> None:
    contour = np.array([[10.0, 10], [50, 10], [50, 50], [10, 50]])
    strokes, regions = Hand(wobble=0.03, again=2).draw(np.random.default_rng(0), contour, 28)
    assert [closed for _, closed in strokes] == [True, False, False]
    assert len(regions) == 3
    assert len({path.tobytes() for path, _ in strokes}) == 3


def test_lines_cover_themselves_and_what_they_enclose_and_nothing_else() -> None:
    enclosing = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        canvas = Canvas(96, 96, 2)
        SCENES["lines"][0](canvas, rng, Pen(2.0, Hand()))
        coverage = canvas.coverage()
        alone = Canvas(96, 96, 2)
        alone.ink[:] = canvas.ink
        assert canvas.ink.any()
        assert np.array_equal(coverage, alone.coverage())
        assert coverage.mean() < 0.4 * 255
        enclosing += bool((coverage > canvas.ink).any())
    # lattices, loops of letters, heads
    assert 5 < enclosing < 40


def test_the_lines_of_a_diagram_enclose_nothing_by_themselves() -> None:
    square = np.array([[40.0, 40], [88, 40], [88, 88], [40, 88]])
    beside = 0
    for seed in range(80):
        canvas = Canvas(128, 128, 2)
        notes(canvas, np.random.default_rng(seed), Pen(1.5, Hand()), square)
        alone = Canvas(128, 128, 2)
        alone.ink[:] = canvas.ink
        assert np.array_equal(canvas.coverage(), alone.coverage())
        beside += int(canvas.ink.any())
    assert beside > 70


def test_an_oblong_page_is_a_strip_of_many_things() -> None:
    counts = []
    for seed in range(40):
        canvas = Canvas(320, 64, 2)
        SCENES["page"][0](canvas, np.random.default_rng(seed), Pen(1.0, Hand()))
        counts.append(cv2.connectedComponents(canvas.coverage())[0] - 1)
    assert np.mean(counts) > 5


def test_a_coil_is_bare_between_its_turns() -> None:
    for seed in range(20):
        canvas = Canvas(96, 96, 1)
        contour = shapes.coil(np.random.default_rng(seed)) * 40 + 48
        canvas.fill(contour)
        hull = cv2.fillConvexPoly(np.zeros_like(canvas.ink), cv2.convexHull(np.round(contour).astype(np.int32)), 255)
        assert canvas.region.sum() < 0.8 * hull.sum()


def test_some_scenes_go_on_beyond_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = set()
    monkeypatch.setattr(synthetic, "Canvas", lambda w, h, scale: sizes.add((w, h)) or Canvas(w, h, scale))
    for index in range(60):
        made = drawing(9, index, (64, 96))
        assert made.coverage.shape == made.border.shape == made.gaps.shape == (64, 96)
    assert any(width > 96 and height > 64 for width, height in sizes)
