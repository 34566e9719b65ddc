"""Sources: what brings movies, micrographs, particles and maps into a project."""

from cryoloom.protocols.imports._micrographs import ImportMicrographs
from cryoloom.protocols.imports._movies import ImportMovies
from cryoloom.protocols.imports._tables import (
    ImportCoordinates,
    ImportCTFs,
    ImportParticles,
    ImportVolume,
)

__all__ = [
    "ImportCTFs",
    "ImportCoordinates",
    "ImportMicrographs",
    "ImportMovies",
    "ImportParticles",
    "ImportVolume",
]
