"""Spoken words on disk: CLIPS/<role>/<word>__<voice>__<number>.wav, 20 kHz, mono, 16 bits.

The role is "train", "held-out" (synthetic voices never trained on) or "real" (people; only ever tested on). A voice's
name starts with the program that spoke it, as in "kokoro-af_heart".
"""

from math import gcd
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly

RATE = 20000
ROLES = ["train", "held-out", "real"]


def path(root, role, word, voice, number):
    return Path(root) / role / f"{word}__{voice}__{number}.wav"


def to_rate(samples, rate):
    """The samples at 20 kHz."""
    if rate == RATE:
        return samples
    common = gcd(rate, RATE)
    return resample_poly(samples, RATE // common, rate // common)


def save(file, samples, rate):
    """Writes samples taken at any rate as a clip whose largest value is 0.75 of full scale."""
    samples = to_rate(np.asarray(samples, np.float64), rate)
    samples = samples * (0.75 * 32767 / max(np.abs(samples).max(), 1e-9))
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part")
    wavfile.write(unfinished, RATE, samples.astype(np.int16))
    unfinished.replace(file)


def load(file):
    """The word alone: silences more than 40 dB below its loudest 20 ms are cut off, and its mean square is 1."""
    rate, samples = wavfile.read(file)
    if rate != RATE or samples.ndim != 1:
        raise ValueError(f"{file}: expected one channel at {RATE} Hz")
    samples = samples.astype(np.float32)
    samples -= samples.mean()
    energy = np.convolve(samples**2, np.ones(400, np.float32) / 400, "same")
    loud = np.flatnonzero(energy > energy.max() * 1e-4)
    samples = samples[max(0, loud[0] - 400) : loud[-1] + 800][:38000]
    return samples / np.sqrt(np.mean(samples**2) + 1e-12)
