"""What does RELION's converged refinement make of the images that ours was measured with?

    python bench/refinement_relion.py [--full] [--seeds 611 …] [--box 64 96] [--threads 2] [--json FILE]

C3 bodies of the easy tier, from the truth limited to 40 Å, by the fixed command of `peers/relion.py`; maps and poses of
both are scored by `map_truth.py`. RELION takes hours, so it is run with --full only; what it made before is kept
(`kept.py`), and what was cut off goes on after its last iteration. Its seconds are those on the clock, perhaps beside
other work: they are told, and nothing is claimed from them. *Behind*: by how many shells our map ends before RELION's.
By default one seed: where `refinement.py` finds that our maps of all seeds correlate with the truth to the last shell
that the pixels hold, no program's can end finer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import map_truth
import numpy as np
import refinement
import reporting
from kept import Kept, days
from particle_sets import particle_set
from peers import relion

from cryoloom.formats import read_star, read_volume

NAME = "c3"  # of the row of `refinement.py`
DIAMETER = 200.0  # Å, of RELION's circular mask


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(refinement.SEEDS[:1]))
    parser.add_argument("--box", type=int, nargs="+", default=[64, 96])
    parser.add_argument("--threads", type=int, default=2, help="of cryoloom's")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    peer = Kept("refinement-relion", [measure], scripts=("map_truth", "peers.relion"))
    compiled = reporting.compiled()
    own = refinement.measurements()
    keys, of_peer, missing = [], [], []
    for box in options.box:
        for seed in options.seeds:
            key = {"name": NAME, "box": box, "seed": seed}
            with_data = {**key, "data": data_hash(**key)}
            if not options.full and not peer.holds(with_data):
                missing.append(f"box {box}, seed {seed}")
                continue
            keys.append(key)
            of_peer.append(with_data)
    theirs = peer.records(of_peer, measure)
    ours = own.records([{**key, "threads": options.threads} for key in keys], refinement.measure)
    records = [{"relion": made, "cryoloom": found} for made, found in zip(theirs, ours, strict=True)]
    if options.json is not None:
        options.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    if records:
        print(compiled)
        print_beside(records)
        print(reporting.promises(promised(records)))
    if missing:
        print(
            reporting.not_measured(f"RELION's refinement of {'; '.join(missing)}", "with --full only: it takes hours")
        )


def folder_of(name: str, box: int, seed: int) -> Path:
    """Folder of a set."""
    return particle_set(replace(refinement.ROWS[name].recipe, seed=seed, box=box))


def data_hash(name: str, box: int, seed: int) -> str:
    """A hash of what RELION is given: what it makes of that stays, whatever becomes of our code."""
    folder = folder_of(name, box, seed)
    return relion.data_hash([folder / "unposed.star", folder / "truth.mrc"])


def measure(name: str, box: int, seed: int, data: str) -> dict:
    """Refine a set, whose hash is `data`, with RELION until it has converged, and score what comes out."""
    folder = folder_of(name, box, seed)
    made = relion.refine(
        folder / "unposed.star",
        folder / "truth.mrc",
        symmetry=refinement.ROWS[name].symmetry,
        diameter=DIAMETER,
        initial_resolution=refinement.START,
    )
    assert made.data == data
    truth = read_volume(folder / "truth.mrc")
    halves = [read_volume(made.folder / f"run_half{half}_class001_unfil.mrc") for half in (1, 2)]
    with np.load(folder / "truth.npz") as kept:
        pixel_size = float(kept["pixel_size"])
    found = map_truth.score_map((halves[0] + halves[1]) / 2, truth, pixel_size)
    loaded = refinement.loaded_set(folder)
    table = read_star(made.folder / "run_data.star")["particles"]
    row_of = {int(image.partition("@")[0]) - 1: number for number, image in enumerate(table["rlnImageName"])}
    order = [row_of[index] for index in loaded.table.frame["index"]]
    angles = np.column_stack([table[f"rlnAngle{angle}"].to_numpy() for angle in ("Rot", "Tilt", "Psi")])[order]
    operators = refinement.point_group(refinement.true_group(folder)).operators
    poses, _ = map_truth.score_poses(map_truth.rotations_of(angles), map_truth.rotations_of(loaded.angles), operators)
    return {
        "pixel_size": pixel_size,
        "truth": found.resolution,
        "median": poses.median,
        "ninetieth": poses.ninetieth,
        "above_10": poses.share_above_10,
        "seconds": made.seconds,
        "version": made.version,
        "command": " ".join(made.command),
    }


def shells_behind(record: dict) -> float:
    """By how many shells our map ends before RELION's."""
    ours, theirs = record["cryoloom"], record["relion"]
    return refinement.size_of(ours) * (1 / theirs["truth"] - 1 / ours["truth"])


def print_beside(records: list[dict]) -> None:
    """Both programs' figures of the same images."""
    rows = [
        (
            record["cryoloom"]["seed"],
            record["cryoloom"]["box"],
            program,
            f"{record[program.lower()]['seconds']:.0f}",
            f"{record[program.lower()]['median']:.2f}°",
            f"{record[program.lower()]['ninetieth']:.2f}°",
            f"{record[program.lower()]['above_10']:.1%}",
            f"{record[program.lower()]['truth']:.2f} Å",
            f"{shells_behind(record):.2f}" if program == "cryoloom" else "",
        )
        for record in records
        for program in ("cryoloom", "RELION")
    ]
    print(f"{records[0]['relion']['version']}. {days([record['relion'] for record in records])}")
    headings = ("seed", "box", "program", "s", "median error", "90th percentile", "> 10°")
    print(reporting.table((*headings, "FSC-vs-truth 0.5", "shells behind"), rows))


def promised(records: list[dict]) -> Iterator[reporting.Promise]:
    """What is held of each box, in its worst seed."""
    for box in dict.fromkeys(record["cryoloom"]["box"] for record in records):
        own = [record for record in records if record["cryoloom"]["box"] == box]
        behind = max(map(shells_behind, own))
        yield reporting.promise(f"box {box}: shells behind RELION at 0.5", behind, ".2f", most=1.0)


if __name__ == "__main__":
    main()
