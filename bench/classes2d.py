"""Are particles sorted by view, are the averages true, and is what is proposed to be kept worth keeping?

    python bench/classes2d.py [--full] [--seeds 501 502 503] [--cache FOLDER] [--json FILE]

1000 particles of the C3 body of the easy tier in boxes of 64 pixels, in 10 classes, scored by `class_truth.py`; with
--full RELION beside, by the fixed command of `peers/relion.py`. Then 2000 picks of the standard tier, broken and
denatured particles, aggregates, ice and gold among them, in 30 classes: how much of the intact and of the rest is
proposed to be kept. The rarest views are the tenth of the intact particles with the fewest others within 12°.
Seconds are those of the processor on one thread, which a busy machine does not change much, and on the clock.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import mrcfile
import numpy as np
import reporting
from class_truth import ClassTruth, Views, score_classes
from map_truth import rotations_of
from particle_sets import CACHE, Recipe, particle_set
from peers import relion

from cryoloom.engine.classes2d import Classes2DSettings, Classes2DState, assess_classes, classify2d
from cryoloom.engine.likelihood import ParticleImages
from cryoloom.formats import read_star
from cryoloom.protocols.particle_images import load_particles, read_particle_file
from cryoloom.runtime import warm_up

DIAMETER = 190.0


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[501, 502, 503])
    parser.add_argument("--junk-seeds", type=int, nargs="+", default=[501])
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    list(warm_up())
    records: list[dict] = []
    rows: list[tuple] = []
    for seed in options.seeds:
        folder = particle_set(Recipe("c3-body", seed=seed), options.cache)
        truth = np.load(folder / "truth.npz")
        views = Views(mrcfile.read(folder / "truth.mrc"), float(truth["pixel_size"]), float(truth["diameter"]))
        state, cpu, seconds = classified(images_of(folder), classes=10, seed=seed)
        ours = score_classes(state.averages, state.poses.classes, truth["angles"], views, 3)
        rows.append(row(seed, "cryoloom", ours, f"{cpu:.0f}", f"{seconds:.0f}"))
        records.append({"seed": seed, "program": "cryoloom", "cpu": cpu, "seconds": seconds, **figures(ours)})
        if options.full:
            made = relion.class2d(folder / "unposed.star", classes=10, diameter=DIAMETER)
            theirs = score_relion(made.folder, truth["angles"], views)
            rows.append(row(seed, "RELION", theirs, "", f"{made.seconds:.0f}"))
            records.append({"seed": seed, "program": "RELION", "seconds": made.seconds, **figures(theirs)})
        print(f"2D classes, seed {seed} done", file=sys.stderr, flush=True)
    headings = ("seed", "program", "ring correlation 40–15 Å", "classes above 3 %", "members within 25°")
    print(reporting.table((*headings, "s of the processor", "s on the clock"), rows))
    if not options.full:
        print(reporting.not_measured("RELION's classes", "only with --full"))
    kept = [proposal(seed, options.cache) for seed in options.junk_seeds]
    headings = ("seed", "picks", "intact kept", "rarest views kept", "others left out", "s of the processor")
    rows = [
        (
            one["seed"],
            one["picks"],
            f"{one['intact']:.1%}",
            f"{one['rarest']:.1%}",
            f"{one['rejected']:.1%}",
            f"{one['cpu']:.0f}",
        )
        for one in kept
    ]
    print(reporting.table(headings, rows))
    print(reporting.promises([*promised(records), *promised_of_proposals(kept)]))
    if options.json is not None:
        options.json.write_text(json.dumps({"classes": records, "proposals": kept}, indent=1) + "\n")


def promised(records: list[dict]) -> Iterator[reporting.Promise]:
    """What is held of the classes of the easy tier."""
    ours = {one["seed"]: one for one in records if one["program"] == "cryoloom"}
    theirs = {one["seed"]: one for one in records if one["program"] == "RELION"}
    yield reporting.promise("time", max(one["seconds"] for one in ours.values()), ".0f s", most=60)
    worst = min(one["correlation"] for one in ours.values())
    yield reporting.promise("ring correlation with true projections", worst, ".3f", least=0.5)
    yield reporting.promise("classes above 3 %", min(one["occupied"] for one in ours.values()), ".0f", least=7)
    near = 100 * min(one["near"] for one in ours.values())
    yield reporting.promise("members within 25° of their class", near, ".1f %", least=70)
    if theirs:
        gained = min(ours[seed]["correlation"] - one["correlation"] for seed, one in theirs.items())
        yield reporting.promise("ring correlation − RELION's", gained, ".3f", least=0.0)


def promised_of_proposals(kept: list[dict]) -> Iterator[reporting.Promise]:
    """What is held of the proposal to keep classes of the standard tier."""
    for key, what, least in (
        ("intact", "intact particles kept", 90),
        ("rarest", "intact particles of the rarest views kept", 90),
        ("rejected", "others left out", 70),
    ):
        yield reporting.promise(what, 100 * min(one[key] for one in kept), ".1f %", least=least)


def images_of(folder: Path) -> ParticleImages:
    given = read_particle_file(folder / "unposed.star")
    return load_particles(given.table, given.resolve, diameter=DIAMETER).images


def classified(images: ParticleImages, *, classes: int, seed: int) -> tuple[Classes2DState, float, float]:
    """The last state, and the seconds of the processor and on the clock."""
    cpu, began = time.process_time(), time.perf_counter()
    *_, state = classify2d(images, Classes2DSettings(classes=classes, seed=seed), threads=2)
    return state, time.process_time() - cpu, time.perf_counter() - began


def score_relion(folder: Path, angles: np.ndarray, views: Views) -> ClassTruth:
    table = read_star(folder / "run_it025_data.star")["particles"]
    order = [int(name.partition("@")[0]) - 1 for name in table["rlnImageName"]]
    classes = np.empty(len(order), int)
    classes[order] = table["rlnClassNumber"].to_numpy().astype(int) - 1
    return score_classes(mrcfile.read(folder / "run_it025_classes.mrcs"), classes, angles, views, 3)


def proposal(seed: int, cache: Path) -> dict:
    """What is proposed to be kept of picks of the standard tier."""
    folder = particle_set(Recipe("c3-body", tier="standard", seed=seed, count=2000, variant="junk"), cache)
    truth, images = np.load(folder / "truth.npz"), images_of(folder)
    state, cpu, _ = classified(images, classes=30, seed=seed)
    keep, intact = assess_classes(images, state).keep, truth["state"] == "intact"
    directions = rotations_of(truth["angles"][intact])[:, 2]
    thirds = np.radians([0.0, 120.0, 240.0])
    turns = [np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]]) for t in thirds]
    closeness = np.max([directions @ (directions @ turn).T for turn in turns], axis=0)
    others = (closeness > np.cos(np.radians(12.0))).sum(axis=1)
    rarest = np.argsort(others, kind="stable")[: len(others) // 10]
    return {
        "seed": seed,
        "picks": len(images),
        "intact": float(keep[intact].mean()),
        "rarest": float(keep[intact][rarest].mean()),
        "rejected": float((~keep[~intact]).mean()),
        "cpu": cpu,
    }


def figures(score: ClassTruth) -> dict:
    return {"correlation": float(score.correlation.mean()), "occupied": score.occupied, "near": score.near}


def row(seed: int, program: str, score: ClassTruth, cpu: str, seconds: str) -> tuple:
    correlation = f"{score.correlation.mean():.3f}"
    return (seed, program, correlation, score.occupied, f"{score.near:.1%}", cpu, seconds)


if __name__ == "__main__":
    main()
