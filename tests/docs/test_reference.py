"""The reference pages are what the declarations say, and everything in them is explained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cryoloom.cli.main import COMMANDS, TOOLS
from cryoloom.runtime import InstalledEnvironment
from cryoloom.workflow.parameters import describe_parameters

ROOT = Path(__file__).parents[2]
PROTOCOLS = InstalledEnvironment().protocols()


def test_the_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("protocol_id", PROTOCOLS)
def test_a_protocol_explains_itself(protocol_id: str) -> None:
    protocol = PROTOCOLS[protocol_id]
    assert protocol.id == protocol_id
    assert protocol.__doc__, "a protocol has a docstring"
    assert not protocol.title().startswith("A step of a workflow"), "the docstring is its own"
    for port in (*protocol.input_ports(), *protocol.output_ports()):
        assert port.help, f"{protocol_id}.{port.name} has no help"
    inputs = {port.name for port in protocol.input_ports()}
    for parameter in describe_parameters(protocol.Parameters):
        assert parameter.name not in inputs, f"{protocol_id}.{parameter.name} is an input and a parameter"
        assert parameter.label, f"{protocol_id}.{parameter.name} has no label"


@pytest.mark.parametrize(
    "command", [*(name for name in COMMANDS if name != "tool"), *(f"tool {name}" for name in TOOLS)]
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cryoloom.cli.main", *command.split(), "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Example" in done.stdout
