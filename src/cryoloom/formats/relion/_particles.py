"""Particles in RELION's layouts, 3.0 to 5."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from cryoloom.data import Particle, Table, counted
from cryoloom.errors import FormatError, NotFoundError
from cryoloom.formats._imported import Imported, as_items
from cryoloom.formats.relion._files import header_of
from cryoloom.formats.relion._found_poses import stamped, told_of_these_poses
from cryoloom.formats.relion._identity import image_ids, joined_image_names, named_ids, split_image_names
from cryoloom.formats.relion._labels import OPTICS, PARTICLE
from cryoloom.formats.relion._optics import (
    NOTHING_ASSUMED,
    NUMBER,
    AssumedAcquisition,
    FileGroup,
    groups_of,
    optics_columns,
)
from cryoloom.formats.relion._optics_table import numbered_uses, optics_table
from cryoloom.formats.relion._tables import extras, find_table, labelled, own_columns, translated
from cryoloom.formats.star import read_star, write_star

_IMAGE = "rlnImageName"
_SHIFTS = {"shift_x": ("rlnOriginXAngst", "rlnOriginX"), "shift_y": ("rlnOriginYAngst", "rlnOriginY")}
_PARTS = {
    "pose": ("rot", "tilt", "psi", "shift_x", "shift_y"),
    "CTF": ("defocus_u", "defocus_v", "defocus_angle", "phase_shift", "ctf_b_factor", "ctf_scale"),
}
"""What several columns tell together → these."""
_IN_ROWS_OF_OLD_LAYOUT = {"rlnDetectorPixelSize", "rlnMagnification", "rlnImagePixelSize", *(s.label for s in OPTICS)}


def read_particles(path: Path | str, *, assumed: AssumedAcquisition = NOTHING_ASSUMED) -> Imported:
    """Read particles from a STAR file of RELION 3.0 to 5, or of a program that writes such files.

    Identities come from our own column if the particles passed through our hands before, else from the name of the
    stack and the position in it. Shifts in pixels become Å. Labels that have no equal stay as columns of the same name.

    Parameters
    ----------
    path : the file
    assumed : for what it does not say

    Raises
    ------
    FormatError
        If it lists no particles, or neither says nor lets us find out what is needed.
    """
    path = Path(path)
    blocks = read_star(path)
    table = find_table(blocks, "particles", _IMAGE, path.name)
    remarks: list[str] = []
    groups, numbers = groups_of(blocks, table, assumed, path.name, remarks)
    stacks, indices = split_image_names(table[_IMAGE], path.name)
    groups = {
        number: _completed(use, stacks.filter(numbers == number), path, remarks) for number, use in groups.items()
    }
    optics = optics_columns(groups, numbers, "pixel_size", "box_size")

    used = {_IMAGE, NUMBER, *(same.label for same in PARTICLE), *(label for pair in _SHIFTS.values() for label in pair)}
    if "optics" not in blocks:
        used |= _IN_ROWS_OF_OLD_LAYOUT
    frame = pl.concat(
        [
            translated(table, PARTICLE, Particle, path.name),
            pl.DataFrame([stacks, indices]),
            optics,
            _shifts_of_old_layout(table, optics["pixel_size"], remarks),
        ],
        how="horizontal",
    ).with_columns(extras(table, used, Particle, path.name).get_columns())
    frame = _known_wholly(frame, table, remarks)
    frame = told_of_these_poses(_with_identities(frame))
    return Imported(as_items(frame, Particle, [use.group for use in groups.values()], path.name), tuple(remarks))


def write_particles(path: Path | str, particles: Table) -> tuple[str, ...]:
    """Write particles for RELION 3.1 and later; the file appears when it is complete.

    Columns that RELION has no word for are written under labels that begin with ``cryoloom_``. RELION keeps those, so
    that the particles have the same identities when they come back. Where poses were found is written with the shift
    that belongs to it, since RELION keeps that, too, when it finds other poses.

    Parameters
    ----------
    path : the file
    particles : items of the kind `Particle`

    Returns
    -------
    tuple of str
        What was left out, or what RELION may take amiss; one sentence each.

    Raises
    ------
    ParameterError
        If RELION needs a value that some particles do not have.
    """
    path = Path(path)
    frame = stamped(particles.frame)
    remarks = []
    if "half_set" in frame.columns and (frame["half_set"] == 0).all():
        frame = frame.drop("half_set")
    if "contrast_sign" in frame.columns:
        if (frame["contrast_sign"] == 1).all():
            frame = frame.drop("contrast_sign")
        else:
            remarks.append("Some particles are dark, but RELION expects white ones; invert their contrast.")
    uses, numbers = numbered_uses(particles, path.name)
    rest, dropped = own_columns(
        frame, {"file", "index", "optics_group", "pixel_size", "box_size", *(same.column for same in PARTICLE)}
    )
    remarks += [f"The column {name} was left out: STAR holds no lists." for name in dropped]
    table = pl.concat(
        [
            joined_image_names(frame["file"], frame["index"]).to_frame(),
            labelled(frame, PARTICLE, path.name),
            numbers.to_frame(),
            rest,
        ],
        how="horizontal",
    )
    write_star(path, {"optics": optics_table(uses, of_micrographs=False), "particles": table})
    return tuple(remarks)


def _completed(use: FileGroup, stacks: pl.Series, star: Path, remarks: list[str]) -> FileGroup:
    """The group with the pixel and box size that its stacks say, where the STAR file does not."""
    if use.pixel_size is not None and use.box_size is not None:
        return use
    missing = "pixel size" if use.pixel_size is None else "box size"
    if stacks.is_empty():
        return use
    try:
        header = header_of(stacks[0], star)
    except NotFoundError as error:
        raise FormatError(
            f"{star.name}: the {missing} is not stated, and the stack {stacks[0]} is not there to tell; give it.",
            path=star,
        ) from error
    remarks.append(f"The {missing} was taken from the header of {stacks[0]}.")
    pixel_size = use.pixel_size or header.pixel_size
    if pixel_size is None:
        raise FormatError(f"{star.name}: the pixel size is stated neither here nor in {stacks[0]}; give it.", path=star)
    return replace(use, pixel_size=pixel_size, box_size=use.box_size or header.shape[2])


def _shifts_of_old_layout(table: pl.DataFrame, pixel_size: pl.Series, remarks: list[str]) -> pl.DataFrame:
    """Shifts in Å from those in pixels, where the file has no others."""
    columns = []
    for column, (angstrom, pixels) in _SHIFTS.items():
        if pixels in table.columns and angstrom not in table.columns:
            columns.append((table[pixels].cast(pl.Float64) * pixel_size).alias(column))
            remarks.append(f"{pixels} was converted from pixels to Å.")
        elif pixels in table.columns:
            remarks.append(f"{pixels} was left out: {angstrom} says the same in Å.")
    return pl.DataFrame(columns)


def _known_wholly(frame: pl.DataFrame, table: pl.DataFrame, remarks: list[str]) -> pl.DataFrame:
    """The particles without poses and CTFs of which a part is no number in the file: then the rest tells nothing."""
    for what, columns in _PARTS.items():
        labels = [same.label for same in PARTICLE if same.column in columns]
        labels += [label for column in columns for label in _SHIFTS.get(column, ())]
        null = [pl.col(label).is_null() for label in dict.fromkeys(labels) if label in table.columns]
        unfit = table.select(pl.any_horizontal(null)).to_series() if null else pl.Series([False])
        if unfit.any():
            there = [name for name in columns if name in frame.columns]
            frame = frame.with_columns(pl.when(~unfit).then(pl.col(name)).alias(name) for name in there)
            some = counted(int(unfit.sum()), "particles")
            remarks.append(f"The {what} of {some} holds what is no number, and counts as not known.")
    return frame


def _with_identities(frame: pl.DataFrame) -> pl.DataFrame:
    if "id" not in frame.columns:
        frame = frame.with_columns(image_ids(frame["file"], frame["index"]))
    if "micrograph_id" not in frame.columns and "micrograph_file" in frame.columns:
        micrographs = named_ids(frame["micrograph_file"], "micrograph")
        frame = frame.with_columns(micrographs.alias("micrograph_id"))
    if "parent_id" not in frame.columns and "micrograph_id" in frame.columns:
        frame = frame.with_columns(parent_id="micrograph_id")
    return frame.with_columns(pl.col("^half_set$").fill_null(0))
