"""The contrast transfer functions of many particles at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cryoloom.engine.optics._aberration import aberration_phase, amplitude_contrast_phase
from cryoloom.engine.optics._groups import GroupOptics
from cryoloom.engine.optics._transfer import ContrastTransfer
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

DIGITS = 6  # of Fourier pixels that count; what is beyond them is rounding


@dataclass(frozen=True, eq=False)
class ParticleOptics:
    """What determines the images of n particles, beside the particles.

    Parameters
    ----------
    groups : the optics groups
    group : (n,) number of each particle's group, from 0
    defocus_u, defocus_v : (n,) defocus along and across ``defocus_angle``, in Å, positive for underfocus
    defocus_angle : (n,) direction of ``defocus_u``, in degrees from the x axis of the array towards its y axis
    phase_shift : (n,) of a phase plate, in degrees
    micrograph : (n,) number of the micrograph, of one optics group, that each particle was cut from: from 0 and without
        gaps where all particles are listed; None if micrographs are not known
    b_factor : (n,) B in Å², by which contrast falls off as exp(−B s² / 4) at the frequency s of the specimen; None if
        it does not. RELION's, as is
    scale : (n,) factor of the transfer function; None if it is 1
    """

    groups: tuple[GroupOptics, ...]
    group: NDArray[np.int64]
    defocus_u: NDArray[np.float64]
    defocus_v: NDArray[np.float64]
    defocus_angle: NDArray[np.float64]
    phase_shift: NDArray[np.float64]
    micrograph: NDArray[np.int64] | None = None
    b_factor: NDArray[np.float64] | None = None
    scale: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        damping = [column for column in (self.b_factor, self.scale) if column is not None]
        shapes = {np.shape(column) for column in (self.group, self.micrographs, *self._columns(), *damping)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ParameterError(
                f"The columns of the particles' optics have the shapes {sorted(shapes)}; one is meant."
            )
        if len(self.group) and not 0 <= self.group.min() <= self.group.max() < len(self.groups):
            raise ParameterError(
                f"Particles belong to the optics groups {self.group.min()} to {self.group.max()}, counted from 0; "
                f"{len(self.groups)} are described."
            )
        if (self.group_of_micrograph[self.micrographs] != self.group).any():
            raise ParameterError("A micrograph belongs to several optics groups; number its parts apart.")

    @classmethod
    def of(cls, transfers: Sequence[ContrastTransfer]) -> Self:
        """Gather particles; those of the same voltage, spherical aberration and amplitude contrast make a group.

        Parameters
        ----------
        transfers : one a particle

        Raises
        ------
        ParameterError
            If there is none.
        """
        if not transfers:
            raise ParameterError("There is no particle whose optics could be gathered.")
        keys = [(one.voltage, one.spherical_aberration, one.amplitude_contrast) for one in transfers]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        names = ("defocus_u", "defocus_v", "defocus_angle", "phase_shift")
        u, v, angle, phase = (np.array([getattr(one, name) for one in transfers], np.float64) for name in names)
        group = np.array([numbers[key] for key in keys], np.int64)
        return cls(tuple(GroupOptics(*key) for key in numbers), group, u, v, angle, phase)

    def __len__(self) -> int:
        return len(self.defocus_u)

    def __getitem__(self, chosen: Any) -> Self:
        u, v, angle, phase_shift = (column[chosen] for column in self._columns())
        return replace(
            self,
            group=self.group[chosen],
            defocus_u=u,
            defocus_v=v,
            defocus_angle=angle,
            phase_shift=phase_shift,
            micrograph=None if self.micrograph is None else self.micrograph[chosen],
            b_factor=None if self.b_factor is None else self.b_factor[chosen],
            scale=None if self.scale is None else self.scale[chosen],
        )

    @property
    def micrographs(self) -> NDArray[np.int64]:
        """(n,) number of the micrograph of each particle; where it is not known, an optics group counts for one."""
        return self.group if self.micrograph is None else self.micrograph

    @property
    def group_of_micrograph(self) -> NDArray[np.int64]:
        """(m,) number of the optics group of each micrograph."""
        if self.micrograph is None:
            return np.arange(len(self.groups))
        groups = np.zeros(int(self.micrograph.max(initial=-1)) + 1, np.int64)
        groups[self.micrograph] = self.group
        return groups

    @property
    def is_distorted(self) -> bool:
        """Whether some group magnifies unevenly."""
        return any(group.is_distorted for group in self.groups)

    def undistorted(self) -> Self:
        """The optics of the same particles in images of even magnification."""
        return replace(self, groups=tuple(group.undistorted() for group in self.groups))

    def in_images(self, places: NDArray[np.floating[Any]], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """Where in their images particles lie that lie elsewhere in images of even magnification.

        Parameters
        ----------
        places : (m, 2) x and y from the centre of an image of even magnification
        chosen : (m,) which particle each belongs to

        Returns
        -------
        (m, 2) in the same unit
        """
        matrices = np.stack([group.magnification_matrix for group in self.groups])[self.group[chosen]]
        moved: NDArray[np.float64] = np.einsum("mi,mij->mj", np.asarray(places, np.float64), matrices)
        return moved

    @property
    def stretch(self) -> float:
        """How much longer a frequency of the specimen is at most than that of an image; never less than 1."""
        return max((group.stretch for group in self.groups), default=1.0)

    def radius_in_specimen(self, radius: int) -> float:
        """How far slices reach in the specimen that are read at frequencies of the images, see `slicing_matrices`.

        Parameters
        ----------
        radius : of the images, in Fourier pixels; slices are read at frequencies below it

        Returns
        -------
        Fourier pixels, not whole ones: the radius of transforms that such slices are read from, and of sums that hold
        them
        """
        return round(radius * self.stretch, DIGITS)

    def radius_in_images(self, radius: int) -> int:
        """Below how many Fourier pixels images can be read so that no slice reaches beyond a radius in the specimen."""
        return int(round(radius / self.stretch, DIGITS))

    @property
    def images_of_micrograph(self) -> NDArray[np.int64]:
        """(m,) how many images there are of each micrograph."""
        return np.bincount(self.micrographs, minlength=len(self.group_of_micrograph))

    def transfer(self, frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Contrast transfer function of every particle, for protein-white images.

        Parameters
        ----------
        frequencies : (k, 2) x and y of the image, in 1/Å

        Returns
        -------
        (n, k), positive where contrast is kept
        """
        values = np.empty((len(self), len(frequencies)), np.float32)
        for chosen, phase in self._phases(frequencies):
            values[chosen] = np.sin(phase)
        damping = self.damping(frequencies)
        return values if damping is None else values * damping

    def damping(self, frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float32] | None:
        """Contrast of every particle beside what the sine of its phase leaves: scale · exp(−B s² / 4).

        Parameters
        ----------
        frequencies : (k, 2) x and y of the image, in 1/Å

        Returns
        -------
        (n, k); None if it is 1 everywhere
        """
        if self.b_factor is None and self.scale is None:
            return None
        values = np.ones((len(self), len(frequencies)), np.float32)
        if self.b_factor is not None:
            for number, group in enumerate(self.groups):
                chosen = np.flatnonzero(self.group == number)
                squared = (group.of_specimen(frequencies) ** 2).sum(axis=1)
                values[chosen] = np.exp(-0.25 * np.outer(self.b_factor[chosen], squared))
        if self.scale is not None:
            values *= self.scale[:, None].astype(np.float32)
        return values

    def phase(self, frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """What the transfer function is the sine of: χ, the phase shift and that of the amplitude contrast.

        Parameters
        ----------
        frequencies : (k, 2) x and y of the image, in 1/Å

        Returns
        -------
        (n, k) in rad
        """
        values = np.empty((len(self), len(frequencies)), np.float32)
        for chosen, phase in self._phases(frequencies):
            values[chosen] = phase
        return values

    def demodulate(
        self, coefficients: NDArray[np.complex64], frequencies: NDArray[np.floating[Any]]
    ) -> NDArray[np.complex64]:
        """Undo the phase error of beam tilt and other odd aberrations.

        Parameters
        ----------
        coefficients : (n, k) of the particles' images, at
        frequencies : (k, 2) x and y of the image, in 1/Å

        Returns
        -------
        (n, k), as an untilted beam would have made them; the same array if there is no error
        """
        return self._turned(coefficients, frequencies, -1j)

    def modulate(
        self, coefficients: NDArray[np.complex64], frequencies: NDArray[np.floating[Any]]
    ) -> NDArray[np.complex64]:
        """Apply the phase error of beam tilt and other odd aberrations; undoes `demodulate`.

        Parameters
        ----------
        coefficients : (n, k) of images that an untilted beam would have made, at
        frequencies : (k, 2) x and y of the image, in 1/Å

        Returns
        -------
        (n, k) of the particles' images; the same array if there is no error
        """
        return self._turned(coefficients, frequencies, 1j)

    def slicing_matrices(self, rotations: NDArray[np.float64], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """Matrices that read slices of a specimen at frequencies of the images, magnification and all.

        Parameters
        ----------
        rotations : (m, 3, 3) that take reference axes to image axes
        chosen : (m,) which particle each belongs to

        Returns
        -------
        (m, 3, 3) the same, with the magnification of the particle's group in the first two rows
        """
        if not self.is_distorted:
            return rotations
        matrices = np.stack([group.magnification_matrix.T for group in self.groups])[self.group[chosen]]
        return np.concatenate([matrices @ rotations[:, :2], rotations[:, 2:]], axis=1)

    def _turned(
        self, coefficients: NDArray[np.complex64], frequencies: NDArray[np.floating[Any]], sense: complex
    ) -> NDArray[np.complex64]:
        """Coefficients (n, k) turned by the phase error of each group, times ``sense``."""
        for number, group in enumerate(self.groups):
            phase = group.phase_error(frequencies)
            if phase is not None:
                factors = np.where((self.group == number)[:, None], np.exp(sense * phase), 1.0)
                coefficients = coefficients * factors.astype(np.complex64)
        return coefficients

    def _phases(
        self, frequencies: NDArray[np.floating[Any]]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Numbers of the particles of each group, and their phases (m, k)."""
        for number, group in enumerate(self.groups):
            chosen = np.flatnonzero(self.group == number)
            if len(chosen):
                yield chosen, _phase_of_group(self[chosen], group, group.of_specimen(frequencies))

    def _columns(self) -> tuple[NDArray[np.float64], ...]:
        return self.defocus_u, self.defocus_v, self.defocus_angle, self.phase_shift


def _phase_of_group(
    particles: ParticleOptics, group: GroupOptics, frequencies: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Phases (n, k) in rad of particles of one group at frequencies (k, 2) of the specimen, in 1/Å."""
    x, y = frequencies.T
    squared = x**2 + y**2
    mean, half = 0.5 * (particles.defocus_u + particles.defocus_v), 0.5 * (particles.defocus_u - particles.defocus_v)
    # cos 2(θ - angle) · k², without the angle of each frequency
    angle = 2.0 * np.deg2rad(particles.defocus_angle)
    elongation = np.outer(half * np.cos(angle), x**2 - y**2) + np.outer(half * np.sin(angle), 2 * x * y)
    defocus = mean[:, None] + np.divide(elongation, squared, out=np.zeros_like(elongation), where=squared > 0)
    phase = aberration_phase(squared, defocus, voltage=group.voltage, spherical_aberration=group.spherical_aberration)
    phase -= group.even_phase(frequencies)
    constant = np.deg2rad(particles.phase_shift) + amplitude_contrast_phase(group.amplitude_contrast)
    return phase + constant[:, None]
