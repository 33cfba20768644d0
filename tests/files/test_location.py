"""Pictures elsewhere: in memory, in a zip, and on a real S3-compatible server."""

import json
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from PIL import Image
from upath import UPath

from conftest import Run, square
from polycolor_cli.batch.plan import plan
from polycolor_cli.batch.run import run
from polycolor_cli.batch.work import Outcome
from polycolor_cli.errors import PolycolorError
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint

RED: dict = {"red": Paint("red")}


def png(side: int = 64) -> bytes:
    buffer = BytesIO()
    square(side).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with a bucket `drawings` that holds three pictures and a broken one."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="drawings")
    for name in ("in/a.png", "in/deep/b.png", "in/deep/c.png"):
        client.put_object(Bucket="drawings", Key=name, Body=png())
    client.put_object(Bucket="drawings", Key="in/bad.png", Body=b"broken")
    yield "s3://drawings"
    server.stop()


def do(source: object, out: object) -> dict[str, Outcome]:
    outcomes = run(plan([str(source)], str(out), RED), Colorizer(threads=1), 1)
    return {outcome.source.rpartition("/")[2]: outcome for outcome in outcomes}


def test_in_memory() -> None:
    top = UPath("memory://drawings")
    for name in ("a.png", "deep/b.png", ".hidden.png"):
        (top / name).write_bytes(png())
    assert {name: o.state for name, o in do(top, "memory://out").items()} == {"a.png": "filled", "b.png": "filled"}
    with UPath("memory://out/deep/b.png").open("rb") as file:
        assert Image.open(file).getpixel((32, 32)) == (255, 0, 0)
    assert {o.state for o in do(top, "memory://out").values()} == {"kept"}
    assert [o.state for o in do("memory://drawings/*.png", "memory://other").values()] == ["filled"]


def test_from_a_zip_to_a_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as file:
        file.writestr("in/a.png", png())
        file.writestr("in/deep/b.png", png())
    outcomes = do(f"zip://in::{tmp_path}/d.zip", tmp_path / "out")
    assert {o.state for o in outcomes.values()} == {"filled"}
    assert sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.png")) == [
        "a.png", "deep/b.png",
    ]  # fmt: skip


def test_on_s3_with_the_real_command(s3: str, polycolor: Run) -> None:
    arguments = ("batch", f"{s3}/in", "-c", "red", "-c", "blue", "--json", "--workers", "2")
    first = [json.loads(line) for line in polycolor(*arguments, code=1).stdout.splitlines()]
    states = {row["source"]: row["state"] for row in first[:-1]}
    assert states == {
        f"{s3}/in/a.png": "filled", f"{s3}/in/bad.png": "failed",
        f"{s3}/in/deep/b.png": "filled", f"{s3}/in/deep/c.png": "filled",
    }  # fmt: skip
    blue = boto3.client("s3").get_object(Bucket="drawings", Key="in-colored/blue/deep/b.png")["Body"].read()
    assert Image.open(BytesIO(blue)).getpixel((32, 32)) == (0, 0, 255)
    again = [json.loads(line) for line in polycolor(*arguments, code=1).stdout.splitlines()]
    assert again[-1]["summary"]["kept"] == 3
    assert b"no such folder" in polycolor("batch", f"{s3}/nowhere", "-c", "red", "-o", "out", code=2).stderr
    assert polycolor("batch", f"{s3}/in/deep", "-c", "red", "-o", "here").stdout.startswith(b"2 of 2")


def test_places_that_nothing_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PolycolorError, match="no such kind of place as nonsense://"):
        plan(["nonsense://x"], "out", RED)
    monkeypatch.setitem(sys.modules, "upath", None)
    with pytest.raises(PolycolorError, match=r"polycolor\[cloud\]"):
        plan(["s3://bucket"], "out", RED)


def test_a_server_that_is_not_there_is_one_line(polycolor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    done = polycolor("batch", "s3://drawings/in", "-c", "red", "-o", "out", code=2)
    assert len(done.stderr.splitlines()) == 1
