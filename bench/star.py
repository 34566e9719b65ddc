"""STAR files of many particles: cryoloom beside starfile.

    python bench/star.py [--full] [--rows 200000] [--skip-starfile]

Writes a particle file of RELION's layout with 31 columns, then reads and writes it with both, each step in a
process of its own: wall-clock seconds and the peak of resident memory. ``--full`` takes a million particles.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import reporting


def make(path: Path, rows: int) -> None:
    """Write the file in RELION's own style: aligned columns, six decimals."""
    import numpy as np

    rng = np.random.default_rng(1)
    numbers = [f"rlnNumber{n}" for n in range(26)]
    labels = ["rlnImageName", "rlnMicrographName", *numbers, "rlnOpticsGroup", "rlnRandomSubset", "rlnClassNumber"]
    with path.open("w") as file:
        file.write("\n# version 30001\n\ndata_optics\n\nloop_ \n_rlnOpticsGroup #1 \n_rlnOpticsGroupName #2 \n")
        file.write("_rlnVoltage #3 \n_rlnImagePixelSize #4 \n_rlnImageSize #5 \n 1 o1 300.000000 1.000000 256 \n \n")
        file.write("\n# version 30001\n\ndata_particles\n\nloop_ \n")
        file.writelines(f"_{label} #{number} \n" for number, label in enumerate(labels, 1))
        for begin in range(0, rows, 10_000):
            for row, values in enumerate(rng.normal(0.0, 1000.0, (min(10_000, rows - begin), 26)), begin):
                words = " ".join([f"{value:12.6f}" for value in values.tolist()])
                file.write(
                    f"{row % 300 + 1:06d}@Extract/job007/Movies/exposure_{row // 300:06d}.mrcs "
                    f"MotionCorr/job002/Movies/exposure_{row // 300:06d}.mrc {words} 1 {row % 2 + 1} {row % 50} \n"
                )
        file.write(" \n")


def step(name: str, path: Path) -> None:
    """Do one thing and print what it cost."""
    target = path.with_suffix(f".{name}.star")
    if name.startswith("starfile"):
        import starfile

        import_done = time.perf_counter()
        blocks = starfile.read(path)
        read_done = time.perf_counter()
        starfile.write(blocks, target)
    elif name == "cryoloom":
        import polars as pl  # its import is not what is measured

        from cryoloom.formats import read_star, write_star

        import_done = time.perf_counter()
        blocks = read_star(path)
        read_done = time.perf_counter()
        write_star(target, blocks)
    else:
        import polars as pl  # noqa: F401

        from cryoloom.formats.relion import read_particles, write_particles

        import_done = time.perf_counter()
        particles = read_particles(path)
        read_done = time.perf_counter()
        write_particles(target, particles.table)
    write_done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(json.dumps({"read": read_done - import_done, "write": write_done - read_done, "peak": peak}))
    target.unlink()


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--rows", type=int, help="by default 200,000, or a million with --full")
    parser.add_argument("--skip-starfile", action="store_true")
    parser.add_argument("--step", nargs=2)
    options = parser.parse_args()
    if options.step:
        step(options.step[0], Path(options.step[1]))
        return
    rows = options.rows or (1_000_000 if options.full else 200_000)
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "particles.star"
        make(path, rows)
        print(f"{rows:,} particles, 31 columns, {path.stat().st_size / 1e6:.0f} MB.\n")
        for name in ("cryoloom", "cryoloom particles", *(() if options.skip_starfile else ("starfile",))):
            command = [sys.executable, __file__, "--step", name, str(path)]
            cost = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
            costs.append((name, f"{cost['read']:.2f} s", f"{cost['write']:.2f} s", f"{cost['peak']:.0f} MB"))
    print(reporting.table(("with", "read", "write", "peak memory"), costs))


if __name__ == "__main__":
    main()
