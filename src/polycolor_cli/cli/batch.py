"""polycolor batch: fill every picture of a folder."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stdout, suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polycolor_cli.cli import interrupt, outputs, painting
from polycolor_cli.errors import FileError, PolycolorError

if TYPE_CHECKING:
    from polycolor_cli.batch.plan import Job, Paints
    from polycolor_cli.batch.work import Outcome

EPILOG = "Example: polycolor batch folder/ --color red"

REPORT = '{"drawings": [\n'
"""How a report begins, and what tells it from other files."""
MANY = 8
"""Pictures that arrive at once from which on all cores fill them."""
MOST_NOTES = 1000
"""Pictures about which something is said at the end, at most."""

_ENGINES = ("local", "ray")
_OUTPUT, _RUN = "Output", "Run"
_EVERY = 5.0  # seconds between lines where there is no terminal


def command(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE", help="Folders (searched through and through), files, patterns, a data.json."),
    ],
    colors: Annotated[
        list[str] | None,
        typer.Option(
            "--color",
            "--colour",
            "-c",
            metavar="COLOR",
            help="Colour to fill with; several make a folder each.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="OUT", help="Folder to write to  [default: FOLDER-colored]"),
    ] = None,
    lines: painting.Lines = None,
    background: painting.Background = "keep",
    holes: painting.Holes = "fill",
    only: painting.Only = "all",
    mask: painting.Mask = False,
    each: painting.Each = None,
    by: painting.Whole = "region",
    regions: painting.RegionMap = False,
    format: Annotated[
        str, typer.Option("--format", metavar="png|webp|jpeg", help="What to write.", rich_help_panel=_OUTPUT)
    ] = "png",
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="F.json", help="Write what became of every picture.", rich_help_panel=_OUTPUT),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A line of JSON for every picture on stdout.", rich_help_panel=_OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but what failed.", rich_help_panel=_OUTPUT)
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Do again what is done already.", rich_help_panel=_RUN)
    ] = False,
    watches: Annotated[
        bool,
        typer.Option("--watch", help="Keep running, and fill what arrives or changes.", rich_help_panel=_RUN),
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first picture that fails.", rich_help_panel=_RUN)
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", metavar="N", min=1, max=1024, help="Pictures at a time  [default: cores]", rich_help_panel=_RUN
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option("--engine", metavar="local|ray", help="This machine, or a Ray cluster.", rich_help_panel=_RUN),
    ] = "local",
    address: Annotated[
        str,
        typer.Option(
            "--address",
            metavar="local|auto|ray://HOST:PORT",
            help="Ray cluster to use: start one here, find a running one, or its address.",
            rich_help_panel=_RUN,
        ),
    ] = "local",
    model: painting.Model = "polycolor",
    offline: painting.Offline = False,
) -> None:
    """Fill the shapes in all pictures of a folder.

    Started again, it does only what is missing or has changed; with --watch it stays, and does what comes. A picture
    that fails is named at the end and never stops the rest. Exit code: 0 all good, 1 some failed, 2 nothing could be
    done.
    """
    if watches and (report is not None or engine != "local" or fail_fast):
        raise PolycolorError("--watch has no end: leave --report, --fail-fast and --engine out (--json has all)")
    if engine not in _ENGINES:
        raise PolycolorError(f"--engine {engine}: not one of {', '.join(_ENGINES)}")
    from polycolor_cli.batch.plan import FORMATS, Passed, count, mark_folder, plan, target_of
    from polycolor_cli.batch.run import run
    from polycolor_cli.batch.work import STATES
    from polycolor_cli.processes import cores

    if format not in FORMATS:
        raise PolycolorError(f"--format {format}: not one of {', '.join(FORMATS)}")
    if format == "jpeg" and background == "transparent":
        raise PolycolorError("--format jpeg: JPEG has no transparency; write png or webp")
    if report is not None:
        outputs.check_json(report, REPORT.encode())
    partly = painting.by_regions(colors, lines, background, None, each, by, regions)
    if regions and format != "png":
        raise PolycolorError(f"--format {format}: region numbers need 16 bits, which only png is written with")
    paints: Paints = {"regions": partly} if partly else _paints(sources, colors, lines, background, holes, only, mask)
    passed = Passed()
    jobs = plan(sources, output, paints, format, passed)
    # counted beforehand, so that nobody has to remember a long list
    total = 0 if watches else count(sources, output)
    if not total and not watches:
        raise PolycolorError(f"{', '.join(sources)}: there are no pictures")
    colorizer = painting.colorizer(model, 1, offline)
    target = target_of(sources, output)
    mark_folder(target, sources)
    states: Counter[str] = Counter()
    began = time.monotonic()
    notes: list[str] = []
    stdout = sys.stdout
    ended = Event()

    def stop() -> bool:
        return fail_fast and states["failed"] > 0

    def line() -> str:
        return f"stopped; {states['filled'] + states['doubtful']} filled. The same command goes on from here"

    with (
        interrupt.flags(ended, line),
        _report(report) as record,
        _display(total, hide=quiet or as_json or watches) as show,
        # nothing that a library prints gets between lines of JSON
        redirect_stdout(sys.stderr),
    ):
        if watches:
            from polycolor_cli.batch.watch import watch

            def fill(ready: "list[Job]") -> "Iterator[Outcome]":
                # processes take longer to begin than a few pictures to fill
                several = workers or (cores() if len(ready) >= MANY else 1)
                return run(ready, colorizer, several, restart, stop, ended.is_set)

            if not quiet and not as_json:
                print(f"watching {', '.join(sources)}; results go to {FileError(target)}", file=sys.stderr)
            outcomes = watch(
                lambda: plan(sources, output, paints, format), fill, ended.is_set,
                lambda line: print(f"polycolor: {line}", file=sys.stderr),
            )  # fmt: skip
        elif engine == "ray":
            from polycolor_cli.batch import cluster

            outcomes = cluster.run(jobs, colorizer, address, workers, restart, lambda: stop() or ended.is_set())
        else:
            outcomes = run(jobs, colorizer, workers or cores(), restart, stop, ended.is_set)
        with closing(outcomes):
            for outcome in outcomes:
                states[outcome.state] += 1
                record(outcome.as_json())
                if as_json:
                    print(outcome.as_json(), file=stdout, flush=True)
                if watches and not as_json and (outcome.reason or (outcome.state != "kept" and not quiet)):
                    said = _line(outcome) if outcome.reason else f"{FileError(outcome.source)}: {outcome.state}"
                    print(said, file=stdout, flush=True)
                elif outcome.reason and len(notes) < MOST_NOTES:
                    notes.append(_line(outcome))
                show(states, outcome.source)
        if ended.is_set():
            raise interrupt.Interrupted
        summary = {"pictures": total} | {state: states[state] for state in STATES} | {
            "hidden": passed.hidden, "other": passed.other, "results": passed.results, "linked": passed.linked,
            "unlisted": passed.closed,
            "seconds": round(time.monotonic() - began, 3),
        }  # fmt: skip
        record(json.dumps(summary), last=True)
    linked = [f"{folder}: a linked folder, passed over; name it to fill what is in it" for folder in passed.linked]
    for note in [*notes, *passed.closed, *linked]:
        print(f"polycolor: {note}", file=sys.stderr)
    if states.total() > len(notes) >= MOST_NOTES:
        print("polycolor: and more that are not named here (--report has all)", file=sys.stderr)
    if as_json:
        print(json.dumps({"summary": summary}))
    elif not quiet:
        print(_sentence(summary, target))
    if states["failed"] == states.total():
        raise typer.Exit(2)
    if states["failed"] or passed.closed:
        raise typer.Exit(1)


def _paints(
    sources: list[str], colors: list[str] | None, lines: str | None, background: str, holes: str, only: str, mask: bool
) -> "Paints":
    """The paints by the names of their folders."""
    from polycolor_cli.color import slug
    from polycolor_cli.fill.paint import Paint

    if mask:
        return {"mask": None}
    if all(source.endswith(".json") for source in sources):
        if colors:
            raise PolycolorError("a data.json brings its own colours; leave --color out")
        colors = ["black"]  # of each row's paint only the colour is its own
    if not colors:
        raise PolycolorError("which colour? Give one with --color (see 'polycolor colors')")
    how = {"lines": lines or "fill", "background": background, "holes": holes, "only": only}
    return {slug(color): Paint(color, **how) for color in colors}  # type: ignore[arg-type]


def _line(outcome: "Outcome") -> str:
    # most reasons begin with the file's name already
    reason = outcome.reason or ""
    return str(FileError(reason if reason.startswith(outcome.source) else f"{outcome.source}: {reason}"))


def _sentence(summary: dict[str, Any], target: Path) -> str:
    filled = summary["filled"] + summary["kept"] + summary["doubtful"]
    text = f"{filled} of {summary['pictures']} pictures filled, in {FileError(target)}"
    passed = summary["hidden"] + summary["other"] + summary["results"]
    notes = [
        f"{summary['kept']} there already" if summary["kept"] else "",
        f"{summary['doubtful']} doubtful" if summary["doubtful"] else "",
        f"{summary['empty']} empty" if summary["empty"] else "",
        f"{summary['failed']} failed" if summary["failed"] else "",
        f"{passed} other file{'s' if passed > 1 else ''} passed over" if passed else "",
    ]
    notes = [note for note in notes if note]
    return f"{text} ({', '.join(notes)})" if notes else text


@contextmanager
def _report(path: Path | None) -> Iterator[Callable[..., None]]:
    """Collects lines of JSON into one file that appears whole, without keeping them in memory."""
    if path is None:
        yield lambda entry, last=False: None
        return
    from polycolor_cli.files.atomic import Staged, fresh_beside, place

    fresh = fresh_beside(path)
    between = ""
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(REPORT)

            def record(entry: str, last: bool = False) -> None:
                nonlocal between
                try:
                    file.write(f'\n],\n"summary": {entry}}}\n' if last else between + entry)
                    if last:
                        file.flush()
                except OSError as error:
                    raise FileError(f"{path}: the report cannot be written ({error.strerror or error})") from None
                between = ",\n"

            yield record
    except BaseException as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FileError(f"{path}: the report cannot be written ({error.strerror or error})") from None
        raise
    for trouble in place([Staged(path, fresh)]).values():
        raise trouble


@contextmanager
def _display(total: int, hide: bool) -> Iterator[Callable[[Counter[str], str], None]]:
    """A progress bar on a terminal; elsewhere a plain line every few seconds."""
    if hide:
        yield lambda states, name: None
        return
    if not sys.stderr.isatty():
        last = began = time.monotonic()

        def tell(states: Counter[str], name: str) -> None:
            nonlocal last
            if time.monotonic() - last > _EVERY:
                last = time.monotonic()
                done = states.total()
                rate = done / (last - began)
                print(
                    f"{done}/{total}  {rate:.0f} drawings/s  {(total - done) / rate:.0f} s left  "
                    f"{states['failed']} failed",
                    file=sys.stderr, flush=True,
                )  # fmt: skip

        yield tell
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total, rate="")
        began = time.monotonic()

        def show(states: Counter[str], name: str) -> None:
            done = states.total()
            failed = f"[red]{states['failed']} failed[/]  " if states["failed"] else ""
            rate = f"{done / (time.monotonic() - began):.0f}/s"
            progress.update(task, completed=done, rate=rate, description=failed + escape(Path(name).name))

        yield show
