"""Where a refinement stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.engine.fsc import ShellCorrelation
    from cryoloom.engine.likelihood import NoiseSpectrum


@dataclass(frozen=True, eq=False)
class RefinementState:
    """Where a refinement stands after an iteration; it can go on from here.

    Parameters
    ----------
    iteration : iterations done
    finished : whether this is the last one, in which all frequencies were put into the maps
    rotations : (n, 3, 3) that take reference axes to image axes
    shifts : (n, 2) x and y in Å with RELION's sign: what brings the particle to the centre
    scale : (n,) grey scale of each image, about 1
    log_likelihood : (n,) of each image, less that of no particle at all
    half_maps : (2, box, box, box) of the half sets, neither masked nor filtered
    combined_map : (box, box, box) of all particles, neither masked nor filtered
    references : (2, box, box, box) what the images of each half set are compared with next
    noise : spectra of each optics group with factors of each micrograph, for each half set
    curve : correlation of the half maps in a soft sphere of the particle's diameter
    radius : frequencies below this many Fourier pixels are compared next
    compared : frequencies below this many Fourier pixels were compared
    has_signal : the halves have agreed beyond what they were shown; without that there is no evidence of a particle
    everywhere : whether orientations are looked for everywhere next
    moved, shifted : median change of orientation in degrees, and of place in Å
    jumped : share of the particles whose orientation changed by more than 10°
    best_shell : finest shell that the halves agreed on so far, in Fourier pixels
    stalled : iterations since then
    ending : whether nothing is left to gain, so that the next iteration is the last; of the last one, whether that
        ended it, and not the number of iterations
    converged : whether it has ended by itself, with signal
    can_judge : whether images hold anything beyond what both halves were shown; else nothing tells signal from noise
    """

    iteration: int
    finished: bool
    rotations: NDArray[np.float64]
    shifts: NDArray[np.float64]
    scale: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]
    half_maps: NDArray[np.float32]
    combined_map: NDArray[np.float32]
    references: NDArray[np.float32]
    noise: tuple[NoiseSpectrum, NoiseSpectrum]
    curve: ShellCorrelation
    radius: int
    compared: int
    has_signal: bool
    everywhere: bool
    moved: float
    shifted: float
    jumped: float
    best_shell: float
    stalled: int
    ending: bool
    converged: bool = False
    can_judge: bool = True

    @property
    def resolution(self) -> float | None:
        """Where the correlation of the half maps, in a sphere, falls below 0.143, in Å; None without evidence."""
        return self.curve.resolution(0.143) if self.has_signal else None
