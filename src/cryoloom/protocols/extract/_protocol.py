"""Cut particles out of micrographs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import CTF, Coordinate, Micrograph, Particle, child_id, counted_were, half_set_of
from cryoloom.errors import ParameterError
from cryoloom.protocols.extract._box import USUAL_DEFOCUS, default_box_size, what_box_loses
from cryoloom.protocols.in_words import values_in_words
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import Angstrom, Level, Micrometre, Pixel, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

if TYPE_CHECKING:
    from cryoloom.data import Snapshot

_PROGRAM = 250 * 2**20
_BACKGROUND_OVER_BOX = 0.75
_USUALLY_LEFT_OUT = 0.25  # of a micrograph's particles, at its edges; fewer are not worth a warning
_PARTICLES_EXPECTED = 500  # of a micrograph whose coordinates have not been looked at


class ExtractParticles(MapProtocol):
    """Cut particles out of micrographs, normalise their background, and store them protein-white.

    Windows lie on whole pixels, so nothing is interpolated; what is left of a position is kept as a shift. A position
    whose window leaves the micrograph gives no particle; it is warned of where that costs more than a quarter of them.
    Positions that were found in another sum of the same movie, as in one that was binned, are brought to this one's
    pixels.
    A half set is drawn once for each particle and kept for ever.
    """

    id = "extract"
    version = 2  # 1 had a smaller box if none was stated
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
            help="Edge of the window in pixels of the micrograph, even; without it what holds the particle and what "
            "defocus spreads around it, and at least one and a half diameters.",
            ge=8,
            le=8192,
        )
        output_size: Pixel | None = parameter(
            None, label="Image size", help="Edge of the images after Fourier cropping, even.", ge=8, le=8192
        )
        defocus: Micrometre = parameter(
            USUAL_DEFOCUS,
            label="Defocus to hold",
            help="A box that is not stated holds what is scattered at this defocus; give the strongest of the session.",
            level=Level.ADVANCED,
            ge=0,
            le=20,
        )
        resolution: Angstrom | None = parameter(
            None,
            label="Resolution to hold",
            help="The box is to hold details of this size at their defocus, and is warned of if it does not; without "
            "it 4 Å, or two pixels of the images if that is more.",
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
        return self.resources_given(micrograph, parameters, {"coordinates": _PARTICLES_EXPECTED})

    def resources_given(self, micrograph: Micrograph, parameters: Any, counts: Mapping[str, int]) -> Resources:
        """Memory follows from the size of the micrograph, and from the number and size of the images."""
        size = parameters.output_size or _box(parameters, micrograph)
        images = counts["coordinates"] * 4 * size * size
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
        from cryoloom.engine.extraction import ExtractionSettings, extract_particles
        from cryoloom.formats import read_image, write_stack
        from cryoloom.protocols.micrograph_places import places_in

        pixel_size = micrograph.pixel_size
        box = _box(parameters, micrograph)
        settings = ExtractionSettings(
            box_size=box,
            background_diameter=min(max(parameters.diameter / pixel_size, _BACKGROUND_OVER_BOX * box), 0.95 * box),
            output_size=parameters.output_size,
            contrast_sign=micrograph.contrast_sign,
        )
        image_pixel_size = pixel_size * box / settings.image_size
        lost = (
            ""
            if ctfs is None
            else what_box_loses(
                box,
                parameters.diameter,
                defocus=ctfs.defocus_u,
                resolution=parameters.resolution,
                voltage=micrograph.optics.voltage,
                pixel_size=pixel_size,
                image_pixel_size=image_pixel_size,
            )
        )
        if lost:
            workspace.warn(lost)
        file = micrograph.dose_weighted_file or micrograph.file
        ordered = sorted(coordinates, key=lambda coordinate: coordinate.id)
        made = extract_particles(
            read_image(workspace.resolve(file)),
            places_in(micrograph, ordered, workspace.resolve),
            settings,
            threads=workspace.threads,
        )
        for reason, count in Counter(dropped.reason for dropped in made.dropped).items():
            if count > _USUALLY_LEFT_OUT * len(ordered):
                workspace.warn(f"{count} of {len(ordered)} particles were left out: {reason}.")
        if not len(made.images):
            return []
        stack = workspace.file("particles", ".mrcs")
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
        return f"{counted_were(counts.get('particles', 0), 'particles')} extracted."

    def particulars(self, parameters: Any, outputs: Mapping[str, Snapshot[Any]]) -> str:
        """Box, pixel size and normalisation of the images as they are."""
        images = outputs.get("particles")
        size, pixel_size = values_in_words(images, "box_size"), values_in_words(images, "pixel_size")
        if not size:
            return ""
        cropped = "" if parameters.output_size is None else ", Fourier-cropped,"
        return (
            f"The images{cropped} have {size} pixels of {pixel_size} Å along an edge. Protein is white; the background "
            "outside a circle around the particle was brought to mean 0 and standard deviation 1."
        )


def _box(parameters: Any, micrograph: Micrograph) -> int:
    if parameters.box_size is not None:
        return int(parameters.box_size)
    return default_box_size(
        parameters.diameter,
        defocus=1e4 * parameters.defocus,
        resolution=parameters.resolution,
        voltage=micrograph.optics.voltage,
        pixel_size=micrograph.pixel_size,
        field=(micrograph.height, micrograph.width),
    )


def _transfer(ctf: CTF | None) -> dict[str, Any]:
    if ctf is None:
        return {}
    return {
        "defocus_u": ctf.defocus_u,
        "defocus_v": ctf.defocus_v,
        "defocus_angle": ctf.defocus_angle,
        "phase_shift": ctf.phase_shift,
    }
