"""The two word networks. They differ in one thing: how conv_0 and conv_1 come down to fewer positions.

"aliased" strides its convolutions; "reduced-aliasing" leaves them at stride 1 and follows their ReLU by a Hann pool of
the same stride, as in Feather et al. (2019). Every other downsampling is a Hann pool in both, and every tensor has the
same shape in both. Maps are [frequency, time].
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

import kernels
from words import WORDS

KINDS = ["aliased", "reduced-aliasing"]
#         name      channels kernel  stride  pool after it
LAYERS = [
    ("conv_0", 16, (7, 7), (3, 3), (2, 2)),
    ("conv_1", 48, (5, 5), (2, 2), (2, 1)),
    ("conv_2", 64, (3, 3), (1, 1), None),
    ("conv_3", 96, (3, 3), (1, 1), None),
    ("conv_4", 128, (3, 3), (1, 1), (3, 4)),
]
UNITS = 256
SIZE = (211, 400)
EPSILON = 1e-3
# In training conv_0 sees (cochleagram - MEAN) * GAIN, zeros beyond the edges included; `export` folds this into it.
MEAN, GAIN = 0.9, 1.6


def window(stride):
    """Taps of the Hann window that goes with a stride: its first zero lies at half the new sampling rate."""
    return 1 if stride == 1 else 4 * stride + 1


def padding(size, kernel, stride):
    """TensorFlow's "SAME" rule: as many positions as strides fit, and the odd zero at the end."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def pad(x, kernel, stride):
    top, bottom = padding(x.shape[2], kernel[0], stride[0])
    left, right = padding(x.shape[3], kernel[1], stride[1])
    return F.pad(x, (left, right, top, bottom))


def hann(taps):
    weights = torch.hann_window(taps, periodic=False) if taps > 1 else torch.ones(1)
    return weights / weights.sum()


class HannPool(nn.Module):
    """Means under a Hann window; the zeros beyond the edges count."""

    def __init__(self, channels, stride):
        super().__init__()
        self.stride, self.channels = stride, channels
        self.weights = [hann(window(s)) for s in stride]

    def forward(self, x, compiled=False):
        for axis, weights, stride in zip([2, 3], self.weights, self.stride):
            taps = weights.numel()
            if taps == 1:
                continue
            size = x.shape[axis]
            if compiled:
                before, _ = padding(size, taps, stride)
                x = kernels.Pool.apply(x, weights, axis, stride, before, -(-size // stride))
            else:
                kernel, steps = ((taps, 1), (stride, 1)) if axis == 2 else ((1, taps), (1, stride))
                window_ = weights.to(x.dtype).view(1, 1, *kernel).expand(self.channels, 1, *kernel)
                x = F.conv2d(pad(x, kernel, steps), window_, stride=steps, groups=self.channels)
        return x


class WordNetwork(nn.Module):
    def __init__(self, kind, dropout=0.0):
        super().__init__()
        self.kind, self.dropout = kind, dropout
        self.mean, self.gain = MEAN, GAIN
        self.compiled = False  # whether kernels.c does the pools and the first block: faster, but takes no gradient to x
        channels, (height, width) = 1, SIZE
        for name, out, kernel, stride, pool in LAYERS:
            i = name[-1]
            setattr(self, name, nn.Conv2d(channels, out, kernel))
            nn.init.kaiming_normal_(getattr(self, name).weight, nonlinearity="relu")
            nn.init.zeros_(getattr(self, name).bias)
            if self.pooled(stride):
                setattr(self, f"pool_{i}_0", HannPool(out, stride))
            if pool:
                setattr(self, f"pool_{i}", HannPool(out, pool))
            setattr(self, f"bn_{i}", nn.BatchNorm2d(out, EPSILON))
            for s in [stride, pool or (1, 1)]:
                height, width = -(-height // s[0]), -(-width // s[1])
            channels = out
        self.fc_intermediate = nn.Linear(channels * height * width, UNITS)
        self.bn_fc = nn.BatchNorm1d(UNITS, EPSILON)
        self.logits = nn.Linear(UNITS, len(WORDS))

    def pooled(self, stride):
        return self.kind == "reduced-aliasing" and stride != (1, 1)

    def forward(self, x, taken=None):
        """Logits [batch, words] of cochleagrams [batch, 1, 211, 400]. `taken` collects each layer's output by name."""

        def take(name, value):
            if taken is not None:
                taken[name] = value
            return value

        for name, _, kernel, stride, pool in LAYERS:
            i, layer = name[-1], getattr(self, name)
            step = (1, 1) if self.pooled(stride) else stride
            x = pad(x, kernel, step)
            if name == "conv_0":
                x = (x - self.mean) * self.gain
            if name == "conv_0" and self.pooled(stride) and self.compiled and taken is None:
                after = self.pool_0_0
                sizes = [-(-n // s) for n, s in zip(SIZE, stride)]
                x = kernels.FirstBlock.apply(x, layer.weight, layer.bias, after.weights[0], *sizes)
            else:
                x = take(name, F.conv2d(x, layer.weight, layer.bias, step))
                x = take(f"{name}_relu", F.relu(x))
                if self.pooled(stride):
                    x = take(f"pool_{i}_0", getattr(self, f"pool_{i}_0")(x, self.compiled))
            if pool:
                x = take(f"pool_{i}", getattr(self, f"pool_{i}")(x, self.compiled))
            x = take(f"bn_{i}", getattr(self, f"bn_{i}")(x))
        x = x.permute(0, 2, 3, 1).flatten(1)
        x = take("fc_intermediate", self.fc_intermediate(F.dropout(x, self.dropout, self.training)))
        x = self.bn_fc(take("fc_intermediate_relu", F.relu(x)))
        return take("logits", self.logits(F.dropout(x, self.dropout, self.training)))


def products(kind):
    """Multiplications of one forward pass, but for the pools'."""
    channels, (height, width), total = 1, SIZE, 0
    for _, out, kernel, stride, pool in LAYERS:
        positions = height * width
        for s in [stride, pool or (1, 1)]:
            height, width = -(-height // s[0]), -(-width // s[1])
            if s is stride and kind == "aliased":
                positions = height * width
        total += positions * kernel[0] * kernel[1] * channels * out
        channels = out
    return total + channels * height * width * UNITS + UNITS * len(WORDS)


if __name__ == "__main__":
    for kind in KINDS:
        count = sum(p.numel() for p in WordNetwork(kind).parameters())
        print(f"{kind}: {count} parameters, {products(kind) / 1e6:.0f} million products")
