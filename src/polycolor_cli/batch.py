"""Many pictures: plan, fill, report."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from polycolor_cli.errors import PolycolorError
from polycolor_cli.fill import Colorizer, Paint
from polycolor_cli.picture import READABLE, read_picture, write_picture


@dataclass(frozen=True)
class Job:
    """One picture to fill, and where the result goes."""

    source: Path
    target: Path


@dataclass
class Report:
    """How a batch went: what was written, where no shape was found, and what failed with its reason."""

    done: int = 0
    empty: list[Path] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)


def plan(folder: Path, output: Path) -> list[Job]:
    """A job for every picture below a folder, mirrored below `output` as NAME.png.

    Hidden files and folders are passed over, and so is `output` where it lies inside the folder.
    Pictures that differ only in their extension keep it: a.png and a.jpg become a.png.png and a.jpg.png.
    Raises PolycolorError where the folder is none, or `output` is the folder itself.
    """
    if not folder.is_dir():
        raise PolycolorError(f"{folder}: no such folder")
    if output.resolve() == folder.resolve():
        raise PolycolorError(f"{output}: is the folder of the drawings; give another -o")
    sources = sorted(_pictures(folder, output.resolve()))
    stems = [source.with_suffix("") for source in sources]
    twice = {stem for stem in stems if stems.count(stem) > 1} if len(set(stems)) < len(stems) else set()
    jobs = []
    for source, stem in zip(sources, stems, strict=True):
        name = source.name if stem in twice else source.stem
        jobs.append(Job(source, output / source.relative_to(folder).with_name(f"{name}.png")))
    return jobs


def _pictures(folder: Path, output: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.resolve() == output:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _pictures(path, output)
        elif path.suffix.lower() in READABLE and path.is_file():
            yield path


def fill_all(
    jobs: list[Job],
    colorizer: Colorizer,
    how: Paint | None,
    report: Callable[[int, Job], None] = lambda number, job: None,
) -> Report:
    """Fill every picture; one that fails is noted and never stops the rest.

    how: the painting, or None for coverages. `report` is called with the number and the job before each picture.
    """
    result = Report()
    for number, job in enumerate(jobs):
        report(number, job)
        try:
            found = _fill_one(job, colorizer, how)
        except (PolycolorError, OSError, MemoryError) as error:
            result.failed.append((job.source, str(error) or type(error).__name__))
            continue
        result.done += 1
        if not found:
            result.empty.append(job.source)
    return result


def _fill_one(job: Job, colorizer: Colorizer, how: Paint | None) -> bool:
    filled = colorizer.fill(read_picture(job.source), how)
    job.target.parent.mkdir(parents=True, exist_ok=True)
    write_picture(filled.image, job.target)
    return filled.found
