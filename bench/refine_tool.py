"""The command by which people refine, as a whole: how long it takes, and whether what it says at the end is true.

    python bench/refine_tool.py [--full] [--seeds 611 612 613] [--threads 2] [--json FILE]

`cryoloom tool refine PARTICLES --reference TRUTH --initial-resolution 40 --symmetry … --diameter 200 --json`, a process
of its own on the particle sets of `refinement.py`, with all cross-checks that it makes unless it is told to leave them
out. *Headline*: the resolution that it tells, of its own mask, or none if there is no evidence of signal, or the checks
disbelieve it. *Truth*: where the map that it wrote correlates by 0.5 with the truth, by `map_truth.py`. Seconds are on
the clock, start, reading and trust page included; kernels are compiled before. Measurements are kept (`kept.py`).
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import map_truth
import refinement
import reporting
from kept import Kept, days
from particle_sets import particle_set

from cryoloom.formats import read_volume

DIAMETER = "200"  # Å
START = "40"  # Å
TIMED = {("c3", 64): 180, ("c3", 96): 480}  # s
QUICK = (("c3", 64, 1), ("noise-c1", 64, 1))
AT_SIZE = (  # row of `refinement.py`, box, seeds
    ("c3", 64, 3),
    ("c3", 96, 3),
    ("few", 96, 3),
    ("pseudoprotein", 64, 1),
    ("t20s", 64, 1),
    ("apoferritin", 64, 1),
    ("standard", 64, 1),
    ("mix", 64, 3),
    ("noise-c1", 64, 5),
    ("noise-d7", 64, 5),
)


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(refinement.SEEDS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    compiled = reporting.compiled()
    kept = Kept("refine-tool", [measure], scripts=("refine_tool", "cryoloom.cli.tool.refine"))
    keys = [
        {"name": name, "box": box, "seed": seed, "threads": options.threads}
        for name, box, count in (AT_SIZE if options.full else QUICK)
        for seed in options.seeds[:count]
    ]
    records = kept.records(keys, measure)
    if options.json is not None:
        options.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    print(compiled, days(records), sep="\n")
    headings = ("set", "box", "s", "headline", "half maps in the command's mask", "truth", "what it says")
    print(reporting.table(headings, map(line, records)))
    print(reporting.promises(promised(records)))


def line(record: dict) -> tuple:
    return (
        f"{record['name']}, seed {record['seed']}",
        record["box"],
        f"{record['seconds']:.0f}",
        "none" if record["headline"] is None else f"{record['headline']:.2f} Å",
        "none" if record["half_maps"] is None else f"{record['half_maps']:.2f} Å",
        "" if record["truth"] is None else f"{record['truth']:.2f} Å",
        record["sentence"],
    )


def promised(records: list[dict]) -> Iterator[reporting.Promise]:
    """What is held of each set and box, in its worst seed."""
    for name, box in dict.fromkeys((record["name"], record["box"]) for record in records):
        own = [record for record in records if (record["name"], record["box"]) == (name, box)]
        what = f"{name}, box {box}"
        told = [record for record in own if record["headline"] is not None]
        if name.startswith("noise"):
            yield reporting.promise(f"{what}: seeds in which a resolution is told", len(told), ".0f", most=0)
            continue
        yield reporting.promise(f"{what}: seeds in which none is told", len(own) - len(told), ".0f", most=0)
        beyond = max((extent(one) * (1 / one["headline"] - 1 / one["truth"]) for one in told), default=math.inf)
        yield reporting.promise(f"{what}: headline beyond the truth, shells", beyond, ".2f", most=0.0)
        if (name, box) in TIMED:
            slowest = max(record["seconds"] for record in own)
            yield reporting.promise(f"{what}: time", slowest, ".0f s", most=TIMED[name, box])


def extent(record: dict) -> float:
    """Side of the box in Å: shell number × resolution."""
    return float(record["box"] * record["pixel_size"])


def measure(name: str, box: int, seed: int, threads: int) -> dict:
    """Call the command on a set, and score the map that it writes."""
    row = refinement.ROWS[name]
    set_folder = particle_set(replace(row.recipe, seed=seed, box=box))
    with tempfile.TemporaryDirectory(prefix="cryoloom-refine-") as folder:
        command = [sys.executable, "-m", "cryoloom", "tool", "refine", str(set_folder / "unposed.star"), "--json"]
        command += ["--reference", str(set_folder / "truth.mrc"), "--initial-resolution", START]
        command += ["--symmetry", row.symmetry, "--diameter", DIAMETER, "--threads", str(threads)]
        command += ["--output", str(Path(folder) / "made")]
        began = time.perf_counter()
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        seconds = time.perf_counter() - began
        told = json.loads(answer)
        truth, made = read_volume(set_folder / "truth.mrc"), read_volume(Path(told["map"]))
    noise = row.recipe.variant == "noise"
    return {
        "seconds": seconds,
        "pixel_size": told["pixel_size"],
        "headline": told["resolution"],
        "half_maps": told["half_map_resolution"],
        "sentence": told["headline"],
        "truth": None if noise else map_truth.score_map(made, truth, told["pixel_size"]).resolution,
    }


if __name__ == "__main__":
    main()
