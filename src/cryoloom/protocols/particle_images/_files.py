"""Particles from a STAR or .cs file, and where their stacks are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.protocols.particle_images._names import FILES, found_from, seen_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryoloom.data import Table


@dataclass(frozen=True)
class ParticleFile:
    """What a file lists.

    Parameters
    ----------
    path : the file
    table : its particles; names of stacks are as the file says them
    remarks : what was assumed or left out, one sentence each
    """

    path: Path
    table: Table
    remarks: tuple[str, ...]

    def resolve(self, name: str) -> Path:
        """The place of a stack or micrograph that the file names, in its own folder or the nearest above it."""
        return found_from(self.path.absolute().parent, name)

    def seen_from(self, folder: Path, table: Table, columns: Sequence[str] = FILES) -> Table:
        """Particles that name files as this one does, with the names by which they are found from a folder.

        Parameters
        ----------
        folder : where a file with the particles is written
        table : particles
        columns : that name files as this file does
        """
        return seen_from(folder, table, self.resolve, columns)


def read_particle_file(path: Path, *, passthrough: Path | None = None, protein_dark: bool = False) -> ParticleFile:
    """Read particles from a STAR file of RELION 3.0 to 5, or a .cs file of cryoSPARC.

    Parameters
    ----------
    path : the file
    passthrough : of a .cs file, the one with the fields that its job did not change
    protein_dark : protein is dark in all images, whatever the file says; else it is as the file says, or white

    Raises
    ------
    FormatError
        If it lists no particles.
    """
    from cryoloom.formats import read_particles

    imported = read_particles(path, passthrough=passthrough)
    table = with_contrast(imported.table, -1) if protein_dark else imported.table
    return ParticleFile(path, table, imported.remarks)


def with_contrast(table: Table, sign: int) -> Table:
    """The same particles, of which it is known how images show them.

    Parameters
    ----------
    table : particles
    sign : +1 if protein is white, -1 if it is dark
    """
    import polars as pl

    return table.with_frame(table.frame.with_columns(contrast_sign=pl.lit(sign, pl.Int64)))
