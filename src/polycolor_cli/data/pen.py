"""A pen: how wide the lines of one drawer are on one page, and with what hand, in what shapes they are drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np

from polycolor_cli.data import shapes
from polycolor_cli.data.strokes import Canvas, Hand, Path, walk

Rng = np.random.Generator


@dataclass
class Pen:
    """What one drawer uses on one page: line width in picture pixels, a hand, shapes, and a habit.

    No line is thinner than `finest`.
    """

    width: float
    hand: Hand
    shape: Callable[[Rng], Path] = shapes.outline
    finest: float = 0.6
    dashes: float = 0.0
    outlines: list[tuple[Path, float]] | None = None
    art: FilePath | None = None

    def line(self, canvas: Canvas, path: Path, closed: bool = False, thinner: float = 1.0) -> None:
        width = max(self.finest, self.width * thinner)
        if closed:
            canvas.fill(path)
        if not self.dashes:
            canvas.stroke(path, width, closed)
            return
        canvas.mean(path, width, closed)
        # widths count: the round ends of a dash eat into the gap
        points = walk(path, 1.0, closed)
        on, off = self.dashes * width + 1, width + (0.5 + 0.3 * self.dashes) * width + 1
        for start in np.arange(0, len(points), on + off):
            canvas.stroke(points[int(start) : int(start + on) + 1], width)

    def outline(self, canvas: Canvas, rng: Rng, contour: Path, solid: bool = False) -> None:
        """Draw a shape's outline with this hand, and mark what it means to enclose."""
        radius = float(np.abs(contour - contour.mean(0)).max())
        strokes, regions = self.hand.draw(rng, contour, radius)
        for region in regions:
            canvas.fill(region, ink=solid)
            canvas.mean(region, max(self.finest, self.width), closed=True)
        for path, closed in strokes:
            self.line(canvas, path, closed)
        if self.outlines is not None:
            self.outlines += [(path, self.width) for path, _ in strokes]
