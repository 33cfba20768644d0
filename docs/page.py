"""Draws docs/page.png and docs/page-states.png: `polycolor page` in a browser, in each of its states.

python docs/page.py            (needs Playwright and a Chromium)
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from regions import house

HERE = Path(__file__).parent
POLYCOLOR = str(Path(sys.executable).with_name("polycolor"))
WIDE, TALL = {"width": 1240, "height": 760}, {"width": 390, "height": 844}


def point(page: Page, x: float, y: float) -> tuple[float, float]:
    box = page.locator("#after").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def load(page: Page, pictures: list[Path]) -> None:
    page.set_input_files("#files", pictures)
    page.locator("#save:enabled").wait_for()
    page.get_by_text("pictures looked at").wait_for()


def color(page: Page, *clicks: tuple[str, float, float]) -> None:
    page.get_by_role("radio", name="regions that I click").check()
    for name, x, y in clicks:
        page.get_by_label("Any CSS colour").fill(name)
        page.get_by_label("Any CSS colour").press("Enter")
        page.wait_for_timeout(150)
        page.mouse.click(*point(page, x, y))
        page.wait_for_timeout(150)


def draw(page: Page) -> None:
    page.get_by_role("button", name="Draw").click()
    page.wait_for_timeout(900)
    for stroke in (
        [(0.2, 0.75), (0.2, 0.42), (0.5, 0.15), (0.8, 0.42), (0.8, 0.75), (0.22, 0.75)],
        [(0.42, 0.75), (0.42, 0.55), (0.58, 0.55), (0.58, 0.73)],
    ):
        page.mouse.move(*point(page, *stroke[0]))
        page.mouse.down()
        for place in stroke[1:]:
            page.mouse.move(*point(page, *place), steps=12)
        page.mouse.up()
        page.wait_for_timeout(900)


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        house().save(folder / "house.png")
        others = [folder / "house.png"]
        for name in ("star-57", "hexagon-62", "triangle-64"):
            found = HERE.parent / "dataset" / "validation" / "inputs" / f"{name}.png"
            if found.exists():
                others.append(found)
        command = [POLYCOLOR, "page", "--no-browser", "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])

        def opened(size: dict[str, int], scheme: str = "light") -> Page:
            page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(url)
            page.get_by_role("button", name="magenta").wait_for()
            return page

        def shot(page: Page, name: str) -> Image.Image:
            page.wait_for_timeout(500)
            page.screenshot(path=folder / f"{name}.png")
            return Image.open(folder / f"{name}.png").convert("RGB")

        page = opened(WIDE)
        states = [shot(page, "empty")]
        load(page, others)
        states.append(shot(page, "whole"))
        color(page, ("tomato", 0.52, 0.37), ("gold", 0.14, 0.14), ("#90be6d", 0.13, 0.58))
        page.mouse.move(*point(page, 0.35, 0.75))
        states.append(shot(page, "regions"))
        states[-1].save(HERE / "page.png", optimize=True)
        page.get_by_role("button", name="Each its own colour").click()
        page.get_by_text("each in its own colour").wait_for()
        page.get_by_label("Before and after").fill("45")
        states.append(shot(page, "each"))
        dark = opened(WIDE, "dark")
        load(dark, others)
        dark.get_by_role("group", name="Background").get_by_label("transparent").check()
        dark.mouse.move(*point(dark, 0.52, 0.25))
        dark.mouse.wheel(0, -900)
        states.append(shot(dark, "dark"))
        sheet = opened(WIDE)
        draw(sheet)
        sheet.get_by_role("radio", name="fill what I drew").check()
        color(sheet, ("orange", 0.3, 0.6), ("skyblue", 0.5, 0.65))
        states.append(shot(sheet, "draw"))
        phone = opened(TALL)
        load(phone, others[:2])
        tall = shot(phone, "phone")
        browser.close()
        process.terminate()
        process.wait()
    width, height = WIDE["width"] // 2, WIDE["height"] // 2
    board = Image.new("RGB", (2 * width + 10, 3 * height + 20), "#888")
    for number, state in enumerate(states):
        small = state.resize((width, height), Image.Resampling.LANCZOS)
        board.paste(small, ((number % 2) * (width + 10), (number // 2) * (height + 10)))
    tall = tall.resize((round(tall.width * board.height / tall.height), board.height), Image.Resampling.LANCZOS)
    whole = Image.new("RGB", (board.width + 10 + tall.width, board.height), "#888")
    whole.paste(board, (0, 0))
    whole.paste(tall, (board.width + 10, 0))
    whole.save(HERE / "page-states.png", optimize=True)


if __name__ == "__main__":
    main()
