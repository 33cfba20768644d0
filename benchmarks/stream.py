"""Whether the synthetic world keeps up with training: drawings per second of each, on one core and on all.

usage: python benchmarks/stream.py [BATCHES]
"""

import os
import sys
import time

import cv2
import torch

from polycolor_cli.data.batch import synthetic_batch
from polycolor_cli.nn.losses import loss_of
from polycolor_cli.nn.unet import UNet
from polycolor_cli.train.config import TrainConfig, best_precision
from polycolor_cli.train.loop import Looks
from polycolor_cli.train.validate import color_input


def drawn(batches: int) -> float:
    """Synthetic drawings per second on one core, in the mix of sizes that training sees."""
    cv2.setNumThreads(1)
    began = time.perf_counter()
    count = sum(len(synthetic_batch(1, number, 32)) for number in range(batches))
    return count / (time.perf_counter() - began)


def learned(batches: int, threads: int) -> float:
    """Drawings per second that training steps take, the drawings lying ready."""
    torch.set_num_threads(threads)
    config = TrainConfig(precision=best_precision())
    net = UNet(config.dimensions()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    looks = Looks(net)
    optimizer = torch.optim.AdamW(net.parameters(), fused=True)
    ready = [synthetic_batch(1, number, 32) for number in range(batches)]
    began = 0.0
    # the first round over all sizes compiles their kernels
    for _ in range(2):
        began = time.perf_counter()
        for batch in ready:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=config.precision == "bf16-mixed"):
                first, last = looks(batch.drawing, color_input(net, batch), batch.from_half)
            loss = loss_of("bce-dice", last, batch) + 0.5 * loss_of("bce-dice", first, batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return sum(map(len, ready)) / (time.perf_counter() - began)


def main(batches: int) -> None:
    cores = os.cpu_count() or 1
    stream = drawn(batches)
    print("| | drawings/s | share of one core that feeds it |\n|---|---|---|")
    print(f"| synthetic stream, 1 core | {stream:.0f} | |")
    for threads in sorted({1, cores}):
        rate = learned(batches, threads)
        print(f"| training step ({best_precision()}), {threads} core(s) | {rate:.0f} | {rate / stream:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 24)
