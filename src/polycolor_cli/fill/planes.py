"""Planes of a picture: their types, and shrinking without losing thin ink."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Gray = NDArray[np.uint8]
"""Gray of each pixel, (H, W), 0 black and 255 white."""
Coverage = NDArray[np.uint8]
"""How much of each pixel a shape covers, (H, W), 0 nothing and 255 all."""
Mask = NDArray[np.bool_]
Planes = tuple[Gray, Gray, Gray]
"""Smallest, mean and largest gray under each pixel; three times the same where nothing was shrunk."""


def halved(planes: Planes) -> Planes:
    """Smallest, mean and largest gray, uint8 (H, W) each, at half the size; H and W are even.

    Averages alone would wash thin ink away; the extremes keep it.
    """

    def pairs(plane: Gray, better: np.ufunc) -> Gray:
        rows = better(plane[0::2], plane[1::2])
        return better(rows[:, 0::2], rows[:, 1::2])

    smallest, mean, largest = planes
    return pairs(smallest, np.minimum), np.asarray(Image.fromarray(mean).reduce(2)), pairs(largest, np.maximum)
