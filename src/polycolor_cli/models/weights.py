"""A model's name -> the verified bytes of a file: shipped with the package, cached, downloaded, or a path.

The default model ships with the package. The others that are published are listed in
`models/registry.toml` with their sizes and SHA-256; they are downloaded on first use to the user's
cache, and what lies there is verified again whenever it is read.
"""

import hashlib
import os
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polycolor_cli.models.check import ModelError, check

DEFAULT = "polycolor"
MAX_BYTES = 200_000_000
"""The largest file that is taken for a model."""
TIMEOUT = (10, 30)
"""Seconds to wait for a server: for a connection, and for more of an answer."""

Progress = Callable[[str, int, int], None]
"""Told of a download: its name, and how many bytes of how many there are."""

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Published:
    """A model that everybody can have by name."""

    name: str
    file: str
    size: int
    sha256: str
    licence: str
    about: str
    figures: dict[str, float]

    @property
    def ships(self) -> bool:
        """Whether it comes with the package."""
        return (_HERE / self.file).is_file()

    @property
    def path(self) -> Path:
        """Where its file is, or will be once it is downloaded."""
        return _HERE / self.file if self.ships else cache() / self.file


def published() -> dict[str, Published]:
    """The published models by name, the default one first."""
    table = tomllib.loads((_HERE / "registry.toml").read_text(encoding="utf-8"))
    return {name: Published(name=name, **entry) for name, entry in table["models"].items()}


def cache() -> Path:
    """The folder of downloaded models, which is polycolor's alone: in `POLYCOLOR_CACHE`, or in the user's cache."""
    given = os.environ.get("POLYCOLOR_CACHE")
    if given:
        return Path(given) / "polycolor-models"
    from platformdirs import user_cache_path

    return user_cache_path("polycolor", appauthor=False) / "models"


def read(model: str | Path = DEFAULT, offline: bool = False, progress: Progress | None = None) -> bytes:
    """The bytes of a model: a published name, an http(s) URL, an `.onnx` file, or the folder of a run.

    What is published is verified by its SHA-256; a URL may end in `#sha256=...` to be verified too. With
    `offline`, or POLYCOLOR_OFFLINE=1, nothing is downloaded. Raises ModelError, and leaves nothing behind,
    where there is no such model, it cannot be had, or it is not one of polycolor's.
    """
    if str(model) == DEFAULT:
        return (_HERE / f"{DEFAULT}.onnx").read_bytes()
    if str(model) in (known := published()):
        entry = known[str(model)]
        if entry.ships:
            return entry.path.read_bytes()
        return _fetched(entry.file, mirror() + entry.file, entry.sha256, entry.size, offline, progress)
    if str(model).startswith(("http://", "https://")):
        url, _, digest = str(model).partition("#sha256=")
        name = f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.onnx"
        data = _fetched(name, url, digest.lower() or None, None, offline, progress)
        try:
            return check(data, url)
        except ModelError:
            # the server may have been at fault, and be mended by the next time
            (cache() / name).unlink(missing_ok=True)
            raise
    return check(_bytes_of(_file_of(model)), str(model))


def mirror() -> str:
    """The address that published models are downloaded from, with a slash at its end."""
    table = tomllib.loads((_HERE / "registry.toml").read_text(encoding="utf-8"))
    return str(os.environ.get("POLYCOLOR_MODELS_URL") or table["url"]).rstrip("/") + "/"


def _file_of(model: str | Path) -> Path:
    path = Path(model)
    if path.suffix == ".safetensors" and path.exists():
        raise ModelError(f"{model}: this file is to train on; give the .onnx file beside it")
    if path.is_dir() and (path / "model.onnx").is_file():
        return path / "model.onnx"
    if not path.is_file():
        raise ModelError(f"{model}: no such model; give {' or '.join(map(repr, published()))}, an .onnx file or a URL")
    return path


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from None
    if len(data) > MAX_BYTES:
        raise ModelError(f"{path}: over {MAX_BYTES // 10**6} MB; no model of polycolor's is that large")
    return data


def _fetched(
    file: str, url: str, sha256: str | None, size: int | None, offline: bool, progress: Progress | None
) -> bytes:
    """A file from the cache, or from its address by way of the cache."""
    path = cache() / file
    if path.is_file():
        data = _bytes_of(path)
        if sha256 is None or hashlib.sha256(data).hexdigest() == sha256:
            return data
    if offline or os.environ.get("POLYCOLOR_OFFLINE", "") not in ("", "0"):
        what = "is damaged in the cache" if path.is_file() else "is not in the cache"
        raise ModelError(f"{url}: {what}, and nothing is downloaded offline")
    import pooch
    import requests

    pooch.get_logger().disabled = True
    try:
        got = pooch.retrieve(
            url, f"sha256:{sha256}" if sha256 else None, file, cache(), downloader=_Download(size, progress)
        )
        data = Path(got).read_bytes()
    except requests.Timeout:
        raise ModelError(f"{url}: no answer for {TIMEOUT[1]} seconds; try again later") from None
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        raise ModelError(f"{url}: the server answers {status}") from None
    except requests.RequestException as error:
        raise ModelError(f"{url}: cannot be downloaded ({_reason(error)})") from None
    except ValueError as error:
        if "hash" not in str(error):
            raise ModelError(f"{url}: cannot be downloaded ({_reason(error)})") from None
        raise ModelError(f"{url}: what was downloaded is not what was published (its SHA-256 differs)") from None
    except OSError as error:
        raise ModelError(
            f"{cache()}: no model can be kept there ({error.strerror or error}); set POLYCOLOR_CACHE to another folder"
        ) from None
    # another process may have put a file of its own there since
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(f"{path}: was changed while it was downloaded; try again")
    return data


def _reason(error: Exception) -> str:
    """The innermost reason of an error that wraps others, in one line."""
    while error.__cause__ or error.__context__:
        inner = error.__cause__ or error.__context__
        if not isinstance(inner, Exception):
            break
        error = inner
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


class _Download:
    """Downloads for pooch, and gives up on a file that is larger than it should be."""

    def __init__(self, size: int | None, progress: Progress | None) -> None:
        self._size, self._progress = size, progress

    def __call__(self, url: str, output_file: Any, pooch: Any) -> None:
        import requests

        name = url.rpartition("/")[2]
        with requests.get(url, stream=True, timeout=TIMEOUT) as answer, Path(output_file).open("wb") as file:
            answer.raise_for_status()
            most = self._size or MAX_BYTES
            total = self._size or int(answer.headers.get("Content-Length") or 0)
            done = 0
            for piece in answer.iter_content(1 << 16):
                done += len(piece)
                if done > most:
                    raise requests.RequestException(f"larger than the {most} bytes that it should have")
                file.write(piece)
                if self._progress is not None:
                    self._progress(name, done, total)


def clear() -> int:
    """Remove every downloaded model, and what broken-off downloads left. Returns how many bytes that freed.

    What else somebody has put beside them stays.
    """
    freed = 0
    ours = {entry.file for entry in published().values()}
    for path in cache().glob("*") if cache().is_dir() else ():
        if path.is_file() and (path.name in ours or _DOWNLOADED.fullmatch(path.name)):
            freed += path.stat().st_size
            path.unlink()
    return freed


_DOWNLOADED = re.compile(r"[0-9a-f]{16}\.onnx|tmp[a-z0-9_]{8}")
"""What a model from a URL is called, and what pooch calls a download under way."""
