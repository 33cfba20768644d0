"""The page as a person meets it, in a real browser."""

import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from conftest import Run
from served import Server, house, serving

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here (apt-get install chromium)")
SOON = 20_000
"""Milliseconds that a page may take on a busy machine."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One page for all tests of this file."""
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page, open; at its end nothing may have gone wrong in it, and no other host been asked."""
    yield from opened(browser, server)


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[Page]:
    yield from opened(browser, server, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)


def opened(browser: Browser, server: Server, **options: Any) -> Iterator[Page]:
    context = browser.new_context(**options)
    context.set_default_timeout(SOON)
    expect.set_options(timeout=SOON)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    # that a request was refused is said to the person, and by the browser to its console
    refusal = "Failed to load resource: the server responded with a status of 422"
    page.on(
        "console",
        lambda message: (
            wrong.append(message.text) if message.type == "error" and not message.text.startswith(refusal) else None
        ),
    )
    page.on(
        "request", lambda request: None if request.url.startswith((server.url, "blob:")) else wrong.append(request.url)
    )
    context.route(lambda url: not url.startswith((server.url, "blob:")), lambda route: route.abort())
    page.goto(server.url)
    page.get_by_role("button", name="magenta").wait_for()
    yield page
    context.close()
    assert wrong == []


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    """Drop pictures on the page, as a file manager does."""
    transfer = page.evaluate_handle(
        """(files) => {
            const transfer = new DataTransfer();
            for (const [name, bytes] of files)
                transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
            return transfer;
        }""",
        [[name, list(data)] for name, data in files],
    )
    page.locator("#stage").dispatch_event("drop", {"dataTransfer": transfer})
    expect(page.locator("#save")).to_be_enabled()


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where on the page a point of the picture is, in shares of its width and height."""
    box = page.locator("#after").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def saved(page: Page, path: Path, button: str = "#save") -> str:
    with page.expect_download() as download:
        page.click(button)
    download.value.save_as(path)
    return download.value.suggested_filename


def shown(page: Page) -> np.ndarray:
    """The pixels on the stage, uint8 (H, W, 4)."""
    width, height, values = page.evaluate(
        """() => {
            const canvas = document.getElementById("after");
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return [canvas.width, canvas.height, Array.from(data)];
        }"""
    )
    return np.array(values, np.uint8).reshape(height, width, 4)


def words(page: Page) -> list[str]:
    """The command that the page shows, without the names of the program and the picture."""
    command = page.locator("#command").text_content() or ""
    return re.findall(r"'[^']*'|\S+", command)[3:]


def test_drop_pick_click_undo_save(page: Page, polycolor: Run, tmp_path: Path) -> None:
    drop(page, ("my house.png", png(house())))
    expect(page.locator("#command")).to_have_text("polycolor colorize 'my house.png' --color red")
    page.get_by_role("radio", name="regions that I click").check()
    expect(page.locator("#save")).to_be_disabled()
    page.get_by_role("button", name="magenta").click()
    page.mouse.click(*at(page, 0.5, 0.3))
    expect(page.locator("#command")).to_contain_text("=magenta")
    page.get_by_label("Any CSS colour").fill("oklch(0.7 0.15 120)")
    page.get_by_label("Any CSS colour").press("Enter")
    expect(page.get_by_role("button", name="magenta")).to_have_attribute("aria-pressed", "false")
    page.mouse.click(*at(page, 0.3, 0.7))
    expect(page.locator("#command")).to_contain_text("oklch")
    both = words(page)
    page.keyboard.press("Control+z")
    expect(page.locator("#command")).not_to_contain_text("oklch")
    page.keyboard.press("Control+Shift+z")
    expect(page.locator("#command")).to_contain_text("oklch")
    assert words(page) == both
    assert saved(page, tmp_path / "saved.png") == "my house-filled.png"
    house().save(tmp_path / "house.png")
    polycolor("colorize", "house.png", *(word.strip("'") for word in both), "-o", "out.png")
    assert (tmp_path / "saved.png").read_bytes() == (tmp_path / "out.png").read_bytes()


