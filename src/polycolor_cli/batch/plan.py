"""Which pictures there are, and where each result goes."""

import glob
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from polycolor_cli.data.dataset import Row, read_rows
from polycolor_cli.errors import PolycolorError
from polycolor_cli.files import location
from polycolor_cli.files.picture import READABLE, can_be_marked, mark_of
from polycolor_cli.fill.paint import Paint

RESULTS = ".polycolor-results"
"""The file that tells a folder of results from one of drawings."""

Format = Literal["png", "webp", "jpeg"]
FORMATS: tuple[str, ...] = get_args(Format)
Kind = Literal["folder", "file", "glob", "rows"]
if TYPE_CHECKING:
    from polycolor_cli.fill.colorizer import How

    # by the names of the folders that each gets where there are several; None is the coverage itself
    Paints = Mapping[str, How]


@dataclass(frozen=True)
class Job:
    """One drawing, and for each paint (None for the coverage itself) where the result goes."""

    source: Path
    tasks: tuple[tuple["How", Path], ...]

    @property
    def outputs(self) -> list[Path]:
        """Where the results go."""
        return [target for _, target in self.tasks]

    @property
    def is_here(self) -> bool:
        """Whether the drawing and its results are all on this machine's own file system."""
        return all(location.is_here(where) for where in (self.source, *self.outputs))


@dataclass
class Passed:
    """What a search for pictures passed over: counts, linked folders, and a line for each that cannot be listed."""

    hidden: int = 0
    results: int = 0
    other: int = 0
    linked: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)


def plan(
    sources: Iterable[str | Path],
    output: str | Path | None,
    paints: "Paints",
    format: str = "png",
    passed: Passed | None = None,
) -> Iterator[Job]:
    """A job for every picture in folders (searched through and through), files, glob patterns and data.jsons.

    Sources and `output` are paths here or URLs that fsspec knows (s3://bucket/folder). `output` is None
    only for a single folder, and then `FOLDER-colored` beside it. A data.json brings colours and names
    of its own, in place of those in `paints` and of `format`. Pictures that would meet under one name keep
    their extensions: a.png and a.jpg become a.png.png and a.jpg.png. A drawing that several sources lead to comes
    once. Hidden files, other files, results and `output` itself are passed over and counted in `passed`. Raises
    PolycolorError for a source that is not there and a data.json that cannot be used, before the first job.
    """
    named, kinds = _named(sources)
    target = target_of(named, output)
    for source, kind in zip(named, kinds, strict=True):
        if location.real(source) == location.real(target):
            raise PolycolorError(f"{target}: is the folder of the drawings; give another -o")
        if kind == "rows":
            for row in read_rows(source):
                if not can_be_marked(row.painted):
                    raise PolycolorError(f"{source}: {row.painted.name}: write to .png, .jpg, .webp or .tif")
    return _jobs(list(zip(named, kinds, strict=True)), target, paints, format, passed or Passed())


def count(sources: Iterable[str | Path], output: str | Path | None) -> int:
    """How many jobs `plan` comes to. Raises PolycolorError for a source that is not there."""
    named, kinds = _named(sources)
    target = target_of(named, output)
    seen = _Once(len(named) > 1)
    return sum(
        len(read_rows(source))
        if kind == "rows"
        else sum(len(seen.new(files)) for _, files in _groups(source, kind, target))
        for source, kind in zip(named, kinds, strict=True)
    )


def _named(sources: Iterable[str | Path]) -> tuple[list[Path], list[Kind]]:
    named = [location.located(source) for source in sources]
    kinds = []
    for source in named:
        with location.reported(source, "cannot be reached"):
            kinds.append(_kind(source))
    return named, kinds


def _jobs(
    sources: list[tuple[Path, Kind]], target: Path, paints: "Paints", format: str, passed: Passed
) -> Iterator[Job]:
    ending = ".jpg" if format == "jpeg" else f".{format}"
    apart = sum(kind == "folder" for _, kind in sources) > 1
    how = next(iter(paints.values()))
    folders: Paints = paints if len(paints) > 1 else {"": how}
    taken: set[Path] = set()
    seen = _Once(len(sources) > 1)
    for source, kind in sources:
        if kind == "rows":
            for row in read_rows(source):
                place = _free(Path(row.painted.name), taken)
                yield Job(row.drawing, ((_of_row(how, row), target / place),))
            continue
        for place, files in _groups(source, kind, target, passed):
            below = Path(location.real(source).name) / place if apart and kind == "folder" else place
            into = [(how, target / folder / below) for folder, how in folders.items()]
            files = seen.new(files)
            for file, name in zip(files, _names(files), strict=True):
                called = f"{name}{ending}" if kind == "folder" else _free(Path(f"{name}{ending}"), taken).name
                yield Job(file, tuple((how, where / called) for how, where in into))


