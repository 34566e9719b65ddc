"""The demonstration as a new user sees it: how long it takes, and how true its map is.

    python bench/demo.py [--full] [--seeds 501 502 503]

`cryoloom demo` from movies to a map, one seed of the simulation at the quick size and three with `--full`; and, once,
`--until particles` with its usual number of movies. Kernels are compiled before, as they are on a machine on which
cryoloom has run once. Time is what the demonstration itself tells.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import reporting

SESSION, WHOLE = 180.0, 600.0  # s
PARTICLES, RESOLUTION = 1000, 10.0  # Å


def main() -> None:
    parser = reporting.options(__doc__)
    reporting.seed_option(parser)
    options = parser.parse_args()
    seeds = options.seeds if options.full else options.seeds[:1]
    subprocess.run([sys.executable, "-m", "cryoloom", "warm-up"], check=True, stdout=subprocess.DEVNULL)
    short = demonstrated("--until", "particles", "--seed", str(seeds[0]))
    rows, found = [], []
    for seed in seeds:
        document = demonstrated("--seed", str(seed))
        made = document["map"]
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
    print(reporting.table(headings, rows))
    print(
        reporting.promises(
            [
                reporting.promise("until particles", short["seconds"], ".0f s", most=SESSION),
                reporting.promise("to a map", max(one["seconds"] for one in found), ".0f s", most=WHOLE),
                reporting.promise("particles in the map", min(one["kept"] for one in found), ".0f", least=PARTICLES),
                reporting.promise("0.5 against the truth", max(map(against, found)), ".2f Å", most=RESOLUTION),
            ]
        )
    )


def against(made: dict) -> float:
    """Resolution against the truth in Å; infinite if the map is nowhere like it."""
    return float("inf") if made["resolution_against_truth"] is None else made["resolution_against_truth"]


def demonstrated(*words: str) -> dict:
    """What one demonstration tells."""
    with tempfile.TemporaryDirectory(prefix="cryoloom-demo-") as folder:
        command = [sys.executable, "-m", "cryoloom", "demo", str(Path(folder) / "demo"), "--json", *words]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


if __name__ == "__main__":
    main()
