"""Cut particles out of micrographs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from cryoloom.data import CTF, Coordinate, Micrograph, Particle, child_id, half_set_of
from cryoloom.errors import ParameterError
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import Angstrom, Level, Pixel, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

_PROGRAM = 250 * 2**20
_BOX_OVER_DIAMETER = 1.5
_BACKGROUND_OVER_BOX = 0.75
_PARTICLES_EXPECTED = 500


class ExtractParticles(MapProtocol):
    """Cut particles out of micrographs, normalise their background, and store them protein-white.

    Windows lie on whole pixels, so nothing is interpolated; what is left of a position is kept as a shift. A half set
    is drawn once for each particle and kept for ever.
    """

    id = "extract"
    version = 1
    stage = Stage.EXTRACT
    file_categories: ClassVar[Mapping[str, FileRole]] = {"particles": FileRole.REBUILDABLE}

    class Inputs:
        """Micrographs, their CTFs and the positions in them."""

        micrographs: Input[Micrograph] = input_set("micrographs to cut from")
        coordinates: Input[Coordinate] = input_set("positions of particles", grouped_by="micrograph_id")
        ctfs: Input[CTF] = input_set("CTFs of the micrographs, which particles inherit", optional=True)

    class Outputs:
        """Particles."""

        particles: Output[Particle] = output_set("images of particles, one stack for each micrograph")

    class Parameters(ProtocolParameters):
        """How large they are."""

        diameter: Angstrom = parameter(
            label="Diameter", help="Of the particle: the box and the background circle follow from it.", gt=10, le=5000
        )
        box_size: Pixel | None = parameter(
            None,
            label="Box",
            help="Edge of the window in pixels of the micrograph, even; without it one and a half diameters.",
            ge=8,
            le=8192,
        )
        output_size: Pixel | None = parameter(
            None, label="Image size", help="Edge of the images after Fourier cropping, even.", ge=8, le=8192
        )
        resolution: Angstrom = parameter(
            3.0,
            label="Resolution wanted",
            help="A box too small for it, given the defocus, is warned of.",
            level=Level.ADVANCED,
            gt=0.5,
        )

    def check(self, parameters: Any) -> None:
        """Refuse odd sizes."""
        for name in ("box_size", "output_size"):
            value = getattr(parameters, name)
            if value is not None and value % 2:
                raise ParameterError(f"{name} is {value}; it must be even.")

    def resources(self, micrograph: Micrograph, parameters: Any) -> Resources:
        """Memory follows from the size of the micrograph and of the images."""
        box = _box(parameters, micrograph.pixel_size)
        size = parameters.output_size or box
        images = _PARTICLES_EXPECTED * 4 * size * size
        return Resources(cpu=1, memory=_PROGRAM + 8 * micrograph.width * micrograph.height + 2 * images)

    def process(
        self,
        micrograph: Micrograph,
        /,
        parameters: Any,
        workspace: Workspace,
        *,
        coordinates: Sequence[Coordinate],
        ctfs: CTF | None = None,
    ) -> Sequence[Particle]:
        """Cut out the particles of one micrograph."""
        import numpy as np

        from cryoloom.engine.extraction import ExtractionSettings, extract_particles
        from cryoloom.formats import read_image, write_stack

        pixel_size = micrograph.pixel_size
        box = _box(parameters, pixel_size)
        settings = ExtractionSettings(
            box_size=box,
            background_diameter=min(max(parameters.diameter / pixel_size, _BACKGROUND_OVER_BOX * box), 0.95 * box),
            output_size=parameters.output_size,
            contrast_sign=micrograph.contrast_sign,
        )
        self._warn_of_small_box(workspace, parameters, micrograph, ctfs, box)
        file = micrograph.dose_weighted_file or micrograph.file
        ordered = sorted(coordinates, key=lambda coordinate: coordinate.id)
        made = extract_particles(
            read_image(workspace.resolve(file)),
            np.array([(coordinate.x, coordinate.y) for coordinate in ordered]),
            settings,
            threads=workspace.threads,
        )
        for dropped in made.dropped:
            where = ordered[dropped.index]
            workspace.warn(f"The particle at ({where.x:.0f}, {where.y:.0f}) was left out: {dropped.reason}.")
        if not len(made.images):
            return []
        stack = workspace.file("particles", ".mrcs")
        image_pixel_size = pixel_size * box / settings.image_size
        write_stack(stack.path, made.images, pixel_size=image_pixel_size)
        particles = []
        for index, (source, centre, shift) in enumerate(zip(made.indices, made.centres, made.shifts, strict=True)):
            coordinate = ordered[source]
            identity = child_id(coordinate.id, "particle")
            particle = Particle(
                id=identity,
                parent_id=coordinate.id,
                micrograph_id=micrograph.id,
                file=stack.name,
                index=index,
                pixel_size=image_pixel_size,
                box_size=settings.image_size,
                x=float(centre[0]),
                y=float(centre[1]),
                micrograph_file=file,
                contrast_sign=1,
                half_set=half_set_of(identity),
                shift_x=float(shift[0]) * pixel_size,
                shift_y=float(shift[1]) * pixel_size,
                score=coordinate.score,
                **_transfer(ctfs),
            )
            particles.append(particle.with_optics(micrograph.optics))
        return particles

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return f"{counts.get('particles', 0)} particles were extracted."

    @staticmethod
    def _warn_of_small_box(
        workspace: Workspace, parameters: Any, micrograph: Micrograph, ctf: CTF | None, box: int
    ) -> None:
        from cryoloom.engine.extraction import recommended_box_size

        if ctf is None:
            return
        wanted = recommended_box_size(
            parameters.diameter,
            defocus=ctf.defocus_u,
            resolution=parameters.resolution,
            voltage=micrograph.optics.voltage,
            pixel_size=micrograph.pixel_size,
        )
        if wanted > box:
            workspace.warn(
                f"At {ctf.defocus_u / 1e4:.2f} µm a box of {box} px loses what the particle scatters at "
                f"{parameters.resolution:g} Å; {wanted} px hold it."
            )


def _box(parameters: Any, pixel_size: float) -> int:
    if parameters.box_size is not None:
        return int(parameters.box_size)
    return 2 * math.ceil(_BOX_OVER_DIAMETER * float(parameters.diameter) / pixel_size / 2)


def _transfer(ctf: CTF | None) -> dict[str, Any]:
    if ctf is None:
        return {}
    return {
        "defocus_u": ctf.defocus_u,
        "defocus_v": ctf.defocus_v,
        "defocus_angle": ctf.defocus_angle,
        "phase_shift": ctf.phase_shift,
    }
