#!/usr/bin/env python3
"""Speaks the words with a Piper voice, to test on only: it is of another make than all that is trained on.

    python3 speak_piper.py --model en_US-joe-medium.onnx --name joe --clips CLIPS [--count 2]

The voice's settings are read from the file beside it, <model>.json.
"""

import argparse
import json
import random
import subprocess
import unicodedata
from pathlib import Path

import numpy as np
import onnxruntime

import clips
from words import WORDS


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True)
    p.add_argument("--name", required=True)
    p.add_argument("--clips", required=True)
    p.add_argument("--count", type=int, default=2)
    a = p.parse_args()
    settings = json.loads(Path(a.model + ".json").read_text())
    symbols, voice = settings["phoneme_id_map"], settings["espeak"]["voice"]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    net = onnxruntime.InferenceSession(a.model, options, providers=["CPUExecutionProvider"])
    rng = random.Random(3)
    for word in WORDS:
        command = ["espeak-ng", "-q", "--ipa", "-v", voice, word]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        tokens = symbols["^"] + symbols["_"]
        for sign in unicodedata.normalize("NFD", said) + ".":
            tokens += symbols[sign] + symbols["_"] if sign in symbols else []
        tokens = np.array([tokens + symbols["$"]], np.int64)
        for number in range(a.count):
            scales = np.array([0.667, rng.uniform(0.9, 1.3), 0.8], np.float32)
            inputs = {"input": tokens, "input_lengths": np.array([tokens.size], np.int64), "scales": scales}
            sound = net.run(None, inputs)[0].ravel()
            file = clips.path(a.clips, "held-out", word, f"piper-{a.name}", number)
            clips.save(file, sound, settings["audio"]["sample_rate"])


if __name__ == "__main__":
    main()
