"""Remove particles that are there twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import Micrograph, Particle
from cryoloom.errors import InputError
from cryoloom.protocols.micrograph_places import is_same_image
from cryoloom.workflow.parameters import Angstrom, AngstromPerPixel, Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import Input, Output, Stage, TableProtocol, input_set, output_set

if TYPE_CHECKING:
    from cryoloom.data import Table


class RemoveDuplicates(TableProtocol):
    """Keep one of particles that are the same: the same image, or too near each other in a micrograph.

    Of two, the one with the higher score stays. What is there twice would be in both halves of the data and make their
    correlation look better than it is. Shifts that were refined are taken into account, so that two picks that have
    been drawn to the same particle are found.
    """

    id = "remove-duplicates"
    stage = Stage.SETS

    class Inputs:
        """The particles, and the micrographs for their pixel size."""

        particles: Input[Particle] = input_set("the particles")
        micrographs: Input[Micrograph] = input_set("their micrographs, which tell the pixel size", optional=True)

    class Outputs:
        """What stays, and the rest."""

        kept: Output[Particle] = output_set("particles no two of which are the same")
        duplicates: Output[Particle] = output_set("the others")

    class Parameters(ProtocolParameters):
        """What is too near."""

        distance: Angstrom = parameter(
            20.0, label="Distance", help="Nearer particles are taken for one; 0 compares images only.", ge=0
        )
        micrograph_pixel_size: AngstromPerPixel | None = parameter(
            None,
            label="Pixel size of the micrographs",
            help="If no micrographs are connected and the optics do not tell it.",
            level=Level.ADVANCED,
            gt=0,
            le=100,
        )

    def transform(
        self, tables: Mapping[str, Table], parameters: Any, resolve: Callable[[str], Path]
    ) -> Mapping[str, Table]:
        """Compare positions."""
        from cryoloom.protocols.particle_images import without_duplicates

        particles = tables["particles"]
        pixel_size: float | Mapping[int, float] | None = parameters.micrograph_pixel_size
        if pixel_size is None and "micrographs" in tables and _are_of(particles, tables["micrographs"], resolve):
            pixel_size = dict(tables["micrographs"].frame.select("id", "pixel_size").rows())
        found = without_duplicates(particles, parameters.distance, micrograph_pixel_size=pixel_size)
        if parameters.distance and any("pixel size" in remark for remark in found.remarks):
            raise InputError(
                "The pixel size of the micrographs is not known, so distances in them cannot be told; connect those "
                "that the particles were cut from, set micrograph_pixel_size, or set distance to 0 to compare images "
                "only."
            )
        gone = particles.frame["id"].is_in([each.id for each in found.removed])
        return {"kept": found.kept, "duplicates": particles.with_frame(particles.frame.filter(gone))}

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        within = f" within {parameters.distance:g} Å of each other" if parameters.distance else ""
        return f"{counts.get('duplicates', 0)} duplicate particles{within} were removed."


def _are_of(particles: Table, micrographs: Table, resolve: Callable[[str], Path]) -> bool:
    """Whether the micrographs are the images that particles were cut from, not others of the same movies.

    Those may have been binned otherwise, and positions are in pixels of the former. Nothing speaks against it where
    particles do not name an image.
    """
    if not {"micrograph_id", "micrograph_file"} <= set(particles.frame.columns):
        return True
    columns = [name for name in ("file", "dose_weighted_file") if name in micrographs.frame.columns]
    images = {
        identity: list(filter(None, names)) for identity, *names in micrographs.frame.select("id", *columns).iter_rows()
    }
    named = particles.frame.select("micrograph_id", "micrograph_file").unique().iter_rows()
    return all(
        not file or any(is_same_image(file, name, resolve) for name in images.get(identity, [file]))
        for identity, file in named
    )
