"""Are two structures told apart, and is it said when there is but one?

    python bench/classes3d.py [--full] [--seeds 611 612 613] [--changes part turn none] [--box 64] [--threads 2]
                              [--json FILE]

Particles are *synthetic* (``synthetic_particles.py``): a C3 body of 440 kDa without 40 kDa of it (*part*), or with 60
kDa turned by 18° (*turn*), 1000 of each or 1400 and 600; and 2000 that are all alike (*none*). As a user would do, all
of a set are first refined together, from the truth limited to 40 Å, by ``cryoloom.engine.refinement``; then they are
sorted with the poses and the map that this gives, C3 imposed. Balanced accuracy: the mean over both structures of the
share of its particles that are in its class, classes being named so that this is largest. The seed of a set is that of
the algorithm, too. Kernels are compiled before anything is timed. Measurements are kept (`kept.py`): what was cut off
goes on when it is started again.
"""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import numpy as np
import reporting
from kept import Kept, days
from particle_sets import CACHE
from synthetic_particles import synthetic_set

from cryoloom.engine.classes3d import REPRODUCIBLE, Classes3DSettings, KnownPoses, classify3d
from cryoloom.engine.refinement import RefinementSettings, refine
from cryoloom.formats import read_volume
from cryoloom.protocols.class3d._compute import mask_of
from cryoloom.protocols.particle_images import load_particles, read_particle_file

SYMMETRY = "C3"
COUNTS = {"part": ((1000, 1000), (1400, 600)), "turn": ((1000, 1000), (1400, 600)), "none": ((2000, 0),)}
WANTED = {"part": 0.9, "turn": 0.8}
IN_WORDS = {"part": "a 40 kDa part present or absent", "turn": "a 60 kDa domain turned by 18°", "none": "all alike"}


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", help="by default 611, and with --full 612 and 613 too")
    parser.add_argument("--changes", nargs="+", choices=list(COUNTS), default=list(COUNTS))
    parser.add_argument("--box", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    if reporting.real_data("structures") is None:
        print(reporting.not_measured("3D classes of the C3 body", "there are no atomic models"))
        return
    seeds = options.seeds or ([611, 612, 613] if options.full else [611])  # nothing was tuned on these
    compiled = reporting.compiled()
    kept = Kept("classes3d", [measure, balanced_accuracy])
    keys = []
    for change in options.changes:
        # At the quick size only the harder division, in which one structure is rarer.
        for counts, seed in itertools.product(COUNTS[change] if options.full else COUNTS[change][-1:], seeds):
            key = {"change": change, "counts": list(counts), "seed": seed, "box": options.box}
            keys.append({**key, "threads": options.threads})
    records = kept.records(keys, measure)
    if options.json is not None:
        options.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    print(compiled, days(records), sep="\n")
    print(f"Box {options.box}, {options.threads} threads, synthetic particles of the C3 body with refined poses.\n")
    headings = ("particles", "seed", "balanced accuracy", "shares", "agreement of the halves", "told", "iterations")
    print(reporting.table((*headings, "s (refinement before)"), map(line, records)))
    print(reporting.promises(promised(records)))


def line(record: dict) -> tuple:
    counts = " + ".join(str(count) for count in record["counts"] if count)
    accuracy = record["accuracy"]
    return (
        f"{IN_WORDS[record['change']]}, {counts}",
        record["seed"],
        "" if accuracy is None else f"{accuracy:.3f}",
        ", ".join(f"{share:.0%}" for share in record["shares"]),
        f"{record['agreement']:.3f}",
        "reproducible" if record["reproducible"] else "not reproducible",
        record["iterations"],
        f"{record['seconds']:.0f} ({record['refined_in']:.0f})",
    )


def promised(records: list[dict]) -> list[reporting.Promise]:
    held = []
    for change, counts in [(one, counts) for one, several in COUNTS.items() for counts in several]:
        mine = [one for one in records if one["change"] == change and tuple(one["counts"]) == counts]
        if not mine:
            continue
        what = f"{IN_WORDS[change]}, {' + '.join(str(count) for count in counts if count)}"
        silent = sum(not one["signal"] for one in mine)
        held.append(reporting.promise(f"{what}: refinements without signal told", silent, ".0f", most=0))
        agreements = [one["agreement"] for one in mine]
        if change == "none":
            held.append(
                reporting.promise(f"{what}: agreement of the halves", max(agreements), ".2f", most=REPRODUCIBLE)
            )
            continue
        worst = min(one["accuracy"] for one in mine)
        held.append(reporting.promise(f"{what}: balanced accuracy", worst, ".2f", least=WANTED[change]))
        held.append(reporting.promise(f"{what}: agreement of the halves", min(agreements), ".2f", least=REPRODUCIBLE))
    return held


def measure(change: str, counts: list[int], seed: int, box: int, threads: int) -> dict:
    """Refine a set, sort it, and score what comes out."""
    folder = synthetic_set(change, tuple(counts), seed, box, CACHE)
    given = read_particle_file(folder / "particles.star")
    truth = dict(np.load(folder / "truth.npz"))
    loaded = load_particles(given.table, given.resolve, diameter=float(truth["diameter"]))
    began = time.perf_counter()
    refinement = RefinementSettings(symmetry=SYMMETRY, initial_resolution=40.0)
    *_, done = refine(loaded.images, loaded.half_sets, read_volume(folder / "truth.mrc"), refinement, threads=threads)
    refined_in = time.perf_counter() - began
    poses = KnownPoses(done.rotations, done.shifts)
    settings = Classes3DSettings(symmetry=SYMMETRY, seed=seed)
    began = time.perf_counter()
    mask = mask_of(done.combined_map, loaded.grid, threads=threads)
    *_, state = classify3d(loaded.images, poses, loaded.half_sets, mask, settings, threads=threads)
    kinds = truth["conformation"]
    return {
        "seconds": time.perf_counter() - began,
        "refined_in": refined_in,
        "signal": bool(done.has_signal),
        "accuracy": balanced_accuracy(state.classes, kinds) if np.ptp(kinds) else None,
        "shares": (np.bincount(state.classes, minlength=2) / len(kinds)).tolist(),
        "agreement": float(state.agreement),
        "reproducible": bool(state.is_reproducible),
        "iterations": state.iteration,
    }


def balanced_accuracy(classes: np.ndarray, kinds: np.ndarray) -> float:
    """Mean over kinds of the share of its particles that are in its class, for the best naming of classes."""
    table = np.zeros((int(kinds.max()) + 1, int(classes.max()) + 1))
    np.add.at(table, (kinds, classes), 1.0)
    table /= table.sum(axis=1, keepdims=True)
    if table.shape[1] < table.shape[0]:
        return 1.0 / table.shape[0]
    names = itertools.permutations(range(table.shape[1]), table.shape[0])
    return max(float(table[np.arange(len(table)), list(one)].mean()) for one in names)


if __name__ == "__main__":
    main()
