#!/usr/bin/env python3
"""Rebuild assets/stimuli/sounds/ from pinned Debian 12 packages.

    python3 tools/make_sounds.py [--cache DIR] [--out assets/stimuli/sounds] [--check]

The packages are fetched with `apt-get download`, and each must have the sha256 written below. One of them is a speech
synthesiser, which is run where it was unpacked (x86-64 Linux). Every sound becomes one channel of 16-bit samples at
20 kHz, the rate of the networks: resampled by a polyphase filter, cut, mean removed, root mean square 0.1. (The first
sentence keeps the recording's offset, and is a thousandth quieter: it is the sound that reference data were made of.)
`--check` rebuilds in memory and compares with what is in --out.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
import scipy.io.wavfile
import scipy.signal
import soundfile

from make_assets import sha256, toml_string
from null_images import fetch_deb

RATE = 20_000
LEVEL = 0.1

# package: (version, sha256 of the .deb, architecture)
DEBS = {
    "pocketsphinx-testdata": (
        "0.8+5prealpha+1-15", "eaeb7a01d54f20b799d1a81ef110ec544b2cb47ea006614078220737a33019f0", "all"),
    "sonic-pi-samples": (
        "3.2.2~repack-8", "25f2312d2fae005e6ad0f4726b8ed3084e776006a5a132083506e960224ac79d", "all"),
    "flite": ("2.2-5", "f4ce03470bf9974c2cb9cacd981e6be29339ef4c97cf994dd6fa3f90e6544db9", "amd64"),
    "libflite1": ("2.2-5", "bfa8c591f1b47730b30b372ec38e02918a1c9795eada67684e1746390ad2f061", "amd64"),
}
LIBRIVOX = "usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-"
SONIC_PI = "usr/share/sonic-pi/samples/"
READER = "a LibriVox reader (Jane Austen, Sense and Sensibility, chapter 1)"
CMU = "CMU Flite (free use, with notice)"

# name, file, title, author, licence, package, file in the package or (voice, word), first and last sample at 20 kHz,
# what else there is to say of its origin
SOUNDS = [
    ("austen", "librivox_0880.wav", "He was not an ill-disposed young man", READER, "Public domain",
     "pocketsphinx-testdata", LIBRIVOX + "0880.wav", (4000, 44_000), ""),
    ("amiable", "librivox_0930.wav", "He might even have been made amiable…", READER, "Public domain",
     "pocketsphinx-testdata", LIBRIVOX + "0930.wav", (2000, 42_000), ""),
    ("umbrella", "flite_slt_umbrella.wav", "The word 'umbrella'", "Flite, voice slt (Carnegie Mellon University)", CMU,
     "flite", ("slt", "umbrella"), None, ""),
    ("tomorrow", "flite_rms_tomorrow.wav", "The word 'tomorrow'", "Flite, voice rms (Carnegie Mellon University)", CMU,
     "flite", ("rms", "tomorrow"), None, ""),
    ("crow", "crow.wav", "A crow", "davidworksonline (Freesound)", "CC0-1.0",
     "sonic-pi-samples", SONIC_PI + "misc_crow.flac", None,
     "http://freesound.org/people/davidworksonline/sounds/54973/"),
    ("bell", "bell.wav", "A bell", "AlaskaRobotics (Freesound)", "CC0-1.0",
     "sonic-pi-samples", SONIC_PI + "perc_bell.flac", (0, 40_000),
     "http://freesound.org/people/AlaskaRobotics/sounds/221515/"),
]


def recorded(root, member):
    samples, rate = soundfile.read(root / member, always_2d=True)
    return samples.mean(axis=1), rate


def spoken(roots, voice, word):
    """A word from the synthesiser that was unpacked."""
    library = roots["libflite1"] / "usr/lib/x86_64-linux-gnu"
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "word.wav"
        subprocess.run(
            [roots["flite"] / "usr/bin/flite", "-voice", voice, "-t", word, "-o", target],
            env=os.environ | {"LD_LIBRARY_PATH": str(library)}, check=True)
        rate, samples = scipy.io.wavfile.read(target)
    return samples / 32768.0, rate


def prepared(samples, rate, cut, first):
    divisor = np.gcd(RATE, rate)
    samples = scipy.signal.resample_poly(samples, RATE // divisor, rate // divisor)
    samples = samples[slice(*cut)] if cut else samples
    if not first:
        samples = samples - samples.mean()
    samples = samples * (LEVEL / np.sqrt((samples**2).mean()))
    whole = np.round(samples * (32768 * (0.999 if first else 1.0)))
    if np.abs(whole).max() > 32767:
        raise ValueError("clips")
    return whole.astype("<i2")


def wav(samples):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def build(cache):
    roots = {p: fetch_deb(p, v, digest, cache, arch) for p, (v, digest, arch) in DEBS.items()}
    files = {}
    listing = ["# The sounds that ship with the program, in the order in which it lists them.",
               "# Written by tools/make_sounds.py."]
    for name, file, title, author, licence, package, member, cut, origin in SOUNDS:
        if package == "flite":
            samples, rate = spoken(roots, *member)
            what = f"flite -voice {member[0]} -t {member[1]}"
        else:
            samples, rate = recorded(roots[package], member)
            what = member
        samples = prepared(samples, rate, cut, first=name == "austen")
        files[file] = wav(samples)
        seconds = len(samples) / RATE
        part = f"{seconds:g} s of it, " if cut else ""
        source = f"Debian {package} {DEBS[package][0]}, {what}; {part}resampled from {rate / 1000:g} to 20 kHz"
        source += f"; {origin}" if origin else ""
        fields = dict(name=name, file=file, title=title, author=author, licence=licence, source=source,
                      sha256=sha256(files[file]))
        listing += ["", "[[sound]]"] + [f"{k} = {toml_string(v)}" for k, v in fields.items()]
        listing += [f"seconds = {seconds!r}"]
    files["sounds.toml"] = ("\n".join(listing) + "\n").encode()
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="where downloaded packages are kept (default: a temporary folder)")
    parser.add_argument("--out", type=Path,
                        default=Path(__file__).resolve().parent.parent / "assets" / "stimuli" / "sounds")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if --out differs")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        files = build(args.cache or Path(scratch))
    stale = []
    for path, data in files.items():
        target = args.out / path
        if args.check:
            stale += [] if target.is_file() and target.read_bytes() == data else [path]
        else:
            target.write_bytes(data)
        print(f"{sha256(data)}  {len(data):>8}  {path}")
    if stale:
        sys.exit("differs: " + ", ".join(stale))


if __name__ == "__main__":
    main()
