"""One training on several processes, on one machine or many, that comes to what one process comes to."""

import logging
import os
import sys
import threading
import time
import warnings
from typing import Any, NoReturn

import torch
import torch.distributed
from lightning_fabric import Fabric
from torch import Tensor, nn


def started(precision: str, devices: int = 0, num_nodes: int = 0, device: str = "auto") -> Fabric:
    """This process's place among those that train; starts the others of this machine where torchrun has not.

    devices, num_nodes: processes on each machine, and machines; 0 for what torchrun says, else 1.
    device: cpu, cuda, mps, or auto: CUDA or MPS where there is one, else the CPU.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    # torchrun says both; WORLD_SIZE alone is what Fabric tells processes that it started itself
    here = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    machines = int(os.environ["WORLD_SIZE"]) // here if "LOCAL_WORLD_SIZE" in os.environ else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fabric = Fabric(
            accelerator=device,
            devices=devices or here,
            num_nodes=num_nodes or machines,
            precision="bf16-mixed" if precision == "bf16-mixed" else "32-true",
        )
        fabric.launch()
    if not is_first() and "LOCAL_WORLD_SIZE" not in os.environ:
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    return fabric


def _end_with(parent: int) -> None:
    """End this process soon after the one that started it, which may be killed without a word."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def leave(code: int) -> NoReturn:
    """End this process, one of several, now: threads of the network between them may wait for a peer that has gone."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def is_first() -> bool:
    """Whether this process is the only one that trains, or the first of them: the one that speaks and writes."""
    return all(int(os.environ.get(rank, 0)) == 0 for rank in ("RANK", "NODE_RANK", "LOCAL_RANK"))


def is_shared() -> bool:
    """Whether several processes train together."""
    return torch.distributed.is_initialized() and torch.distributed.get_world_size() > 1


_LEFT: list[Any] = []
"""Groups of processes that this one has left, whose threads may not have come to their end."""


def finished() -> None:
    """Leave the other processes."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        # what ends a group waits for its threads and lets no other thread run Python meanwhile, which one of them
        # may still need to drop the barrier's tensors: kept, it ends with this process
        _LEFT.append(torch.distributed.group.WORLD)
        torch.distributed.destroy_process_group()


def share_statistics(net: nn.Module, fabric: Fabric) -> nn.Module:
    """Make a network's batch normalisation one over the drawings of all processes."""
    if fabric.world_size == 1:
        return net
    if fabric.device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(net)
    for module in net.modules():
        if type(module) is nn.BatchNorm2d:
            # the same parameters under the same names, another forward
            module.__class__ = _SharedBatchNorm
    return net


class _SumOfAll(torch.autograd.Function):
    """The sum of a tensor over all processes, through which gradients flow."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _SumOfAll.forward(ctx, gradients[0])


class _SharedBatchNorm(nn.BatchNorm2d):
    """What nn.SyncBatchNorm does, which refuses to on CPU."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        x = input.float()
        count = x.new_tensor([x.numel() / x.shape[1]])
        sums = _SumOfAll.apply(torch.cat([x.sum((0, 2, 3)), x.square().sum((0, 2, 3)), count]))
        mean, square = (sums[:-1] / sums[-1]).chunk(2)
        variance = (square - mean.square()).clamp_min(0)
        with torch.no_grad():
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            assert self.momentum is not None
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * sums[-1] / (sums[-1] - 1), self.momentum)
        scale = self.weight / (variance + self.eps).sqrt()
        shift = self.bias - mean * scale
        return (x * scale[:, None, None] + shift[:, None, None]).to(input.dtype)
