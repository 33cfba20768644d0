"""The page's server as programs meet it: what it answers, and whom it refuses."""

import asyncio
import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import requests
from openapi_spec_validator import validate
from PIL import Image

from conftest import Faulty, Refused, Run
from polycolor_cli.fill.colorizer import Filled
from polycolor_cli.fill.paint import Paint
from polycolor_cli.page.work import MOST_PIXELS, Job
from polycolor_cli.page.workers import Failed, Workers
from served import POLYCOLOR, Server, house, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One page for all tests of this file."""
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def post(server: Server, path: str, picture: bytes, name: str = "house.png", **more: object) -> requests.Response:
    return requests.post(server.url + path, files={"picture": (name, picture)}, timeout=60, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ([("color", "teal")], "--color teal"),
        ([("color", "#123"), ("lines", "keep"), ("background", "navy")], "-c #123 --lines keep --background navy"),
        (
            [("color", "red"), ("background", "transparent"), ("holes", "keep")],
            "--color red --background transparent --holes keep",
        ),
        (
            [("at", "100,60=red"), ("at", "50%,50%=rgb(1,2,3)")],
            "--at 100,60=red --at 50%,50%=rgb(1,2,3)",
        ),
        ([("color", "gold"), ("at", "100,60")], "--color gold --at 100,60"),
        ([("each", "random:7"), ("lines", "fill")], "--each random:7 --lines fill"),
        ([("each", "red,blue"), ("by", "shape")], "--each red,blue --by shape"),
        ([("mask", "true")], "--mask"),
    ],
)
def test_a_fill_is_what_colorize_writes(
    server: Server, polycolor: Run, tmp_path: Path, fields: list[tuple[str, str]], options: str
) -> None:
    house().save(tmp_path / "house.png")
    polycolor("colorize", "house.png", *options.split(), "-o", "out.png")
    answer = post(server, "fill", (tmp_path / "house.png").read_bytes(), data=fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Polycolor-State"] == "filled"
    assert answer.content == (tmp_path / "out.png").read_bytes()


def test_a_result_has_the_name_that_colorize_gives_it(server: Server) -> None:
    answer = post(server, "fill", png(house()), "Größe 1.jpeg", data={"color": "#0f0"})
    assert "filename*=UTF-8''Gr%C3%B6%C3%9Fe%201-00ff00.png" in answer.headers["Content-Disposition"]
    # a form's own file names cannot hold quotes: browsers send %22, which may be a name as well
    answer = post(server, "fill", png(house()), "%22", data={"color": "red", "name": 'a "b" 5%22.png'})
    assert "filename*=UTF-8''a%20%22b%22%205%2522-red.png" in answer.headers["Content-Disposition"]
    answer = post(server, "fill", png(house()), "../../etc/passwd.png", data={"mask": "1"})
    assert 'filename="passwd-mask.png"' in answer.headers["Content-Disposition"]


def test_regions_as_a_picture_and_as_a_table(server: Server, polycolor: Run, tmp_path: Path) -> None:
    house().save(tmp_path / "house.png")
    polycolor("colorize", "house.png", "--regions", "-o", "out.png")
    labels = np.asarray(Image.open(io.BytesIO(post(server, "regions", png(house())).content)))
    np.testing.assert_array_equal(labels, np.asarray(Image.open(tmp_path / "out.png")))
    wanted = {"Accept": "application/json"}
    table = post(server, "regions", png(house()), headers=wanted, data={"each": "red,blue,lime"}).json()
    assert table["count"] == len(table["regions"]) == labels.max() == 3
    assert {one["color"] for one in table["regions"]} == {"#ff0000", "#0000ff", "#00ff00"}
    for one in table["regions"]:
        assert one["area"] == (labels == one["region"]).sum()
        x, y = one["point"]
        assert labels[y, x] == one["region"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_lines_of_the_readme_run(server: Server, tmp_path: Path) -> None:
    house(400).save(tmp_path / "house.png")
    house(400).save(tmp_path / "shape.png")
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^ {4}(curl .*)$", readme, re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        command = shlex.split(line.replace("http://127.0.0.1:8425/", server.url))
        # points of the README's own house
        command = [word.replace("120,80", "200,120").replace("30,200", "200,300") for word in command]
        done = subprocess.run([*command, "--fail", "--silent"], cwd=tmp_path, capture_output=True, check=True)
        assert "-o" in command or json.loads(done.stdout)["count"] == 3
    assert Image.open(tmp_path / "labels.png").mode == "I;16"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header_of(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + bytes(64)


@pytest.mark.parametrize(
    "picture",
    [b"", b"no picture", png(house())[:700], header_of(100_000, 100_000)],
    ids=["empty", "text", "cut off", "bomb"],
)
def test_what_is_no_picture_is_refused_as_colorize_does(
    server: Server, polycolor: Run, tmp_path: Path, picture: bytes
) -> None:
    (tmp_path / "odd.png").write_bytes(picture)
    said = polycolor("colorize", "odd.png", "--color", "red", "-o", "out.png", code=1).stderr.decode()
    answer = post(server, "fill", picture, "odd.png", data={"color": "red"})
    assert 400 <= answer.status_code < 500
    assert said.strip() == f"polycolor: {answer.json()['error']}"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "which colour"),
        ({"color": "rde"}, "did you mean red"),
        ({"color": "red", "lines": "none"}, "lines"),
        ({"at": "100,60"}, "in which colour"),
        ({"at": "1,1=red"}, "lies in no region"),
        ({"at": "x=red"}, "not a point"),
        ({"at": "100,60=red", "each": "pastel"}, "give one of them"),
        ({"each": "pastel", "by": "colour"}, "by is"),
    ],
)
def test_what_cannot_be_done_is_one_line(server: Server, fields: dict[str, str], said: str) -> None:
    answer = post(server, "fill", png(house()), data=fields)
    assert answer.status_code == 422
    assert said in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_limits(server: Server) -> None:
    side = int(MOST_PIXELS**0.5) + 1
    answer = post(server, "fill", png(Image.new("1", (side, side))), data={"color": "red"})
    assert (answer.status_code, "million pixels" in answer.text) == (413, True)
    assert requests.post(server.url + "fill", data={"color": "red"}, timeout=9).status_code == 415
    nothing = requests.post(server.url + "fill", files={"other": b"x"}, timeout=9)
    assert (nothing.status_code, "'picture'" in nothing.text) == (400, True)
    two = requests.post(server.url + "fill", files=[("picture", b"x"), ("picture", b"y")], timeout=9)
    assert two.status_code == 400
    broken = requests.post(
        server.url + "fill", data=b"no form", headers={"Content-Type": "multipart/form-data"}, timeout=9
    )
    assert broken.status_code == 400
    assert requests.get(server.url + "etc/passwd", timeout=9).status_code == 404
    assert requests.get(server.url + "static/..%2fapp.py", timeout=9).status_code == 404
    assert requests.get(server.url + "given/0", timeout=9).status_code == 404
    assert requests.get(server.url + "fill", timeout=9).status_code == 405


def raw(server: Server, request: bytes) -> bytes:
    """The answer to what no library would send."""
    host, port = server.url.removeprefix("http://").strip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        return connection.recv(1 << 16)


def test_a_request_that_is_too_large_is_not_read(server: Server) -> None:
    host = server.url.removeprefix("http://").strip("/").encode()
    said = raw(server, b"POST /fill HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 99999999999\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 413")
    head = b"POST /fill HTTP/1.1\r\nHost: " + host + b"\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    body = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\n'
    part = bytes(1 << 20)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (body, *[part] * 65))
    with socket.create_connection(tuple(host.decode().split(":")), timeout=30) as connection:  # type: ignore[arg-type]
        # the server may hang up in the middle of it
        try:
            connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        except OSError:
            return
        assert connection.recv(99).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Host": "192.168.0.7"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
    ids=str,
)
def test_other_names_and_other_sites_are_kept_out(server: Server, headers: dict[str, str]) -> None:
    answer = post(server, "fill", png(house()), data={"color": "red"}, headers=headers)
    assert answer.status_code == 403


def test_a_link_from_another_site_may_lead_here(server: Server) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert requests.get(server.url, headers=headers, timeout=9).status_code == 200


def test_every_answer_says_what_a_browser_may_do_with_it(server: Server) -> None:
    answers = [
        requests.get(server.url, timeout=9),
        requests.get(server.url + "static/main.js", timeout=9),
        requests.get(server.url + "nowhere", timeout=9),
        requests.get(server.url, headers={"Host": "evil.example"}, timeout=9),
        post(server, "fill", png(house()), data={"color": "red"}),
    ]
    for answer in answers:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_schema_is_one_and_tells_of_what_answers(server: Server) -> None:
    schema = requests.get(server.url + "openapi.json", timeout=9).json()
    validate(schema)
    assert schema["info"]["version"] == requests.get(server.url + "healthz", timeout=9).json()["version"]
    for path, methods in schema["paths"].items():
        for method in methods:
            assert requests.request(method, server.url.rstrip("/") + path, timeout=9).status_code not in (404, 405)
    fields = schema["paths"]["/fill"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert set(fields) == {
        "picture",
        "color",
        "at",
        "each",
        "by",
        "lines",
        "background",
        "holes",
        "only",
        "mask",
        "name",
    }


def test_too_many_at_once_are_told_to_come_again(server: Server) -> None:
    large = png(house(900))

    def one(_: int) -> int:
        answer = post(server, "fill", large, data={"color": "red"})
        return answer.status_code if answer.status_code != 429 else 429 * bool(answer.headers["Retry-After"])

    with ThreadPoolExecutor(100) as pool:
        states = list(pool.map(one, range(150)))
    assert set(states) == {200, 429}
    assert post(server, "fill", large, data={"color": "red"}).status_code == 200


class Slow(Faulty):
    """Takes for ever over a picture of 50 pixels a side."""

    def fill_each(self, image: Image.Image, hows: list[Paint | None]) -> Iterator[Filled]:
        if image.size == (50, 50):
            time.sleep(60)
        return super().fill_each(image, hows)


@pytest.mark.slow
def test_a_picture_that_crashes_or_takes_too_long_costs_itself_alone() -> None:
    workers = Workers(Slow(), count=1, seconds=20)

    async def fill(side: int) -> bytes:
        picture = png(Image.new("L", (side, side), 255))
        return (await workers.answer(Job("fill", picture, "odd.png", (("color", "red"),)))).body

    async def several() -> None:
        with pytest.raises(Failed, match=r"odd\.png: ended the process"):
            await fill(60)
        assert (await fill(70)).startswith(b"\x89PNG")
        workers._free[0]._seconds = 0.2
        with pytest.raises(Failed, match=r"odd\.png: took over"):
            await fill(50)
        workers._free[0]._seconds = 20
        assert (await fill(70)).startswith(b"\x89PNG")

    try:
        asyncio.run(several())
    finally:
        workers.end()


def test_nothing_is_written(server: Server) -> None:
    post(server, "fill", png(house()) + bytes(3 << 20), data={"color": "red"})
    assert list(server.folder.iterdir()) == []


def test_ctrl_c_ends_it_and_its_processes_whatever_they_are_at(tmp_path: Path) -> None:
    with serving(tmp_path) as server, ThreadPoolExecutor(4) as pool:
        large = png(house(3000))
        busy = [pool.submit(post, server, "fill", large, data={"color": "red"}) for _ in range(4)]
        time.sleep(0.5)
        code, said = server.end()
        assert (code, said) == (130, "polycolor: stopped\n")
        for one in busy:
            assert one.exception() is not None or one.result().status_code in (200, 500, 503)
    # those of its session
    left = subprocess.run(["pgrep", "-s", str(server.process.pid)], capture_output=True, check=False).stdout.split()
    until = time.monotonic() + 10
    while left and time.monotonic() < until:
        time.sleep(0.1)
        left = subprocess.run(["pgrep", "-s", str(server.process.pid)], capture_output=True, check=False).stdout.split()
    assert not left


def test_sigterm_ends_it_too(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        os.kill(server.process.pid, signal.SIGTERM)
        assert server.process.wait(20) == 143


def test_who_listens_for_others_says_so_and_takes_no_strange_names(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "0.0.0.0", "--api-only") as server:
        port = server.url.rstrip("/").rpartition(":")[2]
        local = f"http://127.0.0.1:{port}/healthz"
        assert requests.get(local, timeout=9).status_code == 200
        assert requests.get(local, headers={"Host": f"192.168.0.7:{port}"}, timeout=9).status_code == 200
        assert requests.get(local, headers={"Host": "evil.example"}, timeout=9).status_code == 403
        assert requests.get(f"http://127.0.0.1:{port}/", timeout=9).status_code == 404
        said = server.end()[1]
    assert "everybody who can reach this machine can use it" in said


def test_pictures_to_begin_with(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    house().save(tmp_path / "folder" / "b.png")
    house().save(tmp_path / "a.png")
    (tmp_path / "folder" / "notes.txt").write_text("no picture")
    with serving(tmp_path, "a.png", "folder") as server:
        assert requests.get(server.url + "about", timeout=9).json()["given"] == ["a.png", "b.png"]
        assert requests.get(server.url + "given/1", timeout=9).content == (tmp_path / "folder" / "b.png").read_bytes()


def test_what_cannot_be_served_is_one_line(refused: Refused, server: Server, tmp_path: Path) -> None:
    port = server.url.rstrip("/").rpartition(":")[2]
    assert "in use" in refused("page", "--no-browser", "--port", port)
    assert "no name or address" in refused("page", "--no-browser", "--host", "no.such.host.invalid")
    assert "no such file" in refused("page", "--no-browser", "nothing.png")
    (tmp_path / "bare").mkdir()
    assert "no pictures" in refused("page", "--no-browser", "bare")
    assert "no page to show" in refused("page", "--api-only", POLYCOLOR)
