"""Models by name: a real local HTTP server that misbehaves in every way one can."""

import hashlib
import http.server
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.models import weights
from polycolor_cli.models.check import ModelError
from polycolor_cli.models.weights import DEFAULT, published, read

MODEL = read()
DIGEST = hashlib.sha256(MODEL).hexdigest()
ENTRY = """
[models.{name}]
file = "{name}.onnx"
size = {size}
sha256 = "{sha256}"
licence = "MIT"
about = ""
figures = {{}}
"""
REGISTRY = 'url = "http://127.0.0.1:9/"' + "".join(
    ENTRY.format(name=name, size=len(MODEL), sha256=DIGEST) for name in ("polycolor", "other")
)


class Handler(http.server.BaseHTTPRequestHandler):
    """The first folder of a path says how the file is served."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        how = self.path.split("/")[1]
        if how in ("404", "500"):
            self.send_error(int(how))
            return
        if how in ("redirect", "circle"):
            self.send_response(302)
            self.send_header("Location", "/good/other.onnx" if how == "redirect" else self.path)
            self.end_headers()
            return
        body = {
            "wrong": MODEL[:-1] + b"x",
            "short": MODEL[:1000],
            "long": MODEL * 3,
            "page": b"<html>login</html>",
        }.get(how, MODEL)
        self.send_response(200)
        if how != "unsized":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            if how == "cut":
                self.wfile.write(body[: len(body) // 2])
            elif how in ("slow", "stalled"):
                for start in range(0, len(body), len(body) // 5):
                    self.wfile.write(body[start : start + len(body) // 5])
                    time.sleep(0.1 if how == "slow" else 3)
            else:
                self.wfile.write(body)
        except OSError:
            pass  # the client has had enough

    def log_message(self, *given: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server's address; `other` is published, nothing is cached, and waiting is short."""
    here = tmp_path / "package"
    here.mkdir()
    (here / "registry.toml").write_text(REGISTRY)
    (here / "polycolor.onnx").write_bytes(MODEL)
    monkeypatch.setattr(weights, "_HERE", here)
    monkeypatch.setattr(weights, "TIMEOUT", (1, 1))
    monkeypatch.setenv("POLYCOLOR_CACHE", str(tmp_path / "cache"))
    Handler.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}"
        served.shutdown()


def left(tmp_path: Path) -> list[str]:
    folder = tmp_path / "cache" / "polycolor-models"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_the_default_model_ships_with_the_package_and_is_what_is_published() -> None:
    entry = published()[DEFAULT]
    assert entry.ships
    assert 100_000 < entry.size == len(MODEL) < 3_000_000
    assert entry.sha256 == DIGEST


def test_every_published_model_is_in_the_repository_as_it_is_released() -> None:
    releases = Path(__file__).parents[2] / "models"
    for entry in published().values():
        data = (entry.path if entry.ships else releases / entry.file).read_bytes()
        assert len(data) == entry.size <= 12_000_000
        assert hashlib.sha256(data).hexdigest() == entry.sha256


