"""A picture as the gray in which its drawing is seen: dark ink on light paper."""

import numpy as np
from PIL import Image

from polycolor_cli.fill.faint import with_dark_ink
from polycolor_cli.fill.planes import Gray
from polycolor_cli.fill.rules import is_negative

LOOKED_AT = 200
"""Longest side, in pixels, in which the colours of ink and paper are looked for."""
INK = 0.7
"""How far from the paper to the colour farthest from it a pixel must be to be of the ink's colour."""
CLEARER = 1.5
"""Times the contrast of anything in luma that the ink must have in colour for the axis to be used instead."""
SEEN = 0.998
"""Share of the pixels that are nearer to the paper than what counts as farthest: a few of noise are no ink."""
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of ITU-R BT.601, as Pillow's."""


def dark_on_light(image: Image.Image) -> Gray:
    """A picture of mode `L` or `RGB` as a drawing in dark ink on light paper, uint8 (H, W), whatever it is itself."""
    gray = as_gray(image)
    return with_dark_ink(~gray if is_negative(gray) else gray)


def as_gray(image: Image.Image) -> Gray:
    """The gray of a picture of mode `L` or `RGB`, uint8 (H, W): its luma, or where ink and paper differ in hue and
    hardly in luma, the place of each pixel on the axis from the ink's colour to the paper's.
    """
    if image.mode == "L":
        return np.asarray(image)
    luma = np.asarray(image.convert("L"))
    small = image.copy()
    small.thumbnail((LOOKED_AT, LOOKED_AT), Image.Resampling.NEAREST)
    colors = np.asarray(small, np.float32).reshape(-1, 3)
    paper = np.median(colors, 0)
    apart = colors - paper
    away = np.sqrt(np.einsum("nc,nc->n", apart, apart) / 3)
    farthest = float(np.quantile(away, SEEN))
    ink = colors[away >= INK * farthest].mean(0)
    axis = ink - paper
    in_luma = np.abs(apart @ LUMA)
    if farthest < CLEARER * float(np.quantile(in_luma, SEEN)) or not axis.any():
        return luma
    along = (np.asarray(image, np.float32) - paper) @ (axis / float(axis @ axis))
    return np.clip(np.round(255 - 255 * along), 0, 255).astype(np.uint8)