@pytest.mark.parametrize("lines", ["painted over", "kept"])
@pytest.mark.parametrize("background", ["kept", "transparent", "a colour"])
@pytest.mark.parametrize("mode", ["whole", "each"])
def test_what_is_shown_is_what_is_saved(page: Page, tmp_path: Path, mode: str, background: str, lines: str) -> None:
    # a little out of focus: what of the ink is soft is painted too
    soft = house(120).convert("RGB").filter(ImageFilter.GaussianBlur(1))
    tinted = np.asarray(soft).astype(int) * [255, 246, 220] // 255
    drop(page, ("house.png", png(Image.fromarray(tinted.astype(np.uint8)))))
    if mode == "each":
        page.get_by_role("button", name="Each its own colour").click()
        expect(page.locator("#command")).to_contain_text("--each pastel")
    page.get_by_role("group", name="Lines").get_by_label(lines).check()
    page.get_by_label("Background colour").evaluate("(input) => { input.value = '#336699'; }")
    page.get_by_role("group", name="Background").get_by_role("radio", name=background).check()
    saved(page, tmp_path / "saved.png")
    written = np.asarray(Image.open(tmp_path / "saved.png").convert("RGBA")).astype(int)
    pixels = shown(page).astype(int)
    # what is all but transparent has no colour worth its name on a canvas
    visible = written[..., 3] > 128
    assert np.abs(pixels - written)[visible].max() <= 3
    assert np.abs(pixels[..., 3] - written[..., 3]).max() <= 1


def test_each_its_own_and_then_another(page: Page, tmp_path: Path) -> None:
    drop(page, ("house.png", png(house())))
    page.get_by_label("Palette of each").select_option("bright")
    page.get_by_role("button", name="Each its own colour").click()
    expect(page.locator("#command")).to_have_text("polycolor colorize house.png --each bright")
    page.get_by_role("button", name="black").click()
    page.mouse.click(*at(page, 0.5, 0.3))
    expect(page.locator("#command")).to_contain_text("=black")
    assert words(page).count("--at") == 3
    page.get_by_role("button", name="Eraser").click()
    page.mouse.click(*at(page, 0.5, 0.3))
    expect(page.locator("#command")).not_to_contain_text("=black")
    assert words(page).count("--at") == 2


def test_a_colour_is_taken_from_the_picture(page: Page) -> None:
    drop(page, ("house.png", png(house())))
    page.get_by_role("button", name="cyan").click()
    expect(page.locator("#command")).to_contain_text("cyan")
    page.get_by_role("button", name="Pick").click()
    page.mouse.click(*at(page, 0.5, 0.3))
    expect(page.get_by_label("Any CSS colour")).to_have_value("#00ffff")


def test_a_region_is_shown_before_the_click(page: Page) -> None:
    drop(page, ("house.png", png(house())))
    inked = """() => {
        const canvas = document.getElementById("over");
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, i) => i % 4 === 3 && value).length;
    }"""
    assert page.evaluate(inked) == 0
    page.mouse.move(*at(page, 0.5, 0.3))
    roof = page.evaluate(inked)
    assert roof > 500
    page.mouse.move(*at(page, 0.02, 0.02))
    assert page.evaluate(inked) == 0


