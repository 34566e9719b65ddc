"""Write sets as STAR files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import CTF, Coordinate, Item, Micrograph, Movie, Particle, Snapshot
from cryoloom.errors import InputError
from cryoloom.protocols.export._star import write_star_files
from cryoloom.workflow.protocol import FileRole, Input, Stage, WholeProtocol, input_set
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    from cryoloom.data import Table


class ExportStar(WholeProtocol):
    """Write sets as STAR files that RELION opens when it is started in the project's folder."""

    id = "export"
    stage = Stage.EXPORT
    waits_for_closed_inputs = True
    file_categories: ClassVar[Mapping[str, FileRole]] = {"star": FileRole.RESULT}

    class Inputs:
        """What is written; at least one."""

        particles: Input[Particle] = input_set("particles", optional=True)
        micrographs: Input[Micrograph] = input_set("micrographs", optional=True)
        ctfs: Input[CTF] = input_set("CTFs of the micrographs", optional=True)
        coordinates: Input[Coordinate] = input_set("coordinates", optional=True)
        movies: Input[Movie] = input_set("movies", optional=True)

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Write the files."""
        if not inputs:
            raise InputError("Nothing is connected that could be written; connect particles, micrographs or others.")
        folder = workspace.run_folder / "files" / "star"
        folder.mkdir(parents=True, exist_ok=True)
        tables = {name: snapshot.table() for name, snapshot in inputs.items()}
        _, remarks = write_star_files(folder, tables, project=workspace.project)
        for remark in remarks:
            workspace.warn(remark)
        return {}
