"""Simulated micrographs of which everything is known: movies made and corrected one by one, and kept.

A micrograph holds what a particle set is cut from: the dose-weighted sum as cryoloom aligned it, the CTF as cryoloom
estimated it, and the truth in the frame of that sum: a particle lies where it is in the frame that the sum is aligned
to, plus the mean of what the correction has left of its motion.
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import reporting
from sources import source_hash

from cryoloom.engine.ctf import CTFSettings
from cryoloom.engine.gain import GainOrientation
from cryoloom.engine.motion import MotionSettings
from cryoloom.formats import open_movie, read_image
from cryoloom.protocols.ctf._files import MicrographAcquisition, fit_micrograph
from cryoloom.protocols.motion._detector import read_detector
from cryoloom.protocols.motion._files import MovieAcquisition, correct_movie
from cryoloom.testing.microscope import (
    MicroscopeParameters,
    SimulatedMicroscope,
    Specimen,
    load_specimen,
)
from cryoloom.testing.microscope._tiff import encode_tiff

NOISE = "noise"  # in place of a specimen: ice and electrons, nothing else
FALSE_OBJECT = "false object"  # a state beside those of particles: ice crystals, gold, ethane


@dataclass(frozen=True)
class Micrograph:
    """One corrected movie and its truth.

    Parameters
    ----------
    name : stem of the movie
    image : (y, x) dose-weighted sum, protein dark
    pixel_size, true_pixel_size : as the session states it, and as it is, in Å
    optics : voltage (kV), spherical aberration (mm), amplitude contrast
    estimated, true : defocus U, V (Å) and angle (degrees); the true one for the height 0
    places : (n, 2) x and y in pixels of the sum, of particles and false objects
    angles : (n, 3) rot, tilt, psi in degrees, in RELION's sense
    states : (n,) a particle's state, or `FALSE_OBJECT`
    conformations : (n,) 0 or 1
    heights : (n,) in Å, to be added to the defocus
    motion_error : of the correction, pixels RMS
    """

    name: str
    image: np.ndarray
    pixel_size: float
    true_pixel_size: float
    optics: tuple[float, float, float]
    estimated: np.ndarray
    true: np.ndarray
    places: np.ndarray
    angles: np.ndarray
    states: np.ndarray
    conformations: np.ndarray
    heights: np.ndarray
    motion_error: float


def specimen_named(name: str) -> Specimen:
    """A specimen of the simulator; the models of those that need one are looked for where the benchmarks' data lie."""
    return load_specimen(name, None if name == "pseudoprotein" else reporting.real_data("structures"))


class Micrographs:
    """The micrographs of one session, made when they are asked for and kept in a folder.

    Parameters
    ----------
    cache : folder of all sessions
    specimen : of the simulator, or `NOISE`
    tier, seed : of the session
    threads : movies made at once; the micrographs do not depend on it
    """

    def __init__(self, cache: Path, specimen: str, tier: str, seed: int, *, threads: int = 2) -> None:
        made_by = source_hash(["particle_micrographs"])[:8]
        self._folder = cache / "micrographs" / f"{specimen}-{tier}-{seed}-{made_by}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._threads = threads
        empty = specimen == NOISE
        parameters = MicroscopeParameters.of_tier(tier)
        if empty:
            parameters = replace(parameters, grid=replace(parameters.grid, particle_count=0))
        self._microscope = SimulatedMicroscope(
            tier, seed=seed, specimen=None if empty else specimen_named(specimen), parameters=parameters
        )

    def get(self, first: int, count: int) -> list[Micrograph]:
        """Micrographs by their numbers, from 1; any number can be had, and each is the same for ever."""
        numbers = range(first, first + count)
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(self._one, numbers))

    def _one(self, number: int) -> Micrograph:
        file = self._folder / f"{number:04d}.npz"
        if not file.exists():
            values = self._make(number)
            part = file.with_name(f".{number:04d}-{os.getpid()}.npz")
            np.savez(part, **values)
            part.replace(file)
        with np.load(file) as kept:
            values = dict(kept)
        plain = {name: float(values.pop(name)) for name in ("pixel_size", "true_pixel_size", "motion_error")}
        return Micrograph(name=f"movie_{number:04d}", optics=tuple(values.pop("optics").tolist()), **plain, **values)

    def _make(self, number: int) -> dict[str, np.ndarray]:
        """Expose a movie, correct it from files as a user's is, estimate its CTF."""
        microscope = self._microscope
        exposure = microscope.expose(seed=number)
        truth, transfer = exposure.truth, exposure.truth.transfer
        optics = (transfer.voltage, transfer.spherical_aberration, transfer.amplitude_contrast)
        with tempfile.TemporaryDirectory(prefix="cryoloom-particles-") as name:
            folder = Path(name)
            _write_gain(folder / "gain.mrc", microscope)
            (folder / "movie.tif").write_bytes(encode_tiff(exposure.counts))
            with open_movie(folder / "movie.tif") as movie:
                detector = read_detector(movie, gain_file=folder / "gain.mrc", orientation=GainOrientation.AS_IS)
            acquisition = MovieAcquisition(
                pixel_size=exposure.pixel_size, voltage=transfer.voltage, dose_per_frame=exposure.dose_per_frame
            )
            made = correct_movie(
                folder / "movie.tif", folder / "sum.mrc", acquisition, MotionSettings(), detector=detector
            )
            image = read_image(made.aligned_dose_weighted)
            acquired = MicrographAcquisition(
                pixel_size=exposure.pixel_size,
                voltage=transfer.voltage,
                spherical_aberration=transfer.spherical_aberration,
                amplitude_contrast=transfer.amplitude_contrast,
            )
            fit = fit_micrograph(made.aligned, acquired, CTFSettings()).fit
        drift, particles = truth.drift, truth.particles
        others = truth.scene.contaminants
        points = np.concatenate([particles.positions, np.array([(one.x, one.y) for one in others]).reshape(-1, 2)])
        places = drift.positions_in_sum(points, -made.motion.shifts_at(points, made.shape))
        padding = len(points) - len(particles)
        return {
            "image": image,
            "pixel_size": np.array(exposure.pixel_size),
            "true_pixel_size": np.array(truth.pixel_size),
            "optics": np.array(optics),
            "estimated": np.array([fit.defocus_u, fit.defocus_v, fit.defocus_angle]),
            "true": np.array([transfer.defocus_u, transfer.defocus_v, transfer.defocus_angle]),
            "places": places,
            "angles": np.pad(particles.angles, ((0, padding), (0, 0))),
            "states": np.concatenate([particles.states, np.full(padding, FALSE_OBJECT)]).astype("U12"),
            "conformations": np.pad(particles.conformations, (0, padding)),
            "heights": np.pad(particles.heights, (0, padding)),
            "motion_error": np.array(drift.error(-made.motion.shifts_at(drift.grid, made.shape))),
        }


def _write_gain(file: Path, microscope: SimulatedMicroscope) -> None:
    import mrcfile

    with mrcfile.new(file, microscope.gain, overwrite=True) as gain:
        gain.voxel_size = microscope.parameters.detector.stated_pixel_size
