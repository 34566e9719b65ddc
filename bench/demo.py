"""The demonstration as a new user sees it: how long it takes, and how true its map is.

    python bench/demo.py [--full] [--seeds 501 502 503]

`cryoloom demo` from movies to a map, one seed of the simulation at the quick size and three with `--full`; and, once,
`--until particles` with its usual number of movies. Kernels are compiled before, as they are on a machine on which
cryoloom has run once. Time is what the demonstration itself tells. The map is scored by `map_truth.py`; it comes of a
first map, so that it may be the mirror image.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import map_truth
import reporting
from particle_micrographs import specimen_named

from cryoloom.formats import read_volume

SESSION, WHOLE = 180.0, 600.0  # s
MOVIES, PARTICLES, RESOLUTION = 10, 1000, 10.0  # Å


def main() -> None:
    parser = reporting.options(__doc__)
    reporting.seed_option(parser)
    options = parser.parse_args()
    seeds = options.seeds if options.full else options.seeds[:1]
    compiled = reporting.compiled()
    short = demonstrated("--until", "particles", "--seed", str(seeds[0]))
    rows, found = [], []
    for seed in seeds:
        document = demonstrated("--seed", str(seed))
        made = document["map"] | {"movies": document["comparison"]["movies"]}
        found.append(made)
        rows.append(
            (
                seed,
                f"{document['comparison']['movies']}",
                f"{document['seconds']:.0f}",
                f"{made['seconds']:.0f}",
                f"{made['kept']} of {made['extracted']}",
                f"{made['true_share']:.1%}",
                made["symmetry"],
                "none" if made["resolution"] is None else f"{made['resolution']:.2f} Å",
                "none" if against(made) == float("inf") else f"{against(made):.2f} Å",
                f"{made['pose_error']:.1f}°, {made['pose_error_ninetieth']:.1f}°",
            )
        )
        print(f"demo, seed {seed} done", file=sys.stderr, flush=True)
    headings = ("seed", "movies", "s to particles", "s in all", "particles kept", "true", "symmetry")
    headings += ("half maps, 0.143", "truth, 0.5", "pose error: median, 90th percentile")
    print(compiled)
    print(reporting.table(headings, rows))
    print(
        reporting.promises(
            [
                reporting.promise("until particles", short["seconds"], ".0f s", most=SESSION),
                reporting.promise("to a map", max(one["seconds"] for one in found), ".0f s", most=WHOLE),
                reporting.promise("movies", min(one["movies"] for one in found), ".0f", least=MOVIES),
                reporting.promise("particles in the map", min(one["kept"] for one in found), ".0f", least=PARTICLES),
                reporting.promise("0.5 against the truth", max(map(against, found)), ".2f Å", most=RESOLUTION),
            ]
        )
    )


def against(made: dict) -> float:
    """Resolution against the truth in Å; infinite if the map is nowhere like it."""
    return float(made["scored"])


def demonstrated(*words: str) -> dict:
    """What one demonstration tells, and the score of its map if it has made one."""
    with tempfile.TemporaryDirectory(prefix="cryoloom-demo-") as folder:
        command = [sys.executable, "-m", "cryoloom", "demo", str(Path(folder) / "demo"), "--json", *words]
        told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        if "map" in told:
            told["map"]["scored"] = scored(Path(folder) / "demo", told)
        return told


def scored(folder: Path, told: dict) -> float:
    """Resolution against the truth of the map as it was refined, in Å."""
    session = json.loads((folder / "microscope" / "truth" / "session.json").read_text(encoding="utf-8"))
    volume = read_volume(Path(told["project"]) / told["map"]["files"]["map"])
    pixel_size = told["map"]["pixel_size"]
    truth = specimen_named(session["specimen"]["name"]).density_map(len(volume), pixel_size)
    return map_truth.score_map(volume, truth, pixel_size, mirror=True).resolution


if __name__ == "__main__":
    main()
