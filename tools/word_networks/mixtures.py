#!/usr/bin/env python3
"""Mixes spoken words with noise and writes cochleagrams to train and test on.

    python3 mixtures.py --clips CLIPS --out DATA --set train --count 4000 --seed 1
    python3 mixtures.py --clips CLIPS --out DATA --set held-out --seed 1     # and --set real

A training set is written as DATA/train-<seed>.u8; run it with many seeds for many sets. Test sets are DATA/held-out.u8
and DATA/real.u8, in which every clip is mixed at every signal-to-noise ratio. A set is an array [n, 211, 400] of
cochleagrams, 64 steps to the unit, with a table .npy of (word, dB, voice) for each and the names of the voices in .json.

A mixture lasts 2 s at 20 kHz and has a root mean square of 0.1. The word's middle is at most 150 ms from the middle of
the mixture. The signal-to-noise ratio is that of the word over its own duration. 99 dB stands for "clean": in the tests
nothing at all around the word, in training mostly a low noise floor.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import clips
from cochleagram import RATE, SAMPLES, Fast
from words import WORDS

CLEAN = 99
TEST_RATIOS = [-9, -3, 3, 9, 15, CLEAN]
RATIOS = {-9: 6, -6: 8, -3: 10, 0: 11, 3: 11, 6: 11, 9: 10, 12: 8, 15: 7, CLEAN: 18}  # dB: percent of the training set
NOISES = {"white": 12, "pink": 20, "speech-shaped": 25, "babble": 28, "modulated": 15}  # percent
SHARES = {"kokoro": 50, "flite": 25, "festival": 17, "espeak": 8}  # percent of the training set
JITTER = 0.15  # seconds
STEPS = 64


class Voices:
    """The clips of one role, read when they are first used."""

    def __init__(self, root, role):
        self.files = sorted(Path(root, role).glob("*.wav"))
        self.sounds = {}

    def __getitem__(self, i):
        if i not in self.sounds:
            self.sounds[i] = clips.load(self.files[i])
        return self.sounds[i]

    def word(self, i):
        return WORDS.index(self.files[i].name.split("__")[0])

    def voice(self, i):
        return self.files[i].name.split("__")[1]


def unit(x):
    return x / np.sqrt(np.mean(x**2) + 1e-12)


def speech_spectrum(voices):
    """The mean magnitude spectrum of every fifth clip."""
    magnitudes = [np.abs(np.fft.rfft(voices[i], SAMPLES)) for i in range(0, len(voices.files), 5)]
    return np.convolve(np.mean(magnitudes, 0), np.ones(41) / 41, "same")


class Noise:
    def __init__(self, talkers):
        self.talkers = talkers
        self.speech = speech_spectrum(talkers)

    def __call__(self, rng, kind):
        """Two seconds of noise of a mean square of 1."""
        if kind == "babble":
            return unit(self.babble(rng))
        spectrum = np.fft.rfft(rng.standard_normal(SAMPLES))
        bins = np.arange(spectrum.size)
        if kind == "pink":
            spectrum = np.where(bins > 40, spectrum / np.sqrt(np.maximum(bins, 1)), 0)
        elif kind in ["speech-shaped", "modulated"]:
            spectrum *= self.speech
        noise = np.fft.irfft(spectrum, SAMPLES)
        if kind == "modulated":
            slow = np.fft.rfft(rng.standard_normal(SAMPLES))
            slow[int(2 * rng.uniform(4, 16)) :] = 0  # bins are half a hertz wide
            slow = np.fft.irfft(slow, SAMPLES)
            noise = noise * (1 + 0.8 * np.clip(slow / slow.std(), -1, 3))
        return unit(noise)

    def babble(self, rng):
        """Four to eight talkers of the training set saying word after word."""
        sum_ = np.zeros(SAMPLES)
        for _ in range(rng.integers(4, 9)):
            at = -int(rng.integers(0, 12000))
            while at < SAMPLES:
                said = self.talkers[rng.integers(len(self.talkers.files))]
                start, end = max(at, 0), min(at + said.size, SAMPLES)
                if end > start:
                    sum_[start:end] += said[start - at : end - at]
                at += said.size + int(rng.integers(500, 4000))
        return sum_


def varied(rng, x):
    """The word played a little faster or slower (pitch and formants move along), through another microphone and room."""
    speed = np.exp(rng.uniform(-0.2, 0.2))
    x = np.interp(np.arange(int(x.size / speed)) * speed, np.arange(x.size), x)
    n = 1 << int(np.ceil(np.log2(x.size + 8000)))
    z, f = np.fft.rfft(x, n), np.fft.rfftfreq(n, 1 / RATE)
    gains = np.interp(np.log2(np.maximum(f, 40)), np.linspace(np.log2(40), np.log2(1e4), 7), rng.uniform(-8, 8, 7))
    z *= 10 ** (gains / 20)
    if rng.random() < 0.4:
        top = rng.uniform(3300, 4000) if rng.random() < 0.5 else rng.uniform(4000, 8000)
        z /= np.sqrt(1 + (f / top) ** 24)
    if rng.random() < 0.3:
        z /= np.sqrt(1 + (rng.uniform(60, 350) / np.maximum(f, 1)) ** 8)
    if rng.random() < 0.35:
        decay = rng.uniform(0.1, 0.5)
        time = np.arange(int(min(decay, 0.4) * RATE)) / RATE
        room = rng.standard_normal(time.size) * np.exp(-6.9 * time / decay)
        room *= 10 ** (rng.uniform(-12, 0) / 20) / np.sqrt(np.sum(room**2))
        room[0] += 1
        z *= np.fft.rfft(room, n)
    x = np.fft.irfft(z, n)[: x.size + 4000]
    if rng.random() < 0.1:
        x = np.tanh(unit(x) * rng.uniform(0.3, 1.5))
    return x


def mixture(rng, word, ratio, kind, noise, training):
    """Two seconds of a word in noise."""
    length = word.size
    if training:
        word = varied(rng, word)
        length = min(word.size - 4000, SAMPLES)
    start = (SAMPLES - length) // 2 + int(rng.uniform(-JITTER, JITTER) * RATE)
    start = min(max(start, 0), max(SAMPLES - length, 0))
    word = word[: SAMPLES - start]
    sound = np.zeros(SAMPLES)
    sound[start : start + word.size] = word / np.sqrt(np.mean(word[:length] ** 2) + 1e-12)
    if ratio != CLEAN:
        sound += noise(rng, kind) * 10 ** (-ratio / 20)
    elif training and rng.random() < 0.7:
        sound += noise(rng, kind) * 10 ** (-rng.uniform(30, 60) / 20)
    return unit(sound) * 0.1


def draw(rng, weights):
    names = list(weights)
    shares = np.array([weights[n] for n in names], float)
    return names[rng.choice(len(names), p=shares / shares.sum())]


def training_plan(rng, voices, count):
    """Clips with their ratios and noises; every word and every program's share of it as often as stated above."""
    places = {}
    for i in range(len(voices.files)):
        places.setdefault((voices.word(i), voices.voice(i).split("-")[0]), []).append(i)
    for _ in range(count):
        word = int(rng.integers(len(WORDS)))
        program = draw(rng, {p: s for p, s in SHARES.items() if (word, p) in places})
        yield int(rng.choice(places[word, program])), draw(rng, RATIOS), draw(rng, NOISES)


