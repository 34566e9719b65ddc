"""How time and memory of a refinement grow with the number of particles and the box, against what is foretold.

    python bench/scaling.py [--full] [--sizes 1000x64 4000x64 …] [--threads 2] [--json FILE]

The C3 body is projected at random poses with the CTF of the easy tier, noise of thirty times the power of the signal
is added, and ``cryoloom tool refine --trust quick`` refines that from the truth limited to 40 Å, in a process of its
own whose time and peak memory are the figures. What is foretold is the time from the first iteration to the trust page,
without start and reading, and is compared with that. As the box grows, the pixel shrinks. The projections are the
engine's own, so these sets say nothing of how right a refinement is (``refinement.py`` does), only what it costs.
Kernels are compiled before. Measurements are kept (`kept.py`): what was cut off goes on when it is started again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mrcfile
import numpy as np
import reporting
from kept import Kept, days
from particle_micrographs import specimen_named
from particle_sets import half_sets, write_particles

from cryoloom.engine.optics import ContrastTransfer, transfer_image
from cryoloom.engine.projection import project_volume
from cryoloom.formats import write_volume

FIELD = 256.0  # Å, of the box
NOISE = 30.0  # power, of that of the signal
CHUNK = 250  # particles that are made at once, and have one defocus
QUICK = ("500x64", "2000x64", "500x96")
AT_SIZE = ("1000x64", "5000x64", "20000x64", "1000x128", "5000x128", "1000x256")
WITHIN = 2.0  # times what is foretold

# The system's own peak of the new program: what is told to a parent begins with the parent's own.
PROGRAM = """
import resource, sys
from pathlib import Path
from cryoloom.cli.main import main
try:
    main(["tool", "refine", *sys.argv[2:]])
except SystemExit as leaving:
    if leaving.code:
        raise
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
used = resource.getrusage(resource.RUSAGE_SELF)
Path(sys.argv[1]).write_text(f"{1024 * peak} {used.ru_utime + used.ru_stime}")
"""


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--sizes", nargs="+", metavar="NxBOX", help="particles and box of each set")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    if reporting.real_data("structures") is None:
        print(reporting.not_measured("scaling of refinement", "there are no atomic models"))
        return
    compiled = reporting.compiled()
    kept = Kept("scaling", [measure, make_set, refined], scripts=("scaling", "cryoloom.cli.tool.refine"))
    keys = []
    for size in options.sizes or (AT_SIZE if options.full else QUICK):
        count, box = map(int, size.split("x"))
        keys.append({"count": count, "box": box, "threads": options.threads})
    records = kept.records(keys, measure)
    if options.json is not None:
        options.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    headings = (
        "particles",
        "box",
        "s in all",
        "s of the processor",
        "s of what is foretold",
        "× foretold",
        "peak memory, GB",
        "× foretold",
        "iterations",
        "resolution",
    )
    print(compiled, days(records), sep="\n")
    print(f"Refinement of the C3 body, {options.threads} threads, from 40 Å.\n")
    print(reporting.table(headings, map(row, records)))
    print(reporting.promises(promised(records)))


def row(record: dict) -> tuple:
    resolution = record["half_map_resolution"]
    return (
        record["count"],
        record["box"],
        f"{record['seconds']:.0f}",
        f"{record['cpu']:.0f}",
        f"{record['told_seconds']:.0f}",
        f"{record['time_ratio']:.2f}",
        f"{record['memory'] / 2**30:.2f}",
        f"{record['memory_ratio']:.2f}",
        record["iterations"],
        "none" if resolution is None else f"{resolution:.2f} Å",
    )


def promised(records: list[dict]) -> list[reporting.Promise]:
    """What is foretold holds for every size."""
    held = []
    for key, what in (("time_ratio", "time"), ("memory_ratio", "peak memory")):
        ratios = [record[key] for record in records]
        held.append(reporting.promise(f"{what} / foretold, least", min(ratios), ".2f", least=1 / WITHIN))
        held.append(reporting.promise(f"{what} / foretold, most", max(ratios), ".2f", most=WITHIN))
    return held


def measure(count: int, box: int, threads: int) -> dict:
    """Make a set, and refine it."""
    with tempfile.TemporaryDirectory(prefix="cryoloom-scaling-") as folder:
        make_set(Path(folder), count, box)
        return refined(Path(folder), threads)


def make_set(folder: Path, count: int, box: int) -> None:
    """Write truth.mrc and a set of images with their poses; O(count · box² log box) time, memory of one chunk."""
    random = np.random.default_rng([count, box])
    pixel_size = FIELD / box
    truth = specimen_named("c3-body").density_map(box, pixel_size)
    write_volume(folder / "truth.mrc", truth, pixel_size=pixel_size)
    angles = np.column_stack(
        [
            random.uniform(-180.0, 180.0, count),
            np.degrees(np.arccos(random.uniform(-1.0, 1.0, count))),
            random.uniform(-180.0, 180.0, count),
        ]
    )
    shifts = random.normal(0.0, 3.0, (count, 2))
    movie = np.arange(count) // CHUNK
    defocus = random.uniform(8000.0, 20000.0, movie[-1] + 1)[movie]
    ctf = np.column_stack([defocus, defocus, np.zeros(count)])
    with mrcfile.new_mmap(folder / "particles.mrcs", shape=(count, box, box), mrc_mode=2) as stack:
        stack.set_image_stack()
        stack.voxel_size = pixel_size
        for begin in range(0, count, CHUNK):
            chosen = slice(begin, begin + CHUNK)
            transfer = ContrastTransfer(300.0, 2.7, 0.07, defocus[begin], defocus[begin], 0.0)
            seen = transfer_image((box, box), pixel_size, transfer)
            images = project_volume(truth, angles[chosen], shifts[chosen], seen, pixel_size=pixel_size, threads=2)
            deviation = np.sqrt(NOISE * float(images.var()))
            images += random.normal(0.0, deviation, images.shape).astype(np.float32)
            stack.data[chosen] = images / deviation
    columns = {
        "angles": angles,
        "shifts": shifts,
        "centres": np.column_stack([np.arange(count) % CHUNK, np.zeros(count)]) * 2 * box,
        "movie": movie + 1,
        "half_set": half_sets(1, count),
    }
    write_particles(folder, columns, ctf, np.array([300.0, 2.7, 0.07]), pixel_size=pixel_size, box=box)


def refined(folder: Path, threads: int) -> dict:
    """What a refinement takes and finds."""
    used = folder / "used.txt"
    command = [sys.executable, "-c", PROGRAM, str(used), str(folder / "unposed.star"), "--json", "--trust", "quick"]
    command += ["--reference", str(folder / "truth.mrc"), "--symmetry", "C3", "--threads", str(threads)]
    diameter = specimen_named("c3-body").diameter
    command += ["--diameter", f"{1.1 * diameter:.0f}", "--output", str(folder / "made"), "--overwrite"]
    began = time.perf_counter()
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    seconds = time.perf_counter() - began
    document = json.loads(answer)
    memory, cpu = map(float, used.read_text(encoding="utf-8").split())
    return {
        "seconds": seconds,
        "cpu": cpu,
        "told_seconds": document["seconds"],
        "memory": memory,
        "time_ratio": document["seconds"] / document["predicted"]["seconds"],
        "memory_ratio": memory / document["predicted"]["memory"],
        "iterations": document["iterations"],
        "half_map_resolution": document["half_map_resolution"],
    }


if __name__ == "__main__":
    main()
