"""What the tests of sets share."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cryoloom.data import OpticsGroup

sys.path.insert(0, str(Path(__file__).parent))  # for what the tests import from each other


@pytest.fixture
def optics() -> OpticsGroup:
    return OpticsGroup.describe(name="hole 1", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)


@pytest.fixture
def age() -> Callable[[Path], None]:
    """Make every file of a folder two hours old."""

    def make_old(folder: Path) -> None:
        old = time.time() - 7200
        for path in folder.iterdir():
            os.utime(path, (old, old), follow_symlinks=False)

    return make_old
