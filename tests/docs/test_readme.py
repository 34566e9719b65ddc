"""The README's commands for a session work as they stand, and both its ways make the same runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from cryoloom.cli.main import main
from cryoloom.runtime import Project
from cryoloom.testing.microscope import MicroscopeParameters, Tier, load_specimen

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs" / "tutorial.md", ROOT / "docs" / "tutorial-map.md"]
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def commands(page: Path) -> list[str]:
    blocks = "\n".join(BLOCK.findall(page.read_text(encoding="utf-8")))
    return blocks.replace("\\\n", " ").splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_says_how_the_command_is_found_before_it_uses_it(page: Path) -> None:
    lines = commands(page)
    first = next(number for number, line in enumerate(lines) if line.startswith("cryoloom "))
    assert any(line.startswith(". .venv/bin/activate") for line in lines[:first])


def test_a_session_is_one_command_or_run_by_run_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "gain.mrc").touch()
    (tmp_path / "demo-session" / "microscope" / "movies").mkdir(parents=True)
    (tmp_path / "demo-session" / "microscope" / "gain.mrc").touch()
    monkeypatch.chdir(tmp_path)
    for line in (line.replace("/data/session", str(raw)) for line in commands(ROOT / "README.md")):
        if line.startswith(("cryoloom new", "cryoloom apply", "cryoloom add")):
            with pytest.raises(SystemExit) as left:
                main(shlex.split(line, comments=True)[1:])
            assert not left.value.code, line
    made = [described(Project.open(tmp_path / name)) for name in ("apoferritin", "by-hand")]
    assert made[0] == made[1]
    stages = ["import-movies", "preflight", "motion", "ctf", "curate", "pick", "extract"]
    assert [run["protocol"] for run in made[0]] == stages
    trial = described(Project.open(tmp_path / "trial"))
    assert [run["protocol"] for run in trial] == [run["protocol"] for run in made[0]]


def described(project: Project) -> list[dict[str, Any]]:
    runs = project.runs()
    numbers = {run.ulid: run.number for run in runs}
    return [
        run.record.model_dump(include={"protocol", "protocol_version", "parameters", "output_kinds"})
        | {"inputs": {name: (numbers[link.run], link.output) for name, link in run.record.inputs.items()}}
        for run in runs
    ]


def test_the_trial_states_what_is_true_of_the_demonstration() -> None:
    (line,) = (line for line in commands(ROOT / "README.md") if line.startswith("cryoloom apply trial"))
    stated = dict(word.split("=") for word in shlex.split(line) if "=" in word)
    microscope = MicroscopeParameters.of_tier(Tier.EASY)
    assert float(stated["voltage"]) == microscope.optics.voltage
    assert float(stated["pixel_size"]) == microscope.detector.pixel_size
    assert float(stated["dose_per_frame"]) == microscope.detector.dose_per_frame
    assert float(stated["diameter"]) == pytest.approx(load_specimen("pseudoprotein", None).diameter, rel=0.05)
