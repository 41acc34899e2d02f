#!/usr/bin/env python3
"""The exported networks' word scores for one cochleagram, for the program's parity test.

    python3 scores.py --cochleagram umbrella.npy --models ../../assets/models --out ../../tests/data/parity/word_networks.json

The cochleagram [211, 400] is the program's own, so that only the networks are compared.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from export import restored
from network import KINDS


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--cochleagram", required=True)
    p.add_argument("--models", required=True)
    p.add_argument("--out", required=True)
    a = p.parse_args()
    x = torch.from_numpy(np.load(a.cochleagram).astype(np.float32)).reshape(1, 1, 211, 400)
    scores = {}
    for kind in KINDS:
        with torch.no_grad():
            found = restored(kind, Path(a.models) / f"word-{kind}.safetensors")(x)
        scores[f"word-{kind}"] = [round(v, 6) for v in found[0].tolist()]
    Path(a.out).write_text(json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    main()
