"""Bring micrographs in: images in a folder, or those that another program has listed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cryoloom.data import Micrograph, OpticsGroup, counted_were
from cryoloom.errors import FormatError, ParameterError
from cryoloom.protocols.imports import _exposures, _watching
from cryoloom.protocols.imports._exposures import columns_of, pixel_size_of
from cryoloom.protocols.imports._folder import SeenFile
from cryoloom.protocols.imports._tables import assumed_acquisition, found_table, is_cs
from cryoloom.protocols.imports._watching import FolderSource, record_of
from cryoloom.workflow.parameters import (
    AngstromPerPixel,
    ElectronPerSquareAngstrom,
    Kilovolt,
    Level,
    Millimetre,
    ProtocolParameters,
    Second,
    parameter,
)
from cryoloom.workflow.protocol import Found, Output, Stage, output_set
from cryoloom.workflow.workspace import SourceContext

if TYPE_CHECKING:
    from cryoloom.formats.relion import Imported

MICROGRAPH_PATTERNS = ("*.mrc", "*.mrc.gz", "*.mrc.bz2", "*.tif", "*.tiff")


class ImportMicrographs(FolderSource):
    """Import micrographs: images in a folder that may still be filling, or those in a STAR or .cs file.

    An image is taken when its own format says that it is complete and it has not changed for a moment. The images stay
    where they are. What EPU or SerialEM wrote beside an image is kept with it.
    """

    id = "import-micrographs"
    stage = Stage.IMPORT

    class Outputs:
        """The micrographs."""

        micrographs: Output[Micrograph] = output_set("micrographs")

    class Parameters(ProtocolParameters):
        """Where they are and how they were taken."""

        folder: Path | None = parameter(None, label="Folder", help="A folder of images; subfolders count.")
        pattern: tuple[str, ...] = parameter(
            MICROGRAPH_PATTERNS,
            label="File names",
            help="Shell patterns, of the name or of the path below the folder.",
            condition="folder",
        )
        expect_more: bool = _watching.expect_more()
        file: Path | None = parameter(
            None, label="File", help="Instead of a folder: STAR file of RELION 3.0 to 5, or .cs file of cryoSPARC."
        )
        passthrough: Path | None = parameter(
            None,
            label="Passthrough file",
            help="Of a .cs file: the one with the fields that its job did not change.",
            level=Level.ADVANCED,
        )
        voltage: Kilovolt | None = parameter(
            None,
            label="Voltage",
            section="Microscope",
            help="Needed for images; for a file, of what it does not say.",
            gt=10,
            le=2000,
        )
        spherical_aberration: Millimetre | None = parameter(
            None,
            label="Spherical aberration",
            section="Microscope",
            help="If nothing is given or said, images are taken to have 2.7.",
            ge=0,
            le=20,
        )
        amplitude_contrast: float | None = parameter(
            None,
            label="Amplitude contrast",
            section="Microscope",
            help="If nothing is given or said, images are taken to have 0.1, as is customary for protein in ice.",
            ge=0,
            le=1,
            level=Level.ADVANCED,
        )
        pixel_size: AngstromPerPixel | None = _exposures.pixel_size()
        total_dose: ElectronPerSquareAngstrom | None = parameter(
            None, label="Total dose", section="Exposure", condition="folder", gt=0
        )
        protein: Literal["dark", "white"] = parameter(
            "dark", label="Protein is", section="Exposure", condition="folder", level=Level.ADVANCED
        )
        optics_group: str = parameter("opticsGroup1", label="Optics group", condition="folder", level=Level.ADVANCED)
        close_when_idle: Second = _watching.close_when_idle()
        settle: Second = _watching.settle()
        patience: Second = _watching.patience()

    def check(self, parameters: Any) -> None:
        """Refuse what is not there, and images of which the voltage is not known."""
        if (parameters.folder is None) == (parameters.file is None):
            raise ParameterError("Give either a folder of images, or a STAR or .cs file that lists them.")
        if parameters.file is not None:
            if not parameters.file.is_file():
                raise ParameterError(f"There is no file {parameters.file}.", path=parameters.file)
        elif not parameters.folder.is_dir():
            raise ParameterError(f"There is no folder {parameters.folder}.", path=parameters.folder)
        elif parameters.voltage is None:
            raise ParameterError("Images do not say their voltage; give it.")

    def look(self, parameters: Any, context: SourceContext) -> Found:
        """Read the file, or see which images are complete and new."""
        if parameters.folder is not None:
            return super().look(parameters, context)
        return found_table("micrographs", _read(parameters), parameters, context)

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        count = counts.get("micrographs", 0)
        if parameters.folder is None:
            return f"{counted_were(count, 'micrographs')} imported from {parameters.file.name}."
        return f"{counted_were(count, 'micrographs')} imported, recorded at {parameters.voltage:g} kV."

    def item_of(self, seen: SeenFile, parameters: Any, optics: OpticsGroup, context: SourceContext) -> Micrograph:
        """Read the header of an image, and what was written beside it."""
        from cryoloom.formats import read_header

        header = read_header(seen.path)
        images, height, width = header.shape
        if images != 1:
            raise FormatError(
                f"{seen.path.name} holds {images} images; a micrograph is one. Import movies with import-movies.",
                path=seen.path,
            )
        record = record_of(seen.path, context)
        self.compare_pixel_size(seen, parameters.pixel_size, header.pixel_size, context)
        return Micrograph(
            **columns_of(seen, parameters, optics),
            width=width,
            height=height,
            pixel_size=pixel_size_of(seen, parameters.pixel_size, record.pixel_size, header.pixel_size),
            total_dose=parameters.total_dose,
            contrast_sign=-1 if parameters.protein == "dark" else 1,
            acquired_at=record.acquired_at,
        )


def _read(parameters: Any) -> Imported:
    from cryoloom.formats import cryosparc, relion

    if is_cs(parameters.file):
        return cryosparc.read_micrographs(parameters.file, passthrough=parameters.passthrough)
    return relion.read_micrographs(parameters.file, assumed=assumed_acquisition(parameters))
