"""Moving spectra from one defocus to another: rings are met where their phase is the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.optics import electron_wavelength

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf._polar import PolarSpectra
    from cryoloom.engine.ctf._rings import Defocus, RingModel

_ANGSTROM_PER_MILLIMETRE = 1e7


def equal_phase_frequencies(
    frequencies: NDArray[np.float64], defocus: NDArray[np.float64], other: NDArray[np.float64], model: RingModel
) -> NDArray[np.float64]:
    """Frequencies at which the ``other`` defocus has the phase that ``defocus`` has at ``frequencies``.

    Solves Δf' x − ½ Cs λ² x² = Δf k² − ½ Cs λ² k⁴ for x = k'².

    Parameters
    ----------
    frequencies : (shells,) in 1/Å
    defocus, other : in Å, of shapes (..., 1) that broadcast against each other

    Returns
    -------
    (..., shells) in 1/Å; NaN where the phase is never reached
    """
    aberration = 0.5 * model.spherical_aberration * _ANGSTROM_PER_MILLIMETRE * electron_wavelength(model.voltage) ** 2
    squared = frequencies**2
    path = squared * (defocus - aberration * squared)
    with np.errstate(invalid="ignore"):
        root = np.copysign(np.sqrt(other**2 - 4.0 * aberration * path), other)
        # The form of the smaller root that does not cancel, and also holds without aberration.
        return np.sqrt(2.0 * path / (other + root))


def level(
    spectra: PolarSpectra, centre_changes: NDArray[np.float64], defocus: Defocus, model: RingModel
) -> PolarSpectra:
    """Give all tiles the defocus of the centre of a tilted field.

    Parameters
    ----------
    spectra : relative deviations from the background
    centre_changes : (tiles,) defocus of each tile less that of the centre, in Å
    defocus : at the centre
    """
    target = (defocus.mean + defocus.deviation(spectra.azimuths))[:, None]
    sums, counts = np.empty_like(spectra.sums), np.empty_like(spectra.sums)
    for tile, change in enumerate(centre_changes):
        moved = equal_phase_frequencies(spectra.frequencies, target + change, target, model)
        tile_counts = spectra.counts[min(tile, len(spectra.counts) - 1)]
        sums[tile], counts[tile] = _move(spectra, moved, spectra.sums[tile], tile_counts)
    return replace(spectra, sums=sums, counts=counts)


def average_along_rings(
    spectra: PolarSpectra, defocus: Defocus, model: RingModel
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average over tiles and azimuths along elliptic rings.

    Returns
    -------
    means : (shells,) as a function of the frequency at which the mean defocus has the phase
    counts : (shells,) pixels averaged
    """
    along = (defocus.mean + defocus.deviation(spectra.azimuths))[:, None]
    moved = equal_phase_frequencies(spectra.frequencies, along, np.array([[defocus.mean]]), model)
    sums, counts = _move(spectra, moved, spectra.sums.mean(axis=0), spectra.counts.mean(axis=0))
    pixels = counts.sum(axis=0)
    return sums.sum(axis=0) / np.maximum(pixels, 1e-9), pixels


def _move(
    spectra: PolarSpectra, frequencies: NDArray[np.float64], *cells: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Share the content of cells (sectors, shells) between the shells on either side of its new frequency."""
    sectors, shells = frequencies.shape
    position = (frequencies - spectra.frequencies[0]) / spectra.spacing
    inside = (position >= 0.0) & (position < shells - 1)  # false for NaN
    shell = position[inside].astype(np.int64)
    share = position[inside] - shell
    target = np.nonzero(inside)[0] * shells + shell
    moved = []
    for values in cells:
        content = np.zeros(sectors * shells)
        content += np.bincount(target, values[inside] * (1.0 - share), content.size)
        content += np.bincount(target + 1, values[inside] * share, content.size)
        moved.append(content.reshape(sectors, shells))
    return moved
