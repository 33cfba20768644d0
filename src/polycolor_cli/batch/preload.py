"""All that a worker's process needs, for the server that it is forked from to load beforehand."""

# ruff: noqa: F401
import runpy
from multiprocessing import popen_forkserver, sharedctypes

import cv2
from PIL import Image, TiffImagePlugin

from polycolor_cli.batch import run

Image.preinit()
