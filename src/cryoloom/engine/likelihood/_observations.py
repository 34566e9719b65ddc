"""Particle images as coefficients, ready to be compared with slices of a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import forward_transform
from cryoloom.engine.likelihood._between import coefficients_between, within_nyquist
from cryoloom.engine.likelihood._disc import fourier_disc, ring_of
from cryoloom.engine.likelihood._noise import NoiseSpectrum
from cryoloom.engine.optics import ParticleOptics
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

EDGE = 5.0  # width of the soft edge of the circle about a particle, in pixels


@dataclass(frozen=True)
class Observations:
    """Whitened coefficients of n images: divided by the standard deviation of their noise, free of odd aberrations.

    Parameters
    ----------
    frequencies : (k, 2) x and y in Fourier pixels of the images, one of each two mates; where magnification is uneven,
        slices are read at them with `ParticleOptics.slicing_matrices`
    masked : (n, k) of images whose background has been masked away; poses are told from these
    whole : (n, k) of the same images as they are; maps are made of these
    transfer : (n, k) contrast transfer functions, divided alike
    optics : of the images
    """

    frequencies: NDArray[np.float32]
    masked: NDArray[np.complex64]
    whole: NDArray[np.complex64]
    transfer: NDArray[np.float32]
    optics: ParticleOptics


@dataclass(frozen=True, eq=False)
class ParticleImages:
    """A stack of particle images and their optics.

    Parameters
    ----------
    images : (n, box, box) protein-white, of even background; read in parts, so a memory-mapped stack will do
    optics : of each image
    pixel_size : in Å
    diameter : of the circle about a particle beyond which an image is background, in Å
    """

    images: NDArray[np.float32]
    optics: ParticleOptics
    pixel_size: float
    diameter: float

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.images.shape[1] != self.images.shape[2]:
            raise ParameterError(f"Particle images must be squares, (n, box, box); these are {self.images.shape}.")
        if len(self.optics) != len(self.images):
            raise ParameterError(f"There are {len(self.images)} particle images and CTFs of {len(self.optics)}.")
        if not 0 < self.diameter <= self.box_size * self.pixel_size:
            raise ParameterError(
                f"A diameter of {self.diameter:g} Å does not fit images of {self.box_size * self.pixel_size:g} Å; "
                "give the particle's diameter, or extract larger boxes."
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def box_size(self) -> int:
        """Edge of the images in pixels."""
        return int(self.images.shape[1])

    @property
    def largest_radius(self) -> int:
        """Below how many Fourier pixels images can be compared: Nyquist's frequency, of the most magnified of them."""
        return self.optics.radius_in_images((self.box_size + 1) // 2)

    @property
    def masked_share(self) -> float:
        """Share of the noise's power that is left in a masked image."""
        return float((self._circle().astype(np.float64) ** 2).mean())

    def coefficients(
        self, chosen: NDArray[np.int64], frequencies: NDArray[np.float32], *, threads: int = 1
    ) -> NDArray[np.complex64]:
        """Fourier coefficients of some of the images as they are, neither masked nor whitened.

        Parameters
        ----------
        chosen : (m,) which images
        frequencies : (k, 2) x, not negative, and y in whole Fourier pixels
        threads : threads to use; the result does not depend on it

        Returns
        -------
        (m, k), of images whose origin is their centre
        """
        return self._coefficients(self.images[chosen], frequencies, threads)

    def observe(
        self,
        chosen: NDArray[np.int64],
        radius: int,
        noise: NoiseSpectrum,
        *,
        offsets: NDArray[np.int64] | None = None,
        undistorted: bool = False,
        threads: int = 1,
    ) -> Observations:
        """Prepare some of the images for comparison.

        Parameters
        ----------
        chosen : (m,) which images
        radius : frequencies below this many Fourier pixels are compared
        noise : spectrum of the noise
        offsets : (m, 2) x and y in whole pixels of the place, from the centre of the image, that is moved to its centre
            and masked around; the centre itself if not given
        undistorted : read images that were magnified unevenly at the frequencies of the specimen, so that all are as
            an even magnification would have made them, and can be compared with the same slices or planes; places in
            them are those in the images only after `ParticleOptics.in_images`. What lies beyond Nyquist's frequency
            of an image then has a transfer function of 0.
        threads : threads to use; the result does not depend on it
        """
        frequencies = fourier_disc(radius)
        images = self.images[chosen]
        if offsets is not None:
            for image, (x, y) in zip(images, offsets, strict=True):
                image[:] = np.roll(image, (-y, -x), axis=(0, 1))
        optics = self.optics[chosen]
        deviation = noise.deviation(ring_of(frequencies), optics)
        in_angstrom = frequencies / np.float32(self.box_size * self.pixel_size)

        places = {}
        if undistorted and optics.is_distorted:
            places = _places_in_images(optics, frequencies)
            optics = optics.undistorted()

        def whitened(kept: NDArray[np.float32]) -> NDArray[np.complex64]:
            coefficients = self._coefficients(kept, frequencies, threads)
            for number, where in places.items():
                members = optics.group == number
                coefficients[members] = coefficients_between(kept[members], where, threads=threads)
            return optics.demodulate(coefficients, in_angstrom) / deviation

        transfer = optics.transfer(in_angstrom) / deviation
        for number, where in places.items():
            transfer[np.ix_(optics.group == number, ~within_nyquist(where, self.box_size))] = 0
        return Observations(frequencies, whitened(images * self._circle()), whitened(images), transfer, optics)

    def _coefficients(
        self, images: NDArray[np.float32], frequencies: NDArray[np.float32], threads: int
    ) -> NDArray[np.complex64]:
        """(m, k) coefficients of images whose origin is their centre."""
        transform = forward_transform(np.fft.ifftshift(images, axes=(1, 2)), threads=threads)
        columns, rows = frequencies.astype(np.int64).T
        return transform[:, rows % self.box_size, columns]

    def _circle(self) -> NDArray[np.float32]:
        """(box, box) soft mask about the centre."""
        box = self.box_size
        position = np.arange(box) - box // 2
        inside = 0.5 * self.diameter / self.pixel_size + EDGE - np.hypot(position[:, None], position)
        return (0.5 - 0.5 * np.cos(np.pi * np.clip(inside / EDGE, 0.0, 1.0))).astype(np.float32)


def _places_in_images(optics: ParticleOptics, frequencies: NDArray[np.float32]) -> dict[int, NDArray[np.float64]]:
    """Where images of each group that is magnified unevenly, and has any, hold frequencies (k, 2) of the specimen."""
    present = set(optics.group.tolist())
    groups = enumerate(optics.groups)
    return {n: group.of_image(frequencies) for n, group in groups if group.is_distorted and n in present}
