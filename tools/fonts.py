"""Makes assets/fonts: Inter reduced to what the window uses, with tabular figures in the place of proportional ones.

Needs fonttools, and the fonts of the Debian 12 package fonts-inter 4.0~beta7+ds-1:

    python3 tools/fonts.py /usr/share/fonts/opentype/inter assets/fonts
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

SIGNS = "\u2009\u202f–—‘’“”•…′←↑→↓−√∞≈≠≤≥×✓⌘⇧∇∂∑"
CHARACTERS = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x391, 0x3CA), *map(ord, SIGNS)]


def tabular(font):
    """The glyph that each figure is replaced by under the feature "tnum"."""
    table = font["GSUB"].table
    lookups = {i for r in table.FeatureList.FeatureRecord if r.FeatureTag == "tnum" for i in r.Feature.LookupListIndex}
    mapping = {}
    for index in lookups:
        for part in table.LookupList.Lookup[index].SubTable:
            mapping.update(getattr(getattr(part, "ExtSubTable", part), "mapping", {}))
    return mapping


def main(source, target):
    for weight in ["Regular", "SemiBold"]:
        font = TTFont(Path(source) / f"Inter-{weight}.otf")
        figures = tabular(font)
        for table in font["cmap"].tables:
            for code in map(ord, "0123456789"):
                glyph = table.cmap.get(code)
                if glyph in figures:
                    table.cmap[code] = figures[glyph]
        options = subset.Options(layout_features=["kern"], notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14])
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=CHARACTERS)
        subsetter.subset(font)
        font.save(Path(target) / f"Inter-{weight}.otf")


if __name__ == "__main__":
    main(*sys.argv[1:])
