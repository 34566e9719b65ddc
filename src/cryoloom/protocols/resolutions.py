"""How a resolution is told: with what bounds it, where that is the pixels and not the particles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryoloom.data import Volume

_SAME = 1.001  # ratio up to which two resolutions are one
_ONE_SHELL = 1.01  # of the spectrum, by which its last one may fall short of the edge
_DIFFERS = 1.01  # ratio from which two resolutions are told apart: random phases and masks change them by less


def ends_at_nyquist(resolution: float, pixel_size: float) -> bool:
    """Whether a curve that gave this resolution fell below its threshold nowhere; both in Å."""
    return resolution <= _SAME * 2 * pixel_size


def held_resolution(resolution: float | None, pixel_size: float) -> float | None:
    """The resolution of a map that is sampled anew: pixels hold no detail finer than two of them; both in Å."""
    return None if resolution is None else max(resolution, 2 * pixel_size)


def told_resolution(resolution: float, pixel_size: float) -> str:
    """A resolution in words, and that it is the finest that the pixels hold if it is; both in Å."""
    bound = ", the finest that its pixels hold" if ends_at_nyquist(resolution, pixel_size) else ""
    return f"{resolution:.2f} Å{bound}"


def believed_resolution(volume: Volume, found: float | None) -> tuple[float | None, str]:
    """The worse of what is found of a map's halves and of what its refinement believed after all checks.

    Parameters
    ----------
    volume : as it was given
    found : of its halves, in Å; None without evidence of signal

    Returns
    -------
    Resolution in Å, None if there is none to be believed; and what to say if the two differ, else nothing
    """
    if volume.trust_file is None:
        return found, ""
    believed = volume.resolution
    if believed is None:
        halves = "" if found is None else f", though the halves agree to {found:.2f} Å"
        return None, f"No resolution of this map can be believed{halves}: see the trust page of its refinement."
    if found is None:
        return None, f"The halves show no evidence of signal, though the map's refinement told {believed:.2f} Å."
    worse = max(found, believed)
    if worse < _DIFFERS * min(found, believed):
        return worse, ""
    if found > believed:
        return found, f"The halves agree to {found:.2f} Å, which is worse than the {believed:.2f} Å of the refinement."
    return believed, (
        f"The halves agree to {found:.2f} Å, but the trust page of the map's refinement believes {believed:.2f} Å, "
        "which stays its resolution."
    )


def distrust(volume: Volume) -> str:
    """That a map's refinement found no resolution to be believed, as a sentence; nothing if it found one."""
    if volume.trust_file is None or volume.resolution is not None:
        return ""
    return "No resolution of this map can be believed, in places or directions either: see its refinement's trust page."


def told_absence(volume: Volume) -> str:
    """In words, why a map has no resolution."""
    if volume.trust_file is None:
        return "no evidence of signal"
    return "no resolution that can be believed; see its trust page"


def unit_of_ctf_fit(resolution: float, finest_fitted: float | None) -> str:
    """What stands behind the resolution to which a CTF fits: at the edge of the search it may be finer.

    Parameters
    ----------
    resolution : of the fit, in Å
    finest_fitted : to where rings were fitted, in Å; None if that is not known
    """
    at_edge = finest_fitted is not None and resolution <= _ONE_SHELL * finest_fitted
    return "Å or better (edge of the search)" if at_edge else "Å"
