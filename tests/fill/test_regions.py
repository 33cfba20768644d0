"""Regions: what lines enclose, drawn or meant; pointed at, or each in its own colour."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from conftest import Run
from polycolor_cli import Colorizer, PointError
from polycolor_cli.fill.paint_regions import Point, RegionPaint, palette
from polycolor_cli.fill.regions import Regions, colored


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer()


def panes(side: int = 200, smooth: bool = False, gap: int = 0) -> Image.Image:
    """A window of four panes, and a ring beside it."""
    times = 4 if smooth else 1
    image = Image.new("L", (side * times, side * times), 255)
    draw, s = ImageDraw.Draw(image), side * times // 200
    draw.rectangle((20 * s, 20 * s, 120 * s, 120 * s), outline=0, width=4 * s)
    draw.line((70 * s, 20 * s, 70 * s, 120 * s), fill=0, width=4 * s)
    draw.line((20 * s, 70 * s, 120 * s, 70 * s), fill=0, width=4 * s)
    draw.ellipse((130 * s, 130 * s, 190 * s, 190 * s), outline=0, width=4 * s)
    draw.ellipse((148 * s, 148 * s, 172 * s, 172 * s), outline=0, width=4 * s)
    if gap:
        draw.rectangle((66 * s, 40 * s, 75 * s, (40 + gap) * s), fill=255)
    return image.reduce(times) if smooth else image


@pytest.mark.parametrize("smooth", [False, True])
def test_closed_drawings_have_their_regions_in_reading_order(colorizer: Colorizer, smooth: bool) -> None:
    regions = colorizer.regions(panes(smooth=smooth))
    assert regions.count == 6
    assert regions.labels.dtype == np.uint16
    numbers = [regions.at(x, y) for x, y in ((40, 40), (100, 40), (40, 100), (100, 100), (139, 160), (160, 160))]
    assert numbers[:4] == [1, 2, 3, 4]
    assert sorted(numbers[4:]) == [5, 6]
    assert regions.at(69, 45) in (1, 2)  # on ink: the region nearest to it
    for number, (left, top, right, bottom) in enumerate(regions.boxes, 1):
        assert (regions.labels[top:bottom, left:right] == number).any()
        x, y = regions.points[number - 1]
        assert regions.at(x, y) == number
    assert regions.areas.sum() == np.count_nonzero(regions.labels)
    # ink belongs to a region, all of it
    assert (regions.labels[colorizer.coverage(panes(smooth=smooth)) == 255] > 0).all()


def test_a_point_in_no_region(colorizer: Colorizer) -> None:
    regions = colorizer.regions(panes())
    for x, y in ((5, 5), (-1, 3), (200, 3), (3, -1), (3, 200), (128, 100)):
        with pytest.raises(PointError):
            regions.at(x, y)


@pytest.mark.parametrize("smooth", [False, True])
def test_pointing_fills_what_is_pointed_at_and_nothing_else(colorizer: Colorizer, smooth: bool) -> None:
    drawing = panes(smooth=smooth)
    painted = np.asarray(colorizer(drawing, at=[((40, 40), "red"), ((100, 100), "#00f")]))
    assert (painted[30:60, 30:60] == (255, 0, 0)).all()
    assert (painted[80:110, 80:110] == (0, 0, 255)).all()
    unchanged = np.repeat(np.asarray(drawing)[:, :, None], 3, 2)
    for view in (np.s_[30:60, 80:110], np.s_[80:110, 30:60], np.s_[125:, :], np.s_[:18], np.s_[:, :18]):
        assert (painted[view] == unchanged[view]).all()
    # ink stays as it was drawn
    assert (painted[np.asarray(drawing) == 0] == 0).all()


@pytest.mark.parametrize("lines", ["keep", "fill"])
@pytest.mark.parametrize("gap", [0, 12])
def test_each_leaves_no_uncovered_pixel_and_no_seam(colorizer: Colorizer, lines: str, gap: int) -> None:
    drawing = panes(smooth=True, gap=gap)
    colors = [(255, 0, 0), (0, 160, 0), (0, 0, 255), (255, 255, 0)]
    painted = np.asarray(colorizer(drawing, each=colors, lines=lines)).astype(int)  # type: ignore[arg-type]
    covered = colorizer.coverage(drawing) == 255
    # nowhere inside is there gray of the paper: at least one channel is half of white or less, in ink all are
    assert painted[covered].min(1).max() < 128
    if lines == "fill":
        # every pixel is of a mixture of its neighbours' colours, and most of exactly one
        exact = np.zeros(covered.shape, bool)
        for color in colors:
            exact |= (painted == color).all(-1)
        assert exact[covered].mean() > 0.9
    # and around all of it is the paper, but for a soft corner
    bare = colorizer.coverage(drawing) == 0
    changed = np.abs(painted - np.asarray(drawing)[:, :, None].astype(int)).max(-1)[bare]
    assert np.count_nonzero(changed) <= (0 if lines == "fill" else 4)


def test_neighbours_get_different_colours() -> None:
    rng = np.random.default_rng(0)
    blocks = np.kron(rng.permutation(64).reshape(8, 8) + 1, np.ones((6, 6), int)).astype(np.uint16)
    regions = Regions(blocks, blocks)
    given = colored(regions, [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1)])
    for number, others in enumerate(regions.neighbours(), 1):
        assert all(given[number - 1] != given[other - 1] for other in others)
    assert colored(regions, [(9, 9, 9)]) == [(9, 9, 9)] * 64


def test_a_table_for_programs_and_who_is_beside_whom() -> None:
    labels = np.zeros((8, 12), np.uint16)
    labels[1:4, 1:5], labels[1:4, 5:9], labels[4:7, 1:5], labels[6, 10] = 1, 2, 3, 4
    regions = Regions(labels, labels)
    assert regions.neighbours() == [{2, 3}, {1}, {1}, set()]
    table = regions.table()
    assert [one["region"] for one in table] == [1, 2, 3, 4]
    assert [one["area"] for one in table] == [12, 12, 12, 1]
    assert [one["box"] for one in table] == [[1, 1, 5, 4], [5, 1, 9, 4], [1, 4, 5, 7], [10, 6, 11, 7]]
    assert table[3]["point"] == [10, 6]
    assert all(regions.at(*one["point"]) == one["region"] for one in table)
    # up to the rim of the picture
    whole = Regions(np.ones((2, 3), np.uint16), np.ones((2, 3), np.uint16))
    assert whole.at(0, 0) == whole.at(2.9, 1.9) == 1
    # the nearest everywhere, also outside
    assert regions.reaching[0, 0] == 1
    assert regions.reaching[7, 11] == 4


def test_one_look_says_all(colorizer: Colorizer) -> None:
    look = colorizer.look(panes(gap=8))
    assert np.array_equal(look.coverage, colorizer.coverage(panes(gap=8)))
    assert np.array_equal(look.regions.labels, colorizer.regions(panes(gap=8)).labels)
    assert (look.state, look.warning) == ("filled", None)
    nothing = colorizer.look(np.full((100, 100), 255, np.uint8))
    assert (nothing.state, nothing.regions.count) == ("empty", 0)
    assert nothing.warning == "no shape found, nothing was filled"


def test_points_that_ask_for_two_colours_and_what_lies_outside(colorizer: Colorizer) -> None:
    with pytest.raises(PointError, match=r"^45,41: lies in a region that gets another colour already$"):
        colorizer(panes(), at=[((40, 40), "red"), ((45, 41), "blue")])
    twice = colorizer(panes(), at=[((40, 40), "red"), ((45, 41), "#f00")], background="navy")
    assert twice.getpixel((40, 40)) == (255, 0, 0)
    assert twice.getpixel((5, 5)) == (0, 0, 128)
    assert twice.getpixel((100, 40)) == (255, 255, 255)


def test_shares_are_of_the_width_and_of_the_height(colorizer: Colorizer) -> None:
    wide = np.hstack([np.asarray(panes()), np.full((200, 200), 255, np.uint8)])
    how = RegionPaint(at=((Point(0.25, 0.5, relative=True), "red"),))
    painted = colorizer.fill(Image.fromarray(wide), how).pixels
    assert painted[100, 100].tolist() == [255, 0, 0]
    assert painted[40, 40].tolist() == painted[40, 100].tolist() == [255, 255, 255]


def test_whole_shapes_and_tiny_and_large_pictures(colorizer: Colorizer) -> None:
    assert colorizer.regions(panes(), by="shape").count == 2
    assert colorizer.regions(panes(gap=8).resize((1400, 1400), Image.Resampling.BICUBIC)).labels.shape == (1400, 1400)
    tiny = np.full((40, 40), 255, np.uint8)
    tiny[8:32, [8, 31]] = tiny[[8, 31], 8:32] = 0
    assert colorizer.regions(tiny).labels.shape == (40, 40)
    assert colorizer.regions(tiny).at(20, 20) == 1
    assert colorizer.regions(np.full((100, 100), 255, np.uint8)).count == 0


def test_points_and_palettes_as_people_type_them() -> None:
    assert Point.parse("120,80").on(1000, 1000) == (120, 80)
    assert Point.parse(" 40% , 25% ").on(200, 400) == (80, 100)
    for text in ("", "1", "1,2,3", "a,b", "-1,2", "40%,2", "1e3,2"):
        with pytest.raises(
            PointError, match=f"^{text!r}: not a point; give pixels like 120,80, or shares like 40%,25%$"
        ):
            Point.parse(text)
    assert palette("red, rgb(1, 2, 3),teal") == ((255, 0, 0), (1, 2, 3), (0, 128, 128))
    assert len(set(palette("pastel"))) == len(set(palette("bright"))) == 12
    assert palette("random:7") == palette("random:7") != palette("random:8")


def test_from_the_shell(tmp_path: Path, polycolor: Run) -> None:
    panes().save(tmp_path / "panes.png")
    polycolor("colorize", "panes.png", "--at", "40,40=red", "--at", "50%,20%", "-c", "blue", "-o", "at.png")
    painted = np.asarray(Image.open(tmp_path / "at.png"))
    assert tuple(painted[40, 40]) == (255, 0, 0)
    assert tuple(painted[40, 100]) == (0, 0, 255)
    polycolor("colorize", "panes.png", "--regions", "-o", "map.png")
    numbers = np.asarray(Image.open(tmp_path / "map.png"))
    assert numbers.dtype == np.uint16
    assert numbers[40, 40] == 1
    assert numbers.max() == 6
    told = json.loads(polycolor("colorize", "panes.png", "--json").stdout)
    assert told["count"] == 6
    assert told["regions"][0]["box"] == [20, 20, 70, 70] or told["regions"][0]["box"][2] in (70, 71, 72)
    polycolor("batch", "panes.png", "--each", "pastel", "-o", "each")
    assert b"1 there already" in polycolor("batch", "panes.png", "--each", "pastel", "-o", "each").stdout
    polycolor("batch", "panes.png", "--regions", "-o", "maps")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "maps" / "panes.png")), numbers)
    for words, why in {
        "--at 5,5=red": b"no region",
        "--at 40,40=red --at 45,45=blue": b"another colour",
        "--at 40,40": b"in which colour",
        "--at x=red": b"not a point",
        "--each red --regions": b"give one of them",
        "--each nope": b"unknown colour",
        "--each red --by line": b"not region or shape",
        "--regions -o map.jpg": b"16 bits",
    }.items():
        done = polycolor("colorize", "panes.png", *words.split(), code=1 if "jpg" in words else 2)
        assert len(done.stderr.splitlines()) == 1
        assert why in done.stderr


def test_nothing_of_regions_loads_where_none_is_asked_for(tmp_path: Path, polycolor: Run) -> None:
    import subprocess
    import sys

    panes().save(tmp_path / "panes.png")
    code = (
        "import sys; from polycolor_cli import colorize; colorize('panes.png', 'red');"
        "assert not {'polycolor_cli.fill.regions', 'skimage', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    # and what takes a third of a second to load is not needed where they are
    panes(gap=8).save(tmp_path / "open.png")
    code = (
        "import sys; from polycolor_cli import Colorizer; assert Colorizer().regions('open.png').count == 6;"
        "assert not {'skimage', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_rings_come_out_as_rings(colorizer: Colorizer) -> None:
    drawing = panes()
    painted = np.asarray(colorizer(drawing, "red", holes="keep"))
    assert (painted[157:164, 157:164] == 255).all()  # the hole of the ring
    assert tuple(painted[160, 140]) == (255, 0, 0)  # its band
    assert tuple(painted[40, 40]) == tuple(painted[69, 45]) == (255, 0, 0)  # panes, and the ink between them
    target = Image.new("L", (200, 200), 255)
    for radius in (90, 70, 50, 30):
        ImageDraw.Draw(target).ellipse((100 - radius, 100 - radius, 100 + radius, 100 + radius), outline=0, width=4)
    bands = np.asarray(colorizer(target, "red", holes="keep"))[100, [20, 40, 60, 100]]
    assert [tuple(band) for band in bands] == [(255, 0, 0), (255, 255, 255), (255, 0, 0), (255, 255, 255)]


def test_only_what_encloses_is_painted(colorizer: Colorizer) -> None:
    drawing = panes()
    ImageDraw.Draw(drawing).line((140, 40, 180, 60), fill=0, width=4)
    painted = np.asarray(colorizer(drawing, "red", only="enclosed"))
    assert (painted[50, 160] == 0).all()
    assert tuple(painted[20, 60]) == tuple(painted[40, 40]) == (255, 0, 0)
    assert tuple(np.asarray(colorizer(drawing, "red"))[50, 160]) == (255, 0, 0)


def test_what_is_small_on_a_page_is_a_region_too(colorizer: Colorizer) -> None:
    page = np.full((800, 1200), 255, np.uint8)
    # a fish that is open at the tail, its eye, and an open bubble
    cv2.ellipse(page, (600, 420), (300, 170), 0, 12, 360, 0, 6, cv2.LINE_AA)
    cv2.circle(page, (430, 380), 20, 0, 5, cv2.LINE_AA)
    cv2.ellipse(page, (160, 200), (24, 24), 0, 0, 330, 0, 4, cv2.LINE_AA)
    regions = colorizer.regions(page)
    body, eye, bubble = (int(regions.labels[y, x]) for x, y in ((600, 420), (430, 380), (160, 200)))
    assert 0 not in (body, eye, bubble)
    assert len({body, eye, bubble}) == 3 == regions.count


@pytest.mark.parametrize("turns", range(4))
def test_a_house_cut_off_by_the_rim_keeps_its_rooms_apart(colorizer: Colorizer, turns: int) -> None:
    drawing = Image.new("L", (300, 300), 255)
    draw = ImageDraw.Draw(drawing)
    draw.line([(60, 320), (60, 120), (150, 50), (240, 120), (240, 320)], fill=0, width=5)
    draw.line([(60, 120), (240, 120)], fill=0, width=5)
    draw.line([(150, 120), (150, 320)], fill=0, width=5)
    labels = np.rot90(colorizer.regions(np.rot90(np.asarray(drawing), turns)).labels, -turns)
    assert len({labels[90, 150], labels[220, 100], labels[220, 200]} - {0}) == 3
    assert labels.max() == 3
    # each up to the rim, and nothing beside them
    assert labels[299, 100] == labels[220, 100]
    assert not labels[:, :54].any()


@pytest.mark.parametrize(("gap", "loose"), [(0, False), (10, False), (0, True)])
def test_a_gap_inside_of_a_closed_outline_is_one_as_well(colorizer: Colorizer, gap: int, loose: bool) -> None:
    gray = np.full((256, 256), 255, np.uint8)
    cv2.rectangle(gray, (30, 30), (226, 226), 0, 4)
    cv2.line(gray, (30, 128), (226 - gap, 128), 0, 4)
    if loose:
        # a short stroke is an ornament, and parts nothing
        cv2.line(gray, (120, 170), (125, 174), 0, 4)
    found = colorizer.regions(gray)
    assert found.count == 2
    assert found.at(128, 80) != found.at(128, 180)
