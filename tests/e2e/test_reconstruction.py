"""Our STAR files and stacks mean to RELION what they mean to us: it reconstructs from them what we do."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from reconstruction import compare


@pytest.mark.full
@pytest.mark.skipif(shutil.which("relion_reconstruct") is None, reason="needs RELION")
def test_relion_and_we_reconstruct_equally_well_from_our_files(tmp_path: Path) -> None:
    found = compare(tmp_path, seed=61, movies=8)
    assert found["particles"] >= 70 * 8  # of about 85 a movie that lie wholly within it
    assert found["cryoloom"] < 7.0  # Å; a sign or an axis that is wrong leaves nothing beyond 30
    assert found["cryoloom"] == pytest.approx(found["relion"], rel=0.02)
    assert found["agreement"] > 0.97  # the two weigh what few slices met otherwise, which shows in the last shells
