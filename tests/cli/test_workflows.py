"""A workflow that is carried to another session asks for what belongs to that session."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Shell = Callable[..., tuple[str, str]]
Document = Callable[..., Any]


def test_paths_and_acquisition_are_asked_for_and_never_taken_over(
    project: Path, document: Document, shell: Shell, tmp_path: Path
) -> None:
    flow = tmp_path / "session.json"
    shell("export-workflow", project, "--output", flow)
    written = json.loads(flow.read_text(encoding="utf-8"))
    variables = written["variables"]
    assert {name: (one["example"], one["unit"], one["required"]) for name, one in variables.items()} == {
        "folder": (document("show", project, 1)["parameters"]["folder"], "", True),
        "voltage": (300.0, "kV", True),
        "pixel_size": (1.5, "Å/px", True),
        "dose_per_frame": (1.0, "e/Å²", True),
    }
    parameters = written["runs"][0]["parameters"]
    assert (parameters["folder"], parameters["dose_per_frame"]) == ("${folder}", "${dose_per_frame}")
    assert parameters["settle"] == 0.1, "how it is watched is no matter of the session"

    other, raw = tmp_path / "other", tmp_path / "other raw"
    raw.mkdir()
    document("new", other)
    said = shell("apply", other, flow, "--set", f"folder={raw}", expect=1)[1]
    assert "voltage (Voltage, formerly 300.0 kV)" in said
    assert "dose_per_frame (Dose per frame, formerly 1.0 e/Å²)" in said
    assert document("status", other)["runs"] == []
    given = {"folder": raw, "voltage": 200, "pixel_size": 0.9, "dose_per_frame": 1.2}
    shell("apply", other, flow, *(word for name, value in given.items() for word in ("--set", f"{name}={value}")))
    made = document("show", other, 1)["parameters"]
    assert [made[name] for name in given] == [str(raw), 200.0, 0.9, 1.2]


def test_the_same_session_can_be_processed_again_as_it_is(
    project: Path, document: Document, shell: Shell, tmp_path: Path
) -> None:
    flow, other = tmp_path / "again.json", tmp_path / "again"
    shell("export-workflow", project, "--as-is", "--output", flow)
    assert json.loads(flow.read_text(encoding="utf-8"))["variables"] == {}
    document("new", other)
    shell("apply", other, flow)
    assert document("show", other, 1)["parameters"] == document("show", project, 1)["parameters"]


def test_a_variable_that_is_named_keeps_its_default(project: Path, document: Document) -> None:
    exported = document("export-workflow", project, "--variable", "raw=1.folder")
    assert exported["runs"][0]["parameters"]["folder"] == "${raw}"
    assert exported["variables"]["raw"]["default"].endswith("raw")
    assert "folder" not in exported["variables"]


def test_the_workflow_of_a_session_comes_along_and_says_what_it_needs(
    document: Document, shell: Shell, tmp_path: Path
) -> None:
    document("new", tmp_path / "new")
    said = shell("apply", tmp_path / "new", "session", expect=1)[1]
    assert "pixel_size (Pixel size)" in said
    assert "diameter (Diameter)" in said
    assert "gain" not in said, "there are sessions without"
    assert "comes only session" in shell("apply", tmp_path / "new", "sesion", expect=1)[1]
