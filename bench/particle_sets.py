"""Particle sets with known truth, cut from simulated movies and kept.

    python bench/particle_sets.py --specimen c3-body [--tier easy] [--seed 501] [--count 1000] [--box 64 96]
                                  [--variant plain|junk|noise|mix|duplicates] [--true-ctf] [--cache FOLDER]

A set is a folder ``<specimen>-<tier>-<seed>[-<variant>][-<count>][-truectf]-box<box>`` with

    particles.star  RELION 3.1's layout, with the true poses and half sets
    unposed.star    the same without poses, for what has to find them
    particles.mrcs  protein white, background of mean 0 and standard deviation 1
    truth.mrc       the specimen's potential at the pixel size of the set, without B factor or damage
    truth.npz       angles, shifts, conformation, state, height, micrograph, original (index of the particle of which it
                    is another picture, or its own), estimated_ctf, true_ctf, half_set, pixel_size, true_pixel_size,
                    group, diameter

Particles are cut 128 movie pixels of 2 Å wide and scaled to the box by Fourier cropping: box 64 has 4.00 Å/px, box 96
2.67 Å/px. Windows are centred as a good picker centres them: 3 Å off on each axis at random (`SCATTER`). The poses in
the STAR file are true in the frame of the aligned sum; its defoci are those that cryoloom estimated, unless
``--true-ctf`` asks for the true ones with each particle's height.

Variants: *junk* takes also broken, denatured and aggregated particles and false objects, as picking would; *noise* is
cut from empty ice of the same microscope (real optics, no particle); *mix* has 70 % of that; in *duplicates* a fifth
are second pictures of other particles of the set, centred elsewhere, with a half set of their own.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from particle_micrographs import NOISE, Micrograph, Micrographs, specimen_named
from sources import source_hash

from cryoloom.data import child_id, half_set_of
from cryoloom.engine.extraction import ExtractionSettings, extract_particles
from cryoloom.formats import write_stack, write_star, write_volume
from cryoloom.testing.microscope import SPECIMENS, State

CACHE = Path("/tmp/particle-sets")
CUT = 128  # pixels of the movie
SCATTER = 3.0  # Å on each axis, standard deviation of where a window is centred
VARIANTS = ("plain", "junk", "noise", "mix", "duplicates")
NOISE_SHARE = 0.7  # of a mix
DUPLICATE_SHARE = 0.2
SECOND_SCATTER = 8.0  # Å, of the second picture of a particle


@dataclass(frozen=True)
class Recipe:
    """What a set is made of.

    Parameters
    ----------
    specimen, tier, seed : of the simulated microscope
    count : particles
    box : edge of the images in pixels
    variant : one of `VARIANTS`
    true_ctf : give the true defoci instead of those that were estimated
    """

    specimen: str
    tier: str = "easy"
    seed: int = 501
    count: int = 1000
    box: int = 64
    variant: str = "plain"
    true_ctf: bool = False

    @property
    def name(self) -> str:
        """Name of the set's folder."""
        parts = [self.specimen, self.tier, str(self.seed)]
        parts += [self.variant] if self.variant != "plain" else []
        parts += [str(self.count)] if self.count != 1000 else []
        parts += ["truectf"] if self.true_ctf else []
        return "-".join([*parts, f"box{self.box}"])


@dataclass(frozen=True)
class Cut:
    """Particles cut from micrographs: images, and the row of each column for each of them."""

    images: np.ndarray
    columns: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.images)

    def taken(self, chosen: np.ndarray) -> Cut:
        return Cut(self.images[chosen], {name: values[chosen] for name, values in self.columns.items()})

    @classmethod
    def joined(cls, parts: list[Cut]) -> Cut:
        columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}
        return cls(np.concatenate([part.images for part in parts]), columns)


def particle_set(recipe: Recipe, cache: Path = CACHE, *, threads: int = 2) -> Path:
    """Folder of a set; it is made if it is not there yet, or was made by other code."""
    folder = cache / f"{recipe.name}-{source_hash(['particle_sets'])[:8]}"
    if (folder / "particles.star").exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng([recipe.seed, 77])
    if recipe.variant == "noise":
        cut = _cut_noise(recipe, cache, recipe.count, random, threads)
    elif recipe.variant == "mix":
        noise = round(NOISE_SHARE * recipe.count)
        real = _cut_specimen(recipe, cache, recipe.count - noise, random, threads)
        cut = Cut.joined([real, _cut_noise(recipe, cache, noise, random, threads)])
        cut = cut.taken(random.permutation(len(cut)))
    elif recipe.variant == "duplicates":
        second = round(DUPLICATE_SHARE * recipe.count)
        cut = _with_duplicates(recipe, cache, recipe.count - second, second, random, threads)
    else:
        cut = _cut_specimen(recipe, cache, recipe.count, random, threads)
    _write(folder, recipe, cut)
    return folder


