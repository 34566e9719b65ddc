"""Synthetic particle sets, without movies, for what movies do not hold: two conformations of one specimen.

    python bench/synthetic_particles.py --change part|turn|none [--counts 1000 1000] [--seed 501] [--box 64 96]

Not as honest as `bench/particle_sets.py`, and called *synthetic* wherever its figures are shown. Atoms are projected in
real space by the simulated microscope's own projector, get the true CTF of a movie of the same defocus range on a field
twice as wide, and then a damping and coloured Gaussian noise, both measured in a set that was really cut from movies
(C3 body, easy tier, seed 501): as functions of frequency, what is left of the true signal there, and the power of all
else. Heights of particles in the ice, and the errors with which a micrograph's CTF is estimated, are drawn from what
that set has. What is not in it: motion that differs from particle to particle, neighbours, uneven ice.

``part``: the second conformation lacks 40 kDa about the top of the three-fold axis. ``turn``: 60 kDa there are turned
by 18° about it. ``none``: all are alike. A set is a folder ``<specimen>-synthetic-<seed>-<change>-<n1>+<n2>-box<box>``,
laid out as `bench/particle_sets.py` tells, with ``truth2.mrc`` of the second conformation; both keep the C3 symmetry.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from particle_micrographs import specimen_named
from particle_sets import CACHE, CUT, Recipe, half_sets, particle_set, write_particles
from scipy import fft
from scipy.spatial.transform import Rotation
from sources import source_hash

from cryoloom.engine.extraction import ExtractionSettings, extract_particles
from cryoloom.formats import read_stack, write_stack, write_volume
from cryoloom.testing.microscope import ContrastTransfer, MicroscopeParameters, Particles, Specimen
from cryoloom.testing.microscope._projection import Projector

CHANGES = ("none", "part", "turn")
PART, DOMAIN = 40e3, 60e3  # Da
TURN = 18.0  # degrees
SAMPLING = 2.0  # Å, of the microscope's pixels
FIELD = 2 * CUT  # pixels in which the CTF is applied
SCATTER = 3.0  # Å on each axis
MOVIE = 84  # particles that share a defocus


def synthetic_set(
    change: str, counts: tuple[int, int], seed: int, box: int, cache: Path = CACHE, *, specimen: str = "c3-body"
) -> Path:
    """Folder of a set; it is made if it is not there yet."""
    parts = [specimen, "synthetic", str(seed), change, f"{counts[0]}+{counts[1]}", f"box{box}", made_by()]
    folder = cache / "-".join(parts)
    if (folder / "particles.star").exists():
        return folder
    random = np.random.default_rng([seed, 78, CHANGES.index(change)])
    first = specimen_named(specimen)
    conformations = [first, changed(first, change)]
    found = measured_in(cache)
    count = sum(counts)
    kind = random.permutation(np.repeat([0, 1], counts))
    angles = np.stack(
        [
            random.uniform(-180.0, 180.0, count),
            np.degrees(np.arccos(random.uniform(-1.0, 1.0, count))),
            random.uniform(-180.0, 180.0, count),
        ],
        axis=1,
    )
    shifts = random.normal(0.0, SCATTER, (count, 2))
    movie = np.arange(count) // MOVIE + 1
    transfers = [_transfer(random) for _ in range(movie.max())]
    heights = random.choice(found["heights"], count)
    mine = [
        replace(one, defocus_u=one.defocus_u + height, defocus_v=one.defocus_v + height)
        for one, height in zip((transfers[number - 1] for number in movie), heights.tolist(), strict=True)
    ]
    images = project(conformations, kind, angles, shifts, mine)
    noise = _filtered(random.normal(size=images.shape), np.sqrt(found["power"]))
    images = _filtered(images, found["damping"]) + noise
    strip = np.ascontiguousarray(-images.transpose(1, 0, 2).reshape(CUT, -1), np.float32)  # protein dark, side by side
    centres = np.stack([CUT // 2 + CUT * np.arange(count), np.full(count, CUT // 2)], axis=1)
    settings = ExtractionSettings(box_size=CUT, background_diameter=0.75 * CUT, output_size=box)
    made = extract_particles(strip, centres, settings)
    pixel_size = SAMPLING * CUT / box
    true_ctf = np.array([(one.defocus_u, one.defocus_v, one.defocus_angle) for one in mine])
    errors = random.choice(found["ctf_errors"], len(transfers))
    ctf = true_ctf - heights[:, None] * [1.0, 1.0, 0.0] + errors[movie - 1]
    optics = np.array([transfers[0].voltage, transfers[0].spherical_aberration, transfers[0].amplitude_contrast])
    columns = {
        "angles": angles,
        "shifts": shifts,
        "centres": centres.astype(np.float64),
        "state": np.full(count, "intact"),
        "conformation": kind,
        "height": heights,
        "movie": movie,
        "original": np.arange(count),
        "estimated_ctf": ctf,
        "true_ctf": true_ctf,
        "half_set": half_sets(seed, count),
    }
    with tempfile.TemporaryDirectory(dir=cache, prefix=".part-") as name:
        part = Path(name) / "set"
        part.mkdir()
        write_stack(part / "particles.mrcs", made.images, pixel_size=pixel_size)
        for file, one in zip(("truth.mrc", "truth2.mrc"), conformations, strict=True):
            write_volume(part / file, one.density_map(box, pixel_size), pixel_size=pixel_size)
        scalars = {"pixel_size": pixel_size, "true_pixel_size": pixel_size, "diameter": first.diameter}
        np.savez(part / "truth.npz", **columns, **scalars, optics=optics, group=first.symmetry)
        write_particles(part, columns, ctf, optics, pixel_size=pixel_size, box=box)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    return folder


def changed(specimen: Specimen, change: str) -> Specimen:
    """The second conformation of a specimen."""
    positions = specimen.positions
    apex = np.array([0.0, 0.0, positions[:, 2].max()])
    order = np.argsort(np.linalg.norm(positions - apex, axis=1))
    share = {"none": 0.0, "part": PART, "turn": DOMAIN}[change] / specimen.molecular_mass
    # Whole orbits of the three-fold axis, so that the symmetry stays.
    moved = np.zeros(len(positions), bool)
    moved[order[: 3 * round(share * len(positions) / 3)]] = True
    if change == "part":
        return replace(specimen, positions=positions[~moved], elements=specimen.elements[~moved])
    turned = positions @ Rotation.from_euler("Z", TURN, degrees=True).as_matrix().T.astype(np.float32)
    return replace(specimen, positions=np.where(moved[:, None], turned, positions))


def made_by() -> str:
    """What tells sets apart that other code has made."""
    return source_hash(["synthetic_particles"])[:8]


def measured_in(cache: Path) -> dict[str, np.ndarray]:
    """What an easy set cut from movies is like.

    Damping of the signal and power of the rest by ring (CUT // 2 + 1,), heights of particles (n,) in Å, and errors of
    defocus U, V (Å) and angle (degrees) of its micrographs (m, 3).
    """
    kept = cache / f"spectra-{made_by()}.npz"
    if kept.exists():
        with np.load(kept) as values:
            return dict(values)
    folder = particle_set(Recipe("c3-body", box=CUT), cache)
    truth = dict(np.load(folder / "truth.npz"))
    with read_stack(folder / "particles.mrcs") as stack:
        images = stack[:]
    constants = dict(zip(("voltage", "spherical_aberration", "amplitude_contrast"), truth["optics"], strict=True))
    transfers = [ContrastTransfer(u, v, a, 0.0, b_factor=0.0, **constants) for u, v, a in truth["true_ctf"].tolist()]
    specimen = specimen_named("c3-body")
    kinds = np.zeros(len(images), int)
    signal = fft.fft2(project([specimen], kinds, truth["angles"], truth["shifts"], transfers))
    seen = fft.fft2(images)
    rings = np.rint(_radius() * CUT).astype(int)
    inside = rings <= CUT // 2

    def by_ring(values: np.ndarray) -> np.ndarray:
        return np.bincount(rings[inside], values[inside])

    damping = by_ring((seen * signal.conj()).real.sum(axis=0)) / by_ring((np.abs(signal) ** 2).sum(axis=0))
    left = seen - damping[np.minimum(rings, CUT // 2)] * signal
    power = by_ring((np.abs(left) ** 2).mean(axis=0)) / by_ring(np.ones_like(rings, float)) / CUT**2
    _, first = np.unique(truth["movie"], return_index=True)
    errors = (truth["estimated_ctf"] - truth["true_ctf"])[first] + truth["height"][first, None] * [1.0, 1.0, 0.0]
    errors[:, 2] = (errors[:, 2] + 90.0) % 180.0 - 90.0
    found = {"damping": damping, "power": power, "heights": truth["height"], "ctf_errors": errors}
    np.savez(kept, **found)
    return found


def project(
    conformations: list[Specimen],
    kinds: np.ndarray,
    angles: np.ndarray,
    shifts: np.ndarray,
    transfers: list[ContrastTransfer],
) -> np.ndarray:
    """Protein-white images (n, CUT, CUT) of particles, of the phase shift in rad after the CTF."""
    axis = fft.fftfreq(FIELD, SAMPLING)
    half = fft.rfftfreq(FIELD, SAMPLING)
    middle = slice(FIELD // 2 - CUT // 2, FIELD // 2 + CUT // 2)
    projectors = [Projector(one, SAMPLING, transfers[0]) for one in conformations]
    images = np.empty((len(kinds), CUT, CUT), np.float32)
    random = np.random.default_rng(0)  # of what becomes of broken particles; there are none
    for number, (kind, transfer) in enumerate(zip(kinds, transfers, strict=True)):
        field = np.zeros((1, FIELD, FIELD), np.float32)
        centre = FIELD // 2 - shifts[number : number + 1] / SAMPLING
        projectors[kind].add(Particles.intact(centre, angles[number : number + 1]), centre, field, random)
        spectrum = fft.rfft2(field[0]) * transfer.evaluate(axis, half)
        images[number] = fft.irfft2(spectrum, s=field.shape[1:])[middle, middle]
    return images


def _filtered(images: np.ndarray, curve: np.ndarray) -> np.ndarray:
    radius = np.minimum(_radius()[:, : CUT // 2 + 1] * CUT, CUT // 2)
    return fft.irfft2(fft.rfft2(images) * np.interp(radius, np.arange(CUT // 2 + 1), curve), s=(CUT, CUT))


def _radius() -> np.ndarray:
    axis = fft.fftfreq(CUT)
    return np.hypot(axis[:, None], axis)


def _transfer(random: np.random.Generator) -> ContrastTransfer:
    optics = MicroscopeParameters.of_tier("easy").optics
    mean, astigmatism = random.uniform(*optics.defocus), random.uniform(*optics.astigmatism)
    return ContrastTransfer(
        defocus_u=mean + 0.5 * astigmatism,
        defocus_v=mean - 0.5 * astigmatism,
        defocus_angle=random.uniform(0.0, 180.0),
        phase_shift=0.0,
        voltage=optics.voltage,
        spherical_aberration=optics.spherical_aberration,
        amplitude_contrast=optics.amplitude_contrast,
        b_factor=0.0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--change", choices=CHANGES, default="part")
    parser.add_argument("--counts", type=int, nargs=2, default=[1000, 1000])
    parser.add_argument("--seed", type=int, nargs="+", default=[501])
    parser.add_argument("--box", type=int, nargs="+", default=[64, 96])
    parser.add_argument("--cache", type=Path, default=CACHE)
    options = parser.parse_args()
    for seed in options.seed:
        for box in options.box:
            print(synthetic_set(options.change, tuple(options.counts), seed, box, options.cache), flush=True)


if __name__ == "__main__":
    main()
