"""Bring in what other programs have written: particles, micrographs, CTFs, coordinates, maps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cryoloom.data import CTF, Coordinate, Particle, Volume, counted_were, digest
from cryoloom.errors import FormatError, InputError, ParameterError
from cryoloom.protocols.imports._images import found_images
from cryoloom.protocols.pixel_sizes import disagreement
from cryoloom.workflow.parameters import (
    AngstromPerPixel,
    Kilovolt,
    Level,
    Millimetre,
    ProtocolParameters,
    parameter,
)
from cryoloom.workflow.protocol import Found, Output, SourceProtocol, Stage, output_set
from cryoloom.workflow.workspace import SourceContext

if TYPE_CHECKING:
    from cryoloom.data import Table
    from cryoloom.formats.relion import AssumedAcquisition, Imported


class _StarParameters(ProtocolParameters):
    """A file, and what it may leave unsaid."""

    file: Path = parameter(label="File", help="STAR file of RELION 3.0 to 5, or .cs file of cryoSPARC.")
    passthrough: Path | None = parameter(
        None,
        label="Passthrough file",
        help="Of a .cs file: the one with the fields that its job did not change.",
        level=Level.ADVANCED,
    )
    voltage: Kilovolt | None = parameter(
        None, label="Voltage", section="If the file does not say", gt=10, le=2000, level=Level.ADVANCED
    )
    spherical_aberration: Millimetre | None = parameter(
        None, label="Spherical aberration", section="If the file does not say", ge=0, le=20, level=Level.ADVANCED
    )
    amplitude_contrast: float | None = parameter(
        None, label="Amplitude contrast", section="If the file does not say", ge=0, le=1, level=Level.ADVANCED
    )
    pixel_size: AngstromPerPixel | None = parameter(
        None, label="Pixel size", section="If the file does not say", gt=0.01, le=100, level=Level.ADVANCED
    )

    def assumed(self) -> AssumedAcquisition:
        """What to assume where the file does not say it."""
        return assumed_acquisition(self)


class _ImportTable(SourceProtocol):
    """A source that reads one file once."""

    stage = Stage.IMPORT

    class Parameters(_StarParameters):
        """The file."""

    def check(self, parameters: Any) -> None:
        """Refuse files that are not there."""
        if not parameters.file.is_file():
            raise ParameterError(f"There is no file {parameters.file}.", path=parameters.file)

    def look(self, parameters: Any, context: SourceContext) -> Found:
        """Read the file."""
        (port,) = self.output_ports()
        return found_table(port.name, self.read(parameters), parameters, context)

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        (port,) = self.output_ports()
        return f"{counted_were(counts.get(port.name, 0), port.name)} imported from {parameters.file.name}."

    @abstractmethod
    def read(self, parameters: Any) -> Imported:
        """Read the file's items."""


class ImportParticles(_ImportTable):
    """Import particles from a STAR file of RELION or a .cs file of cryoSPARC; the image stacks stay where they are.

    Every stack is looked for, beginning in the folder of the file and going up. Particles whose stack is not there, is
    no stack, or holds too few images are listed as failed, stack by stack; they come in by a retry once it is mended.
    """

    id = "import-particles"

    class Parameters(_StarParameters):
        """The file, and how its images show particles."""

        protein: Literal["white", "dark"] | None = parameter(
            None,
            label="Protein is",
            help="In the images. It goes before what the file says; without it protein is as the file says, or white.",
        )

    class Outputs:
        """The particles."""

        particles: Output[Particle] = output_set("particles, with what is known of CTF, pose and half set")

    def read(self, parameters: Any) -> Imported:
        """Read the particles."""
        from cryoloom.formats import cryosparc, relion
        from cryoloom.protocols.particle_images import with_contrast

        if is_cs(parameters.file):
            imported = cryosparc.read_particles(parameters.file, passthrough=parameters.passthrough)
        else:
            imported = relion.read_particles(parameters.file, assumed=parameters.assumed())
        if parameters.protein is None:
            return imported
        return replace(imported, table=with_contrast(imported.table, 1 if parameters.protein == "white" else -1))


class ImportCTFs(_ImportTable):
    """Import CTFs from a STAR or .cs file; they belong to micrographs imported from the same file."""

    id = "import-ctfs"

    class Outputs:
        """The CTFs."""

        ctfs: Output[CTF] = output_set("CTFs")

    def read(self, parameters: Any) -> Imported:
        """Read the CTFs."""
        from cryoloom.formats import cryosparc, relion

        if is_cs(parameters.file):
            return cryosparc.read_ctfs(parameters.file, passthrough=parameters.passthrough)
        return relion.read_ctfs(parameters.file, assumed=parameters.assumed())


