"""STAR files of many particles: cryoloom beside starfile.

    python bench/star.py [--rows 1000000] [--skip-starfile]

Writes a particle file of RELION's layout with 31 columns, then reads and writes it with both, each step in a
process of its own. Printed are wall-clock seconds and the peak of resident memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--skip-starfile", action="store_true")
    parser.add_argument("--step", nargs=2)
    arguments = parser.parse_args()
    if arguments.step:
        step(arguments.step[0], Path(arguments.step[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "particles.star"
        make(path, arguments.rows)
        print(f"{arguments.rows} particles, 31 columns, {path.stat().st_size / 1e6:.0f} MB")
        print(f"{'':24}{'read':>10}{'write':>10}{'peak memory':>16}")
        for name in ("cryoloom", "cryoloom particles", "starfile"):
            if name == "starfile" and arguments.skip_starfile:
                continue
            command = [sys.executable, __file__, "--step", name, str(path)]
            cost = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
            print(f"{name:24}{cost['read']:>8.2f} s{cost['write']:>8.2f} s{cost['peak']:>13.0f} MB")


if __name__ == "__main__":
    main()
