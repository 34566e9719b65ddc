"""What a 2D classification takes, known before it starts."""

from __future__ import annotations

from cryoloom.engine.classes2d import Classes2DSettings, predicted_memory
from cryoloom.protocols.particle_images import mapped_memory


def peak_memory(count: int, settings: Classes2DSettings, *, box_size: int, extent: float, diameter: float) -> int:
    """In bytes, the program and all images that are held in it included.

    Parameters
    ----------
    count : number of images
    settings : of the classification
    box_size, extent : of the images, in pixels and Å
    diameter : of the particle, in Å
    """
    pixel_size = extent / box_size
    everything = predicted_memory(count, settings, box_size=box_size, pixel_size=pixel_size, diameter=diameter)
    return everything - mapped_memory(count, box_size)
