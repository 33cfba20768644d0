"""Which pictures are found, in which order, and where each result goes; what is passed over, and counted."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import square
from polycolor_cli.batch.plan import RESULTS, Job, Passed, count, mark_folder, plan, target_of
from polycolor_cli.errors import PolycolorError
from polycolor_cli.files.picture import encode
from polycolor_cli.fill.paint import Paint
from polycolor_cli.fill.paint_regions import RegionPaint

RED = {"red": Paint("red")}


def tree(top: Path, *names: str) -> Path:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        square(32).save(top / name)
    return top


def planned(*sources: Path, out: Path, passed: Passed | None = None) -> list[tuple[str, str]]:
    """Each drawing by its name with the place of its result."""
    return [
        (job.source.name, job.outputs[0].relative_to(out).as_posix())
        for job in plan(sources, out, RED, passed=passed)  # type: ignore[arg-type]
    ]


def result(path: Path) -> None:
    """A picture that polycolor has made."""
    path.write_bytes(encode(np.zeros((8, 8, 3), np.uint8), "PNG", mark="0" * 32))


def test_folders_come_in_order_each_after_its_own_pictures(tmp_path: Path) -> None:
    top = tree(tmp_path / "in", "b/z.png", "b/a/1.png", "a/2.png", "z.png", "c.gif", "b/y.TIFF")
    assert [place for _, place in planned(top, out=tmp_path / "out")] == [
        "c.png", "z.png", "a/2.png", "b/y.png", "b/z.png", "b/a/1.png",
    ]  # fmt: skip
    assert count([top], tmp_path / "out") == 6


def test_what_is_passed_over_is_counted(tmp_path: Path) -> None:
    top = tree(tmp_path / "in", "a.png", "out/earlier.png", ".hidden.png", ".folder/b.png", "twin-red.png")
    (top / "notes.txt").write_text("no picture")
    (top / "folder.png").mkdir()
    # a result beside its drawing, and a drawing that is called like one
    result(top / "a-red.png")
    # a result whose drawing is elsewhere is a drawing to us
    result(top / "b-red.png")
    # a folder that says of itself that results are in it, and one with such a file at the top
    tree(top / "done", "1.png", "2.jpg")
    (top / "done" / "list.csv").touch()
    (top / "done" / RESULTS).touch()
    (top / RESULTS).touch()
    passed = Passed()
    found = [name for name, _ in planned(top, out=top / "out", passed=passed)]
    assert found == ["a.png", "b-red.png", "twin-red.png"]
    assert (passed.hidden, passed.results, passed.other) == (2, 3, 1)
    assert (passed.linked, passed.closed) == ([], [])
    assert count([top], top / "out") == 3


def test_linked_folders_are_named_and_linked_pictures_taken(tmp_path: Path) -> None:
    top, other = tree(tmp_path / "in", "a.png"), tree(tmp_path / "other", "b.png")
    (top / "link").symlink_to(other)
    (top / "c.png").symlink_to(other / "b.png")
    passed = Passed()
    assert planned(top, out=tmp_path / "out", passed=passed) == [("a.png", "a.png"), ("c.png", "c.png")]
    assert passed.linked == [str(top / "link")]


def test_a_drawing_that_several_sources_lead_to_comes_once(tmp_path: Path) -> None:
    top = tree(tmp_path / "in", "a.png", "b.png")
    (top / "c.png").symlink_to(top / "a.png")
    out = tmp_path / "out"
    assert planned(top / "a.png", top, top / "*.png", out=out) == [
        ("a.png", "a.png"),
        ("b.png", "in/b.png"),
    ] or planned(top / "a.png", top, top / "*.png", out=out) == [("a.png", "a.png"), ("b.png", "b.png")]
    assert count([top / "a.png", top, str(top / "*.png")], out) == 2
    # by itself a folder's links are drawings of their own
    assert count([top], out) == 3


def test_folders_are_kept_apart_by_name_and_files_by_number(tmp_path: Path) -> None:
    one, other = tree(tmp_path / "one", "a.png", "d/b.png"), tree(tmp_path / "other", "a.png")
    out = tmp_path / "out"
    assert [place for _, place in planned(one, other, out=out)] == ["one/a.png", "one/d/b.png", "other/a.png"]
    assert [place for _, place in planned(one, other / "a.png", one / "a.png", out=out)] == [
        "a.png",
        "d/b.png",
        "a.png",
    ]
    files = [one / "a.png", other / "a.png"]
    third = tree(tmp_path / "third", "a.jpg") / "a.jpg"
    assert [place for _, place in planned(*files, third, out=out)] == ["a.png", "a-2.png", "a-3.png"]


def test_pictures_that_would_meet_keep_their_extensions(tmp_path: Path) -> None:
    top = tree(tmp_path / "in", "a.png", "a.jpg", "b.png", "sub/a.png")
    assert planned(top, out=tmp_path / "out") == [
        ("a.jpg", "a.jpg.png"), ("a.png", "a.png.png"), ("b.png", "b.png"), ("a.png", "sub/a.png"),
    ]  # fmt: skip


@pytest.mark.parametrize(("format", "ending"), [("png", ".png"), ("webp", ".webp"), ("jpeg", ".jpg")])
def test_each_paint_and_format_has_a_name(tmp_path: Path, format: str, ending: str) -> None:
    top = tree(tmp_path / "in", "sub/a.png")
    paints = {"red": Paint("red"), "blue": Paint("blue")}
    (job,) = plan([top], tmp_path / "out", paints, format)  # type: ignore[arg-type]
    assert [(how and how.rgb, where.relative_to(tmp_path / "out").as_posix()) for how, where in job.tasks] == [  # type: ignore[union-attr]
        ((255, 0, 0), f"red/sub/a{ending}"), ((0, 0, 255), f"blue/sub/a{ending}"),
    ]  # fmt: skip
    (job,) = plan([top], None, {"red": Paint("red")}, format)  # type: ignore[arg-type]
    assert job.outputs == [tmp_path / "in-colored" / "sub" / f"a{ending}"]
    assert job.is_here


def test_rows_have_the_paint_s_other_wishes_and_a_coverage_stays_one(tmp_path: Path) -> None:
    tree(tmp_path / "inputs", "s.png")
    row = {"input_polygon": "s.png", "colour": "blue", "output_image": "deep/x.png"}
    listing = tmp_path / "data.json"
    listing.write_text(json.dumps([row, row | {"at": [3, 4]}, row | {"output_image": "y.webp"}]))
    out = tmp_path / "out"
    wished = {"red": Paint("red", lines="keep", background="transparent")}
    whole, point, third = plan([listing], out, wished)  # type: ignore[arg-type]
    assert whole.tasks == ((Paint("blue", lines="keep", background="transparent"), out / "x.png"),)
    ((how, where),) = point.tasks
    assert isinstance(how, RegionPaint)
    ((place, color),) = how.at
    assert (place.x, place.y, color, how.background, where) == (3, 4, "blue", "transparent", out / "x-2.png")
    assert third.outputs == [out / "y.webp"]
    assert count([listing], out) == 3
    (mask, *_) = plan([listing], out, {"": None})
    assert mask.tasks == ((None, out / "x.png"),)


def test_where_results_go(tmp_path: Path) -> None:
    top = tree(tmp_path / "in", "a.png")
    assert target_of([top], None) == tmp_path / "in-colored"
    assert target_of([f"{top}/."], None) == tmp_path / "in-colored"
    assert target_of([top, top], tmp_path / "x") == tmp_path / "x"
    for sources in ([top, top], [top / "a.png"], ["/"]):
        with pytest.raises(PolycolorError) as refused:
            target_of(sources, None)
        assert str(refused.value) == "where to? Give a folder with -o"


def test_what_cannot_be_planned_is_refused_before_the_first_job(tmp_path: Path) -> None:
    top = tree(tmp_path / "in", "a.png")
    (top / "data.json").write_text("[]")
    for sources, output, words in (
        ([top], top, f"{top}: is the folder of the drawings; give another -o"),
        ([top / "none.png"], top / "out", f"{top / 'none.png'}: no such folder or file"),
        ([top / "data.json"], top / "out", str(top / "data.json")),
    ):
        with pytest.raises(PolycolorError) as refused:
            plan(sources, output, RED)  # type: ignore[arg-type]
        assert str(refused.value).startswith(words)
    # a pattern that nothing matches is no mistake
    assert list(plan([f"{top}/*.webp"], top / "out", RED)) == []  # type: ignore[arg-type]
    # nor is a folder whose name looks like a pattern
    odd = tree(tmp_path / "in[1]", "a.png")
    assert planned(odd, out=tmp_path / "out") == [("a.png", "a.png")]


def test_a_folder_of_results_inside_of_drawings_says_so(tmp_path: Path) -> None:
    top = tree(tmp_path / "in", "a.png")
    mark_folder(tmp_path / "beside", [top])
    assert not (tmp_path / "beside").exists()
    mark_folder(top / "deep" / "out", [tmp_path / "other", top])
    assert "polycolor" in (top / "deep" / "out" / RESULTS).read_text()
    tree(top / "deep" / "out", "a.png")
    assert planned(top, out=tmp_path / "else") == [("a.png", "a.png")]


def test_a_job_from_far_away_is_not_here() -> None:
    from polycolor_cli.files.location import located

    far = located("memory://bucket/a.png")
    here = Path("a.png")
    for source, target, is_here in ((here, here, True), (far, here, False), (here, far, False)):
        assert Job(source, ((None, here), (None, target))).is_here == is_here


def test_pictures_are_found_anywhere(tmp_path: Path) -> None:
    from polycolor_cli.files.location import located

    far = located("memory://plan-of-a-bucket")
    for name in ("a.png", "sub/b.png", "notes.txt"):
        path = far / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    jobs = list(plan([str(far)], tmp_path / "out", RED))  # type: ignore[arg-type]
    assert [job.outputs[0] for job in jobs] == [tmp_path / "out" / "a.png", tmp_path / "out" / "sub" / "b.png"]
    assert not jobs[0].is_here
