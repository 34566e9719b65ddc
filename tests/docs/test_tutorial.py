"""The tutorial's commands do what the tutorial says, on the micrograph that it is about."""

from __future__ import annotations

import bz2
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import starfile

from cryoloom.runtime import Project

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Followed:
    """Where the tutorial was followed, and what its commands printed."""

    folder: Path
    printed: str


@pytest.fixture(scope="module")
def followed(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Followed:
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "images").mkdir()
    packed = test_data / "micrographs" / "fei-extended.mrc.bz2"
    (folder / "images" / "fei-extended.mrc").write_bytes(bz2.decompress(packed.read_bytes()))
    lines = [line for block in re.findall(r"```sh\n(.*?)```", TUTORIAL, re.DOTALL) for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("cryoloom ") and "warm-up" not in line]
    assert len(commands) >= 12
    done = subprocess.run(
        ["bash", "-e"],
        input="\n".join(commands),
        cwd=folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Followed(folder, done.stdout)


def told(pattern: str) -> float:
    """A number in the text of the tutorial."""
    found = re.search(pattern, TUTORIAL)
    assert found is not None, pattern
    return float(found[1])


def test_the_project_holds_what_the_tutorial_shows(followed: Followed) -> None:
    runs = Project.open(followed.folder / "krios").runs()
    assert [run.standing.state.value for run in runs] == ["finished"] * 4
    counts = [run.standing.progress.outputs for run in runs]
    assert counts[0] == {"micrographs": 1}
    for made, name in ((counts[2], "coordinates"), (counts[3], "particles")):
        # one at the threshold may differ with the versions of the numerical libraries
        assert made[name] == pytest.approx(told(rf"(\d+) {name}"), abs=1)


def test_the_defocus_is_what_is_told_and_what_is_known_of_this_micrograph(followed: Followed) -> None:
    (ctf,) = Project.open(followed.folder / "krios").runs()[1].outputs["ctfs"].to_polars().iter_rows(named=True)
    assert ctf["defocus_u"] == pytest.approx(told(r"defocus is (\d+) and"), abs=20)
    assert ctf["defocus_v"] == pytest.approx(told(r"defocus is \d+ and (\d+) Å"), abs=20)
    assert ctf["defocus_angle"] == pytest.approx(told(r"axis at (\d+)°"), abs=3)
    assert (ctf["defocus_u"] + ctf["defocus_v"]) / 2 == pytest.approx(10517, abs=120)  # the reference fit
    (ring,) = (warning for warning in ctf["warnings"] if warning.startswith("Ice ring"))
    resolution = told(r"ice ring is listed at ([0-9.]+) Å")
    assert f"Ice ring at {resolution} Å" in ring
    assert ctf["ice_ring"] == pytest.approx(told(r"(\d+) % above the background") / 100, abs=0.02)


def test_rows_methods_and_report_are_shown(followed: Followed) -> None:
    for words in ("defocus_u", "recorded at 300 kV", "given a diameter of 155 Å", "report.html"):
        assert words in followed.printed, words
    assert (followed.folder / "krios" / "report.html").stat().st_size > 50_000


def test_what_was_exported_tells_of_every_particle(followed: Followed) -> None:
    project = followed.folder / "krios"
    tables = starfile.read(project / "particles.star")
    count = len(Project.open(project).runs()[3].outputs["particles"])
    assert len(tables["particles"]) == count
    assert float(tables["optics"]["rlnVoltage"].iloc[0]) == 300.0
    assert (project / "micrographs_ctf.star").is_file()


def test_the_tools_agree_with_the_project(followed: Followed) -> None:
    answer = json.loads((followed.folder / "ctf.json").read_text(encoding="utf-8"))
    (ctf,) = Project.open(followed.folder / "krios").runs()[1].outputs["ctfs"].to_polars().iter_rows(named=True)
    # the project was told a pixel size of 0.8538 Å, the tool believes the file, which says the same to four digits
    assert answer["defocus_u"] == pytest.approx(ctf["defocus_u"], abs=5)
    cut = starfile.read(followed.folder / "particles.star")
    assert float(cut["particles"]["rlnDefocusU"].iloc[0]) == pytest.approx(answer["defocus_u"], abs=0.01)
    assert (followed.folder / "picks.png").is_file()
    assert (followed.folder / "ctf.png").is_file()
    assert len(cut["particles"]) > 80
