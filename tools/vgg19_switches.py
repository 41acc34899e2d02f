"""Which rectified units and pooling windows of the full-size formula VGG-19 rounding can turn, and how they stood in the
TensorFlow run whose gradients lie in tests/data/golden/vgg19_full. Writes switches.json there and prints the evidence.

    python3 tools/vgg19_switches.py          # numpy and torch, 6 GB of memory, some minutes

Everything is computed in double precision. A *switch* is a rectified unit (open or shut) or a pooling window (which value
it takes). Those within 1e-5 of their layer's root mean square of turning could have stood otherwise in a correct run in
single precision. Turning one changes the gradient of a later layer by a known amount, so a fit of the stored gradients'
deviation by those amounts must give 1 for every switch that stood otherwise and 0 for the others, if that is all there is.
"""

import json
import pathlib

import numpy as np
import torch
from torch.nn import functional

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests/data/golden/vgg19_full"
STAGES = [2, 2, 4, 4, 4]
NAMES = [f"conv{s}_{i}" for s, n in enumerate(STAGES, 1) for i in range(1, n + 1)]
TAPS = ["conv1_2", "conv2_2", "conv3_4", "conv4_4", "conv5_4", "fc6", "fc7", "fc8"]
LISTED, TRIED = 5e-5, 1e-5


def uniform(seed, n):
    """SplitMix64 on [0, 1)."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def load_weights():
    """Out, in, height, width in double precision, from the formula's single precision."""
    weights = {}
    for t in json.loads((FOLDER / "weights.json").read_text())["tensors"]:
        u = uniform(t["seed"], int(np.prod(t["shape"])))
        values = torch.from_numpy(((2 * u - 1) * t["bound"]).astype(np.float32).reshape(t["shape"])).double()
        layer, kind = t["name"].split("/")[-2:]
        weights[layer, kind] = values.permute(3, 2, 0, 1).contiguous() if values.ndim == 4 else values
    return weights


def forward(picture, weights):
    """(name, kind, value): of a convolution what comes out of it, of a pool what goes in, with the places it takes."""
    means = torch.tensor([123.68, 116.779, 103.939]).double().view(1, 3, 1, 1)
    x, steps = torch.from_numpy(picture).permute(2, 0, 1)[None].double() * 255 - means, []
    for name in NAMES + ["fc6", "fc7", "fc8"]:
        z = functional.conv2d(x, weights[name, "weights"], weights[name, "biases"], padding=int(name.startswith("conv")))
        steps.append((name, "conv", z, None))
        x = z if name == "fc8" else z.relu()
        if name in TAPS[:5]:
            pooled, places = functional.max_pool2d(x, 2, return_indices=True)
            steps.append((name, "pool", x, places))
            x = pooled
    return steps


def back(cotangent, steps, start, weights):
    """From the output of the convolution at `start` to the picture; also the gradient behind every switch on the way."""
    g, passed = cotangent, {}
    for i in range(start, -1, -1):
        name, kind, value, places = steps[i]
        if i != start:
            passed[i] = g
            g = functional.max_unpool2d(g, places, 2, output_size=value.shape[-2:]) if kind == "pool" else g * (value > 0)
        if kind == "conv":
            kernel = weights[name, "weights"]
            padding = int(name.startswith("conv"))
            sides = [n + kernel.shape[2] - 1 - 2 * padding for n in value.shape[2:]]
            g = torch.nn.grad.conv2d_input((1, kernel.shape[1], *sides), kernel, g, padding=padding)
    return sample((255 * g)[0].permute(1, 2, 0)), passed


