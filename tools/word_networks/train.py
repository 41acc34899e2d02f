#!/usr/bin/env python3
"""Trains one of the two word networks.

    python3 train.py --data DATA --run RUN --kind aliased --examples 1000000 --seed 1 [--minutes 60]

The learning rate warms up, then falls along a cosine to nothing after --examples examples, or after --minutes of wall
time if those end first. A checkpoint is written every few minutes, and the same command carries on from it. What is kept
is the running mean of the weights. Held-out voices are tested along the way, for the record only: nothing is chosen by
them, and recordings of real people are not looked at here. New training sets may appear in DATA during the run.
"""

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from mixtures import STEPS
from network import KINDS, SIZE, WordNetwork

BATCH = 32
RATE, WARM_UP, DECAY = 2e-3, 0.05, 0.02
SMOOTHING, DROPOUT, CLIP = 0.05, 0.2, 2.0
EASY = 0.05  # of the run, at its start, on mixtures of 6 dB and more
KEPT = 0.998  # of the running mean of the weights, per step
GREY = 40  # what masks are filled with


class Set:
    """Cochleagrams on disk with their words and ratios."""

    def __init__(self, folder, name):
        self.table = np.load(folder / f"{name}.npy")
        self.maps = np.memmap(folder / f"{name}.u8", np.uint8, "r", shape=(len(self.table), *SIZE))


class TrainingData:
    """Batches for ever: each pass takes every set there is, mixture by mixture in random order within a set."""

    def __init__(self, folder, seed):
        self.folder, self.seed = Path(folder), seed
        self.sets = {}

    def names(self):
        return sorted(f.stem for f in self.folder.glob("train-*.u8"))

    def batches(self, first_pass, easy):
        for turn in range(first_pass, 1 << 30):
            rng = np.random.default_rng([self.seed, turn])
            names = self.names()
            # The newest set first, so that a set that has just been made is not waited for.
            for name in names[::-1] if turn % 2 else names:
                if name not in self.sets:
                    self.sets[name] = Set(self.folder, name)
                data = self.sets[name]
                order = rng.permutation(len(data.table))
                if easy():
                    order = order[data.table[order, 1] >= 6]
                for i in range(0, len(order) - BATCH + 1, BATCH):
                    yield turn, augmented(rng, data, np.sort(order[i : i + BATCH]))


def augmented(rng, data, chosen):
    """Cochleagrams shifted a little in time and frequency, with a band and a stretch of time masked, and their words."""
    shift, up = int(rng.integers(-12, 13)), int(rng.integers(-4, 5))
    rows = np.clip(np.arange(SIZE[0]) - up, 0, SIZE[0] - 1)
    x = np.roll(data.maps[chosen][:, rows], shift, 2)
    for y in x:
        if rng.random() < 0.6:
            width = int(rng.integers(1, 20))
            start = int(rng.integers(0, SIZE[0] - width))
            y[start : start + width] = GREY
        if rng.random() < 0.4:
            width = int(rng.integers(1, 16))
            start = int(rng.integers(0, SIZE[1] - width))
            y[:, start : start + width] = GREY
    gain = rng.uniform(0.87, 1.15, (len(x), 1, 1, 1)).astype(np.float32)
    return x, gain, data.table[chosen, 0].astype(np.int64)


def cochleagrams(maps):
    return torch.from_numpy(np.array(maps)).unsqueeze(1).float() / STEPS


def accuracy(network, data, most=500):
    """Of `most` mixtures drawn with a fixed seed."""
    chosen = np.sort(np.random.default_rng(0).permutation(len(data.table))[:most])
    network.eval()
    right = 0
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for i in range(0, len(chosen), BATCH):
            part = chosen[i : i + BATCH]
            out = network(cochleagrams(data.maps[part]).contiguous(memory_format=torch.channels_last))
            right += int((out.argmax(1).numpy() == data.table[part, 0]).sum())
    network.train()
    return right / len(chosen)


