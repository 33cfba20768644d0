"""All that a worker's process needs, for the server that it is forked from to load beforehand."""

# ruff: noqa: F401
import gc
import pickle
import runpy
import sys
from multiprocessing import popen_forkserver, sharedctypes
from types import TracebackType

import cv2
from PIL import Image, TiffImagePlugin

from polycolor_cli.batch import run


def _unless_orphaned(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Report what went wrong, but not that the parent ended while it was still saying what is to be done.

    What it said is cut off then, or names what is gone with it.
    """
    if not issubclass(kind, (EOFError, OSError, pickle.UnpicklingError)):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _unless_orphaned
Image.preinit()
# as the documentation of gc asks of processes that fork: the loaded modules stay shared
gc.freeze()
