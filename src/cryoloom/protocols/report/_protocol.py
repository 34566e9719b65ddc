"""The report as a step of a workflow, and of a whole project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import (
    CTF,
    FSC,
    Class2D,
    Coordinate,
    DirectionalResolution,
    HalfMapDifference,
    Item,
    LocalResolution,
    Micrograph,
    ModelCorrelation,
    Particle,
    Snapshot,
    ViewDistribution,
    Volume,
)
from cryoloom.durable import AtomicFile
from cryoloom.protocols.preflight import Check
from cryoloom.protocols.report._findings import Findings, exposures_of
from cryoloom.protocols.report._page import report_page
from cryoloom.protocols.report._pictures import micrograph_picture
from cryoloom.protocols.report._reconstruction import Reconstruction
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, Stage, WholeProtocol, input_set
from cryoloom.workflow.workspace import RoundWorkspace, resolve_in_project

if TYPE_CHECKING:
    from cryoloom.data import Table

_VALIDATION = ("resolutions", "differences", "directions", "views", "correlations")


class Report(WholeProtocol):
    """Make a page with pictures, distributions and methods of a session, in one file that needs no other."""

    id = "report"
    stage = Stage.EXPORT
    waits_for_closed_inputs = True
    shows_history = True
    file_categories: ClassVar[Mapping[str, FileRole]] = {"report": FileRole.RESULT}

    class Inputs:
        """What is shown."""

        micrographs: Input[Micrograph] = input_set("aligned sums")
        ctfs: Input[CTF] = input_set("their CTFs", optional=True)
        coordinates: Input[Coordinate] = input_set("picks", optional=True)
        particles: Input[Particle] = input_set("extracted particles", optional=True)
        checks: Input[Check] = input_set("what a preflight found", optional=True)
        classes: Input[Class2D] = input_set("class averages", optional=True)
        volumes: Input[Volume] = input_set("maps", optional=True)
        fscs: Input[FSC] = input_set("curves of these maps", optional=True)
        resolutions: Input[LocalResolution] = input_set("their local resolutions", optional=True)
        differences: Input[HalfMapDifference] = input_set("differences of their halves", optional=True)
        directions: Input[DirectionalResolution] = input_set("their resolution by direction", optional=True)
        views: Input[ViewDistribution] = input_set("from where particles are seen", optional=True)
        correlations: Input[ModelCorrelation] = input_set("correlations with a model", optional=True)

    class Parameters(ProtocolParameters):
        """How much is shown."""

        title: str = parameter("", label="Title")
        exposures: int = parameter(6, label="Exposures with pictures", ge=1, le=200)

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Write the page."""
        particles = inputs.get("particles")
        findings = Findings(
            title=parameters.title or workspace.project.name,
            project=workspace.project,
            exposures=exposures_of(inputs["micrographs"], inputs.get("ctfs"), inputs.get("coordinates")),
            particle_count=None if particles is None else particles.count,
            checks=[check for check in inputs["checks"].items() if isinstance(check, Check)]
            if "checks" in inputs
            else [],
            reconstruction=Reconstruction.of(
                *([*inputs[name].items()] if name in inputs else [] for name in ("classes", "volumes", "fscs")),
                validation=[one for name in _VALIDATION if name in inputs for one in inputs[name].items()],
            ),
            methods=workspace.history,
        )
        folder = workspace.run_folder / "files" / "report"
        folder.mkdir(parents=True, exist_ok=True)
        write_report(folder / "report.html", findings, shown=parameters.exposures)
        return {}


def write_report(target: Path, findings: Findings, *, shown: int = 6) -> None:
    """Write the page that shows findings.

    Parameters
    ----------
    target : HTML file
    findings : what is shown
    shown : exposures with pictures
    """

    def picture_of(micrograph: Micrograph) -> bytes | None:
        from cryoloom.formats import read_image

        if micrograph.thumbnail:
            thumbnail = resolve_in_project(findings.project, micrograph.thumbnail)
            if thumbnail.exists():
                return thumbnail.read_bytes()
        file = resolve_in_project(findings.project, micrograph.dose_weighted_file or micrograph.file)
        return micrograph_picture(read_image(file)) if file.exists() else None

    def drift_of(micrograph: Micrograph) -> Sequence[tuple[float, float]]:
        from cryoloom.formats.relion import read_motion

        if not micrograph.motion_file:
            return []
        file = resolve_in_project(findings.project, micrograph.motion_file)
        if not file.exists():  # cleaned away with the micrograph
            return []
        motion = read_motion(file)
        return [
            (motion.pixel_size * shift[0], motion.pixel_size * shift[1])
            for shift in motion.global_shifts
            if shift is not None
        ]

    page = report_page(findings, picture_of=picture_of, drift_of=drift_of, shown=shown)
    with AtomicFile(target) as file:
        file.file.write(page.encode())
