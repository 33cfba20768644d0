"""All that a worker's process needs, for the server that it is forked from to load beforehand."""

# ruff: noqa: F401
import gc
import runpy
from multiprocessing import popen_forkserver, sharedctypes

import cv2
from PIL import Image, TiffImagePlugin

from polycolor_cli.batch import run

Image.preinit()
# as the documentation of gc asks of processes that fork: the loaded modules stay shared
gc.freeze()
