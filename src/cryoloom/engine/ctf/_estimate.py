"""The estimate, step by step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf._checked import checked_band, checked_micrograph
from cryoloom.engine.ctf._drift import directional_loss
from cryoloom.engine.ctf._equiphase import level
from cryoloom.engine.ctf._fit import CTFFit, Tilt
from cryoloom.engine.ctf._ice import find_ice_ring, relative_ice_thickness
from cryoloom.engine.ctf._periodograms import TILE_EXTENT
from cryoloom.engine.ctf._profile import fit_resolution, ring_profile, score
from cryoloom.engine.ctf._rings import RingModel
from cryoloom.engine.ctf._settings import CTFSettings
from cryoloom.engine.ctf._solve import Solution, find_solution, polish
from cryoloom.engine.ctf._spectra import MeasuredSpectra
from cryoloom.engine.ctf._tilt import find_tilt
from cryoloom.engine.ctf._warnings import warn
from cryoloom.engine.optics import ContrastTransfer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf._polar import PolarSpectra

_LARGEST_TILE_EXTENT = 2_000.0
_EXTENT_PER_RING_DENSITY = 3.0  # a tile keeps 60 % of the height of rings so dense
# Of log-likelihood: a tilt that is suspected sharpens the rings, with which it must then be clearly more likely.
_TILT_GAINS = (3.0, 8.0)


def estimate_ctf(
    micrograph: NDArray[np.generic],
    *,
    pixel_size: float,
    voltage: float,
    spherical_aberration: float,
    amplitude_contrast: float,
    settings: CTFSettings | None = None,
    threads: int = 1,
) -> CTFFit:
    """Fit defocus, astigmatism and (if wanted) phase shift to the Thon rings of a micrograph.

    Power spectra of overlapping tiles are divided by their smooth backgrounds and summed in polar cells. The mean
    defocus, astigmatism and phase shift that make the rings most likely are searched exhaustively and refined, with
    each shell weighted by the height its rings prove to have. If the tiles tell of a tilt, they are brought to one
    defocus and the fit is repeated.

    Parameters
    ----------
    micrograph : (h, w) sum of aligned frames, best without dose weighting
    pixel_size : in Å
    voltage : in kV
    spherical_aberration : in mm
    amplitude_contrast : as a fraction
    settings : ranges in which to search
    threads : threads to use; the result does not depend on it

    Raises
    ------
    InputError
        If the micrograph is too small, blank, or has values that are not numbers.
    ParameterError
        If the pixels are too large for the resolution range, or the micrograph is too small for it.

    References
    ----------
    Rohou & Grigorieff (2015), J. Struct. Biol. 192:216, for the model of the rings; Zhang (2016), J. Struct. Biol.
    193:1, for averaging along equal phase; Elferich et al. (2024), eLife 13:RP97227, for tilted fields.
    """
    settings = settings or CTFSettings()
    image = checked_micrograph(micrograph)
    band = checked_band(*settings.resolution_range, pixel_size, image.shape)

    def measure(extent: float) -> tuple[MeasuredSpectra, RingModel, Solution]:
        spectra = MeasuredSpectra.measure(
            image, pixel_size=pixel_size, extent=extent, lowest_frequency=band[0], threads=threads
        )
        periodograms = spectra.periodograms
        model = RingModel(voltage, spherical_aberration, amplitude_contrast, periodograms.extent)
        return spectra, model, find_solution(spectra.deviations.cut(*band), periodograms.variance, model, settings)

    spectra, model, solution = measure(TILE_EXTENT)
    wanted = min(extent_for(solution.seen_to, solution.defocus.mean, model), 0.5 * min(image.shape) * pixel_size)
    if wanted > 1.3 * model.extent:
        del spectra  # both at once would take twice the memory
        spectra, model, solution = measure(wanted)

    deviations, tilt = spectra.deviations, None
    solution = polish(solution, deviations.cut(*band), spectra.periodograms.variance, model, settings)
    if settings.fit_tilt:
        solution, deviations, tilt = _level(solution, spectra, band, model, settings)
    return _describe(solution, tilt, spectra, deviations, model, pixel_size=pixel_size, settings=settings)


def _level(
    untilted: Solution, spectra: MeasuredSpectra, band: tuple[float, float], model: RingModel, settings: CTFSettings
) -> tuple[Solution, PolarSpectra, Tilt | None]:
    """Find the tilt of the field, bring all tiles to one defocus, and fit again; twice, as the rings get sharper."""
    solution, deviations, tilt = untilted, spectra.deviations, None
    centres = spectra.periodograms.centres
    inside = spectra.deviations.cut(*band)
    for least_gain in _TILT_GAINS:
        tilt = find_tilt(inside, centres, solution.defocus, solution.evidence, model, least_gain=least_gain)
        if tilt is None:
            return untilted, spectra.deviations, None
        changes = np.array([tilt.defocus_change(y, x) for y, x in centres])
        deviations = level(spectra.deviations, changes, solution.defocus, model)
        solution = polish(solution, deviations.cut(*band), spectra.periodograms.variance, model, settings)
    return solution, deviations, tilt


def extent_for(frequency: float, defocus: float, model: RingModel) -> float:
    """Extent of tiles, in Å, that resolve the rings of a mean defocus in Å up to a frequency in 1/Å."""
    density = float(model.ring_density(np.array([frequency]), defocus)[0])
    return min(_EXTENT_PER_RING_DENSITY * density, _LARGEST_TILE_EXTENT)


def _describe(
    solution: Solution,
    tilt: Tilt | None,
    spectra: MeasuredSpectra,
    deviations: PolarSpectra,
    model: RingModel,
    *,
    pixel_size: float,
    settings: CTFSettings,
) -> CTFFit:
    """Judge the fit and gather everything that is reported."""
    defocus, evidence, periodograms = solution.defocus, solution.evidence, spectra.periodograms
    profile = ring_profile(deviations, defocus, model, periodograms.variance)
    loss = directional_loss(evidence, defocus, model)
    fit = CTFFit(
        transfer=ContrastTransfer(
            voltage=model.voltage,
            spherical_aberration=model.spherical_aberration,
            amplitude_contrast=model.amplitude_contrast,
            defocus_u=defocus.mean + defocus.half_difference,
            defocus_v=defocus.mean - defocus.half_difference,
            defocus_angle=defocus.angle,
            phase_shift=defocus.phase_shift,
        ),
        score=score(profile, spectra.pixels, evidence.frequencies),
        fit_resolution=fit_resolution(profile, defocus, model, settings.resolution_range[0]),
        significance=solution.significance(model),
        margin=solution.margin,
        ice_ring=find_ice_ring(
            profile.frequencies, spectra.mean_power / (1.0 + profile.fitted), spectra.pixels, periodograms.variance
        ),
        ice_thickness_relative=relative_ice_thickness(
            evidence.frequencies,
            evidence.strength,
            np.interp(evidence.frequencies, profile.frequencies, spectra.background),
            pixel_size=pixel_size,
            mean=periodograms.mean,
            deviation=periodograms.deviation,
        ),
        tilt=tilt,
        directional_loss=loss.fraction,
        directional_loss_angle=loss.angle,
        warnings=(),
        spectrum=spectra.flat_image(),
        spectrum_extent=periodograms.extent,
        profile=profile,
    )
    return replace(fit, warnings=warn(fit, loss, settings))
