"""RELION's files: particles, micrographs, movies, positions and motion, in the layouts of RELION 3.0 to 5."""

from cryoloom.formats._imported import Imported
from cryoloom.formats.relion._coordinates import read_coordinates, write_coordinate_folder, write_coordinates
from cryoloom.formats.relion._found_poses import with_moved_poses
from cryoloom.formats.relion._micrographs import (
    read_ctfs,
    read_micrographs,
    read_movies,
    write_micrographs,
    write_movies,
)
from cryoloom.formats.relion._motion import MovieMotion, read_motion, write_motion
from cryoloom.formats.relion._optics import AssumedAcquisition
from cryoloom.formats.relion._optics_table import optics_table_of
from cryoloom.formats.relion._particles import read_particles, write_particles
from cryoloom.formats.relion._pixel_sizes import image_pixel_sizes, with_pixel_size

__all__ = [
    "AssumedAcquisition",
    "Imported",
    "MovieMotion",
    "image_pixel_sizes",
    "optics_table_of",
    "read_coordinates",
    "read_ctfs",
    "read_micrographs",
    "read_motion",
    "read_movies",
    "read_particles",
    "with_moved_poses",
    "with_pixel_size",
    "write_coordinate_folder",
    "write_coordinates",
    "write_micrographs",
    "write_motion",
    "write_movies",
    "write_particles",
]
