"""From one format to another, saying what is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from cryoloom.durable import refuse_inputs
from cryoloom.errors import ParameterError
from cryoloom.formats._detect import FileFormat, detect_format
from cryoloom.formats._image import ImageHeader, ImageKind, ImageStack, check_finite

if TYPE_CHECKING:
    from cryoloom.formats.relion import AssumedAcquisition
    from cryoloom.formats.star import Block

_MRC, _STACK, _TIFF = {".mrc", ".map", ".ccp4"}, {".mrcs", ".st"}, {".tif", ".tiff"}


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What a conversion did.

    Parameters
    ----------
    source, target : names of the formats
    count : images, or rows of the main table
    dropped : what could not be taken over, one sentence each
    remarks : what was assumed or converted, one sentence each
    """

    source: str
    target: str
    count: int
    dropped: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def convert(
    source: Path | str,
    target: Path | str,
    *,
    pixel_size: float | None = None,
    eer_fractions: int | None = None,
    eer_upsampling: int = 1,
    assumed: AssumedAcquisition | None = None,
    passthrough: Path | str | None = None,
) -> ConversionReport:
    """Convert a file; its content says what it is, the suffix of the target what it becomes.

    Images become ``.mrc``, ``.mrcs`` or ``.tif``, tables ``.star`` (RELION 3.1 and later) or ``.cs``. Images are
    converted one by one, so that memory does not grow with their number.

    Parameters
    ----------
    source : the file
    target : made when it is complete; what was there is replaced
    pixel_size : in Å, in place of what the source says; images only
    eer_fractions, eer_upsampling : how an EER movie is rendered
    assumed : for what a STAR file does not say
    passthrough : for a .cs file, the one with the fields that its job did not change

    Raises
    ------
    ParameterError
        If there is no way from the one to the other, or the target is what is read.
    FormatError
        If the source is damaged or of no known kind.
    """
    source, target = Path(source), Path(target)
    refuse_inputs([target], [source] if passthrough is None else [source, Path(passthrough)])
    kind = detect_format(source)
    suffix = target.suffix.lower()
    if kind.holds_images and suffix in _MRC | _STACK | _TIFF:
        with _opened(source, kind, eer_fractions, eer_upsampling) as stack:
            return _convert_images(stack, target, suffix, pixel_size)
    if kind in (FileFormat.STAR, FileFormat.CS) and suffix in (".star", ".cs"):
        return _convert_particles_or_table(source, kind, target, suffix, assumed, passthrough)
    if kind is FileFormat.XMD and suffix == ".star":
        from cryoloom.formats.xmd import read_xmd

        return _write_blocks(read_xmd(source), "XMD", target)
    raise ParameterError(f"{source.name}: there is no way from {kind} to a file named {target.name}.", path=source)


def _opened(source: Path, kind: FileFormat, fractions: int | None, upsampling: int) -> ImageStack:
    if kind is FileFormat.EER:
        from cryoloom.formats.eer import EERStack, sensible_fractions

        return EERStack(source, fractions=fractions or sensible_fractions(source), upsampling=upsampling)
    from cryoloom.formats._open import read_stack

    return read_stack(source)


def _convert_images(stack: ImageStack, target: Path, suffix: str, pixel_size: float | None) -> ConversionReport:
    header = stack.header
    size = header.pixel_size if pixel_size is None else pixel_size
    remarks = list(header.remarks)
    if size is None:
        remarks.append("The pixel size is not known.")
    if suffix in _TIFF:
        from cryoloom.formats.tiff import write_tiff_movie

        write_tiff_movie(target, _sections(stack), pixel_size=size)
    else:
        _write_mrc(stack, target, suffix, size)
    dropped = []
    if any(header.origin) and (suffix in _TIFF or not _is_volume(header, suffix)):
        dropped.append("The origin of the map was left out.")
    return ConversionReport(
        header.format, "TIFF" if suffix in _TIFF else "MRC", len(stack), tuple(dropped), tuple(remarks)
    )


def _is_volume(header: ImageHeader, suffix: str) -> bool:
    return header.kind is ImageKind.VOLUME and suffix in _MRC


def _write_mrc(stack: ImageStack, target: Path, suffix: str, pixel_size: float | None) -> None:
    from cryoloom.formats.mrc import StackWriter, VolumeWriter

    writer = (
        VolumeWriter(target, pixel_size=pixel_size, origin=stack.header.origin)
        if _is_volume(stack.header, suffix)
        else StackWriter(target, pixel_size=pixel_size)
    )
    with writer:
        for section in _sections(stack):
            writer.append(section if section.dtype.itemsize < 4 else section.astype("f4"))


def _sections(stack: ImageStack) -> Iterator[NDArray[Any]]:
    for number in range(len(stack)):
        section = stack.section(number)
        check_finite(section, stack.header.path, number)
        yield section


def _convert_particles_or_table(
    source: Path,
    kind: FileFormat,
    target: Path,
    suffix: str,
    assumed: AssumedAcquisition | None,
    passthrough: Path | str | None,
) -> ConversionReport:
    from cryoloom.formats import cryosparc, relion
    from cryoloom.formats._tables import read_particles
    from cryoloom.formats.star import read_star

    if kind is FileFormat.STAR:
        blocks = read_star(source)
        if not any("rlnImageName" in _labels(block) for block in blocks.values()):
            if suffix == ".cs":
                raise ParameterError(f"{source.name}: it lists no images of particles for a .cs file.", path=source)
            return _write_blocks(blocks, "STAR", target)
    imported = read_particles(source, assumed=assumed, passthrough=passthrough)
    write = relion.write_particles if suffix == ".star" else cryosparc.write_particles
    dropped = write(target, imported.table)
    return ConversionReport(str(kind), suffix[1:].upper(), len(imported.table), dropped, imported.remarks)


def _labels(block: Block) -> list[str]:
    return list(block) if isinstance(block, dict) else block.columns


def _write_blocks(blocks: dict[str, Block], source: str, target: Path) -> ConversionReport:
    """Tables that are not of particles, label for label."""
    import polars as pl

    from cryoloom.formats.star import write_star

    dropped = []
    kept: dict[str, Block] = {}
    for name, block in blocks.items():
        if isinstance(block, pl.DataFrame):
            lists = [label for label in block.columns if isinstance(block[label].dtype, pl.List)]
            dropped += [f"The column {label} of the table {name} was left out: STAR holds no lists." for label in lists]
            kept[name] = block.drop(lists)
        else:
            kept[name] = block
    write_star(target, kept)
    count = max((block.height for block in kept.values() if isinstance(block, pl.DataFrame)), default=0)
    return ConversionReport(source, "STAR", count, tuple(dropped))
