"""Draws docs/regions.png: a drawing with lines left open, each region in a colour, and two that somebody points at;
and docs/seams.png: where regions meet, eight times as large.

python docs/regions.py
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from polycolor_cli import Colorizer

SIDE, FINER = 400, 4


def house() -> Image.Image:
    """A house, a tree and the sun, some of their lines open."""
    image = Image.new("L", (SIDE * FINER, SIDE * FINER), 255)
    draw = ImageDraw.Draw(image)

    def line(*points: tuple[float, float]) -> None:
        draw.line([(x * FINER, y * FINER) for x, y in points], 0, 5 * FINER, "curve")

    line((110, 200), (110, 340), (310, 340), (310, 200))
    line((96, 206), (210, 80), (250, 124))
    line((257, 132), (324, 206))
    line((110, 200), (310, 200))
    line((180, 340), (180, 260), (230, 260), (230, 332))
    line((135, 225), (165, 225), (165, 255), (135, 255), (135, 233))
    for box, start, end in (((250, 222, 290, 262), 0, 360), ((20, 20, 90, 90), 20, 370), ((20, 190, 90, 270), 95, 445)):
        draw.arc([side * FINER for side in box], start, end, 0, 5 * FINER)
    line((48, 268), (48, 340), (62, 340), (62, 268))
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def main() -> None:
    fill, drawing = Colorizer(), house()
    colors = ["gold", "#8ecae6", "#90be6d", "#f4a261", "#e76f51", "#ffd6a5", "#a68a64", "#bde0fe"]
    pictures = [
        drawing.convert("RGB"),
        fill(drawing, each=colors),
        fill(drawing, at=[((210, 150), "tomato"), ((55, 55), "gold"), ((205, 300), "#a68a64")]),
    ]
    sheet = np.concatenate([np.asarray(picture) for picture in pictures], 1)
    Image.fromarray(sheet).save(Path(__file__).with_name("regions.png"), optimize=True)
    # a corner of the door, lines kept and painted over
    painted = [pictures[1], fill(drawing, each=colors, lines="fill")]
    corners = [picture.crop((165, 245, 220, 285)).resize((440, 320), Image.Resampling.NEAREST) for picture in painted]
    seams = np.concatenate([np.asarray(corner) for corner in corners], 1)
    Image.fromarray(seams).save(Path(__file__).with_name("seams.png"), optimize=True)


if __name__ == "__main__":
    main()
