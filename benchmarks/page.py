"""polycolor page under load, beside batch on the same drawings; and how soon a click is painted.

    python benchmarks/page.py [--seconds 30] [--clients 200]

First all clients at once, with drawings of 64 to 1024 px, closed and with gaps, every tenth of them no picture or in no
colour: what was answered how often, the latency of what was, and the memory of all processes before, during and after.
Then sixteen clients with the good drawings alone, beside `batch` with as many workers. Then, where there
is Playwright and a Chromium, the milliseconds from a click on 1024 x 1024 pixels to the frame that shows it.
"""

import argparse
import asyncio
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from polycolor_cli.data.write import SHAPES, plain_drawing

POLYCOLOR = str(Path(sys.executable).with_name("polycolor"))
BOUNDARY = b"----polycolor"
SIDES = (64, 128, 128, 128, 256, 512, 1024)


def drawings(folder: Path, count: int = 140) -> list[bytes]:
    """Drawings of all sizes as PNGs, every second one with a gap."""
    folder.mkdir()
    made = []
    for number in range(count):
        side = SIDES[number % len(SIDES)]
        picture = Image.fromarray(plain_drawing(9, number, SHAPES[number % len(SHAPES)]).picture)
        picture = picture.resize((side, side), Image.Resampling.BICUBIC)
        if number % 2:
            y, x = np.unravel_index(np.asarray(picture).argmin(), (side, side))
            gap = side // 40 + 2
            ImageDraw.Draw(picture).ellipse((int(x) - gap, int(y) - gap, int(x) + gap, int(y) + gap), fill=255)
        path = folder / f"{number:03}.png"
        picture.save(path)
        made.append(path.read_bytes())
    return made


def request(host: str, picture: bytes, color: str = "red") -> bytes:
    part = b'--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    body = part % (BOUNDARY, b"picture", b'; filename="a.png"', picture)
    body += part % (BOUNDARY, b"color", b"", color.encode()) + b"--%s--\r\n" % BOUNDARY
    head = f"POST /fill HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary="
    return head.encode() + BOUNDARY + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def client(host: str, requests: list[bytes], until: float, seen: list[tuple[int, float]], seed: int) -> None:
    """Ask one after the other until the time is over; what was answered, and after how many seconds."""
    rng = random.Random(seed)
    name, port = host.split(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            writer.write(rng.choice(requests))
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length: ")[2].split()[0]))
            status = int(head.split()[1])
        except (OSError, asyncio.IncompleteReadError, ValueError, IndexError):
            status = 0
        seen.append((status, time.monotonic() - began))
        if status == 429:
            await asyncio.sleep(1)
        if not status or b"connection: close" in head:
            writer.close()
            reader, writer = await asyncio.open_connection(name, int(port))
    writer.close()


def load(host: str, requests: list[bytes], clients: int, seconds: float) -> list[tuple[int, float]]:
    seen: list[tuple[int, float]] = []

    async def all_of_them() -> None:
        until = time.monotonic() + seconds
        await asyncio.gather(*(client(host, requests, until, seen, seed) for seed in range(clients)))

    asyncio.run(all_of_them())
    return seen


def memory(session: int) -> int:
    """MB of all processes of a session, what they share counted once each."""
    pids = subprocess.run(["pgrep", "-s", str(session)], capture_output=True, check=False).stdout.split()
    total = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid.decode()}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total // 1024


def clicks(url: str) -> list[float]:
    """Milliseconds from a click on 1024 x 1024 pixels to the frame that shows it, twenty times."""
    from playwright.sync_api import sync_playwright

    drawing = Image.new("L", (1024, 1024), 255)
    draw = ImageDraw.Draw(drawing)
    for k in range(4):
        draw.ellipse((40 + 110 * k, 40 + 110 * k, 983 - 110 * k, 983 - 110 * k), outline=0, width=8)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        drawing.save(Path(folder) / "target.png")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(url)
        page.get_by_role("button", name="magenta").wait_for()
        page.set_input_files("#files", Path(folder) / "target.png")
        page.locator("#save:enabled").wait_for()
        page.get_by_role("radio", name="regions that I click").check()
        page.evaluate(
            """() => {
                window.times = [];
                const {prototype} = CanvasRenderingContext2D;
                const put = prototype.putImageData;
                prototype.putImageData = function (...given) {
                    put.apply(this, given);
                    if (this.canvas.id === "after" && window.began) {
                        const began = window.began;
                        window.began = 0;
                        requestAnimationFrame(() => window.times.push(performance.now() - began));
                    }
                };
                document.addEventListener("pointerup", (event) => { window.began = event.timeStamp; }, true);
            }"""
        )
        box = page.locator("#after").bounding_box()
        assert box is not None
        for number in range(20):
            page.get_by_role("button", name=("magenta", "cyan")[number % 2]).click()
            # the largest region, a ring, and the ones inside of it
            page.mouse.click(box["x"] + box["width"] * (0.09, 0.2, 0.3, 0.5)[number % 4], box["y"] + box["height"] / 2)
            page.wait_for_timeout(200)
        times: list[float] = page.evaluate("window.times")
        browser.close()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--clients", type=int, default=200)
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pictures = drawings(folder / "in")
        began = time.monotonic()
        process = subprocess.Popen(
            [POLYCOLOR, "page", "--no-browser", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        print(f"from the command to a page that answers: {time.monotonic() - began:.2f} s")
        host = url.removeprefix("http://").strip("/")
        try:
            good = [request(host, picture) for picture in pictures]
            bad = [request(host, b"no picture"), request(host, pictures[0][:90]), request(host, pictures[0], "rde")]
            load(host, good, 4, 3)
            print(f"memory before: {memory(process.pid)} MB")
            mixed = good + bad * (len(good) // (9 * len(bad)))
            seen = load(host, mixed, options.clients, options.seconds)
            count = Counter(status for status, _ in seen)
            waited = sorted(seconds * 1000 for status, seconds in seen if status == 200)
            print(f"{options.clients} clients, {options.seconds:g} s: {dict(sorted(count.items()))}")
            print(f"filled: p50 {statistics.median(waited):.0f} ms, p95 {waited[int(0.95 * len(waited))]:.0f} ms")
            print(f"memory after: {memory(process.pid)} MB")
            seen = load(host, good, 16, 10)
            served = sum(status == 200 for status, _ in seen) / 10
            for number in range(10 * len(pictures)):
                (folder / "many").mkdir(exist_ok=True)
                (folder / "many" / f"{number}.png").write_bytes(pictures[number % len(pictures)])
            began = time.monotonic()
            subprocess.run(
                [POLYCOLOR, "batch", folder / "many", "-c", "red", "-o", folder / "out", "--quiet"], check=True
            )
            batch = 10 * len(pictures) / (time.monotonic() - began)
            print(f"{cores} cores: page {served:.0f} drawings/s, batch {batch:.0f}, {served / batch:.2f} of it")
            if shutil.which("chromium"):
                times = clicks(url)
                print(f"click to paint, 1024 px: median {statistics.median(times):.0f} ms, most {max(times):.0f} ms")
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
