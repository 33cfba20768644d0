"""The command line: one module per command, each a thin layer over what a programmer calls."""

import os
import signal
import sys

if os.path.basename(sys.argv[0]) in ("polycolor", "-m") and "multiprocessing" not in sys.modules:  # noqa: PTH119
    # while this process is still loading, there is nothing to end but itself
    for _signal in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(_signal) != signal.SIG_IGN:
            signal.signal(_signal, lambda number, _: (os.write(2, b"polycolor: interrupted\n"), os._exit(128 + number)))

import gc
import threading
from contextlib import suppress
from io import TextIOWrapper
from itertools import pairwise

from polycolor_cli.cli import interrupt
from polycolor_cli.errors import PolycolorError
from polycolor_cli.privacy import silence

WITHOUT_MEMORY = ("failed to map segment", "can't start new thread", "cannot join thread before it is started")
"""What Python says where a library or a thread finds no memory; the last, of a pool whose thread did not."""


def main() -> None:
    """Run the command line; what the user can mend is one line on stderr."""
    _open_streams()
    interrupt.install()
    threading.excepthook = _end_with_thread
    # the process that cleans up after the others would say so
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    silence()
    try:
        _begin_early(sys.argv[1:])
        if sys.argv[-1] in ("--color", "--colour", "-c") and len(sys.argv) > 2:
            raise PolycolorError(
                f"{sys.argv[-1]}: which colour? A #rrggbb needs quotes, or no #: a shell takes it for a comment"
            )
        # not before: each process of a batch imports this module, with the script that began it
        from polycolor_cli.cli.app import app

        app()
    except PolycolorError as error:
        print(f"polycolor: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # the reader of our output has gone, and there is nobody left to tell
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"polycolor: {where}{error.strerror or error}", file=sys.stderr)
        sys.exit(2)
    except interrupt.Interrupted:
        interrupt.clean_up()
        sys.exit(interrupt.code())
    except Exception as error:
        _end_if_without_memory(error)
        if os.environ.get("POLYCOLOR_DEBUG"):
            raise
        what = (str(error).splitlines() or [""])[0]
        print(
            f"polycolor: {type(error).__name__}: {what} (a fault of polycolor's; POLYCOLOR_DEBUG=1 shows where)",
            file=sys.stderr,
        )
        sys.exit(2)
    finally:
        # the system takes back a process sooner than Python finds out what could be freed in it
        gc.freeze()


def _open_streams() -> None:
    """Give the process the streams that its parent has closed: what is said there is lost, and goes nowhere else."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            # the lowest number free, which is this stream's
            file = os.open(os.devnull, os.O_RDWR)
            if file != number:
                os.dup2(file, number)
            setattr(sys, name, os.fdopen(number, mode))
    for stream in (sys.stdout, sys.stderr):
        # a name may hold letters that the terminal does not know
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _end_if_without_memory(error: BaseException | None) -> None:
    """End the command, from whatever thread and without waiting for others, where there was no memory for something."""
    if isinstance(error, MemoryError) or any(words in str(error) for words in WITHOUT_MEMORY):
        interrupt.end_what_began()
        with suppress(AttributeError, OSError, ValueError):
            sys.stdout.flush()
        print("polycolor: there is not enough memory for this", file=sys.stderr, flush=True)
        os._exit(2)


def _end_with_thread(died: threading.ExceptHookArgs) -> None:
    """End the command where a thread found no memory: who waits for it would wait for ever."""
    _end_if_without_memory(died.exc_value)
    threading.__excepthook__(died)


def _begin_early(words: list[str]) -> None:
    """Begin loading what a batch on all cores will need before Typer is loaded, which takes as long."""
    if words[:1] in (["colorize"], ["batch"], ["page"]):
        # NumPy's threads begin with turning in circles, on cores that have other things to load
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if words[:1] in (["train"], ["tune"]):
        # threads that wait turn in circles, and where anything else runs beside, most of the time goes there
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    others = ("-h", "--help", "--engine")
    alone = "--workers=1" in words or ("--workers", "1") in pairwise(words)
    if words[:1] in (["batch"], ["page"]) and not alone and not any(word.startswith(others) for word in words):
        from polycolor_cli.processes import cores, warm_up

        if cores() > 1 or words[0] == "page":
            warm_up()