class ImportCoordinates(_ImportTable):
    """Import positions of particles from a STAR file of RELION."""

    id = "import-coordinates"

    class Outputs:
        """The coordinates."""

        coordinates: Output[Coordinate] = output_set("positions")

    def read(self, parameters: Any) -> Imported:
        """Read the positions."""
        from cryoloom.formats.relion import read_coordinates

        return read_coordinates(parameters.file)


class ImportVolume(SourceProtocol):
    """Import a map, with its half maps and mask if there are any; the files stay where they are."""

    id = "import-volume"
    stage = Stage.IMPORT

    class Outputs:
        """The map."""

        volumes: Output[Volume] = output_set("the map")

    class Parameters(ProtocolParameters):
        """Its files."""

        file: Path = parameter(label="Map", help="MRC or CCP4 file.")
        half1: Path | None = parameter(None, label="First half map")
        half2: Path | None = parameter(None, label="Second half map")
        mask: Path | None = parameter(None, label="Mask")
        pixel_size: AngstromPerPixel | None = parameter(
            None,
            label="Pixel size",
            help="It goes before what the file says. Without it, what the file says is believed if it is plausible.",
            gt=0,
            le=100,
        )
        symmetry: str = parameter("C1", label="Symmetry", help="Point group: C1, D7, O …")

    def check(self, parameters: Any) -> None:
        """Refuse files that are not there."""
        for path in (parameters.file, parameters.half1, parameters.half2, parameters.mask):
            if path is not None and not path.is_file():
                raise ParameterError(f"There is no file {path}.", path=path)

    def look(self, parameters: Any, context: SourceContext) -> Found:
        """Read the header."""
        from cryoloom.formats import read_header

        header = read_header(parameters.file)
        pixel_size = header.pixel_size if parameters.pixel_size is None else parameters.pixel_size
        if not pixel_size:
            raise InputError(f"{parameters.file.name} states no pixel size; set pixel_size.", path=parameters.file)
        misstated = disagreement(parameters.pixel_size, header.pixel_size)
        if misstated:
            context.say(misstated)
        if len(set(header.shape)) != 1:
            raise FormatError(
                f"{parameters.file.name} is {' × '.join(map(str, header.shape))}; a map must be a cube.",
                path=parameters.file,
            )
        content = parameters.file.absolute()
        volume = Volume(
            id=digest("volume", str(content).encode(), str(content.stat().st_mtime_ns).encode()),
            file=str(content),
            half1_file="" if parameters.half1 is None else str(parameters.half1.absolute()),
            half2_file="" if parameters.half2 is None else str(parameters.half2.absolute()),
            mask_file="" if parameters.mask is None else str(parameters.mask.absolute()),
            pixel_size=pixel_size,
            box_size=header.shape[0],
            symmetry=parameters.symmetry,
        )
        gone = context.known["volumes"] - {volume.id}
        return Found(items={"volumes": [volume]}, withdrawn={"volumes": sorted(gone)}, exhausted=True)

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return f"The map {parameters.file.name} was imported."


def assumed_acquisition(parameters: Any) -> AssumedAcquisition:
    """What to assume where a file does not say it."""
    from cryoloom.formats.relion import AssumedAcquisition

    return AssumedAcquisition(
        voltage=parameters.voltage,
        spherical_aberration=parameters.spherical_aberration,
        amplitude_contrast=parameters.amplitude_contrast,
        pixel_size=parameters.pixel_size,
    )


def found_table(output: str, imported: Imported, parameters: Any, context: SourceContext) -> Found:
    """What a look at a file that was read gives; whatever was there and is no longer in it is withdrawn.

    Each image that it names is looked for; items whose image is not there, or is none, are left out and said.
    """
    table, failures, recovered = found_images(imported, parameters.file)
    for remark in (*imported.remarks, *_misstated(table, parameters.pixel_size)):
        context.say(remark)
    withdrawn = context.known[output] - set(table.frame["id"])
    return Found(
        tables={output: table},
        withdrawn={output: sorted(withdrawn)},
        failures=failures,
        recovered=recovered,
        exhausted=True,
    )


def _misstated(table: Table, stated: float | None) -> Iterator[str]:
    """Where a pixel size that was stated is not used, or is not that of the images."""
    import polars as pl

    from cryoloom.formats import read_header

    if not stated or "pixel_size" not in table.frame.columns or table.frame.is_empty():
        return
    used = table.frame["pixel_size"].unique().sort().to_list()
    if any(disagreement(stated, size) for size in used):
        said = " and ".join(f"{size:g}" for size in used)
        yield f"The file says a pixel size of {said} Å, which is used; the {stated:g} Å that was stated is not."
    for (name,) in table.frame.filter(pl.col("pixel_size") == stated).select("file").head(1).iter_rows():
        sentence = disagreement(stated, read_header(name).pixel_size)
        yield from [f"{Path(name).name}: {sentence}"] if sentence else []


def is_cs(file: Path) -> bool:
    from cryoloom.formats import FileFormat, detect_format

    return detect_format(file) is FileFormat.CS
