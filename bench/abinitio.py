"""First maps from nothing: how good, how fast, and whether it knows when it has failed.

    python bench/abinitio.py [--full] [--specimens c3-body t20s] [--tiers easy standard hard] [--seeds 10] [--json FILE]

Each row is of particle sets of `bench/particle_sets.py`, 1000 particles at box 64, given without poses, reference or
symmetry; the seeds of the algorithm take three sets in turn. Every seed makes independent runs until two agree (three
at most). The map is scored against the truth by `bench/map_truth.py`, its mirror image allowed. *Right* is 0.5 at 15 Å
or better. A run that is not right must be marked as unreliable. Seconds are those of all that `cryoloom tool abinitio`
does: reading, the runs, the symmetry that is proposed, and the pose of every particle. Kernels are compiled before.
Three seeds of the hard tier are told with --full; nothing is promised of them.
Measurements are kept (`kept.py`): what was cut off goes on when it is started again.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import reporting
from kept import Kept, days
from map_truth import score_map
from particle_sets import Recipe, particle_set

from cryoloom.engine.abinitio import AbInitioSettings, independent_runs
from cryoloom.engine.alignment import propose_symmetry
from cryoloom.formats import read_volume
from cryoloom.protocols.abinitio._runs import posed
from cryoloom.protocols.particle_images import load_particles, read_particle_file

RIGHT = 15.0  # Å
LIMIT = 180.0  # s
WANTED = {"easy": 0.9, "standard": 0.7}  # of the seeds
TIERS = (*WANTED, "hard")
SOME = 3  # seeds of a tier of which nothing is promised


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--specimens", nargs="+", default=["c3-body", "t20s"])
    parser.add_argument("--tiers", nargs="+", choices=TIERS, help="by default easy, and all with --full")
    parser.add_argument("--data", type=int, nargs="+", default=[611, 612, 613], help="seeds of the particle sets")
    parser.add_argument("--seeds", type=int, help="how many; by default 3, or 10 with --full")
    parser.add_argument("--first", type=int, default=9100, help="the first seed")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    if reporting.real_data("structures") is None:
        print(reporting.not_measured("first maps of C3 body and T20S", "there are no atomic models"))
        return
    count = options.seeds or (10 if options.full else 3)
    compiled = reporting.compiled()
    kept = Kept("abinitio", [first_maps])
    keys = []
    for tier in options.tiers or (TIERS if options.full else TIERS[:1]):
        for specimen in options.specimens:
            for number in range(count if tier in WANTED else min(count, SOME)):
                data = options.data[number % len(options.data)]
                keys.append({"specimen": specimen, "tier": tier, "data": data, "seed": options.first + number})
    records = kept.records(keys, first_maps)
    if options.json is not None:
        options.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    print(f"1000 particles, box 64, two threads, particle sets of seeds {', '.join(map(str, options.data))}.\n")
    print(compiled, days(records), sep="\n")
    headings = ("specimen, tier", "seeds", "right", "0.5 vs truth, Å: median, worst", "failures not marked")
    headings += ("right but doubted", "symmetry proposed", "s: median, worst")
    print(reporting.table(headings, map(row, groups(records))))
    print(reporting.promises(promised(records)))


def groups(records: list[dict]) -> list[list[dict]]:
    """Those of the same specimen and tier."""
    of = {(one["specimen"], one["tier"]): [] for one in records}
    for one in records:
        of[one["specimen"], one["tier"]].append(one)
    return list(of.values())


def row(own: list[dict]) -> tuple:
    right = [one for one in own if one["resolution"] <= RIGHT]
    silent = [one for one in own if one["resolution"] > RIGHT and one["reliable"]]
    doubted = [one for one in right if not one["reliable"]]
    symmetry = sum(one["proposed"] == one["symmetry"] for one in right)
    return (
        f"{own[0]['specimen']}, {own[0]['tier']}",
        len(own),
        f"{len(right)} of {len(own)}",
        ", ".join(f"{value:.1f}" for value in np.quantile([one["resolution"] for one in own], [0.5, 1.0])),
        len(silent),
        len(doubted),
        f"{symmetry} of {len(right)}",
        ", ".join(f"{value:.0f}" for value in np.quantile([one["seconds"] for one in own], [0.5, 1.0])),
    )


def promised(records: list[dict]) -> list[reporting.Promise]:
    """What is held of each specimen and tier."""
    held = []
    for own in groups(records):
        what, tier = f"{own[0]['specimen']}, {own[0]['tier']}", own[0]["tier"]
        if tier not in WANTED:
            continue
        wrong = [one for one in own if one["resolution"] > RIGHT]
        share, silent = 1 - len(wrong) / len(own), sum(one["reliable"] for one in wrong)
        held.append(reporting.promise(f"{what}: share of right maps", share, ".2f", least=WANTED[tier]))
        held.append(reporting.promise(f"{what}: failures that are not marked", silent, ".0f", most=0))
        slowest = max(one["seconds"] for one in own)
        held.append(reporting.promise(f"{what}: time of the slowest", slowest, ".0f s", most=LIMIT))
    return held


def first_maps(specimen: str, tier: str, data: int, seed: int) -> dict:
    """What one seed finds, scored."""
    folder = particle_set(Recipe(specimen, tier, data))
    truth = dict(np.load(folder / "truth.npz"))
    given = read_particle_file(folder / "unposed.star")
    began = time.perf_counter()
    loaded = load_particles(given.table, given.resolve, diameter=round(1.1 * float(truth["diameter"])))
    images, settings = loaded.images, AbInitioSettings(seed=seed)
    *_, state = independent_runs(images, settings, threads=2)
    volume = state.maps[0]
    proposal = propose_symmetry(volume, pixel_size=images.pixel_size, diameter=images.diameter, threads=2)
    posed(loaded, settings, state, threads=2)
    seconds = time.perf_counter() - began
    score = score_map(volume, read_volume(folder / "truth.mrc"), images.pixel_size, mirror=True)
    return {
        "seconds": seconds,
        "resolution": score.resolution,
        "mirrored": bool(score.alignment.mirrored),
        "runs": len(state.finished),
        "agreement": float(state.confidence.agreement.min()),
        "reliable": bool(state.confidence.is_reliable),
        "proposed": proposal.group,
        "symmetry": str(truth["group"]),
    }


if __name__ == "__main__":
    main()
