"""Particles from a STAR or .cs file, and where their stacks are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        if Path(name).is_absolute():
            return Path(name)
        folders = self.path.absolute().parents
        return next((folder / name for folder in folders if (folder / name).exists()), folders[0] / name)


def read_particle_file(path: Path, *, passthrough: Path | None = None) -> ParticleFile:
    """Read particles from a STAR file of RELION 3.0 to 5, or a .cs file of cryoSPARC.

    Parameters
    ----------
    path : the file
    passthrough : of a .cs file, the one with the fields that its job did not change

    Raises
    ------
    FormatError
        If it lists no particles.
    """
    from cryoloom.formats import read_particles

    imported = read_particles(path, passthrough=passthrough)
    return ParticleFile(path, imported.table, imported.remarks)
