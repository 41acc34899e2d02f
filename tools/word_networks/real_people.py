#!/usr/bin/env python3
"""Collects recordings of people saying the words. They are tested on, never trained on, and not part of the program.

    python3 real_people.py --packages FOLDER --clips CLIPS

FOLDER holds unpacked Debian 12 packages (`dpkg-deb -x`): asterisk-core-sounds-en-g722 (Allison Smith, CC BY-SA 3.0),
ktuberling-data (GPL-2 or later) and tuxpaint-stamps-default (two speakers' digits, GPL-2). Needs ffmpeg. If it also holds
free-spoken-digit-dataset (CC BY-SA 4.0), the first five recordings of each digit by its six speakers are taken too.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from scipy.io import wavfile

import clips
from words import DAYS, DIGITS, MONTHS, WORDS

ALLISON = {
    **{word: f"digits/{i}" for i, word in enumerate(DIGITS)},
    **{word: f"digits/day-{i}" for i, word in enumerate(DAYS)},
    **{word: f"digits/mon-{i}" for i, word in enumerate(MONTHS)},
    **{word: f"digits/{word}" for word in "today tomorrow yesterday hundred thousand million dollars star".split()},
    **{word: word for word in "hello goodbye minutes seconds number time".split()},
    "message": "vm-message",
}
KTUBERLING = {
    **{word: word for word in "hat nose mouth shoe umbrella ball flower".split()},
    **{word: f"tv_{word}" for word in "tree train bicycle".split()},
    **{word: f"egypt_{word}" for word in "camel girl woman donkey".split()},
    **{word: f"moon_{word}" for word in "rocket planet star".split()},
    **{word: f"pizzeria_{word}" for word in "onion cheese mushroom tomato".split()},
}


def recordings(folder):
    """(word, speaker, number, file) of every recording."""

    def find(pattern):
        found = sorted(folder.rglob(pattern))
        if not found:
            raise FileNotFoundError(f"no {pattern} in {folder}")
        return found[0]

    for word, name in ALLISON.items():
        yield word, "allison", 0, find(f"{name}.g722")
    for word, name in KTUBERLING.items():
        yield word, "ktuberling", 0, find(f"en/{name}.ogg")
    for i, word in enumerate(DIGITS):
        yield word, "tuxpaint-us", 0, find(f"symbols/math/{i}.ogg")
        yield word, "tuxpaint-gb", 0, find(f"symbols/math/{i}_en_GB.ogg")
    for file in sorted(folder.rglob("free-spoken-digit-dataset*/recordings/*.wav")):
        digit, speaker, number = file.stem.split("_")
        if int(number) < 5:
            yield DIGITS[int(digit)], f"fsdd-{speaker}", int(number), file


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--packages", required=True)
    p.add_argument("--clips", required=True)
    a = p.parse_args()
    words = set()
    with tempfile.TemporaryDirectory() as folder:
        for word, speaker, number, file in recordings(Path(a.packages)):
            decoded = f"{folder}/decoded.wav"
            reader = ["-f", "g722"] if file.suffix == ".g722" else []
            command = ["ffmpeg", "-loglevel", "error", "-y", *reader, "-i", str(file), "-ac", "1", "-sample_fmt", "s16", decoded]
            subprocess.run(command, check=True)
            rate, samples = wavfile.read(decoded)
            clips.save(clips.path(a.clips, "real", word, speaker, number), samples, rate)
            words.add(word)
    print("words nobody says:", sorted(set(WORDS) - words) or "none")


if __name__ == "__main__":
    main()
