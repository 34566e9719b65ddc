"""The time that tools for particles are predicted to take, against the processor's time that they do take."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from contextlib import redirect_stdout, suppress

import pytest
from phantom_particles import write_larger_particles

from cryoloom.cli.main import main
from cryoloom.protocols.machine_speed import machine_speed, measure_speed

DIAMETER = "--diameter 120"
IMPOSED = "--symmetry O --accept-symmetry"
LARGE = "large.star --reference large.mrc"
COMMANDS = {  # box and number of particles, and what is done with them
    "refine": (64, 240, f"refine {LARGE} {DIAMETER} {IMPOSED} --trust quick"),
    "refine twice": (64, 240, f"refine {LARGE} {DIAMETER} {IMPOSED}"),
    "refine locally": (64, 240, f"refine {LARGE} {DIAMETER} --search local --trust quick"),
    "refine far": (64, 60, f"refine large.star --reference large.mrc {DIAMETER} --shift 60 --trust quick"),
    "class2d": (64, 240, f"class2d large.star {DIAMETER} --classes 4 --final-resolution 10"),
    "ctfrefine": (128, 240, "ctfrefine large.star --reference large.mrc"),
    "subtract": (128, 300, "subtract large.star --reference large.mrc --mask mask.mrc"),
    "change-box": (96, 800, "change-box large.star --box 128 --pixel-size 2 --micrograph-pixel-size 1"),
    "reconstruct": (96, 800, "reconstruct large.star --symmetry C3"),
    "localres": (128, 40, "localres half1.mrc half2.mrc --mask mask.mrc"),
    "fit-map": (128, 40, "fit-map half1.mrc --to half2.mrc"),
    "symmetry": (128, 40, "symmetry half1.mrc --group O"),
}


def run(command: str) -> float:
    """Run a tool; returns the seconds that it said it would take."""
    tool, *words = command.split()
    output = "made" if "large.star" in words and tool != "reconstruct" else "made.mrc"
    printed = io.StringIO()
    with redirect_stdout(printed), suppress(SystemExit):
        main(["tool", tool, *words, "--threads", "1", "--overwrite", "--output", output, "--json"])
    return float(json.loads(printed.getvalue())["predicted"]["seconds"])


def told_and_taken(command: str) -> tuple[float, float]:
    """Seconds that a tool is predicted to take, and that it takes of the processor."""
    spent, speeds = [], [measure_speed()]
    for _ in range(3):  # the first compiles, and others on the machine make it slower at times, never faster
        begin = time.process_time()
        told = run(command)
        spent.append(time.process_time() - begin)
        speeds.append(measure_speed())
    return told * machine_speed() / max(speeds), min(spent)


@pytest.mark.full
@pytest.mark.parametrize(("box", "count", "command"), COMMANDS.values(), ids=COMMANDS)
def test_what_is_predicted_is_what_is_taken(box, count, command, tmp_path):
    """Within a factor of two; the processor's time, since others may use the machine at the same time."""
    write_larger_particles(tmp_path, box=box, count=count)
    done = subprocess.run(
        [sys.executable, __file__, command],
        cwd=tmp_path,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told, taken = json.loads(done.stdout)
    assert 0.5 < told / taken < 2.0, (told, taken)


if __name__ == "__main__":
    print(json.dumps(told_and_taken(sys.argv[1])))
