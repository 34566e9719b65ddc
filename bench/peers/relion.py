"""RELION 3.1.3 by fixed commands, and what it found and took, kept.

    cd bench; python -m peers.relion refine|class2d|reconstruct FOLDER_OF_A_SET --cache FOLDER [--symmetry C3] …

Every figure that compares cryoloom with RELION comes from here. A result is kept in a folder of its own together with
a document that tells RELION's version and build, the command, the processor, the seconds and a hash of the data; it is
run again only if one of command, version and data has changed. What was cut off goes on after its last iteration.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import reporting

CACHE = Path("/tmp/particle-sets/relion")
PROCESSES = 3  # one leads, each half of the particles has one
RECORD, STARTED = "record.json", "started.json"


@dataclass(frozen=True)
class Result:
    """What a program made.

    Parameters
    ----------
    folder : with its files, their names beginning in ``run``
    seconds : on the clock, when it was run; perhaps beside other work
    command, version, processor, data : how it came about; the command names files without their folders, and `data` is
        a hash of the particles
    """

    folder: Path
    seconds: float
    command: list[str]
    version: str
    processor: str
    data: str


def refine(
    particles: Path,
    reference: Path,
    *,
    symmetry: str,
    diameter: float,
    initial_resolution: float = 40.0,
    cache: Path = CACHE,
) -> Result:
    """Auto-refine from a reference on another grey scale, until it has converged.

    Give the STAR file without poses: origins that are there would be used as a start.
    """
    command = [*_parallel("relion_refine"), "--o", "./run", "--auto_refine", "--split_random_halves"]
    command += [
        "--i",
        str(particles),
        "--ref",
        str(reference),
        "--firstiter_cc",
        "--ini_high",
        f"{initial_resolution:g}",
    ]
    command += ["--particle_diameter", f"{diameter:g}", "--sym", symmetry, "--ctf", "--flatten_solvent", "--zero_mask"]
    command += ["--healpix_order", "2", "--auto_local_healpix_order", "4", "--offset_range", "5", "--offset_step", "2"]
    command += ["--oversampling", "1", "--low_resol_join_halves", "40", "--norm", "--scale", "--pad", "2"]
    command += ["--random_seed", "1", "--dont_combine_weights_via_disc", "--preread_images", "--j", "1"]
    return run(f"refine-{_set_name(particles)}-{symmetry}", command, [particles, reference], cache=cache)


def class2d(particles: Path, *, classes: int, diameter: float, iterations: int = 25, cache: Path = CACHE) -> Result:
    """Classify in two dimensions by expectation maximisation."""
    command = [*_parallel("relion_refine"), "--o", "./run", "--i", str(particles), "--K", str(classes)]
    command += ["--iter", str(iterations), "--tau2_fudge", "2", "--particle_diameter", f"{diameter:g}", "--ctf"]
    command += ["--flatten_solvent", "--zero_mask", "--psi_step", "12", "--offset_range", "5", "--offset_step", "2"]
    command += ["--oversampling", "1", "--norm", "--scale", "--random_seed", "1", "--pad", "2"]
    command += ["--dont_combine_weights_via_disc", "--preread_images", "--j", "1"]
    return run(f"class2d-{_set_name(particles)}-K{classes}", command, [particles], cache=cache)


def reconstruct(particles: Path, *, symmetry: str = "C1", cache: Path = CACHE) -> Result:
    """Reconstruct with the poses that the STAR file gives, into ``run.mrc``."""
    command = ["relion_reconstruct", "--i", str(particles), "--ctf", "--sym", symmetry, "--o", "run.mrc"]
    return run(f"reconstruct-{_set_name(particles)}-{symmetry}", command, [particles], cache=cache)


def postprocess(
    half: Path, mask: Path, *, pixel_size: float, finest: float, seed: int = 0, cache: Path = CACHE
) -> Result:
    """Correct the half-map correlation for the mask, and sharpen, into ``run.star``.

    `half` is the first one, ``…half1…``, `finest` the detail in Å at which the fit of the B-factor ends, and `seed`
    that of the random phases.
    """
    command = ["relion_postprocess", "--i", str(half), "--mask", str(mask), "--angpix", f"{pixel_size:.6f}"]
    command += ["--o", "run", "--auto_bfac", "--autob_lowres", "10", "--autob_highres", f"{finest:.6f}"]
    command += ["--random_seed", str(seed)]
    other = half.with_name(half.name.replace("half1", "half2"))
    name = f"postprocess-{half.parent.name}-{half.stem}-{seed}"
    # It writes its results and then fails on a plot: what it wrote counts, not how it ended.
    return run(name, command, [half, other, mask], cache=cache, expected="run.star")


def run(name: str, command: list[str], data: list[Path], *, cache: Path, expected: str | None = None) -> Result:
    """Run a command in a folder of its own, unless its result is kept there already.

    Parameters
    ----------
    data : the files that go in; of a particle STAR file, the stacks it names too
    expected : file that shows success in spite of the exit code
    """
    folder = (cache / name).resolve()
    told = [Path(part).name if Path(part).is_file() else part for part in command]  # what is in files, a hash tells
    wanted = {"command": told, "version": version(command), "data": data_hash(data)}
    record = folder / RECORD
    if record.exists():
        kept = json.loads(record.read_text(encoding="utf-8"))
        if all(kept[key] == value for key, value in wanted.items()):
            return Result(folder, **kept)
    spent, last = cut_off(folder, wanted)
    if last is None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    link_stacks(data, folder)
    began = time.time()
    started = {**wanted, "spent": spent, "began": began}
    (folder / STARTED).write_text(json.dumps(started, indent=1) + "\n", encoding="utf-8")
    absolute = [str(Path(part).resolve()) if Path(part).is_file() else part for part in command]
    if last is not None:
        absolute = [*command[: command.index("--i")], "--continue", last.name, "--preread_images", "--j", "1"]
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        done = subprocess.run(absolute, cwd=folder, stdout=log, stderr=subprocess.STDOUT, check=False)
    seconds = spent + time.time() - began
    if done.returncode and not (expected and (folder / expected).exists()):
        raise SystemExit(f"{command[0]} failed; {folder / 'log.txt'} tells why.")
    document = {**wanted, "seconds": seconds, "processor": reporting.processor()}
    record.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return Result(folder, **document)


def cut_off(folder: Path, wanted: dict) -> tuple[float, Path | None]:
    """Seconds that an iterative command took until it was cut off, and the file from which it can go on, if any."""
    written = sorted(folder.glob("run_it*_optimiser.star"), key=lambda file: file.stat().st_mtime)
    if not (folder / STARTED).exists() or not written:
        return 0.0, None
    started = json.loads((folder / STARTED).read_text(encoding="utf-8"))
    if any(started[key] != value for key, value in wanted.items()):
        return 0.0, None
    return started["spent"] + max(0.0, written[-1].stat().st_mtime - started["began"]), written[-1]


def link_stacks(data: list[Path], folder: Path) -> None:
    """Stacks are named relative to the folder that RELION is started in."""
    for file in data:
        for stack in stacks_of(file) if file.suffix == ".star" else ():
            target = folder / stack.relative_to(file.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)  # of what was cut off, which may have lain elsewhere
            target.symlink_to(stack.resolve())


def stacks_of(star: Path) -> list[Path]:
    """The stacks that a particle STAR file names, each once."""
    names = re.findall(r"\d+@(\S+)", star.read_text(encoding="utf-8"))
    return [star.parent / name for name in dict.fromkeys(names)]


def _set_name(particles: Path) -> str:
    """Name of the set that a STAR file belongs to, by whichever code it was made."""
    return re.sub(r"-[0-9a-f]{8}$", "", particles.parent.name)


def data_hash(files: list[Path]) -> str:
    """SHA-256 of the content of files, and of the stacks that STAR files name."""
    digest = hashlib.sha256()
    for file in files:
        for part in (file, *(stacks_of(file) if file.suffix == ".star" else ())):
            with part.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def version(command: list[str]) -> str:
    """What the program says of its version and precision, and how often it runs at once."""
    program = next(part for part in command if part.startswith("relion_"))
    said = subprocess.run([program.removesuffix("_mpi"), "--version"], capture_output=True, text=True, check=False)
    words = " ".join((said.stdout + said.stderr).split())
    return f"{words} ({f'{PROCESSES} processes' if program.endswith('_mpi') else 'one process'}, 1 thread each)"


def _parallel(program: str) -> list[str]:
    """Three processes of a program where it was built for that, else one."""
    if shutil.which(f"{program}_mpi") and shutil.which("mpirun"):
        return ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", str(PROCESSES), f"{program}_mpi"]
    return [program]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("refine", "class2d", "reconstruct"))
    parser.add_argument("set", type=Path, help="folder that bench/particle_sets.py made")
    parser.add_argument("--symmetry", default="C1")
    parser.add_argument("--diameter", type=float, default=200.0)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--cache", type=Path, default=CACHE)
    options = parser.parse_args()
    particles = options.set / ("particles.star" if options.what == "reconstruct" else "unposed.star")
    if options.what == "refine":
        reference = options.set / "truth.mrc"
        made = refine(particles, reference, symmetry=options.symmetry, diameter=options.diameter, cache=options.cache)
    elif options.what == "class2d":
        made = class2d(particles, classes=options.classes, diameter=options.diameter, cache=options.cache)
    else:
        made = reconstruct(particles, symmetry=options.symmetry, cache=options.cache)
    json.dump({name: str(value) for name, value in asdict(made).items()}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
