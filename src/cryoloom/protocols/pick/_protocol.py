"""Pick particles from every micrograph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryoloom.data import Coordinate, Micrograph, child_id, quantised_position
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import Angstrom, Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

_BYTES_PER_PIXEL = 24
_PROGRAM = 400 * 2**20


class PickParticles(MapProtocol):
    """Find particles of which only the diameter is known.

    What particles look like is learned from each micrograph; how high a score must be is read from noise made with the
    micrograph's own spectrum, so an empty one gives next to nothing. Film, crystals, gold and aggregates are left out.
    """

    id = "pick"
    version = 1
    stage = Stage.PICK

    class Inputs:
        """Micrographs."""

        micrographs: Input[Micrograph] = input_set("micrographs to pick from")

    class Outputs:
        """Positions."""

        coordinates: Output[Coordinate] = output_set("centres of particles")

    class Parameters(ProtocolParameters):
        """What is looked for."""

        diameter: Angstrom = parameter(
            label="Diameter", help="Of the particle; its longest is a safe choice.", gt=10, le=5000
        )
        threads: int = parameter(1, label="Threads", help="For one micrograph.", level=Level.ADVANCED, ge=1, le=64)

    def resources(self, micrograph: Micrograph, parameters: Any) -> Resources:
        """Memory follows from the size of the micrograph."""
        pixels = micrograph.width * micrograph.height
        return Resources(cpu=parameters.threads, memory=_PROGRAM + _BYTES_PER_PIXEL * pixels)

    def process(self, micrograph: Micrograph, /, parameters: Any, workspace: Workspace) -> Sequence[Coordinate]:
        """Pick one micrograph."""
        from cryoloom.engine.picking import pick_particles
        from cryoloom.formats import read_image

        file = micrograph.dose_weighted_file or micrograph.file
        picks = pick_particles(
            read_image(workspace.resolve(file)),
            diameter=parameters.diameter,
            pixel_size=micrograph.pixel_size,
            contrast_sign=micrograph.contrast_sign,
            threads=workspace.threads,
        )
        return [
            Coordinate(
                id=child_id(micrograph.id, quantised_position(float(x), float(y))),
                parent_id=micrograph.id,
                micrograph_id=micrograph.id,
                x=float(x),
                y=float(y),
                score=float(score),
                diameter=parameters.diameter,
                micrograph_file=file,
            )
            for (x, y), score in zip(picks.coordinates, picks.scores, strict=True)
        ]

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return (
            f"{counts.get('coordinates', 0)} particles were picked with cryoloom, given a diameter of "
            f"{parameters.diameter:g} Å."
        )