def sample(values, n=8192):
    flat = values.reshape(-1)
    return flat[np.arange(n) * flat.numel() // n].numpy()


def in_doubt(steps, within):
    """Index of the step, place behind the switch, places in front of it (a window's: the value taken, the nearest other)."""
    found = []
    for i, (name, kind, value, places) in enumerate(steps):
        if kind == "pool":
            _, channels, height, width = value.shape
            windows = value.view(channels, height // 2, 2, width // 2, 2).permute(0, 1, 3, 2, 4).reshape(-1, 4)
            best, which = windows.topk(2)
            for w in ((best[:, 0] > 0) & (best[:, 0] - best[:, 1] < within * length)).nonzero().ravel().tolist():
                c, rest = divmod(w, height // 2 * (width // 2))
                y, x = divmod(rest, width // 2)
                corner = c * height * width + 2 * y * width + 2 * x
                found.append((i, w, [corner + k // 2 * width + k % 2 for k in which[w].tolist()]))
        else:
            length = value.square().mean().sqrt().item()
            if name != "fc8":
                found += [(i, u, [u]) for u in (value.abs() < within * length).reshape(-1).nonzero().ravel().tolist()]
    return found


def turned(switch, steps, weights):
    """What turning a switch adds to the picture's gradient for a gradient of 1 behind it."""
    i, _, places = switch
    at = i if steps[i][1] == "conv" else i - 1
    g = torch.zeros_like(steps[at][2])
    if steps[i][1] == "conv":
        g.view(-1)[places[0]] = -1.0 if steps[i][2].view(-1)[places[0]] > 0 else 1.0
    else:
        g.view(-1)[places[1]], g.view(-1)[places[0]] = 1.0, -1.0
        g *= steps[at][2] > 0
    return back(g, steps, at, weights)[0]


def main():
    weights = load_weights()
    crop = np.load(FOLDER.parent / "resize/chelsea_bilinear_224.npy").astype(np.float32) / np.float32(255)
    start = (uniform(1908, 224 * 224 * 3) * 0.1 + 0.5).astype(np.float32).reshape(224, 224, 3)
    target = {name: z for name, kind, z, _ in forward(crop, weights) if kind == "conv"}
    steps, stored = forward(start, weights), np.load(FOLDER / "gradients.npz")
    tried = in_doubt(steps, TRIED)
    columns = [turned(s, steps, weights) for s in tried]
    otherwise = set()
    for tap in TAPS:
        at = next(i for i, s in enumerate(steps) if s[:2] == (tap, "conv"))
        act = (lambda z: z) if tap == "fc8" else torch.relu
        gradient, passed = back(act(steps[at][2]) - act(target[tap]), steps, at, weights)
        expected = stored["grad_" + tap + ("" if tap == "fc8" else "_jittered_relu")].reshape(-1).astype(np.float64)
        size = np.linalg.norm(expected)
        rows = [(s, c * passed[s[0]].view(-1)[s[1]].item()) for s, c in zip(tried, columns) if s[0] < at]
        rows = [(s, c) for s, c in rows if np.linalg.norm(c) > 2e-5 * size]
        rest = expected - gradient
        print(f"{tap}: stored and double precision differ by {np.linalg.norm(rest) / size:.2e}; {len(rows)} switches matter")
        if rows:
            shares = np.linalg.lstsq(np.stack([c for _, c in rows], 1), rest, rcond=None)[0]
            for (s, c), share in zip(rows, shares):
                if abs(share) > 0.5:
                    otherwise.add((s[0], s[1]))
                    rest = rest - c
                    print(f"    {s[1]} of {steps[s[0]][0]} ({steps[s[0]][1]}) stood otherwise: coefficient {share:.4f}")
                elif abs(share) > 0.05:
                    raise SystemExit(f"{s} has coefficient {share}: switches alone do not explain the stored gradients")
            print(f"    with these turned they differ by {np.linalg.norm(rest) / size:.2e}")
    units, windows = [], []
    for i, behind, places in in_doubt(steps, LISTED):
        name, kind, value, _ = steps[i]
        other = (i, behind) in otherwise
        if kind == "conv":
            units.append([name, places[0], bool(value.view(-1)[places[0]] > 0) != other])
        else:
            windows.append([name, *(reversed(places) if other else places)])
    note = (
        "Rectified units (layer, place in [channel, row, column], whether open) and pooling windows (layer before, place of "
        "the value taken, place of the nearest other) within 5e-5 of the layer's root mean square of turning, at the start "
        "picture; as in the stored run"
    )
    lines = lambda rows: "[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n ]"
    text = f'{{\n "note": {json.dumps(note)},\n "units": {lines(units)},\n "windows": {lines(windows)}\n}}\n'
    (FOLDER / "switches.json").write_text(text)


if __name__ == "__main__":
    main()
