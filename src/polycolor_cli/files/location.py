"""Where things lie: on this machine as pathlib knows it, or wherever fsspec reaches (s3://, gs://, zip://).

Places elsewhere are UPaths (universal-pathlib, by the makers of fsspec), which have the methods of a Path.
"""

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from polycolor_cli.errors import PolycolorError
from polycolor_cli.files import atomic

KINDS = ("s3", "gs", "gcs", "az", "abfs", "http", "https", "ftp", "sftp", "smb", "hdfs", "zip", "tar", "file", "memory")
"""What places are that fsspec reaches, where it is not installed to be asked."""


def located(place: str | Path) -> Path:
    """The place that a person named: a path, or a URL. Raises PolycolorError where nothing here knows such URLs."""
    if not isinstance(place, str):
        return place
    if "://" not in place:
        return Path(place)
    kind = place.partition("://")[0]
    unknown = PolycolorError(f"{place}: there is no such kind of place as {kind}://")
    try:
        from upath import UPath
    except ImportError:
        if kind not in KINDS:
            raise unknown from None
        raise PolycolorError(f"{place}: {kind}:// needs more; install polycolor[cloud]") from None
    from fsspec import available_protocols  # type: ignore[import-untyped]

    if kind not in available_protocols():
        raise unknown
    try:
        return UPath(place)  # type: ignore[return-value]
    except (ImportError, ValueError) as error:
        raise PolycolorError(f"{place}: {kind}:// cannot be reached ({error})") from None


def is_here(place: Path) -> bool:
    """Whether a place lies on this machine's own file system."""
    return isinstance(place, Path)


def real(place: Path) -> Path:
    """The place itself, whatever way leads to it."""
    # not pathlib's resolve, which some versions of Python let fail on links in circles
    return Path(os.path.realpath(place)) if is_here(place) else place


def matching(pattern: Path) -> list[Path]:
    """What matches a pattern and is not hidden, in order."""
    if is_here(pattern):
        return sorted(Path(path) for path in glob.glob(str(pattern), recursive=True))  # noqa: PTH207 - it may be absolute
    system = pattern.fs  # type: ignore[attr-defined]
    found = [located(system.unstrip_protocol(path)) for path in sorted(system.glob(pattern.path))]  # type: ignore[attr-defined]
    return [path for path in found if not path.name.startswith(".")]


@contextmanager
def reported(place: Path, trouble: str) -> Iterator[None]:
    """Turns what goes wrong with a place into one line; every store has errors of its own."""
    try:
        yield
    except PolycolorError:
        raise
    except Exception as error:
        if is_here(place) and not isinstance(error, OSError):
            raise
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise PolycolorError(f"{place}: {trouble} ({why})") from None


def stage(place: Path, data: bytes) -> list[atomic.Staged]:
    """Write a file, and its folder if need be; returns what has still to be placed to be there.

    On this machine that is the file; object stores make one visible themselves, and only once it is complete.
    Raises PolycolorError where it cannot be written.
    """
    with reported(place, "cannot be written"):
        try:
            return _staged(place, data)
        except FileNotFoundError:
            # most stores know no folders, some do
            place.parent.mkdir(parents=True, exist_ok=True)
            return _staged(place, data)


def _staged(place: Path, data: bytes) -> list[atomic.Staged]:
    if is_here(place):
        return [atomic.stage(place, data)]
    place.write_bytes(data)
    return []
