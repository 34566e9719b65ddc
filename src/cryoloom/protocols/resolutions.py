"""How a resolution is told: with what bounds it, where that is the pixels and not the particles."""

from __future__ import annotations

_SAME = 1.001  # ratio up to which two resolutions are one


def ends_at_nyquist(resolution: float, pixel_size: float) -> bool:
    """Whether a curve that gave this resolution fell below its threshold nowhere; both in Å."""
    return resolution <= _SAME * 2 * pixel_size


def told_resolution(resolution: float, pixel_size: float) -> str:
    """A resolution in words, and that it is the finest that the pixels hold if it is; both in Å."""
    bound = ", the finest that its pixels hold" if ends_at_nyquist(resolution, pixel_size) else ""
    return f"{resolution:.2f} Å{bound}"
