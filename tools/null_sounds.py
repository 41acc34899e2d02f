#!/usr/bin/env python3
"""Collect the recordings behind the null distributions of the networks that hear (pairs of unrelated sounds).

    python3 tools/null_sounds.py OUT [--cache DIR]

Fetches pinned Debian 12 packages (`apt-get download`, `dpkg-deb -x`), checks their sha256, and writes the recordings
that are long enough as WAV files of one channel into OUT: read sentences, spoken prompts, and sounds that are no speech.
G.722 files are decoded by `ffmpeg`, which must be installed. The manifest goes to standard output and to OUT/manifest.tsv.

The recordings are not part of the program; only statistics computed from them are.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from make_assets import sha256
from make_sounds import DEBS, LIBRIVOX, SONIC_PI
from null_images import fetch_deb

# package: (version, sha256 of the .deb, architecture)
PROMPTS = ("asterisk-core-sounds-en-g722", (
    "1.6.1-1", "38c5261820b406dcb0ecb37675720da2b0864850690690352ca52707eb623806", "all"))
PROMPT_RATE = 16_000
# Shorter ones would be mostly silence.
PROMPT_SECONDS = 1.5
# The program takes recordings of up to a minute.
LONGEST = 60.0
NATURAL_SECONDS = 0.5
# Prompts that are no speech, or the same words again.
NO_SPEECH = ("silence", "beep", "ascending", "descending", "tt-monkeys", "letters/", "phonetic/", "digits/")
# What in sonic-pi-samples is neither a drum, a loop of drums nor a synthesiser.
NATURAL = """ambi_choir ambi_dark_woosh ambi_drone ambi_glass_hum ambi_glass_rub ambi_haunted_hum ambi_lunar_land
    ambi_piano ambi_sauna ambi_soft_buzz ambi_swoosh guit_e_fifths guit_e_slide guit_em9 guit_harmonics
    loop_3d_printer loop_garzul loop_tabla loop_weirdo misc_burp misc_cineboom misc_crow perc_bell perc_bell2
    perc_door perc_impact1 perc_impact2 perc_snap perc_swash perc_swoosh perc_till vinyl_hiss vinyl_rewind
    vinyl_scratch""".split()


def g722(path):
    with tempfile.NamedTemporaryFile(suffix=".wav") as out:
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-f", "g722", "-i", path, "-ac", "1", out.name], check=True)
        samples, rate = soundfile.read(out.name, dtype="float64")
    assert rate == PROMPT_RATE, rate
    return samples, rate


def mono(path):
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    return samples.mean(axis=1), rate


def recordings(cache):
    """(name, source, licence, samples, rate) of each."""
    sphinx = fetch_deb("pocketsphinx-testdata", *DEBS["pocketsphinx-testdata"][:2], cache)
    for path in sorted((sphinx / LIBRIVOX).parent.glob("*.wav")):
        yield f"librivox_{path.stem[-4:]}", "pocketsphinx-testdata", "Public domain", *mono(path)
    sonic = fetch_deb("sonic-pi-samples", *DEBS["sonic-pi-samples"][:2], cache)
    for name in NATURAL:
        samples, rate = mono(sonic / (SONIC_PI + name + ".flac"))
        if len(samples) >= NATURAL_SECONDS * rate:
            yield name, "sonic-pi-samples", "CC0-1.0", samples, rate
    package, (version, digest, _) = PROMPTS
    root = fetch_deb(package, version, digest, cache)
    folder = next(root.glob("usr/share/asterisk/sounds/en*"))
    for path in sorted(folder.rglob("*.g722")):
        name = str(path.relative_to(folder).with_suffix(""))
        # A byte of G.722 is two samples.
        seconds = 2 * path.stat().st_size / PROMPT_RATE
        if PROMPT_SECONDS <= seconds <= LONGEST and not name.startswith(NO_SPEECH):
            yield "prompt_" + name.replace("/", "_"), package, "CC-BY-SA-3.0", *g722(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--cache", type=Path)
    args = parser.parse_args()
    cache = args.cache or Path(tempfile.mkdtemp())
    cache.mkdir(parents=True, exist_ok=True)
    args.out.mkdir(parents=True, exist_ok=True)
    lines = ["name\tpackage\tlicence\tseconds\tsha256"]
    for name, package, licence, samples, rate in recordings(cache):
        if not np.abs(samples).max() > 0:
            sys.exit(f"{name} is silent")
        file = io.BytesIO()
        soundfile.write(file, samples, rate, format="WAV", subtype="FLOAT")
        (args.out / f"{name}.wav").write_bytes(file.getvalue())
        lines.append(f"{name}\t{package}\t{licence}\t{len(samples) / rate:.2f}\t{sha256(file.getvalue())}")
    text = "\n".join(lines) + "\n"
    (args.out / "manifest.tsv").write_text(text, "utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
