"""Makes docs/example.png: drawings the default model never saw, and its fills.

usage: python docs/example.py, from the top of the repository
"""

from pathlib import Path

from PIL import Image

from polycolor_cli import Colorizer
from polycolor_cli.data.synthetic import drawing

WORLD = 2026
"""A seed that training did not use; the drawings were picked for variety before any was filled."""
PICKS = {
    2: "orange",
    12: "hotpink",
    24: "gold",
    27: "magenta",
    44: "dodgerblue",
    63: "lime",
    66: "mediumseagreen",
    71: "red",
}
SIDE = 160


def main() -> None:
    fill = Colorizer()
    gap = 8
    sheet = Image.new("RGB", (len(PICKS) * (SIDE + gap) + gap, 2 * (SIDE + gap) + gap), "white")
    for column, (index, color) in enumerate(PICKS.items()):
        picture = Image.fromarray(drawing(WORLD, index, (SIDE, SIDE)).picture)
        for row, image in enumerate((picture.convert("RGB"), fill(picture, color))):
            place = (gap + column * (SIDE + gap), gap + row * (SIDE + gap))
            sheet.paste(image.resize((SIDE, SIDE)), place)
    sheet.save(Path(__file__).with_name("example.png"))


if __name__ == "__main__":
    main()
