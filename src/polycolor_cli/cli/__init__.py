"""The command line: one module per command, each a thin layer over what a programmer calls."""

import gc
import os
import sys

from polycolor_cli.errors import PolycolorError


def main() -> None:
    """Run the command line; what the user can mend is one line on stderr."""
    _begin_early(sys.argv[1:])
    try:
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
    except KeyboardInterrupt:
        print("polycolor: interrupted", file=sys.stderr)
        sys.exit(130)
    finally:
        # the system takes back a process sooner than Python finds out what could be freed in it
        gc.freeze()


def _begin_early(words: list[str]) -> None:
    """Begin loading what a batch on all cores will need before Typer is loaded, which takes as long."""
    if words[:1] in (["colorize"], ["batch"]):
        # NumPy's threads begin with turning in circles, on cores that have other things to load
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    others = ("-h", "--help", "--workers", "--engine")
    if words[:1] == ["batch"] and not any(word.startswith(others) for word in words):
        from polycolor_cli.processes import cores, warm_up

        if cores() > 1:
            warm_up()
