"""The README's commands for a session work as they stand, and both its ways make the same runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from cryoloom.cli.main import main
from cryoloom.runtime import Project

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
    lines = [line.replace("/data/session", str(raw)) for line in commands(ROOT / "README.md")]
    made: list[list[dict[str, Any]]] = []
    for way in ("cryoloom apply", "cryoloom add"):
        folder = tmp_path / way
        folder.mkdir()
        monkeypatch.chdir(folder)
        for line in (line for line in lines if line.startswith(("cryoloom new", way))):
            with pytest.raises(SystemExit) as left:
                main(shlex.split(line, comments=True)[1:])
            assert not left.value.code, line
        runs = Project.open(folder / "apoferritin").runs()
        numbers = {run.ulid: run.number for run in runs}
        made.append(
            [
                run.record.model_dump(include={"protocol", "protocol_version", "parameters", "output_kinds"})
                | {"inputs": {name: (numbers[link.run], link.output) for name, link in run.record.inputs.items()}}
                for run in runs
            ]
        )
    assert made[0] == made[1]
    assert [run["protocol"] for run in made[0]] == ["import-movies", "preflight", "motion", "ctf", "pick", "extract"]
