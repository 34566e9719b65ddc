"""What a trust page takes, known before it is written."""

from __future__ import annotations

from cryoloom.engine.refinement import RefinementSettings, predicted_seconds, search_seconds
from cryoloom.engine.symmetry import point_group

_PIXEL = 3e-7  # seconds of an image that is put into maps, and compared with those of the other half
_VOXEL, _OPERATOR = 3.6e-6, 8e-7  # seconds of maps of parts of the particles, and of these for each operator
_NOISE_SHARE = 0.2  # of the particles that are looked for again, and of images of noise beside them


def trust_seconds(
    count: int,
    settings: RefinementSettings,
    *,
    box_size: int,
    pixel_size: float,
    diameter: float,
    full: bool,
    local: bool = False,
    threads: int = 1,
) -> float:
    """Time that the trust page takes, with or without the checks that refine again.

    Parameters
    ----------
    count : number of images
    settings : of the refinement
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    full : it refines again
    local : from known poses, as the refinement did
    threads : threads used
    """
    voxel = _VOXEL + _OPERATOR * point_group(settings.symmetry).order
    page = (_PIXEL * count * box_size**2 + voxel * box_size**3) / threads
    if not full:
        return page
    noise = search_seconds(
        round(2.0 * _NOISE_SHARE * count),
        box_size=box_size,
        pixel_size=pixel_size,
        diameter=diameter,
        resolution=2.0 * pixel_size,
        shift_radius=settings.shift_radius,
        symmetry=settings.symmetry,
        threads=threads,
    )
    again = predicted_seconds(
        count, settings, box_size=box_size, pixel_size=pixel_size, diameter=diameter, local=local, threads=threads
    )
    return page + again + noise
