"""How well, and how fast, are poses and map refined from a start at 40 Å, and is the reported resolution true?

    python bench/refinement.py [--full] [--json FILE] [--seeds 501 502 503]
                                [--rows c3 c1 …] [--box 64 96] [--threads 2]

Particle sets with known truth (``particle_sets.py``) are refined as ``cryoloom tool refine`` does it, from the truth
limited to 40 Å. Beside each stands the map that the same images give with their true poses. Maps and poses are scored
by ``map_truth.py``; kernels are compiled before anything is timed. *Shortfall* is the most by which the correlation
with the truth lies below that of true poses at any shell. *Reported*: the corrected correlation F of the half maps in
the truth's mask, as √(2F / (1 + F)), against the correlation of the whole map with the truth in the same mask, root
mean square where F > 0.05. *× prediction*: the time against what was foretold for this machine and threads, without the
trust page. Images of noise, and real images mixed with noise, must gain nothing.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import map_truth
import numpy as np
import reporting
from particle_sets import Recipe, particle_set

from cryoloom.engine.refinement import RefinementSettings, RefinementState, refine
from cryoloom.engine.symmetry import point_group
from cryoloom.engine.validation import correlate_half_maps
from cryoloom.formats import read_volume
from cryoloom.protocols.machine_speed import machine_speed
from cryoloom.protocols.particle_images import LoadedParticles, load_particles, read_particle_file
from cryoloom.protocols.reconstruct._compute import map_of, sums_of
from cryoloom.protocols.refine._compute import predicted_seconds

START = 40.0  # Å
TIME = "≤ 180 (box 64), ≤ 480 (box 96); within × 2"
WANTED = ("wanted", "", TIME, "", "≤ 1.2", "", "≤ 1 %", "", "≤ 0.08", "", "≤ 0.05", "yes")


@dataclass(frozen=True)
class Row:
    """What is refined, and in which symmetry."""

    recipe: Recipe
    symmetry: str


ROWS = {
    "c3": Row(Recipe("c3-body"), "C3"),
    "c1": Row(Recipe("c3-body"), "C1"),
    "t20s": Row(Recipe("t20s"), "D7"),
    "apoferritin": Row(Recipe("apoferritin"), "O"),
    "standard": Row(Recipe("c3-body", tier="standard"), "C3"),
    "mix": Row(Recipe("c3-body", variant="mix"), "C3"),
    "noise-c1": Row(Recipe("c3-body", variant="noise"), "C1"),
    "noise-d7": Row(Recipe("c3-body", variant="noise"), "D7"),
}


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[501, 502, 503])
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--box", type=int, nargs="+", default=None, help="by default 64, and 96 with --full")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    boxes = options.box or ([64, 96] if options.full else [64])
    records = []
    warm_up()
    for name in options.rows:
        for box in boxes:
            for seed in options.seeds:
                row = ROWS[name]
                recipe = replace(row.recipe, seed=seed, box=box)
                record = measure(particle_set(recipe), row.symmetry, options.threads, noise=name.startswith("noise"))
                records.append({"name": name, "symmetry": row.symmetry, "box": box, "seed": seed, **record})
                print(f"refinement, {name}, box {box}, seed {seed} done: {records[-1]}", file=sys.stderr, flush=True)
                if options.json is not None:
                    options.json.write_text(json.dumps(records, indent=1) + "\n")
    headings = (
        "set",
        "box",
        "s (× prediction)",
        "iterations",
        "median error",
        "90th percentile",
        "> 10°",
        "FSC-vs-truth 0.5 (true poses)",
    )
    headings += ("shortfall", "reported (0.143)", "reported − truth, RMS", "signal")
    lines = [line(record) for record in records if not record["noise"]]
    print(reporting.table(headings, [*lines, WANTED]))
    headings = ("set", "box", "s (× prediction)", "iterations", "corrected 0.143 in a sphere", "evidence of signal")
    lines = [noise_line(record) for record in records if record["noise"]]
    print(reporting.table(headings, [*lines, ("wanted", "", "", "", "≥ 35 Å", "no")]))


def line(record: dict) -> tuple:
    resolution = record["resolution"]
    return (
        f"{record['name']}, {record['symmetry']}, seed {record['seed']}",
        record["box"],
        f"{record['seconds']:.0f} ({record['seconds'] / record['predicted']:.2f})",
        record["iterations"],
        f"{record['median']:.2f}°",
        f"{record['ninetieth']:.2f}°",
        f"{record['above_10']:.1%}",
        f"{record['truth']:.2f} Å ({record['true_poses']:.2f} Å)",
        f"{record['shortfall']:.3f}",
        "none" if resolution is None else f"{resolution:.2f} Å",
        f"{record['reported_rms']:.3f}",
        "yes" if record["signal"] else "no",
    )


def noise_line(record: dict) -> tuple:
    resolution = record["resolution"]
    return (
        f"{record['name']}, seed {record['seed']}",
        record["box"],
        f"{record['seconds']:.0f} ({record['seconds'] / record['predicted']:.2f})",
        record["iterations"],
        "none" if resolution is None else f"{resolution:.1f} Å",
        "yes" if record["signal"] else "no",
    )


def warm_up() -> None:
    """Compile before anything is timed."""
    from cryoloom.runtime import warm_up as compile_all

    for _ in compile_all():
        pass


def measure(folder: Path, symmetry: str, threads: int, *, noise: bool) -> dict:
    """Refine a set, and score what comes out."""
    given = read_particle_file(folder / "particles.star")
    with np.load(folder / "truth.npz") as kept:
        diameter = float(kept["diameter"])
    loaded = load_particles(given.table, given.resolve, diameter=diameter)
    truth = read_volume(folder / "truth.mrc")
    began = time.perf_counter()
    settings = RefinementSettings(symmetry=symmetry, initial_resolution=START)
    *_, state = refine(loaded.images, loaded.half_sets, truth, settings, threads=threads)
    seconds = time.perf_counter() - began
    predicted = predicted_seconds(len(loaded), loaded.images.box_size, symmetry, threads=threads)
    record = {
        "noise": noise,
        "seconds": seconds,
        "predicted": predicted / machine_speed(),
        "iterations": state.iteration,
        "signal": state.has_signal,
        "resolution": state.resolution,
    }
    return record if noise else {**record, **score(loaded, state, truth, symmetry, threads)}


def score(
    loaded: LoadedParticles, state: RefinementState, truth: np.ndarray, symmetry: str, threads: int
) -> dict[str, float]:
    """Map and poses against the truth, and the half maps against that."""
    pixel_size = loaded.images.pixel_size
    group = point_group(symmetry)
    real = np.arange(len(loaded))
    found = map_truth.score_map(state.combined_map, truth, pixel_size)
    exact = map_of(sums_of(loaded, real, threads=threads), loaded.images, group, threads=threads)
    ideal = map_truth.score_map(exact, truth, pixel_size, aligned=True)
    poses, _ = map_truth.score_poses(state.rotations, map_truth.rotations_of(loaded.angles), group.operators)
    halves = [map_truth.transformed(half, found.alignment, pixel_size) for half in state.half_maps]
    mask = map_truth.truth_mask(truth, pixel_size)
    curves = correlate_half_maps(*halves, pixel_size=pixel_size, mask=mask, threads=threads)
    told = curves.corrected.correlation
    shells = slice(1, len(truth) // 2)
    believed = told[shells] > 0.05
    difference = curves.against_truth[shells][believed] - found.curve.correlation[shells][believed]
    return {
        "median": poses.median,
        "ninetieth": poses.ninetieth,
        "above_10": poses.share_above_10,
        "truth": found.resolution,
        "true_poses": ideal.resolution,
        "shortfall": float((ideal.curve.correlation - found.curve.correlation)[shells].max()),
        "reported_rms": float(np.sqrt((difference**2).mean())),
        "reported_excess": float(difference.max()),
        "resolution_in_mask": curves.resolution,
    }


if __name__ == "__main__":
    main()
