"""Many pictures: plan, stream, resume, report.

Every output carries a mark made of its drawing's bytes, the paint, the format and the model. A batch
that is started again reads the marks and does only what is missing or would come out differently.
"""

import glob
import hashlib
import itertools
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from polycolor_cli.data.dataset import read_rows
from polycolor_cli.errors import PolycolorError
from polycolor_cli.fill import Colorizer, Paint
from polycolor_cli.picture import READABLE, encode, format_of, mark_of, read_picture, size_of, sweep, write_whole

State = Literal["filled", "kept", "failed"]
Format = Literal["png", "webp", "jpeg"]
Kind = Literal["folder", "file", "glob", "rows"]

PIXELS_AT_ONCE = 200_000_000
"""Pixels of drawings that are open at the same time, however many workers there are."""
AHEAD = 3
"""Jobs waiting for each worker."""


@dataclass(frozen=True)
class Job:
    """One drawing, and for each paint (None for the coverage itself) where the result goes."""

    source: Path
    tasks: tuple[tuple[Paint | None, Path], ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a drawing.

    state: `filled`, `kept` where every output was there already, or `failed`; reason: why it failed, or
    what a person should know of the fill; share: covered share of the picture (0..1), where it was filled.
    """

    source: str
    outputs: list[str]
    state: State
    reason: str | None = None
    share: float | None = None
    seconds: float = 0.0

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass
class Passed:
    """What a search for pictures passed over: counts, and a line for every folder that cannot be listed."""

    hidden: int = 0
    other: int = 0
    closed: list[str] = field(default_factory=list)


def plan(
    sources: Iterable[str | Path],
    output: Path | None,
    paints: dict[str, Paint | None],
    format: Format = "png",
    passed: Passed | None = None,
) -> Iterator[Job]:
    """A job for every picture in folders (searched through and through), files, glob patterns and data.jsons.

    paints: by the name of the folder that each gets below `output`, where there are several. `output` is
    None only for a single folder, and then `FOLDER-colored` beside it. A data.json brings colours and
    names of its own. Pictures that would meet under one name keep their extensions: a.png and a.jpg
    become a.png.png and a.jpg.png. Hidden files, other files and `output` itself are passed over and
    counted in `passed`. Raises PolycolorError for a source that is not there, before the first job.
    """
    named = [str(source) for source in sources]
    target = target_of(named, output)
    kinds = [_kind(source) for source in named]
    for source in named:
        if Path(source).resolve() == target.resolve():
            raise PolycolorError(f"{target}: is the folder of the drawings; give another -o")
    return _jobs(list(zip(named, kinds, strict=True)), target, paints, format, passed or Passed())


def _jobs(
    sources: list[tuple[str, Kind]], target: Path, paints: dict[str, Paint | None], format: Format, passed: Passed
) -> Iterator[Job]:
    ending = ".jpg" if format == "jpeg" else f".{format}"
    apart = sum(kind == "folder" for _, kind in sources) > 1
    taken: set[Path] = set()
    for source, kind in sources:
        if kind == "rows":
            how = next(iter(paints.values()))
            for row in read_rows(Path(source)):
                yield Job(row.drawing, ((how and replace(how, color=row.colour), target / row.painted.name),))
            continue
        for where, files in _groups(source, kind, target, passed):
            below = Path(Path(source).resolve().name) / where if apart and kind == "folder" else where
            for file, name in zip(files, _names(files), strict=True):
                place = below / f"{name}{ending}"
                if kind != "folder":
                    place = _free(place, taken)
                    taken.add(place)
                folders = paints if len(paints) > 1 else dict.fromkeys([""], next(iter(paints.values())))
                yield Job(file, tuple((how, target / folder / place) for folder, how in folders.items()))


def _groups(source: str, kind: Kind, target: Path, passed: Passed) -> Iterator[tuple[Path, list[Path]]]:
    """The pictures of a source, folder by folder, each with the folder's place in it."""
    if kind == "folder":
        yield from _pictures(Path(source), target, passed)
    elif kind == "file":
        yield Path(), [Path(source)]
    else:
        found = sorted(Path(path) for path in glob.glob(source, recursive=True))  # noqa: PTH207 - a pattern may be absolute
        yield Path(), [path for path in found if path.is_file() and path.suffix.lower() in READABLE]


def _names(files: list[Path]) -> list[str]:
    """What the outputs of one folder's pictures are called, without an ending."""
    stems = Counter(file.stem for file in files)
    return [file.name if stems[file.stem] > 1 else file.stem for file in files]


def _free(place: Path, taken: set[Path]) -> Path:
    numbered = (place.with_stem(f"{place.stem}-{number}") for number in itertools.count(2))
    return place if place not in taken else next(other for other in numbered if other not in taken)


def target_of(sources: list[str], output: Path | None) -> Path:
    """The folder that results go to. Raises PolycolorError where none was given and none is obvious."""
    if output is not None:
        return output
    if len(sources) == 1 and Path(sources[0]).is_dir():
        folder = Path(sources[0]).resolve()
        return folder.with_name(f"{folder.name}-colored")
    if len(sources) == 1 and not Path(sources[0]).exists() and not glob.has_magic(sources[0]):
        raise PolycolorError(f"{sources[0]}: no such folder or file")
    raise PolycolorError("where to? Give a folder with -o")


def _kind(source: str) -> Kind:
    path = Path(source)
    if path.is_dir():
        return "folder"
    if path.is_file():
        return "rows" if path.suffix == ".json" else "file"
    if glob.has_magic(source):
        return "glob"
    raise PolycolorError(f"{source}: no such folder or file")


def _pictures(root: Path, output: Path, passed: Passed) -> Iterator[tuple[Path, list[Path]]]:
    """The pictures of every folder below `root`, with the folder's place in it; folders in order."""
    avoid = os.path.realpath(output)
    waiting = [Path()]
    while waiting:
        where = waiting.pop()
        files, folders = [], []
        try:
            entries = sorted(os.scandir(root / where), key=lambda entry: entry.name)
        except OSError as error:
            passed.closed.append(f"{root / where}: cannot be listed ({error.strerror})")
            continue
        for entry in entries:
            if entry.name.startswith("."):
                passed.hidden += 1
            elif entry.is_dir(follow_symlinks=False):
                if os.path.realpath(entry.path) != avoid:
                    folders.append(where / entry.name)
            elif Path(entry.name).suffix.lower() in READABLE and entry.is_file():
                files.append(Path(entry.path))
            else:
                passed.other += 1
        waiting += reversed(folders)
        if files:
            yield where, files


def run(
    jobs: Iterable[Job],
    colorizer: Colorizer,
    workers: int,
    restart: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Outcome, None, None]:
    """Do the jobs, `workers` at a time, and yield each outcome as it comes.

    A picture that fails is an outcome like any other. Outputs whose mark says that they would come out
    the same again are kept, unless `restart`. No job begins once `stop` says so.
    """
    room = _Room(PIXELS_AT_ONCE)
    swept: set[Path] = set()
    waiting: set[Future[Outcome]] = set()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for job in jobs:
                if stop():
                    break
                for _, target in job.tasks:
                    if target.parent not in swept:
                        swept.add(target.parent)
                        sweep(target.parent)
                waiting.add(pool.submit(_do, job, colorizer, restart, room))
                while len(waiting) >= workers * (1 + AHEAD):
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while waiting and not stop():
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class _Room:
    """Pixels that may be open at once; one picture alone may be larger."""

    def __init__(self, pixels: int) -> None:
        self._free, self._pixels, self._changed = pixels, pixels, threading.Condition()

    @contextmanager
    def for_(self, pixels: int) -> Iterator[None]:
        pixels = min(pixels, self._pixels)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free += pixels
                self._changed.notify_all()


def _do(job: Job, colorizer: Colorizer, restart: bool, room: _Room) -> Outcome:
    began = time.perf_counter()
    outputs = [str(target) for _, target in job.tasks]
    try:
        data = _bytes_of(job.source)
        marks = {target: _mark(data, how, target.suffix, colorizer) for how, target in job.tasks}
        missing = [task for task in job.tasks if restart or mark_of(task[1]) != marks[task[1]]]
        if not missing:
            return Outcome(str(job.source), outputs, "kept", seconds=time.perf_counter() - began)
        with room.for_(size_of(data)):
            image = read_picture(data, str(job.source))
            fills = colorizer.fill_each(image, [how for how, _ in missing])
            for filled, (_, target) in zip(fills, missing, strict=True):
                target.parent.mkdir(parents=True, exist_ok=True)
                write_whole(target, encode(filled.image, format_of(target), str(target), marks[target], fast=True))
        share, warning = fills[0].share, fills[0].warning
        return Outcome(str(job.source), outputs, "filled", warning, round(share, 6), time.perf_counter() - began)
    except (PolycolorError, OSError, MemoryError) as error:
        reason = str(error) or type(error).__name__
        return Outcome(str(job.source), outputs, "failed", reason, seconds=time.perf_counter() - began)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PolycolorError(f"{path}: cannot be read ({error.strerror})") from None


def _mark(drawing: bytes, how: Paint | None, ending: str, colorizer: Colorizer) -> str:
    """What an output comes from: drawing, paint, format and model, in 32 hex digits."""
    paint = "mask" if how is None else f"{how.rgb} {how.lines} {how.background if how.outside is None else how.outside}"
    about = f"{paint} {ending} {colorizer.fingerprint}"
    return hashlib.blake2b(drawing + about.encode(), digest_size=16).hexdigest()