def _of_row(how: "How", row: Row) -> "How":
    """How a row of a data.json is painted: in its colour, and where it has a point, the region there alone."""
    if not isinstance(how, Paint):
        return how
    if not row.at:
        return replace(how, color=row.colour)
    from polycolor_cli.fill.paint_regions import Point, RegionPaint

    return RegionPaint(((Point(*row.at), row.colour),), background=how.background)


def _groups(source: Path, kind: Kind, target: Path, passed: Passed | None = None) -> Iterator[tuple[Path, list[Path]]]:
    """The pictures of a source, folder by folder, each with the folder's place in it."""
    if kind == "folder":
        yield from _pictures(source, target, passed or Passed())
    elif kind == "file":
        yield Path(), [source]
    else:
        found = location.matching(source)
        yield Path(), [path for path in found if path.suffix.lower() in READABLE and path.is_file()]


class _Once:
    """Passes each drawing on once, where several sources may lead to the same one."""

    def __init__(self, several: bool) -> None:
        self._several, self._seen = several, set[Path]()

    def new(self, files: list[Path]) -> list[Path]:
        """Those of some files that no source has led to before."""
        if not self._several:
            return files
        fresh = {location.real(file): file for file in reversed(files)}
        found = [file for real, file in fresh.items() if real not in self._seen][::-1]
        self._seen |= fresh.keys()
        return found


def _names(files: list[Path]) -> list[str]:
    """What the outputs of one folder's pictures are called, without an ending."""
    stems = Counter(file.stem for file in files)
    return [file.name if stems[file.stem] > 1 else file.stem for file in files]


def _free(place: Path, taken: set[Path]) -> Path:
    """The place, or the next one free, numbered; from now on it is taken."""
    numbered = (place.with_stem(f"{place.stem}-{number}") for number in itertools.count(2))
    free = next(other for other in itertools.chain([place], numbered) if other not in taken)
    taken.add(free)
    return free


def target_of(sources: Iterable[str | Path], output: str | Path | None) -> Path:
    """The folder that results go to. Raises PolycolorError where none was given and none is obvious."""
    if output is not None:
        return location.located(output)
    named = [location.located(source) for source in sources]
    only = named[0] if len(named) == 1 else None
    if only is not None and only.is_dir() and location.real(only).name and "::" not in str(only):
        folder = location.real(only)
        return folder.with_name(f"{folder.name}-colored")
    raise PolycolorError("where to? Give a folder with -o")


def _kind(source: Path) -> Kind:
    if source.is_dir():
        return "folder"
    if source.is_file():
        return "rows" if source.suffix == ".json" else "file"
    if glob.has_magic(str(source)):
        return "glob"
    raise PolycolorError(f"{source}: no such folder or file")


def _is_result(entry: Path, stems: set[str]) -> bool:
    """Whether a file lies beside its drawing under the name that `colorize` gives to results, and is one."""
    drawing, dash, _ = entry.stem.rpartition("-")
    return bool(dash) and drawing in stems and entry.suffix.lower() in READABLE and bool(mark_of(entry))


def mark_folder(target: Path, sources: Iterable[str | Path]) -> None:
    """Say in the folder of results, where it lies in one of drawings, that no drawings are in it."""
    inside = [location.real(location.located(source)) in location.real(target).parents for source in sources]
    if location.is_here(target) and any(inside):
        target.mkdir(parents=True, exist_ok=True)
        (target / RESULTS).write_text("Results of polycolor lie here, and no drawings: 'polycolor batch' passes by.\n")


def _pictures(root: Path, output: Path, passed: Passed) -> Iterator[tuple[Path, list[Path]]]:
    """The pictures of every folder below `root`, with the folder's place in it; folders in order."""
    avoid = location.real(output)
    waiting = [Path()]
    while waiting:
        where = waiting.pop()
        files, folders = [], []
        folder = root / where if where.name else root
        try:
            with location.reported(folder, "cannot be listed"):
                entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
        except PolycolorError as error:
            passed.closed.append(str(error))
            continue
        if where.name and any(entry.name == RESULTS for entry in entries):
            passed.results += sum(entry.suffix.lower() in READABLE for entry in entries)
            continue
        stems = {entry.stem for entry in entries}
        for entry in entries:
            if entry.name.startswith("."):
                passed.hidden += entry.name != RESULTS
            elif _is_result(entry, stems):
                passed.results += 1
            elif entry.suffix.lower() in READABLE and entry.is_file():
                files.append(entry)
            elif entry.is_dir() and entry.is_symlink():
                passed.linked.append(str(entry))
            elif entry.is_dir():
                if location.real(entry) != avoid:
                    folders.append(where / entry.name)
            else:
                passed.other += 1
        waiting += reversed(folders)
        if files:
            yield where, files
