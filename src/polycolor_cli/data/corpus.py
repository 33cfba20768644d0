"""Folders of SVGs, and icon packages, as files of illustrations to draw line art from.

    python -m polycolor_cli.data.corpus OUT.npz SOURCE...

A source is a folder, searched through for .svg files, or the icons.json of a package in Iconify's format. What the
default model has learnt from, and how its two files were made, is said in illustrations.md beside this file.
"""

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from polycolor_cli.data.illustrations import Illustration, from_svg, save
from polycolor_cli.errors import FileError, PolycolorError
from polycolor_cli.processes import context, cores, end_with_parent, warm_up

MAX_BYTES = 2_000_000
"""The largest SVG that is read."""
REPEATED = re.compile(r"-(medium-)?(light|medium|dark)(-skin-tone)?(-|$)|-skin-tone|^flag-")
"""Names of icons that are another one in other colours, or a flag: stripes are no line art."""

Report = Callable[[str], None]


def corpus_of(folder: Path, report: Report = lambda line: None) -> Path:
    """The illustrations of a folder's SVGs as one file, in the user's cache; made anew when the folder has changed.

    `report` is told of each SVG that cannot be used, in a line. Raises PolycolorError where none can be.
    """
    if not folder.is_dir():
        raise FileError(f"{folder}: no such folder")
    from polycolor_cli.models.weights import cache

    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".svg" and path.is_file())
    state = "\n".join(f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files)
    name = hashlib.sha256(f"{folder.resolve()}\n{state}".encode("utf-8", "backslashreplace")).hexdigest()[:16]
    made = cache().parent / "shapes" / f"{name}.npz"
    if not made.is_file():
        found = illustrations((str(path), path) for path in files)
        kept = [one for one in _readable(found, report) if one is not None]
        if not kept:
            raise FileError(f"{folder}: there is no SVG with flat areas in it")
        made.parent.mkdir(parents=True, exist_ok=True)
        save(kept, made)
    return made


def illustrations(sources: Iterator[tuple[str, Path | str]]) -> Iterator[tuple[str, Illustration | str]]:
    """Each SVG, given by name and as a path or its text, as an illustration, or in words what is wrong with it."""
    warm_up()
    with ProcessPoolExecutor(cores(), context(), end_with_parent) as processes:
        try:
            yield from processes.map(_one, sources)
        except BaseException:
            # what is under way is soon done; what is not is not waited for
            processes.shutdown(cancel_futures=True)
            raise


def _one(source: tuple[str, Path | str]) -> tuple[str, Illustration | str]:
    name, data = source
    try:
        if isinstance(data, Path):
            if data.stat().st_size > MAX_BYTES:
                return name, f"over {MAX_BYTES // 10**6} MB"
            data = data.read_text(encoding="utf-8")
        found = from_svg(data)
    except (OSError, UnicodeDecodeError, PolycolorError) as error:
        return name, str(error).splitlines()[0]
    return name, found or "no flat areas, or far too many"


def _readable(found: Iterator[tuple[str, Illustration | str]], report: Report) -> Iterator[Illustration | None]:
    for name, one in found:
        if isinstance(one, str):
            report(f"{FileError(name)}: passed over ({one})")
        yield None if isinstance(one, str) else one


def _in_package(listing: Path) -> Iterator[tuple[str, str]]:
    """The icons of a package in Iconify's format, by name, as SVGs."""
    table = json.loads(listing.read_text(encoding="utf-8"))
    for name, icon in table["icons"].items():
        if not REPEATED.search(name):
            width, height = (icon.get(side, table.get(side, 16)) for side in ("width", "height"))
            space = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
            yield name, f'<svg {space} viewBox="0 0 {width} {height}">{icon["body"]}</svg>'


def _sources(place: Path) -> Iterator[tuple[str, Path | str]]:
    if place.is_dir():
        yield from ((str(path), path) for path in sorted(place.rglob("*.svg")))
    else:
        yield from _in_package(place)


if __name__ == "__main__":
    out, *places = map(Path, sys.argv[1:])
    lines: list[str] = []
    found = (one for place in places for one in illustrations(_sources(place)))
    kept = [one for one in _readable(found, lines.append) if one is not None]
    print("\n".join(lines), file=sys.stderr)
    save(kept, out)
    print(f"{len(kept)} illustrations in {out}, {len(lines)} passed over")
