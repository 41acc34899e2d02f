#!/usr/bin/env python3
"""Writes a trained network as the program reads it: weights and model card.

    python3 export.py --kind aliased --run RUN --seed 1 --out ../../assets/models

RUN holds weights.safetensors and log.jsonl (train.py) and accuracy.json (evaluate.py). Kernels are stored in half
precision, everything else in single. Printed: by how much that changes scores.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from network import EPSILON, GAIN, KINDS, LAYERS, MEAN, UNITS, WordNetwork, products, window
from words import WORDS

TITLES = {"aliased": "Word network, aliased", "reduced-aliasing": "Word network, reduced aliasing"}
DATA = (
    "Synthetic speech only: Kokoro-82M v1.0, 50 voices and blends of them (Apache-2.0), flite awb, slt, rms and kal16, "
    "festival kal, ked and slt-hts (CMU and Edinburgh licences, free for any use), espeak-ng (8 %). Noise by formula; "
    "babble of the same clips. No recording of a person was trained on, and nothing was chosen by one."
)
HELD_OUT = "Kokoro af_heart, am_michael and bm_george; Piper en_US-joe; espeak-ng variants m7 and f5"
REAL = "Allison Smith (44 words), KTuberling (21 words), Tux Paint (digits, two speakers)"
LICENCE = "MIT, as the program; its NOTICE names the speech that the networks were trained on"
LIMITS = (
    "One training. Isolated words, 64 of them, in the middle of two seconds; the network always names one of them, "
    "whatever it hears. The real people are 85 recordings by four speakers. Not a model of how people recognise words."
)


def steps(kind):
    """The layers after the cochleagram, in the words of the program's model cards."""
    found = []

    def relu(name):
        found.append({"op": "relu", "name": name, "aliases": [f"{name}_relu", f"{name}_jittered_relu"]})

    def pool(name, stride):
        size = [window(s) for s in stride]
        found.append({"op": "hann_pool", "name": name, "size": size, "stride": list(stride), "padding": "same", "normalise": True})

    for name, channels, kernel, stride, after in LAYERS:
        i, pooled = name[-1], kind == "reduced-aliasing" and stride != (1, 1)
        found.append({
            "op": "conv", "name": f"{name}_prerelu", "weights": name, "out_channels": channels, "kernel": list(kernel),
            "stride": [1, 1] if pooled else list(stride), "padding": "same", "bias": True,
        })
        relu(name)
        if pooled:
            pool(f"pool_{i}_0", stride)
        if after:
            pool(f"pool_{i}", after)
        found.append({"op": "batch_norm", "name": f"bn_{i}", "epsilon": EPSILON})
    found.append({"op": "flatten", "name": "flatten", "channel_last": True})
    found.append({"op": "dense", "name": "fc_intermediate_prerelu", "weights": "fc_intermediate", "units": UNITS, "bias": True})
    relu("fc_intermediate")
    found.append({"op": "batch_norm", "name": "bn_fc", "epsilon": EPSILON})
    found.append({"op": "dense", "name": "logits", "units": len(WORDS), "bias": True})
    return found


def stored(weights):
    """The tensors under the program's names; conv_0 takes the cochleagram as it is."""
    weights = {name: value.float() for name, value in weights.items()}
    kernel = weights["conv_0.weight"]
    weights["conv_0.bias"] = weights["conv_0.bias"] - MEAN * GAIN * kernel.sum((1, 2, 3))
    weights["conv_0.weight"] = kernel * GAIN
    tensors = {}
    for name, value in weights.items():
        layer, part = name.split(".")
        is_kernel = part == "weight" and not layer.startswith("bn")
        tensors[f"{layer}/{'kernel' if is_kernel else part}"] = (value.half() if is_kernel else value).contiguous()
    return tensors


def restored(kind, file):
    """The network that a stored file describes."""
    network = WordNetwork(kind).eval()
    network.gain, network.mean = 1.0, 0.0
    weights = {name.replace("/kernel", ".weight").replace("/", "."): v.float() for name, v in load_file(file).items()}
    network.load_state_dict(weights | {n: v for n, v in network.state_dict().items() if n.endswith("num_batches_tracked")})
    return network


def check(kind, file, weights):
    """The largest difference that storing makes to the scores of four made-up cochleagrams, and their spread."""
    plain = WordNetwork(kind).eval()
    plain.load_state_dict(weights, strict=False)
    with torch.no_grad():
        x = torch.rand(4, 1, 211, 400, generator=torch.Generator().manual_seed(0)) * 2
        a, b = plain(x), restored(kind, file)(x)
    return float((a - b).abs().max()), float(a.std())


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kind", choices=KINDS, required=True)
    p.add_argument("--run", required=True)
    p.add_argument("--seed", type=int, required=True, help="the seed that train.py was given, for the card")
    p.add_argument("--out", required=True)
    a = p.parse_args()
    run, name = Path(a.run), f"word-{a.kind}"
    weights = load_file(run / "weights.safetensors")
    file = Path(a.out) / f"{name}.safetensors"
    save_file(stored(weights), file)
    file.chmod(0o644)
    last = json.loads((run / "log.jsonl").read_text().splitlines()[-1])
    aliased = a.kind == "aliased"
    card = {
        "name": name,
        "title": TITLES[a.kind],
        "words": WORDS,
        "layers": steps(a.kind),
        "metamer_layers": ["cochleagram", *(["conv_0", "conv_1"] if aliased else ["pool_0_0", "pool_1_0"]),
                           "conv_2", "conv_3", "conv_4", "fc_intermediate", "logits"],
        "input": {"sample_rate": 20000, "seconds": 2, "rms": 0.1, "front_end": "feather2019"},
        "parameters": sum(value.numel() for key, value in weights.items() if "running" not in key),
        "multiply_adds": products(a.kind),
        "training_data": DATA,
        "held_out_voices": HELD_OUT,
        "real_people": REAL,
        "licence": LICENCE,
        "limits": LIMITS,
        "training": {"seed": a.seed, "started_from": "random weights", "examples": last["seen"],
                     "mixtures": 4000 * last["sets"], "steps": last["step"]},
        "accuracy": json.loads((run / "accuracy.json").read_text()),
    }
    file.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    difference, spread = check(a.kind, file, weights)
    print(f"{file}: {file.stat().st_size} bytes; scores change by at most {difference:.4f}, their spread is {spread:.2f}")


if __name__ == "__main__":
    main()
