#!/usr/bin/env python3
"""Speaks the words with Kokoro-82M (Apache-2.0): random blends of voices to train on, whole voices held out.

    python3 speak_kokoro.py --model kokoro-int8.onnx --voices VOICES --clips CLIPS --seed 1 [--calls 1000]

Each call speaks four words, since the silence around an utterance costs as much as a word, and cuts the sound in the
middle of the pauses, which the network's own predicted durations give. The held-out voices are never part of a blend.
Every eighth call is for a held-out voice. It may be stopped at any time and run again: what is there is not spoken again.
Several may run at once with different seeds.
"""

import argparse
import random
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

import clips
from words import WORDS

HELD_OUT = ["af_heart", "am_michael", "bm_george"]
WHISPERS = ["af_nicole"]
RATE, FRAME = 24000, 600  # samples per second, and per unit of duration
PAUSE = 6  # frames added between words
DURATIONS, STRETCHED = "/encoder/Clip_output_0", "stretched"
SYMBOLS = dict(zip(
    "; : , . ! ? A I O Q S T W Y ᵊ a b c d e f h i j k l m n o p q r s t u v w x y z ɑ ɐ ɒ æ β ɔ ð ʤ ə ɚ ɛ ɜ ɡ ɪ ŋ θ ɹ ɾ "
    "ʃ ʧ ʊ ʌ ʒ ʔ ˈ ˌ ː ᵻ".split(),
    [1, 2, 3, 4, 5, 6, 24, 25, 31, 33, 35, 36, 39, 41, 42, 43, 44, 45, 46, 47, 48, 50, 51, 52, 53, 54, 55, 56, 57, 58,
     59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 75, 76, 81, 82, 83, 85, 86, 87, 92, 102, 112, 119, 123,
     125, 131, 133, 135, 138, 147, 148, 156, 157, 158, 177],
)) | {" ": 16}


@cache
def phonemes(word, british):
    """The word in Kokoro's alphabet, from what espeak-ng says its sounds are."""
    command = ["espeak-ng", "-q", "--ipa=3", "-v", "en-gb" if british else "en-us", word]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().replace("\u200d", "^")
    changes = [("a^ɪ", "I"), ("a^ʊ", "W"), ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("t^ʃ", "ʧ"), ("ɔ^ɪ", "Y"), ("o^ʊ", "O"),
               ("ə^ʊ", "Q"), ("r", "ɹ"), ("ɐ", "ə"), ("^", "")]
    if not british:
        changes += [("oʊ", "O"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ː", "")]
    for old, new in changes:
        said = said.replace(old, new)
    return [SYMBOLS[c] for c in said if c in SYMBOLS]


def session(model, threads=1):
    """The network, with one input more, "pauses" (added to the tokens' durations), and these durations as an output."""
    graph = onnx.load(model)
    nodes = graph.graph.node
    at, made = next((i, n) for i, n in enumerate(nodes) if DURATIONS in n.output)
    for node in nodes:
        node.input[:] = [STRETCHED if name == DURATIONS else name for name in node.input]
    nodes.insert(at + 1, onnx.helper.make_node("Add", [made.output[0], "pauses"], [STRETCHED]))
    shape = [1, "sequence_length"]
    graph.graph.input.append(onnx.helper.make_tensor_value_info("pauses", onnx.TensorProto.FLOAT, shape))
    graph.graph.output.append(onnx.helper.make_empty_tensor_value_info(STRETCHED))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    return onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])


class Voices:
    def __init__(self, folder):
        self.styles = {f.stem: np.fromfile(f, np.float32).reshape(-1, 1, 256) for f in sorted(Path(folder).glob("*.bin"))}
        usable = [v for v in self.styles if v not in HELD_OUT + WHISPERS]
        self.english = [v for v in usable if v[0] in "ab"]
        self.foreign = [v for v in usable if v[0] not in "ab"]  # other languages' voices: accents

    def blend(self, rng):
        """One voice, or a mixture of two; in one of four the first speaks English with an accent."""
        first = rng.choice(self.foreign if rng.random() < 0.25 else self.english)
        second = rng.choice(self.english)
        share = 1.0 if rng.random() < 0.35 else round(rng.uniform(0.3, 0.9), 2)
        name = first if share == 1 or first == second else f"{first}+{second}-{share:.2f}"
        return name, share * self.styles[first] + (1 - share) * self.styles[second]


def quietest(sound, start, end):
    """The middle of the quietest 20 ms between two samples, or nothing where none is 20 dB below the loudest."""
    width = RATE // 50
    energy = np.convolve(sound**2, np.ones(width), "valid")
    at = start + int(energy[start : end - width].argmin())
    return at + width // 2 if energy[at] < 0.01 * energy.max() else None


def speak(net, rng, words, style, british):
    """The sounds of the words, cut at the quietest place of the pauses; none for words that run into a neighbour."""
    tokens, stops = [0], []
    for word in words:
        tokens += phonemes(word, british)
        stops.append(len(tokens))
        tokens += [SYMBOLS[rng.choice(",.;!?" if len(stops) < len(words) else "..!?")], SYMBOLS[" "]]
    tokens[-1] = 0
    pauses = np.zeros((1, len(tokens)), np.float32)
    pauses[0, stops[:-1]] = PAUSE
    speed = np.array([rng.uniform(0.65, 1.2)], np.float32)
    inputs = {"tokens": np.array([tokens], np.int64), "style": style[len(tokens) - 2], "speed": speed, "pauses": pauses}
    sound, durations = net.run(["audio", STRETCHED], inputs)
    sound, ends = sound.ravel(), np.cumsum(durations.ravel()).astype(int) * FRAME
    if len(ends) != len(tokens) or ends[-1] != sound.size:
        raise ValueError(f"{len(tokens)} tokens, {len(ends)} durations ending at {ends[-1]} of {sound.size} samples")
    cuts = [0, *(quietest(sound, ends[p - 1], ends[p + 1]) for p in stops[:-1]), sound.size]
    return [sound[a:b] if a is not None and b is not None else None for a, b in zip(cuts, cuts[1:])]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True)
    p.add_argument("--voices", required=True)
    p.add_argument("--clips", required=True)
    p.add_argument("--seed", type=int, required=True)
    p.add_argument("--calls", type=int, default=1000)
    a = p.parse_args()
    net, voices, rng = session(a.model), Voices(a.voices), random.Random(a.seed)
    deck, held_deck = [], []
    for call in range(a.calls):
        held = call % 8 == 3
        if held:
            name = HELD_OUT[call // 8 % len(HELD_OUT)]
            style, role = voices.styles[name], "held-out"
            british = name[0] == "b"
        else:
            name, style = voices.blend(rng)
            role = "train"
            british = (name[0] == "b") != (rng.random() < 0.1)
        cards = held_deck if held else deck
        if len(cards) < 4:
            cards += rng.sample(WORDS, len(WORDS))
        words = [cards.pop(0) for _ in range(4)]
        state = random.Random(rng.random())
        files = [clips.path(a.clips, role, w, f"kokoro-{name}", f"{a.seed}_{call}") for w in words]
        if any(f.exists() for f in files):
            continue
        for file, sound in zip(files, speak(net, state, words, style, british)):
            if sound is not None:
                clips.save(file, sound, RATE)


if __name__ == "__main__":
    main()
