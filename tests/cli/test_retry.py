"""What failed as a whole is tried again, as failed items are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cryoloom.formats import write_image
from cryoloom.runtime import Project
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.run import RunState


def test_a_source_that_failed_as_a_whole_is_tried_again(document: Callable[..., Any], tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    write_image(images / "one.mrc", np.ones((64, 64), np.float32), pixel_size=1.0)
    project = Project.create(tmp_path / "project")
    run = project.add("import-micrographs", folder=images, voltage=300, settle=0.0)
    images.rename(tmp_path / "away")
    drive_run(project.path, run.folder.path, project.environment)
    assert run.state is RunState.FAILED
    assert run.failed_items() == []
    (tmp_path / "away").rename(images)
    assert document("retry", project.path)["retried"] == [1]
    run.wait(timeout=60)
    assert run.state is RunState.FINISHED
    assert len(run.outputs["micrographs"]) == 1
    assert document("retry", project.path)["retried"] == []
