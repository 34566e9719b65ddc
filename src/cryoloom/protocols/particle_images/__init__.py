"""Particles of a set or a file as the engine takes them, and what it finds out back into their table."""

from cryoloom.protocols.particle_images._duplicates import WithoutDuplicates, near_pairs, without_duplicates
from cryoloom.protocols.particle_images._files import ParticleFile, read_particle_file
from cryoloom.protocols.particle_images._grid import CommonGrid, common_grid
from cryoloom.protocols.particle_images._load import LoadedParticles, load_particles, optics_of, tell
from cryoloom.protocols.particle_images._tables import LeftOut, check_halves, with_half_sets, with_poses

__all__ = [
    "CommonGrid",
    "LeftOut",
    "LoadedParticles",
    "ParticleFile",
    "WithoutDuplicates",
    "check_halves",
    "common_grid",
    "load_particles",
    "near_pairs",
    "optics_of",
    "read_particle_file",
    "tell",
    "with_half_sets",
    "with_poses",
    "without_duplicates",
]