def test_plan(rng, voices, most):
    """At most so many clips of every voice's program, at every ratio."""
    chosen = {}
    for i in rng.permutation(len(voices.files)):
        chosen.setdefault(voices.voice(i).split("-")[0], []).append(int(i))
    for i in sorted(i for members in chosen.values() for i in members[:most]):
        for ratio in TEST_RATIOS:
            yield i, ratio, draw(rng, {n: s for n, s in NOISES.items() if n != "modulated"})


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--clips", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--set", choices=["train", "held-out", "real"], required=True)
    p.add_argument("--count", type=int, default=4000, help="mixtures of a training set")
    p.add_argument("--most", type=int, default=192, help="clips per program in a test set")
    p.add_argument("--seed", type=int, required=True)
    a = p.parse_args()
    training = a.set == "train"
    rng = np.random.default_rng([a.seed, ["train", "held-out", "real"].index(a.set)])
    voices = Voices(a.clips, a.set)
    noise = Noise(Voices(a.clips, "train"))
    plan = list(training_plan(rng, voices, a.count) if training else test_plan(rng, voices, a.most))
    names = sorted({voices.voice(i) for i, _, _ in plan})
    cochleagram = Fast()
    name = f"train-{a.seed:03}" if training else a.set
    folder = Path(a.out)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{name}.part", "wb") as out:
        for i, ratio, kind in plan:
            y = cochleagram(mixture(rng, voices[i], ratio, kind, noise, training))
            out.write(np.minimum(np.rint(y * STEPS), 255).astype(np.uint8).tobytes())
    table = [(voices.word(i), ratio, names.index(voices.voice(i))) for i, ratio, _ in plan]
    np.save(folder / f"{name}.npy", np.array(table, np.int32))
    (folder / f"{name}.json").write_text(json.dumps(names))
    (folder / f"{name}.part").replace(folder / f"{name}.u8")
    print(f"{name}: {len(plan)} mixtures of {len({i for i, _, _ in plan})} clips by {len(names)} voices")


if __name__ == "__main__":
    main()
