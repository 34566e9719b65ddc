"""What a driver said that a run will take is told of the run while it runs, and not after."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryoloom.runtime import Project


def test_a_running_run_tells_what_it_will_take(
    project: Path, document: Callable[..., Any], shell: Callable[..., tuple[str, str]], monkeypatch: Any
) -> None:
    attempt = Project.open(project).run(2).folder.attempt(1)
    told = {"event": "prediction", "round": 1, "seconds": 240.0, "memory": 3 * 2**29, "advice": ["Take a smaller box."]}
    with attempt.events_file.open("a", encoding="utf-8") as events:
        events.write(json.dumps(told) + "\n")
    assert document("show", project, 2)["prediction"] is None  # it has ended
    (attempt.path / "end.json").unlink()
    monkeypatch.setattr("cryoloom.workflow.run._state.is_alive", lambda _: True)
    assert document("show", project, 2)["prediction"] == {
        "seconds": 240.0,
        "memory": 3 * 2**29,
        "advice": ["Take a smaller box."],
    }
    said = shell("show", project, 2)[0]
    assert "predicted It will take about 4 min 00 s and 1.5 GB of memory. Take a smaller box." in said
    assert document("show", project, 1)["prediction"] is None
