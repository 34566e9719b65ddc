"""Sources: what brings movies, micrographs, particles and maps into a project."""

from cryoloom.protocols.imports._movies import ImportMovies

__all__ = ["ImportMovies"]
