"""How well, and how fast, are poses and map refined from a start at 40 Å, and is the reported resolution true?

    python bench/refinement.py [--full] [--json FILE] [--seeds 611 612 …] [--rows c3 …] [--box 64 96] [--threads 2]

Particle sets with known truth (``particle_sets.py``) are refined as ``cryoloom tool refine`` does it, from the truth
limited to 40 Å. Beside each stands the map that the same images give with their true poses. Maps and poses are scored
by ``map_truth.py``; kernels are compiled before anything is timed. *Shortfall* is the most by which the correlation
with the truth lies below that of true poses at any shell. *Reported*: the corrected correlation F of the half maps in
the truth's mask, as √(2F / (1 + F)), against the correlation of the whole map with the truth in the same mask, root
mean square where F > 0.05. *× prediction*: the time against what was foretold for this machine and threads, without the
trust page. A thousand particles of the easy tier resolve more than pixels of 4 to 2 Å hold; how far from Nyquist a map
ends is asked of 100 of them.
Images of noise, and real images mixed with noise, must gain nothing; that a fifth of a set are second
pictures of other particles must be noticed. Measurements are kept (`kept.py`): what was cut off goes on when it is
started again. `refinement_relion.py` sets RELION's beside them, `refine_tool.py` times the whole command.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import map_truth
import numpy as np
import reporting
from kept import Kept, days
from particle_micrographs import NOISE
from particle_sets import Recipe, particle_set

from cryoloom.engine.refinement import RefinementSettings, predicted_seconds, refine
from cryoloom.engine.symmetry import group_order, point_group
from cryoloom.engine.validation import correlate_half_maps
from cryoloom.formats import read_volume
from cryoloom.protocols.machine_speed import machine_speed
from cryoloom.protocols.particle_images import LoadedParticles, load_particles, read_particle_file
from cryoloom.protocols.reconstruct._compute import map_of, sums_of
from cryoloom.protocols.refined import refined
from cryoloom.protocols.trust import Finished, assess

START = 40.0  # Å
UNBOUND = ("few", "few-t20s")  # so few particles that they end the map, and not its pixels
NOISE_BEYOND = 35.0  # Å: images of noise resolve nothing finer
TIMED = {"c3": {64: 180, 96: 480}}  # s, of box sizes


@dataclass(frozen=True)
class Found:
    """What a refinement made: poses (n, 3, 3) in the order of the set, half maps, and the map of all images."""

    rotations: np.ndarray
    half_maps: tuple[np.ndarray, np.ndarray]
    combined_map: np.ndarray


@dataclass(frozen=True)
class Row:
    """What is refined, in which symmetry, in boxes of which size, and from how many seeds."""

    recipe: Recipe
    symmetry: str
    boxes: tuple[int, ...] = (64,)
    seeds: int = 3


ROWS = {
    "c3": Row(Recipe("c3-body"), "C3", boxes=(64, 96)),
    "c1": Row(Recipe("c3-body"), "C1"),
    "pseudoprotein": Row(Recipe("pseudoprotein"), "C1"),
    "t20s": Row(Recipe("t20s"), "D7"),
    "groel": Row(Recipe("groel"), "D7"),
    "apoferritin": Row(Recipe("apoferritin"), "O"),
    "standard": Row(Recipe("c3-body", tier="standard"), "C3"),
    "hard": Row(Recipe("c3-body", tier="hard"), "C3"),
    "few": Row(Recipe("c3-body", count=100), "C3", boxes=(96,)),
    "few-t20s": Row(Recipe("t20s", count=60), "D7", boxes=(96,)),
    "mix": Row(Recipe("c3-body", variant="mix"), "C3"),
    "duplicates": Row(Recipe("c3-body", variant="duplicates"), "C3"),
    "noise-c1": Row(Recipe("c3-body", variant="noise"), "C1", seeds=5),
    "noise-d7": Row(Recipe("c3-body", variant="noise"), "D7", seeds=5),
}
LEAK_LOOKED_FOR = ("c3", "duplicates")
SEEDS = (611, 612, 613, 614, 615)  # nothing was tuned on these


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="of which each row takes the first")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--box", type=int, nargs="+", default=None, help="by default 64, and 96 too with --full")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    boxes = options.box or ([64, 96] if options.full else [64])
    compiled = reporting.compiled()
    keys = [
        {"name": name, "box": box, "seed": seed, "threads": options.threads}
        for name in options.rows
        for box in boxes
        if box in ROWS[name].boxes
        for seed in options.seeds[: ROWS[name].seeds]
    ]
    records = [
        {"symmetry": ROWS[made["name"]].symmetry, "predicted": foretold(made, options.threads), **made}
        for made in measurements().records(keys, measure)
    ]
    if options.json is not None:
        options.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    print(compiled, days(records), sep="\n")
    print_tables(records)
    print(reporting.promises(promised(records)))


def measurements() -> Kept:
    """What was measured before; all that measures is loaded."""
    return Kept("refinement", [measure, loaded_set, score])


def print_tables(records: list[dict]) -> None:
    headings = ("set", "box", "s (× prediction)", "iterations", "median error", "90th percentile", "> 10°")
    headings += ("FSC-vs-truth 0.5 (true poses)", "shortfall", "reported (0.143)", "reported − truth, RMS", "signal")
    print(reporting.table(headings, [line(record) for record in records if not record["noise"]]))
    headings = ("set", "box", "s (× prediction)", "iterations")
    headings += ("0.143 of the corrected curve", "resolution told", "evidence of signal")
    print(reporting.table(headings, [noise_line(record) for record in records if record["noise"]]))
    beside = [(record, record["alone"]) for record in records if "alone" in record]
    headings = ("mix of noise, and its real images alone", "FSC-vs-truth 0.5", "0.143 in the truth's mask")
    print(reporting.table(headings, [line for pair in beside for line in alone_lines(*pair)]))
    looked_for = [record for record in records if "leak" in record]
    print(reporting.table(("set", "box", "share with a twin in the other half", "told"), map(leak_line, looked_for)))


def promised(records: list[dict]) -> list[reporting.Promise]:
    """What is held of each set and box, in its worst seed."""
    held = []
    for name, box in dict.fromkeys((record["name"], record["box"]) for record in records):
        own = [record for record in records if (record["name"], record["box"]) == (name, box)]
        held += [replace(one, what=f"{name}, box {box}: {one.what}") for one in promised_of(own)]
    return held


def promised_of(own: list[dict]) -> Iterator[reporting.Promise]:
    """What is held of one set and box."""
    name, box = own[0]["name"], own[0]["box"]

    def worst(key: str) -> float:
        return max(record[key] for record in own)

    if own[0]["noise"]:
        finest = min(record["crossing"] or math.inf for record in own)
        yield reporting.promise("0.143 of the corrected curve, believed or not", finest, ".1f Å", least=NOISE_BEYOND)
        told = sum(record["resolution"] is not None for record in own)
        yield reporting.promise("seeds with a resolution told", told, ".0f", most=0)
        yield reporting.promise("seeds with signal told", sum(record["signal"] for record in own), ".0f", most=0)
        return
    yield reporting.promise("seeds without signal told", sum(not record["signal"] for record in own), ".0f", most=0)
    if "leak" in own[0]:
        tripped = sum(record["leak"]["trips"] for record in own)
        limits = {"least": len(own)} if name == "duplicates" else {"most": 0}
        yield reporting.promise("seeds in which twins are told", tripped, ".0f", **limits)
    if name == "duplicates":
        return
    if "alone" in own[0]:
        for key, what in (("truth", "0.5 against the truth"), ("resolution_in_mask", "0.143")):
            gained = max(size_of(one) * (1 / one[key] - 1 / one["alone"][key]) for one in own)
            yield reporting.promise(f"{what}, shells gained by images of noise", gained, ".2f", most=0.0)
    yield reporting.promise("shortfall against true poses", worst("shortfall"), ".3f", most=0.08)
    yield reporting.promise("reported − truth, RMS", worst("reported_rms"), ".3f", most=0.05)
    off = [size_of(record) * (1 / record["resolution_in_mask"] - 1 / record["truth"]) for record in own]
    yield reporting.promise("reported beyond the truth, shells", max(off), ".2f", most=0.0)
    allowed = [max(1.0, 0.05 * size_of(record) / record["truth"]) for record in own]
    behind = max(-value / limit for value, limit in zip(off, allowed, strict=True))
    yield reporting.promise("reported behind the truth, of what is allowed", behind, ".2f", most=1.0)
    if name in UNBOUND:
        ratios = [record["truth"] / (2 * record["pixel_size"]) for record in own]
        ratios += [record["resolution_in_mask"] / (2 * record["pixel_size"]) for record in own]
        yield reporting.promise("finest resolution / Nyquist", min(ratios), ".2f", least=1.15)
        yield reporting.promise("coarsest resolution / Nyquist", max(ratios), ".2f", most=2.5)
    ratios = [record["seconds"] / record["predicted"] for record in own]
    yield reporting.promise("time / predicted, least", min(ratios), ".2f", least=0.5)
    yield reporting.promise("time / predicted, most", max(ratios), ".2f", most=2.0)
    if box in TIMED.get(name, {}):
        yield reporting.promise("time", worst("seconds"), ".0f s", most=TIMED[name][box])
        yield reporting.promise("median error", worst("median"), ".2f °", most=1.2)
        yield reporting.promise("poses off by more than 10°", 100 * worst("above_10"), ".1f %", most=1.0)
        left = max(0.5 * record["box"] - size_of(record) / record["truth"] for record in own)
        yield reporting.promise("shells that any map could be finer at 0.5", left, ".2f", most=1.0)


def size_of(record: dict) -> float:
    """Side of the box in Å: shell number × resolution."""
    return float(record["box"] * record["pixel_size"])


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
        yes(record["signal"]),
    )


def noise_line(record: dict) -> tuple:
    return (
        f"{record['name']}, seed {record['seed']}",
        record["box"],
        f"{record['seconds']:.0f} ({record['seconds'] / record['predicted']:.2f})",
        record["iterations"],
        *("none" if value is None else f"{value:.1f} Å" for value in (record["crossing"], record["resolution"])),
        yes(record["signal"]),
    )


def alone_lines(record: dict, alone: dict) -> list[tuple]:
    named = ((f"seed {record['seed']}, mix", record), (f"seed {record['seed']}, alone", alone))
    return [(what, f"{one['truth']:.2f} Å", f"{one['resolution_in_mask']:.2f} Å") for what, one in named]


def leak_line(record: dict) -> tuple:
    leak = record["leak"]
    return (f"{record['name']}, seed {record['seed']}", record["box"], f"{leak['share']:.1%}", yes(leak["trips"]))


def yes(value: bool) -> str:
    return "yes" if value else "no"


def foretold(made: dict, threads: int) -> float:
    """Seconds that were predicted for a measured row."""
    settings = RefinementSettings(symmetry=ROWS[made["name"]].symmetry, initial_resolution=START)
    sampling = {name: made[name] for name in ("pixel_size", "diameter")}
    seconds = predicted_seconds(made["count"], settings, box_size=made["box"], **sampling, threads=threads)
    return seconds / made["speed"]


def measure(name: str, box: int, seed: int, threads: int) -> dict:
    """Refine a set, and score what comes out."""
    row = ROWS[name]
    folder = particle_set(replace(row.recipe, seed=seed, box=box))
    loaded = loaded_set(folder)
    truth = read_volume(folder / "truth.mrc")
    settings = RefinementSettings(symmetry=row.symmetry, initial_resolution=START)
    began = time.perf_counter()
    *_, state = refine(loaded.images, loaded.half_sets, truth, settings, threads=threads)
    record = {
        "noise": row.recipe.variant == "noise",
        "count": len(loaded),
        "pixel_size": loaded.images.pixel_size,
        "diameter": loaded.images.diameter,
        "seconds": time.perf_counter() - began,
        "speed": machine_speed(),
        "iterations": state.iteration,
        "signal": bool(state.has_signal),
        "resolution": state.resolution,
    }
    if record["noise"]:
        # What the curve says, whether or not it is believed.
        curve = refined(loaded, state, symmetry=row.symmetry, threads=threads).correlation.corrected
        return {**record, "crossing": curve.resolution(0.143)}
    if name in LEAK_LOOKED_FOR:
        done = Finished(loaded, settings, state, refined(loaded, state, symmetry=row.symmetry))
        leak = assess(done, threads=threads).leak
        record["leak"] = {"share": leak.share, "trips": bool(leak.trips)}
    found = Found(state.rotations, state.half_maps, state.combined_map)
    if row.recipe.variant != "mix":
        return {**record, **score(loaded, found, folder, row.symmetry, threads)}
    alone = loaded_set(folder, only_real=True)
    *_, last = refine(alone.images, alone.half_sets, truth, settings, threads=threads)
    without = score(alone, Found(last.rotations, last.half_maps, last.combined_map), folder, row.symmetry, threads)
    real = np.isin(loaded.table.frame["index"].to_numpy(), alone.table.frame["index"].to_numpy())
    return {**record, "alone": without, **score(loaded, found, folder, row.symmetry, threads, real=real)}


def loaded_set(folder: Path, *, only_real: bool = False) -> LoadedParticles:
    """All images of a set, or those that show a particle."""
    given = read_particle_file(folder / "particles.star")
    table = given.table
    with np.load(folder / "truth.npz") as kept:
        if only_real:
            table = table.with_frame(table.frame.filter(kept["state"] != NOISE))
        return load_particles(table, given.resolve, diameter=float(kept["diameter"]))


def true_group(folder: Path) -> str:
    """Symmetry of the specimen, whatever is imposed."""
    with np.load(folder / "truth.npz") as kept:
        return str(kept["group"])


def score(
    loaded: LoadedParticles,
    refined: Found,
    folder: Path,
    symmetry: str,
    threads: int,
    *,
    real: np.ndarray | None = None,
) -> dict[str, float]:
    """Map and poses against the truth, and the half maps against that; poses only of images that are real (n,)."""
    pixel_size, truth = loaded.images.pixel_size, read_volume(folder / "truth.mrc")
    chosen = np.flatnonzero(np.ones(len(loaded), bool) if real is None else real)
    found = map_truth.score_map(refined.combined_map, truth, pixel_size)
    sums = sums_of(loaded, chosen, threads=threads)
    exact = map_of(sums, loaded.images, point_group(symmetry), threads=threads)
    ideal = map_truth.score_map(exact, truth, pixel_size, aligned=True)
    true_poses = map_truth.rotations_of(loaded.angles)[chosen]
    operators = point_group(true_group(folder)).operators
    poses, _ = map_truth.score_poses(refined.rotations[chosen], true_poses, operators)
    halves = [map_truth.transformed(half, found.alignment, pixel_size) for half in refined.half_maps]
    mask = map_truth.truth_mask(truth, pixel_size)
    curves = correlate_half_maps(
        *halves, pixel_size=pixel_size, copies=group_order(symmetry), mask=mask, threads=threads
    )
    told = curves.corrected.correlation
    shells = slice(1, len(truth) // 2 + 1)
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
        "resolution_in_mask": math.inf if curves.resolution is None else curves.resolution,
    }


if __name__ == "__main__":
    main()