class RunningMean:
    """The mean of a network's weights and statistics over its last steps."""

    def __init__(self, network):
        self.state = {k: v.clone() for k, v in network.state_dict().items()}

    def update(self, network, step):
        share = 1 - min(KEPT, (step + 1) / (step + 10))
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[name].lerp_(value, share)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", required=True)
    p.add_argument("--run", required=True)
    p.add_argument("--kind", choices=KINDS, required=True)
    p.add_argument("--examples", type=int, required=True)
    p.add_argument("--minutes", type=float, default=1e9)
    p.add_argument("--seed", type=int, required=True)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--every", type=float, default=4, help="minutes between checkpoints")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    run = Path(a.run)
    run.mkdir(parents=True, exist_ok=True)
    network = WordNetwork(a.kind, DROPOUT).to(memory_format=torch.channels_last)
    network.compiled = True
    decayed = [w for w in network.parameters() if w.ndim > 1]
    others = [w for w in network.parameters() if w.ndim == 1]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98))
    mean = RunningMean(network)
    at = {"step": 0, "seen": 0, "seconds": 0.0, "pass": 0}
    checkpoint = run / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        mean.state, at = saved["mean"], saved["at"]
        at["pass"] += 1
    held_out = Set(Path(a.data), "held-out")
    average = WordNetwork(a.kind)
    average.compiled = True
    begun = time.monotonic() - at["seconds"]
    progress = lambda: max(at["seen"] / a.examples, (time.monotonic() - begun) / 60 / a.minutes)

    def save(recent):
        at["seconds"] = time.monotonic() - begun
        state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "mean": mean.state, "at": at}
        torch.save(state, run / "checkpoint.part")
        (run / "checkpoint.part").replace(checkpoint)
        average.load_state_dict(mean.state)
        record = {**at, "seconds": round(at["seconds"]), "sets": len(data.names()), "progress": round(progress(), 3)}
        if recent:
            record |= dict(zip(["loss", "accuracy"], np.mean(recent, 0).round(4).tolist()))
        record["held_out"] = accuracy(average, held_out)
        with open(run / "log.jsonl", "a") as log:
            log.write(json.dumps(record) + "\n")
        print(record, flush=True)

    data = TrainingData(a.data, a.seed)
    batches = data.batches(at["pass"], lambda: progress() < EASY)
    saved_at, recent = time.monotonic(), []
    network.train()
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(next, batches)
        while (fraction := progress()) < 1:
            at["pass"], (maps, gain, words) = coming.result()
            coming = ahead.submit(next, batches)
            rate = fraction / WARM_UP if fraction < WARM_UP else (1 + np.cos(np.pi * (fraction - WARM_UP) / (1 - WARM_UP))) / 2
            for group in optimiser.param_groups:
                group["lr"] = float(RATE * max(rate, 1e-3))
            x = (cochleagrams(maps) * torch.from_numpy(gain)).contiguous(memory_format=torch.channels_last)
            words = torch.from_numpy(words)
            with torch.autocast("cpu", torch.bfloat16):
                out = network(x)
            out = out.float()
            loss = F.cross_entropy(out, words, label_smoothing=SMOOTHING)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            optimiser.step()
            mean.update(network, at["step"])
            at["step"] += 1
            at["seen"] += len(words)
            recent.append((float(loss.detach()), float((out.argmax(1) == words).float().mean())))
            if at["step"] in [20, 50, 100, 200, 300, 400] or at["step"] % 1000 == 0:
                print(at["step"], "steps,", round(time.monotonic() - begun), "s", np.mean(recent[-50:], 0).round(3), flush=True)
            if time.monotonic() - saved_at > 60 * a.every:
                save(recent)
                saved_at, recent = time.monotonic(), []
    save(recent)
    tensors = {name: value.contiguous() for name, value in mean.state.items() if value.dtype.is_floating_point}
    save_file(tensors, run / "weights.safetensors")


if __name__ == "__main__":
    main()
