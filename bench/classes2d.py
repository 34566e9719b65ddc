"""Are particles sorted by view, are the averages true, and is what is proposed to be kept worth keeping?

    python bench/classes2d.py [--full] [--seeds 611 612 613] [--junk-seeds 611 612 613] [--json FILE]

1000 particles of the C3 body of the easy tier in boxes of 64 pixels, in 10 classes, scored by `class_truth.py`; with
--full RELION beside, by the fixed command of `peers/relion.py`, and a seed of the other tiers, of which nothing is
promised. Then 2000 picks of the standard tier, broken and
denatured particles, aggregates, ice and gold among them, in 30 classes: how much of the intact and of the rest is
proposed to be kept. The rarest views are the tenth of the intact particles with the fewest others within 12°.
Seconds are those of the processor, which a busy machine does not change much, and on the clock, of two threads, from
reading to the proposal; RELION's are on the clock, perhaps beside other work.
Measurements are kept (`kept.py`): what was cut off goes on when it is started again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import mrcfile
import numpy as np
import reporting
from class_truth import Views, score_classes
from kept import Kept, days
from map_truth import rotations_of
from particle_sets import Recipe, particle_set
from peers import relion

from cryoloom.engine.classes2d import Classes2DSettings, Classes2DState, assess_classes, classify2d
from cryoloom.engine.likelihood import ParticleImages
from cryoloom.formats import read_star
from cryoloom.protocols.particle_images import load_particles, read_particle_file

DIAMETER = 190.0
SEEDS = [611, 612, 613]  # nothing was tuned on these


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--junk-seeds", type=int, nargs="+", help="by default the first seed, with --full all")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    compiled = reporting.compiled()
    measured = Kept("classes2d", [ours, proposal, classified, images_of, scored])
    cases = [{"tier": "easy", "seed": seed} for seed in options.seeds]
    cases += [{"tier": tier, "seed": options.seeds[0]} for tier in ("standard", "hard") if options.full]
    records = measured.records(cases, ours)
    junk_seeds = options.junk_seeds or (options.seeds if options.full else options.seeds[:1])
    kept = measured.records([{"junk": seed} for seed in junk_seeds], proposal)
    if options.full:
        peer = Kept("classes2d-relion", [theirs, scored], scripts=("class_truth", "peers.relion"))
        own = [{"tier": "easy", "seed": seed, "data": given(seed)} for seed in options.seeds]
        records += peer.records(own, theirs)
    print(compiled)
    print(days([*kept, *records]))
    headings = ("tier, seed", "program", "ring correlation 40–15 Å", "classes above 3 %", "members within 25°")
    rows = map(row, sorted(records, key=lambda one: (one["tier"] != "easy", one["tier"], one["seed"], one["program"])))
    print(reporting.table((*headings, "s of the processor", "s on the clock"), rows))
    if not options.full:
        print(reporting.not_measured("RELION's classes", "only with --full"))
    headings = ("seed", "picks", "intact kept", "rarest views kept", "others left out", "s of the processor")
    rows = [
        (
            one["junk"],
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
    ours = {one["seed"]: one for one in records if one["program"] == "cryoloom" and one["tier"] == "easy"}
    theirs = {one["seed"]: one for one in records if one["program"] == "RELION"}
    yield reporting.promise("time", max(one["seconds"] for one in ours.values()), ".0f s", most=60)
    worst = min(one["correlation"] for one in ours.values())
    yield reporting.promise("ring correlation with true projections", worst, ".3f", least=0.5)
    yield reporting.promise("classes above 3 %", min(one["occupied"] for one in ours.values()), ".0f", least=7)
    near = 100 * min(one["near"] for one in ours.values())
    yield reporting.promise("members within 25° of their class", near, ".1f %", least=70)
    if theirs:
        pairs = [(ours[seed]["correlation"], one["correlation"]) for seed, one in theirs.items()]
        for what, of in (("worst", min), ("mean", fmean)):
            own, peer = (of(values) for values in zip(*pairs, strict=True))
            yield reporting.promise(f"{what} of the seeds, ring correlation − RELION's", own - peer, ".3f", least=0.0)


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


def classified(folder: Path, *, classes: int, seed: int) -> tuple[Classes2DState, np.ndarray, float, float]:
    """The last state, which images (n,) are proposed to be kept, and the seconds of the processor and on the clock."""
    cpu, began = time.process_time(), time.perf_counter()
    images = images_of(folder)
    *_, state = classify2d(images, Classes2DSettings(classes=classes, seed=seed), threads=2)
    keep = assess_classes(images, state).keep
    return state, keep, time.process_time() - cpu, time.perf_counter() - began


def ours(tier: str, seed: int) -> dict:
    """What cryoloom makes of 1000 particles."""
    folder = particle_set(Recipe("c3-body", tier, seed))
    state, _, cpu, seconds = classified(folder, classes=10, seed=seed)
    figures = scored(folder, np.asarray(state.averages), state.poses.classes)
    return {"program": "cryoloom", "cpu": cpu, "seconds": seconds, **figures}


def given(seed: int) -> str:
    """A hash of the images that RELION is given: what it makes of them stays, whatever becomes of our code."""
    return relion.data_hash([particle_set(Recipe("c3-body", "easy", seed)) / "unposed.star"])


def theirs(tier: str, seed: int, data: str) -> dict:
    """What RELION makes of the same, whose hash is `data`."""
    folder = particle_set(Recipe("c3-body", tier, seed))
    made = relion.class2d(folder / "unposed.star", classes=10, diameter=DIAMETER)
    table = read_star(made.folder / "run_it025_data.star")["particles"]
    order = [int(name.partition("@")[0]) - 1 for name in table["rlnImageName"]]
    classes = np.empty(len(order), int)
    classes[order] = table["rlnClassNumber"].to_numpy().astype(int) - 1
    figures = scored(folder, mrcfile.read(made.folder / "run_it025_classes.mrcs"), classes)
    assert made.data == data
    told = {"version": made.version, "command": " ".join(made.command)}
    return {"program": "RELION", "cpu": None, "seconds": made.seconds, **figures, **told}


def scored(folder: Path, averages: np.ndarray, classes: np.ndarray) -> dict:
    """Averages and classes (n,) of a set against its truth."""
    truth = np.load(folder / "truth.npz")
    views = Views(mrcfile.read(folder / "truth.mrc"), float(truth["pixel_size"]), float(truth["diameter"]))
    score = score_classes(averages, classes, truth["angles"], views, 3)
    return {
        "correlation": float(score.correlation.mean()),
        "occupied": int(score.occupied),
        "near": float(score.near),
    }


def proposal(junk: int) -> dict:
    """What is proposed to be kept of picks of the standard tier."""
    folder = particle_set(Recipe("c3-body", tier="standard", seed=junk, count=2000, variant="junk"))
    truth = np.load(folder / "truth.npz")
    _, keep, cpu, _ = classified(folder, classes=30, seed=junk)
    intact = truth["state"] == "intact"
    directions = rotations_of(truth["angles"][intact])[:, 2]
    thirds = np.radians([0.0, 120.0, 240.0])
    turns = [np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]]) for t in thirds]
    closeness = np.max([directions @ (directions @ turn).T for turn in turns], axis=0)
    others = (closeness > np.cos(np.radians(12.0))).sum(axis=1)
    rarest = np.argsort(others, kind="stable")[: len(others) // 10]
    return {
        "picks": len(keep),
        "intact": float(keep[intact].mean()),
        "rarest": float(keep[intact][rarest].mean()),
        "rejected": float((~keep[~intact]).mean()),
        "cpu": cpu,
    }


def row(one: dict) -> tuple:
    return (
        f"{one['tier']}, {one['seed']}",
        one["program"],
        f"{one['correlation']:.3f}",
        one["occupied"],
        f"{one['near']:.1%}",
        "" if one["cpu"] is None else f"{one['cpu']:.0f}",
        f"{one['seconds']:.0f}",
    )


if __name__ == "__main__":
    main()
