"""cryoSPARC's .cs files: particles, micrographs, CTFs."""

from cryoloom.formats.cryosparc._read import read_ctfs, read_micrographs, read_particles
from cryoloom.formats.cryosparc._records import is_cs, read_records, write_records
from cryoloom.formats.cryosparc._write import write_particles

__all__ = [
    "is_cs",
    "read_ctfs",
    "read_micrographs",
    "read_particles",
    "read_records",
    "write_particles",
    "write_records",
]
