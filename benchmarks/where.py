"""Where the time of a small drawing goes, and what each choice costs.

    python benchmarks/where.py

One core; medians in milliseconds over 128 px drawings, all in one session.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from polycolor_cli.batch.plan import Job
from polycolor_cli.batch.work import CHUNK, Worker
from polycolor_cli.data.write import SHAPES, plain_drawing
from polycolor_cli.files.atomic import write_whole
from polycolor_cli.files.picture import encode, mark_of, read_picture
from polycolor_cli.fill.colorizer import Colorizer
from polycolor_cli.fill.paint import Paint, paint
from polycolor_cli.models import weights

COUNT = 200
RED = Paint("red")


def median(work: Callable[[], object], times: int = COUNT) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e3


def table(title: str, rows: dict[str, float]) -> None:
    print(f"\n| {title} | ms |\n|---|---:|")
    for name, value in rows.items():
        print(f"| {name} | {value:.2f} |", flush=True)


def parts(folder: Path, fill: Colorizer) -> None:
    image = plain_drawing(9, 0, "star").picture
    top, left = np.argwhere(image < 128)[0]
    y, x = np.ogrid[: image.shape[0], : image.shape[1]]
    far = np.hypot(y - top, x - left)
    gapped, asked = (np.where(far <= radius, 255, image).astype(np.uint8) for radius in (4, 24))
    buffer = io.BytesIO()
    Image.fromarray(image).convert("RGB").save(buffer, "PNG")
    data = buffer.getvalue()
    picture = read_picture(data)
    gray = np.asarray(picture)
    planes = np.stack([gray] * 3)[None].astype(np.float32) / 255
    nothing = {"guess": np.zeros((0, 1, 0, 0), np.float32)}
    session = fill._network._session
    coverage = fill.coverage(picture)
    assert not np.array_equal(gapped, image)
    assert not np.array_equal(asked, gapped)
    filled = paint(picture, coverage, RED)
    code = encode(filled, "PNG", mark="0" * 32, fast=True)
    network = median(lambda: session.run(None, {"drawing": planes, **nothing}))
    rows = {
        "decode": median(lambda: read_picture(data)),
        "a closed outline, traced": median(lambda: fill.coverage(picture)),
        "one with a gap, closed by its lines": median(lambda: fill.coverage(gapped)),
        "any other drawing: network": network,
        "any other drawing: planes, settling, doubts": median(lambda: fill.coverage(asked)) - network,
        "paint": median(lambda: paint(picture, coverage, RED)),
        "encode": median(lambda: encode(filled, "PNG", mark="0" * 32, fast=True)),
        "write, with fsync": median(lambda: write_whole(folder / "a.png", code)),
        "write, without": median(lambda: (folder / "b.png").write_bytes(code)),
        "read the mark of a finished one": median(lambda: mark_of(folder / "a.png")),
    }
    table("one drawing", rows)
    picture = Image.fromarray(filled)
    levels = {f"PNG level {n}, {len(png(picture, n))} bytes": median(partial(png, picture, n)) for n in (0, 1, 4, 6, 9)}
    table("encode", levels)


def png(image: Image.Image, level: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=level)
    return buffer.getvalue()


def session_of(data: bytes, level: onnxruntime.GraphOptimizationLevel) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = level
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def networks(folder: Path) -> None:
    from polycolor_cli.data.batch import synthetic_batch
    from polycolor_cli.nn.export import export, load_weights

    net = load_weights(Path("models/polycolor.safetensors")).eval()
    export(net, folder / "float.onnx", {})
    export(net, folder / "int8.onnx", {}, (synthetic_batch(1, k, 16, (128, 128)).drawing.numpy() for k in range(4)))
    every = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    some = np.random.default_rng(0).random((16, 3, 128, 128), np.float32)
    nothing = {"guess": np.zeros((0, 1, 0, 0), np.float32)}
    rows = {}
    for name in ("float", "int8"):
        data = (folder / f"{name}.onnx").read_bytes()
        rows[f"{name}: load"] = median(partial(session_of, data, every), 9)
        session = session_of(data, every)
        for batch in (1, 4, 16):
            given = {"drawing": some[:batch], **nothing}
            taken = median(partial(session.run, None, given), 60 // batch + 5)
            rows[f"{name}: each of {batch} together"] = taken / batch
    shipped = weights.read()
    for level in ("ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL"):
        session = session_of(shipped, getattr(onnxruntime.GraphOptimizationLevel, level))
        given = {"drawing": some[:1], **nothing}
        rows[f"shipped, {level}"] = median(partial(session.run, None, given), 60)
    table("network, 128 px", rows)


_worker: Worker


def begin() -> None:
    global _worker
    _worker = Worker(Colorizer(threads=1), restart=True)


def some(jobs: list[Job]) -> None:
    _worker.run(jobs)


def together(folder: Path) -> None:
    jobs = []
    for number in range(COUNT):
        path = folder / f"{number}.png"
        Image.fromarray(plain_drawing(9, number, SHAPES[number % 8]).picture).save(path)
        jobs.append(Job(path, ((RED, folder / "out" / path.name),)))
    chunks = [jobs[start : start + CHUNK] for start in range(0, COUNT, CHUNK)]
    begin()
    rows = {}

    def timed(work: Callable[[], object]) -> float:
        work()
        return min(median(work, 3) / COUNT for _ in range(2))

    rows["one after another"] = timed(lambda: list(map(some, chunks)))
    with ThreadPoolExecutor(2) as threads:
        workers = [Worker(Colorizer(threads=1), restart=True) for _ in range(2)]
        rows["two threads"] = timed(
            lambda: list(threads.map(lambda pair: workers[pair[0] % 2].run(pair[1]), enumerate(chunks)))
        )
    with ProcessPoolExecutor(2, initializer=begin) as processes:
        rows["two processes"] = timed(lambda: list(processes.map(some, chunks)))
    table("whole jobs, each", rows)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts(folder, Colorizer(threads=1))
        networks(folder)
        together(folder)


if __name__ == "__main__":
    main()
