"""Makes assets/colour_maps: 256 colours of each map as bytes red, green, blue in sRGB, the lowest value first.

Needs matplotlib as pinned in tools/requirements.txt:

    python3 tools/colour_maps.py assets/colour_maps
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

# Our name, matplotlib's name.
MAPS = {
    "magma": "magma",
    "viridis": "viridis",
    "greys": "gray",
    "blues": "Blues",
    "berlin": "berlin",
    "red_blue": "RdBu_r",
}


def main(target):
    folder = Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in MAPS.items():
        colours = matplotlib.colormaps[source](np.arange(256))[:, :3]
        (folder / f"{name}.rgb").write_bytes(np.round(colours * 255).astype(np.uint8).tobytes())


main(*sys.argv[1:])
