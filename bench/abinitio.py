"""First maps from nothing: how good, how fast, and whether it knows when it has failed.

    python bench/abinitio.py [--full] [--specimens c3-body t20s] [--tier easy] [--data 501] [--seeds 10] [--json FILE]

Each row is a particle set of `bench/particle_sets.py`, 1000 particles at box 64, given without poses, reference or
symmetry. Every seed of the algorithm makes independent runs until two agree (three at most). The map is scored against
the truth by `bench/map_truth.py`, its mirror image allowed. *Right* is 0.5 at 15 Å or better. A run that is not right
must be marked as unreliable. Kernels are compiled before the clock starts.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import reporting
from map_truth import score_map
from particle_sets import CACHE, Recipe, particle_set

from cryoloom.engine.abinitio import AbInitioSettings, independent_runs
from cryoloom.engine.alignment import propose_symmetry
from cryoloom.formats import read_volume
from cryoloom.protocols.particle_images import load_particles, read_particle_file

RIGHT = 15.0  # Å
LIMIT = 180.0  # s
WANTED = {"easy": 0.9, "standard": 0.7}  # of the seeds


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--specimens", nargs="+", default=["c3-body", "t20s"])
    parser.add_argument("--tier", default="easy")
    parser.add_argument("--data", type=int, default=501, help="seed of the particle set")
    parser.add_argument("--seeds", type=int, help="how many; by default 3, or 10 with --full")
    parser.add_argument("--first", type=int, default=9100, help="the first seed")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    if reporting.real_data("structures") is None:
        print(reporting.not_measured("first maps of C3 body and T20S", "there are no atomic models"))
        return
    count = options.seeds or (10 if options.full else 3)
    records = []
    for specimen in options.specimens:
        folder = particle_set(Recipe(specimen, options.tier, options.data), options.cache)
        first_maps(folder, 0, iterations=2)
        for seed in range(options.first, options.first + count):
            records.append({"specimen": specimen, "seed": seed, **first_maps(folder, seed)})
            print(json.dumps(records[-1]), file=sys.stderr, flush=True)
    rows = []
    for specimen in options.specimens:
        own = [one for one in records if one["specimen"] == specimen]
        right = [one for one in own if one["resolution"] <= RIGHT]
        silent = [one for one in own if one["resolution"] > RIGHT and one["reliable"]]
        doubted = [one for one in right if not one["reliable"]]
        symmetry = sum(one["proposed"] == one["symmetry"] for one in right)
        rows.append(
            (
                specimen,
                len(own),
                f"{len(right)} of {len(own)}",
                ", ".join(f"{value:.1f}" for value in np.quantile([one["resolution"] for one in own], [0.5, 1.0])),
                len(silent),
                len(doubted),
                f"{symmetry} of {len(right)}",
                ", ".join(f"{value:.0f}" for value in np.quantile([one["seconds"] for one in own], [0.5, 1.0])),
            )
        )
    headings = ("specimen", "seeds", "right", "0.5 vs truth, Å: median, worst", "failures not marked")
    headings += ("right but doubted", "symmetry proposed", "s: median, worst")
    print(f"Tier {options.tier}, particle set of seed {options.data}, 1000 particles, box 64, two threads.\n")
    print(reporting.table(headings, rows))
    print(reporting.promises(promised(records, options.tier)))
    if options.json is not None:
        options.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


def promised(records: list[dict], tier: str) -> list[reporting.Promise]:
    """What is held of each specimen."""
    held = []
    for specimen in dict.fromkeys(one["specimen"] for one in records):
        own = [one for one in records if one["specimen"] == specimen]
        wrong = [one for one in own if one["resolution"] > RIGHT]
        share, silent = 1 - len(wrong) / len(own), sum(one["reliable"] for one in wrong)
        if tier in WANTED:
            held.append(reporting.promise(f"{specimen}: share of right maps", share, ".2f", least=WANTED[tier]))
        held.append(reporting.promise(f"{specimen}: failures that are not marked", silent, ".0f", most=0))
        slowest = max(one["seconds"] for one in own)
        held.append(reporting.promise(f"{specimen}: time of the slowest", slowest, ".0f s", most=LIMIT))
    return held


def first_maps(folder: Path, seed: int, *, iterations: int = 120) -> dict:
    """What one seed finds, scored."""
    truth = dict(np.load(folder / "truth.npz"))
    given = read_particle_file(folder / "unposed.star")
    began = time.perf_counter()
    images = load_particles(given.table, given.resolve, diameter=round(1.1 * float(truth["diameter"]))).images
    settings = AbInitioSettings(seed=seed, iterations=iterations)
    *_, state = independent_runs(images, settings, threads=2)
    seconds = time.perf_counter() - began
    volume = state.maps[0]
    proposal = propose_symmetry(volume, pixel_size=images.pixel_size, diameter=images.diameter, threads=2)
    score = score_map(volume, read_volume(folder / "truth.mrc"), images.pixel_size, mirror=True)
    return {
        "seconds": seconds,
        "resolution": score.resolution,
        "mirrored": score.alignment.mirrored,
        "runs": len(state.finished),
        "agreement": float(state.confidence.agreement.min()),
        "reliable": state.confidence.is_reliable,
        "proposed": proposal.group,
        "symmetry": str(truth["group"]),
    }


if __name__ == "__main__":
    main()
