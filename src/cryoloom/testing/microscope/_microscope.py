"""The simulated microscope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import ParameterError
from cryoloom.testing.microscope._detector import Detector
from cryoloom.testing.microscope._exposure import Exposure
from cryoloom.testing.microscope._image import render_frames
from cryoloom.testing.microscope._motion import draw_drift
from cryoloom.testing.microscope._optics import ContrastTransfer
from cryoloom.testing.microscope._parameters import MicroscopeParameters, Tier
from cryoloom.testing.microscope._pseudoprotein import pseudoprotein
from cryoloom.testing.microscope._scene import Flaw, draw_scene, flaw_of_movie
from cryoloom.testing.microscope._specimen import Specimen
from cryoloom.testing.microscope._truth import ExposureTruth

GREAT_DRIFT = 8.0
"""How much further than usual the specimen moves in a movie that is spoilt by drift."""


class SimulatedMicroscope:
    """A microscope whose every exposure comes with the truth.

    Atoms are projected in real space, the whole oversampled field gets one contrast transfer, and each frame is the
    field as the beam has damaged and moved it, recorded electron by electron. It shares no code with the engine.

    Parameters
    ----------
    tier : how hard its session is
    seed : the same seed gives the same detector and the same exposures
    specimen : what is imaged; by default a C3 body of 440 kDa that needs no file
    parameters : instead of the tier's, for example a smaller field
    """

    def __init__(
        self,
        tier: Tier | str = Tier.EASY,
        *,
        seed: int = 0,
        specimen: Specimen | None = None,
        parameters: MicroscopeParameters | None = None,
    ) -> None:
        self.parameters = parameters or MicroscopeParameters.of_tier(tier)
        self.seed = seed
        self.specimen = specimen or pseudoprotein()
        random = np.random.default_rng([seed, 0])
        self.detector = Detector.draw(self.parameters.detector, random)
        self.damage_scale = float(random.uniform(*self.parameters.grid.damage_scale))
        self.threefold_angle = float(random.uniform(0.0, 120.0))
        self.magnification = _stretch(self.parameters.optics.magnification_anisotropy, random.uniform(0.0, np.pi))
        self.tilt_axis = float(random.uniform(*self.parameters.grid.tilt_axis))
        self._exposures = 0

    @property
    def gain(self) -> NDArray[np.float32]:
        """Gain reference (y, x), to be multiplied with."""
        return self.detector.gain

    def expose(
        self,
        *,
        defocus_u: float | None = None,
        defocus_v: float | None = None,
        defocus_angle: float | None = None,
        phase_shift: float = 0.0,
        seed: int | None = None,
    ) -> Exposure:
        """Record one movie of a fresh place of the grid.

        Parameters
        ----------
        defocus_u, defocus_v : largest and smallest defocus in Å; drawn from the tier's intervals if not given
        defocus_angle : direction of `defocus_u` in degrees
        phase_shift : of a phase plate, in degrees
        seed : picks the place, its motion and its noise; by default the next one of this microscope

        Raises
        ------
        ParameterError
            If `defocus_u` is less than `defocus_v`.
        """
        if seed is None:
            self._exposures += 1
            seed = self._exposures
        random = np.random.default_rng([self.seed, 1, seed])
        detector = self.parameters.detector
        flaw = flaw_of_movie(seed, self.parameters, self.seed)
        transfer = self._draw_transfer(
            random, self.optics_group(seed), defocus_u, defocus_v, defocus_angle, phase_shift
        )
        scene = draw_scene(self.parameters, self.specimen, flaw, self.tilt_axis, random)
        drift = draw_drift(
            self.parameters.motion,
            width=detector.width,
            height=detector.height,
            frame_count=detector.frame_count,
            random=random,
            scale=GREAT_DRIFT if flaw is Flaw.GREAT_DRIFT else 1.0,
        )
        frames = render_frames(
            specimen=self.specimen,
            scene=scene,
            transfer=transfer,
            drift=drift,
            parameters=self.parameters,
            magnification=self.magnification,
            damage_scale=self.damage_scale,
            seed=_bits(random),
        )
        counts = np.empty((detector.frame_count, detector.height, detector.width), dtype=np.uint8)
        dose = detector.dose_per_frame * detector.pixel_size**2
        for number, contrast in enumerate(frames):
            self.detector.record(contrast, dose, _bits(random), counts[number])
        truth = ExposureTruth(
            transfer=transfer,
            optics_group=self.optics_group(seed),
            pixel_size=detector.pixel_size,
            magnification=self.magnification,
            drift=drift,
            scene=scene,
        )
        return Exposure(counts, self.gain, detector.stated_pixel_size, detector.dose_per_frame, truth)

    def optics_group(self, exposure: int) -> int:
        """Return the optics group, from 1, of an exposure: they take turns."""
        return exposure % len(self.parameters.optics.beam_tilts) + 1

    def _draw_transfer(
        self,
        random: np.random.Generator,
        optics_group: int,
        defocus_u: float | None,
        defocus_v: float | None,
        defocus_angle: float | None,
        phase_shift: float,
    ) -> ContrastTransfer:
        optics = self.parameters.optics
        mean, astigmatism = random.uniform(*optics.defocus), random.uniform(*optics.astigmatism)
        angle, b_factor = random.uniform(0.0, 180.0), random.uniform(*optics.b_factor)
        if defocus_u is None:
            defocus_u = mean + 0.5 * astigmatism if defocus_v is None else defocus_v + astigmatism
        if defocus_v is None:
            defocus_v = defocus_u - astigmatism
        if defocus_u < defocus_v:
            raise ParameterError(f"defocus_u ({defocus_u} Å) must not be less than defocus_v ({defocus_v} Å).")
        return ContrastTransfer(
            defocus_u=defocus_u,
            defocus_v=defocus_v,
            defocus_angle=angle if defocus_angle is None else defocus_angle % 180.0,
            phase_shift=phase_shift,
            voltage=optics.voltage,
            spherical_aberration=optics.spherical_aberration,
            amplitude_contrast=optics.amplitude_contrast,
            b_factor=b_factor,
            beam_tilt=optics.beam_tilts[optics_group - 1],
            threefold_astigmatism=optics.threefold_astigmatism,
            threefold_angle=self.threefold_angle,
        )


def _stretch(anisotropy: float, angle: float) -> NDArray[np.float64]:
    """Symmetric matrix that stretches by half of `anisotropy` along `angle` (rad) and shrinks as much across it."""
    mean = np.eye(2)
    double = np.array([[np.cos(2.0 * angle), np.sin(2.0 * angle)], [np.sin(2.0 * angle), -np.cos(2.0 * angle)]])
    return np.asarray(mean + 0.5 * anisotropy * double)


def _bits(random: np.random.Generator) -> int:
    return int(random.integers(0, 2**63))
