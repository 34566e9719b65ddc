"""The memory that an estimate declares."""

import subprocess
import sys
from pathlib import Path

import pytest

from cryoloom.engine.ctf import predicted_memory

# The system's own peak of the new program: `resource` would count that of the process it was forked from.
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from cryoloom.engine.ctf import estimate_ctf
shape, pixel_size = (int(sys.argv[1]), int(sys.argv[2])), float(sys.argv[3])
micrograph = np.random.default_rng(0).standard_normal(shape, np.float32)
estimate_ctf(micrograph, pixel_size=pixel_size, voltage=300, spherical_aberration=2.7, amplitude_contrast=0.1)
print(1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize(("shape", "pixel_size"), [((3072, 3584), 1.0), ((1024, 1024), 2.0)])
def test_what_is_declared_is_what_is_taken(shape, pixel_size):
    command = [sys.executable, "-c", PROGRAM, *map(str, shape), str(pixel_size)]
    taken = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert predicted_memory(shape, pixel_size=pixel_size) == pytest.approx(taken, rel=0.2)  # what lanes rely on
