"""One PyTorch step of the networks that benches/steps.rs measures, spoken to in the same way: lines
`threads format workload` on standard input, `wall_ms cpu_ms peak_mb` on standard output. Weights are random."""

import sys
import time

import numpy as np
import torch
from torch import nn


def vgg19(until):
    layers, ins = [], 3
    for block, (width, depth) in enumerate([(64, 2), (128, 2), (256, 4), (512, 4), (512, 4)], 1):
        for layer in range(1, depth + 1):
            layers += [nn.Conv2d(ins, width, 3, padding=1), nn.ReLU(inplace=True)]
            ins = width
            if f"conv{block}_{layer}" == until:
                return nn.Sequential(*layers), (3, 224, 224)
        layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(inplace=True), nn.Linear(4096, 4096), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Linear(4096, 1000)), (3, 224, 224)


class Bottleneck(nn.Module):
    def __init__(self, ins, width, stride, project):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(ins, width, 1), nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, stride, 1), nn.ReLU(inplace=True),
            nn.Conv2d(width, 4 * width, 1),
        )
        self.shortcut = nn.Conv2d(ins, 4 * width, 1, stride) if project else nn.Identity()

    def forward(self, x):
        return torch.relu_(self.main(x) + self.shortcut(x))


def resnet50(channels):
    layers = [nn.Conv2d(channels, 64, 7, 2, 3), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    ins = 64
    for stage, blocks in enumerate([3, 4, 6, 3]):
        width = 64 << stage
        for block in range(blocks):
            layers.append(Bottleneck(ins, width, 2 if block == 0 and stage > 0 else 1, block == 0))
            ins = 4 * width
    return nn.Sequential(*layers)


class Same(nn.Module):
    """TensorFlow's padding before a layer: (left, right, top, bottom)."""

    def __init__(self, layer, padding, fill=0.0):
        super().__init__()
        self.layer, self.padding, self.fill = layer, padding, fill

    def forward(self, x):
        return self.layer(nn.functional.pad(x, self.padding, value=self.fill))


class InvertedResidual(nn.Module):
    def __init__(self, ins, out, kernel, stride, expand, size):
        super().__init__()
        wide = ins * expand
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        before, after = total // 2, total - total // 2
        layers = [] if expand == 1 else [nn.Conv2d(ins, wide, 1), nn.ReLU6(inplace=True)]
        if before == after:
            layers.append(nn.Conv2d(wide, wide, kernel, stride, before, groups=wide))
        else:
            layers.append(Same(nn.Conv2d(wide, wide, kernel, stride, groups=wide), (before, after, before, after)))
        self.main = nn.Sequential(*layers, nn.ReLU6(inplace=True), nn.Conv2d(wide, out, 1))
        self.residual = stride == 1 and ins == out

    def forward(self, x):
        return self.main(x) + x if self.residual else self.main(x)


def efficientnet_lite0():
    layers = [Same(nn.Conv2d(3, 32, 3, 2), (0, 1, 0, 1)), nn.ReLU6(inplace=True)]
    ins, size = 32, 112
    stages = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]
    for repeats, kernel, stride, expand, out in stages:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            layers.append(InvertedResidual(ins, out, kernel, step, expand, size))
            ins, size = out, -(-size // step)
    return nn.Sequential(*layers), (3, 224, 224)


class Cochleagram(nn.Module):
    """211 half-cosine filters on an ERB scale, analytic signals of full length, a Kaiser-windowed sinc, a power of 0.3:
    the operations of the published front end, in native PyTorch."""

    def __init__(self, samples=40000, rate=20000, around=(0, 0)):
        super().__init__()
        self.around = around
        self.samples, bins = samples, samples // 2 + 1
        frequencies = np.linspace(0, rate / 2, bins)
        erb = lambda f: 9.265 * np.log(1 + f / (24.7 * 9.265))
        centres = np.linspace(erb(50), erb(10000), 213)[1:-1]
        spacing = centres[1] - centres[0]
        distance = (erb(frequencies)[None] - centres[:, None]) / (8 * spacing)
        filters = np.where(np.abs(distance) < 0.5, np.cos(np.pi * distance), 0) / 2
        self.register_buffer("filters", torch.tensor(filters, dtype=torch.float32))
        t = np.arange(-500.5, 500)
        taps = np.kaiser(1001, 5) * np.sinc(t / 100) / 100
        self.register_buffer("taps", torch.tensor(taps, dtype=torch.float32)[None, None])

    def forward(self, x):
        spectrum = torch.fft.rfft(x)[:, None] * self.filters
        analytic = torch.fft.ifft(spectrum, n=self.samples)
        envelope = torch.sqrt(torch.clamp(analytic.real**2 + analytic.imag**2, min=1e-16))
        envelope = nn.functional.pad(envelope, self.around)
        low = nn.functional.conv1d(envelope.reshape(211, 1, -1), self.taps, stride=100)
        return ((torch.relu(low) + 1e-8) ** 0.3)[None, None, :, 0]


def kell2018():
    none = float("-inf")
    return nn.Sequential(
        Same(nn.Conv2d(1, 96, (7, 14), 3), (5, 6, 3, 3)), nn.ReLU(inplace=True), Same(nn.MaxPool2d((2, 5), 2), (1, 2, 0, 1), none),
        Same(nn.Conv2d(96, 256, (4, 8), 2), (3, 4, 1, 1)), nn.ReLU(inplace=True), Same(nn.MaxPool2d((2, 5), 2), (2, 2, 0, 0), none),
        Same(nn.Conv2d(256, 512, (2, 5)), (2, 2, 0, 1)), nn.ReLU(inplace=True),
        Same(nn.Conv2d(512, 1024, (2, 5)), (2, 2, 0, 1)), nn.ReLU(inplace=True),
        Same(nn.Conv2d(1024, 512, (2, 5)), (2, 2, 0, 1)), nn.ReLU(inplace=True),
    )


def same(size, kernel, stride):
    """TensorFlow's padding as `Same` takes it."""
    sides = []
    for n, k, s in reversed(list(zip(size, kernel, stride))):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        sides += [total // 2, total - total // 2]
    return sides


def hann_pool(channels, size, stride):
    """Means under a Hann window, one axis after the other."""
    layers = []
    for axis in [0, 1]:
        if stride[axis] > 1:
            kernel, steps = [1, 1], [1, 1]
            kernel[axis], steps[axis] = 4 * stride[axis] + 1, stride[axis]
            layer = nn.Conv2d(channels, channels, kernel, steps, groups=channels, bias=False)
            window = torch.hann_window(kernel[axis], periodic=False)
            layer.weight = nn.Parameter((window / window.sum()).view(1, 1, *kernel).expand(channels, 1, *kernel).clone())
            layers.append(Same(layer, same(size, kernel, steps)))
            size = [-(-n // s) for n, s in zip(size, steps)]
    return layers, size


def word_network(reduced_aliasing):
    """The embedded word networks; see tools/word_networks/network.py."""
    layers, ins, size = [Cochleagram(around=(450, 451))], 1, [211, 400]
    for out, kernel, stride, pool in [
        (16, (7, 7), (3, 3), (2, 2)), (48, (5, 5), (2, 2), (2, 1)), (64, (3, 3), (1, 1), (1, 1)),
        (96, (3, 3), (1, 1), (1, 1)), (128, (3, 3), (1, 1), (3, 4)),
    ]:
        step = (1, 1) if reduced_aliasing else stride
        layers += [Same(nn.Conv2d(ins, out, kernel, step), same(size, kernel, step)), nn.ReLU(inplace=True)]
        size = [-(-n // s) for n, s in zip(size, step)]
        for stride in [stride if reduced_aliasing else (1, 1), pool]:
            more, size = hann_pool(out, size, stride)
            layers += more
        layers.append(nn.BatchNorm2d(out))
        ins = out
    layers += [nn.Flatten(), nn.Linear(ins * size[0] * size[1], 256), nn.ReLU(inplace=True), nn.BatchNorm1d(256), nn.Linear(256, 64)]
    return nn.Sequential(*layers)


def build(name):
    model, layer = name.split(" ")
    if model == "vgg19":
        return vgg19(layer)
    if model == "resnet50":
        return resnet50(3), (3, 224, 224)
    if model == "efficientnet-lite0":
        return efficientnet_lite0()
    if model == "cochleagram":
        return Cochleagram(), (40000,)
    if model == "cochresnet50":
        return nn.Sequential(Cochleagram(), resnet50(1)), (40000,)
    if model == "kell2018":
        return nn.Sequential(Cochleagram(), kell2018()), (40000,)
    if model in ["word-aliased", "word-reduced-aliasing"]:
        return word_network(model == "word-reduced-aliasing"), (40000,)
    raise ValueError(f"no workload is called '{name}'")


class Step:
    def __init__(self, name, layout):
        torch.manual_seed(0)
        self.network, shape = build(name)
        self.network.eval()
        for parameter in self.network.parameters():
            parameter.requires_grad_(False)
        x = 0.5 + 0.1 * torch.randn(1, *shape)
        if layout == "channels_last":
            self.network = self.network.to(memory_format=torch.channels_last)
            x = x.to(memory_format=torch.channels_last) if x.dim() == 4 else x
        with torch.no_grad():
            self.target = self.network(x.clone() + 0.1 * torch.randn_like(x))
        self.x = x.requires_grad_(True)
        self.optimiser = torch.optim.Adam([self.x], lr=1e-3)

    def run(self):
        self.optimiser.zero_grad(set_to_none=True)
        difference = self.network(self.x) - self.target
        (0.5 * (difference * difference).sum()).backward()
        self.optimiser.step()


def peak_mb():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024


def main():
    made_for = step = None
    for line in sys.stdin:
        line = line.strip()
        if line != made_for:
            step = None
            threads, layout, name = line.split(" ", 2)
            torch.set_num_threads(int(threads))
            step = Step(name, layout)
            step.run()
            made_for = line
        wall, cpu = time.perf_counter(), time.process_time()
        step.run()
        print(f"{1e3 * (time.perf_counter() - wall):.3f} {1e3 * (time.process_time() - cpu):.3f} {peak_mb():.1f}", flush=True)


if __name__ == "__main__":
    main()
