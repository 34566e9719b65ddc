"""How large a box is if nobody states it, and whether one is large enough."""

from __future__ import annotations

_BOX_OVER_DIAMETER = 1.5  # at least
_FINEST_DETAIL = 4.0  # Å; what defocus does to finer details would make boxes of small particles huge
USUAL_DEFOCUS = 2.0  # µm; few sessions go much beyond it
_ANGSTROM_PER_MICROMETRE = 1e4


def resolution_to_hold(stated: float | None, image_pixel_size: float) -> float:
    """The finest detail that a box is to hold, in Å: the one stated, or 4 Å, or what the images can show at all."""
    return max(_FINEST_DETAIL, 2 * image_pixel_size) if stated is None else stated


def default_box_size(
    diameter: float,
    *,
    defocus: float,
    resolution: float | None,
    voltage: float,
    pixel_size: float,
    field: tuple[int, int],
) -> int:
    """The box that holds a particle and what defocus spreads around it, as quick to transform as its size allows.

    Parameters
    ----------
    diameter : of the particle, in Å
    defocus : in Å
    resolution : finest detail that it is to hold, in Å; None: see `resolution_to_hold`
    voltage : in kV
    pixel_size : of the micrograph, in Å
    field : (h, w) of the micrograph in pixels; the box is at most half of it, unless the particle needs more

    Returns
    -------
    In pixels of the micrograph, even; at least one and a half diameters
    """
    from cryoloom.engine.extraction import recommended_box_size
    from cryoloom.engine.fourier import good_even_size, good_even_size_below

    held = recommended_box_size(
        diameter,
        defocus=defocus,
        resolution=resolution_to_hold(resolution, pixel_size),
        voltage=voltage,
        pixel_size=pixel_size,
    )
    least = 2 * -int(-_BOX_OVER_DIAMETER * diameter / pixel_size // 2)
    return max(least, min(good_even_size(held), good_even_size_below(max(2, min(field) // 2))))


def what_box_loses(
    box: int,
    diameter: float,
    *,
    defocus: float,
    resolution: float | None,
    voltage: float,
    pixel_size: float,
    image_pixel_size: float,
) -> str:
    """A sentence, if a box is too small for a micrograph; empty if it is not.

    Parameters
    ----------
    box : in pixels of the micrograph
    diameter, resolution, voltage : see `default_box_size`
    defocus : the larger one of the micrograph, in Å
    pixel_size, image_pixel_size : of the micrograph and of the images, in Å
    """
    from cryoloom.engine.extraction import recommended_box_size

    detail = resolution_to_hold(resolution, image_pixel_size)
    wanted = recommended_box_size(diameter, defocus=defocus, resolution=detail, voltage=voltage, pixel_size=pixel_size)
    if wanted <= box:
        return ""
    return (
        f"At {defocus / _ANGSTROM_PER_MICROMETRE:.2f} µm a box of {box} px loses what the particle scatters at "
        f"{detail:g} Å; {wanted} px hold it."
    )
