"""Pick particles from every micrograph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import CTF, Class2D, Coordinate, Micrograph, child_id, counted_were, quantised_position
from cryoloom.errors import InputError, ParameterError
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import Angstrom, AngstromPerPixel, Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

if TYPE_CHECKING:
    from cryoloom.data import Snapshot
    from cryoloom.engine.optics import ContrastTransfer
    from cryoloom.engine.picking import Picks
    from cryoloom.protocols.pick._templates import TemplateImages

_BYTES_PER_PIXEL = 24
_PROGRAM = 400 * 2**20


class PickParticles(MapProtocol):
    """Find particles of which only the diameter is known, or that look like given templates.

    Without templates, what particles look like is learned from each micrograph. How high a score must be is read from
    noise made with the micrograph's own spectrum, so an empty one gives next to nothing. Film, crystals, gold and
    aggregates are left out.
    """

    id = "pick"
    version = 1
    stage = Stage.PICK
    citations = ("Eldar, Landa & Shkolnisky (2020), J. Struct. Biol. 210:107473, doi:10.1016/j.jsb.2020.107473",)

    class Inputs:
        """Micrographs, and what is known of their particles."""

        micrographs: Input[Micrograph] = input_set("micrographs to pick from")
        templates: Input[Class2D] = input_set(
            "class averages to look for; picking begins when their set is closed", optional=True, shared=True
        )
        ctfs: Input[CTF] = input_set("CTFs of the micrographs, which templates are given", optional=True)

    class Outputs:
        """Positions."""

        coordinates: Output[Coordinate] = output_set("centres of particles")

    class Parameters(ProtocolParameters):
        """What is looked for."""

        diameter: Angstrom = parameter(
            label="Diameter", help="Of the particle; its longest is a safe choice.", gt=10, le=5000
        )
        template_file: Path | None = parameter(
            None,
            label="Template file",
            help="Stack of protein-white projections or class averages to look for, at any turn in the plane.",
            section="Templates",
        )
        template_pixel_size: AngstromPerPixel | None = parameter(
            None,
            label="Template pixel size",
            help="Without it, what the template file says is believed if it is plausible.",
            section="Templates",
            condition="template_file",
            gt=0.01,
            le=100,
        )
        threads: int = parameter(1, label="Threads", help="For one micrograph.", level=Level.ADVANCED, ge=1, le=64)

    def check(self, parameters: Any) -> None:
        """Refuse a file of templates that is not there, and a pixel size of none."""
        file = parameters.template_file
        if file is not None and not file.is_file():
            raise ParameterError(f"Template file: there is no file {file}.", path=file)
        if file is None and parameters.template_pixel_size is not None:
            raise ParameterError("template_pixel_size is that of a template file; give the file, too.")

    def resources(self, micrograph: Micrograph, parameters: Any) -> Resources:
        """Memory follows from the size of the micrograph."""
        pixels = micrograph.width * micrograph.height
        return Resources(cpu=parameters.threads, memory=_PROGRAM + _BYTES_PER_PIXEL * pixels)

    def process(
        self,
        micrograph: Micrograph,
        /,
        parameters: Any,
        workspace: Workspace,
        *,
        templates: Sequence[Class2D] | None = None,
        ctfs: CTF | None = None,
    ) -> Sequence[Coordinate]:
        """Pick one micrograph."""
        from cryoloom.formats import read_image

        images = _template_images(templates, parameters, workspace)
        file = micrograph.dose_weighted_file or micrograph.file
        picks = _pick(read_image(workspace.resolve(file)), micrograph, parameters, images, ctfs, workspace.threads)
        classes = [None] * len(picks.scores) if images is None else [int(number) + 1 for number in picks.classes]
        return [
            Coordinate(
                id=child_id(micrograph.id, quantised_position(float(x), float(y))),
                parent_id=micrograph.id,
                micrograph_id=micrograph.id,
                x=float(x),
                y=float(y),
                score=float(score),
                diameter=parameters.diameter,
                class_number=class_number,
                micrograph_file=file,
            )
            for (x, y), score, class_number in zip(picks.coordinates, picks.scores, classes, strict=True)
        ]

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        given = f"a diameter of {parameters.diameter:g} Å"
        if parameters.template_file is not None:
            given = f"templates and {given}"
        return f"{counted_were(counts.get('coordinates', 0), 'particles')} picked with cryoloom, given {given}."

    def particulars(self, parameters: Any, outputs: Mapping[str, Snapshot[Any]]) -> str:
        """How particles were told from noise, and how many a micrograph has."""
        found = outputs.get("coordinates")
        if found is None:
            return ""
        with_templates = (
            "class_number" in found.columns and found.to_polars(["class_number"])["class_number"].count() > 0
        )
        how = (
            "Templates were compared at any turn in the plane"
            if with_templates
            else "What particles look like was learned from each micrograph (after Eldar et al., 2020)"
        )
        numbers = sorted(found.to_polars(["micrograph_id"])["micrograph_id"].value_counts()["count"])
        least, middle, most = numbers[0], numbers[len(numbers) // 2], numbers[-1]
        many = f"{least}" if least == most else f"{least} to {most}, in the median {middle},"
        return (
            f"{how}; scores were higher than those in noise of the micrograph's own spectrum. Micrographs with "
            f"particles have {many} of them."
        )


def _template_images(
    averages: Sequence[Class2D] | None, parameters: Any, workspace: Workspace
) -> TemplateImages | None:
    from cryoloom.protocols.pick._templates import Templates, read_class_averages, read_templates

    if averages is not None and parameters.template_file is not None:
        raise InputError("Templates are given as a set and as a file; give one of them.")
    if parameters.template_file is not None:
        images = read_templates(Templates(file=parameters.template_file, pixel_size=parameters.template_pixel_size))
        for remark in images.remarks:
            workspace.warn(f"{parameters.template_file.name}: {remark}")
        return images
    if averages is None:
        return None
    if not averages:
        raise InputError("The set of templates is empty; select class averages, or leave the input open.")
    return read_class_averages(averages, workspace.resolve)


def _pick(
    image: Any, micrograph: Micrograph, parameters: Any, templates: TemplateImages | None, ctf: CTF | None, threads: int
) -> Picks:
    from cryoloom.engine.picking import pick_particles, pick_with_templates

    if templates is None:
        return pick_particles(
            image,
            diameter=parameters.diameter,
            pixel_size=micrograph.pixel_size,
            contrast_sign=micrograph.contrast_sign,
            threads=threads,
        )
    return pick_with_templates(
        image,
        templates.pixels,
        template_pixel_size=templates.pixel_size,
        diameter=parameters.diameter,
        pixel_size=micrograph.pixel_size,
        contrast_sign=micrograph.contrast_sign,
        transfer=None if ctf is None else _transfer(ctf),
        threads=threads,
    )


def _transfer(ctf: CTF) -> ContrastTransfer:
    from cryoloom.engine.optics import ContrastTransfer

    return ContrastTransfer(
        voltage=ctf.optics.voltage,
        spherical_aberration=ctf.optics.spherical_aberration,
        amplitude_contrast=ctf.optics.amplitude_contrast,
        defocus_u=ctf.defocus_u,
        defocus_v=ctf.defocus_v,
        defocus_angle=ctf.defocus_angle,
        phase_shift=ctf.phase_shift,
    )
