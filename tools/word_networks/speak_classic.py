#!/usr/bin/env python3
"""Speaks the words with flite, festival and espeak-ng in many prosodies.

    python3 speak_classic.py --clips CLIPS [--flite 16] [--festival 8] [--espeak 24] [--seed 1]

The programs are Debian's flite, festival, festvox-kallpc16k, festvox-kdlpc16k, festvox-us-slt-hts and espeak-ng. The
numbers are clips per word (and per voice, for flite and festival). Held out: two of espeak-ng's voice variants.
"""

import argparse
import random
import subprocess
import tempfile
from pathlib import Path

from scipy.io import wavfile

import clips
from words import WORDS

ENDINGS = ["", ".", "?", ","]
FLITE = {"awb": (90, 160), "slt": (140, 230), "rms": (75, 130), "kal16": (80, 150)}  # mean pitch in hertz
FESTIVAL = ["kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts"]
DIALECTS = "en-us en-gb en-gb-scotland en-gb-x-rp en-gb-x-gbclan en-gb-x-gbcwmd en-us-nyc".split()
VARIANTS = "m1 m2 m3 m4 m5 m6 m8 f1 f2 f3 f4 Andy Annie belinda linda steph2 shelby Michael".split()
HELD_OUT_VARIANTS = ["m7", "f5"]


def take(spoken, file):
    """Moves what a program has written to its place among the clips."""
    rate, samples = wavfile.read(spoken)
    clips.save(file, samples, rate)


def flite(root, rng, count, scratch):
    for voice, pitches in FLITE.items():
        for word in WORDS:
            for number in range(count):
                settings = {
                    "duration_stretch": rng.uniform(0.75, 1.45),
                    "int_f0_target_mean": rng.uniform(*pitches),
                    "int_f0_target_stddev": rng.uniform(5, 30),
                }
                text = word + rng.choice(ENDINGS)
                file = clips.path(root, "train", word, f"flite-{voice}", number)
                if file.exists():
                    continue
                options = [part for key, value in settings.items() for part in ("--setf", f"{key}={value:.2f}")]
                subprocess.run(["flite", "-voice", voice, *options, "-t", text, "-o", scratch], check=True)
                take(scratch, file)


def festival(root, rng, count, scratch):
    for voice in FESTIVAL:
        for word in WORDS:
            script, files = [f"(voice_{voice})"], []
            for number in range(count):
                script.append(f"(Parameter.set 'Duration_Stretch {rng.uniform(0.75, 1.4):.2f})")
                if voice.endswith("diphone"):
                    pitch, spread = rng.uniform(80, 160), rng.uniform(8, 28)
                    target = f"(target_f0_mean {pitch:.0f}) (target_f0_std {spread:.0f})"
                    script.append(f"(set! int_lr_params '({target} (model_f0_mean 170) (model_f0_std 34)))")
                text = word + rng.choice(ENDINGS)
                spoken = f"{scratch}-{number}"
                script.append(f'(utt.save.wave (utt.synth (Utterance Text "{text}")) "{spoken}" \'riff)')
                files.append((spoken, clips.path(root, "train", word, f"festival-{voice}", number)))
            if all(file.exists() for _, file in files):
                continue
            Path(scratch).write_text("\n".join(script))
            subprocess.run(["festival", "-b", scratch], check=True, stdout=subprocess.DEVNULL)
            for spoken, file in files:
                take(spoken, file)


def espeak(root, rng, count, scratch):
    for word in WORDS:
        for number in range(count):
            held = number % 8 == 7
            voice = f"{rng.choice(DIALECTS)}+{rng.choice(HELD_OUT_VARIANTS if held else VARIANTS)}"
            speed, pitch = rng.randint(120, 190), rng.randint(25, 75)
            file = clips.path(root, "held-out" if held else "train", word, f"espeak-{voice}", number)
            if file.exists():
                continue
            settings = ["-v", voice, "-s", str(speed), "-p", str(pitch)]
            subprocess.run(["espeak-ng", *settings, "-w", scratch, word], check=True)
            take(scratch, file)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--clips", required=True)
    p.add_argument("--flite", type=int, default=16)
    p.add_argument("--festival", type=int, default=8)
    p.add_argument("--espeak", type=int, default=24)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = f"{folder}/spoken"
        for speak in [flite, festival, espeak]:
            speak(a.clips, random.Random(f"{a.seed} {speak.__name__}"), getattr(a, speak.__name__), scratch)


if __name__ == "__main__":
    main()
