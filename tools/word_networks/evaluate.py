#!/usr/bin/env python3
"""Tests a trained network on held-out voices and on real people, and prints its accuracy.

    python3 evaluate.py --data DATA --kind aliased --weights RUN/weights.safetensors [--out RUN/accuracy.json]

The words are a choice of 64 (chance is 1.6 %). Per set: every signal-to-noise ratio, and every voice; "top five" counts
a word among the five best as right.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from mixtures import CLEAN
from network import KINDS, WordNetwork
from train import BATCH, Set, cochleagrams


def ranks(network, data):
    """For each mixture the number of words that score higher than the right one."""
    network.eval()
    found = []
    with torch.no_grad():
        for i in range(0, len(data.table), BATCH):
            out = network(cochleagrams(np.asarray(data.maps[i : i + BATCH]))).numpy()
            right = out[np.arange(len(out)), data.table[i : i + BATCH, 0]]
            found.append((out > right[:, None]).sum(1))
    return np.concatenate(found)


def summary(ranks_, data, voices):
    """Shares of right answers: all together, by ratio, by voice."""
    right, (_, ratios, speakers) = ranks_ == 0, data.table.T
    share = lambda chosen: round(float(right[chosen].mean()), 4)
    by_ratio = lambda chosen: {
        "clean" if r == CLEAN else str(r): share(chosen & (ratios == r)) for r in np.unique(ratios[chosen])
    }
    every = np.full(len(right), True)
    report = {"mixtures": len(right), "all": share(every), "top_five": round(float((ranks_ < 5).mean()), 4)}
    report |= {"by_ratio": by_ratio(every), "voices": {}}
    groups = {}
    for i, voice in enumerate(voices):
        groups.setdefault("espeak" if voice.startswith("espeak") else voice, []).append(i)
    for voice, members in groups.items():
        chosen = np.isin(speakers, members)
        report["voices"][voice] = {"mixtures": int(chosen.sum()), "all": share(chosen), "by_ratio": by_ratio(chosen)}
    return report


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", required=True)
    p.add_argument("--kind", choices=KINDS, required=True)
    p.add_argument("--weights", required=True)
    p.add_argument("--out")
    a = p.parse_args()
    torch.set_num_threads(1)
    network = WordNetwork(a.kind)
    network.compiled = True
    network.load_state_dict(load_file(a.weights), strict=False)
    report = {}
    for name in ["held-out", "real"]:
        folder = Path(a.data)
        data = Set(folder, name)
        report[name] = summary(ranks(network, data), data, json.loads((folder / f"{name}.json").read_text()))
        print(name, json.dumps({k: v for k, v in report[name].items() if k != "voices"}), flush=True)
        for voice, shares in report[name]["voices"].items():
            print(f"  {voice}", json.dumps(shares))
    if a.out:
        Path(a.out).write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