@pytest.mark.parametrize("how", ["good", "slow", "redirect", "unsized"])
def test_a_model_is_downloaded_once(server: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYCOLOR_MODELS_URL", f"{server}/{how}")
    seen: list[tuple[str, int, int]] = []
    assert read("other", progress=lambda *told: seen.append(told)) == MODEL
    assert seen[-1] == ("other.onnx", len(MODEL), len(MODEL))
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})
    count = len(Handler.asked)
    assert Handler.asked[0] == f"/{how}/other.onnx"
    assert read("other") == MODEL
    assert len(Handler.asked) == count
    assert left(tmp_path) == ["other.onnx"]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("cut", "cannot be downloaded"),
        ("stalled", "cannot be downloaded"),
        ("circle", "cannot be downloaded"),
        ("404", "answers 404"),
        ("500", "answers 500"),
        ("short", "SHA-256 differs"),
        ("wrong", "SHA-256 differs"),
        ("page", "SHA-256 differs"),
        ("long", "larger than"),
    ],
)
def test_a_bad_download_is_one_line_and_leaves_nothing(
    server: str, how: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYCOLOR_MODELS_URL", f"{server}/{how}/")
    with pytest.raises(ModelError, match=why) as caught:
        read("other")
    assert "\n" not in str(caught.value)
    assert left(tmp_path) == []


def test_no_server_at_all(server: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be downloaded"):
        read("other")
    assert left(tmp_path) == []


def test_a_damaged_file_in_the_cache_is_replaced(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYCOLOR_MODELS_URL", f"{server}/good")
    read("other")
    cached = tmp_path / "cache" / "polycolor-models" / "other.onnx"
    cached.write_bytes(MODEL[:5000])
    assert read("other") == MODEL == cached.read_bytes()
    cached.write_bytes(MODEL[:5000])
    with pytest.raises(ModelError, match="damaged in the cache"):
        read("other", offline=True)


def test_offline_never_touches_the_network(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYCOLOR_MODELS_URL", f"{server}/good")
    with pytest.raises(ModelError, match="not in the cache"):
        read("other", offline=True)
    monkeypatch.setenv("POLYCOLOR_OFFLINE", "1")
    for model in ("other", f"{server}/good/x.onnx"):
        with pytest.raises(ModelError, match="offline"):
            read(model)
    assert Handler.asked == []
    monkeypatch.delenv("POLYCOLOR_OFFLINE")
    read("other")
    assert read("other", offline=True) == MODEL


def test_a_url_is_a_model_and_may_say_its_hash(server: str, tmp_path: Path) -> None:
    assert read(f"{server}/good/mine.onnx") == MODEL
    assert read(f"{server}/good/mine2.onnx#sha256={DIGEST}") == MODEL
    with pytest.raises(ModelError, match="SHA-256 differs"):
        read(f"{server}/good/mine3.onnx#sha256={'0' * 64}")
    with pytest.raises(ModelError, match=f"^{server}/page/mine4.onnx: not an ONNX file"):
        read(f"{server}/page/mine4.onnx")
    told: list[tuple[str, int, int]] = []
    read(f"{server}/good/mine5.onnx", progress=lambda *given: told.append(given))
    read(f"{server}/unsized/mine6.onnx", progress=lambda *given: told.append(given))
    # a size that nobody says is 0
    assert {(name, total) for name, _, total in told} == {("mine5.onnx", len(MODEL)), ("mine6.onnx", 0)}


def test_addresses_are_asked_as_they_are_given(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for given in (f"{server}/good", f"{server}/good/", f"{server}/good//"):
        monkeypatch.setenv("POLYCOLOR_MODELS_URL", given)
        assert weights.mirror() == f"{server}/good/"
    monkeypatch.delenv("POLYCOLOR_MODELS_URL")
    assert weights.mirror() == "http://127.0.0.1:9/"
    with pytest.raises(ModelError, match=r"^https://nowhere\.invalid/x\.onnx: is not in the cache, and nothing is"):
        read("https://nowhere.invalid/x.onnx", offline=True)


def test_the_cache_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("POLYCOLOR_CACHE", raising=False)
    assert weights.cache() == user_cache_path("polycolor", appauthor=False) / "models"
    monkeypatch.setenv("POLYCOLOR_CACHE", str(tmp_path))
    assert weights.cache() == tmp_path / "polycolor-models"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="there is no file here that cannot be read")
def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ModelError, match=r"^/proc/self/mem: cannot be read \(.+\)$"):
        read("/proc/self/mem")


def test_a_cache_that_cannot_be_written(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYCOLOR_MODELS_URL", f"{server}/good")
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(ModelError, match="set POLYCOLOR_CACHE"):
        read("other")


def test_a_full_disk(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYCOLOR_MODELS_URL", f"{server}/good")
    code = (
        "import signal, sys; from pathlib import Path; from polycolor_cli.models import weights\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"weights._HERE = Path({str(tmp_path / 'package')!r})\n"
        "try: weights.read('other')\n"
        "except weights.ModelError as error: print(error)"
    )

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=little_room)
    assert "no model can be kept there" in done.stdout, done.stderr
    assert left(tmp_path) == []


def test_twenty_processes_at_once(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYCOLOR_MODELS_URL", f"{server}/slow")
    code = (
        "from pathlib import Path; from polycolor_cli.models import weights; import hashlib\n"
        f"weights._HERE = Path({str(tmp_path / 'package')!r})\n"
        "print(hashlib.sha256(weights.read('other')).hexdigest())"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(20)]
    assert {process.communicate()[0].strip() for process in processes} == {DIGEST}
    assert left(tmp_path) == ["other.onnx"]


def test_clearing_keeps_what_is_not_ours(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYCOLOR_MODELS_URL", f"{server}/good")
    assert weights.clear() == 0
    read("other")
    (tmp_path / "cache" / "polycolor-models" / "notes.txt").write_text("mine")
    assert weights.clear() == len(MODEL)
    assert left(tmp_path) == ["notes.txt"]


def test_a_path_is_a_model_and_so_is_a_run(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(MODEL)
    assert read(model) == read(str(model)) == read(tmp_path) == MODEL
    assert Colorizer(model).conditioning == "coverage"


def test_says_which_model_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        read(tmp_path / "none.onnx")
    trained = tmp_path / "model.safetensors"
    trained.write_bytes(b"")
    with pytest.raises(ModelError, match=r"\.onnx file beside it"):
        read(trained)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_model_that_may_not_be_read(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(MODEL)
    model.chmod(0)
    with pytest.raises(ModelError, match="cannot be read"):
        read(model)


def test_what_fails_its_check_is_not_kept(server: str, tmp_path: Path) -> None:
    """A server that answers with a page of HTML is mended some day; what it sent meanwhile must not stay."""
    with pytest.raises(ModelError, match="not an ONNX file"):
        read(f"{server}/page/mine.onnx")
    assert left(tmp_path) == []


def test_clearing_a_folder_that_others_use_too(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYCOLOR_MODELS_URL", f"{server}/good")
    folder = tmp_path / "cache"
    folder.mkdir()
    for name in ("mine.onnx", "tmpfile", "tmp12345678", "0123456789abcdef.onnx"):
        (folder / name).write_text("mine")
    read("other")
    assert weights.clear() == len(MODEL)
    assert len([path for path in folder.iterdir() if path.is_file()]) == 4
