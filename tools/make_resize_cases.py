#!/usr/bin/env python3
"""Write the reference data for the image loader and the resizer: tests/data/resize/ and tests/data/images/.

    python3 tools/make_resize_cases.py

Pillow (the version in requirements.txt) is the reference. See tests/data/resize/README.md for what the cases mean.
"""

import hashlib
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SIDE = 224
SIZES = [(150, 200), (480, 640), (333, 500), (375, 500), (1, 1), (1, 7), (7, 1), (224, 224), (223, 225), (1000, 37)]


def formula(height, width):
    y, x, c = np.ogrid[:height, :width, :3]
    return (((x * 7 + y * 13 + c * 29 + ((x * y) >> 3)) ^ (x * 3)) & 255).astype(np.uint8)


def crop_slice(image):
    """Array slicing between truncated bounds."""
    height, width = image.shape[:2]
    m = min(height, width)
    top, bottom = int(height / 2 - m / 2), int(height / 2 + m / 2)
    left, right = int(width / 2 - m / 2), int(width / 2 + m / 2)
    return Image.fromarray(image[top:bottom, left:right]), [left, top, right, bottom]


def crop_box(image):
    """Pillow's crop with a fractional box: each bound rounds half to even, so the result need not be square."""
    height, width = image.shape[:2]
    m = min(height, width)
    exact = ((width - m) / 2, (height - m) / 2, (width + m) / 2, (height + m) / 2)
    box = [round(v) for v in exact]
    cropped = Image.fromarray(image).crop(exact)
    assert np.array_equal(np.asarray(cropped), image[box[1]:box[3], box[0]:box[2]])
    return cropped, box


RULES = [
    ("bilinear", "slice", crop_slice, Image.Resampling.BILINEAR),
    ("bicubic", "box", crop_box, Image.Resampling.BICUBIC),
]


def resize_cases():
    images = [("chelsea", np.asarray(Image.open(ROOT / "assets/stimuli/chelsea.png").convert("RGB")))]
    images += [("formula", formula(*size)) for size in SIZES]
    for source, image in images:
        for name, rule, crop, kernel in RULES:
            cropped, box = crop(image)
            out = np.asarray(cropped.resize((SIDE, SIDE), kernel))
            if (source, name) == ("chelsea", "bicubic"):
                np.save(ROOT / "tests/data/resize/chelsea_bicubic_224.npy", out)
            data = out.tobytes()
            spots = [(0, 0), (0, 223), (223, 0), (223, 223), (112, 112), (17, 200), (101, 3), (190, 66)]
            yield {
                "image": source, "height": image.shape[0], "width": image.shape[1], "filter": name, "crop": rule,
                "box": box, "sha256": hashlib.sha256(data).hexdigest(), "first_16_bytes": list(data[:16]),
                "samples": [[y, x, *map(int, out[y, x])] for y, x in spots],
            }


def png(colour_type, depth, rows, palette=None, transparency=None):
    """A PNG written by hand, for the kinds that Pillow does not write."""
    height, width = rows.shape[:2]
    raw = rows.astype(">u2" if depth == 16 else "u1").tobytes()
    if depth == 1:
        raw = np.packbits(rows, axis=1).tobytes()
    stride = len(raw) // height
    lines = b"".join(b"\0" + raw[i * stride:(i + 1) * stride] for i in range(height))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0))]
    if palette is not None:
        parts.append(chunk(b"PLTE", palette.astype("u1").tobytes()))
    if transparency is not None:
        parts.append(chunk(b"tRNS", transparency))
    return b"".join(parts + [chunk(b"IDAT", zlib.compress(lines, 9)), chunk(b"IEND", b"")])


def loading_cases():
    y, x = np.mgrid[:4, :4]
    grey = ((x * 61 + y * 17) & 255).astype(np.uint8)
    alpha = ((x * 85) ^ (y * 40)).astype(np.uint8)
    colour = formula(4, 4)
    # 16 bits: includes both ends and values on either side of a rounding boundary of v / 257.
    deep = np.array([[0, 127, 128, 129], [257, 385, 386, 511], [12345, 32767, 32768, 40000],
                     [65279, 65407, 65408, 65535]], np.uint16)
    deep_rgb = np.stack([deep, deep[::-1], deep.T], axis=-1)
    palette = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [12, 200, 99]])
    kinds = [
        ("l8", "L", png(0, 8, grey), "grey, 8 bits", np.repeat(grey[..., None], 3, 2)),
        ("la8", "LA", png(4, 8, np.stack([grey, alpha], -1)), "grey and alpha: alpha is dropped, not composited",
         np.repeat(grey[..., None], 3, 2)),
        ("rgba8", "RGBA", png(6, 8, np.dstack([colour, alpha])), "alpha is dropped, not composited", colour),
        ("l16", "I;16", png(0, 16, deep), "grey, 16 bits: round(v / 257)",
         np.repeat(np.floor(deep / 257 + 0.5).astype(np.uint8)[..., None], 3, 2)),
        ("rgb16", "RGB", png(2, 16, deep_rgb), "colour, 16 bits: round(v / 257) per channel",
         np.floor(deep_rgb / 257 + 0.5).astype(np.uint8)),
        ("l1", "1", png(0, 1, (x ^ y) & 1), "grey, 1 bit: 0 and 255",
         np.repeat((((x ^ y) & 1) * 255)[..., None], 3, 2)),
        ("p8", "P", png(3, 8, (x + y) % 4, palette), "palette", palette[(x + y) % 4]),
        ("p8_trns", "P", png(3, 8, (x + y) % 4, palette, bytes([0, 128, 255, 255])),
         "palette with transparency: dropped, not composited", palette[(x + y) % 4]),
    ]
    for name, mode, data, rule, expected in kinds:
        (ROOT / "tests/data/images" / f"{name}.png").write_bytes(data)
        image = Image.open(io.BytesIO(data))
        pillow = np.asarray(image.convert("RGB"))
        case = {"file": f"{name}.png", "pillow_mode": image.mode, "rule": rule,
                "rgb": np.asarray(expected).astype(int).tolist(),
                "pillow_convert_rgb_agrees": bool(np.array_equal(pillow, expected))}
        if not case["pillow_convert_rgb_agrees"]:
            case["pillow_convert_rgb"] = pillow.tolist()
        assert image.mode == mode, (name, image.mode)
        yield case


def one_line_per_item(items):
    return "[\n" + ",\n".join("  " + json.dumps(item) for item in items) + "\n ]"


def main():
    for folder in ("resize", "images"):
        (ROOT / "tests/data" / folder).mkdir(parents=True, exist_ok=True)
    text = "{\n" + ",\n".join([
        f' "pillow": "{PIL.__version__}"',
        f' "output": [{SIDE}, {SIDE}, 3]',
        ' "formula": "((x*7 + y*13 + c*29 + ((x*y)>>3)) ^ (x*3)) & 255 at row y, column x, channel c"',
        ' "box_order": ["left", "top", "right", "bottom"]',
        ' "sample_order": ["y", "x", "r", "g", "b"]',
        f' "resize": {one_line_per_item(resize_cases())}',
        f' "loading": {one_line_per_item(loading_cases())}',
    ]) + "\n}\n"
    (ROOT / "tests/data/resize/cases.json").write_text(text)


if __name__ == "__main__":
    main()
