"""Run every benchmark and write what was measured to ``bench/RESULTS.md``.

    python bench/run.py [--full] [--only sets lane …]

Each benchmark is a script of its own that prints Markdown tables; peers run beside cryoloom in the same run. A section
that is not run again keeps its former figures, with the date and commit at which they were measured. What could not be
measured stands in the results with the reason; a benchmark that fails keeps its former section, and fails the whole.
The exit status is 2 if a promise was missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import reporting

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "RESULTS.md"
_ADDITIONS = 5_000_000
SCRIPTS = {
    "simulated_guard": "The simulated microscope is honest",
    "motion": "Motion",
    "ctf": "CTF",
    "picking": "Picking",
    "reconstruction": "Reconstruction, with RELION",
    "abinitio": "First maps",
    "refinement": "Refinement of poses and maps",
    "refine_tool": "The command `cryoloom tool refine`, as a whole",
    "refinement_relion": "Refinement beside RELION's",
    "classes2d": "2D classes, with RELION",
    "classes3d": "3D classes",
    "postprocess": "Postprocessing and local resolution, with RELION",
    "scaling": "Refinement, as particles and box grow",
    "demo": "The demonstration",
    "sets": "Sets",
    "star": "STAR files",
    "lane": "Local lane",
    "workflow": "Runs",
    "latency": "From the writer's last byte to the CTF",
    "replay": "A long session replayed",
    "project": "Projects",
    "web_sets": "Sets in the browser",
    "web_micrograph": "Micrographs in the browser",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="at size; takes an hour or more")
    parser.add_argument("--only", nargs="+", choices=list(SCRIPTS), default=list(SCRIPTS))
    options = parser.parse_args()
    missing = [name for name in options.only if not (FOLDER / f"{name}.py").exists()]
    if missing:
        print(f"There is no bench/{missing[0]}.py, though it is listed here.", file=sys.stderr)
        return 1
    sections = former_sections()
    failed = []
    for name in options.only:
        print(f"{name} …", file=sys.stderr, flush=True)
        began = time.monotonic()
        command = [sys.executable, str(FOLDER / f"{name}.py"), *(["--full"] if options.full else [])]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0 or not done.stdout.strip():
            failed.append(name)
            continue
        size = "at the promised size" if options.full else "at the quick size"
        sections[name] = (
            f"*Measured {size} on {datetime.now(UTC):%Y-%m-%d} at commit {commit()} in "
            f"{time.monotonic() - began:.0f} s{load()}; {pace()}.*\n\n{done.stdout.strip()}\n"
        )
        write(sections)
    missed = missed_promises({name: sections[name] for name in options.only if name in sections})
    if missed:
        print("Missed:", *missed, sep="\n  ", file=sys.stderr)
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 2 if missed else 0


def missed_promises(sections: dict[str, str]) -> list[str]:
    """What the tables of promises say was not kept."""
    return [
        f"{SCRIPTS[name]}: {' · '.join(cell.strip() for cell in line.split('|')[1:4])}"
        for name, text in sections.items()
        for line in text.splitlines()
        if line.rstrip(" |").endswith(reporting.MISSED)
    ]


def commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=FOLDER, capture_output=True, text=True, check=True
    )
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "../src", "."], cwd=FOLDER, capture_output=True, text=True, check=True
    )
    lines = [line for line in changed.stdout.splitlines() if not re.search(r"RESULTS\.md$|/measured/", line)]
    return done.stdout.strip() + (" (with uncommitted changes)" if lines else "")


def load() -> str:
    """What else the machine was busy with, if it was more than a benchmark itself can be."""
    busy = os.getloadavg()[1]
    cores = len(os.sched_getaffinity(0))
    return f"; the machine was busy with other work (load {busy:.1f} on {cores} cores)" if busy > 1.5 * cores else ""


def pace() -> str:
    """How fast the processor is at the moment, as a shared machine's is not always."""
    begin = time.process_time()
    total = 0
    for number in range(_ADDITIONS):
        total += number
    return f"{_ADDITIONS // 10**6} million additions took {time.process_time() - begin:.2f} s of processor"


def former_sections() -> dict[str, str]:
    if not RESULTS.exists():
        return {}
    found = re.findall(r"<!-- (\w+) -->\n## .*?\n\n(.*?)(?=<!-- |\Z)", RESULTS.read_text(encoding="utf-8"), re.DOTALL)
    return {name: text for name, text in found if name in SCRIPTS}


def write(sections: dict[str, str]) -> None:
    cores = len(os.sched_getaffinity(0))
    parts = [
        "# What was measured",
        "",
        f"On {cores} cores ({platform.machine()}), Python {platform.python_version()}, no GPU. The machine is shared",
        "and noisy: compare ratios within a table, not seconds between tables. `make bench` measures again.",
        "",
    ]
    if missed := missed_promises(sections):
        parts += ["Promised and missed:", "", *(f"- {one}" for one in missed), ""]
    for name, title in SCRIPTS.items():
        if name in sections:
            parts += [f"<!-- {name} -->", f"## {title}", "", sections[name].rstrip(), ""]
    RESULTS.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
