"""Hann pools, and the reduced-aliasing network's first block, as PyTorch operations backed by kernels.c.

Needs a C compiler. They give what the plain operations give, to rounding: `python3 kernels.py` compares.
"""

import ctypes
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import torch

SOURCE = Path(__file__).with_name("kernels.c")


@cache
def library():
    with tempfile.TemporaryDirectory() as folder:
        built = f"{folder}/kernels.so"
        compiler = os.environ.get("CC", "cc")
        subprocess.run([compiler, "-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512", "-shared", "-fPIC",
                        str(SOURCE), "-o", built], check=True)
        return ctypes.CDLL(built)


def call(name, *arguments):
    """Calls a function with tensors (by address) and whole numbers."""
    as_c = [ctypes.c_void_p(a.data_ptr()) if torch.is_tensor(a) else ctypes.c_long(a) for a in arguments]
    getattr(library(), name)(*as_c)


def channel_last(x):
    return x.float().contiguous(memory_format=torch.channels_last)


class Pool(torch.autograd.Function):
    """A weighted mean along frequency (axis 2) or time (axis 3) of [batch, channels, frequency, time]."""

    @staticmethod
    def forward(ctx, x, weights, axis, stride, before, to):
        n, c, h, w = x.shape
        x = channel_last(x)
        outer, along, inner = (n, h, w * c) if axis == 2 else (n * h, w, c)
        shape = (n, c, to, w) if axis == 2 else (n, c, h, to)
        y = torch.zeros(shape).contiguous(memory_format=torch.channels_last)
        ctx.numbers = outer, along, to, inner
        ctx.settings = weights, weights.numel(), stride, before
        ctx.shape = x.shape
        call("pool", x, y, *ctx.numbers, *ctx.settings)
        return y

    @staticmethod
    def backward(ctx, dy):
        dx = torch.zeros(ctx.shape).contiguous(memory_format=torch.channels_last)
        call("pool_back", channel_last(dy), dx, *ctx.numbers, *ctx.settings)
        return dx, None, None, None, None, None


class FirstBlock(torch.autograd.Function):
    """Of padded cochleagrams [batch, 1, 217, 406], which need no gradient: conv_0 at stride 1, ReLU, pool_0_0."""

    @staticmethod
    def forward(ctx, x, weight, bias, hann, rows, columns):
        x = x.float().contiguous()
        n, _, h, w = x.shape
        numbers = n, h - 6, w - 6, rows, columns
        y = torch.zeros(n, 16, rows, columns).contiguous(memory_format=torch.channels_last)
        open_ = torch.empty(n, h - 6, w - 6, 16, dtype=torch.int8)
        call("first_block", x, weight[:, 0].permute(1, 2, 0).contiguous(), bias, hann, y, open_, *numbers)
        ctx.save_for_backward(x, open_, hann)
        ctx.numbers = numbers
        return y

    @staticmethod
    def backward(ctx, dy):
        x, open_, hann = ctx.saved_tensors
        dweight, dbias = torch.zeros(7, 7, 16), torch.zeros(16)
        call("first_block_back", x, channel_last(dy), open_, hann, dweight, dbias, *ctx.numbers)
        return None, dweight.permute(2, 0, 1)[:, None].contiguous(), dbias, None, None, None


def main():
    from network import WordNetwork

    torch.manual_seed(0)
    x, target = torch.rand(2, 1, 211, 400) * 2, torch.randn(2, 64)
    for kind in ["aliased", "reduced-aliasing"]:
        network = WordNetwork(kind)
        results = []
        for compiled in [False, True]:
            network.compiled = compiled
            network.zero_grad()
            out = network(x)
            (out * target).sum().backward()
            results.append([out.detach(), *(p.grad.clone() for p in network.parameters())])
        worst = max(float((a - b).norm() / (b.norm() + 1e-4)) for a, b in zip(*results))
        print(f"{kind}: largest relative difference of the output and {len(results[0]) - 1} gradients {worst:.1e}")


if __name__ == "__main__":
    main()
