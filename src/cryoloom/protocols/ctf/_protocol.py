"""Estimate the contrast transfer function of every micrograph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import CTF, Micrograph, counted
from cryoloom.errors import ParameterError
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import Angstrom, Level, Micrometre, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

if TYPE_CHECKING:
    from cryoloom.engine.ctf import CTFSettings

_PROGRAM = 300 * 2**20
_BYTES_PER_PIXEL = 16


class EstimateCTF(MapProtocol):
    """Fit defocus and astigmatism to the Thon rings of each micrograph.

    Power spectra of overlapping tiles are searched exhaustively for the defocus, astigmatism and, with a phase plate,
    the phase shift that make the rings most likely. A tilt, an ice ring and drift are recognised, and a fit that may be
    wrong says so.
    """

    id = "ctf"
    version = 1
    stage = Stage.CTF
    citations = ("Rohou & Grigorieff (2015), J. Struct. Biol. 192:216-221, doi:10.1016/j.jsb.2015.08.008",)
    file_categories: ClassVar[Mapping[str, FileRole]] = {"spectra": FileRole.RESULT}

    class Inputs:
        """Micrographs."""

        micrographs: Input[Micrograph] = input_set("micrographs; their plain sums are used")

    class Outputs:
        """CTFs."""

        ctfs: Output[CTF] = output_set("one for each micrograph")

    class Parameters(ProtocolParameters):
        """Where the rings are looked for."""

        resolution_range: tuple[Angstrom, Angstrom] = parameter(
            (30.0, 4.0),
            label="Resolution range",
            help="Rings between these resolutions are fitted. Widen the far end for thin ice.",
        )
        defocus_range: tuple[Micrometre, Micrometre] = parameter(
            (0.2, 5.0), label="Defocus range", help="Smallest and largest underfocus."
        )
        phase_plate: bool = parameter(
            False, label="Phase plate", help="Fit a phase shift as well.", level=Level.ADVANCED
        )
        maximum_astigmatism: Angstrom = parameter(
            3000.0, label="Largest astigmatism", help="Largest defocus U − V.", level=Level.EXPERT, ge=0
        )

    def check(self, parameters: Any) -> None:
        """Refuse ranges that are empty."""
        _settings(parameters)

    def resources(self, micrograph: Micrograph, parameters: Any) -> Resources:
        """Memory follows from the size of the micrograph."""
        return Resources(cpu=1, memory=_PROGRAM + _BYTES_PER_PIXEL * micrograph.width * micrograph.height)

    def process(self, micrograph: Micrograph, /, parameters: Any, workspace: Workspace) -> CTF:
        """Fit one micrograph."""
        from cryoloom.protocols.ctf._files import MicrographAcquisition, fit_micrograph

        optics = micrograph.optics
        picture = workspace.file("spectra", ".png")
        fit = fit_micrograph(
            workspace.resolve(micrograph.file),
            MicrographAcquisition(
                pixel_size=micrograph.pixel_size,
                voltage=optics.voltage,
                spherical_aberration=optics.spherical_aberration,
                amplitude_contrast=optics.amplitude_contrast,
            ),
            _settings(parameters),
            picture=picture.path,
            threads=workspace.threads,
        ).fit
        return CTF(
            id=micrograph.id,
            parent_id=micrograph.id,
            defocus_u=fit.defocus_u,
            defocus_v=fit.defocus_v,
            defocus_angle=fit.defocus_angle,
            phase_shift=fit.phase_shift,
            score=fit.score,
            fit_resolution=fit.fit_resolution,
            ice_ring=None if fit.ice_ring is None else fit.ice_ring.strength,
            ice_thickness_relative=fit.ice_thickness_relative,
            tilt_angle=None if fit.tilt is None else fit.tilt.angle,
            tilt_axis=None if fit.tilt is None else fit.tilt.axis,
            spectrum_picture=picture.name,
            warnings=fit.warnings,
            pixel_size=micrograph.pixel_size,
        ).with_optics(optics)

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        coarse, fine = parameters.resolution_range
        micrographs = counted(counts.get("ctfs", 0), "micrographs")
        return (
            f"Contrast transfer functions of {micrographs} were estimated with cryoloom from "
            f"Thon rings between {coarse:g} and {fine:g} Å."
        )


def _settings(parameters: Any) -> CTFSettings:
    from cryoloom.engine.ctf import CTFSettings

    smallest, largest = parameters.defocus_range
    try:
        return CTFSettings(
            resolution_range=parameters.resolution_range,
            defocus_range=(1e4 * smallest, 1e4 * largest),
            phase_shift_range=(0.0, 180.0) if parameters.phase_plate else None,
            maximum_astigmatism=parameters.maximum_astigmatism,
        )
    except ValueError as error:
        raise ParameterError(str(error)) from error