def test_drawing_by_mouse_and_filling_it(page: Page, polycolor: Run, tmp_path: Path) -> None:
    page.get_by_role("button", name="Draw").click()
    expect(page.get_by_role("radio", name="fill what I drew")).to_be_visible()
    expect(page.locator("#command")).to_contain_text("drawing.png")
    corners = [(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.33)]
    page.mouse.move(*at(page, *corners[0]))
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*at(page, *corner), steps=5)
    page.mouse.up()
    expect(page.locator("#undo")).to_be_enabled()
    page.get_by_role("radio", name="fill what I drew").check()
    page.get_by_role("radio", name="regions that I click").check()
    page.get_by_role("button", name="orange").click()
    page.mouse.click(*at(page, 0.5, 0.5))
    expect(page.locator("#command")).to_contain_text("=orange")
    saved(page, tmp_path / "saved.png")
    pixels = np.asarray(Image.open(tmp_path / "saved.png").convert("RGB"))
    height, width = pixels.shape[:2]
    np.testing.assert_array_equal(pixels[height // 2, width // 2], [255, 165, 0])
    np.testing.assert_array_equal(pixels[height // 10, width // 10], [255, 255, 255])
    for _ in range(4):
        page.keyboard.press("Control+z")
    expect(page.locator("#undo")).to_be_disabled()


def test_several_pictures_one_colour_one_zip(page: Page, polycolor: Run, tmp_path: Path) -> None:
    again = ("b.png", png(house(100)))
    drop(page, ("b.png", png(house(120))), ("ä.png", png(house(140))), ("c.txt", b"no picture"))
    expect(page.locator("#status")).to_have_text("2 of 3 pictures looked at")
    drop(page, again)
    expect(page.locator(".thumbnail canvas[width='100']")).to_be_visible()
    expect(page.get_by_text("c.txt: not a PNG")).to_be_visible()
    expect(page.locator(".thumbnail[aria-current=true]")).to_have_text("ä.png")
    page.get_by_role("button", name="purple").click()
    page.get_by_role("button", name="All pictures with this colour").click()
    expect(page.locator("#status")).to_have_text("3 of 3 pictures filled with purple")
    assert saved(page, tmp_path / "all.zip", "#save-all") == "polycolor.zip"
    house(120).save(tmp_path / "b.png")
    polycolor("colorize", "b.png", "--color", "purple", "-o", "out.png")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.namelist() == ["ä-purple.png", "b-purple.png", "b-purple-2.png"]
        assert archive.testzip() is None
        assert Image.open(io.BytesIO(archive.read("b-purple-2.png"))).size == (100, 100)
        assert archive.read("b-purple.png") == (tmp_path / "out.png").read_bytes()
    page.get_by_role("button", name="Remove ä.png").click()
    expect(page.locator("#command")).to_contain_text("b.png")


def test_a_folder(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "drawings"
    (folder / "more").mkdir(parents=True)
    house(120).save(folder / "a.png")
    house(100).save(folder / "more" / "b.png")
    (folder / "notes.txt").write_text("no picture")
    page.set_input_files("#folder", folder)
    expect(page.locator("#status")).to_have_text("2 of 2 pictures looked at")
    expect(page.locator(".thumbnail .name")).to_have_text(["a.png", "b.png"])


def test_pasting(page: Page) -> None:
    page.evaluate(
        """(bytes) => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([new Uint8Array(bytes)], "image.png", {type: "image/png"}));
            document.dispatchEvent(new ClipboardEvent("paste", {clipboardData}));
        }""",
        list(png(house())),
    )
    expect(page.locator("#command")).to_have_text("polycolor colorize image.png --color red")


def test_zooming_moving_and_comparing(page: Page) -> None:
    drop(page, ("house.png", png(house())))
    x, y = at(page, 0.5, 0.3)
    before = page.locator("#after").bounding_box()
    page.mouse.move(x, y)
    page.mouse.wheel(0, -600)
    after = page.locator("#after").bounding_box()
    assert before
    assert after
    assert after["width"] > 2 * before["width"]
    # what was under the pointer still is
    assert abs((x - after["x"]) / after["width"] - 0.5) < 0.01
    expect(page.locator("#layers")).to_have_class("crisp")
    page.mouse.down()
    page.mouse.move(x + 50, y, steps=4)
    page.mouse.up()
    moved = page.locator("#after").bounding_box()
    assert moved
    assert abs(moved["x"] - after["x"] - 50) < 1
    # that was no click
    expect(page.locator("#command")).to_have_text("polycolor colorize house.png --color red")
    page.get_by_label("Before and after").fill("100")
    assert page.locator("#before").evaluate("(canvas) => canvas.style.clipPath").startswith("inset(0")


def test_keyboard_alone(page: Page, tmp_path: Path) -> None:
    drop(page, ("house.png", png(house())))
    for _ in range(60):
        if page.evaluate("document.activeElement.id") == "stage":
            break
        page.keyboard.press("Tab")
    else:
        raise AssertionError("the tab key never comes to the drawing")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#status")).to_contain_text("region 1 of 3")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#command")).to_contain_text("--at")
    with page.expect_download() as download:
        page.keyboard.press("Control+s")
    assert download.value.suggested_filename == "house-filled.png"
    page.keyboard.press("Delete")
    expect(page.locator("#status")).to_contain_text("bare")


def test_wrong_colours_and_empty_pictures_are_said(page: Page) -> None:
    page.get_by_label("Any CSS colour").fill("rde")
    page.get_by_label("Any CSS colour").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("did you mean red")
    drop(page, ("empty.png", png(Image.new("L", (100, 100), 255))))
    expect(page.locator("#status")).to_contain_text("no shape found")


def test_phone(phone: Page) -> None:
    drop(phone, ("house.png", png(house())))
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.get_by_role("radio", name="regions that I click").check()
    phone.get_by_role("button", name="magenta").click()
    phone.locator("#stage").scroll_into_view_if_needed()
    phone.touchscreen.tap(*at(phone, 0.5, 0.3))
    expect(phone.locator("#command")).to_contain_text("=magenta")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, phone: Page, scheme: Any) -> None:
    for one in (page, phone):
        one.emulate_media(color_scheme=scheme)
        for loaded in (False, True):
            if loaded:
                drop(one, ("house.png", png(house())), ("other.png", png(house(100))))
            found = Axe().run(one).response["violations"]
            assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == []
