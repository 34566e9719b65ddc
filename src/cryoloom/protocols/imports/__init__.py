"""Sources: what brings movies, micrographs, particles and maps into a project."""

from cryoloom.protocols.imports._movies import ImportMovies
from cryoloom.protocols.imports._tables import (
    ImportCoordinates,
    ImportCTFs,
    ImportMicrographs,
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
