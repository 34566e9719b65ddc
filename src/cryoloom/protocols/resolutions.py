"""How a resolution is told: with what bounds it, where that is the pixels and not the particles."""

from __future__ import annotations

_SAME = 1.001  # ratio up to which two resolutions are one
_ONE_SHELL = 1.01  # of the spectrum, by which its last one may fall short of the edge


def ends_at_nyquist(resolution: float, pixel_size: float) -> bool:
    """Whether a curve that gave this resolution fell below its threshold nowhere; both in Å."""
    return resolution <= _SAME * 2 * pixel_size


def told_resolution(resolution: float, pixel_size: float) -> str:
    """A resolution in words, and that it is the finest that the pixels hold if it is; both in Å."""
    bound = ", the finest that its pixels hold" if ends_at_nyquist(resolution, pixel_size) else ""
    return f"{resolution:.2f} Å{bound}"


def unit_of_ctf_fit(resolution: float, finest_fitted: float | None) -> str:
    """What stands behind the resolution to which a CTF fits: at the edge of the search it may be finer.

    Parameters
    ----------
    resolution : of the fit, in Å
    finest_fitted : to where rings were fitted, in Å; None if that is not known
    """
    at_edge = finest_fitted is not None and resolution <= _ONE_SHELL * finest_fitted
    return "Å or better (edge of the search)" if at_edge else "Å"
