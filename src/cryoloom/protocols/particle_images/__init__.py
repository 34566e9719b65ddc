"""Particles of a set or a file as the engine takes them, and what it finds out back into their table."""

from cryoloom.protocols.particle_images._duplicates import (
    WithoutDuplicates,
    near_pairs,
    without_duplicates,
)
from cryoloom.protocols.particle_images._files import ParticleFile, read_particle_file, with_contrast
from cryoloom.protocols.particle_images._grid import (
    AFTER_CHANGE_BOX,
    CommonGrid,
    advice_on_box,
    check_box_size,
    common_grid,
    loading_seconds,
    samplings_of,
    working_grid,
)
from cryoloom.protocols.particle_images._load import LoadedParticles, load_particles, optics_of, tell
from cryoloom.protocols.particle_images._memory import held_memory, mapped_memory
from cryoloom.protocols.particle_images._micrographs import (
    micrograph_pixel_sizes,
    stated_micrograph_pixel_size,
    with_micrograph_pixel_sizes,
)
from cryoloom.protocols.particle_images._names import blocks_seen_from, name_from, names_from
from cryoloom.protocols.particle_images._tables import (
    LeftOut,
    check_class_count,
    check_copies,
    check_halves,
    check_halves_known,
    has_half_sets,
    left_out,
    original_particles,
    poses_from,
    shared_resolution,
    with_half_sets,
    with_poses,
)
from cryoloom.protocols.particle_images._transfer import comparable, comparable_count

__all__ = [
    "AFTER_CHANGE_BOX",
    "CommonGrid",
    "LeftOut",
    "LoadedParticles",
    "ParticleFile",
    "WithoutDuplicates",
    "advice_on_box",
    "blocks_seen_from",
    "check_box_size",
    "check_class_count",
    "check_copies",
    "check_halves",
    "check_halves_known",
    "common_grid",
    "comparable",
    "comparable_count",
    "has_half_sets",
    "held_memory",
    "left_out",
    "load_particles",
    "loading_seconds",
    "mapped_memory",
    "micrograph_pixel_sizes",
    "name_from",
    "names_from",
    "near_pairs",
    "optics_of",
    "original_particles",
    "poses_from",
    "read_particle_file",
    "samplings_of",
    "shared_resolution",
    "stated_micrograph_pixel_size",
    "tell",
    "with_contrast",
    "with_half_sets",
    "with_micrograph_pixel_sizes",
    "with_poses",
    "without_duplicates",
    "working_grid",
]
