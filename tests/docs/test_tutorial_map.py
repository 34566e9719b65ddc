"""The second tutorial names what there is, in the right order; followed as a whole, it ends with a map."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cryoloom.runtime import InstalledEnvironment, Project
from cryoloom.workflow.protocol import declaration_of

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial-map.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TUTORIAL, re.DOTALL) for line in block.splitlines()]
OF_THE_SESSION = ["import-movies", "preflight", "motion", "ctf", "pick", "extract"]


def test_what_is_added_reads_what_was_added_before() -> None:
    environment = InstalledEnvironment()
    protocols = list(OF_THE_SESSION)
    for words in (shlex.split(line, comments=True) for line in COMMANDS if line.startswith("cryoloom add")):
        protocol = environment.protocol(words[3])
        for flag, word in zip(words[4::2], words[5::2], strict=True):
            name, _, value = word.partition("=")
            if flag == "--in":
                number, _, output = value.partition(".")
                assert name in {port["name"] for port in declaration_of(protocol)["inputs"]}, word
                source = environment.protocol(protocols[int(number) - 1])
                assert output in {port["name"] for port in declaration_of(source)["outputs"]}, word
            else:
                assert name in protocol.Parameters.model_fields, word
        protocols.append(protocol.id)
    assert protocols[6:] == [
        *("class2d", "select-classes", "abinitio", "align-to-symmetry"),
        *("refine", "postprocess", "local-resolution"),
    ]


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_followed_it_ends_with_a_map(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-e"],
        input="\n".join(line for line in COMMANDS if line.startswith(("cryoloom ", "cd "))),
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=7000,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    runs = Project.open(tmp_path / "session" / "project").runs()
    assert {run.standing.state.value for run in runs} == {"finished"}
    (axes,) = runs[9].outputs["volumes"].to_polars()["axes_of"]
    assert axes == "C3"
    (resolution,) = runs[11].outputs["volumes"].to_polars()["resolution"]
    assert resolution < 10.0
    assert (tmp_path / "session" / "project" / "sharpened.mrc").is_file()