def _cut_specimen(recipe: Recipe, cache: Path, count: int, random: np.random.Generator, threads: int) -> Cut:
    micrographs = Micrographs(cache, recipe.specimen, recipe.tier, recipe.seed, threads=threads)
    parts: list[Cut] = []
    number = 1
    while sum(map(len, parts)) < count:
        for micrograph in micrographs.get(number, threads):
            wanted = np.ones(len(micrograph.places), bool)
            if recipe.variant != "junk":
                wanted = micrograph.states == State.INTACT
            places = micrograph.places[wanted]
            centres = places + random.normal(0.0, SCATTER / micrograph.pixel_size, places.shape)
            parts.append(_cut_from(micrograph, np.flatnonzero(wanted), centres, recipe))
        number += threads
    return Cut.joined(parts).taken(np.arange(count))


def _cut_noise(recipe: Recipe, cache: Path, count: int, random: np.random.Generator, threads: int) -> Cut:
    """Windows that do not overlap, in random order, from empty ice; with random poses."""
    micrographs = Micrographs(cache, NOISE, recipe.tier, recipe.seed, threads=threads)
    parts: list[Cut] = []
    number = 1
    while sum(map(len, parts)) < count:
        for micrograph in micrographs.get(number, threads):
            height, width = micrograph.image.shape
            x, y = np.meshgrid(np.arange(CUT // 2, width - CUT // 2, CUT), np.arange(CUT // 2, height - CUT // 2, CUT))
            centres = random.permutation(np.stack([x.ravel(), y.ravel()], axis=1)).astype(np.float64)
            parts.append(_cut_from(micrograph, None, centres, recipe, random=random))
        number += threads
    return Cut.joined(parts).taken(np.arange(count))


def _with_duplicates(
    recipe: Recipe, cache: Path, first: int, second: int, random: np.random.Generator, threads: int
) -> Cut:
    """Particles, and other pictures of some of them."""
    once = _cut_specimen(recipe, cache, first, random, threads)
    micrographs = Micrographs(cache, recipe.specimen, recipe.tier, recipe.seed, threads=threads)
    last = int(once.columns["movie"].max())
    parts = [once]
    chosen = np.sort(random.permutation(first)[: second + second // 4])  # some windows leave the micrograph
    for micrograph in micrographs.get(1, last):
        mine = chosen[once.columns["movie"][chosen] == int(micrograph.name[-4:])]
        source = once.columns["source"][mine]
        centres = micrograph.places[source] + random.normal(0.0, SECOND_SCATTER / micrograph.pixel_size, (len(mine), 2))
        part = _cut_from(micrograph, source, centres, recipe)
        origin = dict(zip(source.tolist(), mine.tolist(), strict=True))
        part.columns["original"] = np.array([origin[one] for one in part.columns["source"].tolist()], np.int64)
        parts.append(part)
    cut = Cut.joined(parts)
    kept = np.r_[0:first, first + np.sort(random.permutation(len(cut) - first)[:second])]
    return cut.taken(kept)


def _cut_from(
    micrograph: Micrograph,
    source: np.ndarray | None,
    centres: np.ndarray,
    recipe: Recipe,
    *,
    random: np.random.Generator | None = None,
) -> Cut:
    """Cut windows about centres (n, 2) that show the particles `source` (n,) of a micrograph, or none."""
    # As the protocol does it for particles no larger than three quarters of the box.
    settings = ExtractionSettings(box_size=CUT, background_diameter=0.75 * CUT, output_size=recipe.box)
    made = extract_particles(micrograph.image, centres, settings)
    count = len(made.images)
    if source is None:
        rot, psi = random.uniform(-180.0, 180.0, (2, count))
        angles = np.stack([rot, np.degrees(np.arccos(random.uniform(-1.0, 1.0, count))), psi], axis=1)
        shifts, states = np.zeros((count, 2)), np.full(count, NOISE, dtype="U12")
        conformations, heights, source = np.zeros(count, np.int64), np.zeros(count), np.full(count, -1)
    else:
        source = source[made.indices]
        shifts = (made.centres - micrograph.places[source]) * micrograph.pixel_size
        angles, states = micrograph.angles[source], micrograph.states[source]
        conformations, heights = micrograph.conformations[source], micrograph.heights[source]
    movie = int(micrograph.name[-4:])
    true_ctf = np.repeat(micrograph.true[None], count, axis=0)
    true_ctf[:, :2] += heights[:, None]
    columns = {
        "angles": angles,
        "shifts": shifts,
        "centres": made.centres.astype(np.float64),
        "state": states.astype("U12"),
        "conformation": conformations,
        "height": heights,
        "movie": np.full(count, movie),
        "source": source,
        "original": np.full(count, -1, dtype=np.int64),
        "estimated_ctf": np.repeat(micrograph.estimated[None], count, axis=0),
        "true_ctf": true_ctf,
        "optics": np.repeat(np.array(micrograph.optics)[None], count, axis=0),
        "pixel_size": np.full(count, micrograph.pixel_size * CUT / recipe.box),
        "true_pixel_size": np.full(count, micrograph.true_pixel_size * CUT / recipe.box),
    }
    return Cut(made.images, columns)


def half_sets(seed: int, count: int) -> np.ndarray:
    """The halves (n,) of the particles of a set, drawn as a project draws them."""
    return np.array([half_set_of(child_id(seed, f"particle {number}")) for number in range(count)])


def _write(folder: Path, recipe: Recipe, cut: Cut) -> None:
    specimen = specimen_named(recipe.specimen)
    columns = dict(cut.columns)
    pixel_size, true_pixel_size = float(columns["pixel_size"][0]), float(columns["true_pixel_size"][0])
    columns["half_set"] = half_sets(recipe.seed, len(cut))
    columns["original"] = np.where(columns["original"] < 0, np.arange(len(cut)), columns["original"])
    optics = columns.pop("optics")[0]
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-") as name:
        part = Path(name) / "set"
        part.mkdir()
        write_stack(part / "particles.mrcs", cut.images, pixel_size=pixel_size)
        write_volume(part / "truth.mrc", specimen.density_map(recipe.box, true_pixel_size), pixel_size=true_pixel_size)
        scalars = {"pixel_size": pixel_size, "true_pixel_size": true_pixel_size, "diameter": specimen.diameter}
        np.savez(part / "truth.npz", **{**columns, **scalars, "optics": optics, "group": specimen.symmetry})
        ctf = columns["true_ctf" if recipe.true_ctf else "estimated_ctf"]
        write_particles(part, columns, ctf, optics, pixel_size=pixel_size, box=recipe.box)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)


def write_particles(
    folder: Path, columns: dict[str, np.ndarray], ctf: np.ndarray, optics: np.ndarray, *, pixel_size: float, box: int
) -> None:
    """Write the STAR files of a set of one optics group, in RELION 3.1's layout, for the stack beside them."""
    voltage, spherical_aberration, amplitude_contrast = map(float, optics)
    group = {
        "rlnOpticsGroupName": "simulated",
        "rlnOpticsGroup": 1,
        "rlnVoltage": voltage,
        "rlnSphericalAberration": spherical_aberration,
        "rlnAmplitudeContrast": amplitude_contrast,
        "rlnImagePixelSize": pixel_size,
        "rlnImageSize": box,
        "rlnImageDimensionality": 2,
    }
    count = len(ctf)
    rows = {
        "rlnImageName": [f"{number:06d}@particles.mrcs" for number in range(1, count + 1)],
        "rlnMicrographName": [f"movie_{number:04d}.mrc" for number in columns["movie"].tolist()],
        "rlnOpticsGroup": np.ones(count, np.int64),
        "rlnCoordinateX": columns["centres"][:, 0],
        "rlnCoordinateY": columns["centres"][:, 1],
        **{f"rln{label}": ctf[:, place] for place, label in enumerate(("DefocusU", "DefocusV", "DefocusAngle"))},
        "rlnPhaseShift": np.zeros(count),
        "rlnRandomSubset": columns["half_set"],
    }
    pose = {f"rlnAngle{label}": columns["angles"][:, place] for place, label in enumerate(("Rot", "Tilt", "Psi"))}
    pose |= {f"rlnOrigin{label}Angst": columns["shifts"][:, place] for place, label in enumerate("XY")}
    tables = {"unposed.star": rows, "particles.star": rows | pose}
    for name, table in tables.items():
        write_star(folder / name, {"optics": pl.DataFrame([group]), "particles": pl.DataFrame(table)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--specimen", choices=SPECIMENS, default="c3-body")
    parser.add_argument("--tier", default="easy")
    parser.add_argument("--seed", type=int, nargs="+", default=[501])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--box", type=int, nargs="+", default=[64, 96])
    parser.add_argument("--variant", choices=VARIANTS, default="plain")
    parser.add_argument("--true-ctf", action="store_true")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    for seed in options.seed:
        for box in options.box:
            recipe = Recipe(options.specimen, options.tier, seed, options.count, box, options.variant, options.true_ctf)
            print(particle_set(recipe, options.cache, threads=options.threads), file=sys.stdout, flush=True)


if __name__ == "__main__":
    main()
